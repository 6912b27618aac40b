"""Sources that store planes: each is decoded once, in bounded memory."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

from render.convert import conversion
from render.convert.plan import BLOCK_MAX, Plan, morton, plan_conversion
from render.convert.slab import Slab
from render.source.base import Source
from render.source.memory import MemorySource
from render.source.open import open_sources

from .stores import convert_to


class Counted:
    """A source that counts how often each plane is read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.planes: Counter[int] = Counter()
        self.info, self.is_absent, self.close = source.info, source.is_absent, source.close

    def read(self, *where: Any) -> Any:
        self.planes.update(range(where[3][0], where[4][0]))
        return self._source.read(*where)


@pytest.mark.parametrize("memory_bytes", [1 << 30, 256 << 20])
def test_each_plane_once(tmp_path: Path, memory_bytes: int) -> None:
    voxels = np.random.default_rng(1).integers(0, 4000, (140, 300, 280), np.uint16)
    tifffile.imwrite(tmp_path / "planes.tif", voxels, compression="zlib")
    with closing(open_sources(str(tmp_path / "planes.tif"))[0]) as opened:
        source = Counted(opened)
        assert source.info.levels[0].chunk == (1, 300, 280)
        convert_to(tmp_path / "out.ome.zarr", source, memory_bytes=memory_bytes, verification="all")
    assert dict(source.planes) == dict.fromkeys(range(140), 2)  # once more to verify
    assert (zarr.open_array(tmp_path / "out.ome.zarr" / "0", mode="r")[...] == voxels).all()


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_slab_holds_its_planes(tmp_path: Path, in_memory: bool) -> None:
    voxels = np.random.default_rng(2).integers(0, 4000, (90, 70, 300), np.uint16)
    source = MemorySource(voxels)
    made = plan_conversion(source.info, 512, 1 << 30, 2)
    plan = Plan(made.levels, (64, 64, 64), 1, True, in_memory)
    with ThreadPoolExecutor(2) as pool, Slab(source, plan, 0, 0, 1, tmp_path) as slab:
        slab.fill(pool, 2)
        assert (slab.read((64, 3, 5), (90, 70, 299)) == voxels[64:, 3:70, 5:299]).all()
    assert list(tmp_path.iterdir()) == []


def test_order_and_blocks() -> None:
    cells = list(morton((3, 5, 2)))
    assert sorted(cells) == [(z, y, x) for z in range(3) for y in range(5) for x in range(2)]
    place = {cell: number for number, cell in enumerate(cells)}
    for a in cells:
        for b in cells:
            if a != b and all(i <= j for i, j in zip(a, b, strict=True)):
                assert place[a] < place[b]
    for shape in ((1, 9000, 9000), (40, 400, 4000), (5000, 5000, 5000)):
        for dtype in (np.uint8, np.uint64):
            info = MemorySource(np.broadcast_to(np.zeros((), dtype), shape)).info
            plan = plan_conversion(info, conversion.SHARD, 1 << 30, 2)
            assert all(b <= BLOCK_MAX for b in plan.block)
            assert int(np.prod(plan.block)) * info.dtype.itemsize * 9 < 800 << 20
            assert plan.n_in_block >= 2
