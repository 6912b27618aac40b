"""Save files: both schemas, keys that are missing or unknown, what is refused, and files that are broken at random."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from render.bridge.agave import AgaveScene, read_agave
from render.errors import HostaError, StateError, UsageError
from render.scene.open import Scene
from render.state.view import ViewState

from .agave_files import changed, channel, scene_file, scene_of, write
from .form_factor import seen_of_a_rectangle


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6))


def old_file() -> dict[str, Any]:
    """As AGAVE up to 1.4.1 wrote."""
    file = scene_file()
    for key in ("datasets", "rendererType", "clipPlane", "flipAxis", "showScaleBar", "showTimeStamp",
                "timeStampFormat", "interpolate", "capture"):  # fmt: skip
        del file[key]
    for light in file["lights"]:
        light.pop("rotation", None)
    return file | {
        "version": [1, 3, 0], "name": "/data/cell.ome.tif", "resolution": [800, 600], "renderIterations": 64,
        "scene": 0, "timeline": {"minTime": 0.0, "maxTime": 9.0, "currentTime": 3.0},
    }  # fmt: skip


def test_the_old_schema_says_the_same(scene: Scene, tmp_path: Path) -> None:
    old = read_agave(write(tmp_path, old_file()))
    assert old.paths == ("/data/cell.ome.tif",)
    assert (old.size, old.samples, old.times) == ((800, 600), 64, (3, 3))
    new = read_agave(write(tmp_path, scene_file())).state(scene)
    state = old.state(scene)
    for field in ("camera", "lighting", "shading", "rendering", "display", "crop", "layers"):
        assert getattr(state, field) == getattr(new, field), field


def test_a_time_point_that_the_data_lack_becomes_their_last(scene: Scene, tmp_path: Path) -> None:
    view = read_agave(write(tmp_path, old_file())).view(scene)
    assert view.state.time == 0
    assert any("time point 3, the data have 1" in note for note in view.notes)


def test_an_old_file_without_a_version_is_known_by_its_keys(tmp_path: Path) -> None:
    assert read_agave(write(tmp_path, changed(old_file(), "version", value=...))).size == (800, 600)
    assert read_agave(write(tmp_path, changed(scene_file(), "version", value=...))).size == (512, 512)


@pytest.mark.parametrize("key", sorted(scene_file()))
def test_each_key_may_be_missing(key: str, scene: Scene, tmp_path: Path) -> None:
    saved = read_agave(write(tmp_path, changed(scene_file(), key, value=...)))
    assert isinstance(saved.state(scene), ViewState)


def test_what_is_missing_is_as_agave_reads_it(scene: Scene, tmp_path: Path) -> None:
    saved = read_agave(write(tmp_path, {"version": [1, 10, 0], "datasets": [{"url": "a.tif"}], "camera": {}}))
    state = saved.state(scene)
    assert (saved.size, saved.samples) == ((960, 540), 32)
    assert state.shading.density == pytest.approx(2500.0)  # 50 squared
    assert state.camera.view_angle == 55.0
    assert 2.0**state.display.exposure == pytest.approx(4.0)
    # Neither light is in the file: those of a fresh window.
    (light,) = state.lighting.lights
    assert light.intensity == pytest.approx(10 / 0.15**2 * seen_of_a_rectangle(0.15, 0.15, 1.5), rel=1e-5)
    assert state.lighting.sky.intensity == pytest.approx(0.5)


def test_unknown_keys_are_told_of_by_their_path(tmp_path: Path) -> None:
    file = scene_file()
    file["glow"] = 1
    file["camera"]["tilt"] = 2
    file["channels"][0]["lutParams"]["curve"] = []
    notes = read_agave(write(tmp_path, file)).notes
    for path in ("glow", "camera.tilt", "channels[0].lutParams.curve"):
        assert any(note.startswith(f"'{path}' is a key that is not known") for note in notes), notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a JSON object"),
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("\x00\x01", "not a JSON object"),
        ("{}", "no camera, channels, density, lights or data"),
        ('{"layers": []}', "no camera, channels"),
        ('{"camera": {"fovY": "wide"}}', "camera.fovY: Input should be a valid number"),
        ('{"camera": {"eye": [0, 1]}}', "camera.eye"),
        ('{"camera": {"projection": 7}}', "camera.projection"),
        ('{"datasets": {}}', "datasets: Input should be a valid array"),
        ('{"datasets": [{"time": -1}]}', "datasets.0.time"),
        ('{"channels": [{"lutParams": {"mode": 9}}]}', "channels.0.lutParams.mode"),
        ('{"channels": [{"lutParams": {"minu16": 70000}}]}', "channels.0.lutParams.minu16"),
        ('{"density": null}', "density"),
        ('{"density": NaN}', "density"),
        ('{"density": 1e999}', "density"),
        ('{"version": [2, 0, 0], "density": 1.0}', "saved by AGAVE 2.0; files up to version 1 are read"),
        ('{"version": "1.10", "density": 1.0}', "version"),
        ("[" * 3000, "not a JSON object"),
    ],
)
def test_what_is_no_save_file_is_refused_in_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StateError) as caught:
        read_agave(path)
    said = str(caught.value)
    assert words in said
    assert "scene.json" in said
    assert "\n" not in said
    assert "pydantic" not in said


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_agave(tmp_path / "absent.json")
    with pytest.raises(UsageError, match="directory"):
        read_agave(tmp_path)
    with pytest.raises(UsageError):
        read_agave("a\0b")
    big = tmp_path / "big.json"
    with big.open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(StateError, match="larger"):
        read_agave(big)


def test_a_newer_minor_version_is_read_and_told_of(tmp_path: Path) -> None:
    notes = read_agave(write(tmp_path, scene_file() | {"version": [1, 12, 3]})).notes
    assert any("AGAVE 1.12 is newer than 1.10" in note for note in notes)
    assert read_agave(write(tmp_path, scene_file() | {"version": [1, 9, 9]})).notes == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("cell.tif", "{folder}/cell.tif"),
        ("sub/cell.zarr", "{folder}/sub/cell.zarr"),
        ("/data/cell.tif", "/data/cell.tif"),
        ("file:///data/cell.tif", "/data/cell.tif"),
        ("https://example.org/cell.zarr", "https://example.org/cell.zarr"),
        ("s3://bucket/cell.zarr", "s3://bucket/cell.zarr"),
    ],
)
def test_where_the_data_are(url: str, expected: str, tmp_path: Path) -> None:
    file = changed(scene_file(), "datasets", 0, "url", value=url)
    saved = read_agave(write(tmp_path, file))
    assert saved.paths == (expected.format(folder=tmp_path),)
    assert bool(saved.notes) == ("://" in url and not url.startswith("file:"))


@pytest.mark.parametrize("url", ["/gone/cell.tif", "C:\\images\\cell.tif"])
def test_data_that_came_along_are_found_beside_the_file(url: str, tmp_path: Path) -> None:
    (tmp_path / "cell.tif").write_bytes(b"")
    saved = read_agave(write(tmp_path, changed(scene_file(), "datasets", 0, "url", value=url)))
    assert saved.paths == (str(tmp_path / "cell.tif"),)
    assert any("beside the file" in note for note in saved.notes)


@pytest.mark.parametrize("datasets", [[], [{"url": ""}], [{}]])
def test_a_file_without_data_says_so(datasets: list[Any], tmp_path: Path) -> None:
    saved = read_agave(write(tmp_path, scene_file() | {"datasets": datasets}))
    assert saved.paths == ()
    assert "The file names no data; name them." in saved.notes


def test_what_is_only_in_agave_is_told_of(tmp_path: Path) -> None:
    file = scene_file() | {"rendererType": 1}
    file["datasets"] = [{"url": "a.tif", "scene": 2, "isImageSequence": True}, {"url": "b.tif"}]
    file["capture"] |= {"durationType": 1, "seconds": 7.0, "startTime": 2, "endTime": 5}
    saved = read_agave(write(tmp_path, file))
    text = " ".join(saved.notes)
    for words in ("2 data sets", "scene 2", "sequence of files", "for 7 s", "ray march"):
        assert words in text
    assert saved.times == (2, 5)


def test_switches(scene: Scene, tmp_path: Path) -> None:
    file = scene_file() | {
        "rendererType": 1, "interpolate": False, "showBoundingBox": True, "showScaleBar": True, "showTimeStamp": True,
        "timeStampFormat": 0, "boundingBoxColor": [0.1, 0.2, 0.3], "backgroundColor": [0.4, 0.5, 2.0],
    }  # fmt: skip
    state = read_agave(write(tmp_path, file)).state(scene)
    assert (state.rendering.mode, state.rendering.interpolation) == ("march", "nearest")
    guides = state.guides
    assert (guides.box, guides.ticks, guides.scale_bar, guides.time_stamp, guides.time_format) == (
        *(True,) * 4,
        "clock",
    )
    assert guides.color == (0.1, 0.2, 0.3)
    assert state.display.background == (0.4, 0.5, 1.0)


@pytest.mark.parametrize(("exposure", "factor"), [(0.0, 1.0), (0.5, 2.0), (0.75, 4.0), (0.999, 1000.0)])
def test_exposure(exposure: float, factor: float, scene: Scene, tmp_path: Path) -> None:
    file = changed(scene_file(), "camera", "exposure", value=exposure)
    assert 2.0 ** read_agave(write(tmp_path, file)).state(scene).display.exposure == pytest.approx(factor)


def test_an_exposure_that_divides_by_nothing(scene: Scene, tmp_path: Path) -> None:
    for exposure in (1.0, 3.0):
        view = read_agave(write(tmp_path, changed(scene_file(), "camera", "exposure", value=exposure))).view(scene)
        assert view.state.display.exposure == 20.0
        assert any("exposure" in note for note in view.notes)


def test_light_colours_and_intensities_multiply(scene: Scene, tmp_path: Path) -> None:
    file = scene_file()
    file["lights"][0] |= {
        "topColor": [0.2, 0.4, 1.0], "topColorIntensity": 3.0, "middleColor": [1.0, 1.0, 1.0],
        "middleColorIntensity": 0.5, "bottomColor": [0.0, 0.0, 0.0],
    }  # fmt: skip
    file["lights"][1] |= {"color": [1.0, 0.5, 0.25], "colorIntensity": 8.0}
    view = read_agave(write(tmp_path, file)).view(scene)
    sky, (light,) = view.state.lighting.sky, view.state.lighting.lights

    def linear(color: tuple[float, float, float], strength: float) -> Any:
        c = np.asarray(color)
        return strength * np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)

    assert linear(sky.top, sky.intensity) == pytest.approx((0.6, 1.2, 3.0))
    assert linear(sky.middle, sky.intensity) == pytest.approx((0.5, 0.5, 0.5))
    assert linear(sky.bottom, sky.intensity) == pytest.approx((0.0, 0.0, 0.0))
    seen = seen_of_a_rectangle(light.width, light.height, 1.5) / (light.width * light.height)
    assert linear(light.color, light.intensity) / seen == pytest.approx((8.0, 4.0, 2.0), rel=1e-5)
    assert any("sky changes with the angle" in note for note in view.notes)


def test_lights_are_told_apart_by_their_type(scene: Scene, tmp_path: Path) -> None:
    file = scene_file()
    swapped = file | {"lights": file["lights"][::-1]}
    first, second = (read_agave(write(tmp_path, one)).state(scene).lighting for one in (file, swapped))
    assert first == second


def test_dark_lights_are_off(scene: Scene, tmp_path: Path) -> None:
    file = scene_file()
    file["lights"][1]["color"] = [0.0, 0.0, 0.0]
    file["lights"][0] |= {f"{part}Color": [0.0, 0.0, 0.0] for part in ("top", "middle", "bottom")}
    lighting = read_agave(write(tmp_path, file)).state(scene).lighting
    assert not lighting.lights[0].visible
    assert not lighting.sky.visible


def test_a_scene_of_labels_alone_is_refused(tmp_path: Path) -> None:
    from render.scene.open import SceneLayer
    from render.source.memory import MemorySource

    labels = MemorySource(np.ones((3, 3, 3), np.uint16), kind="labels", name="labels")
    with pytest.raises(StateError, match="AGAVE shows an image"):
        read_agave(write(tmp_path, scene_file())).state(Scene("labels", [SceneLayer("labels", labels, ())]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("camera", "eye"), [0.404297, 0.5, 0.419922]),  # the target
        (("camera", "up"), [0.0, 0.0, 0.0]),
        (("camera", "eye"), [1e300, 0.0, 0.0]),
        (("camera", "orthoScale"), -1.0),
        (("camera", "focalDistance"), -3.0),
        (("camera", "fovY"), 1e9),
        (("scale",), [0.0, 0.0, 0.0]),
        (("scale",), [-1.0, 1.0, 1e300]),
        (("density",), -5.0),
        (("density",), 1e200),
        (("clipRegion",), [[1.0, 0.0], [5.0, -3.0], [0.2, 0.2]]),
        (("lights", 1, "distance"), 0.0),
        (("lights", 1, "distance"), 1e200),
        (("lights", 1, "width"), -1.0),
        (("lights", 1, "colorIntensity"), 1e200),
        (("lights", 0, "rotation"), [0.0, 0.0, 0.0, 0.0]),
        (("clipPlane", "transform", "rotation"), [1e-200, 0.0, 0.0, 0.0]),
        (("channels", 0, "glossiness"), 1e300),
        (("channels", 0, "emissiveColor"), [1e300, 0.0, 0.0]),
        (("channels", 0, "lutParams", "controlPoints"), [{"x": 1e300, "value": [1e300] * 4}]),
        (("flipAxis",), [0, 0, 0]),
        (("capture", "samples"), 0),
        (("capture", "width"), 0),
        (("datasets", 0, "clipRegion"), [[5, 2], [0, 0], [0, 9999]]),
        (("timeStampFormat",), 17),
    ],
)
def test_extreme_numbers_make_a_valid_state_or_a_sentence(
    path: tuple[str | int, ...], value: Any, scene: Scene, tmp_path: Path
) -> None:
    _shown_or_told(write(tmp_path, changed(scene_file(), *path, value=value)), scene)


def _shown_or_told(path: Path, scene: Scene) -> None:
    try:
        saved = read_agave(path)
        assert isinstance(saved, AgaveScene)
        state = saved.state(scene)
    except HostaError as error:
        told = str(error)
    else:
        assert ViewState.model_validate(state.model_dump()) == state
        return
    assert 10 < len(told) < 500
    assert "\n" not in told


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(found for key, value in entries for found in places(value, (*path, key)))]


PLACES = [path for path in places(scene_file()) if path]
WRONG = st.one_of(
    st.just(...),
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.floats(-10, 10), max_size=5),
    st.dictionaries(st.sampled_from(["x", "value", "eye", "mode"]), st.floats(), max_size=3),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PLACES), WRONG), min_size=1, max_size=3))
def test_broken_files_make_a_valid_state_or_a_sentence(
    scene: Scene, tmp_path: Path, breaks: list[tuple[tuple[Any, ...], Any]]
) -> None:
    document = scene_file()
    for path, value in breaks:
        with contextlib.suppress(KeyError, IndexError, TypeError):  # what was broken before took the place away
            document = changed(document, *path, value=value)
    _shown_or_told(write(tmp_path, document), scene)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_broken_bytes_make_a_valid_state_or_a_sentence(scene: Scene, tmp_path: Path, seed: int, n: int) -> None:
    rng = random.Random(seed)
    text = bytearray(json.dumps(scene_file()).encode())
    for _ in range(n):
        text[rng.randrange(len(text))] = rng.choice(b'0123456789[]{}",:.-eE \xff\x00abcx')
    path = tmp_path / "broken.json"
    path.write_bytes(bytes(text[: rng.randrange(1, len(text))] if seed % 3 == 0 else text))
    _shown_or_told(path, scene)


def test_many_channels_of_the_file_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="channels"):
        read_agave(write(tmp_path, scene_file() | {"channels": [channel(mode=0)] * 2000}))
