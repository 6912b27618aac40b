"""What `hosta frame`, `serve` and `view` can be asked about segments: options, and the states that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from ..scene.open import Scene
    from ..state.view import ViewState

Names = dict[str, list[int]]
"""Ids by name, lower case."""
StyleName = Literal["solid", "translucent", "contour"]

Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        metavar="[NAME=]FILE",
        help="Names and colours of a segmentation's labels: CSV, JSON, ITK-SNAP, Slicer, FreeSurfer; repeatable.",
    ),
]
Isolate = Annotated[
    list[str] | None,
    typer.Option("--isolate", metavar="ID,ID", help="Show only these segments, by id or name; repeatable."),
]
Hide = Annotated[
    list[str] | None,
    typer.Option("--hide", metavar="ID,ID", help="Show all segments but these, by id or name; repeatable."),
]
Highlighted = Annotated[
    list[str] | None,
    typer.Option("--highlight", metavar="ID,ID", help="Brighten these segments, by id or name; repeatable."),
]
Style = Annotated[StyleName | None, typer.Option("--style", help="How segments are drawn.")]


@dataclass(frozen=True)
class SegmentChoices:
    """What was asked about segments; None changes nothing. Texts are as they were given."""

    isolate: Sequence[str] | None = None
    hide: Sequence[str] | None = None
    highlight: Sequence[str] | None = None
    style: StyleName | None = None

    def __post_init__(self) -> None:
        """Raises UsageError."""
        if self.isolate and self.hide:
            raise UsageError("--isolate and --hide both say which segments are shown; give one of them")

    def __bool__(self) -> bool:
        return bool(self.isolate or self.hide or self.highlight or self.style)


def with_segments(state: ViewState, choices: SegmentChoices, names: Mapping[str, Names]) -> ViewState:
    """`state` with the choices put into each of its segmentations. `names`: by source, the ids that bear a name.

    An isolated layer is shown, too. Raises UsageError when there is no segmentation, or no segment of such a name.
    """
    from ..state.segment import Highlight

    if not choices:
        return state
    if not any(layer.kind == "labels" for layer in state.layers):
        raise UsageError("there are no segments here; name a segmentation with --labels")
    layers = []
    every = list(names.values())
    for layer in state.layers:
        known = names.get(layer.source, {})
        update: dict[str, Any] = {}
        if layer.kind == "labels":
            for shown, texts in (("listed", choices.isolate), ("except", choices.hide)):
                if texts:
                    update |= {"shown": shown, "listed": _ids(texts, known, every)}
            if choices.isolate:
                update["visible"] = True
            if choices.highlight:
                update["highlight"] = Highlight(ids=_ids(choices.highlight, known, every))
            if choices.style:
                update["style"] = choices.style
        layers.append(layer.model_copy(update=update))
    return state.model_copy(update={"layers": tuple(layers)})


def names_of(scene: Scene) -> dict[str, Names]:
    """By source, the ids by name of each segmentation of a scene."""
    found: dict[str, Names] = {}
    for layer in scene.layers:
        if layer.source.info.kind == "labels":
            names: Names = {}
            for identifier, name in layer.table.names.items():
                names.setdefault(name.lower(), []).append(identifier)
            found[layer.key] = names
    return found


def _ids(texts: Sequence[str], known: Names, every: Sequence[Names]) -> tuple[str, ...]:
    """The ids of a segmentation that these lists name. A name may hold commas: then it stands by itself."""
    from ..state.segment import segment_id

    ids: list[str] = []
    for text in texts:
        whole = text.strip().lower()
        parts = [whole] if any(whole in names for names in every) else [part.strip() for part in whole.split(",")]
        for part in filter(None, parts):
            if any(part in names for names in every):
                ids += [str(identifier & 0xFFFFFFFFFFFFFFFF) for identifier in known.get(part, [])]
                continue
            try:
                ids.append(segment_id(part))
            except UsageError:
                raise UsageError(f"there is no segment '{part[:60]}'; write its id, or its name in the table") from None
    return tuple(dict.fromkeys(ids))
