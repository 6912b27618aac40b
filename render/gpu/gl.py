"""The one place that imports PyOpenGL, in the order that makes it work without a window.

PYOPENGL_PLATFORM has to be set before the first import of OpenGL. Error checking has to stay on while `OpenGL.EGL` is
imported (PyOpenGL 3.1.10 fails otherwise) and is off for `OpenGL.GL`: a glGetError after each call would cost more than
the calls. GL's errors reach us through the debug callback (`context.py`).
"""

from __future__ import annotations

import os

os.environ["PYOPENGL_PLATFORM"] = "egl"

try:
    import OpenGL
    from OpenGL import EGL

    OpenGL.ERROR_CHECKING = False
    OpenGL.ERROR_LOGGING = False
    from OpenGL import GL
    from OpenGL.EGL.EXT.device_base import eglQueryDevicesEXT
    from OpenGL.EGL.EXT.device_query import eglQueryDeviceStringEXT
    from OpenGL.EGL.EXT.platform_base import eglGetPlatformDisplayEXT
except (
    ImportError,
    AttributeError,
    TypeError,
) as error:  # PyOpenGL raises each of these when libEGL or libGL is absent
    from ..errors import GpuError

    raise GpuError(
        f"the EGL and OpenGL libraries cannot be loaded ({error}); on Debian or Ubuntu: "
        "apt-get install libegl1 libgl1 libegl-mesa0 libgl1-mesa-dri"
    ) from error

__all__ = ["EGL", "GL", "eglGetPlatformDisplayEXT", "eglQueryDeviceStringEXT", "eglQueryDevicesEXT"]
