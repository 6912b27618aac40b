"""glTF 2.0, as one binary file (.glb) or as text with its data inside (.gltf): one node, mesh and material a segment.

glTF is in metres with y up, and data of a few micrometres would be nothing to a viewer. So:
* Below the root node everything is in micrometres, in the world's axes; a program that wants those leaves the root out.
  Positions are relative to the node's `translation`, for 32-bit floats are not exact far from the origin.
* The root turns and enlarges: image data as they are seen at first, x right, y down, z away: (x, -y, -z); patient data
  standing, seen from the front: (x, z, -y). Its scale is a power of ten that makes the longest side 0.3 to 3 metres.
* `extras` of the root say `unit` "micrometer", `metres_per_unit` 1e-6 and `magnification` (the scale times 1e6); those
  of a segment its id, as a decimal string, for 64 bits do not fit a number of JSON.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import LimitError
from .ply import one_line
from .segment import Points, Rgba, SegmentMesh, Triangles

_FLOAT, _UINT = 5126, 5125
_ARRAY_BUFFER, _ELEMENT_BUFFER = 34962, 34963
MAX_BYTES = 2**32 - 2**20
"""Lengths in a .glb have 32 bits; the rest is for the JSON."""
_BYTES_A_VERTEX, _BYTES_A_TRIANGLE = 24, 12

# Quaternions (x, y, z, w): half a turn about x; a quarter of a turn back about x.
_IMAGE_UP = [1.0, 0.0, 0.0, 0.0]
_PATIENT_UP = [-math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)]


def write_glb(file: IO[bytes], meshes: Sequence[SegmentMesh], *, anatomical: bool) -> None:
    """`anatomical`: the world is LPS. Raises LimitError for what a .glb cannot hold."""
    document, blobs = _document(meshes, anatomical)
    n_bytes = document["buffers"][0]["byteLength"]
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + n_bytes
    if total >= 2**32:
        raise LimitError("a .glb has at most 4 GiB and this has more; write a .ply, or take a coarser --level")
    file.write(b"glTF" + (2).to_bytes(4, "little") + total.to_bytes(4, "little"))
    file.write(len(text).to_bytes(4, "little") + b"JSON" + text)
    file.write(n_bytes.to_bytes(4, "little") + b"BIN\0")
    for blob in blobs:
        file.write(blob)


def write_gltf(file: IO[bytes], meshes: Sequence[SegmentMesh], *, anatomical: bool) -> None:
    """As `write_glb`, as text; the data are in it, in base64."""
    document, blobs = _document(meshes, anatomical)
    data = base64.b64encode(b"".join(blobs)).decode()
    document["buffers"][0]["uri"] = f"data:application/octet-stream;base64,{data}"
    file.write(json.dumps(document, indent=1).encode())


def _document(meshes: Sequence[SegmentMesh], anatomical: bool) -> tuple[dict[str, Any], list[bytes]]:
    shown = [mesh for mesh in meshes if mesh.n_triangles]
    n_bytes = sum(mesh.n_vertices * _BYTES_A_VERTEX + mesh.n_triangles * _BYTES_A_TRIANGLE for mesh in shown)
    if n_bytes > MAX_BYTES:
        raise LimitError("glTF has at most 4 GiB and this needs more; write a .ply, or take a coarser --level")
    made = _Buffers()
    nodes: list[dict[str, Any]] = [{}]
    gltf_meshes, materials = [], []
    lo, hi = np.full(3, np.inf), np.full(3, -np.inf)
    for number, mesh in enumerate(shown):
        points, triangles = mesh.whole()
        lo, hi = np.minimum(lo, points.min(axis=0)), np.maximum(hi, points.max(axis=0))
        middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
        name = one_line(mesh.name)
        extras = {} if mesh.id is None else {"extras": {"segment": str(mesh.id)}}
        position = made.floats((points - middle).astype(np.float32), with_range=True)
        primitive = {
            "attributes": {"POSITION": position, "NORMAL": made.floats(vertex_normals(points, triangles))},
            "indices": made.indices(triangles.astype(np.uint32)),
            "material": number,
        }
        nodes.append({"name": name, "mesh": number, "translation": middle.tolist(), **extras})
        gltf_meshes.append({"name": name, "primitives": [primitive]})
        materials.append({"name": name, **_material(mesh.color)})
    longest = float((hi - lo).max()) if shown else 1.0
    scale = 10.0 ** round(-math.log10(longest)) if longest > 0.0 else 1.0
    nodes[0] = {
        "name": "hosta",
        "rotation": _PATIENT_UP if anatomical else _IMAGE_UP,
        "scale": [scale] * 3,
        "children": list(range(1, len(nodes))),
        "extras": {
            "unit": "micrometer",
            "metres_per_unit": 1e-6,
            "magnification": scale * 1e6,
            "world": "LPS" if anatomical else "image",
        },
    }
    document = {
        "asset": {"version": "2.0", "generator": "hosta"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "meshes": gltf_meshes,
        "materials": materials,
        "accessors": made.accessors,
        "bufferViews": made.views,
        "buffers": [{"byteLength": made.n_bytes}],
    }
    return document, made.blobs


class _Buffers:
    """The data of all accessors, one after the other; each is a multiple of 4 bytes."""

    def __init__(self) -> None:
        self.accessors: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.blobs: list[bytes] = []
        self.n_bytes = 0

    def floats(self, rows: NDArray[np.float32], *, with_range: bool = False) -> int:
        """Vectors (n, 3); the accessor's number."""
        span = {"min": rows.min(axis=0).tolist(), "max": rows.max(axis=0).tolist()} if with_range else {}
        return self._add(rows.astype("<f4"), _ARRAY_BUFFER, _FLOAT, "VEC3", len(rows), span)

    def indices(self, rows: NDArray[np.uint32]) -> int:
        return self._add(rows.astype("<u4"), _ELEMENT_BUFFER, _UINT, "SCALAR", rows.size, {})

    def _add(
        self, array: NDArray[Any], target: int, component: int, kind: str, count: int, span: dict[str, Any]
    ) -> int:
        blob = array.tobytes()
        self.views.append({"buffer": 0, "byteOffset": self.n_bytes, "byteLength": len(blob), "target": target})
        self.accessors.append(
            {"bufferView": len(self.views) - 1, "componentType": component, "count": count, "type": kind, **span}
        )
        self.blobs.append(blob)
        self.n_bytes += len(blob)
        return len(self.accessors) - 1


def vertex_normals(points: Points, triangles: Triangles) -> NDArray[np.float32]:
    """Unit normals (n, 3) of vertices, outwards: the mean of the triangles around, by area."""
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    index = triangles.reshape(-1)
    sums = np.stack([np.bincount(index, np.repeat(across[:, k], 3), len(points)) for k in range(3)], axis=1)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    # Where the triangles around cancel there is no outside; any unit vector is valid.
    normals: NDArray[np.float64] = np.divide(
        sums, length, out=np.tile([0.0, 0.0, 1.0], (len(points), 1)), where=length > 0.0
    )
    return normals.astype(np.float32)


def _material(color: Rgba) -> dict[str, Any]:
    srgb = np.clip(np.array(color[:3]), 0.0, 1.0)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    surface = {
        "baseColorFactor": [*linear.tolist(), float(color[3])],
        "metallicFactor": 0.0,
        "roughnessFactor": 0.6,
    }
    return {"pbrMetallicRoughness": surface, **({"alphaMode": "BLEND"} if color[3] < 1.0 else {})}
