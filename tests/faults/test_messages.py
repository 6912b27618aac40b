"""What clients may send and must not do any harm."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from render.limits import Limits
from render.session.events import CameraEvent, ErrorMessage, PingEvent, PongMessage
from render.state.camera import Camera
from tests.stream.service import service
from tests.stream.viewer import Viewer, viewer

CAMERA = json.loads(Camera().model_dump_json())


def camera(**changes: object) -> str:
    return json.dumps({"type": "camera", "seq": 1, "camera": {**CAMERA, **changes}})


def pick(**changes: object) -> str:
    event = {"type": "pick", "seq": 1, "x": 0.5, "y": 0.5, "sequence": 0, "width": 64, "height": 64}
    return json.dumps({**event, **changes})


def annotate(**changes: object) -> str:
    point = {"id": "01234567-89ab-4def-8123-456789abcdef", "position": [0, 0, 0]}
    return json.dumps({"type": "annotate", "seq": 1, "point": {**point, **changes}})


BAD = {
    "empty": "",
    "no JSON": "hello",
    "deep": "[" * 30_000,
    "deep object": '{"a":' * 10_000,
    "no type": "{}",
    "array": "[]",
    "null": "null",
    "unknown type": '{"type":"shutdown"}',
    "another direction": '{"type":"hello"}',
    "NaN": camera().replace("30.0", "NaN"),
    "infinity": camera().replace("30.0", "Infinity"),
    "1e400": camera().replace("30.0", "1e400"),
    "huge": camera(position=[1e300, 0, 0]),
    "same point": camera(position=[1, 2, 3], focal_point=[1, 2, 3]),
    "parallel up": camera(position=[0, 0, -1], view_up=[0, 0, 2]),
    "zero up": camera(view_up=[0, 0, 0]),
    "angle 0": camera(view_angle=0),
    "strings": camera(position=["a", "b", "c"]),
    "too few": camera(position=[1, 2]),
    "unknown key": camera(__proto__={"x": 1}),
    "seq too large": camera().replace('"seq": 1', '"seq": 18446744073709551616'),
    "seq negative": camera().replace('"seq": 1', '"seq": -1'),
    "size 0": '{"type":"viewport","width":0,"height":10}',
    "size huge": '{"type":"viewport","width":1e9,"height":10}',
    "no ops": '{"type":"patch","seq":1,"patch":{"ops":[]}}',
    "long path": json.dumps({"type": "patch", "seq": 1, "patch": {"ops": [{"path": ["a"] * 100, "value": 1}]}}),
    "dunder": '{"type":"patch","seq":1,"patch":{"ops":[{"path":["__class__","__init__"],"value":1}]}}',
    "NUL": '{"type":"\0"}',
    "surrogate escape": '{"type":"\\ud800"}',
    "html": '{"type":"<script>alert(1)</script>"}',
    "pick beside": pick(x=1.5),
    "pick NaN": pick(x=0.25).replace("0.25", "NaN"),
    "pick of a picture without a size": pick(width=0),
    "pick without a frame": pick(sequence=None),
    "annotation without a point": '{"type":"annotate","seq":1}',
    "annotation nowhere": annotate(position=[1, 2]),
    "annotation at infinity": annotate(position=[0.125, 2, 3]).replace("0.125", "1e400"),
    "annotation with a path for an id": annotate(id="../../../etc/passwd"),
    "annotation with a long label": annotate(label="x" * 201),
    "annotation with a control character": annotate(label="a\u0000b"),
    "annotation with a surrogate": annotate(label="a").replace('"a"', '"\\ud800"'),
    "annotation in somebody's name": annotate(author="admin"),
    "annotation of a kind that is not there": annotate(kind="script"),
    "deletion of no id": '{"type":"annotation_delete","seq":1,"id":"%"}',
}


def test_each_bad_message_is_refused_and_the_view_goes_on() -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http) as one:
            await one.hello()
            for number, (name, text) in enumerate(BAD.items(), start=1):
                one.events.send(text)
                await one.until(lambda: len(one.of(ErrorMessage)) >= number, f"refusal of: {name}")  # noqa: B023
            one.events.send(b"\0\xff")
            await one.until(lambda: len(one.of(ErrorMessage)) > len(BAD), "refusal of binary")
            errors = one.of(ErrorMessage)
            assert len(errors) == len(BAD) + 1
            assert len({error.incident for error in errors}) == len(errors)
            for error in errors:
                assert error.code in ("state", "usage")
                assert len(error.message) < 700
                assert "Traceback" not in error.message
                assert "/" + "work" not in error.message
            one.look(1, 45.0)
            await one.shows(45.0)
            assert server.supervisor.restarts == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("extra", [1, 100_000])
def test_messages_that_are_too_large_end_the_connection(extra: int) -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http) as one, viewer(http) as two:
            await one.hello()
            await two.hello()
            largest = '{"type":"' + "x" * (Limits().message_max_bytes - 11) + '"}'
            one.events.send(largest)
            await one.message(ErrorMessage, code="state")
            assert one.connection.connectionState == "connected"
            one.events.send(largest + " " * extra)
            await _closed(one)
            two.look(1, 45.0)
            await two.shows(45.0)

    asyncio.run(scenario())


def test_a_flood_of_cameras_ends_with_the_newest_one() -> None:
    async def scenario() -> None:
        limits = Limits(events_per_s=50, events_burst=20)
        async with service(limits=limits) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            for seq in range(1, 400):
                one.events.send(CameraEvent(seq=seq, camera=Camera(view_angle=16 + seq / 4)).model_dump_json())
            await one.shows(16 + 399 / 4)
            await one.until(lambda: any(n.frame.camera_seq == 399 for n in one.notes), "echo of the newest camera")
            await asyncio.sleep(0.5)
            one.say(PingEvent(client_ms=1))
            await one.message(PongMessage)

    asyncio.run(scenario())


def test_sessions_end_by_themselves() -> None:
    async def scenario() -> None:
        limits = Limits(idle_session_s=4.0, unconnected_offer_s=2.0, sessions_max=2)
        headers = {"content-type": "application/sdp"}
        async with service(limits=limits) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            never = Viewer(http)
            offer = await never.offer()
            await never.close()
            assert (await http.post("/api/v1/whep", content=offer, headers=headers)).status_code == 201
            full = await http.post("/api/v1/whep", content=offer, headers=headers)
            assert full.status_code == 503
            assert full.json()["code"] == "limit"
            assert int(full.headers["retry-after"]) > 0
            async with asyncio.timeout(10):  # the one that never connects makes room
                while (await http.post("/api/v1/whep", content=offer, headers=headers)).status_code != 201:
                    await asyncio.sleep(0.2)
            await _closed(one)  # it says nothing

    asyncio.run(scenario())


async def _closed(one: Viewer) -> None:
    async with asyncio.timeout(10):
        while one.connection.connectionState not in ("closed", "failed"):
            await asyncio.sleep(0.05)


def test_connections_that_come_and_go_leave_nothing() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    async def scenario() -> None:
        async with service() as server, server.client() as http:
            counts = []
            for _ in range(8):
                async with viewer(http) as one:
                    await one.until(lambda: one.frames, "frame")
                    assert (await http.delete(f"/api/v1/{one.location}")).status_code == 200
                await asyncio.sleep(0.1)
                counts.append((descriptors(), len(asyncio.all_tasks())))
            assert max(counts[4:]) <= max(counts[:3]), counts

    asyncio.run(scenario())
