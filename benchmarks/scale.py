"""What a picture costs as the data grow: the synthetic cell at 1 GB, 1 TB and 1 PB a channel.

    python -m benchmarks.scale [--sides 1024,10000,100000] [--channels all] [--views rest,zoomed]
                               [--size 640x480] [--repeats 3] [--rounds 5] [--samples 2] [--budget MIB]
                               [--timeout 300] [--device N] [--out DIR] [--json FILE]

Each size runs in a process of its own that has drawn something before, as a worker that is up has. For each repeat
the sizes are opened one after the other, in another order each time; then all of them, resident, draw in turns, so
that what else the machine does hits them alike. The first size is the one that the others are set against.

Limits: a resident frame at most 1.2 times as long, the first picture after at most 1.5 times as long, and at most 2 GB
of host memory at the peak of a process. (Zoomed in, until voxels of the finest level are larger than pixels, each
size shows something else: those frames are told and not judged.) Ends with status 1 where a limit is passed. On a
software renderer the device's memory is host memory too, and counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.machine import Machine, Spread

FRAME_RATIO, PICTURE_RATIO, RSS_BYTES = 1.2, 1.5, 2_000_000_000
VIEWS = ("rest", "zoomed")
ROWS = (
    ("open_s", "open", "s"),
    ("picture_s", "first picture", "s"),
    ("resident_s", "all resident", "s"),
    ("rest_s", "frame, whole cell", "ms"),
    ("zoomed_resident_s", "resident after zoom", "s"),
    ("zoomed_s", "frame, zoomed in", "ms"),
    ("rss_peak", "host memory, peak", "MB"),
    ("rss", "host memory, at the end", "MB"),
    ("device", "device memory of the scene", "MB"),
)
SCALE = {"s": 1.0, "ms": 1e3, "MB": 1e-6}


class PeerProcess:
    """The process of one size. See `scale_peer`."""

    def __init__(self, spec: str, options: argparse.Namespace) -> None:
        command = [sys.executable, "-m", "benchmarks.scale_peer", spec, "--size", options.size]
        command += ["--channels", options.channels, "--timeout", str(options.timeout)]
        if options.budget is not None:
            command += ["--budget", str(options.budget)]
        if options.device is not None:
            command += ["--device", str(options.device)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.device: dict[str, Any] = self._read()

    def ask(self, command: str) -> dict[str, Any]:
        """Its answer. Raises RuntimeError when it ended instead."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of a size ended with status {self._process.wait()}; see above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> PeerProcess:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


def measure(options: argparse.Namespace) -> tuple[dict[int, dict[str, list[float]]], str]:
    """All samples of all figures by side and name, and the device's name."""
    found: dict[int, dict[str, list[float]]] = {side: {} for side in options.sides}

    def add(side: int, name: str, value: float | None) -> None:
        if value is not None:
            found[side].setdefault(name, []).append(value)

    device = ""
    for repeat in range(options.repeats):
        turn = repeat % len(options.sides)
        order = options.sides[turn:] + options.sides[:turn]
        with ExitStack() as running:
            peers: dict[int, PeerProcess] = {}
            for side in order:
                peer = running.enter_context(PeerProcess(f"synthetic:cell?size={side}", options))
                peers[side], device = peer, peer.device["device"]
                for name, value in peer.ask("open").items():
                    add(side, name, value)
                print(f"repeat {repeat + 1}: {side} is open", file=sys.stderr, flush=True)
            for view in options.views:
                for side, peer in peers.items():
                    shown = peer.ask(f"view {view}")
                    if shown["resident_s"] is None:
                        print(f"{side}, {view}: {shown['late']}", file=sys.stderr, flush=True)
                        add(side, "late", 1.0)
                        continue
                    if view == "zoomed":
                        add(side, "zoomed_resident_s", shown["resident_s"])
                    peer.ask(f"sample {options.samples}")  # the first one sets the pace
                    if options.out and not repeat:
                        peer.ask(f"picture {options.out / f'{side}-{view}.png'}")
                for _ in range(options.rounds):
                    for side, peer in peers.items():
                        add(side, f"{view}_s", peer.ask(f"sample {options.samples}")["sample_s"])
            for side, peer in peers.items():
                for name, value in peer.ask("memory").items():
                    add(side, name, value)
    return found, device


