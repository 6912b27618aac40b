"""From the accumulator to pixels: RGBA for stills, planes for video, made on the device."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import GpuError
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
Planes = Literal["i420", "i444", "i420_601", "i420_full"]
"""Planes Y, Cb, Cr: `i420` halves chroma, BT.709 limited range; `i444` keeps all of it; `i420_601` is BT.601 limited
range, for codecs that know no other (VP8, WebP), `i420_full` its full range, which is JFIF's."""
_PLANES: dict[Planes, dict[str, int]] = {
    "i420": {},
    "i444": {"FULL_CHROMA": 1},
    "i420_601": {"BT601": 1},
    "i420_full": {"BT601": 1, "FULL_RANGE": 1},
}
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
        self._pixels = Buffer(max(4 * width * height, self._n_bytes("i444")))
        self._rings: dict[Planes, ReadbackRing] = {}  # of the planes that were ever asked for

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

    def develop(
        self, picture: Picture, display: Display, guides: GuidesPainter | None = None, planes: Planes = "i420"
    ) -> None:
        """Start to make the planes of a picture; `take` fetches them. An odd last column or row is left out."""
        size = (self.width // 2 * 2, self.height // 2 * 2)
        picture.color.bind_image(0)
        self._develop(
            self._pixels, (-(-self._stride // 64), -(-size[1] // 16)), size, display,
            {"TONE_MODE": TONED, **_PLANES[planes]}, guides, window=picture.window,
        )  # fmt: skip
        ring = self._rings.get(planes)
        if ring is None:
            ring = self._rings[planes] = ReadbackRing(max(16, self._n_bytes(planes)))
        ring.push(self._pixels)

    def forget(self) -> None:
        """What was developed and not taken is not wanted any more: another picture follows."""
        for ring in self._rings.values():
            while ring.pending:
                ring.take()

    def has(self, planes: Planes) -> bool:
        """Whether `take` has something to fetch."""
        ring = self._rings.get(planes)
        return ring is not None and ring.pending > 0

    def take(self, planes: Planes = "i420") -> bytes:
        """Planes Y, Cb, Cr of the newest developed picture without padding. Raises GpuError unless it was developed."""
        ring = self._rings.get(planes)
        if ring is None:
            raise GpuError(f"the picture was not developed as {planes}")
        data = ring.take()[: self._n_bytes(planes)]
        width, height = self.width // 2 * 2, self.height // 2 * 2
        stride = self._stride
        if width == stride:
            return data.tobytes()
        if planes == "i444":
            return data.reshape(3, height, stride)[:, :, :width].tobytes()
        luma = data[: stride * height].reshape(height, stride)[:, :width]
        chroma = data[stride * height :].reshape(2, height // 2, stride // 2)[:, :, : width // 2]
        return luma.tobytes() + chroma.tobytes()

    def _n_bytes(self, planes: Planes) -> int:
        luma = self._stride * (self.height // 2 * 2)
        return 3 * luma if planes == "i444" else luma * 3 // 2

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
        self._programs.clear()
        self._pixels.close()
        for ring in self._rings.values():
            ring.close()
