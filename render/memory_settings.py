"""How much memory a rendering process may take: HOSTA_DEVICE_MEMORY and HOSTA_CACHE, in MiB, from the environment."""

from __future__ import annotations

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from .errors import UsageError

MIB = 1 << 20


class MemorySettings(BaseSettings):
    """`device_memory`: of the device, for the bricks of one scene. `cache`: of the host, for decoded chunks. MiB;
    None is what suits the device, and what the reader keeps by default.
    """

    model_config = SettingsConfigDict(env_prefix="HOSTA_", frozen=True, extra="ignore")

    device_memory: int | None = Field(None, ge=16, le=1 << 24)
    cache: int | None = Field(None, ge=0, le=1 << 24)

    @property
    def device_bytes(self) -> int | None:
        return None if self.device_memory is None else self.device_memory * MIB

    @property
    def cache_bytes(self) -> int | None:
        return None if self.cache is None else self.cache * MIB


def memory_settings() -> MemorySettings:
    """As the environment says. Raises UsageError."""
    try:
        return MemorySettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"HOSTA_{str(first['loc'][0]).upper()}"
        raise UsageError(f"{name}={first['input']!r} is no size in MiB: {first['msg'].lower()}") from None