def medians(found: dict[int, dict[str, list[float]]]) -> dict[int, dict[str, float]]:
    return {side: {name: Spread.of(values).median for name, values in rows.items()} for side, rows in found.items()}


def verdicts(figures: dict[int, dict[str, float]]) -> list[tuple[str, float, float, bool]]:
    """(what, value, limit, whether it is kept) of each limit and side beyond the first."""
    first, *others = figures
    judged = []
    for side in others:
        for name, what, limit in (
            ("rest_s", "frame, whole cell", FRAME_RATIO),
            ("picture_s", "first picture", PICTURE_RATIO),
        ):
            if name not in figures[side] or name not in figures[first]:
                continue  # told below as late
            ratio = figures[side][name] / figures[first][name]
            judged.append((f"{what}, {side} / {first}", ratio, limit, ratio <= limit))
    for side, rows in figures.items():
        if "late" in rows:
            judged.append((f"views that did not become resident, {side}", rows["late"], 0.0, False))
        judged.append(
            (f"host memory in GB, {side}", rows["rss_peak"] / 1e9, RSS_BYTES / 1e9, rows["rss_peak"] <= RSS_BYTES)
        )
    return judged


def report(figures: dict[int, dict[str, float]], judged: list[tuple[str, float, float, bool]]) -> None:
    first = next(iter(figures))
    print(f"{'voxels a side':28}" + "".join(f"{side:>20}" for side in figures))
    print(f"{'a channel':28}" + "".join(f"{volume(side):>20}" for side in figures))
    for name, what, unit in ROWS:
        cells = []
        for rows in figures.values():
            value = rows.get(name)
            ratio = f"({value / figures[first][name]:.2f})" if value is not None and figures[first].get(name) else ""
            cells.append(f"{'-' if value is None else f'{value * SCALE[unit]:.1f}':>12} {ratio:>7}")
        print(f"{what + ', ' + unit:28}" + "".join(cells))
    print()
    for what, value, limit, kept in judged:
        print(f"{'PASS' if kept else 'FAIL'}  {what:44} {value:6.2f}, at most {limit:g}")


def volume(side: int) -> str:
    """Bytes of one uint8 channel, for people."""
    size, units = float(side) ** 3, ["B", "kB", "MB", "GB", "TB", "PB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.3g} {units[0]}"


def main() -> None:
    options = _options()
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    found, device = measure(options)
    figures = medians(found)
    judged = verdicts(figures)
    print(f"synthetic:cell at {options.size}, {options.channels} channel(s); medians, and ratios to the first size")
    print(f"{device}; {Machine.here()}\n")
    report(figures, judged)
    if options.json:
        told = {"device": device, "machine": str(Machine.here()), "size": options.size, "channels": options.channels}
        told |= {"samples": found, "medians": figures, "kept": all(kept for *_, kept in judged)}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if not all(kept for *_, kept in judged):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sides", type=lambda text: [int(part) for part in text.split(",")],
                        default=[1024, 10_000, 100_000], metavar="N,N,...")  # fmt: skip
    parser.add_argument("--channels", choices=("all", "one"), default="all", help="all five, or the membrane alone")
    parser.add_argument("--views", type=lambda text: text.split(","), default=list(VIEWS), metavar="NAME,NAME",
                        help="of rest and zoomed")  # fmt: skip
    parser.add_argument("--size", default="640x480", metavar="WxH")
    parser.add_argument("--repeats", type=int, default=3, help="of opening everything anew")
    parser.add_argument("--rounds", type=int, default=5, help="of drawing in turns, a repeat and view")
    parser.add_argument("--samples", type=int, default=2, help="of the whole picture that are timed together")
    parser.add_argument("--budget", type=int, metavar="MIB", help="device memory of each size; the engine's own choice")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds until all must be resident")
    parser.add_argument("--device", type=int, help="the EGL device, as hosta doctor numbers them")
    parser.add_argument("--out", type=Path, help="a folder for a picture of each size and view")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
