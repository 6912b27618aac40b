"""Lightings by name. A white Lambert surface that faces the camera comes out at a radiance of about 1 in all but "rim".

Lights and sky follow the camera. The numbers are those of a photographer's studio, by eye; what they add up to is
tested. A light `intensity` bright, `azimuth` to the right and `elevation` up gives such a surface the radiance
intensity * cos(azimuth) * cos(elevation).
"""

from __future__ import annotations

import math

from .light import DirectionalLight, DiscLight, Lighting, RectangleLight, Sky

WHITE = (1.0, 1.0, 1.0)
_WARM = (1.0, 0.95, 0.88)
_COOL = (0.86, 0.93, 1.0)

# AGAVE's fresh window: a sky of 0.5, and a square of 0.15 at 1.5 whose colour is 10; its radiance is colour / area, so
# that it gives 10 / (pi 1.5^2) to what faces it. Its exposure of 0.75 makes four times that of it, which is too much
# for anything white: here both are scaled alike, so that together they are 1.
_AGAVE_SKY = 0.5
_AGAVE_AREA = 10.0 / (math.pi * 1.5**2)
_AGAVE_SCALE = 1.0 / (_AGAVE_SKY + _AGAVE_AREA)


def _grey(linear: float) -> tuple[float, float, float]:
    """The sRGB grey of a linear value above 0.0031."""
    value = 1.055 * linear ** (1 / 2.4) - 0.055
    return (value, value, value)


LIGHTING_PRESETS: dict[str, Lighting] = {
    # A large warm key from the upper left, a cool fill from the right, a rim light from behind, and a soft sky.
    "studio": Lighting(
        lights=(
            RectangleLight(
                azimuth=-38.0, elevation=38.0, distance=2.0, width=0.9, height=0.9, color=_WARM, intensity=1.2
            ),
            RectangleLight(
                azimuth=52.0, elevation=8.0, distance=2.2, width=1.4, height=1.4, color=_COOL, intensity=0.28
            ),
            RectangleLight(
                azimuth=152.0, elevation=38.0, distance=2.0, width=0.7, height=0.7, color=WHITE, intensity=1.4
            ),
        ),
        sky=Sky(top=(0.86, 0.92, 1.0), middle=(0.72, 0.74, 0.78), bottom=(0.46, 0.44, 0.43), intensity=0.5),
    ),
    # Bright edges on a dark front: two tall lights from behind and hardly any other.
    "rim": Lighting(
        lights=(
            RectangleLight(
                azimuth=-128.0, elevation=22.0, distance=2.0, width=0.5, height=1.6, color=WHITE, intensity=2.7
            ),
            RectangleLight(
                azimuth=132.0, elevation=22.0, distance=2.0, width=0.5, height=1.6, color=_COOL, intensity=2.4
            ),
        ),
        sky=Sky(top=(0.62, 0.72, 0.9), middle=(0.5, 0.55, 0.66), bottom=(0.3, 0.32, 0.38), intensity=0.45),
    ),
    # A lamp at the eye: no shadows but of what is near.
    "headlight": Lighting(
        lights=(DiscLight(azimuth=0.0, elevation=6.0, distance=2.0, radius=0.2, color=WHITE, intensity=1.0),),
        sky=Sky(top=WHITE, middle=WHITE, bottom=WHITE, intensity=0.15),
    ),
    # As even as can be: light from everywhere, and from four sides at 45 degrees as on a copy stand, so that a face
    # towards the camera does not shine. A lamp at the camera would lay a veil over it.
    "flat": Lighting(
        lights=tuple(
            DirectionalLight(
                azimuth=azimuth, elevation=elevation, color=WHITE, intensity=0.125 / math.cos(math.radians(45.0))
            )
            for azimuth, elevation in ((-45.0, 0.0), (45.0, 0.0), (0.0, 45.0), (0.0, -45.0))
        ),
        sky=Sky(top=WHITE, middle=WHITE, bottom=WHITE, intensity=0.6),
    ),
    # Ambient occlusion: a sky alone; what is dark is what sees little of it. Its top is three times as bright as its
    # bottom, as an overcast sky's is to the horizon (CIE S 011): where nothing is in the way, or modes know no
    # shadows, there is still shape.
    "ambient": Lighting(lights=(), sky=Sky(top=WHITE, middle=_grey(2 / 3), bottom=_grey(1 / 3), intensity=1.5)),
    "agave": Lighting(
        lights=(
            RectangleLight(
                azimuth=0.0,
                elevation=0.0,
                distance=1.5,
                width=0.15,
                height=0.15,
                color=WHITE,
                intensity=_AGAVE_AREA * _AGAVE_SCALE,
            ),
        ),
        sky=Sky(top=WHITE, middle=WHITE, bottom=WHITE, intensity=_AGAVE_SKY * _AGAVE_SCALE),
    ),
}
"""Names for lightings: studio, rim, headlight, flat, ambient, agave."""
