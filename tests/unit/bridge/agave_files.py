"""Save files of AGAVE's, made from numbers, and scenes to read them into."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.bricks.stats import channel_stats
from render.scene.open import Scene, SceneLayer
from render.source.memory import MemorySource
from render.space import Matrix

# What AGAVE 1.10 rendered of the average brain, as measured: see docs/agave.md.
EYE, TARGET = (0.924297, 1.340000, 0.799922), (0.404297, 0.500000, 0.419922)
LIGHT_DIRECTION = (-0.23149, 0.62161, 0.74834)
LIGHT_CENTRE = (0.05706, 1.43242, 1.54244)
LIGHT_RADIANCE = 444.4
DENSE = ((0.0, 0.0), (0.35, 0.0), (0.65, 0.6), (1.0, 1.0))
THIN = ((0.0, 0.0), (0.30, 0.0), (1.0, 0.5))
BRAIN_SHAPE = (215, 256, 207)


def nodes(points: tuple[tuple[float, float], ...]) -> list[dict[str, Any]]:
    return [{"x": x, "value": [y, y, y, y]} for x, y in points]


def scene_file(name: str = "surface") -> dict[str, Any]:
    """One of the three scenes, with every key that AGAVE 1.10 writes."""
    density, points = (8.5, THIN) if name == "translucent" else (50.0, DENSE)
    grey = [0.5, 0.5, 0.5]
    x, y, z = LIGHT_DIRECTION
    blank = {"topColor": [1.0] * 3, "middleColor": [1.0] * 3, "bottomColor": [1.0] * 3, "color": [1.0] * 3}
    blank |= {f"{part}Intensity": 1.0 for part in ("topColor", "middleColor", "bottomColor", "color")}
    return {
        "datasets": [
            {
                "url": "brain.nii.gz", "subpath": "", "isImageSequence": False, "scene": 0, "time": 0, "channels": [],
                "clipRegion": [[0, 0], [0, 0], [0, 0]],
            }
        ],
        "version": [1, 10, 0],
        "rendererType": 0,
        "pathTracer": {"primaryStepSize": 4.0, "secondaryStepSize": 4.0},
        "timeline": {"minTime": 0.0, "maxTime": 0.0, "currentTime": 0.0},
        "clipRegion": [[0.0, 1.0], [0.0, 0.5 if name == "cut" else 1.0], [0.0, 1.0]],
        "clipPlane": {
            "clipPlane": [0.0, 0.0, 1.0, 0.0],
            "transform": {"translation": [0.4, 0.5, 0.4], "rotation": [0.0, 0.0, 0.0, 1.0], "scale": [1.0, 1.0, 1.0]},
            "enabled": False,
        },
        "scale": [1.0, 1.0, 1.0],
        "flipAxis": [1, 1, 1],
        "camera": {
            "eye": list(EYE), "target": list(TARGET), "up": [0.0, 0.0, 1.0], "projection": 0, "fovY": 55.0,
            "orthoScale": 0.5, "exposure": 0.75, "aperture": 0.0, "focalDistance": 1.0,
        },
        "backgroundColor": [0.0, 0.0, 0.0],
        "boundingBoxColor": [1.0, 1.0, 1.0],
        "showBoundingBox": False,
        "showScaleBar": False,
        "showTimeStamp": False,
        "timeStampFormat": 1,
        "channels": [channel(mode=3, controlPoints=nodes(points))],
        "density": density,
        "interpolate": True,
        "lights": [
            {
                **blank, "type": 1, "distance": 1.0, "theta": 0.0, "phi": math.pi / 2, "width": 1.0, "height": 1.0,
                "topColor": grey, "middleColor": grey, "bottomColor": grey, "rotation": [0.0, 0.0, 0.0, 1.0],
            },
            {
                **blank, "type": 0, "distance": 1.5, "theta": math.atan2(x, z), "phi": math.acos(y),
                "width": 0.15, "height": 0.15, "color": [10.0, 10.0, 10.0],
            },
        ],
        "capture": {
            "width": 512, "height": 512, "filenamePrefix": "frame", "outputDirectory": ".", "samples": 32,
            "seconds": 10.0, "durationType": 0, "startTime": 0, "endTime": 0,
        },
    }  # fmt: skip


def channel(**lut: Any) -> dict[str, Any]:
    """A white matt channel; `lut` are keys of its lutParams."""
    return {
        "enabled": True,
        "diffuseColor": [1.0, 1.0, 1.0],
        "specularColor": [0.0, 0.0, 0.0],
        "emissiveColor": [0.0, 0.0, 0.0],
        "glossiness": 1.0,
        "opacity": 1.0,
        "lutParams": lut,
        "colorMap": {"name": "none", "stops": []},
    }


def changed(document: dict[str, Any], *path: str | int, value: Any) -> dict[str, Any]:
    """A copy with another value at a path; the key is left out where the value is `...`."""
    copied = copy.deepcopy(document)
    holder: Any = copied
    for part in path[:-1]:
        holder = holder[part]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return copied


def write(folder: Path, document: Any, name: str = "scene.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def scene_of(voxels: NDArray[Any], world_from_vox: Matrix | None = None, orientation: str = "image") -> Scene:
    """A scene of one image. `voxels`: (z, y, x), or (c, z, y, x) with several channels."""
    source = MemorySource(
        voxels,
        world_from_vox=np.eye(4) if world_from_vox is None else world_from_vox,
        name="image",
        orientation=orientation,
    )
    stats = tuple(channel_stats(source, c) for c in range(len(source.info.channels)))
    return Scene("image", [SceneLayer("image", source, stats)])


def brain_like(shape: tuple[int, int, int] = BRAIN_SHAPE) -> tuple[NDArray[np.float32], Matrix]:
    """An array of the brain's shape with its range, and where a scanner put it: x and y run the other way, 0.737 mm."""
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    voxels = (-3.0 + 104.0 * (z + y + x) / (sum(shape) - 3)).astype(np.float32)
    step = 737.0
    world = np.diag([-step, -step, step, 1.0])
    world[:3, 3] = (75_000.0, 110_000.0, -71_000.0)
    return voxels, world
