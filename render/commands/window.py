"""Windows as they are written on the command line: `10,200`, `p50,p98`, `otsu`, `iso:120:20`, `level:40:400`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

from pydantic import ValidationError

from ..errors import UsageError
from ..state.layer import Channel, ImageLayer, Layer
from ..state.transfer import AutoRule, IsovalueRule, LevelRule, PercentileRule, TransferRule
from ..state.view import ViewState, first_problem

Window = tuple[float, float]
METHODS: tuple[str, ...] = get_args(AutoRule.model_fields["method"].annotation)
FORMS = f"LOW,HIGH or pLOW,pHIGH (percentiles) or level:LEVEL:WIDTH or iso:VALUE:RANGE or {', '.join(METHODS)}"


def parse_transfer(text: str) -> TransferRule | Window:
    """A rule, or the plain window of `LOW,HIGH`.

    * `10,200`: from value 10 to value 200
    * `p50,p98`: from the 50th to the 98th percentile
    * `level:40:400`: 400 wide around 40
    * `iso:120:20`: opaque within 10 of the value 120, clear elsewhere
    * `otsu`, `imagej`, ...: found from the histogram, see AutoRule

    Raises UsageError.
    """
    word = text.strip().lower()
    try:
        if word in METHODS:
            return AutoRule.model_validate({"method": word})
        kind, *numbers = word.split(":")
        if kind == "level" and len(numbers) == 2:
            return LevelRule(level=_number(numbers[0]), window=_number(numbers[1]))
        if kind == "iso" and len(numbers) == 2:
            return IsovalueRule(value=_number(numbers[0]), range=_number(numbers[1]))
        ends = word.split(",")
        if len(ends) == 2 and all(end.strip().startswith("p") for end in ends):
            low, high = (_number(end.strip().removeprefix("p")) for end in ends)
            return PercentileRule(low=low, high=high)
        if len(ends) == 2:
            lo, hi = (_number(end) for end in ends)
            return Channel(window=(lo, hi)).window
    except ValidationError as error:
        raise UsageError(f"'{text}' is no window: {first_problem(error).removeprefix('rule: ')}") from None
    except ValueError:
        pass
    raise UsageError(f"'{text}' is no window; write {FORMS}")


def with_window(channel: Channel, transfer: TransferRule | Window) -> Channel:
    """The channel with a window of its own, or with one that follows from a rule."""
    if isinstance(transfer, tuple):
        return channel.model_copy(update={"window": transfer, "rule": None})
    return channel.model_copy(update={"rule": transfer})


def with_windows(state: ViewState, texts: Sequence[str]) -> ViewState:
    """The state with windows as `--window` gives them, in this order: `TRANSFER` for all channels of all images, or
    `CHANNEL=TRANSFER` for those of that name or, counted from 0, number.

    Raises UsageError, also for a channel that no image has.
    """
    for text in texts:
        name, equals, transfer_text = text.rpartition("=")
        transfer = parse_transfer(transfer_text)
        found = False
        layers: list[Layer] = []
        for layer in state.layers:
            if isinstance(layer, ImageLayer):
                channels = []
                for number, channel in enumerate(layer.channels):
                    named = not equals or name.strip() in (channel.name, str(number))
                    found |= named
                    channels.append(with_window(channel, transfer) if named else channel)
                layers.append(layer.model_copy(update={"channels": tuple(channels)}))
            else:
                layers.append(layer)
        if not found:
            raise UsageError(_not_found(state, name.strip()))
        state = state.model_copy(update={"layers": tuple(layers)})
    return state


def _not_found(state: ViewState, name: str) -> str:
    names = [channel.name for layer in state.layers if isinstance(layer, ImageLayer) for channel in layer.channels]
    if not names:
        return "there is no image whose window could be set; segmentations have none"
    return f"no channel is called '{name}'; there are {', '.join(names)}"


def _number(text: str) -> float:
    """Raises ValueError for what is no finite number."""
    number = float(text)
    if not math.isfinite(number) or "_" in text:
        raise ValueError(text)
    return number
