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
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engine.frame import Frame
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
BLACK, WHITE = 16, 235

# BT.709, limited range.
LUMA = np.array([0.2126, 0.7152, 0.0722]) * 219 / 255
BLUE = np.array([-0.1146, -0.3854, 0.5]) * 224 / 255
RED = np.array([0.5, -0.4542, -0.0458]) * 224 / 255


def barcode(number: int) -> tuple[bool, ...]:
    """The cells that say a number, True is white."""
    number %= NUMBERS
    check = 10
    for shift in (0, 4, 8, 12):
        check ^= number >> shift & 15
    bits = number << 4 | check
    return (True, False, *(bool(bits >> shift & 1) for shift in reversed(range(20))))


def picture(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """The test picture of a number, (height, width, 3) sRGB: what `i420` is made from."""
    near, far = _textures(width, height)
    rgb = _window(near.rgb, SPEEDS[0], number, width, height) + _window(far.rgb, SPEEDS[1], number, width, height)
    side = width // CELLS_A_WIDTH
    for cell, white in enumerate(barcode(number)):
        rgb[:side, cell * side : (cell + 1) * side] = 255 if white else 0
    return rgb


def i420(number: int, width: int, height: int) -> bytes:
    """The test picture as planes Y, U, V (BT.709, limited range); width and height are even."""
    planes = []
    side = width // CELLS_A_WIDTH
    for plane, step in (("y", 1), ("u", 2), ("v", 2)):
        size = (width // step, height // step)
        parts = [
            _window(getattr(texture, plane), speed, number, *size, step)
            for texture, speed in zip(_textures(width, height), SPEEDS, strict=True)
        ]
        whole = parts[0] + parts[1]
        # Rounded up: the colour of a cell reaches to its whole edge.
        whole[: -(-side // step), : -(-CELLS * side // step)] = 128
        if plane == "y":
            for cell, white in enumerate(barcode(number)):
                whole[:side, cell * side : (cell + 1) * side] = WHITE if white else BLACK
        planes.append(whole.tobytes())
    return b"".join(planes)


@dataclass(frozen=True)
class _Texture:
    """Of the picture's size and REACH_PX more both ways; `u`, `v` at half the resolution. Two of them add up."""

    rgb: NDArray[np.uint8]
    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]


@cache
def _textures(width: int, height: int) -> tuple[_Texture, _Texture]:
    return _texture(width, height, 1, BLACK), _texture(width, height, 2, 0)


def _texture(width: int, height: int, seed: int, y_offset: int) -> _Texture:
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
    rgb = np.clip(clouds, 0, 110).round().astype(np.uint8)
    half = rgb.astype(np.float32).reshape(size[1] // 2, 2, size[0] // 2, 2, 3).mean((1, 3))
    return _Texture(
        rgb,
        (y_offset + rgb @ LUMA).round().astype(np.uint8),
        (64 + half @ BLUE).round().astype(np.uint8),
        (64 + half @ RED).round().astype(np.uint8),
    )


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

    def read_i420(self) -> bytes:
        return i420(self._number, *self._size)

    def pick(self, x: float, y: float, size: tuple[int, int], state: ViewState) -> Pick:
        raise StateError("the test picture shows no data; start the server without --test-picture to pick in them")

    def set_annotations(self, points: Any) -> None:
        """There is nothing to draw them on."""

    def troubles(self) -> list[str]:
        return []

    def close(self) -> None:
        """It holds nothing."""
