"""A conversion from its start to its end: a folder beside the output that becomes it when all is written and verified.

`NAME.partial/` holds the store, the job (what is converted, and how), and the journal. A second run of the same job
goes on where the journal ends; one of another job is refused. Only at the end is the store renamed to NAME.
"""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..bricks.index_build import Regions, index_source
from ..bricks.zarr_json import ArrayPlan, Json, ZarrVersion, sync_folder, write_array, write_group, write_json
from ..errors import HostaError, SourceError, UsageError
from ..source.base import Source
from ..source.open import open_sources
from .cascade import Cascade
from .codec import ChunkCodec, Compression
from .journal import Journal, Lock, Progressed
from .metadata import NgffVersion, axis_names, folder_name, group_attributes, image_label, multiscale, omero
from .plan import SHARD, Plan, plan_conversion
from .shards import ShardWriter
from .turning import TurnedSource, turned
from .verify import Verification, verify

Progress = Callable[[str, int, int], None]
CHECKPOINT_S = 5.0
_STORE, _JOB, _JOURNAL, _LOCK = "store", "job.json", "journal.npz", "lock"


@dataclass(frozen=True)
class Options:
    """How to convert. `shard`: voxels a side (0.5 only). `checkpoint_s`: how much work an interruption may cost."""

    ngff: NgffVersion = "0.5"
    compression: Compression = "zstd"
    shard: int = SHARD
    memory_bytes: int = 1 << 30
    threads: int = 0
    overwrite: bool = False
    verification: Verification = "quick"
    index: bool = True
    checkpoint_s: float = CHECKPOINT_S

    @property
    def zarr(self) -> ZarrVersion:
        return 3 if self.ngff == "0.5" else 2

    @property
    def n_threads(self) -> int:
        return self.threads or len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Part:
    """One image of the store, in the group `path` ("" is the store itself)."""

    path: str
    source: TurnedSource
    plan: Plan

    @property
    def kind(self) -> Literal["image", "labels"]:
        return self.source.info.kind


def convert(sources: Sequence[Source], output: Path, options: Options, job: Json, progress: Progress) -> list[str]:
    """Write sources (an image and its labels, or one segmentation) as an OME-Zarr; notes for the user are returned.

    `job` says where they came from: what is to be the same for an interrupted conversion to go on. Raises UsageError
    before anything is touched, SourceError of what cannot be read, HostaError of what cannot be written.
    """
    check_output(output, options)
    parts, notes = _parts(sources, options)
    job = {**job, **_described(parts, options)}
    folder = output.with_name(output.name + ".partial")
    folder.mkdir(exist_ok=True)
    with Lock(folder / _LOCK):
        parts = _take_up(folder, job, parts, options)
        try:
            notes += _Run(folder, parts, options, progress).run()
        except OSError as error:
            raise HostaError(_full(error, output)) from error
        except SourceError as error:
            raise SourceError(
                f"{error.sentence}; what is converted already is kept, and the same command goes on from there"
            ) from error
        _publish(folder, output, options)
    return notes


def check_output(output: Path, options: Options) -> None:
    """Refuse what could not be written, or should not be. Raises UsageError."""
    if output.suffix != ".zarr" or not output.stem:
        raise UsageError(f"'{output.name}' is no name of a store; end it in .ome.zarr")
    if not output.parent.is_dir():
        raise UsageError(f"the folder {output.parent} of {output.name} does not exist")
    if not os.access(output.parent, os.W_OK):
        raise UsageError(f"the folder {output.parent} of {output.name} cannot be written to")
    if os.path.lexists(output):
        if not options.overwrite:
            raise UsageError(f"'{output.name}' is there already; --overwrite replaces it")
        if output.is_symlink() or not any((output / name).is_file() for name in ("zarr.json", ".zgroup")):
            raise UsageError(f"'{output.name}' is no zarr store, and only those are overwritten; choose another name")


