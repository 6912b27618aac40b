"""Every mode with cuts, channels, rendering and display at the edge of making sense."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from render.engine.renderer import Renderer
from render.scene.open import Scene
from render.state.clip import ClipPlane, CropBox, SlicePlane, Slices
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.light import Lighting, RectangleLight, Sky
from render.state.material import Material
from render.state.rendering import Mode, Rendering
from render.state.transfer import AutoRule, IsovalueRule, LevelRule, PercentileRule
from render.state.view import Display, Shading

from .drawing import LIT, MODES, drawn
from .shown import CENTRE, camera_at, looked_at

X = (1.0, 0.0, 0.0)
FACES = Slices(x=0.0, y=1.0, z=0.0)
CUT = ClipPlane(point=CENTRE, normal=(1.0, 0.3, -0.2))


# ---- geometry ----

ON_A_FACE = {
    "slices on the faces": {"slices": FACES},
    "slices on the crop box": {
        "slices": Slices(x=0.25, y=0.75, z=0.5), "crop": CropBox(lo=(0.25, 0, 0), hi=(1, 0.75, 1))
    },
    "a slice in a crop box of no thickness": {"slices": Slices(x=0.5), "crop": CropBox(lo=(0.5, 0, 0), hi=(0.5, 1, 1))},
    "a slice on a clip plane": {
        "slices": Slices(planes=(SlicePlane(point=CENTRE, normal=CUT.normal),)), "clip_planes": (CUT,),
    },
    "a slice between two planes that meet": {
        "slices": Slices(planes=(SlicePlane(point=CENTRE, normal=X),)),
        "clip_planes": (ClipPlane(point=CENTRE, normal=X), ClipPlane(point=CENTRE, normal=(-1.0, 0.0, 0.0))),
    },
}  # fmt: skip


@pytest.mark.parametrize("mode", ["slices", "path", "march", "isosurface"])
@pytest.mark.parametrize("case", ON_A_FACE)
def test_what_lies_on_a_face_is_there(renderer: Renderer, scene: Scene, mode: Mode, case: str) -> None:
    hidden = {"window": (0.0, 255.0), "opacity": 0.5}
    shown = looked_at(scene, mode, channel=hidden, **ON_A_FACE[case])
    assert drawn(renderer, shown, 4).covered == pytest.approx(1.0)


@pytest.mark.parametrize("mode", MODES)
def test_planes_in_one_place_are_one_plane(renderer: Renderer, scene: Scene, mode: Mode) -> None:
    once, often = ((CUT,) * count for count in (1, 16))
    means = [drawn(renderer, looked_at(scene, mode, clip_planes=planes)).mean for planes in (once, often)]
    assert means[0].any()
    assert np.array_equal(means[0], means[1])


@pytest.mark.parametrize("scale", [1e-11, 1e15])
def test_normals_of_any_length_but_0(renderer: Renderer, scene: Scene, scale: float) -> None:
    planes = (CUT, ClipPlane(point=CENTRE, normal=tuple(part * scale for part in CUT.normal)))
    means = [drawn(renderer, looked_at(scene, "path", clip_planes=(plane,))).mean for plane in planes]
    assert np.allclose(means[0], means[1], atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_flips(renderer: Renderer, scene: Scene, mode: Mode) -> None:
    """Mirrored along all axes and seen from the other side the scene is turned half around."""
    camera = camera_at((13.5, 11.5, -40.0), view_up=(0.0, -1.0, 0.0))
    behind = camera_at((13.5, 11.5, 59.0), view_up=(0.0, 1.0, 0.0))
    light = {"lighting": Lighting(lights=(), sky=Sky(top=(1, 1, 1), middle=(1, 1, 1), bottom=(1, 1, 1)))}
    solid = {"channel": {"visible": False}, "label_opacity": 1.0}
    seen = [
        drawn(renderer, looked_at(scene, mode, camera=one, flip=flip, **light, **solid), 8)
        for one, flip in ((camera, (False,) * 3), (behind, (True,) * 3))
    ]
    assert seen[0].covered > 0.9
    turned, as_it_is = (np.abs(seen[0].mean - mean).mean() for mean in (seen[1].mean[:, ::-1], seen[1].mean))
    assert turned < 0.5 * as_it_is


# ---- channels ----

CHANNELS: dict[str, dict[str, Any]] = {
    "window of nearly no width": {"window": (100.0, 100.0 + 1e-9)},
    "window of all numbers": {"window": (-3.5e38, 3.5e38)},
    "window far above": {"window": (1e30, 2e30)},
    "window far below": {"window": (-2e30, -1e30)},
    "curve of one node": {"curve": ((0.5, 0.7),)},
    "curve in one place": {"curve": ((0.5, 0.0),) * 3 + ((0.5, 1.0),) * 3},
    "curve of nothing": {"curve": ((0.0, 0.0), (1.0, 0.0))},
    "colours of one node": {"colors": ((0.5, (1.0, 0.0, 0.0)),)},
    "colours in one place": {"colors": ((0.5, (1.0, 0.0, 0.0)), (0.5, (0.0, 1.0, 0.0)))},
    "a qualitative map": {"color_map": "glasbey"},
    "gradient curve of one node": {"gradient_curve": ((0.0, 1.0),)},
    "gradient curve of nothing": {"gradient_curve": ((0.0, 0.0), (1.0, 0.0))},
    "isovalue far above": {"isovalue": 3.5e38},
    "isovalue at the end": {"isovalue": 255.0},
    "isovalue 0": {"isovalue": 0.0},
    "mirror": {"material": Material(specular=1.0, roughness=0.05)},
    "black": {"color": (0.0, 0.0, 0.0)},
    "lamp": {"material": Material(emission=(1.0, 1.0, 1.0), emission_strength=1e4)},
    "not cut": {"clipped": False},
    "level": {"rule": LevelRule(level=3.5e38, window=1e-300)},
    "percentiles": {"rule": PercentileRule(low=99.999, high=100.0)},
    "isovalue rule": {"rule": IsovalueRule(value=-1e38, range=3.5e38)},
    **{f"auto {name}": {"rule": AutoRule(method=name)} for name in ("imagej", "otsu", "minmax", "best_fit", "mode")},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CHANNELS)
def test_channels(renderer: Renderer, scene: Scene, mode: Mode, case: str) -> None:
    seen = drawn(renderer, looked_at(scene, mode, channel=CHANNELS[case], crop=CropBox(hi=(0.7, 1.0, 1.0))))
    if case == "lamp" and mode in LIT:
        assert seen.mean[..., :3].max() > 10.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mixing", ["physical", "max", "additive"])
def test_mixing_with_a_hidden_channel_is_without_it(renderer: Renderer, scene: Scene, mode: Mode, mixing: str) -> None:
    def with_second(channel: Channel) -> np.ndarray:
        first = Channel(window=(0.0, 255.0))
        layers = (ImageLayer(source="0", channels=(first, channel)), LabelLayer(source="1", visible=False))
        state = looked_at(scene, mode, layers=layers, rendering={"mixing": mixing, "reference": True})
        return drawn(renderer, state, 64).mean

    hidden, clear = with_second(Channel(visible=False)), with_second(Channel(opacity=0.0, color=(1.0, 0.0, 0.0)))
    assert hidden.any()
    assert np.abs(hidden - clear).mean() < 1e-3


def test_mixing_may_change_while_layers_stay(renderer: Renderer, scene: Scene) -> None:
    """Majorants of the strongest channel alone do not bound the sum."""
    channels = (Channel(window=(0.0, 255.0)), Channel(window=(0.0, 255.0), color=(1.0, 0.0, 0.0)))
    layers = (ImageLayer(source="0", channels=channels), LabelLayer(source="1", visible=False))
    shading = Shading(density=3.0)
    pictures = []
    for mixing in ("max", "physical", "max", "physical"):
        renderer.set_state(looked_at(scene, "path", layers=layers, shading=shading, rendering={"mixing": mixing}), 1)
        renderer.render_still(16)
        pictures.append(renderer.read_mean())
    fresh = Renderer(renderer._context, scene, renderer.width, renderer.height, resident=renderer.resident)
    fresh.set_state(looked_at(scene, "path", layers=layers, shading=shading), 1)
    fresh.render_still(16)
    assert np.array_equal(fresh.read_mean(), pictures[3])
    fresh.close()
    assert np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], pictures[1])


def test_layers_in_another_order_are_the_same(renderer: Renderer, scene: Scene) -> None:
    """The state's layers name their sources; the order in which they are listed says nothing."""
    crop = CropBox(hi=(0.5, 1.0, 1.0))
    layers = (
        ImageLayer(source="0", channels=(Channel(window=(0.0, 255.0)),) * 2),
        LabelLayer(source="1", clipped=False),
    )
    for mode in MODES:
        means = [
            drawn(renderer, looked_at(scene, mode, layers=listed, crop=crop)).mean for listed in (layers, layers[::-1])
        ]
        assert np.array_equal(means[0], means[1]), mode


