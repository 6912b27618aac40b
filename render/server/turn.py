"""Credentials of a TURN server that hold for a day. Pure.

The server and the TURN server share a secret (coturn's `use-auth-secret` and `static-auth-secret`). A user name is the
second at which it ends and a name; its password is the HMAC of it, so that the TURN server needs to know no users
(draft-uberti-behave-turn-rest).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from ..settings import IceServer

CREDENTIAL_S = 24 * 3600
"""A client asks anew for each connection; one connection may last for so long."""


def turn_server(urls: Sequence[str], secret: str, name: str, now_s: float) -> IceServer:
    """What a client that comes now (`now_s`: seconds of Unix) needs to be let in. `name` is found in the TURN log."""
    username = f"{int(now_s) + CREDENTIAL_S}:{name}"
    # SHA-1 is what TURN servers compute here.
    password = base64.b64encode(hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()).decode()
    return IceServer(urls=tuple(urls), username=username, credential=password)
