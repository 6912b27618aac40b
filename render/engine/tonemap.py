"""From the accumulator to pixels: RGBA for stills, I420 for video, made on the device."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..gpu.readback import ReadbackRing
from ..gpu.texture import RGBA32F, Texture2D
from ..state.view import Display
from .accumulator import Accumulator
from .history import Picture
from .lights import linear
from .uniforms import TONE_MODES


class Developer:
    """Develops accumulators of a picture of `width` x `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._rgba = Program(ShaderSource("display.comp", {"AS_RGBA": 1}))
        self._i420 = Program(ShaderSource("display.comp"))
        self._soften = Program(ShaderSource("soften.comp"))
        self._softened: Texture2D | None = None
        self._stride = (width // 2 * 2 + 7) // 8 * 8
        even = height // 2 * 2
        self._i420_bytes = self._stride * even * 3 // 2
        self._pixels = Buffer(max(4 * width * height, self._i420_bytes))
        self._ring = ReadbackRing(max(16, self._i420_bytes))

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
    ) -> NDArray[np.uint8]:
        """(height, width, 4) uint8, sRGB, straight alpha, top row first. Waits for the device."""
        size = (self.width, self.height)
        self._set(self._rgba, accumulator.window, size, accumulator.samples, display)
        self._rgba.set(transparent=int(transparent), first_pixel=first_pixel)
        accumulator.color.bind_image(0)
        self._pixels.bind(11)
        self._rgba.dispatch(-(-self.width // 8), -(-self.height // 8))
        data = self._pixels.read(np.uint8, 4 * self.width * self.height)
        return data.astype(np.uint8, copy=False).reshape(self.height, self.width, 4)

    def develop_i420(self, picture: Picture, display: Display) -> None:
        """Start to make the I420 picture; `take_i420` fetches it. An odd last column or row is left out.

        A picture smaller than the view is smoothed before it is enlarged: it is one in motion.
        """
        size = (self.width // 2 * 2, self.height // 2 * 2)
        color = picture.color
        if picture.window != (self.width, self.height):
            color = self._smooth(picture, size, display)
        self._set(self._i420, picture.window, size, 1, display)
        self._i420.set(tone_mode=-1)
        color.bind_image(0)
        self._pixels.bind(11)
        self._i420.dispatch(-(-self._stride // 64), -(-size[1] // 16))
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
        self._rgba.close()
        self._i420.close()
        self._soften.close()
        if self._softened is not None:
            self._softened.close()
        self._pixels.close()
        self._ring.close()