# ---- rendering, shading, display ----

RENDERINGS: dict[str, dict[str, Any]] = {
    "one scattering": {"scatterings": 1},
    "1024 scatterings": {"scatterings": 1024},
    "longest steps": {"step_vox": 100.0},
    "shortest steps": {"step_vox": 0.05},
    "nearest": {"interpolation": "nearest"},
    "no firefly at all": {"firefly_limit": 1e-300},
    "an extinction of nearly nothing": {"extinction_cap": 1e-300},
    "everything converged": {"noise_threshold": 1.0},
    "nothing converged": {"noise_threshold": 1e-6},
    "no filter": {"denoise": False},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", RENDERINGS)
def test_renderings(renderer: Renderer, scene: Scene, mode: Mode, case: str) -> None:
    rendering = RENDERINGS[case]
    threshold = "converged" in case
    state = looked_at(scene, mode, rendering=rendering, samples=1 if case == "no filter" else 256)
    seen = drawn(renderer, state, 65 if threshold else 1)
    assert seen.covered > 0.0 or case == "an extinction of nearly nothing"


@pytest.mark.parametrize("shading", ["phase", "brdf", "mixed"])
@pytest.mark.parametrize("density", [100.0, 1e6])
def test_1024_scatterings_in_a_white_medium(renderer: Renderer, scene: Scene, shading: str, density: float) -> None:
    """Russian roulette ends no path there: twice as many rays as scatterings bound it."""
    channel = {"window": (0.0, 1.0), "curve": ((0.0, 1.0),), "opacity": 1.0, "material": Material(specular=0.0)}
    state = looked_at(
        scene, "path", channel=channel, shading=Shading(density=density, mode=shading, anisotropy=0.9),
        rendering={"scatterings": 1024, "reference": True}, samples=1,
        lighting=Lighting(lights=(RectangleLight(intensity=1e6),), sky=Sky(intensity=1e6)),
    )  # fmt: skip
    assert drawn(renderer, state, 1).mean[..., :3].max() > 1.0


@pytest.mark.parametrize("mode", ["path", "march"])
@pytest.mark.parametrize(
    "shading",
    [
        Shading(density=1e-300), Shading(density=1e6), Shading(gradient_factor=0.0), Shading(gradient_factor=1000.0),
        Shading(mode="phase", anisotropy=0.95), Shading(mode="phase", anisotropy=-0.95), Shading(mode="brdf"),
    ],
    ids=str,
)  # fmt: skip
def test_shadings(renderer: Renderer, scene: Scene, mode: Mode, shading: Shading) -> None:
    for reference in (False, True):
        seen = drawn(renderer, looked_at(scene, mode, shading=shading, rendering={"reference": reference}))
        assert (seen.covered > 0.5) == (shading.density > 1.0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("exposure", [-20.0, 20.0])
def test_exposures(renderer: Renderer, scene: Scene, mode: Mode, exposure: float) -> None:
    for tone_map in ("filmic", "agx", "exponential", "agave", "linear"):
        display = Display(exposure=exposure, tone_map=tone_map)
        seen = drawn(renderer, looked_at(scene, mode, display=display), 1)
        if mode in ("path", "march"):
            assert (seen.rgba[..., :3].max() > 250) == (exposure > 0)


@pytest.mark.parametrize("mode", MODES)
def test_one_sample_filtered_or_not(renderer: Renderer, scene: Scene, mode: Mode) -> None:
    for denoise in (True, False):
        state = looked_at(scene, mode, rendering={"denoise": denoise}, samples=1)
        assert drawn(renderer, state, 1).covered > 0.0


def test_a_state_is_what_it_was_after_all_of_this(renderer: Renderer, scene: Scene) -> None:
    """Nothing of the states before is left: what a fresh renderer draws comes again."""
    for mode in MODES:
        state = looked_at(scene, mode, rendering=Rendering().model_dump(exclude={"mode"}))
        fresh = Renderer(renderer._context, scene, renderer.width, renderer.height, resident=renderer.resident)
        try:
            assert np.array_equal(drawn(renderer, state).mean, drawn(fresh, state).mean)
        finally:
            fresh.close()
