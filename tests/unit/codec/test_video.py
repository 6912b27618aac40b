"""The encoder, against FFmpeg's own decoder."""

from __future__ import annotations

import av
import numpy as np
import pytest

from render.codec.video import MAX_SLICES, VBV_FRAMES, CodecName, EncodedPacket, VideoEncoder
from render.errors import StreamError

WIDTH, HEIGHT = 320, 240


def picture(noise: float, seed: int = 0) -> bytes:
    """Smooth structure with noise on it: I420, limited range."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    luma = 110 + 70 * np.sin(x / 23) * np.cos(y / 31) + rng.normal(0, noise, (HEIGHT, WIDTH))
    blue = 128 + 40 * np.sin(x[::2, ::2] / 40)
    red = 128 + 40 * np.cos(y[::2, ::2] / 50)
    planes = [np.clip(plane, 16, 235).astype(np.uint8).tobytes() for plane in (luma, blue, red)]
    return b"".join(planes)


def psnr_db(a: bytes, b: bytes) -> float:
    error = np.frombuffer(a, np.uint8).astype(float) - np.frombuffer(b, np.uint8).astype(float)
    return float(10 * np.log10(255**2 / max((error**2).mean(), 1e-9)))


class Decoder:
    def __init__(self) -> None:
        self.codec = av.CodecContext.create("h264", "r")

    def __call__(self, packet: EncodedPacket) -> av.VideoFrame:
        (frame,) = self.codec.decode(av.Packet(packet.data))  # one in, one out: nothing is held back
        return frame


def nal_types(data: bytes) -> list[int]:
    starts = [i + 3 for i in range(len(data) - 3) if data[i : i + 3] == b"\0\0\1"]
    return [data[start] & 31 for start in starts]


def encode_one(encoder: VideoEncoder, i420: bytes, pts: int, key_frame: bool = False) -> EncodedPacket:
    (packet,) = encoder.encode(i420, pts, key_frame)
    return packet


def test_each_frame_comes_out_at_once_with_its_time() -> None:
    encoder, decode = VideoEncoder(WIDTH, HEIGHT), Decoder()
    for number in range(5):
        packet = encode_one(encoder, picture(2, number), 1_000_000 + number * 1234)
        assert packet.pts == 1_000_000 + number * 1234
        assert packet.key_frame == (number == 0)
        assert decode(packet).pict_type == (
            av.video.frame.PictureType.I if number == 0 else av.video.frame.PictureType.P
        )


def test_a_resting_picture_reaches_38_db_within_a_few_frames() -> None:
    encoder, decode = VideoEncoder(WIDTH, HEIGHT), Decoder()
    still = picture(noise=4)
    qualities = [psnr_db(decode(encode_one(encoder, still, n)).to_ndarray().tobytes(), still) for n in range(5)]
    assert qualities[-1] >= 38, qualities


@pytest.mark.parametrize("full_chroma", [False, True])
def test_without_a_bound_frames_look_as_good_and_are_as_large_as_they_are(full_chroma: bool) -> None:
    noisy = [picture(noise=8, seed=seed) for seed in range(6)]
    if full_chroma:
        luma = [np.frombuffer(one, np.uint8)[: WIDTH * HEIGHT].tobytes() for one in noisy]
        noisy = [one + bytes([128]) * (2 * WIDTH * HEIGHT) for one in luma]
    sizes, qualities = {}, {}
    for bounded in (True, False):
        encoder = VideoEncoder(WIDTH, HEIGHT, bitrate_bps=300_000, bounded=bounded, full_chroma=full_chroma)
        decode = Decoder()
        packets = [encode_one(encoder, one, number * 3000) for number, one in enumerate(noisy)]
        sizes[bounded] = sum(len(packet.data) for packet in packets)
        frames = [decode(packet).to_ndarray() for packet in packets]
        pictures = [frame.tobytes() for frame in frames]
        qualities[bounded] = min(psnr_db(a, b) for a, b in zip(pictures, noisy, strict=True))
    assert sizes[False] > 3 * sizes[True]
    assert qualities[False] > 38 > qualities[True]


@pytest.mark.parametrize("codec", ["libx264", "libvpx"])
@pytest.mark.parametrize(("width", "height"), [(120, 96), (120, 90), (122, 96), (122, 94), (1278, 718)])
def test_planes_of_any_even_size_come_back_each_by_itself(codec: CodecName, width: int, height: int) -> None:
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    luma, blue, red = 120 + 80 * np.sin(9 * x), 128 + 60 * np.sin(7 * x + 5 * y), 128 + 60 * np.cos(8 * y - 3 * x)
    planes = [plane.astype(np.uint8) for plane in (luma, blue[::2, ::2], red[::2, ::2])]
    encoder = VideoEncoder(width, height, codec=codec)
    decode = av.CodecContext.create("vp8" if codec == "libvpx" else "h264", "r")
    for number in range(3):
        packet = encode_one(encoder, b"".join(plane.tobytes() for plane in planes), number)
        (frame,) = decode.decode(av.Packet(packet.data))
    for plane, original in zip(frame.planes, planes, strict=True):
        decoded = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        assert psnr_db(decoded.tobytes(), original.tobytes()) > 38


def test_key_frames_come_on_demand_only_and_can_be_joined_at() -> None:
    encoder = VideoEncoder(WIDTH, HEIGHT)
    packets = [encode_one(encoder, picture(3, n), n, key_frame=n == 20) for n in range(40)]
    assert [n for n, packet in enumerate(packets) if packet.key_frame] == [0, 20]
    late = Decoder()
    assert nal_types(packets[20].data)[:2] == [7, 8]  # SPS and PPS, so that a decoder can begin here
    assert 5 in nal_types(packets[20].data)
    assert psnr_db(late(packets[20]).to_ndarray().tobytes(), picture(3, 20)) > 30


def test_frames_keep_within_the_buffer() -> None:
    bitrate_bps = 2_000_000
    encoder = VideoEncoder(WIDTH, HEIGHT, bitrate_bps, fps_hint=30)
    sizes = [len(encode_one(encoder, picture(30, n), n * 3000).data) for n in range(30)]
    frame_bytes = bitrate_bps / 8 / 30
    assert max(sizes) <= VBV_FRAMES * frame_bytes * 1.1
    assert sum(sizes[5:]) / len(sizes[5:]) <= frame_bytes * 1.2


def test_the_stream_says_bt709_limited_range() -> None:
    frame = Decoder()(encode_one(VideoEncoder(WIDTH, HEIGHT), picture(1), 0))
    assert (frame.colorspace, frame.color_range) == (1, 1)  # ITU-R BT.709; limited


def test_slices_are_few_enough_for_one_aggregation() -> None:
    data = encode_one(VideoEncoder(WIDTH, HEIGHT), picture(1), 0).data
    assert 1 <= nal_types(data).count(5) <= MAX_SLICES


@pytest.mark.parametrize("size", [(321, 240), (320, 0), (0, 0), (-2, 2)])
def test_sizes_that_cannot_be_encoded_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(StreamError, match="must be even"):
        VideoEncoder(*size)


def test_a_frame_of_another_size_is_refused() -> None:
    with pytest.raises(StreamError, match="115200 bytes"):
        VideoEncoder(WIDTH, HEIGHT).encode(b"\0" * 10, 0)
