"""`hosta convert` against ngff-zarr on the same input: time, memory and size, in turns.

    python -m benchmarks.convert [--size 512] [--dtype uint16] [--repetitions 3] [--folder DIR] [--json FILE]

The input is a numpy file, `size` voxels a side: smooth structure with noise. Both make a pyramid of means with chunks
of 64 a side as OME-Zarr 0.5. Hosta also writes its index and verifies random boxes; it is measured as it comes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore
from scipy.ndimage import gaussian_filter

from benchmarks.machine import Machine, Spread
from benchmarks.ngff_peer import VARIANTS

TILE = 128
LAUNCHER = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
started = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
if status:
    sys.exit(f"{' '.join(sys.argv[1:])} ended with {os.waitstatus_to_exitcode(status)}")
print(time.perf_counter() - started, usage.ru_maxrss)
"""
"""A small process that starts the command: what started a process counts for its peak too."""


def make_input(path: Path, size: int, dtype: np.dtype[Any]) -> None:
    """Smooth structure that repeats every 128 voxels, and noise that does not."""
    rng = np.random.default_rng(0)
    base = gaussian_filter(rng.normal(size=(TILE,) * 3).astype(np.float32), 4, mode="wrap")
    base = (base - base.min()) / np.ptp(base)
    top = 0.05 * np.iinfo(dtype).max if dtype.itemsize > 1 else 200.0
    voxels = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(size,) * 3)
    for z in range(0, size, TILE):
        for y in range(0, size, TILE):
            for x in range(0, size, TILE):
                part = voxels[z : z + TILE, y : y + TILE, x : x + TILE]
                noise = rng.normal(0, top / 250, part.shape).astype(np.float32)
                cut = tuple(slice(0, n) for n in part.shape)
                part[...] = (base[cut] * top + noise + top / 40).clip(0, top * 1.2).astype(dtype)
    voxels.flush()


def timed(command: list[str]) -> tuple[float, int]:
    """Seconds and peak memory in bytes of a command in a process of its own."""
    ran = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], stdout=subprocess.PIPE, check=True)
    seconds, peak_kib = ran.stdout.split()[-2:]
    return float(seconds), int(peak_kib) << 10


def read_level(path: Path) -> np.ndarray[Any, Any]:
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{path}/"}}
    return np.asarray(tensorstore.open(spec, read=True).result()[...].read().result())


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def main() -> None:
    options = _options()
    machine = Machine.here()
    dtype = np.dtype(options.dtype)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        source, output = folder / "in.npy", folder / "out.ome.zarr"
        make_input(source, options.size, dtype)
        n_bytes = options.size**3 * dtype.itemsize
        print(f"{machine}; {options.size}^3 {dtype.name}, {n_bytes / 1e6:.0f} MB", flush=True)
        ours = [sys.executable, "-m", "render", "convert", str(source), str(output), "--spacing", "1um"]
        runs = {"hosta": ours}
        for variant in VARIANTS:
            runs[f"ngff-zarr, {variant}"] = [
                sys.executable, "-W", "ignore", "-m", "benchmarks.ngff_peer", str(source), str(output), variant,
            ]  # fmt: skip
        times: dict[str, list[float]] = {name: [] for name in runs}
        peaks: dict[str, list[float]] = {name: [] for name in runs}
        sizes: dict[str, int] = {}
        coarse: dict[str, np.ndarray[Any, Any]] = {}
        for _ in range(options.repetitions):
            for name, command in runs.items():
                shutil.rmtree(output, ignore_errors=True)
                seconds, peak = timed(command)
                times[name].append(seconds)
                peaks[name].append(peak)
                sizes[name] = size_of(output)
                level = output / "1" if name == "hosta" else output / "scale1" / "image"
                coarse[name] = read_level(level)
        reference = coarse["hosta"].astype(np.int64)
        for name in runs:
            spread, peak = Spread.of(times[name]), Spread.of(peaks[name]).median
            apart = int(np.abs(coarse[name].astype(np.int64) - reference).max())
            speed = n_bytes / 1e6 / spread.median
            results[name] = {
                "median_s": spread.median, "lo_s": spread.lo, "hi_s": spread.hi, "mb_per_s": speed,
                "peak_mib": peak / 2**20, "stored_mb": sizes[name] / 1e6, "level_1_differs_by": apart,
            }  # fmt: skip
            print(
                f"{name:28} {spread.median:6.1f} s ({spread.lo:.1f} .. {spread.hi:.1f})  {speed:5.0f} MB/s"
                f"  peak {peak / 2**20:5.0f} MiB  stored {sizes[name] / 1e6:5.0f} MB  level 1 within {apart}",
                flush=True,
            )
        peers = [result for name, result in results.items() if name != "hosta"]
        fastest = min(peers, key=lambda result: float(result["median_s"]))
        least = min(float(result["peak_mib"]) for result in peers)
        results["speed_ratio"] = fastest["median_s"] / results["hosta"]["median_s"]
        results["memory_ratio"] = results["hosta"]["peak_mib"] / least
        print(f"times the speed of the fastest of ngff-zarr's: {results['speed_ratio']:.2f} (at least 1)")
        print(f"memory against the least of ngff-zarr's:       {results['memory_ratio']:.2f} (below 1)")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="voxels a side")
    parser.add_argument("--dtype", default="uint16", choices=("uint8", "uint16", "uint32"))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the files lie while it runs")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
