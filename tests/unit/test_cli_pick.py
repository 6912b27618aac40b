"""`hosta pick`: the table, the JSON, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from render.cli import main
from render.source.synthetic.open import open_synthetic

SCENE = "synthetic:cell?size=48"
HIT = [SCENE, "--at", "160,120", "--size", "320x240"]


def test_the_json_says_where_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pick", *HIT, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["pixel"], found["size"], found["trouble"]) == ("medium", [160, 120], [320, 240], "")
    image, labels = found["layers"]
    sources = {source.info.kind: source for source in open_synthetic(SCENE)}
    z, y, x = image["finest_zyx"]
    lo, hi = (z, y, x), (z + 1, y + 1, x + 1)
    stored = [int(sources["image"].read(0, c, 0, lo, hi)[0, 0, 0]) for c in range(len(image["channels"]))]
    assert [channel["exact"] for channel in image["channels"]] == [str(value) for value in stored]
    assert labels["exact_segment"]["id"] == str(int(sources["labels"].read(0, 0, 0, lo, hi)[0, 0, 0]))
    assert int(labels["exact_segment"]["id"]) > 2**53
    level = sources["image"].info.levels[0]
    vox = np.linalg.inv(level.world_from_vox) @ [*found["position_um"], 1.0]
    assert np.rint(vox[:3]).astype(int).tolist() == [x, y, z]


def test_the_table_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pick", *HIT]) == 0
    out = capsys.readouterr().out
    for words in ("medium", "um (x, y, z)", "Mitochondria", "in the file <", "segment", "not shown"):
        assert words in out
    assert main(["pick", SCENE, "--at", "0,0"]) == 0
    assert capsys.readouterr().out == "nothing\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--at", "1,1"], "there is nothing to pick in"),
        ([SCENE, "--at", "5"], "'5' is no pixel"),
        ([SCENE, "--at", "640,1"], "outside of the picture of 640x480"),
        ([SCENE], "Missing option '--at'"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pick", *arguments]) == 2
    assert words in capsys.readouterr().err
