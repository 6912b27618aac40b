"""Files of meshes as other libraries read them: trimesh, VTK."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest
import trimesh
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOGeometry import vtkGLTFReader, vtkOBJReader, vtkSTLReader
from vtkmodules.vtkIOPLY import vtkPLYReader
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from render.errors import LimitError, UsageError
from render.mesh import SegmentMesh, extract, write
from render.mesh import writing as writing_module
from render.space import affine

from .surfaces import assert_closed, labels_of

BIG = 2**64 - 3
COLORS = {7: (1.0, 0.5, 0.0, 1.0), BIG: (0.0, 0.25, 1.0, 0.5)}
NAMES = {7: "mitochondrion\n7", BIG: "näkyvä <tuma> & \x1b[31m"}


def two(origin: tuple[float, float, float] = (100.0, 200.0, 300.0)) -> list[SegmentMesh]:
    """Two segments apart from each other, in several pieces; voxels of 0.5 x 1 x 2 (x, y, z)."""
    array = np.zeros((14, 14, 20), np.uint64)
    array[2:9, 3:10, 2:9] = 7
    array[4:12, 2:11, 11:18] = BIG
    source = labels_of(array, world_from_vox=affine((0.5, 1.0, 2.0), origin), label_names=NAMES, label_colors=COLORS)
    return list(extract(source, [7, BIG], block_vox=6))


def volumes(meshes: list[SegmentMesh]) -> list[float]:
    return [float(trimesh.Trimesh(*mesh.whole(), process=False).volume) for mesh in meshes]


@pytest.mark.parametrize("ending", ["ply", "stl", "obj", "glb", "gltf"])
def test_trimesh_reads_closed_surfaces_in_their_place(ending: str, tmp_path: Path) -> None:
    meshes = two()
    file = tmp_path / f"two.{ending}"
    write(file, meshes)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    scene = trimesh.load_scene(file)
    parts = list(scene.geometry.values())
    assert len(parts) == (2 if ending in ("glb", "gltf") else 1)
    if ending in ("glb", "gltf"):
        root = scene.graph.transforms.node_data  # the nodes that trimesh knows
        assert "hosta" in root
        scene.apply_transform(np.linalg.inv(scene.graph.get("hosta")[0]))
    made = scene.to_mesh()
    if ending == "stl":
        made.merge_vertices()
    assert_closed(made)
    assert made.volume == pytest.approx(sum(volumes(meshes)), rel=1e-5)
    points = np.concatenate([mesh.whole()[0] for mesh in meshes])
    assert made.bounds == pytest.approx(np.array([points.min(axis=0), points.max(axis=0)]), rel=1e-6)


def test_ply_tells_segments_apart(tmp_path: Path) -> None:
    meshes = two()
    file = tmp_path / "two.ply"
    write(file, meshes)
    header = file.read_bytes().split(b"end_header\n")[0].decode("ascii").splitlines()
    n, m = meshes[0].n_vertices, meshes[0].n_triangles
    assert f"comment segment 7: vertices 0 to {n}, faces 0 to {m}: mitochondrion 7" in header
    assert any(line.startswith(f"comment segment {BIG}: vertices {n} to ") for line in header)
    assert "property float x" in header
    reader = vtkPLYReader()
    reader.SetFileName(str(file))
    reader.Update()
    colors = vtk_to_numpy(reader.GetOutput().GetPointData().GetArray("RGBA"))
    assert np.unique(colors[:n], axis=0).tolist() == [[255, 128, 0, 255]]
    assert np.unique(colors[n:], axis=0).tolist() == [[0, 64, 255, 128]]
    assert reader.GetOutput().GetNumberOfPolys() == sum(mesh.n_triangles for mesh in meshes)


def test_ply_far_from_the_origin_is_exact(tmp_path: Path) -> None:
    meshes = two(origin=(1e6, -2e6, 3e6))
    file = tmp_path / "far.ply"
    write(file, meshes)
    assert b"property double x" in file.read_bytes()[:1000]
    made = trimesh.load_mesh(file, process=False)
    assert np.array_equal(made.vertices, np.concatenate([mesh.whole()[0] for mesh in meshes]))


def test_vtp_holds_ids_of_64_bits(tmp_path: Path) -> None:
    meshes = two()
    file = tmp_path / "two.vtp"
    write(file, meshes)
    assert [path.name for path in tmp_path.iterdir()] == ["two.vtp"]
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(file))
    reader.Update()
    data = reader.GetOutput()
    faces = vtk_to_numpy(data.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    assert_closed(trimesh.Trimesh(vtk_to_numpy(data.GetPoints().GetData()), faces, process=False))
    ids = vtk_to_numpy(data.GetCellData().GetArray("segment"))
    assert ids.dtype == np.uint64
    assert np.array_equal(ids, np.repeat(np.array([7, BIG], np.uint64), [mesh.n_triangles for mesh in meshes]))
    assert vtk_to_numpy(data.GetCellData().GetArray("color"))[0].tolist() == [255, 128, 0, 255]
    assert vtk_to_numpy(data.GetFieldData().GetArray("segment_ids")).tolist() == [7, BIG]
    names = data.GetFieldData().GetAbstractArray("segment_names")
    assert [names.GetValue(k) for k in range(2)] == [mesh.name for mesh in meshes]


def test_obj_has_an_object_a_segment(tmp_path: Path) -> None:
    meshes = two()
    file = tmp_path / "two.obj"
    write(file, meshes)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("o ")] == [
        "o 7_mitochondrion_7",
        f"o {BIG}_näkyvä_<tuma>_&__[31m",
    ]
    made = trimesh.load_mesh(file, process=False, maintain_order=True)
    assert np.array(made.visual.vertex_colors)[[0, -1]].tolist() == [[255, 128, 0, 255], [0, 64, 255, 255]]


@pytest.mark.parametrize(("ending", "reader"), [("stl", vtkSTLReader), ("obj", vtkOBJReader)])
def test_vtk_reads_them_too(ending: str, reader: type, tmp_path: Path) -> None:
    meshes = two()
    file = tmp_path / f"two.{ending}"
    write(file, meshes)
    made = reader()
    made.SetFileName(str(file))
    made.Update()
    assert made.GetOutput().GetNumberOfPolys() == sum(mesh.n_triangles for mesh in meshes)


@pytest.mark.parametrize("anatomical", [False, True])
def test_gltf_stands_upright_in_sensible_metres(anatomical: bool, tmp_path: Path) -> None:
    """As VTK places it: in image data y points down and z away, in patients the head is up and the face to the eye."""
    meshes = two()
    file = tmp_path / "two.glb"
    write(file, meshes, anatomical=anatomical)
    reader = vtkGLTFReader()
    reader.SetFileName(str(file))
    reader.ApplyDeformationsToGeometryOn()
    reader.Update()
    blocks = reader.GetOutput()
    points: list[np.ndarray] = []
    waiting = [blocks]
    while waiting:
        block = waiting.pop(0)
        if block.IsA("vtkMultiBlockDataSet"):
            waiting += [block.GetBlock(k) for k in range(block.GetNumberOfBlocks()) if block.GetBlock(k) is not None]
        else:
            points.append(vtk_to_numpy(block.GetPoints().GetData()).astype(float))
            assert block.GetPointData().GetArray("NORMAL") is not None
    ours = np.concatenate([mesh.whole()[0] for mesh in meshes])
    x, y, z = ours.T
    scale = 0.1  # 20 um along z become 2 m
    expected = scale * np.stack([x, z, -y] if anatomical else [x, -y, -z], axis=1)
    assert np.concatenate(points) == pytest.approx(expected, rel=1e-4)


def test_gltf_says_units_ids_names_and_colours(tmp_path: Path) -> None:
    write(tmp_path / "two.gltf", two())
    document = json.loads((tmp_path / "two.gltf").read_bytes())
    root, *nodes = document["nodes"]
    assert root["extras"] == {"unit": "micrometer", "metres_per_unit": 1e-6, "magnification": 1e5, "world": "image"}
    assert [node["extras"]["segment"] for node in nodes] == ["7", str(BIG)]
    assert [node["name"] for node in nodes] == ["mitochondrion 7", "näkyvä <tuma> &  [31m"]
    base = [material["pbrMetallicRoughness"]["baseColorFactor"] for material in document["materials"]]
    assert base[0] == pytest.approx([1.0, 0.2140, 0.0, 1.0], abs=1e-4)  # sRGB 0.5 is 0.214 of the light
    assert base[1] == pytest.approx([0.0, 0.0509, 1.0, 0.5], abs=1e-4)
    assert [material.get("alphaMode", "OPAQUE") for material in document["materials"]] == ["OPAQUE", "BLEND"]
    for mesh in document["meshes"]:
        accessor = document["accessors"][mesh["primitives"][0]["attributes"]["POSITION"]]
        assert np.add(accessor["min"], accessor["max"]) == pytest.approx([0.0, 0.0, 0.0], abs=1e-4)


def test_normals_point_outwards(tmp_path: Path) -> None:
    write(tmp_path / "one.glb", two()[:1])
    (made,) = trimesh.load_scene(tmp_path / "one.glb", process=False).geometry.values()
    given = np.array(made.vertex_normals)
    assert np.linalg.norm(given, axis=1) == pytest.approx(np.ones(len(given)), abs=1e-5)
    per_vertex = np.zeros_like(given)
    np.add.at(per_vertex, made.faces.reshape(-1), np.repeat(made.face_normals, 3, axis=0))
    assert ((per_vertex * given).sum(axis=1) > 0.0).all()


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "two.ply"
    file.write_bytes(b"before")
    meshes = two()

    def torn() -> object:
        yield from list(meshes[1].pieces())[:1]
        raise KeyboardInterrupt

    broken = SegmentMesh(9, "9", (1.0, 1.0, 1.0, 1.0), 1.0, 10**6, 10**6, torn)  # type: ignore[arg-type]
    for ending in ("ply", "stl", "obj", "glb", "vtp"):
        target = file.with_suffix(f".{ending}")
        target.write_bytes(b"before")
        with pytest.raises(KeyboardInterrupt):
            write(target, [meshes[0], broken])
        assert target.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 5
    write(file, meshes)
    assert stat.S_IMODE(file.stat().st_mode) & 0o444 == 0o444
    monkeypatch.setattr(writing_module, "MAX_TRIANGLES", 100)
    with pytest.raises(LimitError, match=r"100 are the most; write a \.ply"):
        write(tmp_path / "two.stl", meshes)
    with pytest.raises(UsageError, match="does not say a format"):
        write(tmp_path / "two.blend", meshes)
