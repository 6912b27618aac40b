"""`hosta bench stream`: what is wrong with a command is said before anything starts."""

from __future__ import annotations

import pytest

from render.cli import main


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--transport", "udp"], "there is no transport 'udp'; say webrtc or websocket"),
        (["--encoding", "jpeg"], "WebRTC carries no jpeg; add --transport websocket"),
        (["--encoding", "gif"], "there is no encoding 'gif'; say one of h264"),
        (["--size", "641x480"], "641x480 is no size of a video; both sides must be even"),
        (["--json", "/nowhere/at/all.json"], "the folder of '/nowhere/at/all.json' does not exist"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # nothing could start
    assert main(["bench", "stream", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert len(told.err.splitlines()) == 1


def test_without_a_browser_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("HOSTA_CHROMIUM", raising=False)
    assert main(["bench", "stream"]) == 1
    assert capsys.readouterr().err.startswith("hosta: no Chromium is on the PATH; install it")
