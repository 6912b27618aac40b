"""Pictures as they were when somebody looked at them and found them right; small, kept in tests/references.

Made again by `python -m tests.gpu.test_reference_pictures [FOLDER]` (then look at them, every one).
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import open_scene
from render.state.view import parse_state

REFERENCES = Path(__file__).resolve().parent.parent / "references"
SIZE = (200, 150)
SAMPLES = 48


@dataclass(frozen=True)
class Shot:
    """What a reference shows. `data` paths are relative to HOSTA_DATA; without one the scene is a phantom."""

    paths: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    state: str = "{}"

    @property
    def needs_data(self) -> bool:
        return not all(path.startswith("synthetic:") for path in self.paths + self.labels)


SHOTS = {
    "cell": Shot(("synthetic:cell?size=96",)),
    "cell_cut": Shot(("synthetic:cell?size=96",), state='{"crop": {"lo": [0, 0, 0.45]}}'),
    "axes": Shot(("synthetic:axes?size=64",)),
    "labels": Shot(labels=("synthetic:labels?size=64",)),
    "brain_spm152": Shot(("brain/spm152.nii.gz",)),
    "brain_mni152_axial": Shot(("brain/mni152_axial.ome.zarr",)),
    "allen_atlas": Shot(labels=("allen-atlas/AllenAtlas.nii.gz",)),
}


def draw(context: Context, shot: Shot, data: Path | None) -> np.ndarray:
    """(height, width, 3) uint8."""

    def located(paths: tuple[str, ...]) -> list[str]:
        return [path if path.startswith("synthetic:") else str(data / path) if data else path for path in paths]

    with closing(open_scene(located(shot.paths), located(shot.labels))) as scene:
        state = parse_state(shot.state, scene.default_state)
        with closing(Renderer(context, scene, 16, 16)) as renderer:
            renderer.set_state(state, 1)
            return renderer.picture(*SIZE, SAMPLES)[..., :3]


def blurred(picture: np.ndarray) -> np.ndarray:
    """Means of blocks of 5x5 pixels: what is left is the picture, not its noise."""
    height, width, _ = picture.shape
    return picture.reshape(height // 5, 5, width // 5, 5, 3).astype(float).mean(axis=(1, 3))


@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_is_as_it_was_found_right(name: str, gl: Context, request: pytest.FixtureRequest) -> None:
    data = request.getfixturevalue("hosta_data") if SHOTS[name].needs_data else None
    picture = draw(gl, SHOTS[name], data)
    reference = np.asarray(Image.open(REFERENCES / f"{name}.png"))
    apart = np.abs(blurred(picture) - blurred(reference))
    out = Path(__file__).resolve().parent.parent / "out"
    if apart.max() > 16 or apart.mean() > 1.5:
        out.mkdir(exist_ok=True)
        Image.fromarray(picture).save(out / f"{name}.png")
    assert apart.mean() <= 1.5, f"see {out / name}.png"
    assert apart.max() <= 16, f"see {out / name}.png"


def main(folder: Path) -> None:
    data = Path(os.environ["HOSTA_DATA"]) if "HOSTA_DATA" in os.environ else None
    folder.mkdir(exist_ok=True)
    with closing(Context.create()) as context:
        for name, shot in SHOTS.items():
            if shot.needs_data and data is None:
                print(f"{name}: left out, HOSTA_DATA is not set")
                continue
            Image.fromarray(draw(context, shot, data)).save(folder / f"{name}.png", optimize=True)
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCES)
