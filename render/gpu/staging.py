"""Texels on their way to the device: a ring of memory that the device reads by itself, while the caller goes on."""

from __future__ import annotations

import ctypes
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GpuError
from .gl import GL
from .readback import wait
from .texture import Texture3D

RING_BYTES = 32 << 20
"""Twice of what is uploaded between two frames: the device reads one half while the other is written."""
_ALIGNMENT = 256


class StagingRing:
    """One persistently mapped buffer, written from its beginning to its end and again; fences say what is still read.

    Driver-owned staging (`glTextureSubImage3D` from host memory) makes the caller wait on many devices until the texels
    are copied once more; from here they are copied once. A software device has nothing to gain: there the texels are
    copied twice (docs/paging.md), so `Context.staging` gives none.
    """

    def __init__(self, size_bytes: int = RING_BYTES) -> None:
        self.size_bytes = size_bytes
        self._at = 0
        self._in_use: deque[tuple[int, int, Any]] = deque()  # from, to and the fence after which the device has it
        self._bytes: NDArray[np.uint8] | None = None
        flags = GL.GL_MAP_WRITE_BIT | GL.GL_MAP_PERSISTENT_BIT | GL.GL_MAP_COHERENT_BIT
        names = np.zeros(1, np.uint32)
        GL.glCreateBuffers(1, names)
        self._id = int(names[0])
        GL.glNamedBufferStorage(self._id, size_bytes, None, flags)
        address = GL.glMapNamedBufferRange(self._id, 0, size_bytes, flags)
        if not address:
            self.close()
            raise GpuError(f"the device cannot map {size_bytes} bytes for uploads")
        pointer = ctypes.cast(address, ctypes.POINTER(ctypes.c_uint8))
        self._bytes = np.ctypeslib.as_array(pointer, (size_bytes,))

    def write(self, texture: Texture3D, lo: tuple[int, int, int], texels: NDArray[np.generic]) -> None:
        """Put a box of texels (z, y, x) into a texture at `lo` (z, y, x), as `Texture3D.write` does.

        Waits only while the device still reads what was written a whole ring ago. Texels that are larger than the ring
        go the plain way.
        """
        texels = np.ascontiguousarray(texels, texture.form.dtype)
        if texels.nbytes > self.size_bytes:
            texture.write(lo, texels)
            return
        first, last = self._reserve(texels.nbytes)
        assert self._bytes is not None, "the ring is closed"
        self._bytes[first:last] = texels.reshape(-1).view(np.uint8)
        GL.glBindBuffer(GL.GL_PIXEL_UNPACK_BUFFER, self._id)
        texture.write_from_buffer(lo, texels.shape, first)
        GL.glBindBuffer(GL.GL_PIXEL_UNPACK_BUFFER, 0)
        self._in_use.append((first, last, GL.glFenceSync(GL.GL_SYNC_GPU_COMMANDS_COMPLETE, 0)))

    def _reserve(self, n_bytes: int) -> tuple[int, int]:
        """A part of the ring that the device has done with."""
        first = -(-self._at // _ALIGNMENT) * _ALIGNMENT
        if first + n_bytes > self.size_bytes:
            first = 0
        last = first + n_bytes
        # Parts are in use in the order of the ring: those that overlap are the oldest, and all before them.
        while self._in_use and any(a < last and first < b for a, b, _ in self._in_use):
            wait(self._in_use.popleft()[2], "an upload")
        self._at = last
        return first, last

    def close(self) -> None:
        """Idempotent."""
        if not self._id:
            return
        for _, _, fence in self._in_use:
            GL.glDeleteSync(fence)
        self._in_use.clear()
        if self._bytes is not None:
            self._bytes = None
            GL.glUnmapNamedBuffer(self._id)
        GL.glDeleteBuffers(1, np.array([self._id], np.uint32))
        self._id = 0
