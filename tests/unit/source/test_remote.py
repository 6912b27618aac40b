"""Stores behind real servers on loopback: a static one over HTTP, Python's own, and moto's S3."""

from __future__ import annotations

import functools
import http.server
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import boto3
import numcodecs
import numpy as np
import pytest
import zarr
from moto.server import ThreadedMotoServer

from render.cli import main
from render.errors import SourceError
from render.source.address import Address, parse_address
from tests.doubles.store_server import StoreServer, serve_folder
from tests.unit.source.reading import one, opened, sentence, whole
from tests.unit.source.stores import scale, space, write_image
from tests.unit.source.test_n5 import write_array
from tests.unit.source.test_precomputed import SHARDING, write_volume

FINE = np.random.default_rng(1).integers(0, 999, (2, 20, 24, 30)).astype(np.uint16)
IDS = np.random.default_rng(2).integers(0, 9, (20, 24, 30)).astype(np.uint64) * np.uint64(2**60)


def _write_stores(folder: Path) -> None:
    for version, shards in (("0.4", None), ("0.5", (1, 20, 24, 32))):
        path = write_image(
            folder / f"a{version}.zarr",
            {"s0": FINE, "s1": FINE[:, ::2, ::2, ::2]},
            space("c", "z", "y", "x"),
            {"s0": [scale(1, 40, 4, 4)], "s1": [scale(1, 80, 8, 8)]},
            version=version,
            chunks=(1, 10, 12, 16),
            **({"shards": shards} if shards else {"compressors": numcodecs.Blosc("lz4")}),
        )
        write_image(
            path / "labels/cells", {"0": IDS}, space("z", "y", "x"), {"0": [scale(40, 4, 4)]}, version=version,
            extra={"image-label": {"properties": [{"label-value": 1, "name": "one"}]}},
        )  # fmt: skip
        labels = zarr.open_group(path / "labels", mode="a", zarr_format=2 if version == "0.4" else 3)
        said = {"labels": ["cells"]}
        labels.attrs.update(said if version == "0.4" else {"ome": {"version": version, **said}})
    (folder / "a.n5").mkdir()
    (folder / "a.n5/attributes.json").write_text('{"n5": "2.0.0"}', "utf-8")
    for number, values in enumerate((FINE[0], FINE[0, ::2, ::2, ::2])):
        factors = [2**number] * 3
        write_array(
            folder / f"a.n5/s{number}", values, {"downsamplingFactors": factors, "resolution": [4.0, 4.0, 40.0]},
            blockSize=[16, 16, 16],
            compression={"type": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 1},
        )  # fmt: skip
    write_volume(folder / "gz.precomputed", [FINE], chunk_size=[16, 16, 16], sharding=SHARDING)
    write_volume(folder / "a.precomputed", [FINE, FINE[:, ::2, ::2, ::2]], offset=(2, 4, 6), chunk_size=[16, 16, 16])


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores")
    _write_stores(folder)
    return folder


@pytest.fixture(scope="module")
def served(stores: Path) -> Iterator[StoreServer]:
    with serve_folder(stores) as server:
        yield server


@pytest.fixture(scope="module")
def s3(stores: Path) -> Iterator[str]:
    """A bucket that everybody may read and one that nobody may without credentials, both with all stores."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="me", aws_secret_access_key="secret"
    )
    for bucket, acl in (("open", "public-read"), ("closed", "private")):
        client.create_bucket(Bucket=bucket)
        for file in sorted(stores.rglob("*")):
            if file.is_file():
                key = file.relative_to(stores).as_posix()
                client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes(), ACL=acl)
    client.close()
    yield url
    server.stop()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
                 "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


NAMES = ("a0.4.zarr", "a0.5.zarr", "a.n5", "a.precomputed", "gz.precomputed")


def _same(remote: str, local: Path) -> None:
    """A remote store is what it is on disk."""
    there, here = opened(remote), opened(local)
    assert [source.info.name for source in there] == [source.info.name for source in here]
    for mine, other in zip(there, here, strict=True):
        assert mine.info == other.info
        for level, (a, b) in enumerate(zip(mine.info.levels, other.info.levels, strict=True)):
            np.testing.assert_array_equal(a.world_from_vox, b.world_from_vox)
            for channel in range(len(mine.info.channels)):
                np.testing.assert_array_equal(whole(mine, level, channel), whole(other, level, channel))


@pytest.mark.parametrize("name", NAMES)
def test_over_http(served: StoreServer, stores: Path, name: str) -> None:
    _same(f"{served.url}/{name}", stores / name)
    _same(f"{served.url}/{name}/", stores / name)


@pytest.mark.parametrize("name", NAMES)
def test_over_s3_as_nobody(s3: str, stores: Path, name: str, nobody: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    _same(f"s3://open/{name}", stores / name)
    assert "refuses access (403)" in sentence(f"s3://closed/{name}")
    assert "no store that is read here" in sentence("s3://open/nothing.zarr")


def test_over_s3_with_credentials(s3: str, stores: Path, nobody: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    _same("s3://closed/a0.5.zarr", stores / "a0.5.zarr")


def test_over_s3_with_a_profile(
    s3: str, stores: Path, nobody: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    profile = tmp_path / "credentials"
    profile.write_text("[default]\naws_access_key_id = me\naws_secret_access_key = secret\n", "utf-8")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    _same("s3://closed/a0.4.zarr", stores / "a0.4.zarr")


def test_over_google_storage(stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tensorstore's own client of the JSON API; the server has what that asks for, in folders."""
    objects = tmp_path / "storage/v1/b/bucket/o"
    objects.parent.mkdir(parents=True)
    objects.symlink_to(stores)
    with serve_folder(tmp_path) as server:
        monkeypatch.setenv("TENSORSTORE_GCS_HTTP_URL", server.url)
        monkeypatch.setenv("GOOGLE_AUTH_TOKEN_FOR_TESTING", "token")
        for name in ("a0.4.zarr", "a.n5"):
            _same(f"gs://bucket/{name}", stores / name)


