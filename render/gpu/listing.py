"""`python -m render.gpu.listing`: the EGL devices that offer what is needed, as JSON, for processes without OpenGL."""

from __future__ import annotations

import json
import sys
from contextlib import closing

from ..errors import GpuError
from .context import Context
from .egl import list_devices


def main() -> int:
    usable = []
    for device in list_devices():
        try:
            with closing(Context.create(device.index)) as context:
                usable.append({"index": device.index, "name": context.info.name, "software": context.info.software})
        except GpuError as error:
            print(f"hosta: EGL device {device.index}: {error.sentence}", file=sys.stderr)
    print(json.dumps(usable))
    return 0


if __name__ == "__main__":
    sys.exit(main())