def _parts(sources: Sequence[Source], options: Options) -> tuple[list[Part], list[str]]:
    images = [source for source in sources if source.info.kind == "image"]
    if len(images) > 1 or (not images and len(sources) > 1):
        names = ", ".join(source.info.name for source in (images or sources)[:8])
        raise UsageError(f"there are several images in it ({names}); name one of them")
    ordered = [*images, *(source for source in sources if source.info.kind == "labels")]
    made, notes = turned(ordered)
    parts: list[Part] = []
    shard = options.shard if options.zarr == 3 else None
    for number, source in enumerate(made):
        path = ""
        if number:
            path = f"labels/{folder_name(source.info.name, [part.path.rpartition('/')[2] for part in parts])}"
        plan = plan_conversion(source.info, shard, options.memory_bytes, options.n_threads)
        parts.append(Part(path, source, plan))
    return parts, notes


def _described(parts: Sequence[Part], options: Options) -> Json:
    """What has to be the same for a conversion to go on, as JSON-able values."""
    return {
        "ngff": options.ngff,
        "index": options.index,
        "compression": options.compression,
        "shard": options.shard if options.zarr == 3 else None,
        "parts": [
            {
                "path": part.path,
                "kind": part.kind,
                "shape": [part.source.info.n_times, len(part.source.info.channels), *part.plan.levels[0].shape],
                "dtype": part.source.info.dtype.name,
                "info": hashlib.sha256(repr(part.source.info).encode()).hexdigest(),
            }
            for part in parts
        ],
    }


