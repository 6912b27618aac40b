"""From what a user names to sources: the format is found by looking at the data, not only at its name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from ..errors import SourceError
from ..limits import DEFAULT_LIMITS, Limits
from .address import Format, parse_address
from .base import Kind, Source
from .decode import check_regular, reading
from .geometry import Spacing, check_spacing
from .mrc import is_mrc
from .opening import Opening, Progress, SeveralImagesError
from .override import Respaced, WholeNumbers, respacing_of
from .remote import RemoteStore
from .store import LocalStore, Store

READ_HERE = (
    "OME-Zarr and zarr, N5, neuroglancer precomputed, HDF5 and Imaris, MRC, NRRD, MetaImage, NIfTI, DICOM, TIFF (OME, "
    "ImageJ, plain), folders and patterns of TIFF or PNG slices, .npy, and synthetic:NAME"
)
_ZARR_FILES = ("zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata")
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_LISTED_MAX = 2000
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_sources(
    path: str,
    *,
    spacing_um: Spacing | None = None,
    kind: Kind | None = None,
    progress: Progress | None = None,
    root: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Source]:
    """Open a file, a folder, a pattern of slices or `synthetic:NAME`: the image first, then the labels that it brings.

    `spacing_um` (z, y, x) replaces what the file says. `kind` "labels" makes labels of it, "image" leaves out labels
    that come with it; None follows the data. `progress(what, done, total)` is called during long steps, now and at
    the first read. `root`: no file outside of this folder is opened. Raises SourceError with one clear sentence.
    """
    if spacing_um is not None:
        check_spacing(spacing_um, "--spacing")
    opening = Opening(kind, spacing_um, progress, root, limits)
    sources = _open(path, opening)
    if spacing_um is not None:
        by = respacing_of(sources[0].info, spacing_um)
        sources = [Respaced(source, by) for source in sources]
    return [WholeNumbers(source) if _needs_whole_numbers(source) else source for source in sources]


def _needs_whole_numbers(source: Source) -> bool:
    return source.info.kind == "labels" and source.info.dtype.kind == "f"


def _open(text: str, opening: Opening) -> list[Source]:
    if text.startswith("synthetic:"):
        from .synthetic.open import open_synthetic

        return list(open_synthetic(text))
    if "\0" in text or not text.strip():
        raise SourceError("the name of the data is empty or holds a NUL character")
    if "://" in text or "|" in text:
        return _open_address(text, opening)
    path = Path(text).expanduser().absolute()
    with reading(f"'{path.name[:80]}'"):  # a name that is too long, a folder that may not be entered
        is_there = path.exists()
    if not is_there:
        return _open_missing(text, path, opening)
    opening.admit(path)
    with reading(f"'{path.name}'"):
        return _open_folder(path, opening) if path.is_dir() else _open_file(path, opening)


def _open_address(text: str, opening: Opening) -> list[Source]:
    """What is named by an address, or by its format: the format is found by asking for the metadata of each."""
    address = parse_address(text)
    if address.is_remote:
        store = RemoteStore(address, opening)
        with reading(f"'{store.name}'"):
            return _open_store(store, address.format, opening)
    path = Path(address.place).expanduser().absolute()
    if not path.exists():
        return _open_missing(text, path, opening)
    opening.admit(path)
    with reading(f"'{path.name}'"):
        if address.format is None:
            return _open_folder(path, opening) if path.is_dir() else _open_file(path, opening)
        return _open_store(LocalStore(path, opening), address.format, opening)


def _open_store(store: Store, said: Format | None, opening: Opening) -> list[Source]:
    found = set(store.jsons(_MARKS[said] if said else tuple(key for keys in _MARKS.values() for key in keys)))
    for name, keys in _MARKS.items():
        if found & set(keys) and said in (None, name):
            return _OPENERS[name](store, opening)
    tried = ", ".join(_MARKS[said]) if said else ", ".join(key for keys in _MARKS.values() for key in keys)
    raise SourceError(f"'{store.name}' is no store that is read here: it has none of {tried}")


def _open_zarr(store: Store, opening: Opening) -> list[Source]:
    from .ome_zarr import open_zarr

    return list(open_zarr(store, opening))


def _open_n5(store: Store, opening: Opening) -> list[Source]:
    from .n5 import open_n5

    return list(open_n5(store, opening))


def _is_precomputed(store: Store) -> bool:
    """Other folders may hold a file of that name too."""
    from .precomputed import looks_precomputed

    try:
        info = store.json("info")
    except SourceError:
        return False
    return info is not None and looks_precomputed(info)


def _open_precomputed(store: Store, opening: Opening) -> list[Source]:
    from .precomputed import open_precomputed

    return list(open_precomputed(store, opening))


_MARKS: dict[Format, tuple[str, ...]] = {
    "zarr": ("zarr.json", ".zattrs", ".zgroup", ".zarray"),
    "n5": ("attributes.json", "s0/attributes.json"),
    "precomputed": ("info",),
}
_OPENERS: dict[Format, Callable[[Store, Opening], list[Source]]] = {
    "zarr": _open_zarr,
    "n5": _open_n5,
    "precomputed": _open_precomputed,
}


def _open_missing(text: str, path: Path, opening: Opening) -> list[Source]:
    """A pattern of slices, or a part inside of a file (`stack.ome.tif/1`)."""
    if any(mark in text for mark in "*?["):
        from .slices import open_pattern

        return list(open_pattern(path, opening))
    if path.is_symlink():
        raise SourceError(f"'{text}' is a link to a file or folder that does not exist")
    file, part = _part_of_file(path)
    if file is not None:
        magic = _magic(opening.admit(file))
        if magic.startswith(HDF5_MAGIC):
            from .hdf5 import open_hdf5

            with reading(f"'{file.name}'"):
                return list(open_hdf5(file, opening, part))
        if magic[:4] in _TIFF_MAGIC:
            from .tiff import open_tiff

            return list(open_tiff(file, opening, part=part))
    raise SourceError(f"there is no file or folder '{text}'")


def _part_of_file(path: Path) -> tuple[Path | None, str]:
    """The file in a path that goes on behind it, as `a.tif/1`, `a.h5/volumes/raw` and `a.h5:/volumes/raw` do."""
    for above in path.parents:
        named = above if above.is_file() or not above.name.endswith(":") else above.with_name(above.name[:-1])
        if named.is_file():
            return named, path.relative_to(above).as_posix()
        if above.is_dir():
            break
    return None, ""


def _open_folder(path: Path, opening: Opening) -> list[Source]:
    store = LocalStore(path, opening)
    if any((path / name).exists() for name in _ZARR_FILES):
        from .ome_zarr import open_zarr

        return list(open_zarr(store, opening))
    if path.suffix == ".zarr":
        raise SourceError(f"'{path.name}' is no zarr store: it has neither zarr.json nor .zgroup or .zarray")
    if any(part.endswith(".n5") for part in path.parts) or any((path / name).exists() for name in _MARKS["n5"]):
        return _open_n5(store, opening)
    if (path / "info").is_file() and _is_precomputed(store):
        return _open_precomputed(store, opening)
    files = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
    if any(_is_dicom(file) for file in files[:16]):
        from .dicom import open_dicom

        return list(open_dicom(path, opening))
    from .slices import SUFFIXES, open_folder

    if not any(file.suffix.lower() in SUFFIXES for file in files) and (stores := _stores_in(path)):
        if len(stores) > 1:
            raise SeveralImagesError(f"'{path.name}' is a folder of {len(stores)} stores", path.name, stores)
        return _open_folder(opening.admit(path / stores[0]), opening)
    return list(open_folder(path, opening))


def _stores_in(path: Path) -> list[str]:
    """The stores right below a folder; of a large folder, those of its first part."""
    marks = [*_ZARR_FILES, *_MARKS["n5"], *_MARKS["precomputed"]]
    below = [entry for entry in islice(path.iterdir(), _LISTED_MAX) if entry.is_dir()]
    return sorted(entry.name for entry in below if any((entry / name).is_file() for name in marks))


def _open_file(path: Path, opening: Opening) -> list[Source]:
    if check_regular(path) == 0:
        raise SourceError(f"'{path.name}' is empty")
    if path.name in _ZARR_FILES:
        from .ome_zarr import open_zarr

        return list(open_zarr(LocalStore(path.parent, opening), opening))
    magic = _magic(path)
    if magic[:4] in _TIFF_MAGIC:
        from .tiff import open_tiff

        return list(open_tiff(path, opening))
    if magic.startswith(b"\x89PNG"):
        from .slices import open_slices

        return list(open_slices(path.name, [path], opening))
    if magic.startswith(b"\x93NUMPY"):
        from .numpy_file import open_npy

        return list(open_npy(path, opening))
    if magic[128:132] == b"DICM":
        from .dicom import open_dicom

        return list(open_dicom(path, opening))
    if magic.startswith(HDF5_MAGIC):
        from .hdf5 import open_hdf5

        return list(open_hdf5(path, opening))
    if is_mrc(magic):
        from .mrc import open_mrc

        return list(open_mrc(path, opening))
    from .itk_image import SUFFIXES, open_itk

    if path.name.lower().endswith(SUFFIXES) or _looks_like_itk(magic):
        return list(open_itk(path, opening))
    raise SourceError(f"'{path.name}' is in no format that is read here; these are: {READ_HERE}")


def _magic(path: Path) -> bytes:
    with reading(f"'{path.name}'"), path.open("rb") as file:
        return file.read(512)


def _is_dicom(path: Path) -> bool:
    return _magic(path)[128:132] == b"DICM"


def _looks_like_itk(magic: bytes) -> bool:
    """Formats that `itk_image` reads, or says what is wrong about, under any name."""
    from .itk_image import is_nifti

    return magic.startswith((b"NRRD", b"# vtk DataFile", b"ObjectType", b"NDims")) or is_nifti(magic)
