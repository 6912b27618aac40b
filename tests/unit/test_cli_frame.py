"""`hosta frame`: the file it writes, and that the same picture comes again."""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import imagecodecs
import numpy as np
import OpenEXR
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from render.cli import main
from render.commands.frame_options import MAX_SCATTERINGS, MAX_SPP, ModeName, ViewName
from render.commands.frame_pixels import focused
from render.commands.frame_state import Choices, chosen_state
from render.commands.picture_file import write_whole
from render.errors import UsageError
from render.limits import DEFAULT_LIMITS
from render.scene.content import content_points
from render.scene.framing import VIEWS, named_view, orbit, zoom
from render.scene.open import open_scene
from render.session.annotation_store import AnnotationStore
from render.state.annotation import PointAnnotation
from render.state.camera import Camera
from render.state.presets import LIGHTING_PRESETS
from render.state.rendering import Mode, Rendering
from render.state.view import ViewState
from render.summary import Pick
from tests.develop import develop
from tests.doubles.store_server import serve_folder
from tests.unit.source.stores import scale, space, write_image

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


def test_a_store_on_a_server(shoot: Shoot, tmp_path: Path) -> None:
    """The same picture as of the store on disk."""
    values = np.random.default_rng(1).integers(0, 999, (24, 24, 24)).astype(np.uint16)
    write_image(tmp_path / "a.zarr", {"0": values}, space("z", "y", "x"), {"0": [scale(4, 4, 4)]}, version="0.5")
    with serve_folder(tmp_path) as server:
        there = shoot("there.png", paths=(f"{server.url}/a.zarr",))
    here = shoot("here.png", paths=(str(tmp_path / "a.zarr"),))
    np.testing.assert_array_equal(np.asarray(Image.open(there)), np.asarray(Image.open(here)))


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


def test_sixteen_bits_are_the_same_picture(shoot: Shoot) -> None:
    fine = imagecodecs.png_decode(shoot("a.png", "--depth", "16").read_bytes())
    assert (fine.dtype, fine.shape) == (np.uint16, (64, 96, 3))
    coarse = pixels(shoot("b.png"))
    assert np.abs(fine / 257 - coarse).max() <= 1.01
    assert len(np.unique(fine)) > 256
    clear = imagecodecs.png_decode(shoot("c.png", "--depth", "16", "--transparent").read_bytes())
    assert clear.shape == (64, 96, 4)
    assert (clear[0, :, 3] == 0).all()


def test_linear_files_hold_the_light_that_the_png_shows(shoot: Shoot) -> None:
    """Developed by hand they are the transparent PNG."""
    exr = OpenEXR.File(str(shoot("a.exr")), separate_channels=True)
    channels = exr.channels()
    color = np.stack([channels[name].pixels for name in "RGBA"], axis=2)
    assert {"albedo.R", "normal.X", "Z"} <= set(channels)
    assert "worldToNDC" in exr.header()
    state = json.loads(exr.header()["hosta-state"])
    np.testing.assert_array_equal(tifffile.imread(shoot("a.tif")), color)
    png = pixels(shoot("a.png", "--transparent"))
    again = develop(color, ViewState.model_validate(state).display, transparent=True)
    assert np.abs(again.astype(int) - png).max() <= 1
    assert not color[0].any()


def test_denoised(shoot: Shoot) -> None:
    """Nearer to a picture of many samples than the raw one; and it says so."""
    raw, clean, true = (
        pixels(shoot(name, *more)).astype(float)
        for name, more in (("a.png", ()), ("b.png", ("--denoise",)), ("c.png", ("--denoise", "--seed", "5")))
    )
    assert np.abs(clean - true).mean() < 0.5 * np.abs(raw - true).mean()
    with Image.open(shoot("d.png", "--denoise")) as picture:
        assert "Open Image Denoise" in picture.text["hosta-denoised"]
    with Image.open(shoot("e.png", "--no-denoise")) as picture:
        assert "hosta-denoised" not in picture.text


def test_choices_stand_in_the_state(shoot: Shoot) -> None:
    more = ("--mode", "path", "--scatterings", "3", "--aperture", "0.5nm", "--stereo", "--reference", "--seed", "4")
    with Image.open(shoot("a.png", *more)) as picture:
        state = json.loads(picture.text["hosta-state"])
    assert state["rendering"]["scatterings"] == 3
    assert state["rendering"]["reference"] is True
    assert state["camera"]["aperture"] == pytest.approx(0.0005)
    assert state["camera"]["stereo"] == "side_by_side"
    assert (state["seed"], state["samples"]) == (4, 2)


