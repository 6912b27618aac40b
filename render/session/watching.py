"""What the viewers of each view watch, and how much they can take, as the worker is told it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..summary import Encoding
from ..worker.protocol import FrameCredit, StreamControl

if TYPE_CHECKING:
    from .session import Session

ENOUGH_FRAMES = 2
"""A worker that may still send so many frames is not told that it may send more: it would be with each frame."""


class Watching:
    """Tells the worker, through `control`, which encodings of each view are watched, whenever that changes.

    An encoding is made once for all its viewers, for as long as one of them has credit. Clients without a `credit` of
    their own can take a frame unless their line is full, which WebRTC's feedback tells (session.congestion).
    """

    def __init__(self, control: Callable[[StreamControl], None]) -> None:
        self._control = control
        self._told: dict[str, StreamControl] = {}
        self._newest: dict[tuple[str, Encoding], int] = {}  # pts of the newest frame that came from the worker
        self._since: dict[tuple[str, Encoding], int] = {}  # frames since the worker was told a credit

    def came(self, view: str, encoding: Encoding, pts: int) -> None:
        """A frame came from the worker."""
        key = view, encoding
        self._newest[key] = pts
        self._since[key] = self._since.get(key, 0) + 1

    def update(self, view: str, viewers: Iterable[Session], now_s: float, *joined: Encoding) -> None:
        """Tell the worker what is other than it was told; a key frame of each encoding that somebody `joined`."""
        watchers = list(viewers)
        encodings = tuple(sorted({viewer.encoding for viewer in watchers}))
        key_frames = set(joined)
        credit: dict[Encoding, FrameCredit] = {}
        for encoding in encodings:
            # One whose line is full can take none, as one without credit.
            full = [viewer for viewer in watchers if viewer.encoding == encoding and viewer.full]
            credits = [viewer.credit for viewer in watchers if viewer.encoding == encoding and not viewer.full]
            limited = [one for one in credits if one is not None]
            waiting = [one for one in limited if one.wants_key_frame(now_s)]
            if waiting:
                key_frames.add(encoding)
            if len(limited) == len(credits) and (limited or full):
                newest = self._newest.get((view, encoding), -1)
                credit[encoding] = FrameCredit(after_pts=newest, frames=max((one.left for one in limited), default=0))
        control = StreamControl(
            view=view,
            active=bool(encodings),
            encodings=encodings,
            credit=credit,
            key_frames={
                encoding: self._newest.get((view, encoding), -1) for encoding in sorted(key_frames & set(encodings))
            },
        )
        if control.key_frames or not self._knows(control):
            self._told[view] = control
            for encoding in encodings:
                self._since[view, encoding] = 0
            self._control(control)

    def forget(self, view: str) -> None:
        """The view is closed."""
        self._told.pop(view, None)
        for key in [key for key in self._newest if key[0] == view]:
            self._newest.pop(key)
            self._since.pop(key, None)

    def _knows(self, control: StreamControl) -> bool:
        """Whether the worker, which counts what it sends, knows this already, or has credit enough not to."""
        told = self._told.get(control.view)
        if told is None or (told.encodings, set(told.credit)) != (control.encodings, set(control.credit)):
            return False
        for encoding, credit in control.credit.items():
            known = told.credit[encoding].frames - self._since.get((control.view, encoding), 0)
            if credit.frames != known and not credit.frames > known >= ENOUGH_FRAMES:
                return False
        return True
