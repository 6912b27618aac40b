"""A moving test picture in place of a renderer: `hosta serve --test-picture` and `hosta bench stream` stream it.

Two textures move over each other, as layers of a translucent volume do when it turns; that costs no time worth naming.
How far they moved is the x of the camera's position (micrometres, rounded, mod 2^16), and a row of black and white
cells in the top left corner says that number: whoever reads the pixels on a screen knows which event they show,
whatever the messages beside the picture say.

The row has CELLS cells, each 1/40 of the picture's width: white, black, the 16 bits of the number beginning with the
highest, and four bits of its check, which is the exclusive or of its four hexadecimal digits and 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engine.frame import Frame
from ..engine.tonemap import Planes
from ..errors import StateError
from ..summary import Pick

if TYPE_CHECKING:
    from ..state.view import ViewState

NUMBERS = 1 << 16
CELLS = 22
CELLS_A_WIDTH = 40
REACH_PX = 128
"""So far each texture moves; then it comes back."""
SPEEDS = ((4, 2), (-2, 4))
"""Pixels (x, y) that each texture moves a number; even, so that colour at half the resolution moves with it."""


@dataclass(frozen=True)
class _Coding:
    """How colours become planes: the weights of Y, Cb and Cr, where Y begins, and how many pixels share a colour."""

    weights: NDArray[np.float64]
    black: int
    white: int
    step: int


def _coding(red: float, blue: float, limited: bool, step: int) -> _Coding:
    """Of a matrix by its weights of red and blue in Y (Rec. ITU-T H.273)."""
    y = np.array([red, 1 - red - blue, blue])
    cb = (np.array([0.0, 0.0, 1.0]) - y) / (2 * (1 - blue))
    cr = (np.array([1.0, 0.0, 0.0]) - y) / (2 * (1 - red))
    scale = np.array([[219], [224], [224]]) / 255 if limited else np.ones((3, 1))
    return _Coding(np.stack([y, cb, cr]) * scale, *((16, 235) if limited else (0, 255)), step)


_BT709, _BT601 = (0.2126, 0.0722), (0.299, 0.114)
CODINGS: dict[Planes, _Coding] = {
    "i420": _coding(*_BT709, limited=True, step=2),
    "i444": _coding(*_BT709, limited=True, step=1),
    "i420_601": _coding(*_BT601, limited=True, step=2),
    "i420_full": _coding(*_BT601, limited=False, step=2),
}


def barcode(number: int) -> tuple[bool, ...]:
    """The cells that say a number, True is white."""
    number %= NUMBERS
    check = 10
    for shift in (0, 4, 8, 12):
        check ^= number >> shift & 15
    bits = number << 4 | check
    return (True, False, *(bool(bits >> shift & 1) for shift in reversed(range(20))))


def picture(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """The test picture of a number, (height, width, 3) sRGB: what `coded` is made from."""
    near, far = _textures(width, height)
    rgb = _window(near, SPEEDS[0], number, width, height) + _window(far, SPEEDS[1], number, width, height)
    side = width // CELLS_A_WIDTH
    for cell, white in enumerate(barcode(number)):
        rgb[:side, cell * side : (cell + 1) * side] = 255 if white else 0
    return rgb


def coded(number: int, width: int, height: int, planes: Planes = "i420") -> bytes:
    """The test picture as planes Y, Cb, Cr; width and height are even."""
    coding = CODINGS[planes]
    near, far = _coded_textures(width, height, planes)
    side = width // CELLS_A_WIDTH
    made = []
    for plane, (above, below) in enumerate(zip(near, far, strict=True)):
        step = coding.step if plane else 1
        size = (width // step, height // step)
        whole = _window(above, SPEEDS[0], number, *size, step) + _window(below, SPEEDS[1], number, *size, step)
        if plane == 0:
            for cell, white in enumerate(barcode(number)):
                whole[:side, cell * side : (cell + 1) * side] = coding.white if white else coding.black
        else:
            # Rounded up: cells are without colour to their edges.
            whole[: -(-side // step), : -(-CELLS * side // step)] = 128
        made.append(whole.tobytes())
    return b"".join(made)


@lru_cache(maxsize=4)
def _textures(width: int, height: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The two that add up to the picture, (height + REACH_PX, width + REACH_PX, 3)."""
    return _texture(width, height, 1), _texture(width, height, 2)


