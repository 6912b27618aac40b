"""docs/protocol.md is what the models, the routes and the recorded exchange make of it."""

from __future__ import annotations

import json

from docs.make_protocol import EXCHANGE, PAGE, page
from render.session.events import CLIENT_EVENT, SERVER_MESSAGE
from render.session.schema import CLIENT_EVENTS, SERVER_MESSAGES


def test_it_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m docs.make_protocol`: the protocol has changed"


def test_it_names_every_message_and_each_of_its_fields() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for model in (*CLIENT_EVENTS, *SERVER_MESSAGES):
        kind = model.model_fields["type"].default
        section = text.partition(f"\n### {model.__name__} `{kind}`\n")[2].partition("\n### ")[0]
        assert section, model.__name__
        missing = [field for field in model.model_fields if field != "type" and f"| `{field}` |" not in section]
        assert not missing, (model.__name__, missing)


def test_the_exchange_is_of_this_protocol() -> None:
    lines = json.loads(EXCHANGE.read_text(encoding="utf-8"))
    whole = [line for line in lines if "message" in line and '"..."' not in json.dumps(line)]
    assert len(whole) >= 10, "run `python -m docs.make_protocol --record`"
    for line in whole:
        adapter = CLIENT_EVENT if line["from"] == "client" else SERVER_MESSAGE
        if '"bright"' not in json.dumps(line):  # which is recorded because it is refused
            adapter.validate_json(json.dumps(line["message"]))
