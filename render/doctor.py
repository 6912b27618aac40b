"""Looks at the machine: each check says what is there and, where something is missing, what would help."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from . import __version__
from .errors import GpuError, StreamError
from .resources import client_dir, shader_dir

Status = Literal["ok", "warn", "fail"]

PACKAGES = (
    "aiortc", "av", "fastapi", "imagecodecs", "itk-io", "numpy", "pillow", "pydantic", "pyopengl", "simplejpeg",
    "tensorstore", "tifffile", "uvicorn", "vtk", "websockets",
)  # fmt: skip
OPTIONAL_PACKAGES = {"vtk"}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

MIN_CPUS = 2
MIN_MEMORY_BYTES = 4 << 30
# What the engine is laid out for: a brick atlas of 1 Gi voxels, and tables in storage buffers of 128 MiB.
MIN_TEXTURE_3D_PX = 1024
MIN_STORAGE_BLOCK_BYTES = 128 << 20


@dataclass(frozen=True)
class Check:
    """One finding. `group` is one of the sections that a report has; `advice` is empty where all is well."""

    group: str
    name: str
    status: Status
    value: str
    advice: str = ""


def run_checks(host: str, port: int) -> list[Check]:
    """All checks; `host` and `port` are where a server would listen."""
    return [
        *check_opengl(),
        *check_encoders(),
        *check_machine(),
        *check_files(),
        check_port(host, port),
        check_chromium(),
        *check_packages(),
    ]


def has_usable_gl(checks: list[Check]) -> bool:
    return not any(check.group == "opengl" and check.status == "fail" for check in checks)


def check_opengl() -> Iterator[Check]:
    """The EGL devices, which of them offer OpenGL 4.5, and the limits of the one that would be taken."""
    try:
        from .gpu.context import Context
        from .gpu.egl import list_devices

        devices = list_devices()
    except GpuError as error:
        yield Check("opengl", "EGL", "fail", "not usable", str(error))
        return
    for device in devices:
        name = f"EGL device {device.index}"
        try:
            with closing(Context.create(device.index)) as context:
                yield Check("opengl", name, "ok", f"{device.name}: {context.info.name}, {context.info.version}")
        except GpuError as error:
            yield Check("opengl", name, "warn", f"{device.name}: no OpenGL 4.5", str(error))
    try:
        with closing(Context.create()) as context:
            info, limits = context.info, context.limits
    except GpuError as error:
        yield Check("opengl", "renderer", "fail", "none", str(error))
        return
    if info.software:
        advice = "a software renderer works, slowly; with a GPU here, install its driver (in a container: expose it)"
        yield Check("opengl", "renderer", "warn", f"{info.name} (a CPU)", advice)
    else:
        yield Check("opengl", "renderer", "ok", f"{info.name} by {info.vendor}")
    yield _at_least("largest 3D texture", limits.texture_3d_px, MIN_TEXTURE_3D_PX, "px a side")
    yield _at_least("largest storage block", limits.storage_block_bytes >> 20, MIN_STORAGE_BLOCK_BYTES >> 20, "MiB")
    yield Check("opengl", "work groups", "ok", " x ".join(str(count) for count in limits.work_groups))


def _at_least(name: str, value: int, least: int, unit: str) -> Check:
    advice = "" if value >= least else f"less than {least} {unit}: large volumes are shown coarser"
    return Check("opengl", name, "ok" if value >= least else "warn", f"{value} {unit}", advice)


def check_encoders() -> Iterator[Check]:
    """Which H.264 encoders really encode: a frame goes through each."""
    from .codec.video import CodecName, VideoEncoder

    width, height = 320, 240
    black = bytes([16]) * (width * height) + bytes([128]) * (width * height // 2)
    names: tuple[CodecName, ...] = ("libx264", "h264_nvenc")
    for name in names:
        try:
            works = bool(VideoEncoder(width, height, codec=name).encode(black, 0))
            reason = "it gave no packet"
        except StreamError as error:
            works, reason = False, str(error)
        if works:
            yield Check("encoders", name, "ok", "usable")
        elif name == "libx264":
            yield Check("encoders", name, "fail", "not usable", f"no video can be streamed: {reason}")
        else:
            yield Check("encoders", name, "ok", "not usable here; libx264 encodes instead")


def check_machine() -> Iterator[Check]:
    cpus = len(os.sched_getaffinity(0))
    advice = "" if cpus >= MIN_CPUS else "encoding and rendering share this one processor"
    yield Check("machine", "processors", "ok" if cpus >= MIN_CPUS else "warn", str(cpus), advice)
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    advice = "" if memory_bytes >= MIN_MEMORY_BYTES else "little for volumes: a quarter of it caches bricks"
    status: Status = "ok" if memory_bytes >= MIN_MEMORY_BYTES else "warn"
    yield Check("machine", "memory", status, f"{memory_bytes / 2**30:.1f} GiB", advice)
    yield Check("machine", "system", "ok", platform.platform())
    yield Check("machine", "Python", "ok", platform.python_version())


def check_files() -> Iterator[Check]:
    """What belongs to this installation beside its Python code."""
    shaders = shader_dir()
    if shaders.is_dir():
        yield Check("files", "shaders", "ok", str(shaders))
    else:
        yield Check("files", "shaders", "fail", "absent", f"{shaders} is not there; install hosta again")
    client = client_dir()
    if client is not None:
        yield Check("files", "client", "ok", str(client))
    else:
        yield Check("files", "client", "warn", "not built", "python viewer_client/build.py builds it in a checkout")


def check_port(host: str, port: int) -> Check:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            return Check("ports", f"{host}:{port}", "warn", reason, "choose another with --port (0: any that is free)")
    return Check("ports", f"{host}:{port}", "ok", "free")


def check_chromium() -> Check:
    found = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if found:
        return Check("browser", "Chromium", "ok", found)
    return Check("browser", "Chromium", "ok", "absent; only the tests need it")


def check_packages() -> Iterator[Check]:
    yield Check("packages", "hosta", "ok", __version__)
    for name in PACKAGES:
        try:
            yield Check("packages", name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            if name in OPTIONAL_PACKAGES:
                yield Check("packages", name, "ok", f"absent; optional: pip install 'hosta[{name}]'")
            else:
                yield Check("packages", name, "fail", "absent", f"pip install {name}")
