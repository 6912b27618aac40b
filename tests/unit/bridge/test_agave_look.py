"""Channels: AGAVE's transfer functions from its nodes in numpy, its colour maps, its materials."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bridge.agave import AgaveView, read_agave
from render.bridge.agave_colors import NAMES
from render.bridge.agave_look import encode, roughness_of
from render.engine.transfer import blended_colors
from render.scene.open import Scene
from render.state.layer import Channel, ImageLayer
from render.state.transfer import PercentileRule

from .agave_files import channel, nodes, scene_file, scene_of, write

RNG = np.random.default_rng(11)
FLOATS = (RNG.normal(size=(12, 14, 16)) * 40.0 + 300.0).astype(np.float32)
WORDS = RNG.integers(100, 60_000, (12, 14, 16)).astype(np.uint16)
BYTES = RNG.integers(3, 250, (12, 14, 16)).astype(np.uint8)
E = 1e-5


def shown(part: dict[str, Any], voxels: NDArray[Any], folder: Path) -> tuple[Channel, AgaveView, Scene]:
    scene = scene_of(voxels)
    file = scene_file()
    file["channels"] = [part]
    found = read_agave(write(folder, file)).view(scene)
    layer = found.state.layers[0]
    assert isinstance(layer, ImageLayer)
    return layer.channels[0], found, scene


def ramp(lo: float, hi: float) -> tuple[list[float], list[float]]:
    """AGAVE's nodes of a ramp over x = (value - min) / (max - min)."""
    return [min(lo - E, 0.0), lo, hi, max(hi + E, 1.0)], [0.0, 0.0, 1.0, 1.0]


def by_agave(voxels: NDArray[Any], x: list[float], y: list[float]) -> NDArray[np.float64]:
    """Opacity by AGAVE's nodes; beyond the first and last it holds their values."""
    v = voxels.astype(np.float64)
    return np.interp((v - v.min()) / (v.max() - v.min()), x, y)


def by_ours(voxels: NDArray[Any], found: Channel) -> NDArray[np.float64]:
    """As docs/conventions.md says: x = (v - window[0]) / width, clamped; then the curve."""
    lo, hi = found.window
    x = np.clip((voxels.astype(np.float64) - lo) / (hi - lo), 0.0, 1.0)
    return np.interp(x, *zip(*found.curve, strict=True)) if found.curve else x


@pytest.mark.parametrize("voxels", [FLOATS, WORDS, BYTES], ids=["float", "u16", "u8"])
@pytest.mark.parametrize(("window", "level"), [(0.25, 0.5), (0.9, 0.3), (1.5, 0.7), (0.02, 0.95)])
def test_window_and_level(voxels: NDArray[Any], window: float, level: float, tmp_path: Path) -> None:
    found, _, _ = shown(channel(mode=0, window=window, level=level), voxels, tmp_path)
    expected = by_agave(voxels, *ramp(level - window / 2, level + window / 2))
    assert by_ours(voxels, found) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("voxels", [FLOATS, WORDS, BYTES], ids=["float", "u16", "u8"])
@pytest.mark.parametrize(("iso", "width"), [(0.5, 0.2), (0.1, 0.3), (0.9, 0.05)])
def test_isovalue(voxels: NDArray[Any], iso: float, width: float, tmp_path: Path) -> None:
    found, _, _ = shown(channel(mode=1, isovalue=iso, isorange=width), voxels, tmp_path)
    lo, hi = iso - width / 2, iso + width / 2
    x = [min(lo - 2 * E, 0.0), lo - E, lo + E, hi - E, hi + E, max(hi + 2 * E, 1.0)]
    expected = by_agave(voxels, x, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    ours = by_ours(voxels, found)
    v = voxels.astype(np.float64)
    at = (v - v.min()) / (v.max() - v.min())
    # The walls are steps there and a thousandth of the box wide here.
    away = np.minimum(np.abs(at - lo), np.abs(at - hi)) > 0.002 * width
    assert away.mean() > 0.9
    assert ours[away] == pytest.approx(expected[away], abs=1e-9)
    assert 0 < expected.mean() < 1


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.98), (0.02, 0.6), (0.9, 0.1)])
def test_percentiles(low: float, high: float, tmp_path: Path) -> None:
    """Shares of the voxels that lie below the window's two ends, to a voxel."""
    found, _, _ = shown(channel(mode=2, pctLow=low, pctHigh=high), FLOATS, tmp_path)
    low, high = sorted((low, high))
    shares = [float((found.window[end] > FLOATS).mean()) for end in (0, 1)]
    assert shares == pytest.approx([low, high], abs=1.5 / FLOATS.size)
    assert found.curve == ()
    assert isinstance(found.rule, PercentileRule)
    assert (found.rule.low, found.rule.high) == pytest.approx((100 * low, 100 * high))


