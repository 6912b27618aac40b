"""From the accumulator to pixels: RGBA for stills, I420 for video, made on the device."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..gpu.readback import ReadbackRing
from ..state.view import Display
from .accumulator import Accumulator
from .guides import GuidesPainter, declarations
from .history import Picture
from .lights import linear
from .uniforms import TONE_MODES

Bits = Literal[8, 16]
# The TONE_MODE of texels that are display-linear already.
TONED = -1


class Developer:
    """Develops accumulators of a picture of `width` x `height` pixels.

    `guides` of a call have been prepared for the same picture, or window of it; None: nothing is drawn over the volume.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        # Compiled when they are first needed, by their #defines.
        self._programs: dict[tuple[tuple[str, int], ...], Program] = {}
        self._stride = (width // 2 * 2 + 7) // 8 * 8
        even = height // 2 * 2
        self._i420_bytes = self._stride * even * 3 // 2
        self._pixels = Buffer(max(4 * width * height, self._i420_bytes))
        self._ring = ReadbackRing(max(16, self._i420_bytes))

    def _develop(
        self,
        pixels: Buffer,
        groups: tuple[int, int],
        size: tuple[int, int],
        display: Display,
        defines: dict[str, int],
        guides: GuidesPainter | None,
        **uniforms: int | float | tuple[int, int],
    ) -> None:
        """Make `pixels` of all of the picture, and then once more of the tiles that guides touch, with them.

        The accumulator's texture is bound; `uniforms` are those that say what is in it.
        """
        if uniforms["window"] != (self.width, self.height):
            defines = {**defines, "ENLARGES": 1}
        r, g, b = (float(value) for value in linear(display.background))
        pixels.bind(11)
        for paints in (False, True):
            if paints and (guides is None or not guides.visible):
                return
            program = self._program({**defines, "GUIDES": 1} if paints else defines)
            program.set(
                picture=(self.width, self.height), size=size, exposure=float(2.0**display.exposure),
                background=(r, g, b), **uniforms,
            )  # fmt: skip
            if guides is not None and paints:
                guides.paint(program)
            else:
                program.dispatch(*groups)

    def _program(self, defines: dict[str, int]) -> Program:
        key = tuple(defines.items())
        if key not in self._programs:
            source = ShaderSource("display.comp", defines, {"generated/guides.glsl": declarations()})
            self._programs[key] = Program(source)
        return self._programs[key]

    def rgba(
        self,
        accumulator: Accumulator,
        display: Display,
        transparent: bool = False,
        first_pixel: tuple[int, int] = (0, 0),
        bits: Bits = 8,
        guides: GuidesPainter | None = None,
    ) -> NDArray[Any]:
        """(height, width, 4) uint8, with 16 bits uint16; sRGB, straight alpha, top row first. Waits for the device."""
        accumulator.color.bind_image(0)
        accumulator.moments.bind_image(1)
        n, dtype = self.width * self.height, np.dtype(np.uint16 if bits == 16 else np.uint8)
        pixels = self._pixels if bits == 8 else Buffer(4 * n * dtype.itemsize)
        try:
            self._develop(
                pixels, (-(-self.width // 8), -(-self.height // 8)), (self.width, self.height), display,
                {"AS_RGBA": 1, "BITS": bits, "TONE_MODE": TONE_MODES[display.tone_map]}, guides,
                window=accumulator.window,
                transparent=int(transparent), first_pixel=first_pixel,
            )  # fmt: skip
            data = pixels.read(dtype, 4 * n)
        finally:
            if pixels is not self._pixels:
                pixels.close()
        return data.reshape(self.height, self.width, 4)

    def rgba_of(self, picture: Picture, display: Display, guides: GuidesPainter | None = None) -> NDArray[np.uint8]:
        """What `develop_i420` makes of a picture, as opaque RGBA (height, width, 4) uint8. Waits for the device."""
        picture.color.bind_image(0)
        self._develop(
            self._pixels, (-(-self.width // 8), -(-self.height // 8)), (self.width, self.height), display,
            {"AS_RGBA": 1, "BITS": 8, "TONE_MODE": TONED}, guides,
            window=picture.window, transparent=0, first_pixel=(0, 0),
        )  # fmt: skip
        pixels: NDArray[Any] = self._pixels.read(np.uint8, 4 * self.width * self.height)
        return pixels.reshape(self.height, self.width, 4)

    def develop_i420(self, picture: Picture, display: Display, guides: GuidesPainter | None = None) -> None:
        """Start to make the I420 picture; `take_i420` fetches it. An odd last column or row is left out."""
        size = (self.width // 2 * 2, self.height // 2 * 2)
        picture.color.bind_image(0)
        self._develop(
            self._pixels, (-(-self._stride // 64), -(-size[1] // 16)), size, display, {"TONE_MODE": TONED}, guides,
            window=picture.window,
        )  # fmt: skip
        if self._ring.pending:
            self._ring.take()
        self._ring.push(self._pixels)

    def take_i420(self) -> bytes:
        """Planes Y, U, V of the newest developed picture without padding, BT.709 limited range."""
        data = self._ring.take()[: self._i420_bytes]
        width, height = self.width // 2 * 2, self.height // 2 * 2
        stride = self._stride
        if width == stride:
            return data.tobytes()
        luma = data[: stride * height].reshape(height, stride)[:, :width]
        chroma = data[stride * height :].reshape(2, height // 2, stride // 2)[:, :, : width // 2]
        return luma.tobytes() + chroma.tobytes()

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
        self._programs.clear()
        self._pixels.close()
        self._ring.close()
