"""GPU data layouts, declared once: the numpy dtype and the GLSL struct come from the same list of fields (std430)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# GLSL type -> (alignment in bytes, numpy format). vec3 is left out on purpose: its padding is a trap.
_TYPES: dict[str, tuple[int, str, int]] = {
    "int": (4, "<i4", 1), "uint": (4, "<u4", 1), "float": (4, "<f4", 1),
    "vec2": (8, "<f4", 2), "ivec2": (8, "<i4", 2),
    "vec4": (16, "<f4", 4), "ivec4": (16, "<i4", 4), "uvec4": (16, "<u4", 4),
}  # fmt: skip


@dataclass(frozen=True)
class Struct:
    """A struct in a storage buffer: `fields` are (name, GLSL type)."""

    name: str
    fields: tuple[tuple[str, str], ...]

    @property
    def dtype(self) -> np.dtype[np.void]:
        """The numpy dtype with std430's offsets; its size is a multiple of the largest alignment."""
        names, formats, offsets, at, widest = [], [], [], 0, 4
        for name, kind in self.fields:
            alignment, code, count = _TYPES[kind]
            at = (at + alignment - 1) // alignment * alignment
            names.append(name)
            formats.append((code, (count,)) if count > 1 else code)
            offsets.append(at)
            at += 4 * count
            widest = max(widest, alignment)
        size = (at + widest - 1) // widest * widest
        return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})

    @property
    def glsl(self) -> str:
        lines = "".join(f"    {kind} {name};\n" for name, kind in self.fields)
        return f"struct {self.name} {{\n{lines}}};\n"

    def array(self, count: int) -> NDArray[Any]:
        """`count` zeroed records."""
        return np.zeros(count, self.dtype)


PARAMS = Struct(
    "Params",
    (
        ("eye", "vec4"),  # unit space; w = 1 perspective, 0 orthographic
        ("forward", "vec4"),  # unit vector
        ("right", "vec4"),  # half the picture's width at distance 1 (perspective) or at any distance (orthographic)
        ("up", "vec4"),  # likewise half its height
        ("crop_lo", "vec4"),  # unit space
        ("crop_hi", "vec4"),
        ("light_centre", "vec4"),  # unit space; w = area
        ("light_u", "vec4"),  # half edges
        ("light_v", "vec4"),
        ("light_normal", "vec4"),  # the side that shines
        ("light_radiance", "vec4"),
        ("sky_top", "vec4"),
        ("sky_middle", "vec4"),
        ("sky_bottom", "vec4"),
        ("sky_up", "vec4"),
        ("picture", "ivec4"),  # width, height of the whole picture; x, y of the window's first pixel in it
        ("window", "ivec4"),  # width, height of the window that the accumulator holds; 0, 0
        ("seed", "uint"),
        ("density", "float"),  # extinction per unit length at opacity 1
        ("shading_mode", "int"),  # 0 mixed, 1 brdf, 2 phase
        ("gradient_factor", "float"),
        ("anisotropy", "float"),
        ("specular", "float"),
        ("roughness", "float"),
        ("area_probability", "float"),  # of choosing the area light rather than the sky
        ("rays", "int"),  # path tracer: 2 = look and shadow, 1 = look only (no light is on)
        ("march_step", "float"),  # ray march: voxels a step
    ),
)

VOLUME = Struct(
    "Volume",
    (
        ("grid_x", "vec4"),  # rows of grid_from_unit: grid position g in [0, n], voxel i spans [i, i + 1]
        ("grid_y", "vec4"),
        ("grid_z", "vec4"),
        ("size", "ivec4"),  # voxels nx, ny, nz; w = 1 for labels
        ("bricks", "ivec4"),  # bricks bx, by, bz; w = first channel
        ("cells", "ivec4"),  # macrocells cx, cy, cz; w = number of channels
        ("cell_base", "int"),  # of this volume's macrocells in cells[]
        ("voxel_unit", "float"),  # the smallest voxel edge in unit space
    ),
)

CUT = Struct(
    "Cut",
    (
        (
            "lo",
            "vec4",
        ),  # the crop box in this volume's grid coordinates (its bounds there, inside [0, n]); w = 1: drawn
        ("hi", "vec4"),
    ),
)

CHANNEL = Struct(
    "Channel",
    (
        ("page_base", "int"),  # of this channel's page table in pages[]
        ("range_base", "int"),  # of its macrocells in ranges[] and majorants[]
        ("lut_base", "int"),  # of its transfer function in lut[]
        ("table_base", "int"),  # of its range-maximum table in max_table[]
        ("scale", "float"),  # x = texel fraction * scale + bias: 0..1 inside the window
        ("bias", "float"),
        ("weight", "float"),  # opacity of the whole channel; 0 = not drawn
        ("padding", "int"),  # std140 rounds the stride of an array up to 16 bytes
    ),
)

STRUCTS = (PARAMS, VOLUME, CUT, CHANNEL)


def declarations() -> str:
    """The GLSL text of all structs, included by the shaders as "generated/layout.glsl"."""
    return "".join(struct.glsl for struct in STRUCTS)
