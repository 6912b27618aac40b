"""VP8 and H.264 with full chroma: as live as H.264 with half of it, and of the right colours."""

from __future__ import annotations

import av
import numpy as np
import pytest

from render.codec.video import CodecName, VideoEncoder
from render.errors import StreamError

WIDTH, HEIGHT = 320, 240


def planes(full: bool, shift: int = 0) -> np.ndarray:
    """(3, h, w) uint8: smooth luma, and chroma in stripes a pixel wide where it is full."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    luma = 110 + 70 * np.sin((x + shift) / 23) * np.cos(y / 31)
    stripes = (x + shift) % 2 if full else (x + shift) // 16 % 2
    return np.stack([luma, 90 + 80 * stripes, 170 - 80 * stripes]).clip(16, 235).astype(np.uint8)


def packed(pixels: np.ndarray, full: bool) -> bytes:
    if full:
        return pixels.tobytes()
    return pixels[0].tobytes() + pixels[1:, ::2, ::2].tobytes()


@pytest.mark.parametrize(("codec", "full"), [("libvpx", False), ("libx264", True)])
def test_each_frame_comes_out_at_once_and_right(codec: CodecName, full: bool) -> None:
    encoder = VideoEncoder(WIDTH, HEIGHT, codec=codec, full_chroma=full)
    decoder = av.CodecContext.create("vp8" if codec == "libvpx" else "h264", "r")
    keys = []
    for number in range(40):
        pixels = planes(full, min(number, 30))
        if number == 20:
            pixels = 255 - pixels  # no key frame because of it
        (packet,) = encoder.encode(packed(pixels, full), 1000 + 3000 * number, key_frame=number == 10)
        assert packet.pts == 1000 + 3000 * number
        keys.append(packet.key_frame)
        (frame,) = decoder.decode(av.Packet(packet.data))
        assert frame.format.name == ("yuv444p" if full else "yuv420p")
    assert [number for number, key in enumerate(keys) if key] == [0, 10]
    got = frame.to_ndarray()
    want = pixels if full else np.frombuffer(packed(pixels, full), np.uint8).reshape(got.shape)
    error = got.astype(float) - want
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 38
    if full:
        # The stripes are there; half of the chroma would have made a grey of them.
        assert np.ptp(got[1].astype(float).mean(axis=0)) > 60


def test_vp8_keeps_its_bit_rate() -> None:
    rng = np.random.default_rng(1)
    encoder = VideoEncoder(WIDTH, HEIGHT, bitrate_bps=1_000_000, codec="libvpx")
    sizes = []
    for number in range(60):
        noise = rng.integers(16, 235, WIDTH * HEIGHT * 3 // 2, np.uint8).tobytes()
        (packet,) = encoder.encode(noise, 3000 * number)
        sizes.append(len(packet.data))
    # Noise fits no bit rate: the coarsest quality is all that can be done. It goes there soon.
    assert np.mean(sizes[-10:]) < 0.6 * max(sizes)


def test_planes_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(StreamError, match="an I444 frame of 320 x 240 has 230400 bytes, not 115200"):
        VideoEncoder(WIDTH, HEIGHT, full_chroma=True).encode(bytes(115_200), 0)
