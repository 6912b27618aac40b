"""The wire as one JSON schema, for generators of types: `python -m render.session.schema` prints it.

The schema describes what is on the wire (pydantic's serialisation mode), so every field is present in every message: a
client sends all fields of a node, also those that have a default. `$defs` holds each model once under its own name,
with `ClientEvent` and `ServerMessage` as the two unions.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import models_json_schema

from .events import (
    AckEvent,
    AnnotatedMessage,
    AnnotateEvent,
    AnnotationsMessage,
    CameraEvent,
    DeleteAnnotationEvent,
    EncodingEvent,
    ErrorMessage,
    FrameMessage,
    HelloMessage,
    KeyFrameEvent,
    PatchedMessage,
    PatchEvent,
    PickedMessage,
    PickEvent,
    PingEvent,
    PongMessage,
    ProgressMessage,
    RenameAnnotationEvent,
    ReportEvent,
    ResetEvent,
    SegmentsFoundMessage,
    SegmentsSearchEvent,
    StateMessage,
    StillMessage,
    ViewportEvent,
    WorkerMessage,
)

CLIENT_EVENTS = (
    CameraEvent,
    PatchEvent,
    ResetEvent,
    ViewportEvent,
    KeyFrameEvent,
    PickEvent,
    AnnotateEvent,
    RenameAnnotationEvent,
    DeleteAnnotationEvent,
    SegmentsSearchEvent,
    ReportEvent,
    AckEvent,
    EncodingEvent,
    PingEvent,
)
SERVER_MESSAGES = (
    HelloMessage,
    StateMessage,
    PatchedMessage,
    FrameMessage,
    StillMessage,
    WorkerMessage,
    ProgressMessage,
    PickedMessage,
    AnnotationsMessage,
    AnnotatedMessage,
    ErrorMessage,
    SegmentsFoundMessage,
    PongMessage,
)


def wire_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of every message in both directions."""
    _, schema = models_json_schema(
        [(model, "serialization") for model in (*CLIENT_EVENTS, *SERVER_MESSAGES)], title="Wire"
    )
    definitions = schema["$defs"]
    for definition in definitions.values():
        if "properties" in definition:
            definition["required"] = list(definition["properties"])
    for name, models in (("ClientEvent", CLIENT_EVENTS), ("ServerMessage", SERVER_MESSAGES)):
        definitions[name] = {"oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in models]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wire",
        "oneOf": [{"$ref": "#/$defs/ClientEvent"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": dict(sorted(definitions.items())),
    }


def main() -> None:
    json.dump(wire_schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