def _take_up(folder: Path, job: Json, parts: list[Part], options: Options) -> list[Part]:
    """Start the job, or go on with it as it was started: with the same blocks, in the same order."""
    before = folder / _JOB
    if before.exists():
        try:
            said = json.loads(before.read_bytes())
            plans = said.pop("plans")
        except (ValueError, KeyError, AttributeError):
            said, plans = None, []
        if said == job and len(plans) == len(parts):
            fixed = [dataclasses.replace(part.plan, **_plan_of(plan)) for part, plan in zip(parts, plans, strict=True)]
            return [dataclasses.replace(part, plan=plan) for part, plan in zip(parts, fixed, strict=True)]
        if not options.overwrite:
            raise UsageError(
                f"'{folder.name}' is left of another conversion, of other data or with other options; finish that one "
                "with its own command, or begin anew with --overwrite"
            )
    for entry in folder.iterdir():
        if entry.name in (_STORE, _JOB, _JOURNAL) or entry.name.startswith("regions"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        elif entry.name != _LOCK:
            raise UsageError(f"'{folder.name}' holds other things than a conversion; move it out of the way")
    write_json(before, {**job, "plans": [_plan_json(part.plan) for part in parts]})
    return parts


def _plan_json(plan: Plan) -> Json:
    return {
        "block": list(plan.block),
        "n_in_block": plan.n_in_block,
        "by_slabs": plan.by_slabs,
        "slab_in_memory": plan.slab_in_memory,
    }


def _plan_of(said: Json) -> Json:
    return {**said, "block": tuple(said["block"])}


class _Run:
    """What is left of a job."""

    def __init__(self, folder: Path, parts: list[Part], options: Options, progress: Progress) -> None:
        self._store = folder / _STORE
        self._folder = folder
        self._parts = parts
        self._options = options
        self._progress = progress
        self._journal = Journal(folder / _JOURNAL)

    def run(self) -> list[str]:
        options = self._options
        state = self._journal.read()
        notes = self._write_metadata()
        if state.stage == "write":
            for number in range(state.part, len(self._parts)):
                self._write(number, state if number == state.part else Progressed())
            state = Progressed(stage="index")
            self._journal.write(state)
        if state.stage == "index":
            if options.index:
                for number, part in enumerate(self._parts):
                    self._progress(f"indexing {part.source.info.name}", 0, 1)
                    regions = Regions(self._regions(number), part.source.info)
                    path = self._store / part.path
                    with closing(open_sources(str(path), kind=part.kind)[0]) as written:
                        index_source(written, path, options.n_threads, self._progress, regions)
            state = Progressed(stage="verify")
            self._journal.write(state)
        for part in self._parts:
            with ThreadPoolExecutor(options.n_threads, thread_name_prefix="verify") as pool:
                verify(part.source, self._store / part.path, options.verification, pool, self._progress)
        return notes

    def _write(self, number: int, state: Progressed) -> None:
        part, options = self._parts[number], self._options
        info, levels = part.source.info, part.plan.levels
        codecs = [ChunkCodec(options.compression, info.dtype, level.chunk) for level in levels]
        names = axis_names(info)
        folders = [self._store / part.path / str(level) for level in range(len(levels))]
        for folder, level, codec in zip(folders, levels, codecs, strict=True):
            write_array(
                folder, _array(part, names, level.shape, level.chunk, level.shard, codec, options), options.zarr
            )
        writer = ShardWriter(folders, levels, options.zarr, state.unfinished)

        def outer(at_time: int, channel: int) -> tuple[int, ...]:
            return tuple({"t": at_time, "c": channel}[name] for name in names[:-3])

        regions: Regions | None = None
        if options.index:
            if state.done == 0:
                shutil.rmtree(self._regions(number), ignore_errors=True)
            regions = Regions(self._regions(number), info)
        cascade = Cascade(part.source, part.plan, codecs, writer, outer, self._folder, regions, state.done)
        saved = time.monotonic()

        def save() -> None:
            nonlocal saved
            writer.sync()
            if regions is not None:
                regions.sync()
            self._journal.write(Progressed("write", number, cascade.done, writer.unfinished))
            saved = time.monotonic()

        def after_each() -> None:
            self._progress(f"converting {info.name}", cascade.done, cascade.n_units)
            if time.monotonic() - saved >= options.checkpoint_s:
                save()

        self._progress(f"converting {info.name}", cascade.done, cascade.n_units)
        try:
            with ThreadPoolExecutor(options.n_threads, thread_name_prefix="convert") as pool:
                cascade.run(pool, options.n_threads, after_each)
        finally:
            try:
                if cascade.is_settled:
                    save()
            finally:
                writer.close()

    def _regions(self, number: int) -> Path:
        return self._folder / f"regions{number}"

    def _write_metadata(self) -> list[str]:
        options = self._options
        notes: list[str] = []
        labels = [part.path.rpartition("/")[2] for part in self._parts if part.path]
        for part in self._parts:
            info = part.source.info
            content: Json = {"multiscales": [multiscale(info, part.plan.levels, options.ngff)]}
            if part.kind == "labels":
                content["image-label"], more = image_label(info, "../../" if part.path else None, options.ngff)
                notes += more
            else:
                channels = omero(part.source, options.ngff)
                if channels is not None:
                    content["omero"] = channels
            write_group(self._store / part.path, group_attributes(content, options.ngff), options.zarr)
        if labels:
            write_group(self._store / "labels", group_attributes({"labels": labels}, options.ngff), options.zarr)
        return notes


def _array(
    part: Part,
    names: tuple[str, ...],
    shape: tuple[int, ...],
    chunk: tuple[int, ...],
    shard: tuple[int, ...],
    codec: ChunkCodec,
    options: Options,
) -> ArrayPlan:
    info = part.source.info
    before = tuple({"t": info.n_times, "c": len(info.channels)}[name] for name in names[:-3])
    ones = (1,) * len(before)
    return ArrayPlan(
        (*before, *shape),
        (*ones, *chunk),
        (*ones, *shard) if options.zarr == 3 else None,
        info.dtype,
        codec.v3,
        codec.v2,
        names,
    )


def _publish(folder: Path, output: Path, options: Options) -> None:
    """Give the store its name; what had it before goes when the new one is there."""
    old = folder / "replaced"
    if options.overwrite and os.path.lexists(output):
        os.rename(output, old)
    os.rename(folder / _STORE, output)
    sync_folder(output.parent)
    shutil.rmtree(folder)


def _full(error: OSError, output: Path) -> str:
    why = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        why = "the disk is full"
    return (
        f"'{output.name}' cannot be written: {why}; what is converted already is kept in '{output.name}.partial', and "
        "the same command goes on from there"
    )
