"""Mitochondria of a stack of electron micrographs, isolated, against numpy's projection of the same slices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

MITOCHONDRIA = 191
SIDE = 256


def test_isolated_mitochondria_are_the_projection_of_their_voxels(hosta_data: Path, tmp_path: Path) -> None:
    slices = sorted((hosta_data / "em-vnc/labels").glob("*.png"))
    there = np.stack([np.asarray(Image.open(path)) for path in slices]) == MITOCHONDRIA
    seen = there.any(axis=0)
    # Four voxels of 4.6 nm a pixel, looked at along the sections: the whole of the picture is the stack.
    middle, half = (1024 - 1) / 2 * 0.0046, 1024 / 2 * 0.0046
    camera = {
        "position": (middle, middle, -10.0), "focal_point": (middle, middle, 0.4), "view_up": (0.0, -1.0, 0.0),
        "projection": "orthographic", "parallel_scale": half,
    }  # fmt: skip
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"camera": camera}))
    picture = tmp_path / "mitochondria.png"
    words = ["frame", "--labels", str(hosta_data / "em-vnc/labels"), "--spacing", "45,4.6,4.6nm",
             "--isolate", str(MITOCHONDRIA), "--state", str(state), "--mode", "march", "--size", f"{SIDE}x{SIDE}",
             "--spp", "1", "--transparent", "-o", str(picture)]  # fmt: skip
    # In a process of its own: a command ends its OpenGL, and with it that of the tests that come after.
    subprocess.run([sys.executable, "-m", "render.cli", *words], check=True, timeout=120, capture_output=True)
    drawn = np.asarray(Image.open(picture).convert("RGBA"))[:, :, 3] > 0

    share = seen.reshape(SIDE, 4, SIDE, 4).mean(axis=(1, 3))
    # Smooth surfaces and one ray a pixel move edges by less than a pixel.
    near = ndimage.binary_dilation(share > 0, iterations=1)
    inside = ndimage.binary_erosion(share == 1, iterations=1)
    assert 0.02 < inside.mean() < 0.5
    assert not (drawn & ~near).any(), "something else than mitochondria is drawn"
    assert (drawn & inside).sum() >= 0.999 * inside.sum()
    wanted = share > 0.5
    assert (drawn & wanted).sum() / (drawn | wanted).sum() > 0.9
