"""Zarr v2 arrays with filters and with compressors that only numcodecs has, written and read by zarr-python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr

from tests.doubles.store_server import serve_folder
from tests.unit.source.reading import one, sentence, whole

VALUES = np.random.default_rng(1).integers(0, 200, (9, 17, 20))

CASES: list[tuple[str, Any, Any]] = [
    ("<u2", [numcodecs.Delta("<u2")], numcodecs.Zstd(1)),
    ("<i4", [numcodecs.Delta("<i4", astype="<i2")], numcodecs.Blosc("lz4")),
    ("<f4", [numcodecs.FixedScaleOffset(0, 2, "<f4", "<u2")], numcodecs.Zlib(1)),
    ("<f8", [numcodecs.Quantize(3, "<f8")], numcodecs.BZ2(1)),
    ("<f4", [numcodecs.BitRound(10)], numcodecs.GZip(1)),
    ("<u2", [numcodecs.Shuffle(2)], None),
    ("<u2", [numcodecs.AsType("<u4", "<u2")], numcodecs.LZMA()),
    ("<u2", [numcodecs.Delta("<u2"), numcodecs.Shuffle(2)], numcodecs.LZ4()),
    ("|b1", [numcodecs.PackBits()], numcodecs.LZ4()),
    (">u2", None, numcodecs.LZ4()),
    ("<u8", None, numcodecs.LZMA(format=3, filters=[{"id": 0x21, "preset": 1}])),
]


@pytest.mark.parametrize(("dtype", "filters", "compressor"), CASES, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("order", ["C", "F"])
def test_zarr_python_reads_the_same(tmp_path: Path, dtype: str, filters: Any, compressor: Any, order: Any) -> None:
    values = (VALUES > 100) if dtype == "|b1" else VALUES.astype(dtype)
    made = zarr.create_array(
        tmp_path / "a.zarr", shape=values.shape, dtype=values.dtype, chunks=(4, 8, 8), zarr_format=2, filters=filters,
        compressors=compressor, fill_value=0, order=order,
    )  # fmt: skip
    made[...] = values
    theirs = zarr.open_array(tmp_path / "a.zarr")[...]
    source = one(tmp_path / "a.zarr")
    np.testing.assert_array_equal(whole(source), theirs.astype(source.info.dtype))
    (tmp_path / "a.zarr/0.0.0").unlink()
    assert source.is_absent(0, 0, 0, (0, 0, 0), (4, 8, 8))
    source = one(tmp_path / "a.zarr")
    assert not source.read(0, 0, 0, (0, 0, 0), (4, 8, 8)).any()
    np.testing.assert_array_equal(whole(source)[4:], theirs.astype(source.info.dtype)[4:])


def test_over_http(tmp_path: Path) -> None:
    zarr.create_array(
        tmp_path / "a.zarr", data=VALUES.astype("<u2"), chunks=(4, 8, 8), zarr_format=2, compressors=numcodecs.LZ4(),
        filters=[numcodecs.Delta("<u2")],
    )  # fmt: skip
    with serve_folder(tmp_path) as server:
        np.testing.assert_array_equal(whole(one(f"{server.url}/a.zarr")), VALUES)


@pytest.mark.parametrize(
    "compressor",
    [numcodecs.Zlib(9), numcodecs.GZip(9), numcodecs.BZ2(9), numcodecs.Zstd(9), numcodecs.Blosc("zstd", 5),
     numcodecs.LZ4(), numcodecs.LZMA(preset=0)],
    ids=lambda codec: codec.codec_id,
)  # fmt: skip
def test_bombs_stay_within_the_chunk(tmp_path: Path, compressor: Any) -> None:
    path = tmp_path / "a.zarr"
    zarr.create_array(
        path, data=VALUES.astype("<u2"), chunks=(9, 17, 20), zarr_format=2, compressors=compressor,
        filters=[numcodecs.Delta("<u2")],
    )  # fmt: skip
    np.testing.assert_array_equal(whole(one(path)), VALUES)
    bomb = compressor.encode(bytes(32 << 20))
    (path / "0.0.0").write_bytes(bomb)
    assert "a.zarr" in sentence(path)
    (path / "0.0.0").write_bytes(b"nothing of the kind, whatever the compressor is")
    assert "a.zarr" in sentence(path)


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    zarr.create_array(path, data=VALUES.astype("<u2"), chunks=(9, 17, 20), zarr_format=2, compressors=None)
    meta = json.loads((path / ".zarray").read_text("utf-8"))
    for changes, said in [
        ({"filters": [{"id": "pickle"}]}, "stored through the filter 'pickle'"),
        ({"filters": ["delta"]}, "cannot be read"),
        ({"filters": [{"id": "delta", "dtype": "nonsense"}]}, "cannot be read"),
        ({"filters": [{"id": "packbits"}]}, "a.zarr"),
        ({"compressor": {"id": "lzo"}}, "compressed with 'lzo'"),
    ]:
        (path / ".zarray").write_text(json.dumps(meta | changes), "utf-8")
        assert said in sentence(path)
