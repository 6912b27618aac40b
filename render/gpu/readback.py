"""Bytes from the device without stalling it: a ring of persistently mapped buffers with fences."""

from __future__ import annotations

import ctypes
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GpuError
from .buffer import Buffer
from .gl import GL

# A dispatch is not cut short: a thousand scatterings in a thick white medium take a software device seconds a tile. A
# device that is lost says so at once, and a worker that hangs is ended by its supervisor.
_WAIT_NS = 60_000_000_000


def wait(fence: Any, what: str) -> None:
    """Wait until the device has passed the fence. Raises GpuError after 60 s or when the device is lost."""
    status = GL.glClientWaitSync(fence, GL.GL_SYNC_FLUSH_COMMANDS_BIT, _WAIT_NS)
    GL.glDeleteSync(fence)
    if status not in (GL.GL_ALREADY_SIGNALED, GL.GL_CONDITION_SATISFIED):
        raise GpuError(f"the device did not finish {what} within {_WAIT_NS // 10**9} s")


def finish() -> None:
    """Wait until the device has done all that it was told so far."""
    wait(GL.glFenceSync(GL.GL_SYNC_GPU_COMMANDS_COMPLETE, 0), "its work")


class ReadbackRing:
    """Copies of a buffer's first `size_bytes` on their way to the host, oldest first."""

    def __init__(self, size_bytes: int, depth: int = 3) -> None:
        self.size_bytes = size_bytes
        flags = GL.GL_MAP_READ_BIT | GL.GL_MAP_PERSISTENT_BIT | GL.GL_MAP_COHERENT_BIT
        self._names = np.zeros(depth, np.uint32)
        GL.glCreateBuffers(depth, self._names)
        self._maps: list[NDArray[np.uint8]] = []
        for name in self._names:
            GL.glNamedBufferStorage(int(name), size_bytes, None, flags | GL.GL_CLIENT_STORAGE_BIT)
            address = GL.glMapNamedBufferRange(int(name), 0, size_bytes, flags)
            if not address:
                raise GpuError(f"the device cannot map {size_bytes} bytes for reading back")
            pointer = ctypes.cast(address, ctypes.POINTER(ctypes.c_uint8))
            self._maps.append(np.ctypeslib.as_array(pointer, (size_bytes,)))
        self._free = deque(range(depth))
        self._pending: deque[tuple[int, Any]] = deque()

    @property
    def pending(self) -> int:
        return len(self._pending)

    def push(self, source: Buffer) -> None:
        """Start to copy. Raises GpuError when all places are taken (take() first)."""
        if not self._free:
            raise GpuError("the readback ring is full; take a frame before the next push")
        slot = self._free.popleft()
        GL.glCopyNamedBufferSubData(source.id, int(self._names[slot]), 0, 0, self.size_bytes)
        GL.glMemoryBarrier(GL.GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT)
        self._pending.append((slot, GL.glFenceSync(GL.GL_SYNC_GPU_COMMANDS_COMPLETE, 0)))

    def take(self) -> NDArray[np.uint8]:
        """The oldest copy (its own memory); waits for it. Raises GpuError when none was pushed."""
        if not self._pending:
            raise GpuError("there is no picture to read back; each can be taken once")
        slot, fence = self._pending.popleft()
        wait(fence, "a readback")
        self._free.append(slot)
        return self._maps[slot].copy()

    def close(self) -> None:
        if len(self._names):
            for _, fence in self._pending:
                GL.glDeleteSync(fence)
            self._pending.clear()
            self._maps.clear()
            for name in self._names:
                GL.glUnmapNamedBuffer(int(name))
            GL.glDeleteBuffers(len(self._names), self._names)
            self._names = np.zeros(0, np.uint32)
