"""How far a renderer is with a view: its first picture, all that it wants on the device, and what that takes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from render.engine.frame import Frame
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import Scene, open_scene

STEP_S = 0.02
WARMING = "synthetic:cell?size=2048&seed=1"
"""A scene that warms a renderer for another one: large enough that the same programs draw it."""


def new_renderer(context: Context, scene: Scene, size: tuple[int, int], budget_bytes: int | None = None) -> Renderer:
    """With a limit to what it may take on the device, or the engine's own."""
    limits: dict[str, Any] = {} if budget_bytes is None else {"budget_bytes": budget_bytes}
    return Renderer(context, scene, *size, **limits)


def warm(context: Context, size: tuple[int, int], timeout_s: float) -> None:
    """Draw another scene: afterwards shaders are compiled and modules loaded, as in a worker that is up."""
    with closing(open_scene([WARMING])) as scene, closing(new_renderer(context, scene, size)) as renderer:
        until_picture(renderer, timeout_s)
        renderer.render_still(1)


def until_picture(renderer: Renderer, timeout_s: float) -> Frame:
    """Step until there is a picture of the present state that shows some matter. Raises TimeoutError."""

    def shows(frame: Frame) -> bool:
        return frame.fresh and bool(renderer.read_mean()[..., 3].any())

    return _until(renderer, timeout_s, shows, "there is no picture")


def until_resident(renderer: Renderer, timeout_s: float) -> Frame:
    """Step until all bricks that the view wants are on the device. Raises TimeoutError."""
    return _until(renderer, timeout_s, is_resident, "bricks are still missing")


def is_resident(frame: Frame) -> bool:
    """Whether nothing is missing; an engine that loads all bricks before it draws says nothing of it."""
    return bool(getattr(frame, "resident", True)) and frame.samples >= 1


def device_bytes(renderer: Renderer) -> int | None:
    """What the scene takes on the device by the renderer's own account; None where it keeps none."""
    told = getattr(renderer.resident, "device_bytes", None)
    return int(told) if told is not None else None


def gpu_memory_used_bytes() -> int | None:
    """Of all processes on the first NVIDIA GPU; None where there is none."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"],
            capture_output=True, encoding="ascii", check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return int(done.stdout.strip()) << 20


def resident_set_bytes() -> tuple[int, int]:
    """Of this process: the largest it ever was, and now (proc(5): VmHWM, VmRSS)."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return tuple(int(fields[name].split()[0]) << 10 for name in ("VmHWM", "VmRSS"))  # type: ignore[return-value]


def _until(renderer: Renderer, timeout_s: float, done: Callable[[Frame], bool], what: str) -> Frame:
    deadline = time.monotonic() + timeout_s
    while True:
        frame = renderer.step(time.monotonic(), STEP_S)
        if done(frame):
            return frame
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} after {timeout_s:g} s; missing {getattr(frame, 'missing', 'unknown')}")
