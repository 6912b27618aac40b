"""How the picture is computed: the mode, how light is followed, how samples are spent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Node, Unit

Mode = Literal["path", "march", "maximum", "minimum", "average", "isosurface", "slices"]


class Rendering(Node):
    """`mode`: path tracing, emission-absorption ray march, projections, isosurfaces, or slices alone.

    `scatterings`: at most so many scattering events a path; beyond the third Russian roulette ends paths.
    `mixing` is what happens where channels of one image overlap: `physical` adds extinctions and a collision picks its
    channel in proportion; `max` takes the channel of the largest opacity alone; `additive` adds extinctions and also
    colours, as light adds up.
    `interpolation` of voxels. `step_vox`: of marches and projections, in voxels.
    `sampler`: Owen-scrambled Sobol points with blue-noise offsets, or independent random numbers.
    `direct`: how direct light is sampled; all three have the same mean.
    `firefly_limit`: no path adds more radiance than this to a sample (0: no limit).
    `extinction_cap`: no more than so many mean free paths a voxel or pixel, whichever is larger (0: no cap).
    `reference` switches both off. `noise_threshold`: a tile whose relative standard error is below this is not
    sampled further (0: all are). `denoise`: the moving picture is filtered while samples are few.
    """

    mode: Mode = "path"
    scatterings: Annotated[int, Field(ge=1, le=1024)] = 1
    mixing: Literal["physical", "max", "additive"] = "physical"
    interpolation: Literal["linear", "nearest"] = "linear"
    step_vox: Annotated[float, Field(ge=0.05, le=100.0)] = 0.5
    sampler: Literal["sobol", "independent"] = "sobol"
    direct: Literal["mis", "light", "bsdf"] = "mis"
    firefly_limit: Annotated[float, Field(ge=0.0, le=1e6)] = 20.0
    extinction_cap: Annotated[float, Field(ge=0.0, le=1e6)] = 2.0
    reference: bool = False
    noise_threshold: Unit = 0.0
    denoise: bool = True
