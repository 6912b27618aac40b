"""Which EGL devices the workers are for, as `--devices` says: numbers as `hosta doctor` lists them, or `all`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from ..errors import GpuError, UsageError

LIST_S = 120.0


@dataclass(frozen=True, slots=True)
class UsableDevice:
    """An EGL device on which a renderer runs."""

    index: int
    name: str
    software: bool


def usable_devices() -> list[UsableDevice]:
    """All that work here, tried in a process of its own: this one is to have no OpenGL. Raises GpuError."""
    command = [sys.executable, "-m", "render.gpu.listing"]
    try:
        answer = subprocess.run(command, stdout=subprocess.PIPE, timeout=LIST_S, encoding="utf-8", check=True)
    except (subprocess.SubprocessError, OSError) as error:
        raise GpuError(f"the devices could not be listed ({error}); hosta doctor says what is wrong") from error
    return [UsableDevice(**device) for device in json.loads(answer.stdout)]


def choose_devices(text: str, usable: list[UsableDevice]) -> list[int | None]:
    """The device of each worker; None is the best one. Raises UsageError for one that is not there.

    `all` are all GPUs; where there is none, software draws in one worker, for more would share its processors. The
    same number twice is two workers on one device.
    """
    if text == "all":
        gpus: list[int | None] = [device.index for device in usable if not device.software]
        return gpus or [None]
    numbers = [int(number) for number in text.split(",")]
    known = {device.index for device in usable}
    for number in numbers:
        if number not in known:
            there = ", ".join(str(index) for index in sorted(known)) or "none"
            raise UsageError(f"there is no usable device {number}; hosta doctor lists those that are: {there}")
    return list(numbers)
