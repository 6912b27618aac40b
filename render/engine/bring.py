"""Brings a scene onto the device: whole where it fits, else brick by brick as they are needed."""

from __future__ import annotations

from ..gpu.context import Context
from ..scene.open import Progress, Scene
from .device_scene import DeviceScene
from .paged import PagedScene
from .resident import HARDWARE_BUDGET_BYTES, SOFTWARE_BUDGET_BYTES, ResidentScene, brick_payload, level_bytes


def bring(
    context: Context, scene: Scene, budget_bytes: int | None = None, progress: Progress | None = None
) -> DeviceScene:
    """A scene on the device within `budget_bytes` (by default a share of what the device has).

    Raises SourceError, GpuError, LimitError.
    """
    budget = budget_bytes or (SOFTWARE_BUDGET_BYTES if context.info.software else HARDWARE_BUDGET_BYTES)
    payload = brick_payload(scene)
    whole = sum(level_bytes(layer, 0, payload) for layer in scene.layers)
    moves = any(layer.source.info.n_times > 1 for layer in scene.layers)
    if whole <= budget and not moves:
        return ResidentScene(context, scene, budget_bytes=budget, progress=progress)
    return PagedScene(context, scene, budget_bytes=budget, progress=progress)
