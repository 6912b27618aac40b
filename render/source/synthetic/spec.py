"""What to make, as text: `synthetic:cell?size=128&seed=3`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import numpy as np

from ...errors import UsageError
from ...units import parse_spacing_um
from ..base import Shape3

SCHEME = "synthetic:"
_SIDE_MAX = 1_000_000
_DTYPES = ("uint8", "uint16", "float32")


@dataclass(frozen=True)
class Spec:
    """A phantom's name and its options as they were written; each getter checks what it reads."""

    text: str
    name: str
    options: Mapping[str, str]

    @staticmethod
    def parse(text: str) -> Spec:
        """Raises UsageError when it is not `synthetic:NAME?key=value&key=value`."""
        name, _, query = text.removeprefix(SCHEME).partition("?")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
        except ValueError:
            raise UsageError(f"'{text}' is no phantom; write {SCHEME}NAME?key=value&key=value") from None
        if not text.startswith(SCHEME) or len({key for key, _ in pairs}) < len(pairs):
            raise UsageError(f"'{text}' is no phantom; write {SCHEME}NAME?key=value&key=value, each key once")
        return Spec(text, name, dict(pairs))

    def allow(self, known: Sequence[str]) -> None:
        """Raises UsageError when there is an option that is not `known`."""
        for key in self.options:
            if key not in known:
                raise UsageError(f"'{self.text}': {self.name} has no option '{key}'; it has {', '.join(known)}")

    def integer(self, key: str, default: int, lo: int, hi: int) -> int:
        text = self.options.get(key, str(default))
        try:
            value = int(text)
        except ValueError:
            value = lo - 1
        if not lo <= value <= hi:
            raise UsageError(f"'{self.text}': {key} must be a whole number from {lo} to {hi}, not '{text}'")
        return value

    def number(self, key: str, default: float, lo: float, hi: float) -> float:
        text = self.options.get(key, str(default))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not lo <= value <= hi:
            raise UsageError(f"'{self.text}': {key} must be a number from {lo:g} to {hi:g}, not '{text}'")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """The first choice is the default."""
        value = self.options.get(key, choices[0])
        if value not in choices:
            raise UsageError(f"'{self.text}': {key} must be one of {', '.join(choices)}, not '{value}'")
        return value

    def flag(self, key: str, default: bool) -> bool:
        return self.choice(key, ("1", "0") if default else ("0", "1")) == "1"

    def size(self, default: int) -> Shape3:
        """One side, or three as z,y,x."""
        text = self.options.get("size", str(default))
        try:
            sides = [int(part) for part in text.split(",")]
        except ValueError:
            sides = []
        if len(sides) == 1:
            sides *= 3
        if len(sides) != 3 or not all(1 <= side <= _SIDE_MAX for side in sides):
            raise UsageError(
                f"'{self.text}': size must be one side or three (z,y,x) from 1 to {_SIDE_MAX}, such as 128 or "
                f"64,96,128, not '{text}'"
            )
        return sides[0], sides[1], sides[2]

    def spacing_um(self) -> tuple[float, float, float]:
        """(z, y, x), 1 µm where it is not given."""
        text = self.options.get("spacing")
        return (1.0, 1.0, 1.0) if text is None else parse_spacing_um(text)

    def dtype(self, choices: Sequence[str] = _DTYPES) -> np.dtype[np.generic]:
        return np.dtype(self.choice("dtype", choices))
