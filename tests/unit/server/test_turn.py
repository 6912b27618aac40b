"""A TURN server's settings and credentials; that coturn takes them, tests/network shows."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from render.server.routes import ice_links
from render.server.turn import CREDENTIAL_S, turn_server
from render.settings import IceServer, ServerSettings


def test_credentials_end_and_are_signed() -> None:
    server = turn_server(("turn:turn.example:3478",), "north", "hosta", 1_000_000.7)
    assert server.username == f"{1_000_000 + CREDENTIAL_S}:hosta"
    # echo -n 1086400:hosta | openssl dgst -sha1 -hmac north -binary | base64
    assert server.credential == "30D6hj4yXqLgzFMKfRiWyPc3/x8="
    assert turn_server(server.urls, "south", "hosta", 1_000_000.7).credential != server.credential


@pytest.mark.parametrize(
    "settings",
    [
        {"turn_urls": ("turn:turn.example:3478",)},
        {"turn_secret": "0123456789abcdef"},
        {"turn_urls": ("stun:turn.example:3478",), "turn_secret": "0123456789abcdef"},
        {"turn_urls": ("turn:turn.example?transport=sctp",), "turn_secret": "0123456789abcdef"},
        {"turn_urls": ("turn:turn.example:3478",), "turn_secret": "short"},
    ],
)
def test_half_of_a_turn_server_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServerSettings.model_validate(settings)


def test_players_are_told_of_ice_servers_in_link_headers() -> None:
    servers = (
        IceServer(urls=("stun:s.example",)),
        IceServer(urls=("turn:t.example?transport=tcp",), username="u", credential="c"),
    )
    assert list(ice_links(servers)) == [
        '<stun:s.example>; rel="ice-server"',
        '<turn:t.example?transport=tcp>; rel="ice-server"; username="u"; credential="c"; credential-type="password"',
    ]
