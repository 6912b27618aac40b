"""Where meshes go: one file for all, or one a segment by a pattern or in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from .segment import SegmentMesh
from .writing import Format, check_writable, format_of, write

_FIELDS = ("{id}", "{name}")
_NAME_MAX = 80


@dataclass(frozen=True)
class Output:
    """`pattern` is a file, or a pattern with `{id}` or `{name}` in its last part when there is one file a segment."""

    pattern: Path
    one_each: bool

    @classmethod
    def planned(cls, path: Path, format: Format | None = None) -> Output:
        """What a user's words mean, checked before any work: a folder takes `format` and gives files `{id}.format`.

        `path` is a folder when it is one, or when a format is given and the name has no ending; then it is made.
        Raises UsageError.
        """
        if path.is_dir() or (format is not None and not path.suffix):
            if format is None:
                raise UsageError(f"{path} is a folder, which says no format; add --format ply, glb, vtp, stl or obj")
            if path.parent.is_dir() and not path.exists():
                path.mkdir()
            path /= f"{{id}}.{format}"
        elif format is not None and format_of(path) != format:
            raise UsageError(f"'{path.name}' and --format {format} say different things; leave one of them out")
        if any(field in str(path.parent) for field in _FIELDS):
            raise UsageError(
                f"{{id}} and {{name}} may be in the name of a file, not in that of its folder {path.parent}"
            )
        check_writable(path)
        return cls(path, any(field in path.name for field in _FIELDS))

    @property
    def folder(self) -> Path:
        return self.pattern.parent

    def path_of(self, mesh: SegmentMesh) -> Path:
        """The file of a segment. Names come from files, so only plain letters, digits, `-`, `_` and `.` are left."""
        if not self.one_each:
            return self.pattern
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", mesh.name).strip("._")[:_NAME_MAX] or "unnamed"
        identifier = "isosurface" if mesh.id is None else str(mesh.id)
        return self.folder / self.pattern.name.replace("{id}", identifier).replace("{name}", plain)

    def write(
        self,
        meshes: Sequence[SegmentMesh],
        prepared: Callable[[SegmentMesh], SegmentMesh],
        *,
        anatomical: bool = False,
    ) -> Iterator[tuple[Path, list[SegmentMesh]]]:
        """Write each file after `prepared` was applied to its meshes, and say which they are.

        Raises UsageError when two segments would have one file, and what `writing.write` raises.
        """
        if not self.one_each:
            ready = [prepared(mesh) for mesh in meshes]
            write(self.pattern, ready, anatomical=anatomical)
            yield self.pattern, ready
            return
        by_path: dict[str, SegmentMesh] = {}
        for mesh in meshes:
            path = self.path_of(mesh)
            other = by_path.setdefault(os.path.normcase(path), mesh)
            if other is not mesh:
                raise UsageError(
                    f"segments {other.id} and {mesh.id} would both be {path.name}; put {{id}} into the pattern"
                )
        for mesh in meshes:
            one = prepared(mesh)
            write(self.path_of(mesh), [one], anatomical=anatomical)
            yield self.path_of(mesh), [one]
