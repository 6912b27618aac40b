"""Texels that go through the staging ring arrive as those that do not, also where the ring begins anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from render.gpu.context import Context

SIDE = 20
RNG = np.random.default_rng(3)


@pytest.fixture
def staged(gl: Context) -> Iterator[Context]:
    """The context with a ring, whatever the device, that holds one brick and a half."""
    from render.gpu.staging import StagingRing

    before, gl.staging = gl.staging, StagingRing(SIDE**3 * 4 * 3 // 2)
    yield gl
    gl.staging.close()
    gl.staging = before


@pytest.mark.parametrize(("name", "dtype"), [("R8", np.uint8), ("R16", np.uint16), ("R32UI", np.uint32)])
def test_boxes_arrive_whole_however_often_the_ring_goes_round(gl: Context, name: str, dtype: type) -> None:
    from render.gpu import texture
    from render.gpu.staging import StagingRing

    shape = (2 * SIDE, 3 * SIDE, 2 * SIDE)
    expected = np.zeros(shape, dtype)
    n_bytes = SIDE**3 * np.dtype(dtype).itemsize
    with (
        closing(texture.Texture3D(shape, getattr(texture, name))) as made,
        closing(StagingRing(n_bytes * 5 // 2)) as ring,
    ):
        for number in range(40):
            z, y, x = (int(RNG.integers(0, n - 7)) for n in shape)
            size = [min(int(RNG.integers(1, SIDE + 1)), n - at) for n, at in zip(shape, (z, y, x), strict=True)]
            if number == 7:
                z, y, x, size = 0, 0, 0, [SIDE, SIDE, SIDE]
            box = RNG.integers(0, np.iinfo(dtype).max, size).astype(dtype)
            ring.write(made, (z, y, x), box)
            box_of = tuple(slice(at, at + n) for at, n in zip((z, y, x), size, strict=True))
            expected[box_of] = box
            box[...] = 0  # what was handed over is the ring's own
        np.testing.assert_array_equal(made.read(), expected)
    gl.check()


def test_what_is_larger_than_the_ring_arrives_too(gl: Context) -> None:
    from render.gpu.staging import StagingRing
    from render.gpu.texture import R16, Texture3D

    box = RNG.integers(0, 65535, (SIDE,) * 3).astype(np.uint16)
    with closing(Texture3D(box.shape, R16)) as made, closing(StagingRing(4096)) as ring:
        ring.write(made, (0, 0, 0), box)
        np.testing.assert_array_equal(made.read(), box)
    gl.check()


def test_an_atlas_puts_its_bricks_through_the_ring(staged: Context) -> None:
    from render.engine.atlas import Atlas

    bricks = [RNG.integers(0, 2**32, (SIDE,) * 3).astype(np.uint32) for _ in range(5)]
    with closing(Atlas(staged, "labels", 5, SIDE)) as atlas:
        entries = [atlas.add(brick) for brick in bricks]
        texels = atlas.texture.read()
        for entry, brick in zip(entries, bricks, strict=True):
            x, y, z = (SIDE * (entry >> shift & 1023) for shift in (0, 10, 20))
            np.testing.assert_array_equal(texels[z : z + SIDE, y : y + SIDE, x : x + SIDE], brick)
    staged.check()


def test_memory_that_cannot_be_mapped_is_told(gl: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    from render.errors import GpuError
    from render.gpu import staging

    monkeypatch.setattr(staging.GL, "glMapNamedBufferRange", lambda *_: None)
    with pytest.raises(GpuError, match="cannot map 4096 bytes for uploads"):
        staging.StagingRing(4096)
    gl.check()


def test_software_devices_have_no_ring(gl: Context) -> None:
    assert (gl.staging is None) == gl.info.software
