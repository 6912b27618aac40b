"""`hosta info`: what it says against what other libraries wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from render.cli import main


def described(capsys: pytest.CaptureFixture[str], path: str) -> list[dict[str, Any]]:
    assert main(["info", path, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    report = json.loads(out)
    assert report["path"] == path
    sources: list[dict[str, Any]] = report["sources"]
    return sources


def test_an_imagej_tiff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    voxels = rng.integers(3, 4000, (6, 2, 20, 30), np.uint16)  # z, c, y, x
    file = tmp_path / "stack.tif"
    tifffile.imwrite(
        file, voxels, imagej=True, resolution=(4.0, 4.0), metadata={"axes": "ZCYX", "spacing": 0.5, "unit": "um"}
    )
    (source,) = described(capsys, str(file))
    assert (source["kind"], source["dtype"], source["axes"]) == ("image", "uint16", "tczyx")
    assert source["shape"] == [1, 2, 6, 20, 30]
    assert source["spacing_is_known"] is True
    assert source["levels"][0]["spacing_um"] == pytest.approx([0.5, 0.25, 0.25])
    ranges = [channel["range"] for channel in source["channels"]]
    assert ranges == [[voxels[:, c].min(), voxels[:, c].max()] for c in range(2)]
    assert all(channel["range_is_of_all_voxels"] for channel in source["channels"])
    for c, channel in enumerate(source["channels"]):
        assert dict(map(tuple, channel["percentiles"]))[50.0] == np.percentile(voxels[:, c], 50, method="inverted_cdf")
        assert channel["percentiles_are_of_all_voxels"]
        assert sum(channel["histogram"]) == pytest.approx(voxels[:, c].size)
        assert channel["histogram_range"] == channel["range"]


def test_an_array_without_spacing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.npy"
    np.save(file, np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4))
    (source,) = described(capsys, str(file))
    assert source["spacing_is_known"] is False
    assert source["channels"][0]["range"] == [-1.0, 1.0]
    assert main(["info", str(file)]) == 0
    text = capsys.readouterr().out
    assert "2 x 3 x 4 (t, c, z, y, x) float32" in text
    assert "--spacing" in text
    assert "-1 to 1" in text
    # Of 24 values evenly spread: the 2nd, the 12th, the 23rd.
    assert "5 % -0.913043, 25 % -0.565217, 50 % -0.0434783" in text


def test_values_without_a_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.npy"
    np.save(file, np.full((2, 3, 4), np.nan, np.float32))
    (source,) = described(capsys, str(file))
    assert source["channels"][0]["range"] is None
    assert source["channels"][0]["percentiles"] == []
    assert main(["info", str(file)]) == 0
    assert "no values" in capsys.readouterr().out


def test_ids_keep_all_their_digits(capsys: pytest.CaptureFixture[str]) -> None:
    image, labels = described(capsys, "synthetic:cell?size=32")
    assert (image["kind"], labels["kind"]) == ("image", "labels")
    (channel,) = labels["channels"]
    assert channel["range"][1] > 2**53  # more than a float holds
    assert main(["info", "synthetic:cell?size=32"]) == 0
    assert f"{channel['n_labels']} labels, {channel['range'][0]} to {channel['range'][1]}" in capsys.readouterr().out


def test_a_large_volume_is_sampled(capsys: pytest.CaptureFixture[str]) -> None:
    image, labels = described(capsys, "synthetic:cell?size=512")
    assert image["levels"][0]["shape"] == [512, 512, 512]
    for source in (image, labels):
        assert not source["channels"][0]["range_is_of_all_voxels"]
        assert source["channels"][0]["range_level"] > 0
    assert not image["channels"][0]["percentiles_are_of_all_voxels"]


def test_a_petabyte_is_described_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    image, labels = described(capsys, "synthetic:cell?size=100000")
    assert image["bytes"] == 5 * 10**15
    assert labels["bytes"] == 8 * 10**15
    assert image["bytes_of_all_levels"] == pytest.approx(5e15 * 8 / 7, rel=1e-3)
    assert main(["info", "synthetic:constant?size=1000,1000,1500"]) == 0
    assert "1.5 GB uncompressed, 1.714 GB with its 6 levels" in capsys.readouterr().out


def test_real_volumes(hosta_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shapes and spacings that the data's own description gives."""
    (brain,) = described(capsys, str(hosta_data / "brain" / "spm152.nii.gz"))
    assert brain["shape"] == [1, 1, 215, 256, 207]
    assert brain["levels"][0]["spacing_um"] == pytest.approx([737, 737, 737], rel=2e-3)
    assert brain["orientation"] == "anatomical"
    (series,) = described(capsys, str(hosta_data / "ct-dicom"))
    assert series["shape"] == [1, 1, 120, 512, 512]
    assert series["dtype"] == "uint16"  # the files say PixelRepresentation 0
    assert series["levels"][0]["spacing_um"] == pytest.approx([1500, 410, 410], rel=2e-2)
