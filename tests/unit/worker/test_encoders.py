"""The encoders of a view: real ones on small grey pictures, with invented clocks."""

from __future__ import annotations

from render.summary import Encoding
from render.worker.encoders import MIN_KEY_FRAME_INTERVAL_S, PLANES, Encoders
from render.worker.headroom import FIRST_WAIT_S
from render.worker.protocol import FrameCredit, StreamControl

SIZE = (64, 48)
PIXELS = SIZE[0] * SIZE[1]


class View:
    """Encoders, and pictures for them that count their reads."""

    def __init__(self, *encodings: Encoding, **credit: FrameCredit) -> None:
        self.encoders = Encoders("libx264")
        self.read: list[str] = []
        self.pts = 0
        self.control(*encodings, **credit)

    def control(self, *encodings: Encoding, key_frames: tuple[Encoding, ...] = (), **credit: FrameCredit) -> None:
        wanted = dict.fromkeys(key_frames, self.pts)
        control = {"view": "v", "encodings": encodings, "credit": credit, "key_frames": wanted}
        self.encoders.control(StreamControl.model_validate(control))

    def planes(self, kind: str) -> bytes:
        self.read.append(kind)
        return bytes([100]) * (PIXELS * 3 if kind == "i444" else PIXELS * 3 // 2)

    def send(self, now_s: float, shown: tuple[int, int] = (1, 1), everyone: bool = True) -> dict[str, bool]:
        """A frame; which encodings it went out in, and whether as key frames."""
        sent, ready = {}, self.encoders.ready(now_s, everyone=everyone)
        self.pts += 100
        for encoding in ready:
            packet = self.encoders.encode(encoding, self.planes, SIZE, self.pts, shown, now_s)
            if packet is not None:
                assert packet.pts == self.pts
                sent[encoding] = packet.key_frame
        if everyone:
            self.encoders.missed(ready)
        return sent


def test_each_encoding_is_made_of_its_planes_and_once() -> None:
    view = View("h264", "h264_444", "vp8", "jpeg", "webp")
    assert set(view.encoders.planes) == set(PLANES.values())
    assert view.send(0.0) == dict.fromkeys(("h264", "h264_444", "vp8", "jpeg", "webp"), True)
    assert view.read == ["i420", "i444", "i420_601", "i420_full", "i420_601"]
    assert view.send(0.1, (2, 2)) == {"h264": False, "h264_444": False, "vp8": False, "jpeg": True, "webp": True}
    view.control("vp8")
    assert view.encoders.planes == ("i420_601",)
    assert view.send(0.2, (3, 3)) == {"vp8": False}


def test_a_key_frame_is_of_one_encoding_and_not_sooner_than_the_last_allows() -> None:
    view = View("h264", "vp8")
    view.send(0.0)
    view.control("h264", "vp8", key_frames=("vp8",))
    assert view.encoders.due_s == MIN_KEY_FRAME_INTERVAL_S
    assert view.send(0.1) == {"h264": False, "vp8": False}
    assert view.send(0.2, everyone=False) == {}
    assert view.send(0.31, everyone=False) == {"vp8": True}
    assert view.encoders.due_s is None


def test_a_key_frame_that_is_on_its_way_answers_who_asks() -> None:
    view = View("h264")
    view.send(0.0)  # pts 100; the server has not seen it yet
    view.encoders.control(StreamControl(view="v", key_frames={"h264": 50}))
    assert view.send(1.0) == {"h264": False}
    view.encoders.control(StreamControl(view="v", key_frames={"h264": 200}))
    assert view.send(2.0) == {"h264": True}


def test_without_credit_nothing_is_encoded_and_the_newest_follows() -> None:
    view = View("h264", "jpeg", h264=FrameCredit(after_pts=-1, frames=2))
    assert set(view.send(0.0)) == {"h264", "jpeg"}
    assert set(view.send(0.1, (2, 2))) == {"h264", "jpeg"}
    assert set(view.send(0.2, (3, 3))) == {"jpeg"}
    assert view.encoders.due_s is None
    view.control("h264", "jpeg", h264=FrameCredit(after_pts=100, frames=2))
    assert view.encoders.due_s is not None
    assert view.send(0.3, (3, 3), everyone=False) == {"h264": False}  # what was encoded has no gap
    assert view.encoders.due_s is None
    assert not view.encoders.blocked
    view.control("h264", h264=FrameCredit(after_pts=300, frames=1))
    assert view.encoders.blocked
    view.control("h264")
    assert not view.encoders.blocked


def test_pictures_at_rest_are_repeated_until_they_are_as_good_as_any() -> None:
    view = View("h264", "jpeg")
    sent = [set(view.send(0.1 * number)) for number in range(8)]
    assert all("h264" in encodings for encodings in sent)
    assert ["jpeg" in encodings for encodings in sent] == [True] * 3 + [False] * 5
    assert "jpeg" in view.send(1.0, (2, 2))
    # Somebody joins: it is sent again.
    view.control("h264", "jpeg", key_frames=("jpeg",))
    assert "jpeg" in view.send(2.0, (2, 2))


def test_another_bit_rate_makes_other_encoders_where_it_is_worth_it() -> None:
    view = View("h264", "vp8")
    view.send(0.0)
    view.encoders.set_bitrate(12_000_000)
    assert view.send(0.1) == {"h264": False, "vp8": False}
    view.encoders.set_bitrate(4_000_000, "vp8")
    assert view.send(0.2) == {"h264": False, "vp8": True}
    view.encoders.set_bitrate(4_000_000)
    assert view.send(0.3) == {"h264": True, "vp8": False}


def test_a_video_with_room_to_spare_begins_again_without_its_bound_and_once() -> None:
    view = View("h264", "h264_444", "vp8")
    sent = [view.send(number / 30, (number, number)) for number in range(round(30 * (FIRST_WAIT_S + 2)))]
    keys = {encoding: [number for number, frame in enumerate(sent) if frame[encoding]] for encoding in sent[0]}
    (first, again), first_444, vp8 = keys["h264"], keys["h264_444"], keys["vp8"]
    assert first == 0
    assert FIRST_WAIT_S <= again / 30 < FIRST_WAIT_S + 0.2
    assert first_444 == [first, again]
    assert vp8 == [0], "libvpx has no other way"
