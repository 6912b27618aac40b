"""Neuroglancer's precomputed volumes: images and segmentations, unsharded and sharded, with names of segments.

The format counts axes x, y, z, channel; here all is turned round. A voxel (x, y, z) of it spans [x, x + 1), so that the
centre of a level's first voxel lies at (voxel_offset + 1/2) * resolution nanometres, as neuroglancer draws it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .decode import native_dtype, reading
from .decoded_array import DecodedArray
from .multiscale import Description, MultiscaleSource, build_source
from .ngff import Axis, Dataset, is_inside
from .opening import Opening
from .precomputed_shards import ShardedChunks
from .store import LocalStore, Store
from .stored_array import ABSENT_MAX_CHUNKS, ArrayMeta, Index, StoredArray, TensorArray, check_meta

_READ = ("raw", "jpeg", "png", "compressed_segmentation")
_TYPES = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float32")
_SHARDS_MAX = 65_536
_AXES = (Axis("c", "c"), *(Axis(name, name, "nanometer") for name in ("z", "y", "x")))
Json = Mapping[str, Any]


@dataclass(frozen=True)
class ScaleMeta(ArrayMeta):
    """A scale as (channel, z, y, x). `store` is the whole volume's, `key` the scale's place in it.

    `multiscale` and `scale` are tensorstore's metadata. `offset` is the first voxel (z, y, x).
    """

    key: str
    multiscale: dict[str, Any]
    scale: dict[str, Any]
    offset: tuple[int, int, int]

    @property
    def name(self) -> str:
        """The volume's."""
        return self.store.name

    @property
    def is_sharded(self) -> bool:
        return self.scale.get("sharding") is not None


class PrecomputedArray(TensorArray):
    """An open scale. Reads may come from any thread."""

    def __init__(self, meta: ScaleMeta, opening: Opening) -> None:
        super().__init__(meta, opening)
        self._scale = meta
        self._shards_are_checked = False

    def _spec(self) -> dict[str, Any]:
        return {
            "driver": "neuroglancer_precomputed",
            "multiscale_metadata": self._scale.multiscale,
            "scale_metadata": self._scale.scale,
            "assume_metadata": True,
        }

    def _view(self, array: Any) -> Any:
        import tensorstore

        return array[tensorstore.d[:].translate_to[0]].T

    def _key(self, index: Index) -> str:
        parts = []
        for axis in (3, 2, 1):
            start = self._scale.offset[axis - 1]
            first = index[axis] * self._scale.chunk[axis]
            last = min(first + self._scale.chunk[axis], self._scale.shape[axis])
            parts.append(f"{start + first}-{start + last}")
        return f"{self._scale.key}/{'_'.join(parts)}"

    def is_absent(self, box: tuple[slice, ...]) -> bool:
        """Whether no file holds any of the box; of shards it is not known."""
        return False if self._scale.is_sharded else super().is_absent(box)

    def _check(self, indices: Sequence[Index]) -> None:
        if self._scale.is_sharded:
            if not self._shards_are_checked:
                self._check_shards()
                self._shards_are_checked = True
            return
        # All channels are in one file, and a chunk of few voxels has a header.
        self._check_sizes(indices, 4 * self._scale.chunk_bytes + 65_536)

    def _check_shards(self) -> None:
        """No pipes, no links that lead out: which shard a chunk is in only tensorstore knows."""
        store = self._scale.store
        if not isinstance(store, LocalStore):
            return
        folder = store.folder / self._scale.key
        with reading(f"'{folder.name}'"):
            names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        if len(names) > _SHARDS_MAX:
            return
        store.sizes([f"{self._scale.key}/{name}" for name in names])


