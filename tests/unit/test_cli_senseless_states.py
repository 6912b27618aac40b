"""States that make no sense: `hosta frame --state` says what is wrong and what would be right, and draws nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from render.cli import main

IMAGE = {"kind": "image", "source": "ramp", "channels": [{}]}


def image(**channel: Any) -> dict[str, Any]:
    return {"layers": [{**IMAGE, "channels": [channel]}]}


SENSELESS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "window of no width": (image(window=[7.0, 7.0]), ("window (7.0, 7.0) is empty", "below its second")),
    "window inside out": (image(window=[9.0, 7.0]), ("window (9.0, 7.0) is empty",)),
    "window without end": (image(window=[0.0, 1e39]), ("channels.0.window.1", "less than or equal to 35000")),
    "level without width": (image(rule={"kind": "level", "level": 1, "window": 0}), ("rule.level.window", "than 0")),
    "isovalue without range": (image(rule={"kind": "isovalue", "value": 1, "range": 0}), ("range", "greater than 0")),
    "percentiles inside out": (
        image(rule={"kind": "percentile", "low": 60, "high": 40}), ("60.0 and 40.0 leave no window", "below high"),
    ),
    "nodes out of order": (image(curve=[[0.5, 0], [0.2, 1]]), ("nodes of a curve", "order of their positions")),
    "crop inside out": ({"crop": {"lo": [0.6, 0, 0], "hi": [0.4, 1, 1]}}, ("inside out", "at most its hi")),
    "crop outside": ({"crop": {"lo": [-1, 0, 0]}}, ("crop.lo.0", "greater than or equal to 0")),
    "a plane without a direction": ({"clip_planes": [{"normal": [0, 0, 0]}]}, ("normal is zero", "needs a direction")),
    "a slice without a direction": ({"slices": {"planes": [{"normal": [0, 0, 0]}]}}, ("normal is zero",)),
    "eye at the focal point": (
        {"camera": {"position": [1, 2, 3], "focal_point": [1, 2, 3]}}, ("the same point", "needs a direction"),
    ),
    "up along the view": (
        {"camera": {"position": [0, 0, 0], "focal_point": [0, 0, 1], "view_up": [0, 0, 5]}},
        ("view_up is zero or parallel", "across it"),
    ),
    "up is nothing": ({"camera": {"view_up": [0, 0, 0]}}, ("view_up is zero",)),
    "view of no angle": ({"camera": {"view_angle": 0}}, ("camera.view_angle", "greater than or equal to 1")),
    "view of no height": ({"camera": {"parallel_scale": 0}}, ("camera.parallel_scale", "greater than 0")),
    "focus at the eye": ({"camera": {"focus_distance": 0}}, ("camera.focus_distance", "greater than 0")),
    "two eyes in one": ({"camera": {"eye_separation": 0}}, ("camera.eye_separation", "greater than 0")),
    "a rotation of nothing": ({"lighting": {"sky": {"rotation": [0, 0, 0, 0]}}}, ("rotation is zero", "0, 0, 0, 1")),
    "light of no size": (
        {"lighting": {"lights": [{"kind": "sphere", "radius": 0}]}}, ("radius", "greater than or equal to 0.001"),
    ),
    "darkness that shines": ({"lighting": {"sky": {"intensity": -1}}}, ("lighting.sky.intensity", "equal to 0")),
    "no scattering": ({"rendering": {"scatterings": 0}}, ("rendering.scatterings", "equal to 1")),
    "no samples": ({"samples": 0}, ("samples", "greater than or equal to 1")),
    "steps of no length": ({"rendering": {"step_vox": 0}}, ("rendering.step_vox", "0.05")),
    "an exposure beyond words": ({"display": {"exposure": 21}}, ("display.exposure", "equal to 20")),
    "an environment map that is not there": (
        {"lighting": {"sky": {"environment": "sunset"}}}, ("no environment map 'sunset'", "it holds none"),
    ),
    "a layer that is not there": ({"layers": [{"kind": "labels", "source": "x"}]}, ("no layer for", "the scene holds")),
    "a colour map that is not there": (image(color_map="x"), ("no colour map 'x'", "viridis")),
}  # fmt: skip


@pytest.mark.parametrize("case", SENSELESS)
def test_senseless_states_are_refused_with_one_sentence(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, said = SENSELESS[case]
    path, output = tmp_path / "state.json", tmp_path / "a.png"
    path.write_text(json.dumps(state), encoding="utf-8")
    arguments = ["frame", "synthetic:ramp?size=8", "-o", str(output), "--size", "16x12", "--spp", "1"]
    assert main([*arguments, "--state", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert not output.exists()
    [line] = [line for line in err.splitlines() if line.strip()]
    assert "Traceback" not in err
    for part in said:
        assert part in line


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "state.json"
    path.write_text(f'{{"camera": {{"position": [0, {number}, 0]}}}}', encoding="utf-8")
    assert main(["frame", "synthetic:ramp?size=8", "-o", str(tmp_path / "a.png"), "--state", str(path)]) == 2
    _, err = capsys.readouterr()
    assert len(err.strip().splitlines()) == 1
    assert "not valid" in err
