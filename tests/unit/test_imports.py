"""The rooms: imports point down, the server stays away from GPU and data, and what must start fast imports little."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "render"

# From the bottom up; a room imports from its own row and from rows above it in this list.
ROWS = (
    (
        "errors",
        "limits",
        "units",
        "space",
        "settings",
        "resources",
        "roots",
        "summary",
        "logs",
        "freed_memory",
        "memory_settings",
        "whole_file",
    ),
    ("state",),
    ("source",),
    ("bricks",),
    ("convert",),
    ("scene",),
    ("bridge",),
    ("gpu",),
    ("engine",),
    ("codec",),
    ("mesh",),
    ("worker",),
    ("session",),
    ("server",),
    ("bench", "doctor", "progress"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
RANK = {room: rank for rank, row in enumerate(ROWS) for room in row}

# What runs in the server process, which touches neither the GPU nor the data.
SERVER_MODULES = (
    "server",
    "session",
    "worker/__init__.py",
    "worker/protocol.py",
    "worker/supervisor.py",
    "commands/serve.py",
)
KEPT_OUT_OF_SERVER = {"gpu", "engine", "source", "codec", "bricks", "convert", "scene", "mesh"}

HEAVY = {
    "OpenGL", "OpenEXR", "itk", "vtk", "vtkmodules", "av", "aiortc", "tensorstore", "zarr", "tifffile", "imagecodecs",
    "pyoidn", "fast_simplification",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(module: Path) -> set[str]:
    """The modules of this package that a module imports anywhere in it, also in functions, as `room.module`."""
    here = module.relative_to(PACKAGE).parts[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("render.") for alias in node.names if alias.name.startswith("render.")}
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            if node.level:
                base = here[: len(here) - (node.level - 1)]
                name = ".".join((*base, *filter(None, [name])))
            elif name == "render" or name.startswith("render."):
                name = name.removeprefix("render").lstrip(".")
            else:
                continue
            found |= {f"{name}.{alias.name}".lstrip(".") for alias in node.names}
    return found


def rooms_imported(module: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(module)} - {"__version__"}


def test_every_room_has_its_place() -> None:
    assert {room_of(module) for module in modules()} - {"__init__"} <= set(RANK)


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(module: Path) -> None:
    rank = RANK.get(room_of(module), -1)  # render/__init__.py imports nothing
    upwards = {room for room in rooms_imported(module) if RANK[room] > rank}
    assert not upwards, f"{module.relative_to(PACKAGE)} imports {upwards}, which are above it"


def server_modules() -> list[Path]:
    paths = [PACKAGE / name for name in SERVER_MODULES]
    return sorted(file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path]))


def test_server_never_names_gpu_or_data() -> None:
    wrong = {str(m.relative_to(PACKAGE)): rooms_imported(m) & KEPT_OUT_OF_SERVER for m in server_modules()}
    assert not {module: rooms for module, rooms in wrong.items() if rooms}


def modules_after(statement: str) -> set[str]:
    """What is loaded in a new interpreter after a statement."""
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    names: list[str] = json.loads(answer.stdout.splitlines()[-1])
    return set(names)


def test_server_process_loads_no_gpu_and_no_data() -> None:
    """Not even by way of other modules."""
    names = [".".join(m.relative_to(PACKAGE.parent).with_suffix("").parts) for m in server_modules()]
    loaded = modules_after("\n".join(f"import {name}" for name in names if not name.endswith("__main__")))
    assert "render.server" in loaded
    assert not {name for name in loaded if name.startswith("render.") and name.split(".")[1] in KEPT_OUT_OF_SERVER}
    assert not {name.split(".")[0] for name in loaded} & {"OpenGL", "itk", "vtk", "tensorstore", "tifffile"}


@pytest.mark.parametrize("statement", ["import render", "import render.cli", "import render.state.view"])
def test_light_imports(statement: str) -> None:
    loaded = modules_after(statement)
    assert "render" in loaded
    assert not {name.split(".")[0] for name in loaded} & HEAVY


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after(
        "from render.cli import main\nassert main(['--help']) == 0\nassert main(['frame', '-h']) == 0"
    )
    assert "typer" in loaded
    assert not {name.split(".")[0] for name in loaded} & (HEAVY | {"numpy", "fastapi"})


def test_import_is_fast() -> None:
    """Under 0.3 s; the best of three, because other work may share the machine."""
    script = "import time; t = time.perf_counter(); import render; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
        for _ in range(3)
    ]
    assert min(float(run.stdout) for run in runs) < 0.3
