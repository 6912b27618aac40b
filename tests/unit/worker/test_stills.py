"""Stills are encoded beside the GL thread, one a view, and never sent once they are old."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from PIL import Image

from render.worker import stills as stills_module
from render.worker.protocol import Still
from render.worker.stills import StillEncoder


class Sent:
    """Takes what an encoder sends."""

    def __init__(self) -> None:
        self.stills: list[tuple[Still, bytes]] = []
        self._changed = threading.Condition()

    def __call__(self, still: Still, data: bytes) -> None:
        with self._changed:
            self.stills.append((still, data))
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.stills) >= count, 10.0)


class Gated:
    """An encoder of stills that stands still until it is let go on; real but for that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        encode = stills_module.encode_still

        def encode_when_allowed(pixels: np.ndarray, still_format: str) -> bytes:
            self.begun.release()
            assert self.go_on.acquire(timeout=10.0)
            return encode(pixels, still_format)  # type: ignore[arg-type]

        monkeypatch.setattr(stills_module, "encode_still", encode_when_allowed)


def still(view: str, sequence: int) -> Still:
    return Still(view=view, sequence=sequence, camera_seq=sequence, width=24, height=16, samples=4)


def picture(seed: int) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 24, 4), np.uint8)
    pixels[..., 3] = 255
    return pixels


def numbers(sent: Sent) -> list[tuple[str, int]]:
    return [(made.view, made.sequence) for made, _ in sent.stills]


def test_a_still_has_exactly_the_pixels() -> None:
    sent = Sent()
    encoder = StillEncoder(sent)
    encoder.make(still("a", 1), picture(1))
    sent.wait_for(1)
    encoder.close()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(sent.stills[0][1])).convert("RGBA")), picture(1))


def test_of_a_view_only_the_newest_still_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, gate = Sent(), Gated(monkeypatch)
    encoder = StillEncoder(sent)
    encoder.make(still("a", 1), picture(1))
    assert gate.begun.acquire(timeout=10.0)
    for sequence in (2, 3):  # the first is encoded already, the second waits when the third comes
        encoder.make(still("a", sequence), picture(sequence))
    encoder.make(still("b", 9), picture(9))
    for _ in range(3):
        gate.go_on.release()
    sent.wait_for(2)
    encoder.close()
    assert numbers(sent) == [("a", 3), ("b", 9)]


def test_what_is_cancelled_is_not_sent_though_its_encoding_had_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, gate = Sent(), Gated(monkeypatch)
    encoder = StillEncoder(sent)
    encoder.make(still("a", 1), picture(1))
    assert gate.begun.acquire(timeout=10.0)
    encoder.make(still("b", 2), picture(2))
    encoder.cancel("a")
    encoder.cancel("nobody")
    for _ in range(2):
        gate.go_on.release()
    sent.wait_for(1)
    encoder.close()
    assert numbers(sent) == [("b", 2)]


def test_one_that_cannot_be_encoded_is_logged_and_the_next_is_made(caplog: pytest.LogCaptureFixture) -> None:
    sent = Sent()
    encoder = StillEncoder(sent)
    encoder.make(still("a", 1), np.zeros((0, 0, 4), np.uint8))
    encoder.make(still("b", 2), picture(2))
    sent.wait_for(1)
    encoder.close()
    assert numbers(sent) == [("b", 2)]
    assert "the still of view a cannot be encoded" in caplog.text


def test_after_the_end_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, gate = Sent(), Gated(monkeypatch)
    encoder = StillEncoder(sent)
    encoder.make(still("a", 1), picture(1))
    assert gate.begun.acquire(timeout=10.0)
    closing = threading.Thread(target=encoder.close)
    closing.start()
    gate.go_on.release()
    closing.join(10.0)
    assert not closing.is_alive()
    assert sent.stills == []
