"""What a renderer gives: facts about the picture that it shows, and the layers that a still is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Layers:
    """Linear pictures of one view, top row first.

    `color` (height, width, 4) float32: premultiplied Rec. 709 radiance and coverage; `albedo` and `normal`
    (height, width, 3) float32 of what was met first, means over the samples, world axes; `depth` (height, width)
    float32, micrometres along the ray, inf where nothing is; `label` (height, width) uint64 ids, 0 where none is, or
    None without a segmentation.
    """

    color: NDArray[np.float32]
    albedo: NDArray[np.float32]
    normal: NDArray[np.float32]
    depth: NDArray[np.float32]
    label: NDArray[np.uint64] | None


@dataclass(frozen=True)
class Frame:
    """What the renderer shows after a step.

    `active_share` is the part of the picture that is still sampled: less than 1 when tiles were found free of noise.
    `fresh` is False when the step only got part of a sample done and the picture is still that of the step before.
    """

    sequence: int
    camera_seq: int
    width: int
    height: int
    scale: float
    samples: int
    target_samples: int
    converged: bool
    active_share: float
    fresh: bool
    render_s: float
