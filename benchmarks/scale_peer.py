"""One size of `benchmarks.scale` in a process of its own: it opens, says its figures, and then draws when it is asked.

Reads commands from stdin, a line each, and answers each with one line of JSON on stdout:
`open` (open the scene, first picture, all resident), `view rest|zoomed` (show it, wait until all is resident),
`sample N` (draw N samples of the whole picture, in seconds a sample), `memory`, `picture FILE`, `end`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.approach import near_state
from benchmarks.residency import (
    device_bytes,
    gpu_memory_used_bytes,
    new_renderer,
    resident_set_bytes,
    until_picture,
    until_resident,
    warm,
)
from render.commands.frame import parse_size
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import Scene, open_scene
from render.state.layer import ImageLayer
from render.state.view import ViewState

STILL_SAMPLES = 16


class Peer:
    """The scene of a spec and its renderer, and what can be asked of them."""

    def __init__(self, context: Context, options: argparse.Namespace) -> None:
        self._context = context
        self._options = options
        self._width, self._height = parse_size(options.size)
        self._sequence = self._seed = 0
        self._shown = ViewState()
        self._scene: Scene | None = None
        self._renderer: Renderer | None = None

    def open(self) -> dict[str, Any]:
        started = time.perf_counter()
        self._scene = open_scene([self._options.spec])
        opened_s = time.perf_counter() - started
        self._renderer = self._new_renderer(self._scene)
        self._show(self._look(self._scene.default_state))
        until_picture(self._renderer, self._options.timeout)
        picture_s = time.perf_counter() - started
        until_resident(self._renderer, self._options.timeout)
        return {"open_s": opened_s, "picture_s": picture_s, "resident_s": time.perf_counter() - started}

    def view(self, which: str) -> dict[str, Any]:
        state = self._look(self.scene.default_state)
        if which == "zoomed":
            state = near_state(self.scene, state, self._height)
        started = time.perf_counter()
        self._show(state)
        try:
            until_resident(self.renderer, self._options.timeout)
        except TimeoutError as late:
            return {"resident_s": None, "late": str(late)}
        return {"resident_s": time.perf_counter() - started}

    def sample(self, count: str) -> dict[str, Any]:
        """Of a view whose bricks are there, drawn anew at full resolution."""
        renderer, now_s = self.renderer, time.monotonic()
        self._seed += 1
        self._show(self._shown.model_copy(update={"seed": self._seed, "samples": int(count)}))
        renderer.step(now_s, 0.0)  # as if in motion, which is over a second later
        started, frame = time.perf_counter(), renderer.step(now_s + 1.0, 0.0)
        while frame.scale < 1.0 or frame.samples < int(count):
            frame = renderer.step(now_s + 1.0, 10.0)
        return {"sample_s": (time.perf_counter() - started) / int(count)}

    def memory(self) -> dict[str, Any]:
        peak, now = resident_set_bytes()
        return {
            "rss_peak": peak, "rss": now, "device": device_bytes(self.renderer), "gpu_used": gpu_memory_used_bytes(),
        }  # fmt: skip

    def picture(self, path: str) -> dict[str, Any]:
        from PIL import Image

        Image.fromarray(self.renderer.picture(self._width, self._height, STILL_SAMPLES)).save(path)
        return {"picture": path}

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
        if self._scene is not None:
            self._scene.close()

    @property
    def scene(self) -> Scene:
        assert self._scene is not None
        return self._scene

    @property
    def renderer(self) -> Renderer:
        assert self._renderer is not None
        return self._renderer

    def _new_renderer(self, scene: Scene) -> Renderer:
        budget = self._options.budget
        size = (self._width, self._height)
        return new_renderer(self._context, scene, size, None if budget is None else budget << 20)

    def _show(self, state: ViewState) -> None:
        self._shown = state
        self._sequence += 1
        self.renderer.set_state(state, self._sequence)

    def _look(self, state: ViewState) -> ViewState:
        """All channels, or the first one alone and opaque."""
        if self._options.channels == "all":
            return state
        layers = []
        for layer in state.layers:
            if isinstance(layer, ImageLayer):
                channels = tuple(
                    channel.model_copy(update={"visible": number == 0}) for number, channel in enumerate(layer.channels)
                )
                layer = layer.model_copy(update={"channels": channels})
            layers.append(layer)
        return state.model_copy(update={"layers": tuple(layers)})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("spec")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--channels", choices=("all", "one"), default="all")
    parser.add_argument("--budget", type=int, metavar="MIB")
    parser.add_argument("--timeout", type=float, default=300.0)
    parser.add_argument("--device", type=int)
    options = parser.parse_args()
    with closing(Context.create(options.device)) as context, closing(Peer(context, options)) as peer:
        warm(context, parse_size(options.size), options.timeout)
        _answer({"device": context.info.name, "software": context.info.software})
        commands: dict[str, Callable[..., dict[str, Any]]] = {
            "open": peer.open, "view": peer.view, "sample": peer.sample, "memory": peer.memory, "picture": peer.picture,
        }  # fmt: skip
        for line in sys.stdin:
            name, *arguments = line.split(maxsplit=1)
            if name == "end":
                break
            _answer(commands[name](*(argument.strip() for argument in arguments)))


def _answer(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
