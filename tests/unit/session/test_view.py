"""Views and rates, with invented clocks."""

from __future__ import annotations

import pytest

from render.errors import StateError
from render.limits import Limits
from render.session.rate import ABUSE_S, TokenBucket
from render.session.view import View, clamp_size
from render.state.camera import Camera
from render.state.layer import Channel, ImageLayer
from render.state.patch import Op, Patch
from render.state.view import ViewState

STATE = ViewState(layers=(ImageLayer(source="raw", channels=(Channel(),)),))


def patch(value: object, *path: str | int) -> Patch:
    return Patch(ops=(Op(path=path, value=value),))


def test_every_change_counts_and_reset_restores() -> None:
    view = View("v", "main", STATE)
    view.patch(patch(2.0, "display", "exposure"))
    assert view.move_camera(Camera(view_angle=50)) == 1
    assert (view.sequence, view.camera_seq) == (2, 1)
    view.reset(camera_only=True)
    assert view.state == STATE.model_copy(update={"display": view.state.display})
    assert view.state.display.exposure == 2.0
    view.reset(camera_only=False)
    assert view.state == STATE
    assert view.sequence == 4


@pytest.mark.parametrize(
    "change",
    [
        patch("/etc/passwd", "layers", 0, "source"),
        patch(1e9, "display", "exposure"),
        patch(1, "no", "such"),
        patch({}, "__class__"),
        patch([STATE.layers[0].model_dump(mode="json") | {"source": "other"}], "layers"),
    ],
)
def test_a_bad_change_changes_nothing(change: Patch) -> None:
    view = View("v", "main", STATE)
    with pytest.raises(StateError):
        view.patch(change)
    assert view.state == STATE
    assert view.sequence == 0


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((640, 480), (640, 480)),
        ((641, 481), (640, 480)),
        ((1, 1), (64, 64)),
        ((65_535, 65_535), (2160, 2160)),
        ((7680, 4320), (3840, 2160)),
        ((10_000, 1), (3840, 64)),
    ],
)
def test_sizes_are_clamped_and_even(asked: tuple[int, int], given: tuple[int, int]) -> None:
    assert clamp_size(*asked) == given


def test_sizes_respect_odd_limits() -> None:
    assert clamp_size(5000, 5000, Limits(viewport_max_width_px=101, viewport_max_height_px=99)) == (98, 98)


def test_the_bucket_lets_the_rate_through() -> None:
    bucket = TokenBucket(rate_per_s=100, burst=10, now_s=0.0)
    assert sum(bucket.take(0.0) for _ in range(50)) == 10
    assert sum(bucket.take(1 + n / 1000) for n in range(1000)) == pytest.approx(110, abs=2)
    assert bucket.refused > 0


def test_abuse_is_long_and_ends_with_a_pause() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=10, now_s=0.0)
    now_s = 0.0
    while not bucket.abused(now_s):
        bucket.take(now_s)
        now_s += 0.01
    assert ABUSE_S <= now_s < ABUSE_S + 2
    assert bucket.take(now_s + 60)
    assert not bucket.abused(now_s + 60)


def test_what_cannot_be_drawn_is_taken_back_to_what_was_drawn_last() -> None:
    view = View("v", "main", STATE)
    view.patch(patch(1.0, "display", "exposure"))
    view.drawn(view.sequence)
    good = view.state
    view.patch(patch(2.0, "display", "exposure"))
    camera = view.state.camera.model_copy(update={"view_angle": 55.0})
    view.move_camera(camera)
    before = view.sequence
    assert view.refused()
    assert view.state == good.model_copy(update={"camera": camera})
    assert view.sequence == before + 1
    assert not view.refused()


def test_what_was_never_drawn_is_taken_back_to_the_default() -> None:
    view = View("v", "main", STATE)
    view.patch(patch(1.0, "display", "exposure"))
    view.drawn(0)
    assert view.refused()
    assert view.state == STATE