def test_names_are_those_of_the_state() -> None:
    assert get_args(ModeName) == get_args(Mode)
    assert set(get_args(ViewName)) == set(VIEWS)
    assert Rendering.model_fields["scatterings"].metadata[1].le == MAX_SCATTERINGS
    assert DEFAULT_LIMITS.still_max_spp == MAX_SPP


def test_an_environment_lights_what_names_none() -> None:
    scene = open_scene(["synthetic:cell?size=16"])
    base = scene.default_state
    lit = chosen_state(scene, base, Choices(environment="a.hdr")).lighting.sky
    assert (lit.environment, lit.visible) == ("a.hdr", True)
    sky = base.lighting.sky.model_copy(update={"environment": "own.exr"})
    own = base.model_copy(update={"lighting": base.lighting.model_copy(update={"sky": sky})})
    assert chosen_state(scene, own, Choices(environment="a.hdr")).lighting.sky.environment == "own.exr"
    assert chosen_state(scene, base, Choices()) == base
    scene.close()


def told_state(path: Path) -> ViewState:
    with Image.open(path) as picture:
        return ViewState.model_validate_json(picture.text["hosta-state"])


def test_named_views_and_lightings(shoot: Shoot) -> None:
    plain = told_state(shoot("a.png"))
    scene = open_scene([CELL])
    image, labels = scene.default_state.layers
    assert not labels.visible
    points = content_points(scene.layers[0].source, image.channels)
    for name in VIEWS:
        told = told_state(shoot(f"{name}.png", "--view", name, "--lighting", "rim"))
        assert told.lighting == LIGHTING_PRESETS["rim"]
        assert told.camera == named_view(plain.camera, points, name, scene.orientation, 96 / 64)
    turned = told_state(shoot("b.png", "--view", "left", "--azimuth", "20", "--zoom", "2"))
    left = named_view(plain.camera, points, "left", scene.orientation, 96 / 64)
    assert turned.camera == zoom(orbit(left, 20.0, 0.0), 2.0)
    scene.close()


def test_a_state_that_was_saved_keeps_its_camera(shoot: Shoot, tmp_path: Path) -> None:
    """Also where that is the first one and the box is larger than its picture."""
    (tmp_path / "box.json").write_text('{"guides": {"box": true}}', encoding="utf-8")
    framed = told_state(shoot("a.png", "--state", str(tmp_path / "box.json")))
    scene = open_scene([CELL])
    first = scene.default_state.camera
    scene.close()
    assert framed.camera.distance > 1.1 * first.distance
    for camera in (framed.camera, first):
        saved = framed.model_copy(update={"camera": camera})
        (tmp_path / "saved.json").write_text(saved.model_dump_json(), encoding="utf-8")
        assert told_state(shoot("b.png", "--state", str(tmp_path / "saved.json"))).camera == camera


def test_an_agave_file_gives_view_size_and_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume = tmp_path / "a.npy"
    np.save(volume, np.random.default_rng(0).integers(0, 4000, (12, 12, 12), np.uint16))
    saved = tmp_path / "scene.json"
    saved.write_text(
        json.dumps(
            {
                "version": [1, 10, 0],
                "datasets": [{"url": str(volume)}],
                "camera": {"eye": [0.5, 0.5, 3.0], "target": [0.5, 0.5, 0.5], "up": [0.0, 1.0, 0.0], "fovY": 40.0},
                "capture": {"width": 80, "height": 48, "samples": 3},
            }
        ),
        encoding="utf-8",
    )
    output = tmp_path / "a.png"
    assert main(["frame", "--agave", str(saved), "-o", str(output)]) == 0
    assert "3 samples a pixel" in capsys.readouterr().err
    assert pixels(output).shape[:2] == (48, 80)
    state = told_state(output)
    assert state.camera.view_angle == pytest.approx(40.0)
    assert (state.samples, state.rendering.scatterings, state.rendering.mixing) == (3, 1, "max")
    # What is said on the command line counts more than the file.
    more = ["--size", "32x32", "--spp", "1", "--scatterings", "4"]
    assert main(["frame", CELL, "--agave", str(saved), "-o", str(output), *more]) == 0
    assert pixels(output).shape[:2] == (32, 32)
    assert told_state(output).rendering.scatterings == 4


