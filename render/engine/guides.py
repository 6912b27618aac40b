"""Draws box, ticks, axes, scale bar, time stamp and annotations into the picture, on the device.

The host lays out marks (lines, arrow heads, labels) in pixels of the whole picture, a hundred or so, when the camera or
the guides change. What was developed is developed once more, with the marks, in the tiles that they touch: the rest of
the picture costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program
from ..gpu.texture import R8, Texture3D
from ..scene.open import Scene
from ..state.annotation import PointAnnotation
from ..state.view import ViewState
from .guides_box import draw_box, draw_ticks
from .guides_corner import draw_axes, draw_scale_bar, draw_time_stamp, time_text
from .guides_points import draw_points, seen_positions
from .marks import GUIDE, Marks, Style
from .projection import projections
from .text import TextAtlas, atlas_side
from .tiles import TILE_PX, tile_lists

TEXT_UNIT = 5
_MARKS_BINDING, _TILES_BINDING = 13, 14
Window = tuple[int, int, int, int]


def lay_out(
    state: ViewState,
    scene: Scene,
    picture: tuple[int, int],
    atlas: TextAtlas,
    points: Sequence[PointAnnotation] = (),
) -> Marks:
    """The marks of a picture of (width, height), of a stereo pair both eyes', in the order of painting."""
    guides = state.guides
    marks = Marks(Style.of(guides, state.display.background, picture), atlas)
    for projection in projections(state.camera, picture):
        marks.taken.clear()
        if guides.box:
            draw_box(marks, projection, scene.box)
        # What stands in a corner stands there whatever happens: labels keep away from it.
        if guides.axes:
            draw_axes(marks, projection, scene.orientation)
        if guides.scale_bar:
            draw_scale_bar(marks, projection)
        if guides.time_stamp:
            step_s = scene.time_step_s
            draw_time_stamp(marks, projection, time_text(state.time, step_s, guides.time_format))
        if guides.ticks:
            draw_ticks(marks, projection, scene.box, scene.orientation, with_lines=not guides.box)
        if guides.annotations and points:
            draw_points(marks, projection, points, seen_positions(points, scene.box.centre, state.flip))
    return marks


class GuidesPainter:
    """The guides of one view, as display.comp wants them (with GUIDES defined).

    Call `prepare` before each picture; the developer then calls `paint` while `visible`. Nothing is made on the device
    before a guide is switched on, and `prepare` does nothing while what is shown stays the same.
    """

    def __init__(self) -> None:
        self.visible = False
        self._key: tuple[object, ...] = ()
        self._points: tuple[PointAnnotation, ...] = ()
        self._atlas: TextAtlas | None = None
        self._texture: Texture3D | None = None
        self._marks: Buffer | None = None
        self._tiles: Buffer | None = None
        self._touched = 0
        self._first_pixel = (0, 0)
        self._halo = (0.0, 0.0, 0.0)

    def set_annotations(self, points: Sequence[PointAnnotation]) -> None:
        """The annotations of the scene, from the next `prepare` on."""
        self._points, self._key = tuple(points), ()

    def prepare(self, state: ViewState, scene: Scene, picture: tuple[int, int], window: Window | None = None) -> None:
        """Lay out the guides of a picture of (width, height), of which `window` (x, y, width, height) is developed."""
        guides = state.guides
        annotated = guides.annotations and bool(self._points)
        if not (guides.box or guides.ticks or guides.axes or guides.scale_bar or guides.time_stamp or annotated):
            self.visible, self._key = False, ()
            return
        window = window or (0, 0, *picture)
        key = (state.camera, guides, state.display.background, state.time, state.flip, scene, picture, window)
        if key == self._key:
            return
        marks = self._lay_out(state, scene, picture)
        self._key = key
        if not marks.rows:
            self.visible = False
            return
        records = marks.records()
        words, self._touched = tile_lists(records, window)
        self._first_pixel, self._halo = window[:2], marks.style.halo
        self._marks = _filled(self._marks, records)
        self._tiles = _filled(self._tiles, words)
        self._upload_text()
        self.visible = self._touched > 0

    def _lay_out(self, state: ViewState, scene: Scene, picture: tuple[int, int]) -> Marks:
        side = atlas_side(Style.of(state.guides, state.display.background, picture).font_px)
        if self._atlas is None or self._atlas.side_px != side:
            self._atlas = TextAtlas(side)
        generation = self._atlas.generation
        marks = lay_out(state, scene, picture, self._atlas, self._points)
        if self._atlas.generation != generation:
            # The atlas got full on the way: what was placed before that is gone. One picture's labels fit an empty one.
            self._atlas = TextAtlas(side)
            marks = lay_out(state, scene, picture, self._atlas, self._points)
        return marks

    def _upload_text(self) -> None:
        atlas = self._atlas
        assert atlas is not None, "laying out makes the atlas"
        if self._texture is None or self._texture.shape[1] != atlas.side_px:
            if self._texture is not None:
                self._texture.close()
            self._texture = Texture3D((2, atlas.side_px, atlas.side_px), R8)
            atlas.changed = True
        if atlas.changed:
            self._texture.write((0, 0, 0), atlas.pixels)
            atlas.changed = False

    def paint(self, program: Program) -> None:
        """Run a display.comp with GUIDES, whose other uniforms are set, for the tiles that are touched.

        Only while `visible`.
        """
        assert self._marks is not None, "prepare comes first"
        assert self._tiles is not None
        assert self._texture is not None
        self._marks.bind(_MARKS_BINDING)
        self._tiles.bind(_TILES_BINDING)
        self._texture.bind(TEXT_UNIT)
        program.set(guide_first_pixel=self._first_pixel, guide_halo=self._halo)
        program.dispatch(self._touched)

    def close(self) -> None:
        """Free what is on the device. Idempotent."""
        for held in (self._texture, self._marks, self._tiles):
            if held is not None:
                held.close()
        self._texture = self._marks = self._tiles = None
        self._key, self.visible = (), False


def declarations() -> str:
    """What display.comp includes as "generated/guides.glsl"."""
    return f"#define GUIDE_TILE {TILE_PX}\n{GUIDE.glsl}"


def _filled(buffer: Buffer | None, data: NDArray[np.generic]) -> Buffer:
    """A buffer that holds `data`; the one that was there if it is large enough."""
    if buffer is not None and buffer.size_bytes >= data.nbytes:
        buffer.write(data)
        return buffer
    if buffer is not None:
        buffer.close()
    fresh = Buffer(data.nbytes * 3 // 2)
    fresh.write(data)
    return fresh
