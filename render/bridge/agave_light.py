"""AGAVE's two lights, a sky of three colours and one rectangle, in ours.

The rectangle's radiance is colour / area. A light's `intensity` here is the irradiance at what it faces, over pi:
radiance times the rectangle's form factor (state.light.rectangle_share), from afar colour / (pi d^2), d its distance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..state.light import Lighting, RectangleLight, Sky, rectangle_share
from .agave_file import DEFAULT_AREA, DEFAULT_SKY, LightPart, Triple
from .agave_frame import AgaveFrame, triple, turn_from_z, turned
from .agave_look import encode

SKY = 1


def lighting_of(parts: Sequence[LightPart], frame: AgaveFrame, longest_um: float) -> tuple[Lighting, tuple[str, ...]]:
    """The lights of a save file, and what differs. `longest_um` is the longest side of our scene's box."""
    notes: list[str] = []
    sky, area = _told_apart(parts)
    if len(parts) > 2:
        notes.append(f"The file has {len(parts)} lights; AGAVE uses the first sky and the first rectangle.")
    return Lighting(lights=(_rectangle(area, frame, longest_um, notes),), sky=_sky(sky, frame, notes)), tuple(notes)


def _told_apart(parts: Sequence[LightPart]) -> tuple[LightPart, LightPart]:
    """The sky and the rectangle: by type, else by place (AGAVE writes the sky first)."""
    kinds = [SKY if number == 0 else 0 for number in range(len(parts))]
    typed = [kind if part.type is None else part.type for part, kind in zip(parts, kinds, strict=True)]
    sky = next((part for part, kind in zip(parts, typed, strict=True) if kind == SKY), DEFAULT_SKY)
    area = next((part for part, kind in zip(parts, typed, strict=True) if kind != SKY), DEFAULT_AREA)
    return sky, area


def direction_of(part: LightPart) -> Triple:
    """Where a light stands, seen from the volume's centre, in AGAVE's axes; of length 1.

    AGAVE's formula is (sin phi sin theta, cos phi, sin phi cos theta); the rotation that newer files hold turns +z.
    """
    if part.rotation is not None and any(part.rotation):
        return triple(turned(part.rotation, (0.0, 0.0, 1.0)))
    sin_phi = math.sin(part.phi)
    return sin_phi * math.sin(part.theta), math.cos(part.phi), sin_phi * math.cos(part.theta)


def _rectangle(part: LightPart, frame: AgaveFrame, longest_um: float, notes: list[str]) -> RectangleLight:
    unit = frame.um / longest_um  # of AGAVE's lengths in ours
    color = [max(c * part.color_intensity, 0.0) for c in part.color]
    brightest = max(color)
    distance = part.distance * unit
    if not distance > 0.0:
        notes.append("The rectangular light has no distance from the volume; it was put 1.5 away.")
        distance = 1.5 * unit
    direction = direction_of(part)
    reach = distance / unit
    width, height = max(part.width, 1e-6), max(part.height, 1e-6)
    centre = frame.centre
    away = frame.direction(direction)
    position = triple(np.asarray(centre) + reach * frame.um * np.asarray(away))
    up = turned(part.rotation, (0.0, 1.0, 0.0)) if part.rotation is not None and any(part.rotation) else None
    if up is None:
        up = turned((0.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0) if abs(direction[1]) < 0.999 else (0.0, 0.0, 1.0))
    return RectangleLight(
        visible=brightest > 0.0,
        distance=min(max(distance, 0.01), 100.0),
        position=position,
        target=centre,
        up=frame.direction(up),
        color=encode([c / brightest for c in color]) if brightest > 0.0 else (1.0, 1.0, 1.0),
        # Its radiance is its colour over its area; the lengths' unit cancels.
        intensity=brightest / (width * height) * rectangle_share(width / 2 / reach, height / 2 / reach),
        width=min(max(part.width * unit, 0.001), 100.0),
        height=min(max(part.height * unit, 0.001), 100.0),
        follow_camera=False,
        seen=False,
    )


def _sky(part: LightPart, frame: AgaveFrame, notes: list[str]) -> Sky:
    colors = [
        [max(c * strength, 0.0) for c in color]
        for color, strength in (
            (part.top_color, part.top_color_intensity),
            (part.middle_color, part.middle_color_intensity),
            (part.bottom_color, part.bottom_color_intensity),
        )
    ]
    brightest = max(max(color) for color in colors)
    scaled = [encode([c / brightest for c in color]) if brightest > 0.0 else (0.0, 0.0, 0.0) for color in colors]
    if scaled[0] != scaled[1] or scaled[1] != scaled[2]:
        notes.append("Between its colours AGAVE's sky changes with the angle, Hosta's with the height.")
    axis = turned(part.rotation, (0.0, 1.0, 0.0)) if part.rotation is not None else (0.0, 1.0, 0.0)
    return Sky(
        visible=brightest > 0.0,
        top=scaled[0],
        middle=scaled[1],
        bottom=scaled[2],
        intensity=brightest if brightest > 0.0 else 0.0,
        follow_camera=False,
        rotation=turn_from_z(frame.direction(axis)),
        seen=False,
    )
