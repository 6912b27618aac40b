"""Shader storage buffers."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import GpuError
from .gl import GL


class Buffer:
    """A buffer of bytes on the device, bound as shader storage. Made with room for `size_bytes`, zeroed."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = max(16, (size_bytes + 15) // 16 * 16)
        names = np.zeros(1, np.uint32)
        GL.glCreateBuffers(1, names)
        self._id = int(names[0])
        GL.glNamedBufferStorage(self._id, self.size_bytes, None, GL.GL_DYNAMIC_STORAGE_BIT)
        if GL.glGetError() == GL.GL_OUT_OF_MEMORY:
            raise GpuError(f"the device has no {self.size_bytes / 2**20:.0f} MiB left for a buffer")
        self.clear()

    @classmethod
    def of(cls, data: NDArray[np.generic]) -> Buffer:
        """A buffer that holds `data`."""
        buffer = cls(data.nbytes)
        buffer.write(data)
        return buffer

    @property
    def id(self) -> int:
        return self._id

    def clear(self) -> None:
        GL.glClearNamedBufferData(self._id, GL.GL_R32UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_INT, None)

    def write(self, data: NDArray[np.generic], offset_bytes: int = 0) -> None:
        data = np.ascontiguousarray(data)
        if offset_bytes + data.nbytes > self.size_bytes:
            raise GpuError(f"{data.nbytes} bytes at {offset_bytes} do not fit a buffer of {self.size_bytes}")
        if data.nbytes:
            GL.glNamedBufferSubData(self._id, offset_bytes, data.nbytes, data)

    def read(self, dtype: DTypeLike, count: int, offset_bytes: int = 0) -> NDArray[np.generic]:
        """Read `count` items back; waits for the device."""
        out = np.empty(count, dtype)
        if out.nbytes:
            GL.glGetNamedBufferSubData(self._id, offset_bytes, out.nbytes, out)
        return out

    def bind(self, binding: int) -> None:
        GL.glBindBufferBase(GL.GL_SHADER_STORAGE_BUFFER, binding, self._id)

    def bind_uniform(self, binding: int) -> None:
        GL.glBindBufferBase(GL.GL_UNIFORM_BUFFER, binding, self._id)

    def close(self) -> None:
        if self._id:
            GL.glDeleteBuffers(1, np.array([self._id], np.uint32))
            self._id = 0
