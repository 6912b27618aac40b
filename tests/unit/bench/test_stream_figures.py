"""What is made of a run: which picture is an event's, and how its time is divided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from render.bench.chromium import find_chromium
from render.bench.processes import cpu_s, family
from render.bench.stream import Run, Spread, figures, psnr
from render.errors import HostaError

OFFSET_MS = 5000.0


def a_run(sent: list[dict[str, Any]], shown: list[dict[str, Any]], notes: list[dict[str, Any]], **more: Any) -> Run:
    given = {"decode_ms": None, "server_cpu_s": 0.02, "browser_cpu_s": 0.04, "n_bytes": 5000, **more}
    return Run(seen={"sent": sent, "shown": shown, "notes": notes}, seconds=2.0, offset_ms=OFFSET_MS, **given)


def picture(number: int | None, drawn_ms: float, **more: float) -> dict[str, Any]:
    return {
        "number": number,
        "drawnMs": drawn_ms,
        "displayedMs": drawn_ms + 4,
        "receivedMs": None,
        "decodeMs": None,
    } | more


def note(camera_seq: int, encoding_ms: float, at_ms: float) -> dict[str, Any]:
    pts = round((encoding_ms + OFFSET_MS) * 90)
    frame = {"pts": pts, "render_ms": 3.0, "readback_ms": 1.0, "encode_ms": 5.0}
    return {"cameraSeq": camera_seq, "atMs": at_ms, "frame": frame}


def test_the_stages_add_up_to_the_latency() -> None:
    sent = [{"seq": 70, "number": 7, "atMs": 100.0}]
    shown = [picture(6, 90.0), picture(6, 105.0), picture(7, 130.0, receivedMs=122.0, decodeMs=6.0), picture(7, 140.0)]
    found = figures([a_run(sent, shown, [note(69, 50.0, 90.0), note(70, 110.0, 130.5)])])
    medians = {name: spread["median"] for name, spread in found.items() if isinstance(spread, dict)}
    assert medians["latency_ms"] == pytest.approx(30.0)
    stages = ("there", "render", "readback", "encode", "back", "decode", "draw")
    assert [medians[f"{name}_ms"] for name in stages] == pytest.approx([6, 3, 1, 5, 7, 6, 2], abs=0.02)
    assert medians["ours_ms"] == pytest.approx(30 - 3 - 5 - 6)
    assert medians["display_ms"] == pytest.approx(4.0)
    assert found["fps"] == 2.0
    assert found["bits_per_s"] == 20_000
    assert found["server_cpu_ms"] == pytest.approx(5.0)


def test_a_picture_of_a_later_event_shows_the_earlier_ones_too() -> None:
    sent = [{"seq": 1, "number": 65_535, "atMs": 0.0}, {"seq": 2, "number": 0, "atMs": 10.0}]
    found = figures([a_run(sent, [picture(65_534, 5.0), picture(0, 30.0)], [], decode_ms=1.0)])
    assert found["latency_ms"] == {"median": 25.0, "p95": 29.5, "n": 2}
    assert found["ours_ms"]["n"] == 0  # nothing is known of the server's part


def test_an_event_that_was_never_shown_has_no_latency() -> None:
    sent = [{"seq": 1, "number": 5, "atMs": 0.0}]
    found = figures([a_run(sent, [picture(4, 30.0), picture(None, 40.0)], [])])
    assert (found["events"], found["latency_ms"]["n"]) == (1, 0)


def test_without_numbers_in_the_pixels_the_notes_say_what_is_shown() -> None:
    sent = [{"seq": 1, "number": 0, "atMs": 0.0}]
    found = figures([a_run(sent, [picture(None, 10.0), picture(None, 20.0)], [note(1, 5.0, 20.2)], decode_ms=2.0)])
    assert found["latency_ms"]["median"] == 20.0


def test_spread_of_nothing_and_of_something() -> None:
    assert Spread.of([]) == Spread(None, None, 0)
    assert Spread.of([1.0, 3.0, 2.0]).median == 2.0


def test_psnr() -> None:
    grey = np.full((4, 4, 3), 100, np.uint8)
    assert psnr(grey, grey) == 100.0
    assert psnr(grey, grey + np.uint8(10)) == pytest.approx(20 * np.log10(25.5))


def test_cpu_time_of_this_process_grows_with_work() -> None:
    import os

    before = cpu_s(os.getpid())
    end = before + 0.05
    while cpu_s(os.getpid()) < end:
        sum(range(10_000))
    assert os.getpid() in family(os.getppid())


def test_a_missing_browser_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("HOSTA_CHROMIUM", raising=False)
    with pytest.raises(HostaError, match=r"^no Chromium is on the PATH; install it .* HOSTA_CHROMIUM$"):
        find_chromium()
    monkeypatch.setenv("HOSTA_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(HostaError, match="HOSTA_CHROMIUM names '/nowhere/chromium', no program; install"):
        find_chromium()
