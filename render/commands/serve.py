"""`hosta serve`, `hosta view` and `hosta demo`: the server on data, with a browser on it, and on a sample."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import SourceError, UsageError
from ..roots import PATTERN_MARKS, Roots
from .scene_options import Device, Environments, Labels, Paths, Spacing
from .segment_options import Tables

# At this size the first picture is there within seconds on two processors without a GPU.
DEMO_SCENE = "synthetic:cell?size=128"
# Of which nothing is drawn.
TEST_SCENE = "synthetic:cell?size=32"

RootOptions = Annotated[
    list[str] | None,
    typer.Option("--root", metavar="NAME=DIR", help="Name a folder: PATH may then be NAME:relative/path; repeatable."),
]
Host = Annotated[str | None, typer.Option("--host", help="The address to listen on.  [default: 127.0.0.1]")]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65_535, help="The port to listen on; 0 takes a free one.  [default: 8470]"),
]
NoToken = Annotated[bool, typer.Option("--no-token", help="Let in whoever reaches the address.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Allow --no-token on an address that other machines reach.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="A name under which a proxy reaches the server; repeatable."),
]
AllowOrigin = Annotated[
    list[str] | None,
    typer.Option("--allow-origin", metavar="URL", help="A page that may embed and use the server; repeatable."),
]
IceInterface = Annotated[
    list[str] | None,
    typer.Option(
        "--ice-interface",
        metavar="NAME|NETWORK",
        help="WebRTC only through this interface (eth0) or network (10.0.0.0/8); repeatable.  [default: all]",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="Where annotations are kept.  [default: ~/.local/share/hosta, or XDG's]"
    ),
]
TestPictureOption = Annotated[
    bool,
    typer.Option("--test-picture", help="Stream a moving test picture instead: for trying out a connection."),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Only print the URL.")]


def demo(
    no_browser: NoBrowser = False,
    host: Host = None,
    port: Port = None,
    no_token: NoToken = False,
    data_dir: DataDir = None,
    device: Device = None,
) -> None:
    """Show a sample cell with its segmentation in the browser."""
    given = _given(host=host, port=port, device=device, data_dir=data_dir)
    _serve([DEMO_SCENE], browser=not no_browser, no_token=no_token, given=given)


def view(
    path: Annotated[str, typer.Argument(metavar="PATH", help="What to show.")],
    labels: Labels = None,
    spacing: Spacing = None,
    environment: Environments = None,
    table: Tables = None,
    no_browser: NoBrowser = False,
    host: Host = None,
    port: Port = None,
    no_token: NoToken = False,
    data_dir: DataDir = None,
    device: Device = None,
) -> None:
    """Show a volume in the browser."""
    given = _given(host=host, port=port, device=device, data_dir=data_dir)
    _serve(
        [path],
        labels or (),
        spacing,
        environments=environment or (),
        tables=table or (),
        browser=not no_browser,
        no_token=no_token,
        given=given,
    )


def serve(
    paths: Paths = None,
    labels: Labels = None,
    spacing: Spacing = None,
    environment: Environments = None,
    table: Tables = None,
    root: RootOptions = None,
    host: Host = None,
    port: Port = None,
    no_token: NoToken = False,
    insecure: Insecure = False,
    allow_host: AllowHost = None,
    allow_origin: AllowOrigin = None,
    ice_interface: IceInterface = None,
    data_dir: DataDir = None,
    device: Device = None,
    test_picture: TestPictureOption = False,
) -> None:
    """Serve volumes as one scene, until interrupted.

    The URL is printed. HOSTA_TOKEN sets the token; without it each start makes a new one.
    """
    if test_picture and not paths and not labels:
        paths = [TEST_SCENE]
    if not paths and not labels:
        raise UsageError("there is nothing to serve; name a PATH, or run hosta demo for a sample")
    given = _given(
        host=host,
        port=port,
        device=device,
        data_dir=data_dir,
        insecure=insecure or None,
        allow_hosts=tuple(allow_host or ()) or None,
        allow_origins=tuple(allow_origin or ()) or None,
        ice_interfaces=tuple(ice_interface or ()) or None,
    )
    _serve(
        paths or (),
        labels or (),
        spacing,
        root or (),
        environment or (),
        table or (),
        no_token=no_token,
        test_picture=test_picture,
        given=given,
    )


def locate(text: str, roots: Roots) -> str:
    """What a PATH means: a file in a root, a phantom, or the path that it says. It must be there. Raises SourceError.

    Patterns of slices and parts of a file (`stack.ome.tif/1`) outside of roots are left to the readers.
    """
    if "\0" in text or not text.strip():
        raise SourceError("the name of the data is empty or holds a NUL character")
    if text.startswith("synthetic:"):
        return text
    if text.partition(":")[0] in roots.names:
        return str(roots.resolve(text))
    here = Path(text).expanduser()
    try:
        is_there = here.exists() or any(_is_file(above) for above in here.parents)
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise SourceError(f"'{here.name[:80]}' cannot be read: {(error.strerror or str(error)).lower()}") from error
    if is_there or any(mark in text for mark in PATTERN_MARKS) or "://" in text or "|" in text:
        return text
    raise SourceError(f"'{text}' does not exist; name a file, a folder, a pattern of slices or synthetic:cell")


def _is_file(path: Path) -> bool:
    """Also of `a.h5:`, behind which the path in the file follows."""
    return path.is_file() or (path.name.endswith(":") and path.with_name(path.name[:-1]).is_file())


def locate_table(text: str, roots: Roots) -> str:
    """What a table, FILE or NAME=FILE, means, likewise. Raises SourceError."""
    if Path(text).expanduser().exists() or "=" not in text:
        return locate(text, roots)
    name, _, file = text.partition("=")
    return f"{name}={locate(file, roots)}"


def _given(**settings: Any) -> dict[str, Any]:
    """What was said on the command line: all else is the environment's to say, as HOSTA_PORT and so on."""
    return {name: value for name, value in settings.items() if value is not None}


def _serve(
    paths: Sequence[str],
    labels: Sequence[str] = (),
    spacing: str | None = None,
    root: Sequence[str] = (),
    environments: Sequence[str] = (),
    tables: Sequence[str] = (),
    *,
    browser: bool = False,
    no_token: bool,
    test_picture: bool = False,
    given: dict[str, Any],
) -> None:
    roots = Roots.parse(root)
    paths = [locate(path, roots) for path in paths]
    labels = [locate(path, roots) for path in labels]
    environments = [locate(path, roots) for path in environments]
    tables = [locate_table(text, roots) for text in tables]
    if spacing is not None:
        from ..units import parse_spacing_um

        parse_spacing_um(spacing)  # says what is wrong with it now; the worker reads it again

    from pydantic import ValidationError

    from ..server.run import run_server
    from ..settings import ServerSettings
    from ..state.view import first_problem

    try:
        settings = ServerSettings(**given)
    except ValidationError as error:
        raise UsageError(f"the server cannot be set up so: {first_problem(error)}") from None

    def ready(url: str) -> None:
        print(url, flush=True)
        if browser:
            threading.Thread(target=open_browser, args=(url,), name="browser", daemon=True).start()

    run_server(
        settings,
        paths,
        labels,
        spacing,
        environments,
        tables,
        no_token=no_token,
        test_picture=test_picture,
        ready=ready,
    )


def open_browser(url: str) -> None:
    """Open the URL in the user's browser, or say that there is none. Without a display none is tried: a browser in
    the terminal could not show the picture."""
    import webbrowser

    has_display = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if not (has_display and webbrowser.open(url)):
        print("hosta: no browser could be started here; open the URL above in one", file=sys.stderr)
