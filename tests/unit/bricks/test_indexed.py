"""What an index tells of bricks, against reading them; and that bricks of one value are not read."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render.bricks.encoding import Encode, encoding_for
from render.bricks.index import index_beside
from render.bricks.indexed import IndexedBricks
from render.bricks.reader import BrickKey, BrickReader, LoadedBrick, Wanted
from render.source.open import open_sources

from ..convert.stores import converted

Array = np.ndarray[Any, Any]


def with_a_hole(dtype: type) -> Array:
    """(z, y, x): noise, and three quarters of it one value."""
    rng = np.random.default_rng(1)
    voxels = np.full((100, 140, 200), 7, dtype)
    voxels[:, 30:90, :70] = (200 * rng.random((100, 60, 70))).astype(dtype)
    return voxels


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_ranges_are_what_reading_finds(tmp_path: Path, dtype: type) -> None:
    path = converted(tmp_path, with_a_hole(dtype))
    (source,) = open_sources(str(path))
    with closing(source):
        info = source.info
        encoding = encoding_for(info.dtype, 0.0, 250.0)
        encode: Encode = lambda _layer, _channel, voxels: encoding.encode(voxels)  # noqa: E731
        indexed = IndexedBricks([index_beside(str(path), info)], 64, 2, encode)
        with (
            closing(BrickReader([source], 64, 2, encode)) as plain,
            closing(BrickReader([source], 64, 2, encode, foretold=indexed.summary)) as told,
        ):
            wanted = [
                Wanted(BrickKey(0, 0, level, tuple(brick)), 0)  # type: ignore[arg-type]
                for level, one in enumerate(info.levels)
                for brick in np.ndindex(*(-(-n // 64) for n in one.shape))
            ]
            found = {}
            for reader in (plain, told):
                reader.ask(wanted)
                bricks: dict[Wanted, LoadedBrick] = {}
                while reader.wait(10.0):
                    bricks |= {one.wanted: one for one in reader.take(1 << 30) if isinstance(one, LoadedBrick)}
                assert bricks.keys() == set(wanted)
                found[reader] = bricks
            for one in wanted:
                read = found[plain][one]
                assert indexed.summary(one) == (read.lo, read.hi, None)
                again = found[told][one]
                assert (again.lo, again.hi, again.constant) == (read.lo, read.hi, read.constant)
                assert np.array_equal(again.texels, read.texels) if read.texels is not None else again.texels is None
            n_constant = sum(brick.texels is None for brick in found[plain].values())
            assert 8 < n_constant < len(wanted)
            assert (told.statistics.recalled, told.statistics.constant) == (n_constant, 0)


def test_nothing_is_known_without_an_index(tmp_path: Path) -> None:
    path = converted(tmp_path, with_a_hole(np.uint8), index=False)
    (source,) = open_sources(str(path))
    with closing(source):
        assert index_beside(str(path), source.info) is None
        indexed = IndexedBricks([None], 64, 2, lambda _layer, _channel, voxels: voxels)
        key = BrickKey(0, 0, 0, (0, 0, 0))
        assert indexed.summary(Wanted(key, 0)) is None
        assert indexed.may_hold(key, [1])
    assert index_beside("synthetic:cell", source.info) is None
    assert index_beside("https://example.org/a.zarr", source.info) is None
