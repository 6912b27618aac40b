"""A viewer as a browser is one, made of aiortc: offers, receives and decodes video, speaks on the data channels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from pydantic import BaseModel

from render.session.events import (
    SERVER_MESSAGE,
    CameraEvent,
    FrameMessage,
    HelloMessage,
    KeyFrameEvent,
    PatchEvent,
    ResetEvent,
    ViewportEvent,
)
from render.state.camera import Camera
from render.state.patch import Op, Patch

DEADLINE_S = 20.0


class Viewer:
    """One connection to a server."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTransceiver("video", direction="recvonly")
        self.events = self.connection.createDataChannel("events")
        self.motion = self.connection.createDataChannel("motion", ordered=False, maxRetransmits=0)
        self.messages: list[BaseModel] = []
        self.notes: list[FrameMessage] = []
        self.frames: list[tuple[int, np.ndarray]] = []  # (rtp time stamp, luma (h, w) uint8), the newest ones
        self.frame_count = 0
        self.formats: set[str] = set()
        self.location = ""
        self.answer = ""
        self._happened = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.events.on("message", self._on_message)
        self.motion.on("message", self._on_message)
        self.connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._watch(track))))

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def connect(self, query: str = "") -> httpx.Response:
        response = await self.http.post(
            f"/api/v1/whep{query}", content=await self.offer(), headers={"content-type": "application/sdp"}
        )
        if response.status_code == 201:
            self.location, self.answer = response.headers["location"], response.text
            await self.connection.setRemoteDescription(RTCSessionDescription(sdp=response.text, type="answer"))
        return response

    async def close(self) -> None:
        await self.connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- saying ----

    def say(self, event: BaseModel) -> None:
        channel = self.motion if isinstance(event, CameraEvent) else self.events
        channel.send(event.model_dump_json())

    def look(self, seq: int, view_angle: float) -> None:
        """A camera that the double shows as luma `view_angle`."""
        self.say(CameraEvent(seq=seq, camera=Camera(view_angle=view_angle)))

    def put(self, seq: int, value: object, *path: str | int) -> None:
        self.say(PatchEvent(seq=seq, patch=Patch(ops=(Op(path=path, value=value),))))

    def reset(self, seq: int, what: str) -> None:
        self.say(ResetEvent.model_validate({"seq": seq, "what": what}))

    def resize(self, width: int, height: int) -> None:
        self.say(ViewportEvent(width=width, height=height))

    def ask_key_frame(self) -> None:
        self.say(KeyFrameEvent())

    # ---- hearing ----

    async def until(self, happened: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        """Wait until `happened()` is true, and return it."""
        try:
            async with asyncio.timeout(deadline_s):
                while not (result := happened()):
                    self._happened.clear()
                    await self._happened.wait()
                return result
        except TimeoutError:
            tail = [message.model_dump_json()[:200] for message in self.messages[-5:]]
            raise AssertionError(f"no {what} within {deadline_s} s; the last messages: {tail}") from None

    async def hello(self, count: int = 1) -> HelloMessage:
        return (
            await self.until(lambda: self.of(HelloMessage)[count - 1 : count], f"hello {count}", 60)
            and self.of(HelloMessage)[count - 1]
        )

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    async def message(self, kind: type, **members: object) -> Any:
        """The first message of this kind with these members."""

        def found() -> list[Any]:
            return [m for m in self.of(kind) if all(getattr(m, key) == value for key, value in members.items())]

        return (await self.until(found, f"{kind.__name__} with {members}"))[0]

    def luma(self) -> float:
        return float(self.frames[-1][1].mean()) if self.frames else -1.0

    async def shows(self, luma: float) -> None:
        await self.until(lambda: abs(self.luma() - luma) < 2.0, f"frame of luma {luma} (it is {self.luma()})")

    async def _watch(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                self.formats.add(frame.format.name)
                pixels = frame.to_ndarray()
                luma = pixels if pixels.ndim == 2 else pixels[0]
                self.frames.append((frame.pts, luma[: frame.height]))
                del self.frames[:-20]
                self.frame_count += 1
                self._happened.set()

    def _on_message(self, text: str) -> None:
        message = SERVER_MESSAGE.validate_json(text)
        if isinstance(message, FrameMessage):
            self.notes.append(message)
        else:
            self.messages.append(message)
        self._happened.set()


@contextlib.asynccontextmanager
async def viewer(http: httpx.AsyncClient, query: str = "") -> AsyncIterator[Viewer]:
    """A viewer that is connected."""
    one = Viewer(http)
    try:
        response = await one.connect(query)
        assert response.status_code == 201, response.text
        yield one
    finally:
        await one.close()
