"""Development in numpy: tone maps by their definitions, edges by the analytic composite."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from render.errors import UsageError
from render.state.view import Display
from tests.develop import develop, srgb_decode, srgb_encode, tone_map

TONE_MAPS = ("filmic", "agx", "exponential", "agave", "linear")


def soft_disc(colour: tuple[float, float, float], size: int = 64) -> NDArray[np.float32]:
    """One colour, whose coverage falls from 1 to 0 over a third of the picture."""
    y, x = np.mgrid[:size, :size] / (size - 1) * 2 - 1
    alpha = np.clip((0.9 - np.hypot(x, y)) / 0.6, 0, 1)[..., None]
    return np.concatenate([alpha * np.asarray(colour), alpha], axis=2).astype(np.float32)


@pytest.mark.parametrize("name", TONE_MAPS)
def test_soft_edges_have_no_fringes(name: str) -> None:
    """A picture with straight alpha, laid over anything by others, is what the matter over it would look like."""
    color = soft_disc((2.0, 0.35, 0.05))
    display = Display(tone_map=name)
    got = develop(color, display, transparent=True, bits=16).astype(np.float64) / 65535
    shown = got[..., 3] > 0
    own = srgb_encode(tone_map(np.array([[2.0, 0.35, 0.05]]), name))
    # The colour is the same up to the outermost pixel: nothing of a background has got into it.
    np.testing.assert_allclose(got[shown][:, :3], np.broadcast_to(own, (shown.sum(), 3)), atol=1e-4)
    for background in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.1, 0.7, 0.4)):
        alpha = got[..., 3:]
        over = srgb_encode(srgb_decode(got[..., :3]) * alpha + srgb_decode(np.asarray(background)) * (1 - alpha))
        truth = develop(color, display.model_copy(update={"background": background}), bits=16)[..., :3] / 65535
        np.testing.assert_allclose(over, truth, atol=4e-4)


def test_a_compositor_that_knows_nothing_of_light_makes_no_fringes_either() -> None:
    """Pillow blends sRGB bytes. Between two colours its edge must stay between them, in each component."""
    got = Image.fromarray(develop(soft_disc((0.8, 0.3, 0.1)), Display(), transparent=True))
    own = np.asarray(got)[32, 32, :3].astype(int)
    for background in ((255, 255, 255), (0, 0, 0), (30, 160, 200)):
        over = np.asarray(Image.alpha_composite(Image.new("RGBA", got.size, (*background, 255)), got))[..., :3]
        assert (over >= np.minimum(own, background) - 2).all()
        assert (over <= np.maximum(own, background) + 2).all()


@pytest.mark.parametrize("name", TONE_MAPS)
def test_tone_maps_start_at_black_rise_and_end_at_white(name: str) -> None:
    grey = np.concatenate([np.linspace(0, 3, 3001), np.geomspace(3, 1e8, 300)])
    out = tone_map(np.repeat(grey[:, None], 3, axis=1), name)
    assert np.abs(out[0]).max() < 2e-4
    assert out.min() >= 0
    assert out.max() <= 1
    assert np.diff(out, axis=0).min() >= -1e-12
    assert out[-1].min() > 0.998
    assert np.ptp(out, axis=1).max() < 1e-3  # grey stays grey
    assert np.abs(np.diff(out[:3001], axis=0)).max() < 0.003


def test_formulas() -> None:
    c = np.random.default_rng(0).random((500, 3)) * 4
    np.testing.assert_allclose(tone_map(c, "exponential"), 1 - np.exp(-c))
    # What AGAVE puts on the screen is 1 - exp(-c) with no curve after it.
    np.testing.assert_allclose(srgb_encode(tone_map(c, "agave")), 1 - np.exp(-c), atol=1e-4)
    np.testing.assert_allclose(tone_map(c * 0.18, "filmic"), c * 0.18)
    peak = 5.0
    rolled = 1 - 0.24**2 / (peak + 0.24 - 0.76)
    white = 1 - 1 / (0.15 * (peak - rolled) + 1)
    assert tone_map(np.array([[5.0, 1.0, 0.0]]), "filmic")[0] == pytest.approx(
        [rolled, rolled * (0.2 + (1 - 0.2) * white), rolled * white]
    )


def test_agx_is_near_the_published_polynomial() -> None:
    """B. Wrensch's fit of the curve in display values, by powers of the logarithm (minimal AgX, 2023)."""
    grey = 0.18 * np.exp2(np.linspace(-9.9, 6.4, 400))
    x = (np.log2(grey / 0.18) + 10) / 16.5
    fitted = np.polyval([15.5, -40.14, 31.96, -6.868, 0.4298, 0.1191, -0.00232], x)
    got = tone_map(np.repeat(grey[:, None], 3, axis=1), "agx") ** (1 / 2.2)
    np.testing.assert_allclose(got, np.repeat(fitted[:, None], 3, axis=1), atol=0.007)
    # A bright saturated colour goes towards white; filmic keeps more of it.
    bright = np.array([[30.0, 0.3, 0.3]])
    assert tone_map(bright, "agx")[0, 1] > 5 * tone_map(np.array([[1.0, 0.01, 0.01]]), "agx")[0, 1]


def test_exposure_is_in_stops_and_bits_agree() -> None:
    color = soft_disc((0.4, 0.2, 0.1))
    twice = color * np.array([2, 2, 2, 1], np.float32)
    np.testing.assert_array_equal(develop(color, Display(exposure=1.0)), develop(twice, Display()))
    coarse, fine = develop(color, Display()).astype(float), develop(color, Display(), bits=16) / 65535 * 255
    assert np.abs(coarse - fine).max() <= 1.01
    assert abs(float((coarse - fine)[..., :3].mean())) < 0.1


def test_what_is_no_light_is_black() -> None:
    color = np.full((4, 5, 4), np.nan, np.float32)
    assert (develop(color, Display(background=(1.0, 0.0, 0.0))) == [255, 0, 0, 255]).all()
    color[...] = (np.inf, -1.0, 0.0, 1.0)
    assert (develop(color, Display(tone_map="linear"))[..., :3] == [255, 0, 0]).all()
    assert not develop(np.zeros((1, 1, 4), np.float32), Display(), transparent=True).any()
    with pytest.raises(UsageError, match="height, width, 4"):
        develop(np.zeros((4, 4, 3), np.float32), Display())
