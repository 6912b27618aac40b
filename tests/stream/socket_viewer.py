"""A viewer as a browser is one over a WebSocket: decodes what comes, acknowledges it, speaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import av
import numpy as np
from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from render.session.events import (
    SERVER_MESSAGE,
    AckEvent,
    CameraEvent,
    EncodingEvent,
    FrameMessage,
    HelloMessage,
    PatchEvent,
)
from render.state.camera import Camera
from render.state.patch import Op, Patch

from .service import TOKEN, Service

DEADLINE_S = 10.0
CODECS = {"h264": "h264", "h264_444": "h264", "vp8": "vp8", "jpeg": "mjpeg", "webp": "webp"}


class SocketViewer:
    """One connection to a server. `acknowledges` False: it takes what comes and says nothing."""

    def __init__(self, socket: ClientConnection, acknowledges: bool) -> None:
        self.socket = socket
        self.acknowledges = acknowledges
        self.messages: list[BaseModel] = []
        self.notes: list[FrameMessage] = []
        self.packets: list[bytes] = []
        self.frames: list[np.ndarray] = []  # as `format` of each decoded frame has it
        self.formats: list[str] = []
        self.lumas: list[float] = []
        self._decoder: Any = None
        self._decodes = ""
        self._happened = asyncio.Event()
        self._said: list[asyncio.Task[None]] = []
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, *self._said, return_exceptions=True)
        await self.socket.close()

    # ---- saying ----

    def say(self, event: BaseModel | str) -> None:
        text = event if isinstance(event, str) else event.model_dump_json()
        self._said.append(asyncio.create_task(self.socket.send(text)))

    def look(self, seq: int, view_angle: float) -> None:
        self.say(CameraEvent(seq=seq, camera=Camera(view_angle=view_angle)))

    def put(self, seq: int, value: object, *path: str | int) -> None:
        self.say(PatchEvent(seq=seq, patch=Patch(ops=(Op(path=path, value=value),))))

    def switch(self, encoding: str) -> None:
        self.say(EncodingEvent.model_validate({"encoding": encoding}))

    def acknowledge(self) -> None:
        self.say(AckEvent(pts=self.notes[-1].frame.pts))

    # ---- hearing ----

    async def until(self, happened: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        """Wait until `happened()` is true, and return it."""
        try:
            async with asyncio.timeout(deadline_s):
                while not (result := happened()):
                    if self._task.done():
                        self._task.result()
                        raise AssertionError(f"no {what}: the connection was closed: {self.socket.close_reason}")
                    self._happened.clear()
                    await self._happened.wait()
                return result
        except TimeoutError:
            tail = [message.model_dump_json()[:200] for message in self.messages[-5:]]
            raise AssertionError(f"no {what} within {deadline_s} s; the last messages: {tail}") from None

    async def hello(self) -> HelloMessage:
        return (await self.until(lambda: self.of(HelloMessage), "hello"))[0]

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    async def message(self, kind: type, **members: object) -> Any:
        """The first message of this kind with these members."""

        def found() -> list[Any]:
            return [m for m in self.of(kind) if all(getattr(m, key) == value for key, value in members.items())]

        return (await self.until(found, f"{kind.__name__} with {members}"))[0]

    async def shows(self, luma: float, tolerance: float = 2.0) -> None:
        await self.until(
            lambda: self.lumas and abs(self.lumas[-1] - luma) < tolerance,
            f"frame of luma {luma} (the last are {self.lumas[-3:]})",
        )

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes it."""
        async with asyncio.timeout(DEADLINE_S):
            await self._task
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""

    async def _listen(self) -> None:
        try:
            async for data in self.socket:
                if isinstance(data, str):
                    self.messages.append(SERVER_MESSAGE.validate_json(data))
                else:
                    self._take(data)
                self._happened.set()
        except ConnectionClosed:
            pass
        finally:
            self._happened.set()

    def _take(self, data: bytes) -> None:
        (size,) = struct.unpack_from("<I", data)
        note = FrameMessage.model_validate(json.loads(data[4 : 4 + size]))
        packet = data[4 + size :]
        assert len(packet) == note.frame.bytes
        self.notes.append(note)
        self.packets.append(packet)
        if self._decodes != note.encoding:
            assert note.frame.key_frame, "another encoding begins with a key frame"
            self._decodes, self._decoder = note.encoding, av.CodecContext.create(CODECS[note.encoding], "r")
            self._decoder.thread_type = "SLICE"
        for frame in self._decoder.decode(av.Packet(packet)):
            pixels = frame.to_ndarray()
            assert (frame.width, frame.height) == (note.frame.width, note.frame.height)
            luma = pixels[: frame.height] if pixels.ndim == 2 else pixels[0]
            self.formats.append(frame.format.name)
            self.frames.append(pixels)
            del self.frames[:-20]
            grey = float(luma.mean())
            self.lumas.append(16 + grey * 219 / 255 if note.encoding == "jpeg" else grey)
        if self.acknowledges:
            self.acknowledge()


@contextlib.asynccontextmanager
async def socket_viewer(
    server: Service, query: str = "", *, token: str | None = TOKEN, acknowledges: bool = True, **options: Any
) -> AsyncIterator[SocketViewer]:
    """A viewer whose upgrade was accepted; whether it may stay it has yet to hear."""
    subprotocols = [Subprotocol("hosta.v1")]
    if token is not None:
        subprotocols.append(Subprotocol(f"hosta.token.{token}"))
    url = f"ws://127.0.0.1:{server.port}/api/v1/ws{query}"
    async with connect(url, subprotocols=subprotocols, compression=None, max_size=None, **options) as socket:
        one = SocketViewer(socket, acknowledges)
        try:
            yield one
        finally:
            await one.close()