def test_levels_and_labels_by_their_own_address(served: StoreServer) -> None:
    level = one(f"{served.url}/a0.4.zarr/s1")
    assert level.info.levels[0].spacing_um == pytest.approx((0.008, 0.008, 0.08))
    np.testing.assert_array_equal(whole(level), FINE[0, ::2, ::2, ::2])
    labels = one(f"{served.url}/a0.5.zarr/labels/cells")
    assert labels.info.kind == "labels"
    np.testing.assert_array_equal(whole(labels), IDS)
    n5 = one(f"{served.url}/a.n5/s1")
    np.testing.assert_array_equal(whole(n5), FINE[0, ::2, ::2, ::2])


def test_a_server_without_byte_ranges(stores: Path) -> None:
    """Python's own, which ignores them."""
    handler = functools.partial(_Quiet, directory=str(stores))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        for name in ("a0.4.zarr", "a.n5", "a.precomputed"):
            _same(f"{url}/{name}", stores / name)
        sharded = one(f"{url}/a0.5.zarr/s0")
        with pytest.raises(SourceError, match="ignores byte ranges"):
            sharded.read(0, 0, 0, (0, 0, 0), (4, 4, 4))
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_forms_of_addresses(served: StoreServer, stores: Path) -> None:
    for text, name in [
        (f"zarr://{served.url}/a0.4.zarr", "a0.4.zarr"), (f"zarr3://{served.url}/a0.5.zarr", "a0.5.zarr"),
        (f"n5://{served.url}/a.n5", "a.n5"), (f"precomputed://{served.url}/a.precomputed", "a.precomputed"),
        (f"{served.url}/a.n5|n5:", "a.n5"), (f"{served.url}|zarr3:a0.5.zarr", "a0.5.zarr"),
        (f"precomputed://{stores}/a.precomputed", "a.precomputed"), (f"file://{stores}/a.n5", "a.n5"),
    ]:  # fmt: skip
        assert opened(text)[0].info.name == name
    assert "none of info" in sentence(f"precomputed://{served.url}/a.n5")
    assert parse_address("https://host:1/a/b?sig=1").query == "sig=1"
    assert parse_address("gs://bucket/a/") == Address("gs", "gs://bucket/a")


def test_queries_are_sent_and_never_shown(served: StoreServer) -> None:
    served.requests.clear()
    sources = opened(f"{served.url}/a0.4.zarr?sig=secret")
    np.testing.assert_array_equal(whole(sources[0]), FINE[0])
    assert "secret" not in repr(sources[0].info)
    assert "secret" not in sentence(f"{served.url}/nothing.zarr?sig=secret")


def test_what_a_server_says_that_its_store_holds(served: StoreServer, stores: Path) -> None:
    """Nothing can be listed over HTTP; consolidated metadata says what there is."""
    for version in (2, 3):
        group = zarr.open_group(stores / f"many{version}.zarr", mode="w", zarr_format=version)
        for name in ("em/a", "em/b"):
            group.create_array(name, data=IDS, chunks=(20, 24, 30))
        assert "name one in it" in sentence(f"{served.url}/many{version}.zarr")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)  # no part of the specification yet
            zarr.consolidate_metadata(group.store)
        text = sentence(f"{served.url}/many{version}.zarr")
        assert f"open one of them: many{version}.zarr/em/a, many{version}.zarr/em/b" in text
        np.testing.assert_array_equal(whole(one(f"{served.url}/many{version}.zarr/em/b")), IDS)


def test_info_and_listing_on_the_command_line(
    served: StoreServer, stores: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", f"{served.url}/a0.4.zarr", "--json"]) == 0
    (image, labels) = json.loads(capsys.readouterr().out)["sources"]
    assert (image["kind"], labels["kind"]) == ("image", "labels")
    assert image["levels"][0]["spacing_um"] == pytest.approx([0.04, 0.004, 0.004])
    group = zarr.open_group(stores / "two.zarr", mode="w", zarr_format=3)
    for name in ("a", "b"):
        group.create_array(name, data=IDS, chunks=(20, 24, 30))
    assert main(["info", str(stores / "two.zarr"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == [f"{stores}/two.zarr/{name}" for name in "ab"]
    assert main(["info", str(stores / "two.zarr")]) == 0
    assert f"  {stores}/two.zarr/b\n" in capsys.readouterr().out
