"""How soon a volume on disk is seen: from the request to open it to its first picture, on a worker that is up.

    python -m benchmarks.disk PATH [--size 640x480] [--repeats 3] [--limit 2] [--device N] [--out DIR] [--json FILE]

First as the server has it: a worker process by its supervisor, warmed by another scene; the time from the message that
opens PATH to the first encoded picture of it. Then in this process, with a renderer that is warm: the first picture,
all that the first view wants on the device, and, zoomed in until voxels of the finest level are larger than pixels,
the first picture there and all of it. The first picture through the worker has to be there within `--limit` seconds;
ends with status 1 where it is not, or where the finest level is not reached.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.approach import near_state
from benchmarks.machine import Machine, Spread
from benchmarks.residency import WARMING, new_renderer, resident_set_bytes, until_picture, until_resident, warm
from render.commands.frame import parse_size
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import Scene, open_scene
from render.source.base import Shape3, Source, SourceInfo
from render.space import apply
from render.worker.protocol import Failed, FromWorker, OpenScene, OpenView, Packet, StreamControl, WorkerReady
from render.worker.supervisor import Status, Supervisor

FIGURES = (
    ("worker_picture_s", "first picture, by the worker"),
    ("open_s", "scene open"),
    ("picture_s", "first picture"),
    ("resident_s", "all that the view wants"),
    ("zoomed_picture_s", "zoomed in: first picture"),
    ("zoomed_resident_s", "zoomed in: all of the finest"),
)


class Inbox:
    """What the worker says, in order."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[FromWorker | str] = asyncio.Queue()

    def on_worker_message(self, message: FromWorker, payload: bytes) -> None:
        self._messages.put_nowait(message)

    def on_worker_status(self, status: Status, message: str) -> None:
        if status != "ready":
            self._messages.put_nowait(f"the worker is {status}: {message}")

    async def until(self, kind: type[FromWorker], view: str | None = None) -> None:
        """Until there is a message of a kind, of a view. Raises RuntimeError with what the worker complains of."""
        while True:
            message = await self._messages.get()
            if isinstance(message, str):
                raise RuntimeError(message)
            if isinstance(message, Failed):
                raise RuntimeError(message.message)
            if isinstance(message, kind) and view in (None, getattr(message, "view", None)):
                return


async def through_worker(
    path: str, size: tuple[int, int], repeats: int, device: int | None, limit_s: float
) -> list[float]:
    """Seconds from the request to the first encoded picture, each with a worker of its own."""
    found = []
    for _ in range(repeats):
        supervisor, inbox = Supervisor(device=device), Inbox()
        supervisor.start(inbox)
        try:
            async with asyncio.timeout(limit_s):
                await inbox.until(WorkerReady)
                for name, opened in (("warm", WARMING), ("disk", path)):
                    started = time.perf_counter()
                    supervisor.open_scene(OpenScene(scene=name, paths=(opened,)))
                    supervisor.open_view(OpenView(view=name, scene=name, width=size[0], height=size[1]))
                    supervisor.control(StreamControl(view=name, key_frames={"h264": -1}))
                    await inbox.until(Packet, name)
                    elapsed = time.perf_counter() - started
                    supervisor.close_view(name)
                found.append(elapsed)
        finally:
            await supervisor.close()
    return found


class Watched:
    """A source that keeps which levels were read where a point lies."""

    def __init__(self, source: Source, world: tuple[float, float, float]) -> None:
        self._source = source
        self._world = world
        self.levels: set[int] = set()

    @property
    def info(self) -> SourceInfo:
        return self._source.info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        voxels = self._source.read(level, channel, time, lo, hi)
        x, y, z = np.rint(apply(np.linalg.inv(self.info.levels[level].world_from_vox), np.array(self._world)))
        if all(a <= at < b for a, at, b in zip(lo, (z, y, x), hi, strict=True)):
            self.levels.add(level)
        return voxels

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return self._source.is_absent(level, channel, time, lo, hi)

    def close(self) -> None:
        self._source.close()


def in_process(
    context: Context, path: str, size: tuple[int, int], timeout_s: float, out: Path | None
) -> dict[str, float]:
    """The times of one opening, zooming included, with a warm renderer, and the finest level that was read there."""
    with closing(open_scene([path])) as scene:
        near = near_state(scene, scene.default_state, size[1])
    warm(context, size, timeout_s)
    found: dict[str, float] = {}
    started = time.perf_counter()
    with closing(open_scene([path])) as opened:
        found["open_s"] = time.perf_counter() - started
        layer = opened.layers[0]
        watched = Watched(layer.source, near.camera.focal_point)
        scene = Scene(opened.name, [replace(layer, source=watched), *opened.layers[1:]])
        with closing(new_renderer(context, scene, size)) as renderer:
            until_picture(renderer, timeout_s)
            found["picture_s"] = time.perf_counter() - started
            until_resident(renderer, timeout_s)
            found["resident_s"] = time.perf_counter() - started
            _keep(renderer, size, out, "whole.png")
            started = time.perf_counter()
            renderer.set_state(near, 1)
            until_picture(renderer, timeout_s)
            found["zoomed_picture_s"] = time.perf_counter() - started
            until_resident(renderer, timeout_s)
            found["zoomed_resident_s"] = time.perf_counter() - started
            _keep(renderer, size, out, "zoomed.png")
            found["finest_level"] = float(min(watched.levels))
    return found


def _keep(renderer: Renderer, size: tuple[int, int], out: Path | None, name: str) -> None:
    if out is not None:
        from PIL import Image

        out.mkdir(parents=True, exist_ok=True)
        Image.fromarray(renderer.picture(*size, 16)).save(out / name)


def main() -> None:
    options = _options()
    size = parse_size(options.size)
    found: dict[str, list[float]] = {}
    found["worker_picture_s"] = asyncio.run(
        through_worker(options.path, size, options.repeats, options.device, options.timeout)
    )
    with closing(Context.create(options.device)) as context:
        device = context.info.name
        for _ in range(options.repeats):
            for name, value in in_process(context, options.path, size, options.timeout, options.out).items():
                found.setdefault(name, []).append(value)
    figures = {name: Spread.of(values) for name, values in found.items()}
    print(f"{options.path} at {options.size}; {device}; {Machine.here()}\n")
    for name, what in FIGURES:
        spread = figures[name]
        print(f"{what:32} {spread.median:7.2f} s  ({spread.lo:.2f} to {spread.hi:.2f})")
    print(f"{'host memory of this process':32} {resident_set_bytes()[0] / 1e9:7.2f} GB at the peak\n")
    kept = figures["worker_picture_s"].median <= options.limit
    print(f"{'PASS' if kept else 'FAIL'}  first picture within {options.limit:g} s")
    finest = int(figures["finest_level"].hi)
    print(f"{'FAIL' if finest else 'PASS'}  zooming in reaches the finest level (read: level {finest})")
    kept = kept and not finest
    if options.json:
        told: dict[str, Any] = {"path": options.path, "device": device, "machine": str(Machine.here())}
        told |= {"samples": found, "kept": kept}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if not kept:
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", metavar="PATH", help="an OME-Zarr, or whatever hosta can open")
    parser.add_argument("--size", default="640x480", metavar="WxH")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds that the first picture may take")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds after which anything counts as hung")
    parser.add_argument("--device", type=int, help="the EGL device, as hosta doctor numbers them")
    parser.add_argument("--out", type=Path, help="a folder for pictures of both views")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
