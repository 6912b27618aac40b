"""`hosta mesh`: from a command to files, and what it says when it cannot."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh
import zarr

from render.cli import main

IDS = (5, 2**63 + 1)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """An OME-Zarr image of two levels with two segmentations; the first has names and colours."""
    root = zarr.open_group(tmp_path / "cells.ome.zarr", mode="w", zarr_format=2)
    z, y, x = np.mgrid[:24, :24, :40]
    first = (z - 12) ** 2 + (y - 12) ** 2 + (x - 10) ** 2 < 64
    second = (z - 12) ** 2 + (y - 12) ** 2 + (x - 28) ** 2 < 81
    ids = np.where(first, np.uint64(IDS[0]), np.where(second, np.uint64(IDS[1]), np.uint64(0)))
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]

    def multiscale(name: str, array: np.ndarray) -> dict[str, object]:
        group = root.require_group(name) if name else root
        datasets = []
        for level, step in enumerate((1, 2)):
            group.create_array(str(level), data=array[::step, ::step, ::step], chunks=(16, 16, 16))
            scale = [{"type": "scale", "scale": [2.0 * step, 1.0 * step, 1.0 * step]}]
            datasets.append({"path": str(level), "coordinateTransformations": scale})
        attributes: dict[str, object] = {
            "multiscales": [{"version": "0.4", "name": name, "axes": axes, "datasets": datasets}]
        }
        group.attrs.update(attributes)
        return attributes

    multiscale("", (40.0 - np.sqrt((z - 12.0) ** 2 + (y - 12.0) ** 2 + (x - 20.0) ** 2)).astype(np.float32))
    multiscale("labels/cells", ids)
    multiscale("labels/other", ids)
    root["labels"].attrs["labels"] = ["cells", "other"]
    root["labels/cells"].attrs["image-label"] = {
        "version": "0.4",
        "colors": [{"label-value": 5, "rgba": [255, 0, 0, 255]}],
    }
    return tmp_path / "cells.ome.zarr"


def failed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and the sentence of a command that fails."""
    code = main(["mesh", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    return code, err.strip()


def test_segments_to_one_file(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cells.glb"
    arguments = [str(store), "--segmentation", "cells", "-o", str(file)]
    assert main(["mesh", *arguments, "--ids", f"{IDS[1]},5", "--ids", "99"]) == 0
    out, err = capsys.readouterr()
    assert "hosta: no voxel has the id 99 here" in err
    assert "2 surfaces" in out
    assert "level 0" in out
    scene = trimesh.load_scene(file)
    assert list(scene.geometry) == [str(IDS[1]), "5"]
    assert scene.geometry["5"].is_watertight
    assert scene.geometry["5"].volume == pytest.approx(2.0 * 4.0 / 3.0 * np.pi * 512.0, rel=0.03)
    assert scene.geometry["5"].visual.material.baseColorFactor.tolist() == [255, 0, 0, 255]


def test_a_file_a_segment(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["mesh", str(store), "--segmentation", "other", "--ids", "all"]
    assert main([*common, "-o", f"{tmp_path}/meshes", "--format", "stl", "--level", "1"]) == 0
    assert {path.name for path in (tmp_path / "meshes").iterdir()} == {f"{one}.stl" for one in IDS}
    assert main([*common, "-o", f"{tmp_path}/s_{{id}}_{{name}}.ply", "--decimate", "0.2", "--smooth", "5"]) == 0
    made = trimesh.load_mesh(tmp_path / "s_5_5.ply", process=False)
    assert made.is_watertight
    coarse = trimesh.load_mesh(tmp_path / "meshes" / "5.stl")
    assert made.volume == pytest.approx(coarse.volume, rel=0.2)
    capsys.readouterr()


def test_an_isosurface_of_a_part(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "iso.ply"
    assert main(["mesh", str(store), "--isovalue", "30", "-o", str(file), "--crop", ":,:12.5,:um"]) == 0
    capsys.readouterr()
    made = trimesh.load_mesh(file, process=False)
    assert made.is_watertight
    assert made.bounds == pytest.approx(np.array([[10.0, 2.0, 4.0], [30.0, 12.5, 44.0]]), abs=0.25)
    assert main(["mesh", str(store), "--isovalue", "30", "-o", str(file), "--resolution", "4um"]) == 0
    assert "level 1" in capsys.readouterr().out


def test_names_choose_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of NIfTI labels with a table beside them, as atlases have it. Patients stand upright."""
    import itk

    array = np.zeros((8, 8, 20), np.uint8)
    for number in range(1, 4):
        array[2:6, 2:6, 6 * number - 4 : 6 * number] = number
    itk.imwrite(itk.image_from_array(array), str(tmp_path / "atlas.nii.gz"))
    table = {"R": [0, 255, 0, 0], "G": [0, 0, 255, 0], "B": [0, 0, 0, 255]}
    table["labels"] = ["air", "Nucleus, left", "Nucleus, right", "../../evil"]  # type: ignore[assignment]
    (tmp_path / "atlas.json").write_text(json.dumps(table))
    atlas = str(tmp_path / "atlas.nii.gz")
    out = f"{tmp_path}/{{name}}.ply"
    assert main(["mesh", atlas, "--ids", "nucleus, LEFT", "-o", out]) == 0
    assert main(["mesh", atlas, "--ids", "*nucl*,3", "-o", out]) == 0
    capsys.readouterr()
    made = {path.name for path in tmp_path.glob("*.ply")}
    assert made == {"Nucleus_left.ply", "Nucleus_right.ply", "evil.ply"}
    assert not list(tmp_path.parent.glob("evil*"))
    code, sentence = failed(capsys, atlas, "--ids", "cortex", "-o", out)
    assert code == 2
    assert sentence == (
        "hosta: no segment of atlas.nii.gz is called 'cortex'; it has 'Nucleus, left', 'Nucleus, right', '../../evil'"
    )
    assert main(["mesh", atlas, "--ids", "all", "-o", f"{tmp_path}/up.glb"]) == 0
    root = trimesh.load_scene(tmp_path / "up.glb").graph.get("hosta")[0]
    assert root[:3, :3] @ [0, 0, 1] == pytest.approx(np.array([0.0, 1.0, 0.0]) * np.linalg.norm(root[:3, 0]))


def test_what_cannot_be_is_said(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.ply"
    cells = (store, "--segmentation", "cells", "-o", file)
    for arguments, code, words in (
        ((store, "-o", file), 2, "--ids"),
        ((*cells, "--ids", "1", "--isovalue", "3"), 2, "--isovalue"),
        ((store, "--ids", "1", "-o", file), 2, "choose one of"),
        ((store, "--ids", "1", "-o", file, "--segmentation", "nuclei"), 2, "no segmentation 'nuclei'"),
        ((*cells, "--ids", "x"), 2, "'x' is no id"),
        ((*cells, "--ids", ","), 2, "no segment is chosen"),
        ((*cells, "--ids", "0"), 2, "background"),
        ((*cells, "--ids", "1", "--level", "7"), 2, "no level 7"),
        ((*cells, "--ids", "1", "--level", "1", "--resolution", "4um"), 2, "exclude each other"),
        ((*cells, "--ids", "1", "--time", "7"), 2, "no time point 7"),
        ((*cells, "--ids", "1", "--decimate", "0"), 2, "share"),
        ((*cells, "--ids", "1", "--crop", "1:2,3:4"), 2, "is no part of the world"),
        ((*cells, "--ids", "1", "--crop", "100:200,:,:"), 2, "no voxels in the crop box"),
        ((*cells, "--ids", "99"), 3, "no surface of 99"),
        ((*cells, "--ids", "99,98"), 3, "any of the chosen segments"),
        ((store, "--isovalue", "1e9", "-o", file), 3, "no surface of"),
        ((store, "--isovalue", "1", "--smooth", "3", "-o", file), 2, "not smoothed"),
        ((store, "--isovalue", "1", "--channel", "dapi", "-o", file), 2, "no channel 'dapi'"),
        ((store, "--ids", "all", "-o", tmp_path / "x.blend"), 2, "does not say a format"),
        ((store, "--ids", "all", "-o", tmp_path), 2, "--format"),
        ((store, "--ids", "all", "-o", tmp_path / "no" / "x.ply"), 2, "does not exist"),
        ((store, "--ids", "all", "-o", file, "--format", "stl"), 2, "different things"),
        ((tmp_path / "absent.zarr", "--ids", "all", "-o", file), 3, "there is no file"),
    ):
        told = failed(capsys, *arguments)
        assert (told[0], words in told[1]) == (code, True), told
    assert not file.exists()


def open_files(pid: int, folder: Path) -> list[str]:
    """What a process has open in a folder, also without a name (those end in "(deleted)")."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(descriptor))
    return [name for name in found if name.startswith(str(folder))]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    ids = np.random.default_rng(0).integers(0, 50, (160, 160, 160)).astype(np.uint16)
    np.save(tmp_path / "noise.npy", ids)
    command = [sys.executable, "-m", "render", "mesh", str(tmp_path / "noise.npy"), "--ids", "all"]
    process = subprocess.Popen(
        [*command, "-o", str(folder / "x.ply")], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60.0
    held: list[str] = []
    while not held and time.monotonic() < deadline:
        descriptors = Path(f"/proc/{process.pid}/fd")
        held = [
            os.readlink(one) for one in descriptors.iterdir() if one.is_symlink() and str(folder) in os.readlink(one)
        ]
        time.sleep(0.05)
    assert held
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "hosta: interrupted"
    assert list(folder.iterdir()) == []
