"""UDP is blocked, and a real coturn relays the video over TCP, with credentials that hold for a day."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.browser.view import View

from .conftest import Need
from .lab import SERVER_IP, Lab
from .link import UDP

SECRET = "a-secret-of-the-tests-0123"
# The connections that a page makes, so that it can be asked how they go.
PEERS = """
globalThis.peers = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) { super(...args); peers.push(this); }
};"""
PAIR = """(async () => {
    const stats = [...(await peers.at(-1).getStats()).values()];
    const transport = stats.find((entry) => entry.type === "transport");
    const pair = stats.find((entry) => entry.id === transport.selectedCandidatePairId);
    return stats.find((entry) => entry.id === pair.localCandidateId);
})()"""


def coturn(lab: Lab, program: str, folder: Path) -> None:
    """A TURN server on the server's host, port 3478, as docs/network.md sets it up."""
    lab.run(
        lab.server_host,
        *(program, "-n", "--listening-ip", SERVER_IP, "--relay-ip", SERVER_IP, "--realm", "hosta"),
        *("--use-auth-secret", "--static-auth-secret", SECRET, "--no-tls", "--no-dtls", "--no-cli"),
        *("--log-file", "stdout", "--pidfile", str(folder / "coturn.pid"), "--userdb", str(folder / "turndb")),
    )
    lab.listening(lab.server_host, 3478)


def test_through_coturn_over_tcp_where_udp_is_blocked(lab: Lab, chromium_program: str, need: Need) -> None:
    program = need("turnserver", "coturn")
    with tempfile.TemporaryDirectory() as folder:
        coturn(lab, program, Path(folder))
        url = f"turn:{SERVER_IP}:3478?transport=tcp"
        environment = {"HOSTA_TURN_URLS": json.dumps([url]), "HOSTA_TURN_SECRET": SECRET}
        server = lab.server("serve", "synthetic:cell", environment=environment)
        browser = lab.chromium(program=chromium_program)
        lab.shape(delay_ms=10, blocked=(UDP,))

        started_s = time.monotonic()
        address, _, token = server.url.partition("#")
        view = View(browser.page(f"{address}?transport=webrtc#{token}", 320, 284, before=PEERS))
        view.wait_for_picture(15.0)
        took_s = time.monotonic() - started_s

        candidate: dict[str, Any] = view.page.js(PAIR)
        assert candidate["candidateType"] == "relay"
        assert candidate["relayProtocol"] == "tcp"
        # The double's grey says which state it shows: the picture is really of this moment.
        view.page.until("probe.view().state === 'connected'", 10.0)
        view.patch("camera", "view_angle", value=100)
        view.page.until("probe.view().stats.frame?.sequence > 0", 10.0)
        time.sleep(0.5)
        luma = view.page.picture().astype(float).mean()
        assert abs(luma - (100 - 16) * 255 / 219) < 3.0
        assert lab.shape()["up"]["dropped"] > 0  # it was tried without
        assert took_s < 6.0
        assert view.page.problems == []
