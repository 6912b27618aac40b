"""Makes docs/protocol.md from the models, the routes and a recorded exchange.

python -m docs.make_protocol            writes it
python -m docs.make_protocol --record   records the exchange anew first (runs a server with the tests' renderer)
python -m docs.make_protocol --check    only says whether it is current; exit code 1 when it is not
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from render.errors import HostaError
from render.limits import DEFAULT_LIMITS
from render.server import websocket
from render.server.app import create_app
from render.session.meter import Meter
from render.session.schema import CLIENT_EVENTS, SERVER_MESSAGES, wire_schema
from render.settings import ServerSettings
from render.worker.protocol import FRAMES_IN_FLIGHT, OpenScene
from render.worker.supervisor import Supervisor

HERE = Path(__file__).parent
PAGE = HERE / "protocol.md"
EXCHANGE = HERE / "protocol_exchange.json"
HEAD = HERE / "protocol_head.txt"
"""The page's words, with {names} where figures from the code stand."""

CLOSE_CODES = {
    "CLOSED_BY_SERVER": "the server ends it: idle for too long, too many events, a message that is too large",
    "GOING_AWAY": "the server ends",
    "NO_BINARY": "the client sent a binary message",
    "NOT_ASKED_RIGHT": "the query does not make sense, or asks for an encoding that there is not",
    "NOT_AUTHORISED": "the token or cookie is absent or wrong, or too many wrong ones came",
    "NO_SUCH_VIEW": "there is no such view, or no longer",
    "TOO_SLOW": "the client took nothing for too long",
    "BUSY": "all places are taken",
}
OWN_STATUSES = {201: "an offer is answered", 204: "logged in", 404: "no such address", 405: "another method is meant"}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.record:
        EXCHANGE.write_text(json.dumps(asyncio.run(record()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    made = page()
    if options.check:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == made else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page."""
    schema = wire_schema()["$defs"]
    parts = [_head(), _routes()]
    parts.append("## Messages of the client\n\n" + _models(schema, [model.__name__ for model in CLIENT_EVENTS]))
    parts.append("## Messages of the server\n\n" + _models(schema, [model.__name__ for model in SERVER_MESSAGES]))
    parts.append("## An exchange\n\n" + _exchange(json.loads(EXCHANGE.read_text(encoding="utf-8"))))
    messages = {model.__name__ for model in (*CLIENT_EVENTS, *SERVER_MESSAGES)} | {"ClientEvent", "ServerMessage"}
    rest = sorted(name for name in schema if name not in messages)
    parts.append("## What messages are made of\n\n" + _models(schema, rest))
    return "\n".join(parts)


def _head() -> str:
    limits = DEFAULT_LIMITS
    codes = sorted(
        (value, CLOSE_CODES.get(name, name.lower().replace("_", " ")))
        for name, value in vars(websocket).items()
        if name.isupper() and _is_close_code(value)
    )
    return HEAD.read_text(encoding="utf-8").format(
        socket_encodings=_listed(websocket.SocketConnection.encodings),
        in_flight=FRAMES_IN_FLIGHT,
        message_max=limits.message_max_bytes,
        sdp_max=limits.sdp_max_bytes,
        events_per_s=limits.events_per_s,
        burst=limits.events_burst,
        unconnected=limits.unconnected_offer_s,
        subprotocol=websocket.SUBPROTOCOL,
        token_prefix=websocket.TOKEN_PREFIX,
        close_codes="\n".join(f"| {code} | {meaning} |" for code, meaning in codes),
        statuses=_statuses(),
    )


def _is_close_code(value: object) -> bool:
    return isinstance(value, int) and (1000 <= value <= 1015 or 4000 <= value <= 4999)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _statuses() -> str:
    """What each error means, from the errors themselves."""
    meanings: dict[int, list[str]] = {status: [text] for status, text in OWN_STATUSES.items()}
    waiting: list[type[HostaError]] = [HostaError]
    for kind in waiting:
        waiting += sorted(kind.__subclasses__(), key=lambda one: one.__name__)
        if not kind.__module__.startswith(("render.errors", "render.server", "render.session")):
            continue
        text = "an error in the server" if kind is HostaError else _sentence(kind.__doc__ or "")
        if text not in meanings.setdefault(kind.http_status, []):
            meanings[kind.http_status].append(text)
    return "\n".join(f"| {status} | {'; '.join(texts)} |" for status, texts in sorted(meanings.items()))


def _sentence(text: str) -> str:
    first = text.strip().split("\n\n")[0].split(". ")[0].rstrip(".")
    return " ".join((first[:1].lower() + first[1:]).split())


def _routes() -> str:
    settings = ServerSettings(token="a token to look at the routes with")
    app = create_app(settings, OpenScene(scene="main", paths=()), Supervisor(), None)
    parts = []
    for path, methods in app.openapi()["paths"].items():
        if path == "/":
            continue
        for method, facts in methods.items():
            lines = [
                f"### `{method.upper()} {path[1:]}`",
                "",
                facts.get("description", "").strip() or facts["summary"] + ".",
            ]
            if queries := [one for one in facts.get("parameters", ()) if one["in"] == "query"]:
                lines += ["", "| query | type | |", "| --- | --- | --- |"]
                lines += [
                    f"| `{one['name']}` | {_type(one['schema'])} | {one.get('description', '')} |" for one in queries
                ]
            parts.append("\n".join(lines) + "\n")
    parts.append("### What `metrics` counts\n\n" + _metrics())
    return "\n".join(parts)


def _metrics() -> str:
    text = Meter({}, {}).text().decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helps = re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE)
    rows = [f"| `{name}` | {kinds[name]} | {what} |" for name, what in helps if not name.endswith("_created")]
    return "| name | kind | what |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _models(schema: dict[str, Any], names: Iterable[str]) -> str:
    return "\n".join(_model(name, schema[name]) for name in names)


def _model(name: str, definition: dict[str, Any]) -> str:
    properties: dict[str, Any] = definition.get("properties", {})
    kind = properties.get("type", {}).get("const")
    lines = [f"### {name}" + (f" `{kind}`" if kind else ""), ""]
    if description := definition.get("description", "").strip():
        lines += [" ".join(part.split()) for part in re.split(r"\n(?=\n)", description)]
        lines.append("")
    fields = {field: facts for field, facts in properties.items() if not (field == "type" and kind)}
    if fields:
        lines += ["| field | type | default |", "| --- | --- | --- |"]
        lines += [f"| `{field}` | {_type(facts)} | {_default(facts)} |" for field, facts in fields.items()]
        lines.append("")
    elif not properties:
        lines += [_type(definition), ""]
    return "\n".join(lines)


def _default(facts: dict[str, Any]) -> str:
    if "default" not in facts:
        return ""
    text = json.dumps(facts["default"], ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else "(see the type)"


def _type(facts: dict[str, Any]) -> str:
    """A schema in words, on one line of a table."""
    if "$ref" in facts:
        name = facts["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in facts:
        return f"`{json.dumps(facts['const'])}`"
    if "enum" in facts:
        return ", ".join(f"`{json.dumps(value)}`" for value in facts["enum"])
    if choices := facts.get("anyOf") or facts.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
    match facts.get("type"):
        case "array" if "prefixItems" in facts:
            parts = [_type(item) for item in facts["prefixItems"]]
            return f"{len(parts)} x {parts[0]}" if len(set(parts)) == 1 else f"({', '.join(parts)})"
        case "array":
            return (
                f"list of {_type(facts['items'])}" + _bounds(facts, "minItems", "maxItems", "items")
                if "items" in facts
                else "list"
            )
        case "object" if isinstance(facts.get("additionalProperties"), dict):
            return f"object of {_type(facts['additionalProperties'])}"
        case "string":
            pattern = f" matching `{facts['pattern']}`".replace("|", "\\|") if "pattern" in facts else ""
            return "string" + pattern + _bounds(facts, "minLength", "maxLength", "characters")
        case "integer" | "number":
            return facts["type"] + _range(facts)
        case str(other):
            return other
    return "any JSON value"


def _bounds(facts: dict[str, Any], lo: str, hi: str, what: str) -> str:
    if lo in facts and hi in facts and facts[lo] == facts[hi]:
        return f", {facts[lo]} {what}"
    parts = [f"at least {facts[lo]}"] if facts.get(lo) else []
    parts += [f"at most {facts[hi]}"] if hi in facts else []
    return f", {' and '.join(parts)} {what}" if parts else ""


def _range(facts: dict[str, Any]) -> str:
    words = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    parts = [f"{word} {_number(facts[name])}" for name, word in words.items() if name in facts]
    return " " + ", ".join(parts) if parts else ""


def _number(value: float) -> str:
    return {2.0**53 - 1: "2^53 - 1", 2.0**32 - 1: "2^32 - 1", 2.0**32: "2^32"}.get(
        float(value), f"{value:g}" if abs(value) > 1e15 else f"{value:.15g}"
    )


def _exchange(lines: list[dict[str, Any]]) -> str:
    """The recorded exchange; `...` stands for what is left out here."""
    text = [
        "Recorded from a run over a WebSocket with a renderer that draws flat grey; what is long is shortened (`...`).",
        "`>` is from the client, `<` from the server.",
        "",
        "```",
    ]
    for line in lines:
        arrow = ">" if line["from"] == "client" else "<"
        text.append(f"{arrow} {line.get('what') or json.dumps(line['message'], ensure_ascii=False)}")
    return "\n".join([*text, "```", ""])


# ---- the recording ----

MOST_CHARACTERS = 100
LEFT_OUT = frozenset({"state", "default_state", "scene"})


def shortened(value: Any, name: str = "") -> Any:
    """The same with long lists and texts cut, and states and scenes left out; `...` says where."""
    if isinstance(value, dict):
        if name in LEFT_OUT:
            return {"...": f"{len(value)} fields"}
        return {field: shortened(part, field) for field, part in value.items()}
    if isinstance(value, list):
        return [shortened(part) for part in value[:3]] + (["..."] if len(value) > 3 else [])
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return value[:MOST_CHARACTERS] + "..."
    if isinstance(value, float):
        return round(value, 3)
    return value


async def record() -> list[dict[str, Any]]:
    """A short session over a WebSocket: open, look, change, something wrong, pick, close."""
    from websockets.asyncio.client import connect

    from tests.stream.service import TOKEN, service

    lines: list[dict[str, Any]] = []

    async with service() as run:
        url = f"ws://127.0.0.1:{run.port}/api/v1/ws?width=640&height=480"
        protocols = [websocket.SUBPROTOCOL, websocket.TOKEN_PREFIX + TOKEN]
        lines.append(
            {
                "from": "client",
                "what": "GET /api/v1/ws?width=640&height=480   Sec-WebSocket-Protocol: hosta.v1, hosta.token.<token>",
            }
        )
        async with connect(url, subprotocols=protocols, max_size=None, proxy=None) as socket:  # type: ignore[arg-type]
            lines.append(
                {"from": "server", "what": f"101 Switching Protocols   Sec-WebSocket-Protocol: {socket.subprotocol}"}
            )

            async def say(message: dict[str, Any]) -> None:
                lines.append({"from": "client", "message": shortened(message)})
                await socket.send(json.dumps(message))

            async def until(kind: str) -> dict[str, Any]:
                while True:
                    data = await asyncio.wait_for(socket.recv(), 20)
                    if isinstance(data, str):
                        message: dict[str, Any] = json.loads(data)
                        lines.append({"from": "server", "message": shortened(message)})
                    else:
                        n = int.from_bytes(data[:4], "little")
                        message = json.loads(data[4 : 4 + n])
                        rest = f"{len(data) - 4 - n} bytes of {message['encoding']}"
                        text = json.dumps(shortened(message), ensure_ascii=False)
                        if kind == "frame":
                            lines.append({"from": "server", "what": f"binary: {n}, {text}, {rest}"})
                        await socket.send(json.dumps(ack := {"type": "ack", "pts": message["frame"]["pts"]}))
                        if kind == "frame":
                            lines.append({"from": "client", "message": ack})
                    if message["type"] == kind:
                        return message

            hello = await until("hello")
            await until("frame")
            camera = {**hello["state"]["camera"], "view_angle": 40.0}
            await say({"type": "camera", "seq": 1, "camera": camera})
            while (await until("frame"))["frame"]["camera_seq"] != 1:
                del lines[-2:]
            op = {"op": "put", "path": ["display", "exposure"], "value": 1.5}
            await say({"type": "patch", "seq": 2, "patch": {"ops": [op]}})
            await until("state")
            await say({"type": "patch", "seq": 3, "patch": {"ops": [{**op, "value": "bright"}]}})
            await until("error")
            frame = {"sequence": 2, "camera_seq": 1, "width": 640, "height": 480}
            await say({"type": "pick", "seq": 4, "x": 0.5, "y": 0.5, **frame})
            await until("picked")
            await say({"type": "ping", "client_ms": 1234.5})
            await until("pong")
        lines.append({"from": "client", "what": "close 1000"})
    return lines


if __name__ == "__main__":
    sys.exit(main())
