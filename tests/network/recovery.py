"""What goes wrong between a page and its server, what a hand does meanwhile, and whether all of it is there afterwards.

Also what benchmarks/recovery.py measures.
"""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from tests.browser.chromium import Chromium, Page
from tests.browser.server import Server
from tests.browser.view import View

from .lab import Lab

TOKEN = "the-same-token-after-a-restart"
RECOVERY_S = 30.0
NOTE_VIEW = """
addEventListener("hosta-connected", ({ detail }) => (globalThis.viewId = detail.view), { capture: true });"""


@dataclass
class Scene:
    """A page that shows a view, in a lab."""

    lab: Lab
    server: Server
    browser: Chromium
    page: Page
    folder: str
    real: bool = False

    @property
    def view(self) -> View:
        return View(self.page)

    def start_server(self) -> None:
        environment = {"HOSTA_TOKEN": TOKEN, "HOSTA_DATA_DIR": self.folder}
        self.server = self.lab.server("serve", "synthetic:cell", environment=environment)


@dataclass(frozen=True)
class Recovery:
    """`picture_s` from the end of the trouble to a new frame on the screen, `connected_s` to an answering server."""

    picture_s: float
    connected_s: float
    transport: str


Trouble = Callable[[Scene, Callable[[], None]], None]


def open_scene(lab: Lab, program: str, transport: str, folder: str) -> Scene:
    """A page with a picture. `transport` as in the page's URL."""
    environment = {"HOSTA_TOKEN": TOKEN, "HOSTA_DATA_DIR": folder}
    server = lab.server("serve", "synthetic:cell", environment=environment)
    browser = lab.chromium(program)
    address, _, token = server.url.partition("#")
    page = browser.page(f"{address}?transport={transport}#{token}", 320, 284, before=NOTE_VIEW)
    scene = Scene(lab, server, browser, page, folder)
    scene.view.wait_for_picture()
    page.until("probe.view().state === 'connected' && probe.view().camera", 10.0)
    return scene


# ---- the troubles: each calls `meanwhile` while it lasts, and returns when it is over ----


def cut(seconds: float) -> Trouble:
    """The line carries nothing for so long."""

    def trouble(scene: Scene, meanwhile: Callable[[], None]) -> None:
        scene.lab.cut()
        started_s = time.monotonic()
        time.sleep(1.0)
        meanwhile()
        time.sleep(max(0.0, started_s + seconds - time.monotonic()))
        scene.lab.heal()

    return trouble


def other_address(scene: Scene, meanwhile: Callable[[], None]) -> None:
    """The client comes from another address: nothing is closed, and what was open is dead."""
    scene.lab.move_client()
    meanwhile()


def lid(scene: Scene, meanwhile: Callable[[], None]) -> None:
    """A laptop that sleeps: its processes stand still and the line is dead, and neither side closes anything."""
    scene.lab.cut()
    meanwhile()
    with scene.lab.asleep(scene.lab.client_host):
        time.sleep(10.0)
        scene.lab.heal()


def server_restart(scene: Scene, meanwhile: Callable[[], None]) -> None:
    """The server is killed and, after a while, started again: it knows nothing of the view."""
    scene.server.kill()
    time.sleep(0.5)
    meanwhile()
    scene.start_server()


def worker_crash(scene: Scene, meanwhile: Callable[[], None]) -> None:
    """The rendering process is killed."""
    scene.server.kill_worker()
    meanwhile()


def recover(scene: Scene, trouble: Trouble) -> Recovery:
    """Makes trouble, changes things meanwhile, and waits until all is well. Raises AssertionError, TimeoutError."""
    page, view = scene.page, scene.view
    point = str(uuid.uuid4())
    samples = int(view.state["samples"]) + 3

    def meanwhile() -> None:
        view.patch("samples", value=samples)
        page.js(f"probe.view().annotate({json.dumps({'id': point, 'position': [0.5, 0.5, 0.5]})})")
        view.drag(30, 10)

    trouble(scene, meanwhile)
    over_s = time.monotonic()
    presented = view.stats["framesPresented"]
    view.wait_for_picture(RECOVERY_S, after=presented)
    picture_s = time.monotonic() - over_s
    page.until(f"probe.view().annotations.some(({{ id }}) => id === '{point}')", RECOVERY_S)
    page.until("probe.view().state === 'connected'", RECOVERY_S)
    connected_s = time.monotonic() - over_s
    page.until("probe.view().stats.cameraSeqShown === probe.view().stats.cameraSeqSent", 10.0)
    assert view.state["samples"] == samples
    # What the server says of the same view to somebody who was not there.
    address = f"{scene.server.address}?view={page.js('viewId')}#token={TOKEN}"
    with closing(scene.browser.page(address, 320, 284)) as other:
        other.until("probe.view().state === 'connected' && probe.view().camera", RECOVERY_S)
        assert View(other).state["samples"] == samples
        assert View(other).camera == view.camera
        assert [entry["id"] for entry in other.js("probe.view().annotations")].count(point) == 1
    return Recovery(picture_s, connected_s, str(view.stats["transport"]))


TROUBLES: dict[str, Trouble] = {
    "network cut for 10 s": cut(10.0),
    "another address": other_address,
    "lid closed for 10 s": lid,
    "server restarted": server_restart,
    "worker killed": worker_crash,
}


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Where a server keeps annotations beyond its end."""
    return tempfile.TemporaryDirectory(prefix="hosta-recovery-")
