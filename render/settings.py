"""The server's settings: from the command line, or from the environment as HOSTA_HOST, HOSTA_PORT, HOSTA_TOKEN ..."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .limits import DEFAULT_LIMITS, Limits

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8470
MOST_WORKERS = 32


def _devices(text: str) -> str:
    if text != "all" and not re.fullmatch(r"\d{1,3}(,\d{1,3})*", text):
        raise ValueError("devices are numbers with commas between them, as in 0,1, or all")
    if text.count(",") >= MOST_WORKERS:
        raise ValueError(f"at most {MOST_WORKERS} devices can be named")
    return text


Devices = Annotated[str, AfterValidator(_devices)]
"""EGL devices as `hosta doctor` numbers them, `0,1`, or `all`."""


TurnUrl = Annotated[str, Field(max_length=300, pattern=r"^turns?:[^\s?]+(\?transport=(udp|tcp))?$")]


class IceServer(BaseModel):
    """A STUN or TURN server, in the words of the browser's RTCIceServer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class ServerSettings(BaseSettings):
    """How the server is reached and by whom.

    `allow_hosts` are names under which it may be addressed besides its own (a reverse proxy's), `allow_origins` are
    pages of other origins that may use and embed it. `insecure` lets it bind other addresses than loopback without a
    token. `devices` is for several workers, one on each (`0,1` or `all`). `worker_silence_s` says after how long a
    silent worker is ended (None: what suits the device). `data_dir` is where annotations are kept (None: nowhere,
    unless run_server is told otherwise). `turn_urls` are those of one TURN server, with which `turn_secret` is shared.
    WebRTC offers the addresses of `ice_interfaces` only: names (eth0) or networks (10.0.0.0/8); by default all.
    """

    model_config = SettingsConfigDict(env_prefix="HOSTA_", frozen=True, extra="ignore")

    host: str = DEFAULT_HOST
    port: int = Field(DEFAULT_PORT, ge=0, le=65_535)
    token: str | None = Field(None, min_length=16, max_length=512)
    insecure: bool = False
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    ice_servers: tuple[IceServer, ...] = ()
    turn_urls: Annotated[tuple[TurnUrl, ...], Field(max_length=8)] = ()
    turn_secret: str | None = Field(None, min_length=16, max_length=512)
    ice_interfaces: tuple[str, ...] = ()
    device: int | None = Field(None, ge=0)
    devices: Devices | None = None
    worker_silence_s: float | None = Field(None, gt=0)
    data_dir: Path | None = None
    limits: Limits = DEFAULT_LIMITS

    @model_validator(mode="after")
    def _turn_is_whole(self) -> Self:
        if bool(self.turn_urls) != (self.turn_secret is not None):
            raise ValueError("a TURN server needs both HOSTA_TURN_URLS and HOSTA_TURN_SECRET")
        return self
