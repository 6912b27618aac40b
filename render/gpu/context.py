"""An OpenGL 4.5 core context without a surface, current on the thread that made it."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Self

from ..errors import GpuError
from ..summary import DeviceInfo
from .egl import EglDevice, chosen_devices, open_display
from .gl import EGL, GL
from .staging import StagingRing

SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swiftshader", "swrast")


@dataclass(frozen=True)
class GlLimits:
    """What the device can do, as far as the engine has to know."""

    texture_3d_px: int
    storage_block_bytes: int
    work_groups: tuple[int, int, int]
    texture_2d_px: int


class Context:
    """Owns the EGL context. Make it, and everything made with it, on one thread.

    `staging` is what texels go through on their way to the device; None where the driver's own way is as good.
    """

    def __init__(self, device: EglDevice) -> None:
        self.device = device
        self._display = open_display(device)
        self._context = self._create()
        if not EGL.eglMakeCurrent(self._display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, self._context):
            raise GpuError(f"OpenGL cannot be made current without a surface on {device.name}")
        self._messages: list[str] = []
        self._callback = GL.GLDEBUGPROC(self._on_debug)
        GL.glEnable(GL.GL_DEBUG_OUTPUT)
        GL.glEnable(GL.GL_DEBUG_OUTPUT_SYNCHRONOUS)
        GL.glDebugMessageCallback(self._callback, None)
        renderer = _string(GL.GL_RENDERER)
        self.info = DeviceInfo(
            name=renderer,
            vendor=_string(GL.GL_VENDOR),
            version=_string(GL.GL_VERSION),
            software=any(word in renderer.lower() for word in SOFTWARE_RENDERERS),
        )
        self.limits = GlLimits(
            texture_3d_px=_integer(GL.GL_MAX_3D_TEXTURE_SIZE),
            storage_block_bytes=_integer(GL.GL_MAX_SHADER_STORAGE_BLOCK_SIZE),
            work_groups=(_indexed(0), _indexed(1), _indexed(2)),
            texture_2d_px=_integer(GL.GL_MAX_TEXTURE_SIZE),
        )
        GL.glPixelStorei(GL.GL_UNPACK_ALIGNMENT, 1)
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
        self.staging: StagingRing | None = None if self.info.software else StagingRing()

    @classmethod
    def create(cls, device_index: int | None = None) -> Self:
        """A context on the given EGL device, else on the best one that works.

        Raises GpuError that names what each device answered.
        """
        failures: list[str] = []
        devices = chosen_devices(device_index)
        for device in devices:
            try:
                return cls(device)
            except GpuError as error:
                failures.append(str(error))
        raise GpuError(
            "no usable OpenGL 4.5 was found; install a GPU driver or Mesa (libegl-mesa0 libgl1-mesa-dri). "
            + "; ".join(failures or ["EGL lists no device"])
        )

    def _create(self) -> Any:
        if not EGL.eglBindAPI(EGL.EGL_OPENGL_API):
            raise GpuError(f"EGL on {self.device.name} offers no desktop OpenGL")
        wanted = [EGL.EGL_SURFACE_TYPE, EGL.EGL_PBUFFER_BIT, EGL.EGL_RENDERABLE_TYPE, EGL.EGL_OPENGL_BIT, EGL.EGL_NONE]
        configs, count = (EGL.EGLConfig * 1)(), EGL.EGLint()
        EGL.eglChooseConfig(self._display, (EGL.EGLint * len(wanted))(*wanted), configs, 1, count)
        config = configs[0] if count.value else None
        attributes = [
            EGL.EGL_CONTEXT_MAJOR_VERSION, 4, EGL.EGL_CONTEXT_MINOR_VERSION, 5,
            EGL.EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL.EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL.EGL_NONE,
        ]  # fmt: skip
        try:
            context = EGL.eglCreateContext(
                self._display, config, EGL.EGL_NO_CONTEXT, (EGL.EGLint * len(attributes))(*attributes)
            )
        except EGL.EGLError as error:
            raise GpuError(f"{self.device.name} offers no OpenGL 4.5 core ({error.err})") from None
        if not context:
            raise GpuError(f"{self.device.name} offers no OpenGL 4.5 core")
        return context

    def _on_debug(
        self, source: int, kind: int, _id: int, _severity: int, length: int, message: Any, _user: Any
    ) -> None:
        # The compiler's complaints are told, with file names, where the program is made.
        if kind == GL.GL_DEBUG_TYPE_ERROR and source != GL.GL_DEBUG_SOURCE_SHADER_COMPILER:
            self._messages.append(ctypes.string_at(message, length).decode(errors="replace").strip())

    def check(self) -> None:
        """Raise GpuError with what OpenGL complained of since the last check."""
        if self._messages:
            first, more = self._messages[0], len(self._messages) - 1
            self._messages.clear()
            raise GpuError(f"OpenGL failed: {first}" + (f" (and {more} more)" if more else ""))

    def close(self) -> None:
        """Destroy the context. Idempotent."""
        if self._context is not None:
            if self.staging is not None:
                self.staging.close()
            GL.glDebugMessageCallback(GL.GLDEBUGPROC(0), None)
            EGL.eglMakeCurrent(self._display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, EGL.EGL_NO_CONTEXT)
            EGL.eglDestroyContext(self._display, self._context)
            self._context = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _string(name: Any) -> str:
    return bytes(GL.glGetString(name)).decode(errors="replace")


def _integer(name: Any) -> int:
    value = (GL.GLint64 * 1)()
    GL.glGetInteger64v(name, value)
    return int(value[0])


def _indexed(axis: int) -> int:
    value = (GL.GLint * 1)()
    GL.glGetIntegeri_v(GL.GL_MAX_COMPUTE_WORK_GROUP_COUNT, axis, value)
    return int(value[0])