class FlatWall:
    """Stands in for a renderer before a wall, 10 um from the eye, that fills the left half of the picture."""

    def pick(self, x: float, y: float, size: tuple[int, int], state: ViewState) -> Pick:
        if x >= size[0] // 2:
            return Pick(kind="nothing", pixel=(int(x), int(y)), size=size)
        return Pick(kind="medium", pixel=(int(x), int(y)), size=size, focus_um=10.0)


@pytest.mark.parametrize("pixel", [(0, 0), (3, 470), (200, 240)])
def test_focus_is_where_the_pixel_is(pixel: tuple[int, int]) -> None:
    state = ViewState(camera=Camera(aperture=0.1, view_angle=30.0))
    focused_state = focused(FlatWall(), state, pixel, (640, 480))
    assert focused_state.camera.focus_distance == 10.0
    assert focused_state.camera.aperture == 0.1


def test_focus_needs_something_and_a_lens() -> None:
    with pytest.raises(UsageError, match="nothing at pixel 600,240"):
        focused(FlatWall(), ViewState(camera=Camera(aperture=0.1)), (600, 240), (640, 480))
    with pytest.raises(UsageError, match="--aperture"):
        focused(FlatWall(), ViewState(), (1, 1), (640, 480))


BAD = {
    "a.bmp": "end it in .png, .webp, .jpg, .tif or .exr",
    "a.jpg --depth 16": "--depth 16 needs a .png",
    "a.webp --depth 16": "--depth 16 needs a .png",
    "a.exr --depth 16": "always holds 32-bit floats",
    "a.png --depth 12": "'12' is not one of '8', '16'",
    "a.png --mode fog": "'fog' is not one of",
    "a.png --view below": "'below' is not one of",
    "a.png --scatterings 0": "--scatterings",
    "a.png --scatterings 1025": "--scatterings",
    "a.png --aperture=-1": "'-1' is no aperture; write the lens's radius, 0 or more",
    "a.png --aperture nan": "is no aperture",
    "a.png --aperture 1parsec": "unknown unit of length 'parsec'",
    "a.png --focus-at 5": "'5' is no pixel; write x,y",
    "a.png --focus-at 640,0": "outside of the picture of 640x480",
    "a.png --focus-at 5,5": "give it a size with --aperture",
    "a.png --focus-at 5,5 --aperture 1 --stereo": "leave out --stereo",
    "a.png --reference --denoise": "leave out --denoise",
    "a.png --state a.json --agave b.json": "give one of them",
    "a.png --lighting disco": "there is no lighting 'disco'; choose one of agave, ambient, flat",
    "a.png --agave absent.json": "save file absent.json cannot be read",
}


@pytest.mark.parametrize("arguments", BAD)
def test_bad_wishes_get_a_sentence(arguments: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, *more = arguments.split()
    assert main(["frame", "synthetic:cell?size=16", "-o", str(tmp_path / name), *more]) == 2
    out, err = capsys.readouterr()
    assert BAD[arguments] in err
    assert (out, err.count("\n")) == ("", 1)
    assert not list(tmp_path.iterdir())


def test_an_environment_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frame", CELL, "-o", str(tmp_path / "a.png"), "--environment", "absent.hdr"]) == 3
    assert "absent.hdr does not exist" in capsys.readouterr().err


def test_without_the_denoiser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "pyoidn" else find(name, *rest)
    )
    assert main(["frame", CELL, "-o", str(tmp_path / "a.png"), "--denoise"]) == 1
    assert "install it with pip install pyoidn" in capsys.readouterr().err


def test_a_still_shows_the_points_that_a_server_keeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, size = "synthetic:cell?size=32", ["--size", "64x64", "--spp", "1"]
    store = AnnotationStore(tmp_path / "kept")
    store.add(scene, PointAnnotation(id=str(uuid.uuid4()), position=(10, 10, 10), author="a", created_s=0), 10)
    store.close()
    for name, more in (("bare", []), ("noted", ["--annotations", str(tmp_path / "kept")])):
        assert main(["frame", scene, *size, *more, "-o", str(tmp_path / f"{name}.png")]) == 0
    bare, noted = (np.asarray(Image.open(tmp_path / f"{name}.png"), float) for name in ("bare", "noted"))
    assert 3 < (np.abs(noted - bare).max(axis=2) > 8).sum() < 200
    assert main(["frame", scene, *size, "--annotations", str(tmp_path), "-o", str(tmp_path / "c.png")]) == 2
    assert "no annotations are kept in" in capsys.readouterr().err
