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
        ("eye", "vec4"),  # unit space, moved forward by lens.z; w = 1 perspective, 0 orthographic
        ("forward", "vec4"),  # unit vector
        ("right", "vec4"),  # half the picture's width at distance 1 (perspective) or at any distance (orthographic)
        ("up", "vec4"),  # likewise half its height
        ("right_unit", "vec4"),  # unit vectors
        ("up_unit", "vec4"),
        ("lens", "vec4"),  # its radius, 1 / the distance that is sharp, how far from it rays begin (unit space), 0
        ("stereo", "vec4"),  # 1 = two pictures side by side; half the eyes' separation; 1 / where they meet
        ("crop_lo", "vec4"),  # unit space
        ("crop_hi", "vec4"),
        ("sky_top", "vec4"),  # radiances; with an environment map sky_middle is its factor
        ("sky_middle", "vec4"),
        ("sky_bottom", "vec4"),
        ("sky_up", "vec4"),
        ("sky_x", "vec4"),  # rows of sky_from_world: an environment map's axes
        ("sky_y", "vec4"),
        ("sky_z", "vec4"),
        ("picture", "ivec4"),  # width, height of the whole picture; x, y of the window's first pixel in it
        ("window", "ivec4"),  # width, height of the window that the accumulator holds; 0, 0
        ("seed", "uint"),
        ("density", "float"),  # extinction per unit length at opacity 1
        ("shading_mode", "int"),  # 0 mixed, 1 brdf, 2 phase
        ("gradient_factor", "float"),
        ("anisotropy", "float"),
        ("sky_chance", "float"),  # of asking the sky for light rather than one of the lights
        ("light_count", "int"),
        ("direct_mode", "int"),  # 0 both techniques weighted, 1 directions from lights, 2 from vertices
        ("scatterings", "int"),  # events a path
        ("rays", "int"),  # looking and shadow rays a path
        ("firefly_limit", "float"),  # of the radiance that one event adds
        ("gradient_taps", "int"),  # 6: a voxel's neighbours; not a constant so that loops stay loops
        ("march_step", "float"),  # marches and projections: voxels a step
        ("backdrop", "int"),  # bit 0: the sky is seen, bit 1: some light is
        ("exposure", "float"),  # the factor that the display will apply
    ),
)

VOLUME = Struct(
    "Volume",
    (
        ("grid_x", "vec4"),  # rows of grid_from_unit: grid position g in [0, n], voxel i spans [i, i + 1]
        ("grid_y", "vec4"),
        ("grid_z", "vec4"),
        ("unit_x", "vec4"),  # rows of unit_from_grid
        ("unit_y", "vec4"),
        ("unit_z", "vec4"),
        ("size", "ivec4"),  # voxels nx, ny, nz; w = 0 of images, 1 + its number among the segmentations of labels
        ("bricks", "ivec4"),  # bricks bx, by, bz; w = first channel
        ("cells", "ivec4"),  # macrocells cx, cy, cz (0 of paged volumes); w = number of channels
        ("cell_base", "int"),  # of this volume's macrocells in cells[]
        ("voxel_unit", "float"),  # the smallest voxel edge in unit space
        ("paged", "ivec4"),  # of paged volumes: first of levels[], first node, number of the top stage; 0
    ),
)

LEVEL = Struct(
    "Level",
    (
        ("scale", "vec4"),  # voxels of this level a voxel of the finest; w = its smallest edge, unit space
        ("offset", "vec4"),  # g / 2^shift + offset is the place of g in this level's grid
        ("shift", "ivec4"),  # log2 of the finest level's voxels along a voxel
        ("size", "ivec4"),  # in voxels
    ),
)

CUT = Struct(
    "Cut",
    (
        ("lo", "vec4"),  # the crop box's bounds in this volume's grid coordinates, inside [0, n]; w = 1: drawn
        ("hi", "vec4"),  # w = the largest opacity that counts
        ("has_uncut", "int"),  # 1: some channel is not cut by crop box and planes
    ),
)

CHANNEL = Struct(
    "Channel",
    (
        ("specular", "vec4"),  # rgb = colour times share; w = roughness
        ("emission", "vec4"),  # rgb = radiance of a collision; w = the diffuse lobe's share
        ("page_base", "int"),  # of this channel's page table in pages[]
        ("range_base", "int"),  # of its macrocells in ranges[]
        ("majorant_base", "int"),  # of its first macrocell in majorants[], and the step to the next
        ("majorant_stride", "int"),
        ("lut_base", "int"),  # of its transfer function in lut[]
        ("table_base", "int"),  # of its range-maximum table in max_table[]
        ("scale", "float"),  # x = texel fraction * scale + bias: 0..1 inside the window
        ("bias", "float"),
        ("weight", "float"),  # opacity of the whole channel; 0 = not drawn
        ("gradient_base", "int"),  # of its factors in gradient_lut[]; -1: none
        ("clipped", "int"),  # 1: crop box and planes cut it
        ("isovalue", "float"),  # as a texel fraction
    ),
)

LIGHT = Struct(
    "Light",
    (
        ("centre", "vec4"),  # unit space; w = area
        ("u", "vec4"),  # half edges of a rectangle, radii of a disc; x = the radius of a sphere
        ("v", "vec4"),
        ("normal", "vec4"),  # the side that shines; of directional lights the direction to it
        ("radiance", "vec4"),  # of points the radiant intensity, of directional lights the irradiance
        ("kind", "int"),  # as lib/light.glsl has it
        ("chance", "float"),  # of being asked for light
        ("seen", "int"),  # 1: shows in the picture
    ),
)

STRUCTS = (PARAMS, VOLUME, LEVEL, CUT, CHANNEL, LIGHT)


def declarations() -> str:
    """The GLSL text of all structs, included by the shaders as "generated/layout.glsl"."""
    return "".join(struct.glsl for struct in STRUCTS)
