"""The state that `hosta frame` shows: a scene's sensible view, changed by what the command line says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StateError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..bridge.agave import AgaveScene
    from ..scene.framing import ViewName
    from ..scene.open import Scene
    from ..state.annotation import PointAnnotation
    from ..state.light import Lighting
    from ..state.view import ViewState

FRAMED_ASPECT = 4 / 3
"""The default camera fills pictures of this shape."""


@dataclass(frozen=True)
class Choices:
    """What was chosen; None and the neutral values change nothing. Lengths in micrometres, angles in degrees.

    `environment` is the name of the first environment map of the scene, which lights it where the state names none.
    `placed`: the state says where the camera stands, and be it where it stood at first.
    """

    placed: bool = False

    view: ViewName | None = None
    azimuth: float = 0.0
    elevation: float = 0.0
    zoom: float = 1.0
    aperture: float | None = None
    stereo: bool = False
    lighting: str | None = None
    environment: str | None = None
    mode: str | None = None
    scatterings: int | None = None
    reference: bool = False
    seed: int | None = None


def chosen_state(scene: Scene, base: ViewState, choices: Choices, aspect: float = FRAMED_ASPECT) -> ViewState:
    """`base` with the choices put in, for a picture `aspect` times as wide as high.

    Raises StateError where together they make no sense.
    """
    from pydantic import ValidationError

    from ..state.view import ViewState, first_problem

    changed = _with_camera(scene, base, choices, aspect)
    if choices.lighting is not None:
        changed = changed.model_copy(update={"lighting": _preset(choices.lighting)})
    if choices.environment is not None and changed.lighting.sky.environment is None:
        sky = changed.lighting.sky.model_copy(update={"environment": choices.environment, "visible": True})
        changed = changed.model_copy(update={"lighting": changed.lighting.model_copy(update={"sky": sky})})
    rendering: dict[str, Any] = {}
    if choices.mode is not None:
        rendering["mode"] = choices.mode
    if choices.scatterings is not None:
        rendering["scatterings"] = choices.scatterings
    if choices.reference:
        rendering["reference"] = True
    if rendering:
        changed = changed.model_copy(update={"rendering": changed.rendering.model_copy(update=rendering)})
    if choices.seed is not None:
        changed = changed.model_copy(update={"seed": choices.seed})
    try:
        return ViewState.model_validate(changed.model_dump())  # copies are not checked
    except ValidationError as error:
        raise StateError(f"the view cannot be made: {first_problem(error)}") from None


def _with_camera(scene: Scene, base: ViewState, choices: Choices, aspect: float) -> ViewState:
    from ..scene.framing import MARGIN, NUMBERS_MARGIN, frame_all, named_view, orbit, zoom

    camera = base.camera
    first = scene.default_state.camera
    is_first = not choices.placed and (camera.position, camera.focal_point) == (first.position, first.focal_point)
    with_box = _has_box(base) and (is_first or choices.view is not None)
    points = _shown(scene, base) if with_box or choices.view is not None else None
    if choices.stereo:
        aspect /= 2  # of what one eye sees
    if choices.view is not None and points is not None:
        camera = named_view(camera, points, choices.view, scene.orientation, aspect)
    elif is_first and choices.stereo:
        camera = zoom(camera, min(1.0, aspect / FRAMED_ASPECT))
    if choices.azimuth or choices.elevation:  # left as it is otherwise, to the last bit
        camera = orbit(camera, choices.azimuth, choices.elevation)
    if with_box and points is not None:  # after the turn: corners reach further than what is in the box
        camera = frame_all(camera, points, aspect, NUMBERS_MARGIN if base.guides.ticks else MARGIN)
    if choices.zoom != 1.0:
        camera = zoom(camera, choices.zoom)
    update: dict[str, Any] = {}
    if choices.aperture is not None:
        update["aperture"] = choices.aperture
    if choices.stereo:
        update["stereo"] = "side_by_side"
    return base.seen_from(camera.model_copy(update=update) if update else camera)


def _has_box(base: ViewState) -> bool:
    return base.guides.box or base.guides.ticks


def _shown(scene: Scene, base: ViewState) -> NDArray[np.float64]:
    """World points (n, 3) of what `base` shows, the box's corners among them where guides draw it."""
    import numpy as np

    from ..scene.content import content_points
    from ..scene.framing import corners
    from ..state.layer import ImageLayer

    sources = {layer.key: layer.source for layer in scene.layers}
    points = [
        content_points(sources[one.source], one.channels if isinstance(one, ImageLayer) else None)
        for one in base.layers
        if one.visible and one.source in sources
    ]
    if _has_box(base) or not points:
        points.append(corners(scene.box))
    return np.concatenate(points)


def _preset(name: str) -> Lighting:
    from ..state.presets import LIGHTING_PRESETS

    found = LIGHTING_PRESETS.get(name)
    if found is None:
        raise UsageError(f"there is no lighting '{name[:80]}'; choose one of {', '.join(sorted(LIGHTING_PRESETS))}")
    return found


def check_lighting(name: str | None) -> None:
    """Raises UsageError, before any work, for a preset that there is not."""
    if name is not None:
        _preset(name)


def read_state(path: Path | None) -> bytes | None:
    """The file's text, checked as far as can be without the scene that it is for. Raises UsageError, StateError."""
    if path is None:
        return None
    from ..state.view import parse_state

    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the state file {path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    parse_state(text)
    return text


def places_camera(text: bytes | None) -> bool:
    """Whether the text of a state, one that `read_state` found valid, says where the camera stands."""
    camera = json.loads(text).get("camera", {}) if text is not None else {}
    return "position" in camera or "focal_point" in camera


def read_annotations(
    folder: Path | None, paths: Sequence[str], labels: Sequence[str], spacing: str | None
) -> list[PointAnnotation]:
    """The points that a server keeps of this scene in `folder`. Raises UsageError, StoreError."""
    if folder is None:
        return []
    from ..session.annotation_store import FILE, AnnotationStore
    from ..session.annotations import scene_identity

    if not (folder / FILE).is_file():
        raise UsageError(f"no annotations are kept in {folder}; name the --data-dir of the server that keeps them")
    store = AnnotationStore(folder)
    try:
        return store.load(scene_identity(paths, labels, spacing))
    finally:
        store.close()


def read_agave_file(path: Path | None) -> AgaveScene | None:
    """Raises UsageError, StateError."""
    if path is None:
        return None
    from ..bridge.agave import read_agave

    return read_agave(path)
