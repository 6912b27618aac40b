"""Surfaces of segments and of images as meshes, block by block, and the files they are written to. No GL.

`extract(source, ids, ...)` gives the meshes of segments one by one, `extract_isosurface(source, channel, value, ...)`
that of an image; `write(path, meshes)` makes a file of them.
"""

from .extraction import extract
from .isosurface import extract_isosurface
from .region import crop_of, level_for
from .segment import SegmentMesh
from .writing import write

__all__ = ["SegmentMesh", "crop_of", "extract", "extract_isosurface", "level_for", "write"]
