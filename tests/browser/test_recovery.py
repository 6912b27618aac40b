"""The worker dies; the picture comes back by itself."""

from __future__ import annotations

from .server import Server
from .view import View, psnr_db


def test_a_killed_worker_is_replaced_and_the_same_view_comes_back(view: View, demo: Server) -> None:
    view.drag(60, -20)
    view.patch("layers", 0, "channels", 0, "visible", value=False)
    before = view.rest(8)
    camera, state = view.camera, view.state
    shown = view.stats["framesPresented"]

    killed = demo.kill_worker()
    view.page.until_text("The renderer stopped and is being restarted…")
    view.wait_for_picture(after=shown)

    assert demo.worker_pid() != killed
    assert view.camera == camera
    assert view.state == state
    after = view.rest(8)
    assert after.shape == before.shape
    # Same seed, one sample more; another view, or another look, is below 20 dB.
    assert psnr_db(before, after) > 25.0
    assert "restarted" not in view.page.text()
