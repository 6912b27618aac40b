"""What a stranger sees first: the demo's picture, soon, and the right one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from .chromium import Chromium
from .conftest import OpenPage
from .server import Server
from .view import View, psnr_db

FIRST_PICTURE_S = 15.0
LEAST_PSNR_DB = 30.0


def test_the_demo_shows_a_moving_picture_within_15_s_of_the_servers_start(
    chromium: Chromium, open_page: OpenPage
) -> None:
    server = Server("demo", "--no-browser")
    try:
        view = View(open_page(server.url))
        view.wait_for_picture(60.0)
        first = view.page.picture()
        shown = view.stats["framesPresented"]
        view.wait_for_picture(60.0, after=shown)
        moving_s = time.monotonic() - server.started_s
        second = view.page.picture()
        assert first.max() > 100
        assert np.any(first != second)  # more samples of the same view
        if view.page.js("probe.view().device.software"):
            assert "software renderer" in view.page.text()
        else:
            assert "software renderer" not in view.page.text()
        assert view.page.js("document.title") == "synthetic:cell?size=128 – Hosta"
        assert moving_s < FIRST_PICTURE_S
    finally:
        assert server.close() == 0


def test_a_resting_video_is_the_picture_that_hosta_frame_makes_of_the_same_state(view: View, tmp_path: Path) -> None:
    video = view.rest(24)
    height, width = video.shape[:2]
    state = tmp_path / "state.json"
    state.write_text(json.dumps(view.state))
    drawn = view.stats["frame"]["samples"]
    still = tmp_path / "still.png"
    arguments = ["--state", str(state), "--size", f"{width}x{height}", "--spp", str(drawn), "-o", str(still)]
    subprocess.run(
        [sys.executable, "-m", "render.cli", "frame", view.page.js("probe.view().scene.name"), *arguments],
        check=True,
        capture_output=True,
        timeout=60,
    )
    expected = np.array(Image.open(still).convert("RGB"))
    assert expected.std() > 20  # there is something to compare
    assert psnr_db(video, expected) >= LEAST_PSNR_DB
    # The measure can fail: a picture that is off by one pixel in both directions is far from it.
    assert psnr_db(np.roll(video, (1, 1), (0, 1)), expected) < LEAST_PSNR_DB
