"""Players that are not ours watch the stream by WHEP: GStreamer, and that of the protocol's author in Chromium."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.browser.chromium import Chromium
from tests.browser.server import Server

HERE = Path(__file__).parent
SYSTEM_PYTHON = Path("/usr/bin/python3")
WHIP_WHEP = HERE.parents[1] / "viewer_client/node_modules/whip-whep"
# The double's grey: its luma is the camera's view angle.
LUMA = 30
PAGE = """<!doctype html><meta charset="utf-8"><video id="video" autoplay muted></video><script type="module">
import { WHEPClient } from "./whep.js";
const { url, token } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const peer = new RTCPeerConnection();
peer.addTransceiver("audio", { direction: "recvonly" });
peer.addTransceiver("video", { direction: "recvonly" });
peer.addEventListener("track", ({ track }) => {
    if (track.kind === "video") video.srcObject = new MediaStream([track]);
});
const player = new WHEPClient();
globalThis.end = () => player.stop();
globalThis.watching = player.view(peer, url, token);
</script>"""


# Red, green and blue in the middle of what the player shows.
PIXELS = """(() => {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext("2d");
    canvas.drawImage(video, 0, 0);
    return [...canvas.getImageData(160, 120, 1, 1).data.slice(0, 3)];
})()"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    # Only the pages of this other origin may use it.
    with ExitStack() as stack:
        server = Server(
            *("serve", "synthetic:cell", "--allow-origin", "http://127.0.0.1:8471"),
            program=[sys.executable, "-m", "tests.doubles.server"],
        )
        stack.enter_context(closing(server))
        yield server


def _whep(server: Server) -> tuple[str, str]:
    return f"{server.address}api/v1/whep?width=320&height=240", server.url.partition("token=")[2]


def test_gstreamer(server: Server) -> None:
    wanted = "import gi; gi.require_version('GstWebRTC', '1.0'); gi.require_version('GstSdp', '1.0')"
    if not SYSTEM_PYTHON.exists() or subprocess.run([SYSTEM_PYTHON, "-c", wanted], capture_output=True).returncode != 0:
        pytest.skip("GStreamer is not there (Debian's python3-gi, gir1.2-gst-plugins-bad-1.0)")
    url, token = _whep(server)
    command = [str(SYSTEM_PYTHON), str(HERE / "gstreamer_player.py"), url, token, "8", "audio"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    saw = json.loads(done.stdout)
    assert saw["failure"] is None
    assert saw["frames"] >= 8
    assert saw["size"] == [320, 240]
    assert saw["luma"] == [pytest.approx(LUMA, abs=1.0)]


def test_the_player_whip_whep_in_a_page_of_another_origin(
    server: Server, chromium_program: str, tmp_path: Path
) -> None:
    if not WHIP_WHEP.is_dir():
        pytest.skip("the player whip-whep is not there (npm ci in viewer_client)")
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "whep.js").write_bytes((WHIP_WHEP / "whep.js").read_bytes())
    url, token = _whep(server)
    with ExitStack() as stack:
        files = http.server.ThreadingHTTPServer(("127.0.0.1", 8471), functools.partial(Quiet, directory=str(tmp_path)))
        stack.enter_context(files)
        threading.Thread(target=files.serve_forever, daemon=True).start()
        stack.callback(files.shutdown)
        browser = stack.enter_context(closing(Chromium(chromium_program)))
        said = json.dumps({"url": url, "token": token})
        page = stack.enter_context(closing(browser.page("about:blank")))
        page.js(f"void (location.href = 'http://127.0.0.1:8471/#' + encodeURIComponent({json.dumps(said)}))")
        page.until("video.videoWidth === 320 && video.currentTime > 0", 15.0)
        page.js("watching")  # it would throw what went wrong
        shown = (LUMA - 16) * 255 / 219
        assert np.abs(np.array(page.js(PIXELS)) - shown).max() < 3.0
        # The player sends its candidates by PATCH, is told that there is no need, and that is its only complaint.
        assert [problem for problem in page.problems if "405" not in problem and "favicon" not in problem] == []
        page.js("end()")


def test_the_rest_of_the_protocol(server: Server) -> None:
    url, token = _whep(server)
    with httpx.Client(headers={"authorization": f"Bearer {token}"}) as http_:
        options = http_.options(url)
        assert (options.status_code, options.headers["accept-post"]) == (204, "application/sdp")
        patched = http_.patch(f"{server.address}api/v1/whep/any")
        assert (patched.status_code, patched.headers["allow"]) == (405, "DELETE")
        assert http_.delete(f"{server.address}api/v1/whep/any").status_code == 404
        assert http_.post(url, content=b"v=0", headers={"content-type": "text/plain"}).status_code == 415
        assert http_.post(url, content=b"v=0", headers={"content-type": "application/sdp"}).status_code == 400
    assert httpx.post(url, content=b"v=0", headers={"content-type": "application/sdp"}).status_code == 401
