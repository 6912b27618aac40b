"""What a stranger sees first: the demo's picture, soon, and the right one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .chromium import Chromium
from .conftest import OpenPage
from .server import Server
from .view import View, luma, psnr_db

FIRST_PICTURE_S = 15.0
LEAST_PSNR_DB = 30.0
LEAST_LUMA_PSNR_DB = 40.0


@pytest.fixture
def fresh(chromium: Chromium) -> Iterator[Server]:
    """A server that was started just now, when the browser was there already."""
    server = Server("demo", "--no-browser")
    yield server
    assert server.close() == 0


def test_the_demo_shows_a_moving_picture_within_15_s_of_the_servers_start(fresh: Server, open_page: OpenPage) -> None:
    view = View(open_page(fresh.url))
    view.wait_for_picture(60.0)
    first = view.page.picture()
    view.wait_for_picture(60.0, after=view.stats["framesPresented"])
    second = view.page.picture()
    moving_s = time.monotonic() - fresh.started_s
    assert first.max() > 100
    assert np.any(first != second)  # more samples of the same view
    software = view.page.js("probe.view().device.software")
    assert ("software renderer" in view.page.text()) == software
    assert view.page.js("document.title") == "synthetic:cell?size=128 – Hosta"
    assert moving_s < FIRST_PICTURE_S


def test_a_resting_video_is_the_picture_that_hosta_frame_makes_of_the_same_state(
    demo: Server, open_page: OpenPage, tmp_path: Path
) -> None:
    view = View(open_page(demo.url, 240, 224))
    view.wait_for_picture()
    video = view.rest(72)  # from 64 samples on the moving picture is their mean and nothing else
    height, width = video.shape[:2]
    assert (width, height) == (240, 180)
    state, still = tmp_path / "state.json", tmp_path / "still.png"
    state.write_text(json.dumps(view.state), encoding="utf-8")
    drawn = view.stats["frame"]["samples"]
    arguments = ["--state", str(state), "--size", f"{width}x{height}", "--spp", str(drawn), "-o", str(still)]
    subprocess.run(
        [sys.executable, "-m", "render.cli", "frame", view.page.js("probe.view().scene.name"), *arguments],
        check=True,
        capture_output=True,
        timeout=60,
    )
    expected = np.array(Image.open(still).convert("RGB"))
    assert expected.std() > 20  # there is something to compare
    # Most of the difference in RGB is the halved resolution of the video's chroma, which the noise of single samples
    # has much of; brightness has none of that.
    assert psnr_db(video, expected) >= LEAST_PSNR_DB
    assert psnr_db(luma(video), luma(expected)) >= LEAST_LUMA_PSNR_DB
    # The measure can fail: a picture that is off by one pixel in both directions is far from it.
    assert psnr_db(luma(np.roll(video, (1, 1), (0, 1))), luma(expected)) < LEAST_PSNR_DB
