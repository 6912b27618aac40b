"""OME-Zarr stores for tests, written with zarr-python, which the reader under test does not use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr


def write_image(
    path: Path,
    levels: dict[str, np.ndarray],
    axes: list[dict[str, str]],
    transforms: dict[str, list[dict[str, Any]]],
    *,
    version: str = "0.4",
    chunks: tuple[int, ...] | None = None,
    extra: dict[str, Any] | None = None,
    multiscale: dict[str, Any] | None = None,
    **array: Any,
) -> Path:
    """A group with one multiscale. `extra` goes beside "multiscales", `multiscale` into it."""
    zarr_format = 2 if version in ("0.1", "0.2", "0.3", "0.4") else 3
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    for name, values in levels.items():
        made = group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            chunks=chunks or tuple(min(n, 16) for n in values.shape),
            **array,
        )
        made[...] = values
    datasets = [{"path": name, "coordinateTransformations": transforms[name]} for name in levels]
    metadata = {"multiscales": [{"axes": axes, "datasets": datasets, "version": version, **(multiscale or {})}]}
    metadata |= extra or {}
    group.attrs.update(metadata if zarr_format == 2 else {"ome": {"version": version, **metadata}})
    return path


def space(*names: str, unit: str = "nanometer") -> list[dict[str, str]]:
    """Axes by their names: t is time, c is channel, all others are space."""
    return [
        {"name": "t", "type": "time"} if name == "t" else
        {"name": "c", "type": "channel"} if name == "c" else
        {"name": name, "type": "space", "unit": unit}
        for name in names
    ]  # fmt: skip


def scale(*values: float) -> dict[str, Any]:
    return {"type": "scale", "scale": list(values)}


def shift(*values: float) -> dict[str, Any]:
    return {"type": "translation", "translation": list(values)}
