"""`hosta doctor`: whether this machine can do it, and what would help."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpuError, HostaError

if TYPE_CHECKING:
    from ..doctor import Check


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    host: Annotated[
        str | None, typer.Option("--host", help="The address whose port is looked at.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="The port to look at.  [default: 8470]")
    ] = None,
) -> None:
    """Look at what this machine offers.

    EGL devices, OpenGL limits, encoders, versions, ports. The exit code is 4 when no OpenGL is usable.
    """
    from ..doctor import has_usable_gl, run_checks
    from ..settings import DEFAULT_HOST, DEFAULT_PORT

    checks = run_checks(host or DEFAULT_HOST, DEFAULT_PORT if port is None else port)
    if as_json:
        _print_json(checks)
    else:
        _print_table(checks)
    if not has_usable_gl(checks):
        raise GpuError("there is no usable OpenGL on this machine")
    if failed := [check.name for check in checks if check.status == "fail"]:
        raise HostaError(f"this installation cannot work: {', '.join(failed)}")


def _print_json(checks: list[Check]) -> None:
    import json
    from dataclasses import asdict

    from .. import __version__

    report = {"hosta": __version__, "checks": [asdict(check) for check in checks]}
    json.dump(report, sys.stdout, indent=2)
    print()


def _print_table(checks: list[Check]) -> None:
    from .tables import print_table

    rows: list[tuple[str, str, str]] = []
    group = ""
    for check in checks:
        title, group = check.group if check.group != group else "", check.group
        if title:
            rows.append((title, "", ""))
        rows.append((f"  {check.name}", check.status, check.value))
        if check.advice:
            rows.append(("", "", f"-> {check.advice}"))
    print_table(rows, ("bold", "", ""))
