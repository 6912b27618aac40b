"""What reading bricks costs, against bare tensorstore: bricks with aprons, as texels, and the same store's chunks.

    python -m benchmarks.reader [--kind uint8] [--size 512] [--payload 64] [--apron 2] [--repetitions 5]
                                [--in-flight 16] [--folder DIR] [--json FILE]

Writes zarr v2 (a chunk a file, zstd in blosc) and zarr v3 (shards of 8x8x8 chunks, zstd), with chunks of 64 voxels a
side: uint8 and uint16 images, uint64 labels (segments 24 and 7 voxels wide). Then in turn: `BrickReader` delivers each
brick of the level once, as texels, with range and, of labels, dense ids; bare tensorstore reads the same boxes, with
their aprons; and it reads each chunk once, the least that anybody must do. Of labels it also makes small ids, box by
box or chunk by chunk. All begin with empty caches of decoded chunks (the boxes may keep as many as the reader's source)
and have as many requests in flight. The files come from the system's cache.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import fastremap
import numpy as np
import tensorstore

from benchmarks.machine import Machine, Spread
from render.bricks.encoding import DenseIds, Encode, encoding_for
from render.bricks.grid import BrickGrid
from render.bricks.reader import BrickKey, BrickReader, LoadedBrick, Wanted, morton_order
from render.freed_memory import keep_freed_memory
from render.source.chunk_cache import cache_bytes
from render.source.open import open_sources

CHUNK = 64
SHARD = 512
_FRAME_S = 0.004
Rate = tuple[float, float]
"""Voxels a second by the clock, and a second of the processors."""
KINDS = ("uint8", "uint16", "labels", "fine-labels")
SEGMENTS = {"labels": 24, "fine-labels": 7}
"""How wide a segment is, voxels: some 20 or 1000 of them in a chunk."""


def voxels_of(kind: str, size: int) -> np.ndarray[Any, Any]:
    """Images: waves and noise. Labels: uint64, segments with ids of 64 bits side by side."""
    z, y, x = np.meshgrid(*[np.arange(size, dtype=np.float32)] * 3, indexing="ij", sparse=True)
    rng = np.random.default_rng(1)
    if kind in SEGMENTS:
        width = SEGMENTS[kind]
        side = size // width + 2
        z, y, x = ((axis + 2.0 + 2.0 * np.sin(x / 9.0)).astype(np.int64) // width for axis in (z, y, x))
        return rng.integers(1, 2**63, side**3, dtype=np.uint64)[(z * side + y) * side + x]
    waves = np.sin(z / 9.0) + np.sin(y / 11.0) + np.sin(x / 13.0) + 0.05 * rng.standard_normal((size,) * 3, np.float32)
    top = float(np.iinfo(kind).max)
    return np.clip((waves / 7.0 + 0.5) * top, 0.0, top).astype(kind)


def write(path: Path, version: int, voxels: np.ndarray[Any, Any]) -> None:
    blosc: dict[str, Any] = {"cname": "zstd", "clevel": 3}
    metadata: dict[str, Any]
    if version == 2:
        metadata = {
            "shape": voxels.shape,
            "chunks": [CHUNK] * 3,
            "dtype": voxels.dtype.str,
            "compressor": {"id": "blosc", **blosc, "shuffle": 1},
        }
    else:
        inner = [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zstd", "configuration": {"level": 1}},
        ]
        metadata = {
            "shape": voxels.shape,
            "data_type": str(voxels.dtype),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [SHARD] * 3}},
            "codecs": [
                {"name": "sharding_indexed", "configuration": {"chunk_shape": [CHUNK] * 3, "codecs": inner}}
            ],
        }  # fmt: skip
    store = tensorstore.open(spec(path, version) | {"metadata": metadata}, create=True).result()
    store.write(voxels).result()


def spec(path: Path, version: int) -> dict[str, Any]:
    return {"driver": "zarr" if version == 2 else "zarr3", "kvstore": {"driver": "file", "path": f"{path}/"}}


def bricks(shape: tuple[int, int, int], payload: int) -> list[Wanted]:
    return morton_order([Wanted(BrickKey(0, 0, 0, brick), 0) for brick in BrickGrid(shape, payload)])


def read_bare(path: Path, version: int, options: argparse.Namespace, apron: int, renumber: bool) -> Rate:
    """What bare tensorstore reads; `renumber` makes small ids of those of each box.

    Without an apron the boxes are chunks, and nothing is cached. With one they are the bricks', of which each touches
    27 chunks: decoded chunks are cached, as many bytes of them as `BrickReader`'s source may.
    """
    cached_bytes = cache_bytes() if apron else 0
    context = tensorstore.Context({"cache_pool": {"total_bytes_limit": cached_bytes}})
    store = tensorstore.open(spec(path, version) | {"recheck_cached_data": "open"}, context=context).result()
    side = options.payload if apron else CHUNK

    def one(wanted: Wanted) -> None:
        at = zip(wanted.key.brick, store.shape, strict=True)
        box = np.asarray(
            store[tuple(slice(max(i * side - apron, 0), min((i + 1) * side + apron, n)) for i, n in at)].read().result()
        )
        if renumber:
            fastremap.renumber(box)

    wanted = bricks(store.shape, side)
    with ThreadPoolExecutor(options.in_flight) as pool:
        began, busy = time.perf_counter(), time.process_time()
        for _ in pool.map(one, wanted):
            pass
        n_voxels = int(np.prod(store.shape))
        return n_voxels / (time.perf_counter() - began), n_voxels / (time.process_time() - busy)


def read_bricks(path: Path, options: argparse.Namespace) -> Rate:
    """What `BrickReader` delivers, counted by its payload."""
    (source,) = open_sources(str(path), kind="labels" if "labels" in path.name else "image")
    with closing(source):
        info = source.info
        dense = DenseIds()
        image = encoding_for(info.dtype, 0.0, 1.0)
        encode: Encode = lambda _layer, _channel, voxels: (  # noqa: E731
            dense.encode_brick(voxels) if info.kind == "labels" else image.encode(voxels)
        )
        wanted = bricks(info.levels[0].shape, options.payload)
        reader = BrickReader([source], options.payload, options.apron, encode, in_flight=options.in_flight)
        with closing(reader):
            began, busy = time.perf_counter(), time.process_time()
            reader.ask(wanted)
            delivered = 0
            while not reader.idle:
                time.sleep(_FRAME_S)  # as who draws: once a frame
                taken = reader.take(64 << 20)
                assert all(isinstance(one, LoadedBrick) for one in taken), taken
                delivered += len(taken)
            seconds, busy = time.perf_counter() - began, time.process_time() - busy
        assert delivered == len(wanted), (delivered, len(wanted))
        n_voxels = int(np.prod(info.levels[0].shape))
        return n_voxels / seconds, n_voxels / busy


def main() -> None:
    options = _options()
    keep_freed_memory()  # as every command does; bare tensorstore has it too
    results: dict[str, Any] = {}
    print(f"{Machine.here()}; {options.size} voxels a side, payload {options.payload}, apron {options.apron}")
    print("MB/s of payload; ratios of the reader to bare tensorstore by the clock, and by processor time")
    print(f"{'store':22} {'reader':>7}   {'the same boxes':24}   {'chunks, without aprons':24}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for version, kind in product((2, 3), options.kind or KINDS):
            name = f"zarr v{version} {kind}"
            path = Path(folder) / f"v{version}-{kind}.zarr"
            voxels = voxels_of(kind, options.size)
            write(path, version, voxels)
            # (repetition; the reader, bare boxes, bare chunks; by the clock, by processor time)
            rates = np.zeros((options.repetitions, 3, 2))
            for number in range(options.repetitions):
                # Another name is another store: nothing that was decoded before is found again.
                path = path.rename(path.with_name(f"v{version}-{number}-{kind}.zarr"))
                small = kind in SEGMENTS
                boxes = read_bare(path, version, options, options.apron, small)
                chunks = read_bare(path, version, options, 0, small)
                rates[number] = read_bricks(path, options), boxes, chunks
            rates *= voxels.itemsize / 1e6
            ratios = {
                peer: [Spread.of(rates[:, 0, i] / rates[:, 1 + n, i]) for i in (0, 1)]
                for n, peer in enumerate(("boxes", "chunks"))
            }
            results[name] = {
                "mb_s": rates[:, :, 0].tolist(),
                **{peer: {"clock": by[0].median, "processor": by[1].median} for peer, by in ratios.items()},
            }
            cells = (
                f"{clock.median:5.2f} ({clock.lo:.2f}..{clock.hi:.2f}) {work.median:5.2f}"
                for clock, work in ratios.values()
            )
            print(
                f"{name:22} {np.median(rates[:, 0, 0]):7.0f}   {'   '.join(f'{cell:24}' for cell in cells)}", flush=True
            )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="voxels a side")
    parser.add_argument("--kind", action="append", choices=KINDS, help="repeatable; all by default")
    parser.add_argument("--payload", type=int, default=64)
    parser.add_argument("--apron", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--folder", type=Path, help="where the stores are written and removed again")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
