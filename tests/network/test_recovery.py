"""Networks that break while a hand is at work: the picture comes back by itself, and nothing is lost.

benchmarks/recovery.py tries more of it, for longer.
"""

from __future__ import annotations

import pytest

from .lab import Lab
from .recovery import Trouble, cut, open_scene, other_address, recover, temporary_folder


@pytest.mark.parametrize(
    ("transport", "trouble"),
    [("webrtc", cut(6.0)), ("websocket", other_address)],
    ids=["network cut over WebRTC", "another address over a WebSocket"],
)
def test_the_same_view_comes_back_with_what_was_done_meanwhile(
    lab: Lab, chromium_program: str, transport: str, trouble: Trouble
) -> None:
    lab.shape(delay_ms=10)
    with temporary_folder() as folder:
        scene = open_scene(lab, chromium_program, transport, folder)
        done = recover(scene, trouble)
        assert done.transport == transport
        assert done.connected_s < 15.0
        scene.server.end()  # it has files open in the folder
