"""A view: one state, shown as one video to one or several clients. Pure: nothing is sent here."""

from __future__ import annotations

from collections import deque

from ..errors import StateError
from ..limits import DEFAULT_LIMITS, Limits
from ..state.camera import Camera
from ..state.patch import Patch, apply_patch
from ..state.view import ViewState

DEFAULT_SIZE = (960, 540)
"""The picture until a client says how large its own is."""
MOST_UNDRAWN = 256
MOST_REMEMBERED = 1024
"""States that a frame on somebody's screen may show; a camera in motion makes 60 a second."""


class View:
    """Owns a ViewState and its sequence numbers.

    `sequence` counts every change; `camera_seq` counts the cameras only. Both are this view's own numbers and only
    grow: a client's event numbers are translated by its session, so that several clients can move one view.
    """

    def __init__(self, view: str, scene: str, default_state: ViewState, size: tuple[int, int] = DEFAULT_SIZE) -> None:
        self.view = view
        self.scene = scene
        self.default_state = default_state
        self.state = default_state
        self.sequence = 0
        self.camera_seq = 0
        self.size = size
        self.copied_from: str | None = None
        # What was drawn last, and changes that no frame has shown yet, oldest first: (sequence, state).
        self._drawn = default_state
        self._undrawn: list[tuple[int, ViewState]] = []
        self._past: deque[tuple[int, ViewState]] = deque([(0, default_state)], MOST_REMEMBERED)
        self._sources = {layer.source: layer.kind for layer in default_state.layers}

    def copy(self, name: str) -> View:
        """A view that begins as this one is, and goes on by itself. It knows what pictures of this one show."""
        other = View(name, self.scene, self.default_state, self.size)
        other.copied_from = self.view
        other.state, other.sequence = self.state, self.sequence
        other._drawn, other._undrawn, other._past = self._drawn, list(self._undrawn), self._past.copy()
        other._count()
        return other

    def outnumber(self, other: View) -> None:
        """Go on above the numbers of another view, for a client that comes from there: its numbers only grow."""
        self.sequence = max(self.sequence, other.sequence)
        self._count()

    def move_camera(self, camera: Camera) -> int:
        """Look from here; the number of this camera, which every frame says that shows it or a later one."""
        self.state = self.state.seen_from(camera)
        self._count()
        self.camera_seq += 1
        return self.camera_seq

    def patch(self, patch: Patch) -> None:
        """Change the state. Raises StateError, and the state stays, when the change is not valid in this scene."""
        state, _ = apply_patch(self.state, patch)
        for layer in state.layers:
            if layer.source not in self._sources:
                raise StateError(f"the scene has no source '{layer.source}'; a change cannot bring in other data")
        self._change(state)

    def check_segmentation(self, source: str) -> None:
        """Raises StateError where the scene has no segmentation of this name."""
        if self._sources.get(source) != "labels":
            raise StateError(f"the scene has no segmentation '{source[:200]}'")

    def reset(self, *, camera_only: bool) -> None:
        """Back to how the scene was first shown."""
        default = self.default_state
        self._change(self.state.seen_from(default.camera) if camera_only else default)

    def drawn(self, sequence: int) -> None:
        """A frame shows the state of this sequence: the renderer can draw it."""
        while self._undrawn and self._undrawn[0][0] <= sequence:
            self._drawn = self._undrawn.pop(0)[1]

    def refused(self) -> bool:
        """The renderer cannot draw the state: back to what it drew last, seen from where the camera is now.

        Whether that is another state; changes made since the refused one go with it.
        """
        self._undrawn.clear()
        back = self._drawn.seen_from(self.state.camera)
        if back == self.state:
            return False
        self.state = back
        self._count()
        return True

    def _change(self, state: ViewState) -> None:
        self.state = state
        self._count()
        self._undrawn.append((self.sequence, state))
        # While nothing is drawn (no worker, nobody watching) only the newest ones matter.
        del self._undrawn[:-MOST_UNDRAWN]

    def _count(self) -> None:
        self.sequence += 1
        self._past.append((self.sequence, self.state))

    def state_at(self, sequence: int) -> ViewState:
        """What the frame with this number shows. Raises StateError for one that is not known, or not any more."""
        for number, state in reversed(self._past):
            if number == sequence:
                return state
        raise StateError("the picture that was clicked is not known any more; click again")

    def resize(self, size: tuple[int, int]) -> bool:
        """Take another size, already clamped; whether it is another."""
        changed = size != self.size
        self.size = size
        return changed


def clamp_size(width: int, height: int, limits: Limits = DEFAULT_LIMITS) -> tuple[int, int]:
    """The nearest size, with about the same shape, that can be streamed: within the limits, both sides even."""
    shrink = min(1.0, limits.viewport_max_width_px / width, limits.viewport_max_height_px / height)
    sides = (width * shrink, height * shrink)
    bounds = (limits.viewport_max_width_px, limits.viewport_max_height_px)
    clamped = [min(max(round(side), limits.viewport_min_px), bound) for side, bound in zip(sides, bounds, strict=True)]
    return clamped[0] // 2 * 2, clamped[1] // 2 * 2