def _texture(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Clouds with fine detail, 0 to 110: noise of several scales."""
    from PIL import Image

    random = np.random.default_rng(seed)
    size = (width + REACH_PX, height + REACH_PX)
    clouds = np.zeros((size[1], size[0], 3), np.float32)
    for scale_px, strength in ((96, 70.0), (24, 25.0), (6, 10.0), (2, 5.0)):
        coarse = (size[0] // scale_px + 2, size[1] // scale_px + 2)
        for channel in range(3):
            noise = Image.fromarray(random.random(coarse[::-1], np.float32))
            clouds[..., channel] += strength * np.asarray(noise.resize(size, Image.Resampling.BILINEAR))
    return np.clip(clouds, 0, 110).round().astype(np.uint8)


@lru_cache(maxsize=4)
def _coded_textures(width: int, height: int, planes: Planes) -> tuple[tuple[NDArray[np.uint8], ...], ...]:
    """Planes of both, which add up to those of the picture. Each has half of what stands for no colour."""
    coding = CODINGS[planes]
    found = []
    for black, texture in zip((coding.black, 0), _textures(width, height), strict=True):
        rows, columns = (side // coding.step for side in texture.shape[:2])
        shared = texture.astype(np.float32).reshape(rows, coding.step, columns, coding.step, 3).mean((1, 3))
        luma = black + texture @ coding.weights[0]
        chroma = [64 + shared @ weights for weights in coding.weights[1:]]
        found.append(tuple(plane.round().astype(np.uint8) for plane in (luma, *chroma)))
    return tuple(found)


def _window(
    texture: NDArray[np.uint8], speed: tuple[int, int], number: int, width: int, height: int, step: int = 1
) -> NDArray[np.uint8]:
    """What of a texture shows at a number."""
    x, y = (_to_and_fro(part * number) // step for part in speed)
    return texture[y : y + height, x : x + width]


def _to_and_fro(distance_px: int) -> int:
    place = distance_px % (2 * REACH_PX)
    return place if place <= REACH_PX else 2 * REACH_PX - place


class MovingPicture:
    """What a Renderer is to a ViewStream. Its picture is whole with its first sample."""

    def __init__(self, context: Any, scene: Any, width: int, height: int, resident: Any = None) -> None:
        self.planes: tuple[Planes, ...] = ()
        self._size = (width, height)
        self._numbers = (0, 0)
        self._number = 0
        _textures(width, height)

    def set_state(self, state: ViewState, sequence: int, camera_seq: int = 0) -> None:
        self._number = round(state.camera.position[0]) % NUMBERS
        self._numbers = (sequence, camera_seq)

    def resize(self, width: int, height: int) -> None:
        self._size = (width, height)
        _textures(width, height)

    def step(self, now_s: float, budget_s: float) -> Frame:
        return Frame(
            *self._numbers,
            *self._size,
            scale=1.0,
            samples=1,
            target_samples=1,
            converged=True,
            active_share=1.0,
            fresh=True,
            resident=True,
            missing=0,
            render_s=0.0,
        )

    def read_planes(self, planes: Planes) -> bytes:
        return coded(self._number, *self._size, planes)

    def pick(self, x: float, y: float, size: tuple[int, int], state: ViewState) -> Pick:
        raise StateError("the test picture shows no data; start the server without --test-picture to pick in them")

    def set_annotations(self, points: Any) -> None:
        """There is nothing to draw them on."""

    def troubles(self) -> list[str]:
        return []

    def close(self) -> None:
        """It holds nothing."""
