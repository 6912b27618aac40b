"""JPEG and WebP a frame: colours as other decoders see them, and quality that follows the bit rate."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from render.codec.picture_stream import ABOVE_MOTION, QUALITIES, PictureEncoder, PictureFormat
from render.errors import StreamError

WIDTH, HEIGHT = 160, 96
COLOURS = np.array([[220, 40, 40], [40, 200, 60], [50, 60, 210], [240, 240, 240]], np.float64)


def planes(rgb: np.ndarray, full_range: bool) -> bytes:
    """(h, w, 3) 0..255 as I420 in BT.601."""
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    chroma = [(rgb[..., 2] - luma) / 1.772, (rgb[..., 0] - luma) / 1.402]
    halves = [part.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3)) for part in chroma]
    if not full_range:
        luma, halves = 16 + luma * 219 / 255, [part * 224 / 255 for part in halves]
    parts = [luma, *(128 + part for part in halves)]
    return b"".join(np.round(part).clip(0, 255).astype(np.uint8).tobytes() for part in parts)


def picture(noise: float = 0.0, seed: int = 0) -> np.ndarray:
    rgb = np.repeat(COLOURS, WIDTH // 4, axis=0)[None].repeat(HEIGHT, axis=0)
    return (rgb + np.random.default_rng(seed).normal(0, noise, rgb.shape)).clip(0, 255)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_colours_are_right_in_other_decoders(kind: PictureFormat) -> None:
    encoder = PictureEncoder(WIDTH, HEIGHT, kind)
    packet = encoder.encode(planes(picture(), kind == "jpeg"), 7, moves=True)
    assert (packet.key_frame, packet.pts) == (True, 7)
    image = Image.open(io.BytesIO(packet.data))
    assert (image.format, image.size) == (kind.upper(), (WIDTH, HEIGHT))
    got = np.asarray(image.convert("RGB"), np.float64)
    for number, colour in enumerate(COLOURS):
        inside = got[8:-8, number * 40 + 8 : number * 40 + 32]
        assert np.abs(inside - colour).max() <= 6, (number, inside.mean(axis=(0, 1)))


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_quality_follows_the_bit_rate_in_motion_and_grows_at_rest(kind: PictureFormat) -> None:
    best_moving = QUALITIES[kind][-1 - ABOVE_MOTION]
    encoder = PictureEncoder(WIDTH, HEIGHT, kind, bitrate_bps=300_000)  # 1250 bytes a picture
    noisy = planes(picture(40.0), kind == "jpeg")
    sizes = [len(encoder.encode(noisy, number, moves=True).data) for number in range(10)]
    assert sizes[-1] < sizes[0]
    assert encoder.quality == QUALITIES[kind][0]
    assert not encoder.best
    qualities = []
    while not encoder.best:
        encoder.encode(noisy, 10 + len(qualities), moves=False)
        qualities.append(encoder.quality)
    assert qualities == list(QUALITIES[kind][1:])
    # Smooth pictures are small: quality may grow, but not to what is for pictures at rest.
    smooth = planes(picture(), kind == "jpeg")
    wide = PictureEncoder(WIDTH, HEIGHT, kind, bitrate_bps=30_000_000)
    for number in range(10):
        wide.encode(smooth, number, moves=True)
    assert wide.quality == best_moving
    encoder.encode(noisy, 100, moves=True)
    assert encoder.quality < best_moving


def test_what_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(StreamError, match="both sides must be even"):
        PictureEncoder(161, 96, "jpeg")
    with pytest.raises(StreamError, match="has 23040 bytes, not 10"):
        PictureEncoder(WIDTH, HEIGHT, "webp").encode(bytes(10), 0, moves=True)
