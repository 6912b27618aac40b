"""The filter of the moving picture: while samples are few their noise is taken away, guided by what was hit.

It fades from FADE[0] samples on; from FADE[1] on there is nothing to run: the picture is the mean and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..gpu.program import Program, ShaderSource
from ..gpu.texture import R32F, RGBA32F, RGBA32UI, Texture2D

FADE = (16.0, 64.0)
HOLES_PX = (1, 2, 4)
# Of the noise of each pass's input: what differs by less is taken for noise.
STRENGTH = 5.0
# The tone map that is none.
LINEAR = -1
_GROUP = 8


@dataclass(frozen=True)
class Guides:
    """What an accumulator knows of the first thing that was hit, as sums over samples; all RGBA32F.

    `color`: premultiplied radiance, coverage. `moments`: depth (unit space), squared luminance, samples. `albedo`: rgb.
    `normal`: xyz, zero for events without a surface.
    """

    color: Texture2D
    moments: Texture2D
    albedo: Texture2D
    normal: Texture2D


class Denoiser:
    """For pictures of up to `width` x `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        self._pack = Program(ShaderSource("denoise.comp", {"PACK": 1}))
        self._guide = Program(ShaderSource("denoise.comp", {"GUIDE": 1}))
        self._filter = Program(ShaderSource("denoise.comp", {"FILTER": 1}))
        self._lasts: dict[int, Program] = {}  # by tone map
        self._packed = (Texture2D(width, height, RGBA32UI), Texture2D(width, height, RGBA32UI))
        self.filtered = Texture2D(width, height, RGBA32F)

    def run(
        self,
        guides: Guides,
        picture: Texture2D,
        worth: Texture2D,
        window: tuple[int, int],
        *,
        scale: float = 1.0,
        tone_mode: int = LINEAR,
        pixel_size: float = 0.002,
        perspective: bool = True,
    ) -> Texture2D:
        """Filter `picture`, (premultiplied linear radiance, coverage), of which `window` (width, height) is in use.

        The answer is this object's own `filtered`: after the tone map `tone_mode` (colour.glsl's number), or linear.

        `worth`: how many samples each of its pixels is worth. `scale`: the exposure's factor. `pixel_size`: of a pixel
        in unit space, at distance 1 where the camera is in perspective.
        """
        groups = (-(-window[0] // _GROUP), -(-window[1] // _GROUP))
        guides.color.bind_image(0)
        guides.moments.bind_image(1)
        picture.bind_image(2)
        worth.bind_image(3)
        guides.albedo.bind_image(4)
        guides.normal.bind_image(5)
        self._packed[0].bind_image(6)
        self._pack.set(window=window, scale=scale)
        self._pack.dispatch(*groups)
        worth.bind_image(1)
        self._guide.set(window=window, scale=scale, pixel_size=pixel_size, perspective=int(perspective))
        source, target = self._packed
        source.bind_image(5)
        target.bind_image(6)
        self._guide.dispatch(*groups)
        self.filtered.bind_image(3)
        for hole in HOLES_PX:
            source, target = target, source
            source.bind_image(5)
            target.bind_image(6)
            is_last = hole == HOLES_PX[-1]
            program = self._last(tone_mode) if is_last else self._filter
            program.set(window=window, scale=scale, hole=hole, reach=0.5 * hole, strength=float(STRENGTH))
            if is_last:
                program.set(fade=FADE)
            program.dispatch(*groups)
        return self.filtered

    def _last(self, tone_mode: int) -> Program:
        if tone_mode not in self._lasts:
            defines = {"FILTER": 1, "LAST": 1, "TONE_MODE": tone_mode}
            self._lasts[tone_mode] = Program(ShaderSource("denoise.comp", defines))
        return self._lasts[tone_mode]

    def close(self) -> None:
        for program in (self._pack, self._guide, self._filter, *self._lasts.values()):
            program.close()
        for texture in (*self._packed, self.filtered):
            texture.close()


def denoise_layers(layers: Mapping[str, NDArray[Any]], samples: float) -> NDArray[np.float32]:
    """The filter on arrays, for benchmarks: (h, w, 4) premultiplied linear. Needs a current context.

    `layers`: "color" (h, w, 4), "albedo", "normal" (h, w, 3) as means over hits, "depth" (h, w) over hits, "luminance2"
    (h, w), the mean square of a sample's luminance; all but the first may be absent.
    """
    color = np.asarray(layers["color"], np.float32)
    height, width = color.shape[:2]
    hits = color[..., 3:] * samples
    empty = np.zeros((height, width, 1), np.float32)

    def over_hits(name: str, absent: float) -> NDArray[Any]:
        if name not in layers:
            return np.repeat(hits, 3, axis=2) * absent
        return np.nan_to_num(np.asarray(layers[name], np.float32), posinf=0.0, neginf=0.0)[..., :3] * hits

    depth = np.nan_to_num(np.asarray(layers.get("depth", empty[..., 0]), np.float32), posinf=0.0)[..., None] * hits
    luminance2 = layers.get("luminance2", (color[..., :3] @ np.array([0.2126, 0.7152, 0.0722])) ** 2)
    arrays = (
        color * samples,
        np.concatenate([depth, np.asarray(luminance2)[..., None] * samples, empty + samples, empty], axis=2),
        np.concatenate([over_hits("albedo", 1.0), hits], axis=2),
        np.concatenate([over_hits("normal", 0.0), empty], axis=2),
        color,
    )
    textures = [Texture2D(width, height, RGBA32F) for _ in arrays]
    worth, denoiser = Texture2D(width, height, R32F), Denoiser(width, height)
    try:
        for texture, array in zip(textures, arrays, strict=True):
            texture.write(array)
        worth.write(empty + samples)
        done = denoiser.run(Guides(*textures[:4]), textures[4], worth, (width, height), pixel_size=1.5 / height)
        return done.read().astype(np.float32, copy=False)
    finally:
        denoiser.close()
        for texture in (*textures, worth):
            texture.close()
