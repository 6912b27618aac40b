"""Data that is there and cannot be read, for all commands that open some."""

from __future__ import annotations

from pathlib import Path

import itk
import numpy as np

from tests.unit.source.stores import scale, space, write_image

BAD_NAMES = ("letter.nrrd", "cut.nii.gz", "points.xyz", "empty", "corrupt.zarr")


def write_bad_data(folder: Path) -> Path:
    """Writes `BAD_NAMES`: a text that calls itself an image, a truncated file, an unknown format, a folder without
    images, and an OME-Zarr store of which one chunk of four is damaged."""
    (folder / "letter.nrrd").write_bytes(b"Dear reader,\n" * 20)
    (folder / "points.xyz").write_bytes(b"1 2 3\n" * 20)
    (folder / "empty").mkdir()
    (folder / "empty" / "notes.txt").write_bytes(b"nothing to see")
    voxels = np.random.default_rng(1).integers(0, 4000, (8, 32, 32), np.uint16)
    itk.imwrite(itk.image_from_array(voxels), str(folder / "cut.nii.gz"))
    whole = (folder / "cut.nii.gz").read_bytes()
    (folder / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    write_image(
        folder / "corrupt.zarr", {"0": voxels}, space("z", "y", "x"), {"0": [scale(1.0, 1.0, 1.0)]}, chunks=(8, 16, 16)
    )
    chunk = next(path for path in sorted((folder / "corrupt.zarr" / "0").rglob("*0*1*")) if path.is_file())
    chunk.write_bytes(b"garbage " * 40)
    return folder