@pytest.mark.parametrize(
    "points",
    [
        ((0.0, 0.0), (1.0, 1.0)),
        ((0.0, 0.0), (0.35, 0.0), (0.65, 0.6), (1.0, 1.0)),
        ((0.2, 0.3), (0.7, 0.9)),
        ((0.6, 1.0), (0.1, 0.0)),
        ((-0.5, 0.0), (1.5, 1.0)),
        ((0.5, 0.4),),
        ((0.0, 0.1), (0.5, 0.1), (0.5, 0.8), (1.0, 0.8)),
    ],
)
def test_custom_nodes(points: tuple[tuple[float, float], ...], tmp_path: Path) -> None:
    found, _, _ = shown(channel(mode=3, controlPoints=nodes(points)), FLOATS, tmp_path)
    ordered = sorted(points)
    expected = by_agave(FLOATS, [p[0] for p in ordered], [p[1] for p in ordered])
    assert by_ours(FLOATS, found) == pytest.approx(expected, abs=1e-6)


def test_without_custom_nodes_nothing_is_shown(tmp_path: Path) -> None:
    found, _, _ = shown(channel(mode=3, controlPoints=[]), FLOATS, tmp_path)
    assert (by_ours(FLOATS, found) == 0).all()


def test_more_nodes_than_agave_uses_are_told_of(tmp_path: Path) -> None:
    points = tuple((i / 99, i / 99) for i in range(100))
    found, view, _ = shown(channel(mode=3, controlPoints=nodes(points)), FLOATS, tmp_path)
    assert any("100 nodes" in note for note in view.notes)
    assert len(found.curve) <= 64


@pytest.mark.parametrize(("voxels", "kept"), [(WORDS, True), (BYTES, True), (FLOATS, False)])
def test_minimum_and_maximum_are_of_agaves_16_bits(voxels: NDArray[Any], kept: bool, tmp_path: Path) -> None:
    """8 and 16 bit are stored as they are; all else is stretched over 0 to 65535."""
    lo, hi = (40, 200) if voxels.dtype == np.uint8 else (9000, 41_000)
    found, _, _ = shown(channel(mode=4, minu16=lo, maxu16=hi), voxels, tmp_path)
    v = voxels.astype(np.float64)
    stored = v if kept else (v - v.min()) / (v.max() - v.min()) * 65535
    assert by_ours(voxels, found) == pytest.approx(np.clip((stored - lo) / (hi - lo), 0, 1), abs=1e-6)


def test_the_default_mode_is_that_of_agaves_reader(tmp_path: Path) -> None:
    found, _, _ = shown({"enabled": True}, FLOATS, tmp_path)
    assert by_ours(FLOATS, found) == pytest.approx(by_agave(FLOATS, *ramp(0.25, 0.75)), abs=1e-6)
    assert found.material.roughness == 1.0  # glossiness 0


@pytest.mark.parametrize("mode", [0, 1, 4])
def test_a_window_without_width_becomes_a_step(mode: int, tmp_path: Path) -> None:
    part = channel(mode=mode, window=0.0, level=0.5, isovalue=0.5, isorange=0.0, minu16=30_000, maxu16=30_000)
    found, view, _ = shown(part, FLOATS, tmp_path)
    assert found.window[0] < found.window[1]
    assert any("no width" in note for note in view.notes)


@pytest.mark.parametrize("mode", range(5))
def test_constant_data_make_a_valid_channel(mode: int, tmp_path: Path) -> None:
    for value in (0.0, 7.0, -1e30):
        found, _, _ = shown(channel(mode=mode), np.full((4, 5, 6), value, np.float32), tmp_path)
        assert found.window[0] < found.window[1]


def decoded(srgb: Any) -> NDArray[np.float64]:
    c = np.asarray(srgb, np.float64)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("color", [(1.0, 1.0, 1.0), (0.5, 0.25, 0.001), (0.0, 0.9, 0.3)])
def test_colours_reach_the_light_as_agave_uses_them(color: tuple[float, float, float], tmp_path: Path) -> None:
    found, _, _ = shown(channel(mode=0) | {"diffuseColor": list(color)}, FLOATS, tmp_path)
    assert decoded(found.color) == pytest.approx(color, abs=1e-9)
    assert encode((-1.0, 0.0, 7.0)) == (0.0, 0.0, 1.0)


