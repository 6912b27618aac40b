"""Stores on servers that are slow, silent, cut off, refused, corrupt or gone: a clear error in bounded time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest

from render.errors import SourceError
from render.limits import Limits
from render.source.base import Source
from render.source.open import open_sources
from tests.doubles.store_server import StoreServer, serve_folder
from tests.unit.source.stores import scale, space, write_image
from tests.unit.source.test_n5 import write_array
from tests.unit.source.test_precomputed import SHARDING, write_volume

PATIENT = Limits(store_timeout_s=6.0, store_retries=2, store_first_delay_s=0.02)
IMPATIENT = Limits(store_timeout_s=0.8, store_retries=2, store_first_delay_s=0.02)
"""For servers that say nothing: all others would be taken for such on a busy machine."""
VALUES = np.random.default_rng(1).integers(1, 200, (16, 16, 16)).astype(np.uint8)
BOUND_S = 15.0
FORMATS = ("zarr2", "zarr3", "shards", "n5", "precomputed", "gzipped")
CHUNKS = r"(\d[./]){2}\d$|c/\d/\d/\d$|_\d+-\d+$|\.shard$"


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores")
    _write_stores(folder)
    return folder


def _write_stores(folder: Path) -> None:
    for name, version, more in (
        ("zarr2", "0.4", {"compressors": numcodecs.Blosc("zstd", 3)}), ("zarr3", "0.5", {}),
        ("shards", "0.5", {"shards": (16, 16, 16)}),
    ):  # fmt: skip
        write_image(
            folder / name, {"0": VALUES}, space("z", "y", "x"), {"0": [scale(4, 4, 4)]}, version=version,
            chunks=(8, 8, 8), **more,
        )  # fmt: skip
    write_array(folder / "n5", VALUES)
    write_volume(folder / "precomputed", [VALUES[None]])
    write_volume(folder / "gzipped", [VALUES[None]], sharding=SHARDING)


@contextmanager
def opened(server: StoreServer, name: str, limits: Limits = PATIENT) -> Iterator[Source]:
    sources = open_sources(f"{server.url}/{name}", limits=limits)
    try:
        yield sources[0]
    finally:
        for source in sources:
            source.close()


def limits_for(fault: str) -> Limits:
    return IMPATIENT if fault == "silent" else PATIENT


def read_sentence(source: Source, within_s: float = BOUND_S) -> str:
    start_s = time.monotonic()
    with pytest.raises(SourceError) as caught:
        source.read(0, 0, 0, (0, 0, 0), (16, 16, 16))
    assert time.monotonic() - start_s < within_s
    text = str(caught.value)
    assert "\n" not in text
    assert "127.0.0.1" not in text
    return text


BEHAVIOURS: list[tuple[str, dict[str, Any], str]] = [
    ("status", {"status": 401}, "wants credentials (401)"),
    ("status", {"status": 403}, "refuses access (403)"),
    ("status", {"status": 429}, "fewer requests (429), again and again"),
    ("status", {"status": 500}, "answers 500, again and again"),
    ("status", {"status": 503}, "answers 503, again and again"),
    ("silent", {}, "the server gave no answer within"),
    ("cut", {}, "connection failed"),
    ("reset", {}, "connection failed"),
    ("redirect", {"location": "file:///etc/passwd"}, "redirect (302), which is not followed"),
    ("redirect", {"location": "/zarr2/0/0.0.0"}, "redirect (302), which is not followed"),
]


CASES = [(name, *case) for case in BEHAVIOURS for name in ("zarr2", "shards")] + [
    (name, "status", {"status": 500}, "answers 500, again and again")
    for name in ("zarr3", "n5", "precomputed", "gzipped")
]


@pytest.mark.parametrize(("name", "fault", "how", "said"), CASES, ids=lambda value: str(value))
def test_chunks_that_do_not_come(stores: Path, name: str, fault: Any, how: dict[str, Any], said: str) -> None:
    with serve_folder(stores) as server, opened(server, name, limits_for(fault)) as source:
        server.behave(fault, keys=CHUNKS, **how)
        assert said in read_sentence(source)
        server.behave()
        np.testing.assert_array_equal(_read_at_last(source), VALUES)  # as if nothing had been


def _read_at_last(source: Source) -> np.ndarray:
    """Requests that were under way when the server got well may fail yet."""
    until_s = time.monotonic() + BOUND_S
    while True:
        try:
            return source.read(0, 0, 0, (0, 0, 0), (16, 16, 16))
        except SourceError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("fault", "how"), [("status", {"status": 503}), ("status", {"status": 429}), ("cut", {}), ("reset", {})]
)
@pytest.mark.parametrize("name", ["zarr2", "shards"])
def test_passing_failures_are_not_noticed(stores: Path, name: str, fault: Any, how: dict[str, Any]) -> None:
    with serve_folder(stores) as server:
        server.behave(fault, times=2, **how)
        with opened(server, name) as source:
            server.behave(fault, keys=CHUNKS, times=1, **how)
            np.testing.assert_array_equal(source.read(0, 0, 0, (0, 0, 0), (16, 16, 16)), VALUES)


@pytest.mark.parametrize("name", FORMATS)
def test_absent_chunks_are_the_fill_value(stores: Path, name: str) -> None:
    with serve_folder(stores) as server, opened(server, name) as source:
        server.behave("status", keys=CHUNKS, status=404)
        assert not source.read(0, 0, 0, (0, 0, 0), (16, 16, 16)).any()


@pytest.mark.parametrize("name", FORMATS)
def test_corrupt_chunks(stores: Path, name: str) -> None:
    with serve_folder(stores) as server, opened(server, name) as source:
        server.behave("garbage", keys=CHUNKS)
        assert re.search("cannot be read|says that it", read_sentence(source))


@pytest.mark.parametrize("name", ["zarr2", "zarr3", "n5", "precomputed"])
def test_a_chunk_takes_one_request(stores: Path, name: str) -> None:
    with serve_folder(stores) as server, opened(server, name) as source:
        server.requests.clear()
        for _ in range(2):
            source.read(0, 0, 0, (0, 0, 0), (16, 16, 16))
        assert len(server.requests) == len(set(server.requests)) == 8


def test_slow_servers_are_waited_for(stores: Path) -> None:
    with serve_folder(stores) as server:
        server.behave("slow", seconds=0.2)
        with opened(server, "zarr3") as source:
            np.testing.assert_array_equal(source.read(0, 0, 0, (0, 0, 0), (16, 16, 16)), VALUES)


@pytest.mark.parametrize(
    ("fault", "how", "said"),
    [("status", {"status": 403}, "(403)"), ("status", {"status": 500}, "(500|answers 500)"),
     ("silent", {}, "no answer within 0.8 s"), ("cut", {}, "connection failed"), ("reset", {}, "connection failed"),
     ("garbage", {}, "cannot be read"), ("redirect", {"location": "ftp://127.0.0.1/x"}, "redirect"),
     ("endless", {}, "larger than metadata may be|no answer within")],
    ids=lambda value: str(value),
)  # fmt: skip
def test_metadata_that_does_not_come(stores: Path, fault: Any, how: dict[str, Any], said: str) -> None:
    with serve_folder(stores) as server:
        server.behave(fault, **how)
        start_s = time.monotonic()
        with pytest.raises(SourceError, match=said):
            open_sources(f"{server.url}/zarr2", limits=limits_for(fault))
        assert time.monotonic() - start_s < BOUND_S


def test_a_server_that_dies_midway(stores: Path) -> None:
    with serve_folder(stores) as server:
        sources = open_sources(f"{server.url}/zarr2", limits=PATIENT)
        sources[0].read(0, 0, 0, (0, 0, 0), (8, 8, 8))
    assert "connection failed" in read_sentence(sources[0])
    sources[0].close()
    with pytest.raises(SourceError, match="connection failed"):
        open_sources(f"{server.url}/zarr2", limits=PATIENT)
    with pytest.raises(SourceError, match="was closed"):
        sources[0].read(0, 0, 0, (0, 0, 0), (8, 8, 8))


@pytest.mark.parametrize("name", ["zarr2", "shards"])
def test_remote_blosc_bombs(stores: Path, tmp_path: Path, name: str) -> None:
    """Only the header of the frame is fetched before it is refused."""
    bomb = numcodecs.Blosc("zstd", 5).encode(bytes(64 << 20))
    blosc = {"shards": (16, 16, 16)} if name == "shards" else {}
    import zarr

    write_image(
        tmp_path / "a.zarr", {"0": VALUES}, space("z", "y", "x"), {"0": [scale(4, 4, 4)]},
        version="0.5" if blosc else "0.4", chunks=(8, 8, 8), **blosc,
        compressors=zarr.codecs.BloscCodec() if blosc else numcodecs.Blosc("zstd", 3),
    )  # fmt: skip
    if name == "shards":
        shard = tmp_path / "a.zarr/0/c/0/0/0"
        raw = shard.read_bytes()
        index = np.frombuffer(raw[-(8 * 16 + 4) : -4], "<u8").reshape(8, 2).copy()
        index[0] = (len(raw) - (8 * 16 + 4), len(bomb))
        import google_crc32c

        table = index.tobytes()
        checksum = google_crc32c.value(table).to_bytes(4, "little")
        shard.write_bytes(raw[: -(8 * 16 + 4)] + bomb + table + checksum)
    else:
        (tmp_path / "a.zarr/0/0.0.0").write_bytes(bomb)
    with serve_folder(tmp_path) as server, opened(server, "a.zarr") as source:
        with pytest.raises(SourceError, match="decodes to 67108864 bytes"):
            source.read(0, 0, 0, (0, 0, 0), (8, 8, 8))
        # The other chunks are as good as ever.
        np.testing.assert_array_equal(source.read(0, 0, 0, (8, 8, 8), (16, 16, 16)), VALUES[8:, 8:, 8:])
