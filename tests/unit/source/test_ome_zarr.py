"""OME-Zarr of both versions against what zarr-python wrote: axes, levels, units, labels, codecs."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from render.space import apply
from tests.unit.source.reading import one, opened, sentence, whole
from tests.unit.source.stores import scale, shift, space, write_image

LENGTHS = {"t": 2, "c": 3, "z": 5, "y": 20, "x": 33}
ORDERS = ["zyx", "xyz", "yxz", "czyx", "xyzc", "tczyx", "txyzc", "tzcyx", "yx", "xy", "cyx"]


def _values(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    return (np.random.default_rng(3).random(shape) * 200).astype(dtype)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("order", ORDERS)
def test_axes_in_any_order(tmp_path: Path, version: str, order: str) -> None:
    values = _values(tuple(LENGTHS[axis] for axis in order))
    steps = {"t": 1.0, "c": 1.0, "z": 45.0, "y": 4.5, "x": 4.0}
    path = write_image(tmp_path / "a.zarr", {"s0": values}, space(*order),
                       {"s0": [scale(*(steps[axis] for axis in order))]}, version=version)  # fmt: skip

    source = one(path)

    full = values
    present = list(order)
    for axis in "tczyx":
        if axis not in present:
            full, present = full[np.newaxis], [axis, *present]
    full = full.transpose([present.index(axis) for axis in "tczyx"])
    assert (source.info.n_times, len(source.info.channels)) == full.shape[:2]
    for time, channel in itertools.product(range(full.shape[0]), range(full.shape[1])):
        np.testing.assert_array_equal(whole(source, channel=channel, time=time), full[time, channel])
    expected = (0.004, 0.0045, 0.045 if "z" in order else 0.004)
    np.testing.assert_allclose(source.info.levels[0].spacing_um, expected)
    assert (source.info.unit, source.info.format) == ("nanometer", f"OME-Zarr {version}")


DTYPES = ["bool", "int8", "uint8", "int16", ">i2", "uint16", ">u2", "int32", "uint32", "int64", "uint64", ">u8",
          "float16", "float32", ">f4", "float64", ">f8"]  # fmt: skip


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_types(tmp_path: Path, zarr_format: int, dtype: str) -> None:
    values = _values((5, 20, 33), dtype)
    if dtype.endswith("u8"):
        values[0, 0, 0] = 2**63 + 1
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=values.shape, chunks=(4, 16, 16), dtype=values.dtype, zarr_format=zarr_format
    )
    array[...] = values
    source = one(tmp_path / "a.zarr")
    expected = np.dtype("uint8") if dtype == "bool" else np.dtype(dtype).newbyteorder("=")
    assert source.info.dtype == expected
    np.testing.assert_array_equal(whole(source), values.astype(expected))


@pytest.mark.parametrize("codec", ["none", "zlib", "gzip", "zstd", "blosc-lz4", "blosc-zstd", "bz2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_v2_codecs(tmp_path: Path, codec: str, order: str) -> None:
    import numcodecs

    name, _, inner = codec.partition("-")
    made = {"zlib": numcodecs.Zlib(), "gzip": numcodecs.GZip(), "zstd": numcodecs.Zstd(), "bz2": numcodecs.BZ2(),
            "blosc": numcodecs.Blosc(inner or "lz4"), "none": None}[name]  # fmt: skip
    values = _values((9, 20, 33))
    array = zarr.create_array(
        tmp_path / "a.zarr",
        shape=values.shape,
        chunks=(4, 16, 16),
        dtype=values.dtype,
        zarr_format=2,
        compressors=made,
        order=order,
    )
    array[...] = values
    np.testing.assert_array_equal(whole(one(tmp_path / "a.zarr")), values)


@pytest.mark.parametrize("codec", ["gzip", "zstd", "blosc", "none"])
@pytest.mark.parametrize("shards", [None, (8, 32, 32)])
@pytest.mark.parametrize("separator", ["/", "."])
def test_v3_codecs_and_shards(tmp_path: Path, codec: str, shards: tuple[int, ...] | None, separator: str) -> None:
    made = {
        "gzip": zarr.codecs.GzipCodec(),
        "zstd": zarr.codecs.ZstdCodec(),
        "blosc": zarr.codecs.BloscCodec(),
        "none": None,
    }
    values = _values((9, 40, 70))
    values[:, 16:32, 16:32] = 0  # zarr leaves out chunks of zeros
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=values.shape, chunks=(4, 16, 16), shards=shards, dtype=values.dtype,
        compressors=made[codec], chunk_key_encoding={"name": "default", "separator": separator},
    )  # fmt: skip
    array[...] = values
    source = one(tmp_path / "a.zarr")
    np.testing.assert_array_equal(whole(source), values)
    assert source.info.levels[0].chunk == (4, 16, 16)


def test_levels_lie_where_the_metadata_says(tmp_path: Path) -> None:
    finest = _values((8, 40, 60))
    levels = {"full/a": finest, "half/a": finest[::2, ::2, ::2], "quarter": finest[::4, ::4, ::4]}
    transforms = {
        "full/a": [scale(4, 2, 2), shift(10, 20, 30)],
        "half/a": [scale(8, 4, 4), shift(12, 21, 31)],
        "quarter": [scale(16, 8, 8)],
    }
    path = write_image(
        tmp_path / "a.zarr", levels, space("z", "y", "x", unit="micrometer"), transforms,
        multiscale={"coordinateTransformations": [scale(10, 10, 10), shift(1, 2, 3)], "name": "m"},
    )  # fmt: skip

    source = one(path)

    assert [level.name for level in source.info.levels] == list(levels)
    for number, values in enumerate(levels.values()):
        np.testing.assert_array_equal(whole(source, level=number), values)
    worlds = [level.world_from_vox for level in source.info.levels]
    np.testing.assert_allclose(apply(worlds[0], np.zeros(3)), (303, 202, 101))
    np.testing.assert_allclose(apply(worlds[1], np.array([1.0, 0, 0])), (310 + 40 + 3, 210 + 2, 120 + 1))
    np.testing.assert_allclose(apply(worlds[2], np.zeros(3)), (3, 2, 1))


def test_levels_without_scales_are_reductions_of_the_finest(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    finest = _values((1, 1, 8, 41, 60))
    for name, values in {"0": finest, "1": finest[..., ::2, ::2]}.items():
        group.create_array(name, data=values)
    group.attrs["multiscales"] = [{"datasets": [{"path": "0"}, {"path": "1"}], "version": "0.1"}]
    info = one(tmp_path / "a.zarr").info
    assert not info.spacing_is_known
    assert [level.spacing_um for level in info.levels] == [(1.0, 1.0, 1.0), (2.0, 2.0, 1.0)]
    np.testing.assert_allclose(apply(info.levels[1].world_from_vox, np.zeros(3)), (0.5, 0.5, 0.0))


def test_odd_levels_are_sorted_left_out_and_told(tmp_path: Path) -> None:
    finest = _values((8, 40, 60))
    levels = {"b": finest[::2, ::2, ::2], "a": finest, "typed": finest[::4, ::4, ::4].astype(np.float32)}
    transforms = {"b": [scale(2, 2, 2)], "a": [scale(1, 1, 1)], "typed": [scale(4, 4, 4)]}
    path = write_image(tmp_path / "a.zarr", levels, space("z", "y", "x"), transforms)
    attributes = json.loads((path / ".zattrs").read_text(encoding="utf-8"))
    attributes["multiscales"][0]["datasets"].append({"path": "gone", "coordinateTransformations": [scale(8, 8, 8)]})
    (path / ".zattrs").write_text(json.dumps(attributes), encoding="utf-8")

    info = one(path).info

    assert [level.name for level in info.levels] == ["a", "b"]
    told = " ".join(info.notes)
    assert "'gone'" in told
    assert "'typed'" in told
    assert "sorted" in told


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_labels_come_after_the_image(tmp_path: Path, version: str) -> None:
    image, ids = _values((5, 20, 33)), np.zeros((5, 20, 33), np.uint64)
    ids[2:, 5:, 8:] = 2**53 + 1
    path = write_image(
        tmp_path / "a.zarr", {"0": image}, space("z", "y", "x"), {"0": [scale(2, 1, 1)]}, version=version
    )
    look = {"image-label": {"colors": [{"label-value": 7, "rgba": [255, 51, 0, 255]}],
                            "properties": [{"label-value": 7, "name": "nucleus"}]}}  # fmt: skip
    write_image(
        path / "labels/cells", {"0": ids}, space("z", "y", "x"), {"0": [scale(2, 1, 1)]}, version=version, extra=look
    )
    write_image(path / "labels/other", {"0": ids}, space("z", "y", "x"), {"0": [scale(2, 1, 1)]}, version=version)
    listed = {"labels": ["cells"]}
    group = zarr.open_group(path / "labels", mode="a", zarr_format=2 if version == "0.4" else 3)
    group.attrs.update(listed if version == "0.4" else {"ome": {"version": version, **listed}})

    both = opened(path)

    assert [source.info.kind for source in both] == ["image", "labels"]
    assert both[1].info.label_names == {7: "nucleus"}
    assert both[1].info.label_colors == {7: (1.0, 0.2, 0.0, 1.0)}
    np.testing.assert_array_equal(whole(both[1]), ids)
    assert [source.info.kind for source in opened(path, kind="image")] == ["image"]
    assert [source.info.kind for source in opened(path, kind="labels")] == ["labels"]
    assert one(path / "labels/other").info.kind == "labels"
    assert one(path / "labels").info.name == "a.zarr/labels/cells"
    # The spacing that the user gives is the image's; labels that came with it keep their place on it.
    stretched = opened(path, spacing_um=(4.0, 4.0, 4.0))
    assert stretched[1].info.levels[0].spacing_um == (4.0, 4.0, 4.0)


def test_channels_of_omero(tmp_path: Path) -> None:
    omero = {"omero": {"channels": [
        {"label": "nuclei", "color": "0000FF", "active": True, "window": {"min": 0, "max": 99, "start": 5, "end": 50}},
        {"label": "bad", "color": "zz", "window": {"start": 9, "end": 1}},
        {"color": "#ff0000", "active": False},
    ]}}  # fmt: skip
    path = write_image(
        tmp_path / "a.zarr", {"0": _values((3, 5, 20, 33))}, space(*"czyx"), {"0": [scale(1, 1, 1, 1)]}, extra=omero
    )
    channels = one(path).info.channels
    assert (channels[0].name, channels[0].color, channels[0].window, channels[0].visible) == (
        "nuclei",
        (0, 0, 1),
        (5, 50),
        True,
    )
    assert (channels[1].name, channels[1].color, channels[1].window) == ("bad", None, None)
    assert (channels[2].color, channels[2].visible) == ((1, 0, 0), False)


def test_missing_chunks_are_absent_and_0(tmp_path: Path) -> None:
    for zarr_format, fill in itertools.product((2, 3), (0, 7)):
        path = tmp_path / f"{zarr_format}{fill}.zarr"
        array = zarr.create_array(
            path, shape=(8, 32, 32), chunks=(4, 16, 16), dtype="uint8", zarr_format=zarr_format, fill_value=fill
        )
        array[:4, :16, :16] = 5
        source = one(path)
        expected = np.full((8, 32, 32), fill, np.uint8)
        expected[:4, :16, :16] = 5
        np.testing.assert_array_equal(whole(source), expected)
        assert source.is_absent(0, 0, 0, (4, 16, 16), (8, 32, 32)) == (fill == 0)
        assert not source.is_absent(0, 0, 0, (0, 0, 0), (8, 32, 32))


@pytest.mark.parametrize("fill", [0.0, "NaN", 2.5])
def test_fill_values_and_nan(tmp_path: Path, fill: float | str) -> None:
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(4, 8, 8), chunks=(2, 8, 8), dtype="float32", fill_value=float(fill)
    )
    array[0] = np.nan
    array[1] = np.inf
    source = one(tmp_path / "a.zarr")
    np.testing.assert_array_equal(whole(source), array[...])
    assert source.is_absent(0, 0, 0, (2, 0, 0), (4, 8, 8)) == (fill == 0.0)


def test_a_level_opened_by_itself_knows_its_place(tmp_path: Path) -> None:
    finest = _values((8, 40, 60))
    path = write_image(tmp_path / "a.zarr", {"0": finest, "1": finest[::2, ::2, ::2]}, space("z", "y", "x"),
                       {"0": [scale(4, 2, 2)], "1": [scale(8, 4, 4), shift(2, 1, 1)]})  # fmt: skip
    source = one(path / "1")
    np.testing.assert_array_equal(whole(source), finest[::2, ::2, ::2])
    np.testing.assert_allclose(source.info.levels[0].world_from_vox[:3, 3], (0.001, 0.001, 0.002))


def test_arrays_that_say_their_resolution(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a.zarr", shape=(4, 5, 6), dtype="uint8", zarr_format=2)
    array.attrs.update({"resolution": [40, 4, 4], "offset": [400, 40, 8]})
    info = one(tmp_path / "a.zarr").info
    np.testing.assert_allclose(info.levels[0].spacing_um, (0.004, 0.004, 0.040))
    np.testing.assert_allclose(info.levels[0].world_from_vox[:3, 3], (0.008, 0.04, 0.4))


def test_names_of_dimensions_are_followed(tmp_path: Path) -> None:
    values = _values((6, 5, 4))
    zarr.create_array(tmp_path / "a.zarr", data=values, dimension_names=["x", "y", "z"])
    np.testing.assert_array_equal(whole(one(tmp_path / "a.zarr")), values.transpose())


def test_directions_of_the_body(tmp_path: Path) -> None:
    axes = space("z", "y", "x", unit="millimeter")
    for axis, value in zip(axes, ["inferior-to-superior", "posterior-to-anterior", "left-to-right"], strict=True):
        axis["orientation"] = {"type": "anatomical", "value": value}
    path = write_image(tmp_path / "a.zarr", {"0": _values((4, 5, 6))}, axes, {"0": [scale(3, 2, 1), shift(30, 20, 10)]})
    info = one(path).info
    assert info.orientation == "anatomical"
    expected = np.diag([-1000.0, -2000.0, 3000.0, 1.0])
    expected[:3, 3] = (-10_000, -20_000, 30_000)
    np.testing.assert_allclose(info.levels[0].world_from_vox, expected)


@pytest.mark.parametrize(
    ("unit", "step", "step_s"), [("minute", 2.5, 150.0), ("second", 1.0, 1.0), (None, 1.0, None), ("second", 0.0, None)]
)
def test_the_time_between_time_points(tmp_path: Path, unit: str | None, step: float, step_s: float | None) -> None:
    time = {"name": "t", "type": "time"} | ({"unit": unit} if unit else {})
    axes = [time, *space("z", "y", "x")]
    path = write_image(tmp_path / "a.zarr", {"0": _values((3, 4, 5, 6))}, axes, {"0": [scale(step, 1, 1, 1)]})
    info = one(path).info
    assert info.n_times == 3
    assert info.time_step_s == step_s


def test_groups_without_an_image_say_what_they_hold(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "cell.zarr", mode="w", zarr_format=2)
    zarr.open_group(tmp_path / "cell.zarr/recon-1", mode="w", zarr_format=2)
    assert "without an image" in sentence(tmp_path / "cell.zarr")
    write_image(
        tmp_path / "cell.zarr/recon-1/em", {"s0": _values((4, 5, 6))}, space("z", "y", "x"), {"s0": [scale(1, 1, 1)]}
    )
    assert one(tmp_path / "cell.zarr").info.name == "cell.zarr/recon-1/em"
    write_image(
        tmp_path / "cell.zarr/recon-1/mito", {"s0": _values((4, 5, 6))}, space("z", "y", "x"), {"s0": [scale(1, 1, 1)]}
    )
    assert "holds 2 images; open one of them: cell.zarr/recon-1/em, cell.zarr/recon-1/mito" in sentence(
        tmp_path / "cell.zarr"
    )


def test_bioformats2raw_opens_its_first_image(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.attrs["bioformats2raw.layout"] = 3
    values = _values((1, 1, 4, 5, 6))
    for name in ("0", "1"):
        write_image(tmp_path / "a.zarr" / name, {"0": values}, space(*"tczyx"), {"0": [scale(1, 1, 1, 1, 1)]})
    np.testing.assert_array_equal(whole(one(tmp_path / "a.zarr")), values[0, 0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_box_is_the_slice_of_the_array(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "boxes.zarr"
    values = _values((7, 20, 33))
    if not path.exists():
        zarr.create_array(path, data=values, chunks=(3, 8, 8), shards=(6, 16, 16))
    lo = [data.draw(st.integers(0, n - 1)) for n in values.shape]
    hi = [data.draw(st.integers(a + 1, n)) for a, n in zip(lo, values.shape, strict=True)]
    source = one(path)
    got = source.read(0, 0, 0, tuple(lo), tuple(hi))
    np.testing.assert_array_equal(got, values[lo[0] : hi[0], lo[1] : hi[1], lo[2] : hi[2]])


def test_types_that_are_no_voxels(tmp_path: Path) -> None:
    for name, array in {
        "complex": np.zeros((2, 2, 2), np.complex64),
        "record": np.zeros((2, 2, 2), [("a", "i4")]),
        "text": np.full((2, 2, 2), "ab", "<U2"),
    }.items():
        zarr.create_array(tmp_path / f"{name}.zarr", data=array, zarr_format=2)
        assert f"{name}.zarr" in sentence(tmp_path / f"{name}.zarr")


def test_axial_slice_of_a_brain(hosta_data: Path) -> None:
    path = hosta_data / "brain/mni152_axial.ome.zarr"
    source = one(path)
    stored = zarr.open_array(path / "scale0/nibabel_converted_image", mode="r")[...]
    assert stored.shape == (207, 256, 1)
    np.testing.assert_array_equal(whole(source), stored.transpose())
    assert [level.shape for level in source.info.levels] == [(1, 256, 207), (1, 128, 103), (1, 64, 51), (1, 32, 25)]
    np.testing.assert_allclose(source.info.levels[3].world_from_vox[:3, 3], (-73.1814, -108.1814, 7.1460), atol=1e-3)
    assert "no unit" in source.info.notes[0]