def albedo(found: Channel, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear colours at positions in the window, as the tables for the device have them."""
    between = blended_colors(
        x, np.array([node[0] for node in found.colors]), np.array([node[1] for node in found.colors])
    )
    return between * decoded(found.color)


def test_colour_stops_are_straight_lines_in_linear_light(tmp_path: Path) -> None:
    stops = [(0.0, (0.0, 0.0, 0.2)), (0.3, (0.9, 0.1, 0.2)), (0.7, (1.0, 0.8, 0.0)), (1.0, (1.0, 1.0, 1.0))]
    part = channel(mode=0, window=0.6, level=0.5) | {"diffuseColor": [0.8, 0.5, 1.0]}
    part["colorMap"] = {"name": "own", "stops": [{"x": x, "value": [*rgb, 1.0]} for x, rgb in stops]}
    found, view, _ = shown(part, FLOATS, tmp_path)
    x = np.linspace(0.0, 1.0, 101)
    lines = [np.interp(x, [s[0] for s in stops], [s[1][c] for s in stops]) for c in range(3)]
    expected = np.stack(lines, axis=1) * [0.8, 0.5, 1.0]
    assert albedo(found, x) == pytest.approx(expected, abs=0.012)
    assert view.notes == ()


def test_the_map_runs_over_the_window(tmp_path: Path) -> None:
    """AGAVE: between the transfer function's minimum and maximum; the data's for custom nodes."""
    stops = [{"x": 0.0, "value": [0.0, 0.0, 0.0, 1.0]}, {"x": 1.0, "value": [1.0, 1.0, 1.0, 1.0]}]
    custom, _, _ = shown(
        channel(mode=3, controlPoints=nodes(((0.0, 0.0), (1.0, 1.0)))) | {"colorMap": {"name": "own", "stops": stops}},
        FLOATS,
        tmp_path,
    )
    assert custom.window == pytest.approx((float(FLOATS.min()), float(FLOATS.max())))
    iso, _, _ = shown(
        channel(mode=1, isovalue=0.4, isorange=0.2) | {"colorMap": {"name": "own", "stops": stops}}, FLOATS, tmp_path
    )
    lo, width = float(FLOATS.min()), float(np.ptp(FLOATS))
    assert iso.window == pytest.approx((lo + 0.3 * width, lo + 0.5 * width))


# A colour of each map that AGAVE shows, as its file would hold it: (map, position, 8 bit hex).
KNOWN = [
    ("greyscale", 1.0, "ffffff"), ("viridis", 0.5, "21908d"), ("inferno", 0.9, "f6d746"), ("magma", 0.3, "641a80"),
    ("plasma", 0.6, "e16462"), ("warm", 0.0, "6e40aa"), ("warm", 0.5, "ff5e64"), ("cool", 0.5, "1ac7c2"),
    ("cool", 0.9, "7ef658"), ("rainbow", 0.1, "be3caf"), ("rainbow", 0.5, "b0ef5a"), ("cubehelix", 0.5, "a07949"),
    ("spectral", 0.0, "9e0142"), ("RdBu", 0.3, "f0a285"), ("BuGn", 0.0, "f7fcfd"), ("YlOrRd", 0.5, "fc8d3c"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "hexadecimal"), KNOWN)
def test_maps_by_name_alone(name: str, x: float, hexadecimal: str, tmp_path: Path) -> None:
    found, view, _ = shown(channel(mode=0) | {"colorMap": {"name": name, "stops": []}}, FLOATS, tmp_path)
    expected = np.array([int(hexadecimal[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    assert albedo(found, np.array([x]))[0] == pytest.approx(expected, abs=0.035)
    assert view.notes == ()


def test_every_name_of_agaves_is_known(tmp_path: Path) -> None:
    assert len(NAMES) == 32
    for name in sorted(NAMES - {"none", "Labels"}):
        found, view, _ = shown(channel(mode=0) | {"colorMap": {"name": name, "stops": []}}, FLOATS, tmp_path)
        assert len(found.colors) >= 11, name
        assert view.notes == (), name


@pytest.mark.parametrize("name", ["none", "Labels", "of-my-own"])
def test_names_without_colours(name: str, tmp_path: Path) -> None:
    found, view, _ = shown(channel(mode=0) | {"colorMap": {"name": name, "stops": []}}, FLOATS, tmp_path)
    assert found.colors == ()
    assert found.color_map is None
    assert bool(view.notes) == (name != "none")


def test_stops_beyond_what_a_channel_holds_are_thinned(tmp_path: Path) -> None:
    stops = [{"x": i / 255, "value": [i / 255, 0.0, 1 - i / 255, 1.0]} for i in range(256)]
    found, _, _ = shown(channel(mode=0) | {"colorMap": {"name": "own", "stops": stops}}, FLOATS, tmp_path)
    assert 32 < len(found.colors) <= 64
    x = np.linspace(0, 1, 11)
    assert albedo(found, x)[:, 0] == pytest.approx(x, abs=0.01)


@pytest.mark.parametrize(
    ("diffuse", "specular"),
    [
        ((0.6, 0.3, 0.1), (0.2, 0.4, 0.0)),
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ((1, 1, 1), (0, 0, 0)),
    ],
)
def test_a_material_that_keeps_the_energy_is_exact(
    diffuse: tuple[float, ...], specular: tuple[float, ...], tmp_path: Path
) -> None:
    """(1 - s) albedo = diffuse and s * specular colour = specular."""
    part = channel(mode=0) | {"diffuseColor": list(map(float, diffuse)), "specularColor": list(map(float, specular))}
    found, view, _ = shown(part, FLOATS, tmp_path)
    s = found.material.specular
    assert (1 - s) * decoded(found.color) == pytest.approx(diffuse, abs=1e-9)
    if any(specular):
        assert s * decoded(found.material.specular_color) == pytest.approx(specular, abs=1e-9)
    else:
        assert s == 0.0
    assert view.notes == ()


def test_a_material_that_shines_of_itself_is_scaled_and_told_of(tmp_path: Path) -> None:
    """White and 0.6 on top reflect 1.6 times the light."""
    part = channel(mode=0) | {"diffuseColor": [1.0, 0.5, 0.5], "specularColor": [0.6, 0.6, 0.3]}
    found, view, _ = shown(part, FLOATS, tmp_path)
    s = found.material.specular
    assert (1 - s) * decoded(found.color) == pytest.approx(np.array([1.0, 0.5, 0.5]) / 1.6)
    assert s * decoded(found.material.specular_color) == pytest.approx(np.array([0.6, 0.6, 0.3]) / 1.6)
    assert any("1.6 times the light" in note for note in view.notes)


def test_emission_may_be_brighter_than_one(tmp_path: Path) -> None:
    found, _, _ = shown(channel(mode=0) | {"emissiveColor": [3.0, 1.5, 0.0]}, FLOATS, tmp_path)
    material = found.material
    assert material.emission_strength * decoded(material.emission) == pytest.approx((3.0, 1.5, 0.0))


@pytest.mark.parametrize("exponent", [1.0, 10.0, 100.0])
def test_glossiness_has_the_same_highlight(exponent: float) -> None:
    """D at the normal of Blinn-Phong is (e + 2) / (2 pi), of GGX 1 / (pi alpha^2): the same for this alpha."""
    alpha = roughness_of(exponent) ** 2
    assert 1 / (math.pi * alpha**2) == pytest.approx((exponent + 2) / (2 * math.pi))


def test_glossiness_stays_within_what_a_material_may_be() -> None:
    assert roughness_of(-5.0) == 1.0
    assert roughness_of(1e12) == 0.05


def test_opacity_and_visibility(tmp_path: Path) -> None:
    found, view, _ = shown(channel(mode=0) | {"opacity": 0.3, "enabled": False}, FLOATS, tmp_path)
    assert (found.opacity, found.visible) == (0.3, False)
    assert view.notes == ()
    found, view, _ = shown(channel(mode=0) | {"opacity": 1.7}, FLOATS, tmp_path)
    assert found.opacity == 1.0
    assert any("opacity 1.7" in note for note in view.notes)


def channels_of(view: AgaveView) -> tuple[Channel, ...]:
    layer = view.state.layers[0]
    assert isinstance(layer, ImageLayer)
    return layer.channels


def test_channels_that_agave_loaded_are_numbered_anew(tmp_path: Path) -> None:
    scene = scene_of(np.stack([FLOATS, FLOATS * 2, FLOATS * 3, FLOATS * 4]))
    file = scene_file()
    file["datasets"][0]["channels"] = [3, 1]
    file["channels"] = [channel(mode=0) | {"opacity": 0.25}, channel(mode=0) | {"opacity": 0.75}]
    found = channels_of(read_agave(write(tmp_path, file)).view(scene))
    assert [one.visible for one in found] == [False, True, False, True]
    assert (found[3].opacity, found[1].opacity) == (0.25, 0.75)


def test_a_file_without_channels_shows_the_first_as_agave_does(tmp_path: Path) -> None:
    scene = scene_of(np.stack([FLOATS, FLOATS * 2]))
    file = scene_file()
    file["channels"] = []
    view = read_agave(write(tmp_path, file)).view(scene)
    found = channels_of(view)
    assert [one.visible for one in found] == [True, False]
    assert found[0].rule == PercentileRule(low=50.0, high=98.0)
    assert any("says nothing about channels" in note for note in view.notes)


def test_more_or_other_channels_than_the_data_have_are_told_of(tmp_path: Path) -> None:
    file = scene_file()
    file["channels"] = [channel(mode=0)] * 5
    view = read_agave(write(tmp_path, file)).view(scene_of(FLOATS))
    assert any("5 channels, the data 1" in note for note in view.notes)
    assert any("first 4" in note for note in view.notes)
