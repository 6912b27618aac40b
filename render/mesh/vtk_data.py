"""VTP files. VTK is an optional dependency and is imported here alone."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import HostaError, UsageError
from .segment import Points, SegmentMesh, Triangles


def write_vtp(path: Path, meshes: Sequence[SegmentMesh]) -> None:
    """One vtkPolyData, coordinates in micrometres (64-bit floats), one part a segment.

    Cell data: `segment` (uint64; 0 of an isosurface) and `color` (RGBA, uint8). Field data: `segment_ids` and
    `segment_names`. Raises UsageError where VTK is not installed.
    """
    core, io = vtk_module("vtkCommonCore", "a .vtp"), vtk_module("vtkIOXML", "a .vtp")
    numpy_support = vtk_module("util.numpy_support", "a .vtp")
    wholes = [mesh.whole() for mesh in meshes]
    firsts = np.cumsum([0, *(len(points) for points, _ in wholes)])
    points = np.concatenate([np.empty((0, 3)), *(points for points, _ in wholes)])
    triangles = np.concatenate(
        [np.empty((0, 3), np.int64), *(faces + first for (_, faces), first in zip(wholes, firsts, strict=False))]
    )
    data = poly_data(points, triangles)
    counts = [len(faces) for _, faces in wholes]
    ids = np.array([mesh.id or 0 for mesh in meshes], np.uint64)
    colors = np.rint(np.clip([mesh.color for mesh in meshes], 0.0, 1.0) * 255.0).astype(np.uint8).reshape(-1, 4)
    for name, rows in (("segment", np.repeat(ids, counts)), ("color", np.repeat(colors, counts, axis=0))):
        array = numpy_support.numpy_to_vtk(np.ascontiguousarray(rows), deep=True)
        array.SetName(name)
        data.GetCellData().AddArray(array)
    data.GetCellData().SetActiveScalars("color")
    id_array = numpy_support.numpy_to_vtk(ids, deep=True)
    id_array.SetName("segment_ids")
    names = core.vtkStringArray()
    names.SetName("segment_names")
    for mesh in meshes:
        names.InsertNextValue(mesh.name)
    data.GetFieldData().AddArray(id_array)
    data.GetFieldData().AddArray(names)
    writer = io.vtkXMLPolyDataWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(data)
    if not writer.Write():
        raise HostaError(f"VTK could not write {path.name}; is there room on the disk?")


def poly_data(points: Points, triangles: Triangles) -> Any:
    """A vtkPolyData with copies of points (n, 3) and triangles (m, 3)."""
    core, model = vtk_module("vtkCommonCore", "this"), vtk_module("vtkCommonDataModel", "this")
    numpy_support = vtk_module("util.numpy_support", "this")
    at = core.vtkPoints()
    at.SetData(numpy_support.numpy_to_vtk(np.ascontiguousarray(points), deep=True))
    cells = model.vtkCellArray()
    offsets = numpy_support.numpy_to_vtkIdTypeArray(np.arange(len(triangles) + 1, dtype=np.int64) * 3, deep=True)
    corners = np.ascontiguousarray(triangles, np.int64).reshape(-1)
    cells.SetData(offsets, numpy_support.numpy_to_vtkIdTypeArray(corners, deep=True))
    data = model.vtkPolyData()
    data.SetPoints(at)
    data.SetPolys(cells)
    return data


def vtk_module(name: str, what: str) -> ModuleType:
    """A module of VTK. Raises UsageError where VTK is not installed."""
    try:
        return importlib.import_module(f"vtkmodules.{name}")
    except ImportError as error:
        raise UsageError(f"{what} needs VTK, which is not installed; pip install 'hosta[vtk]'") from error
