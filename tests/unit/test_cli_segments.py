"""--table, --isolate, --hide, --highlight and --style, up to the state that they make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from render.commands.segment_options import SegmentChoices, with_segments
from render.errors import UsageError
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.view import ViewState

LARGE = 2**53 + 1
STATE = ViewState(
    layers=(
        ImageLayer(source="em", channels=(Channel(),)),
        LabelLayer(source="a", visible=False),
        LabelLayer(source="b"),
    )
)
NAMES = {"a": {"nucleus": [7, LARGE], "left, upper": [8]}, "b": {"er": [9]}}


def made(**choices: object) -> list[LabelLayer]:
    state = with_segments(STATE, SegmentChoices(**choices), NAMES)  # type: ignore[arg-type]
    return [layer for layer in state.layers if isinstance(layer, LabelLayer)]


def test_ids_and_names_make_lists() -> None:
    a, b = made(isolate=["12,9007199254740993", "Nucleus"])
    assert (a.shown, a.visible, set(a.listed)) == ("listed", True, {"12", "7", str(LARGE)})
    assert set(b.listed) == {"12", str(LARGE)}
    a, b = made(hide=["left, upper", "-1"], highlight=["er"], style="contour")
    assert (a.shown, set(a.listed), a.visible) == ("except", {"8", str(2**64 - 1)}, False)
    assert (a.highlight.ids, b.highlight.ids) == ((), ("9",))
    assert {a.style, b.style} == {"contour"}
    assert with_segments(STATE, SegmentChoices(), NAMES) == STATE


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="both say which segments"):
        SegmentChoices(isolate=["1"], hide=["2"])
    with pytest.raises(UsageError, match="there is no segment 'mitochondria'"):
        made(isolate=["mitochondria"])
    with pytest.raises(UsageError, match="there are no segments here"):
        with_segments(ViewState(layers=STATE.layers[:1]), SegmentChoices(style="solid"), {})


def hosta(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "render", *arguments], capture_output=True, encoding="utf-8", timeout=60
    )


def test_info_tells_of_a_table(tmp_path: Path) -> None:
    np.save(tmp_path / "seg.npy", np.full((4, 4, 4), LARGE, np.uint64))
    (tmp_path / "names.csv").write_text(f"id,name\n{LARGE},nucleus\n")
    arguments = ("info", "synthetic:ids?size=16", "--table", str(tmp_path / "names.csv"))
    report = json.loads(hosta(*arguments, "--json").stdout)["sources"][0]["channels"][0]
    assert (report["n_labels"], report["n_named"], report["n_colored"]) == (8, 1, 0)
    assert report["range"] == [2**60 + 1, 2**60 + 8]
    told = hosta("info", "synthetic:ids?size=16", "--table", str(tmp_path / "absent.csv"))
    assert (told.returncode, told.stderr.strip()) == (3, f"hosta: there is no table '{tmp_path / 'absent.csv'}'")
