"""Textures: 3D ones that hold voxels, 2D ones that pictures accumulate in."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GpuError
from .buffer import Buffer
from .gl import GL


@dataclass(frozen=True)
class Format:
    """A texture's format and the numpy dtype of its texels."""

    internal: int
    external: int
    type: int
    dtype: np.dtype[np.generic]
    channels: int
    linear: bool

    @property
    def texel_bytes(self) -> int:
        return self.dtype.itemsize * self.channels


R8 = Format(GL.GL_R8, GL.GL_RED, GL.GL_UNSIGNED_BYTE, np.dtype(np.uint8), 1, linear=True)
R16 = Format(GL.GL_R16, GL.GL_RED, GL.GL_UNSIGNED_SHORT, np.dtype(np.uint16), 1, linear=True)
R32UI = Format(GL.GL_R32UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_INT, np.dtype(np.uint32), 1, linear=False)
RG32UI = Format(GL.GL_RG32UI, GL.GL_RG_INTEGER, GL.GL_UNSIGNED_INT, np.dtype(np.uint32), 2, linear=False)
RGBA32UI = Format(GL.GL_RGBA32UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_INT, np.dtype(np.uint32), 4, linear=False)
R32F = Format(GL.GL_R32F, GL.GL_RED, GL.GL_FLOAT, np.dtype(np.float32), 1, linear=True)
RGBA32F = Format(GL.GL_RGBA32F, GL.GL_RGBA, GL.GL_FLOAT, np.dtype(np.float32), 4, linear=True)


def _make(target: int) -> int:
    names = np.zeros(1, np.uint32)
    GL.glCreateTextures(target, 1, names)
    return int(names[0])


def _parameters(name: int, linear: bool) -> None:
    mode = GL.GL_LINEAR if linear else GL.GL_NEAREST
    for parameter, value in (
        (GL.GL_TEXTURE_MIN_FILTER, mode), (GL.GL_TEXTURE_MAG_FILTER, mode),
        (GL.GL_TEXTURE_WRAP_S, GL.GL_CLAMP_TO_EDGE), (GL.GL_TEXTURE_WRAP_T, GL.GL_CLAMP_TO_EDGE),
        (GL.GL_TEXTURE_WRAP_R, GL.GL_CLAMP_TO_EDGE),
    ):  # fmt: skip
        GL.glTextureParameteri(name, parameter, value)


def _check_memory(size_bytes: int) -> None:
    if GL.glGetError() == GL.GL_OUT_OF_MEMORY:
        raise GpuError(f"the device has no {size_bytes / 2**20:.0f} MiB left for a texture")


class Texture3D:
    """A 3D texture of `shape` (z, y, x) texels."""

    def __init__(self, shape: tuple[int, int, int], form: Format) -> None:
        self.shape, self.form = shape, form
        self._id = _make(GL.GL_TEXTURE_3D)
        GL.glTextureStorage3D(self._id, 1, form.internal, shape[2], shape[1], shape[0])
        _check_memory(form.texel_bytes * shape[0] * shape[1] * shape[2])
        _parameters(self._id, form.linear)

    def write(self, lo: tuple[int, int, int], texels: NDArray[np.generic]) -> None:
        """Put a box of texels (z, y, x) at `lo` (z, y, x)."""
        texels = np.ascontiguousarray(texels, self.form.dtype)
        nz, ny, nx = texels.shape
        GL.glTextureSubImage3D(
            self._id, 0, lo[2], lo[1], lo[0], nx, ny, nz, self.form.external, self.form.type, texels
        )  # fmt: skip

    def write_from_buffer(self, lo: tuple[int, int, int], shape: tuple[int, ...], offset_bytes: int) -> None:
        """Put a box of `shape` (z, y, x) at `lo`, from the buffer that is bound for unpacking pixels."""
        nz, ny, nx = shape
        GL.glTextureSubImage3D(
            self._id, 0, lo[2], lo[1], lo[0], nx, ny, nz, self.form.external, self.form.type,
            ctypes.c_void_p(offset_bytes),
        )  # fmt: skip

    def read(self) -> NDArray[np.generic]:
        """All texels (z, y, x); waits for the device."""
        out = np.empty(self.shape, self.form.dtype)
        GL.glGetTextureImage(self._id, 0, self.form.external, self.form.type, out.nbytes, out)
        return out

    def bind(self, unit: int) -> None:
        GL.glBindTextureUnit(unit, self._id)

    def close(self) -> None:
        if self._id:
            GL.glDeleteTextures(1, np.array([self._id], np.uint32))
            self._id = 0


class Texture2D:
    """A 2D texture of `width` x `height` texels, also bound as an image for compute shaders."""

    def __init__(self, width: int, height: int, form: Format) -> None:
        self.width, self.height, self.form = width, height, form
        self._id = _make(GL.GL_TEXTURE_2D)
        GL.glTextureStorage2D(self._id, 1, form.internal, width, height)
        _check_memory(form.texel_bytes * width * height)
        _parameters(self._id, form.linear)
        self.clear()

    def wrap(self, s: int, t: int) -> None:
        """What filtering finds beyond the edges along x and y (GL_CLAMP_TO_EDGE unless set)."""
        GL.glTextureParameteri(self._id, GL.GL_TEXTURE_WRAP_S, s)
        GL.glTextureParameteri(self._id, GL.GL_TEXTURE_WRAP_T, t)

    def clear(self) -> None:
        GL.glClearTexImage(self._id, 0, self.form.external, self.form.type, None)

    def write(self, texels: NDArray[np.generic]) -> None:
        """Put texels (height, width, channels) at the first one."""
        texels = np.ascontiguousarray(texels, self.form.dtype)
        height, width = texels.shape[:2]
        GL.glTextureSubImage2D(self._id, 0, 0, 0, width, height, self.form.external, self.form.type, texels)

    def read(self) -> NDArray[np.generic]:
        """All texels as (height, width, channels); waits for the device."""
        out = np.empty((self.height, self.width, self.form.channels), self.form.dtype)
        GL.glGetTextureImage(self._id, 0, self.form.external, self.form.type, out.nbytes, out)
        return out

    def bind(self, unit: int) -> None:
        GL.glBindTextureUnit(unit, self._id)

    def bind_image(self, unit: int) -> None:
        GL.glBindImageTexture(unit, self._id, 0, False, 0, GL.GL_READ_WRITE, self.form.internal)

    def close(self) -> None:
        if self._id:
            GL.glDeleteTextures(1, np.array([self._id], np.uint32))
            self._id = 0


class TextureBuffer:
    """A storage buffer seen as a one-dimensional texture, for `texelFetch`.

    Software devices gather from textures several times faster than from storage buffers.
    """

    def __init__(self, buffer: Buffer, internal: int) -> None:
        self._id = _make(GL.GL_TEXTURE_BUFFER)
        GL.glTextureBuffer(self._id, internal, buffer.id)

    def bind(self, unit: int) -> None:
        GL.glBindTextureUnit(unit, self._id)

    def close(self) -> None:
        if self._id:
            GL.glDeleteTextures(1, np.array([self._id], np.uint32))
            self._id = 0
