"""Text as pixels against Pillow's own, and the atlas that holds it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from render.engine.text import FONT_FILE, TextAtlas, advance, atlas_side, cap_height, lettering
from render.errors import GpuError

CHARACTERS = "0123456789.,:+\N{MINUS SIGN}=()/ xyztnmµμhsiLRPASI°×"


@pytest.mark.parametrize("size", [9.0, 12.5, 40.0])
@pytest.mark.parametrize("text", ["50 µm", "\N{MINUS SIGN}120", "00:01:17", "x (mm)"])
def test_glyphs_are_pillows(text: str, size: float) -> None:
    drawn = lettering(text, size)
    face = ImageFont.truetype(FONT_FILE, size, layout_engine=ImageFont.Layout.BASIC)
    big = Image.new("L", (600, 200), 0)
    ImageDraw.Draw(big).text((50, 100), text, fill=255, font=face, anchor="ls")
    y, x = 100 + drawn.top, 50 + drawn.left
    height, width = drawn.glyphs.shape
    expected = np.asarray(big)
    assert np.array_equal(drawn.glyphs, expected[y : y + height, x : x + width])
    # All of it is inside, and the halo covers it and ends before the border.
    assert drawn.glyphs.sum() == expected.sum() > 0
    assert drawn.halo[drawn.glyphs > 200].min(initial=255) > 80
    assert np.average(drawn.halo, weights=drawn.glyphs) > 150
    border = np.concatenate([drawn.halo[0], drawn.halo[-1], drawn.halo[:, 0], drawn.halo[:, -1]])
    assert border.max() < 30


def test_the_font_has_what_is_written() -> None:
    """No character is the box that stands for a missing one."""
    face = ImageFont.truetype(FONT_FILE, 30, layout_engine=ImageFont.Layout.BASIC)
    missing = bytes(face.getmask("\N{SNOWMAN}"))
    for character in CHARACTERS:
        assert bytes(face.getmask(character)) != missing, character
        assert character == " " or face.getmask(character).getbbox() is not None
    assert (FONT_FILE.parent / "OFL.txt").is_file()


def test_digits_are_equally_wide() -> None:
    assert len({advance(digit * 8, 13.0) for digit in "0123456789"}) == 1
    assert 0.65 * 20 < cap_height(20.0) < 0.8 * 20


def test_the_atlas_finds_what_it_holds_and_keeps_texts_apart() -> None:
    atlas = TextAtlas(256)
    words = [f"{n} mm" for n in range(20)]
    places = {word: atlas.place(word, 12.0) for word in words}
    assert atlas.changed
    assert {word: atlas.place(word, 12.0) for word in words} == places
    assert atlas.generation == 0
    for word, (x, y) in places.items():
        drawn = lettering(word, 12.0)
        height, width = drawn.glyphs.shape
        assert np.array_equal(atlas.pixels[0, y : y + height, x : x + width], drawn.glyphs)
        assert np.array_equal(atlas.pixels[1, y : y + height, x : x + width], drawn.halo)


def test_a_full_atlas_begins_anew() -> None:
    atlas = TextAtlas(128)
    n = 0
    while atlas.generation == 0:
        atlas.place(f"{n} µm", 14.0)
        n += 1
    assert 5 < n < 200
    x, y = atlas.place(f"{n - 1} µm", 14.0)
    assert (x, y) == (0, 0)
    with pytest.raises(GpuError, match="pixels large; 128 is the most"):
        atlas.place("a text that is too long for it", 14.0)


@pytest.mark.parametrize("size", [6.0, 12.5, 33.0, 160.0])
def test_an_atlas_holds_the_labels_of_a_picture(size: float) -> None:
    atlas = TextAtlas(atlas_side(size))
    for n in range(60):
        atlas.place(f"{n * 20}", size)
    assert atlas.generation == 0
