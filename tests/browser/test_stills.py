"""The lossless still: over the moving picture once that rests, as the server has it, and gone with the next step."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .chromium import Page
from .view import View, luma, psnr_db

SAMPLES = 8
SEEN_S = 20.0
# The pixels that the still's image puts on the screen, and the file that it came from: both as data URLs.
LOOK = """(async () => {
    const image = probe.find(".still img");
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d").drawImage(image, 0, 0);
    const bytes = new Uint8Array(await (await fetch(stillsAddress)).arrayBuffer());
    return [canvas.toDataURL("image/png"), "," + btoa(String.fromCharCode(...bytes))];
})()"""


def opened(text: str) -> NDArray[np.uint8]:
    return np.array(Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2]))).convert("RGB"))


def remember_stills_address(page: Page) -> None:
    """Whence the page fetches its stills goes into `stillsAddress`."""
    page.js("""void (() => {
        const real = globalThis.fetch;
        globalThis.fetch = (address, ...rest) => {
            if (String(address).includes("/still/")) globalThis.stillsAddress = String(address);
            return real(address, ...rest);
        };
    })()""")


def test_a_still_without_loss_is_swapped_in_and_goes_with_the_next_movement(view: View) -> None:
    page = view.page
    remember_stills_address(page)
    view.patch("samples", value=SAMPLES)
    page.until("probe.view().stats.still", SEEN_S)
    shown, kept = (opened(text) for text in page.js(LOOK))
    assert np.array_equal(shown, kept)
    moving = page.picture()
    assert kept.shape == moving.shape
    # The same picture, but for what the video lost of it.
    assert 30.0 < psnr_db(luma(kept), luma(moving)) < 60.0

    # Each frame that comes to the screen finds the still over it exactly when it shows the still's state.
    page.js("""void (() => {
        const first = probe.view().stats.frame.sequence;
        globalThis.steps = [];
        probe.view().addEventListener("hosta-frame", ({ detail }) => {
            const image = [...probe.find(".still").children].find((one) => !one.hidden);
            steps.push([detail.sequence === first, image !== undefined, probe.view().stats.still]);
        });
    })()""")
    view.drag(40, 10)
    page.until("probe.view().stats.cameraSeqShown === probe.view().stats.cameraSeqSent && !probe.view().stats.still")
    page.until("steps.some(([isSame]) => !isSame)")
    steps = page.js("steps.slice(0, 50)")
    first_other = next(i for i, (same, _, _) in enumerate(steps) if not same)
    assert all(step == [True, True, True] for step in steps[:first_other])
    assert steps[first_other] == [False, False, False]
    page.until("probe.view().stats.still", SEEN_S)
