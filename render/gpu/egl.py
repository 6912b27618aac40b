"""Which EGL devices there are, and which one to take: a hardware one first (NVIDIA before others), software last."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ..errors import GpuError
from .gl import EGL, eglGetPlatformDisplayEXT, eglQueryDevicesEXT, eglQueryDeviceStringEXT

# Values from the EGL registry that PyOpenGL does not name in its top module.
EGL_PLATFORM_DEVICE_EXT = 0x313F
EGL_PLATFORM_SURFACELESS_MESA = 0x31DD
EGL_DRM_DEVICE_FILE_EXT = 0x3233

DEVICE_VARIABLE = "HOSTA_EGL_DEVICE"


@dataclass(frozen=True)
class EglDevice:
    """An EGL device. `handle` None stands for Mesa's surfaceless platform, which picks its own device."""

    index: int
    name: str
    nvidia: bool
    software: bool
    handle: Any


def _extensions(handle: Any) -> str:
    text: bytes | None = eglQueryDeviceStringEXT(handle, EGL.EGL_EXTENSIONS)
    return text.decode() if text else ""


def list_devices() -> list[EglDevice]:
    """All EGL devices in EGL's order, then Mesa's surfaceless platform where the client library knows it.

    Raises GpuError when EGL itself fails.
    """
    client = (EGL.eglQueryString(EGL.EGL_NO_DISPLAY, EGL.EGL_EXTENSIONS) or b"").decode()
    devices: list[EglDevice] = []
    if "EGL_EXT_device_enumeration" in client or "EGL_EXT_device_base" in client:
        count = EGL.EGLint()
        handles = (EGL.EGLDeviceEXT * 32)()
        if not eglQueryDevicesEXT(len(handles), handles, count):
            raise GpuError("EGL cannot list its devices; is a GPU driver installed?")
        for index in range(count.value):
            extensions = _extensions(handles[index])
            nvidia = "EGL_NV_device_cuda" in extensions
            software = "EGL_MESA_device_software" in extensions
            node = ""
            if "EGL_EXT_device_drm" in extensions and not software:
                node = (eglQueryDeviceStringEXT(handles[index], EGL_DRM_DEVICE_FILE_EXT) or b"").decode()
            kind = "NVIDIA" if nvidia else "Mesa software" if software else "GPU"
            devices.append(EglDevice(index, f"{kind} {node}".strip(), nvidia, software, handles[index]))
    if "EGL_MESA_platform_surfaceless" in client:
        devices.append(EglDevice(len(devices), "Mesa surfaceless", nvidia=False, software=True, handle=None))
    return devices


def preference(devices: list[EglDevice]) -> list[EglDevice]:
    """The devices in the order in which they should be tried."""
    return sorted(devices, key=lambda d: (d.software, not d.nvidia, d.handle is not None, d.index))


def chosen_devices(index: int | None) -> list[EglDevice]:
    """The devices to try: the one asked for (argument, else the variable HOSTA_EGL_DEVICE), else all by preference."""
    devices = list_devices()
    if index is None and (text := os.environ.get(DEVICE_VARIABLE, "")):
        if not text.isdigit():
            raise GpuError(f"{DEVICE_VARIABLE}='{text}' is not the number of an EGL device; hosta doctor lists them")
        index = int(text)
    if index is None:
        return preference(devices)
    named = [device for device in devices if device.index == index]
    if not named:
        raise GpuError(f"there is no EGL device {index}; there are {len(devices)}, numbered from 0")
    return named


def open_display(device: EglDevice) -> Any:
    """An initialised EGL display on the device. Raises GpuError."""
    if device.handle is None:
        display = eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, None, None)
    else:
        display = eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT, device.handle, None)
    major, minor = EGL.EGLint(), EGL.EGLint()
    try:
        initialised = bool(display) and EGL.eglInitialize(display, major, minor)
    except EGL.EGLError as error:
        raise GpuError(f"EGL cannot start on device {device.index} ({device.name}): {error.err}") from None
    if not initialised:
        raise GpuError(f"EGL cannot start on device {device.index} ({device.name})")
    return display
