"""`hosta convert` and `hosta index` on the command line: what they say, and how much memory they take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

from render.cli import main
from render.commands.convert import parse_size_bytes
from render.errors import UsageError


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def array(tmp_path: Path) -> Path:
    np.save(tmp_path / "in.npy", np.random.default_rng(0).integers(0, 9, (20, 30, 40), np.uint8))
    return tmp_path / "in.npy"


def test_a_conversion(array: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = array.with_name("out.ome.zarr")
    code, out, err = said(capsys, "convert", str(array), str(output), "--spacing", "3,2,1nm")
    assert (code, out.strip(), err) == (0, str(output), "")
    assert (zarr.open_array(output / "0", mode="r")[...] == np.load(array)).all()
    code, out, _ = said(capsys, "info", str(output), "--json")
    level = json.loads(out)["sources"][0]["levels"][0]
    assert level["spacing_um"] == pytest.approx([0.003, 0.002, 0.001])


def test_labels_by_force(array: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = array.with_name("out.ome.zarr")
    assert said(capsys, "convert", str(array), str(output), "--labels", "--spacing", "1um")[0] == 0
    assert "image-label" in json.loads((output / "zarr.json").read_bytes())["attributes"]["ome"]


def test_some_channels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "c.ome.zarr"
    phantom = "synthetic:cell?size=40&labels=0"
    assert said(capsys, "convert", phantom, str(output), "--channel", "DNA", "--channel", "0")[0] == 0
    channels = json.loads((output / "zarr.json").read_bytes())["attributes"]["ome"]["omero"]["channels"]
    assert [channel["label"] for channel in channels] == ["DNA", "Membrane"]
    code, _, err = said(capsys, "convert", phantom, str(tmp_path / "d.ome.zarr"), "--channel", "9")
    assert code == 2
    assert err.startswith("hosta: cell has no channel '9'; there are 0 (Membrane), 1 (DNA)")
    assert not (tmp_path / "d.ome.zarr.partial").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["in.npy", "out"], 2, "'out' is no name of a store; end it in .ome.zarr"),
        (["absent.npy", "out.ome.zarr"], 3, "there is no file or folder"),
        (["in.npy", "no/out.ome.zarr"], 2, "of out.ome.zarr does not exist"),
        (["in.npy", "in.npy"], 2, "'in.npy' is no name of a store"),
        (["in.npy", "out.ome.zarr", "--memory", "much"], 2, "'much' is no size of memory; write 500M, 1G or 4G"),
        (["in.npy", "out.ome.zarr", "--memory", "1M"], 2, "--memory 1M is too little; 256M is the least"),
        (["in.npy", "out.ome.zarr", "--shard", "100"], 2, "--shard 100 is none of 128, 256, 512, 1024, 2048"),
        (["in.npy", "out.ome.zarr", "--spacing", "3"], 2, "'3' is no spacing"),
        (["text.txt", "out.ome.zarr"], 3, "'text.txt' is in no format that is read here"),
        (["store.ome.zarr", "store.ome.zarr/copy.ome.zarr"], 2, "IN and OUT lie in each other"),
    ],
)
def test_bad_input(
    array: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(array.parent)
    Path("text.txt").write_text("hello")
    Path("store.ome.zarr").mkdir()
    before = sorted(path.name for path in array.parent.iterdir())
    result, out, err = said(capsys, "convert", *arguments)
    assert (result, out) == (code, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert sorted(path.name for path in array.parent.iterdir()) == before


def test_what_has_no_place_for_an_index(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "index", "synthetic:cell")
    assert (code, "has no place for an index" in err) == (2, True)


@pytest.mark.parametrize(("text", "size"), [("1G", 1 << 30), ("512MB", 512 << 20), ("1.5 GiB", 3 << 29), ("7", 7)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "1X", "1e9"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size_bytes(text)


def test_memory_is_bounded(tmp_path: Path) -> None:
    """512 MB of voxels with a budget of 384 MB: a store whose chunks are absent, so that only memory costs time."""
    shape, chunk = (512, 1024, 1024), (128, 128, 128)
    array = zarr.create_array(tmp_path / "in.zarr", shape=shape, chunks=chunk, dtype="u1", fill_value=0)
    array[:, :512, :512] = 7  # a quarter, constant: quick to decode
    script = (
        "import sys\n"
        "from render.cli import main\n"
        "code = main(['convert', *sys.argv[1:], '--memory', '384M', '--threads', '2', '--verify', 'none'])\n"
        "status = open('/proc/self/status').read()\n"  # ru_maxrss would count the process that started this one
        "print(code, status.split('VmHWM:')[1].split()[0])"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "in.zarr"), str(tmp_path / "out.ome.zarr")]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    code, peak_kib = map(int, ran.stdout.splitlines()[-1].split())
    assert code == 0
    assert peak_kib < 384 << 10
