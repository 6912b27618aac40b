"""Where the shaders and the built client are: beside the package in a wheel, at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shader_dir() -> Path:
    """The folder of the shader sources."""
    installed = _PACKAGE / "_shaders"
    return installed if installed.is_dir() else _PACKAGE.parent / "shaders"


def client_dir() -> Path | None:
    """The folder of the built client (it holds `index.html`), or None when it was not built."""
    for folder in (_PACKAGE / "_client", _PACKAGE.parent / "viewer_client" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None
