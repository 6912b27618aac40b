"""`hosta frame`: the file it writes, and that the same picture comes again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from render.cli import main
from render.commands.frame import write_whole

CELL = "synthetic:cell?size=32"
Shoot = Callable[..., Path]


@pytest.fixture
def shoot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shoot:
    """Renders a small picture with more arguments; checks what every success has in common."""

    def shoot(name: str, *arguments: str, paths: tuple[str, ...] = (CELL,)) -> Path:
        output = tmp_path / name
        assert main(["frame", *paths, "-o", str(output), "--size", "96x64", "--spp", "2", *arguments]) == 0
        out, err = capsys.readouterr()
        assert out == f"{output}\n"
        assert "2 samples a pixel" in err
        return output

    return shoot


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_same_seed_same_file(shoot: Shoot) -> None:
    first, second = shoot("a.png", "--seed", "7"), shoot("b.png", "--seed", "7")
    assert first.read_bytes() == second.read_bytes()
    picture = pixels(first)
    assert picture.shape == (64, 96, 3)
    assert picture.std() > 5  # something is to be seen
    assert (pixels(shoot("c.png", "--seed", "8")) != picture).any()


def test_a_png_tells_its_state(shoot: Shoot, tmp_path: Path) -> None:
    turned = shoot("a.png", "--azimuth", "40", "--elevation", "-10", "--zoom", "1.5", "--seed", "3")
    with Image.open(turned) as picture:
        text = picture.text["hosta-state"]
    assert json.loads(text)["seed"] == 3
    state = tmp_path / "state.json"
    state.write_text(text, encoding="utf-8")
    assert (pixels(shoot("b.png", "--state", str(state))) == pixels(turned)).all()
    assert (pixels(shoot("c.png", "--seed", "3")) != pixels(turned)).any()


def test_zoom_makes_it_larger(shoot: Shoot) -> None:
    covered = [
        (pixels(shoot(f"{zoom}.png", "--transparent", "--zoom", zoom))[..., 3] > 0).mean() for zoom in ("0.5", "1")
    ]
    assert covered[1] == pytest.approx(4 * covered[0], rel=0.25)  # twice as wide and as high, more or less


def test_transparent(shoot: Shoot) -> None:
    alpha = pixels(shoot("a.png", "--transparent"))[..., 3]
    assert (alpha[0] == 0).all()
    assert alpha.max() > 0
    assert pixels(shoot("b.png")).shape[2] == 3


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.webp", "WEBP"), ("a.jpg", "JPEG"), ("A.JPEG", "JPEG")]
)
def test_format_follows_the_name(shoot: Shoot, name: str, kind: str) -> None:
    path = shoot(name)
    with Image.open(path) as picture:
        assert picture.format == kind
        assert picture.size == (96, 64)
    reference = pixels(shoot("reference.png")).astype(float)
    assert np.abs(pixels(path) - reference).mean() < (4 if kind == "JPEG" else 1e-9)


def test_several_volumes_in_one_scene(shoot: Shoot, tmp_path: Path) -> None:
    """An image, and a segmentation from a file of its own that is seen in front of it."""
    image, labels = tmp_path / "image.npy", tmp_path / "labels.npy"
    np.save(image, np.zeros((8, 8, 8), np.uint8))
    np.save(labels, np.full((8, 8, 8), 5, np.uint8))
    both = pixels(shoot("both.png", "--labels", str(labels), "--spacing", "1um", paths=(str(image),)))
    alone = pixels(shoot("alone.png", "--spacing", "1um", paths=(str(image),)))
    assert both.max() > 50
    assert alone.max() == 0


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_whole(path, b"first")
    assert path.read_bytes() == b"first"
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode
    plain.unlink()
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(path, b"second")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_segmentation_alone(shoot: Shoot) -> None:
    picture = pixels(shoot("a.png", "--labels", "synthetic:labels?size=16", paths=()))
    # Segments have colours of their own: what is drawn is not grey.
    assert (picture.max(axis=2).astype(int) - picture.min(axis=2)).max() > 60


def test_nothing_to_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frame", "-o", str(tmp_path / "a.png")]) == 2
    assert "nothing to draw" in capsys.readouterr().err


def test_part_of_a_state_is_enough(shoot: Shoot, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text('{"display": {"background": [0.0, 0.0, 1.0]}}', encoding="utf-8")
    blue, black = pixels(shoot("a.png", "--state", str(state), "--spp", "2")), pixels(shoot("b.png"))
    assert tuple(blue[0, 0]) == (0, 0, 255)
    assert tuple(black[0, 0]) == (0, 0, 0)
    # The camera and the layers are those of the sensible view.
    assert (blue[32, 48] == black[32, 48]).sum() >= 2
