"""Opens `synthetic:` specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...errors import UsageError
from ...freed_memory import keep_freed_memory
from ..base import ChannelInfo, Source
from .cell import CELL_UM, CHANNELS, Anatomy, FluorescentCell
from .em import EM_CHANNELS, ElectronMicroscopeCell
from .grid import Pyramid
from .moving import moving
from .organelles import place_organelles
from .segmentation import CellSegmentation
from .simple import SIMPLE
from .source import Description, Phantom, SyntheticSource
from .spec import SCHEME, Spec

_CELL_SIDE_MAX = 200_000


def open_synthetic(spec: str) -> list[Source]:
    """The sources of a spec such as `synthetic:cell?size=128&seed=3`: an image, and its labels where there are any.

    Raises UsageError, with what there is, for a phantom, an option or a value that does not exist.
    """
    keep_freed_memory()
    parsed = Spec.parse(spec)
    openers: Mapping[str, Callable[[Spec], list[Source]]] = {
        "cell": _open_cell, "moving": _open_moving, **dict.fromkeys(SIMPLE, _open_simple),
    }  # fmt: skip
    opener = openers.get(parsed.name)
    if opener is None:
        raise UsageError(
            f"there is no phantom '{parsed.name}'; there are {', '.join(SCHEME + name for name in openers)}"
        )
    return opener(parsed)


def _open_cell(spec: Spec) -> list[Source]:
    spec.allow(("size", "seed", "style", "dtype", "labels"))
    side = spec.integer("size", 256, 16, _CELL_SIDE_MAX)
    seed = spec.integer("seed", 0, 0, (1 << 63) - 1)
    pyramid = Pyramid((side, side, side), (CELL_UM / side,) * 3)
    anatomy = Anatomy(seed, place_organelles(seed))
    is_em = spec.choice("style", ("fluorescence", "em")) == "em"
    phantom: Phantom = ElectronMicroscopeCell(anatomy) if is_em else FluorescentCell(anatomy)
    channels = EM_CHANNELS if is_em else CHANNELS
    sources: list[Source] = [
        SyntheticSource(phantom, Description("cell", "image", spec.dtype(), channels), pyramid),
    ]
    if spec.flag("labels", default=True):
        segmentation = CellSegmentation(anatomy)
        organelles = Description(
            "cell organelles",
            "labels",
            np.dtype(np.uint64),
            (ChannelInfo("Organelles", visible=False),),
            segmentation.names(),
            segmentation.colors(),
        )
        sources.append(SyntheticSource(segmentation, organelles, pyramid))
    return sources


def _open_simple(spec: Spec) -> list[Source]:
    phantom, description, pyramid = SIMPLE[spec.name](spec)
    return [SyntheticSource(phantom, description, pyramid)]


def _open_moving(spec: Spec) -> list[Source]:
    (first, *later), description, pyramid = moving(spec)
    return [SyntheticSource(first, description, pyramid, later)]