class GzippedShardsArray(DecodedArray, PrecomputedArray):
    """A scale in gzipped shards: found and inflated within bounds, then decoded by tensorstore from memory."""

    def __init__(self, meta: ScaleMeta, opening: Opening) -> None:
        super().__init__(meta, opening)
        nz, ny, nx = (-(-n // c) for n, c in zip(meta.shape[1:], meta.chunk[1:], strict=True))
        self._chunks = ShardedChunks(meta.store.at(meta.key), meta.scale["sharding"], (nx, ny, nz), meta.name)
        self._memory_lock = threading.Lock()
        self._memory: Any = None
        self._decoder: Any = None

    def is_absent(self, box: tuple[slice, ...]) -> bool:
        """Whether no shard holds a chunk of any of the box; on a server it is not known."""
        if self._scale.store.is_remote:
            return False
        indices = list(islice(self._pieces(box), ABSENT_MAX_CHUNKS + 1))
        return len(indices) <= ABSENT_MAX_CHUNKS and all(self._chunks.find((i[3], i[2], i[1])) is None for i in indices)

    def _check(self, indices: Sequence[Index]) -> None:
        pass  # `ShardedChunks` reads through the store, which checks

    def _decode(self, box: tuple[slice, ...], out: NDArray[np.generic]) -> None:
        index = tuple(part.start // n for part, n in zip(box, self._meta.chunk, strict=True))
        # More than the voxels themselves only few encodings need, and none twice as much.
        raw = self._chunks.read((index[3], index[2], index[1]), 2 * self._meta.chunk_bytes + 65_536)
        if raw is None:
            out[...] = 0
            return
        memory, decoder = self._unsharded()
        key = self._key(index)
        memory.write(key, raw).result()
        try:
            out[...] = decoder[box].read().result()
        finally:
            memory.write(key, None).result()

    def _unsharded(self) -> tuple[Any, Any]:
        """A store in memory, and the scale as if it were there without shards."""
        import tensorstore

        with self._memory_lock:
            if self._decoder is None:
                inner = tensorstore.Context({"cache_pool": {}, "data_copy_concurrency": {"limit": 2}})
                self._memory = tensorstore.KvStore.open({"driver": "memory"}, context=inner).result()
                plain = {name: value for name, value in self._scale.scale.items() if name != "sharding"}
                spec = {**self._spec(), "scale_metadata": plain, "kvstore": {"driver": "memory"}, "open": True}
                self._decoder = self._view(tensorstore.open(spec, read=True, context=inner).result())
            return self._memory, self._decoder


def open_precomputed(store: Store, opening: Opening) -> list[MultiscaleSource]:
    """Open a volume. Raises SourceError."""
    what = f"'{store.name}'"
    info = store.json("info")
    if info is None:
        raise SourceError(f"{what} is no precomputed volume: it has no file 'info'")
    kind = str(info.get("@type", "neuroglancer_multiscale_volume"))
    if kind != "neuroglancer_multiscale_volume":
        raise SourceError(f"{what} holds '{kind}'; of precomputed data, volumes are read")
    scales = info.get("scales")
    if not isinstance(scales, list) or not scales or not all(isinstance(scale, Mapping) for scale in scales):
        raise SourceError(f"{what} has no scales in its info")
    levels: list[tuple[Dataset, ArrayMeta]] = [_level(store, info, scale, opening, what) for scale in scales]
    notes: list[str] = []
    names: dict[int, str] = {}
    is_labels = info.get("type") == "segmentation"
    if is_labels and isinstance(info.get("segment_properties"), str):
        names = _segment_names(store, info["segment_properties"], notes)
    said = Description(
        name=store.name,
        format=f"precomputed ({_encoding_words(scales[0])})",
        kind=opening.kind or ("labels" if is_labels else "image"),
        axes=_AXES,
        label_names=names,
        notes=tuple(notes),
    )

    def array_of(meta: ArrayMeta) -> StoredArray:
        assert isinstance(meta, ScaleMeta)
        sharding = meta.scale.get("sharding") or {}
        is_gzipped = "gzip" in (sharding.get("data_encoding"), sharding.get("minishard_index_encoding"))
        return GzippedShardsArray(meta, opening) if is_gzipped else PrecomputedArray(meta, opening)

    return [build_source(said, levels, opening, array_of)]


def _encoding_words(scale: Json) -> str:
    return f"{scale.get('encoding', 'raw')}{', sharded' if scale.get('sharding') else ''}"


def _level(store: Store, info: Json, scale: Json, opening: Opening, what: str) -> tuple[Dataset, ScaleMeta]:
    key = scale.get("key")
    if not isinstance(key, str) or not is_inside(key):
        raise SourceError(f"{what} has a scale whose key is {key!r}, which is no place inside of the store")
    said = str(info.get("data_type")).lower()
    if said not in _TYPES:
        raise SourceError(f"{what} has voxels of type '{said}', which are not shown")
    encoding = str(scale.get("encoding", "raw"))
    if encoding not in _READ:
        raise SourceError(f"{what} is encoded with '{encoding}'; read are {', '.join(_READ)}")
    with reading(what):
        x, y, z = (int(n) for n in scale["size"])
        sx, sy, sz = (float(n) for n in scale["resolution"])
        ox, oy, oz = (int(n) for n in scale.get("voxel_offset") or (0, 0, 0))
        chunks = [[int(n) for n in chunk] for chunk in scale.get("chunk_sizes") or [scale["chunk_size"]]]
        if any(len(chunk) != 3 or min(chunk) < 1 for chunk in chunks):
            raise SourceError(f"{what} says that its chunks are {chunks}, which is no shape of a chunk")
        cx, cy, cz = min(chunks, key=lambda chunk: max(chunk) / min(chunk))  # the one that is most like a cube
        channels = int(info.get("num_channels", 1))
    if not all(math.isfinite(value) for value in (sx, sy, sz)):
        raise SourceError(f"{what} has a resolution that is no number")
    kept = ("size", "encoding", "resolution", "voxel_offset", "key", "sharding", "compressed_segmentation_block_size",
            "jpeg_quality", "png_level")  # fmt: skip
    metadata = {name: scale[name] for name in kept if scale.get(name) is not None}
    metadata |= {"encoding": encoding, "chunk_size": [cx, cy, cz]}
    meta = ScaleMeta(
        store=store,
        shape=(channels, z, y, x),
        dtype=native_dtype(np.dtype(said), what),
        chunk=(channels, cz, cy, cx),
        dimension_names=("c", "z", "y", "x"),
        attributes={},
        key=key,
        multiscale={"type": str(info.get("type", "image")), "data_type": said, "num_channels": channels},
        scale=metadata,
        offset=(oz, oy, ox),
    )
    check_meta(meta, opening)
    first = (0.0, (oz + 0.5) * sz, (oy + 0.5) * sy, (ox + 0.5) * sx)
    return Dataset(key, (1.0, sz, sy, sx), first), meta


def _segment_names(store: Store, path: str, notes: list[str]) -> dict[int, str]:
    """Labels of segments by id, from `segment_properties`: the property "label", else the first text."""
    if not is_inside(path):
        notes.append(f"The names of the segments are at {path!r}, which is no place inside of the store.")
        return {}
    info = store.at(path).json("info")
    inline = info.get("inline") if info is not None else None
    if not isinstance(inline, Mapping):
        notes.append(f"The names of the segments, '{path}', are not there.")
        return {}
    ids, properties = inline.get("ids"), inline.get("properties")
    if not isinstance(ids, list) or not isinstance(properties, list):
        return {}
    texts = [entry for entry in properties if isinstance(entry, Mapping) and isinstance(entry.get("values"), list)]
    chosen = next(
        (entry for kind in ("label", "string", "description") for entry in texts if entry.get("type") == kind), None
    )
    if chosen is None:
        return {}
    names: dict[int, str] = {}
    for label, value in zip(ids, chosen["values"], strict=False):
        number = _id(label)
        if number is not None and isinstance(value, str) and value:
            names[number] = value
    return names


def _id(said: Any) -> int | None:
    """A segment's id: written as a decimal text, because JSON's numbers end at 2^53."""
    text = str(said)
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        return None
    number = int(text)
    return number if number < 2**64 else None


def looks_precomputed(info: Json) -> bool:
    """Whether a JSON file named `info` is a precomputed volume's."""
    return "scales" in info or str(info.get("@type", "")).startswith("neuroglancer_")
