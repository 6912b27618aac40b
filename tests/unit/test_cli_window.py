"""Windows on the command line: what is written, what it means, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.commands.window import METHODS, parse_transfer, with_windows
from render.errors import UsageError
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.transfer import AutoRule, IsovalueRule, LevelRule, PercentileRule, TransferRule
from render.state.view import ViewState

SAID: dict[str, TransferRule | tuple[float, float]] = {
    "10,200": (10.0, 200.0),
    "-1000,3e3": (-1000.0, 3000.0),
    " .5 , 1 ": (0.5, 1.0),
    "p50,p98": PercentileRule(low=50.0, high=98.0),
    "P0.1, p99.9": PercentileRule(low=0.1, high=99.9),
    "otsu": AutoRule(method="otsu"),
    "ImageJ": AutoRule(method="imagej"),
    "best_fit": AutoRule(method="best_fit"),
    "iso:120:20": IsovalueRule(value=120.0, range=20.0),
    "level:-40:400": LevelRule(level=-40.0, window=400.0),
}


@pytest.mark.parametrize("text", SAID)
def test_what_is_written_is_meant(text: str) -> None:
    assert parse_transfer(text) == SAID[text]


def test_every_method_of_the_state_can_be_written() -> None:
    assert len(METHODS) == 6
    for method in METHODS:
        assert parse_transfer(method) == AutoRule.model_validate({"method": method})


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30))
def test_any_plain_window_comes_through_as_it_is(a: float, b: float) -> None:
    if a < b:
        assert parse_transfer(f"{a!r},{b!r}") == (a, b)
    else:
        with pytest.raises(UsageError, match="is empty; its first value must be below its second"):
            parse_transfer(f"{a!r},{b!r}")


@pytest.mark.parametrize(
    "text",
    ["", ",", "10", "10,20,30", "p50,98", "10,p98", "nan,1", "0,inf", "1_0,20", "p50", "iso:120", "iso:120:x",
     "level:1:2:3", "otsu:3", "otsuu", "iso,1,2", "0x10,20"],
)  # fmt: skip
def test_what_means_nothing_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_transfer(text)
    assert f"'{text}' is no window; write LOW,HIGH or pLOW,pHIGH" in str(caught.value)
    assert "otsu" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("p98,p50", "percentiles 98.0 and 50.0 leave no window; low must be below high"),
        ("p-1,p50", "greater than or equal to 0"),
        ("p1,p101", "less than or equal to 100"),
        ("iso:120:0", "range: .* greater than 0"),
        ("level:3:-4", "window: .* greater than 0"),
        ("0,1e39", "less than or equal to"),
    ],
)
def test_what_is_out_of_range_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_transfer(text)
    assert "\n" not in str(caught.value)


def scene() -> ViewState:
    cell = ImageLayer(source="a", channels=(Channel(name="DNA", rule=AutoRule()), Channel(name="Golgi")))
    return ViewState(layers=(cell, LabelLayer(source="b"), ImageLayer(source="c", channels=(Channel(name="CT"),))))


def channels(state: ViewState) -> list[Channel]:
    return [channel for layer in state.layers if isinstance(layer, ImageLayer) for channel in layer.channels]


def test_windows_go_to_all_channels_or_to_the_named_ones() -> None:
    shown = with_windows(scene(), ["p1,p99", "DNA=10,20", "CT=level:40:400"])
    dna, golgi, ct = channels(shown)
    assert (dna.window, dna.rule) == ((10.0, 20.0), None)
    assert golgi.rule == PercentileRule(low=1.0, high=99.0)
    assert ct.rule == LevelRule(level=40.0, window=400.0)
    assert shown.layers[1] == scene().layers[1]
    assert ViewState.model_validate(shown.model_dump()) == shown


def test_a_number_names_the_channel_of_every_image() -> None:
    dna, golgi, ct = channels(with_windows(scene(), ["0=otsu"]))
    assert dna.rule == ct.rule == AutoRule(method="otsu")
    assert golgi.rule is None


def test_no_windows_leave_the_state_alone() -> None:
    assert with_windows(scene(), []) == scene()


def test_a_channel_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match=r"^no channel is called 'dna'; there are DNA, Golgi, CT$"):
        with_windows(scene(), ["dna=otsu"])
    with pytest.raises(UsageError, match="segmentations have none"):
        with_windows(ViewState(layers=(LabelLayer(source="b"),)), ["otsu"])
