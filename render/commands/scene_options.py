"""Options of several commands: which data are shown, with which light, on which device."""

from __future__ import annotations

from typing import Annotated

import typer

Paths = Annotated[list[str] | None, typer.Argument(metavar="PATH", help="Volumes to show together in one scene.")]
Labels = Annotated[
    list[str] | None, typer.Option("--labels", metavar="PATH", help="A segmentation to lay over them; repeatable.")
]
Spacing = Annotated[
    str | None,
    typer.Option("--spacing", metavar="Z,Y,X+UNIT", help="Voxel size where a file says none, such as 45,4.6,4.6nm."),
]
Environments = Annotated[
    list[str] | None,
    typer.Option(
        "--environment",
        metavar="FILE",
        help="Light from an environment map: .hdr, .exr, float .tif or synthetic:studio; repeatable.",
    ),
]
Device = Annotated[
    int | None, typer.Option("--device", min=0, metavar="N", help="The EGL device; hosta doctor numbers them.")
]
