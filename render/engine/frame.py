"""Facts about the picture that a renderer shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """What the renderer shows after a step.

    `active_share` is the part of the picture that is still sampled: less than 1 when tiles were found free of noise.
    `resident`: nothing that the picture needs is still to be loaded; `missing` counts what is.
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
    resident: bool
    missing: int
    render_s: float
