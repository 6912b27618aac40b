"""`hosta bench stream`: a short run of it, in the browser and with the server that it starts itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .chromium import Chromium


def test_the_test_picture_is_measured_by_its_pixels(chromium: Chromium, tmp_path: Path) -> None:
    """`chromium` skips where there is no browser."""
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "render.cli", "bench", "stream", "--no-scene", "--size", "640x480"]
    ended = subprocess.run(
        [*command, "--seconds", "1", "--rounds", "1", "--json", str(file)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    loads = json.loads(file.read_text(encoding="utf-8"))["loads"]
    assert [load["transport"] for load in loads] == ["webrtc", "websocket"]
    assert "event to picture" in ended.stdout
    for load in loads:
        assert (load["scene"], load["width"], load["height"]) == ("test picture", 640, 480)
        check(load["figures"])


def check(figures: dict[str, Any]) -> None:
    assert figures["latency_ms"]["n"] >= 0.9 * figures["events"] >= 10
    parts = ("there", "render", "readback", "encode", "back", "decode", "draw")
    assert all((figures[f"{part}_ms"]["median"] or 0.0) > -1.0 for part in parts)
    # The messages agree with the pixels: what the server says it took is not more than what passed.
    assert 0.0 < figures["encode_ms"]["median"] < figures["latency_ms"]["median"] < 1000.0
    assert figures["ours_ms"]["n"] == figures["latency_ms"]["n"]
    assert 0.1e6 < figures["bits_per_s"] < 50e6
    assert figures["server_cpu_ms"] > 0.5
