"""From the accumulator to pixels: RGBA for stills, I420 for video, made on the device."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..gpu.readback import ReadbackRing
from ..gpu.texture import RGBA32F, Texture2D
from ..state.view import Display
from .accumulator import Accumulator
from .guides import GuidesPainter, declarations
from .history import Picture
from .uniforms import TONE_MODES, linear

Bits = Literal[8, 16]


class Developer:
    """Develops accumulators of a picture of `width` x `height` pixels.

    `guides` of a call have been prepared for the same picture, or window of it; None: nothing is drawn over the volume.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        # Compiled when they are first needed: RGBA of 8 or 16 bit (0: I420), with or without guides.
        self._programs: dict[tuple[int, bool], Program] = {}
        self._soften = Program(ShaderSource("soften.comp"))
        self._softened: Texture2D | None = None
        self._stride = (width // 2 * 2 + 7) // 8 * 8
        even = height // 2 * 2
        self._i420_bytes = self._stride * even * 3 // 2
        self._pixels = Buffer(max(4 * width * height, self._i420_bytes))
        self._ring = ReadbackRing(max(16, self._i420_bytes))

    def _program(self, bits: Literal[0, 8, 16], guides: GuidesPainter | None) -> Program:
        shows_guides = guides is not None and guides.visible
        program = self._programs.get((bits, shows_guides))
        if program is None:
            defines: dict[str, str | int] = {"AS_RGBA": 1, "BITS": bits} if bits else {}
            if shows_guides:
                defines["GUIDES"] = 1
            source = ShaderSource("display.comp", defines, {"generated/guides.glsl": declarations()})
            program = self._programs[bits, shows_guides] = Program(source)
        if guides is not None and shows_guides:
            guides.bind(program)
        return program

    def _set(
        self, program: Program, window: tuple[int, int], size: tuple[int, int], samples: int, display: Display
    ) -> None:
        r, g, b = (float(value) for value in linear(display.background))
        program.set(
            window=window,
            picture=(self.width, self.height),
            size=size,
            per_sample=1.0 / max(1, samples),
            exposure=float(2.0**display.exposure),
            tone_mode=TONE_MODES[display.tone_map],
            background=(r, g, b),
        )

    def rgba(
        self,
        accumulator: Accumulator,
        display: Display,
        transparent: bool = False,
        first_pixel: tuple[int, int] = (0, 0),
        bits: Bits = 8,
        guides: GuidesPainter | None = None,
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """(height, width, 4) uint8 or, with 16 bits, uint16; sRGB, straight alpha, top row first. Waits for the device."""
        size = (self.width, self.height)
        program = self._program(bits, guides)
        self._set(program, accumulator.window, size, accumulator.samples, display)
        program.set(transparent=int(transparent), first_pixel=first_pixel)
        accumulator.color.bind_image(0)
        shape = (self.height, self.width, 4)
        if bits == 16:
            wide = Buffer(8 * self.width * self.height)
            try:
                self._dispatch(program, wide)
                return wide.read(np.uint16, 4 * self.width * self.height).astype(np.uint16, copy=False).reshape(shape)
            finally:
                wide.close()
        self._dispatch(program, self._pixels)
        return self._pixels.read(np.uint8, 4 * self.width * self.height).astype(np.uint8, copy=False).reshape(shape)

    def _dispatch(self, program: Program, pixels: Buffer) -> None:
        pixels.bind(11)
        program.dispatch(-(-self.width // 8), -(-self.height // 8))

    def develop_i420(self, picture: Picture, display: Display, guides: GuidesPainter | None = None) -> None:
        """Start to make the I420 picture; `take_i420` fetches it. An odd last column or row is left out.

        A picture smaller than the view is smoothed before it is enlarged: it is one in motion.
        """
        size = (self.width // 2 * 2, self.height // 2 * 2)
        color = picture.color
        if picture.window != (self.width, self.height):
            color = self._smooth(picture, size, display)
        program = self._program(0, guides)
        self._set(program, picture.window, size, 1, display)
        program.set(tone_mode=-1)
        color.bind_image(0)
        self._pixels.bind(11)
        program.dispatch(-(-self._stride // 64), -(-size[1] // 16))
        if self._ring.pending:
            self._ring.take()
        self._ring.push(self._pixels)

    def _smooth(self, picture: Picture, size: tuple[int, int], display: Display) -> Texture2D:
        if self._softened is None:
            self._softened = Texture2D(self.width, self.height, RGBA32F)
        self._set(self._soften, picture.window, size, 1, display)
        self._soften.set(tone_mode=-1)
        picture.color.bind_image(0)
        self._softened.bind_image(1)
        self._soften.dispatch(-(-picture.window[0] // 8), -(-picture.window[1] // 8))
        return self._softened

    def take_i420(self) -> bytes:
        """Planes Y, U, V of the newest developed picture without padding, BT.709 limited range."""
        data = self._ring.take()
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
        self._soften.close()
        if self._softened is not None:
            self._softened.close()
        self._pixels.close()
        self._ring.close()
