"""Intel Open Image Denoise on linear pictures, by way of the package `pyoidn` (the extra `hosta[denoise]`)."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import HostaError

Floats = NDArray[np.float32]
# A pixel stays empty where none so near has seen anything: the filter leaves a trace of light everywhere.
_NEAR_PX = 2
_LARGEST = 1e30
# Of the mean light: where there is less, ratios say little.
_DARK = 0.02
# The same of single pixels, which are noisy; and how much of them there is in the picture.
_DARK_PIXEL, _UNFILTERED = 0.1, np.float32(0.1)
# OIDN_QUALITY_*: guides and coverage lose nothing by the cheaper one (by a hundredth of the error), light does.
_BALANCED, _HIGH = 5, 6


def check_denoiser() -> None:
    """Raises HostaError, with what to install, where the denoiser is absent."""
    if importlib.util.find_spec("pyoidn") is None:
        raise HostaError(
            "denoising needs Intel Open Image Denoise; install it with pip install pyoidn, or use --no-denoise"
        )


def denoise(
    color: Floats, albedo: Floats | None = None, normal: Floats | None = None, clean_aux: bool = False
) -> Floats:
    """The picture without its noise: (h, w, 4) float32, linear HDR, premultiplied, as `color` is.

    `albedo` (h, w, 3), 0..1 and `normal` (h, w, 3), -1..1 guide the filter and are premultiplied like the colour; as
    they are noisy too (depth of field, translucent matter) they are filtered first, unless `clean_aux`. Light and
    coverage are filtered each by itself. What is no number counts as 0. Raises HostaError where the denoiser is absent
    or fails.
    """
    return _denoise(color, [], albedo, normal, clean_aux)[0]


def _denoise(
    color: Floats, lights: list[Floats], albedo: Floats | None, normal: Floats | None, clean_aux: bool = False
) -> tuple[Floats, list[Floats]]:
    """As `denoise`; and `lights`, each (h, w, 3) and filtered by itself with the same guides."""
    check_denoiser()
    import pyoidn

    color = _clean(color, 0.0, _LARGEST)
    guides: dict[str, Floats] = {}
    if albedo is not None:
        guides["albedo"] = _clean(albedo, 0.0, 1.0)
    if normal is not None:
        guides["normal"] = _clean(normal, -1.0, 1.0)
    with pyoidn.Device() as device:
        device.commit()
        if not clean_aux:
            guides = {name: _filter(device, {name: guide}, _BALANCED) for name, guide in guides.items()}
        options = {"cleanAux": True} if guides else {}

        def filtered(light: Floats, quality: int = _HIGH) -> Floats:
            found = _filter(device, {"color": np.ascontiguousarray(light), **guides}, quality, hdr=True, **options)
            return np.maximum(found, np.float32(0.0))

        light, *others = [filtered(one) for one in (color[..., :3], *(_clean(one, 0.0, _LARGEST) for one in lights))]
        coverage = np.repeat(color[..., 3:], 3, axis=2)
        if coverage.min() < 1.0:
            # As HDR too, though it never exceeds 1: the filter for LDR makes soft edges 4 % wider.
            coverage = filtered(coverage, _BALANCED)
    result = np.empty_like(color)
    result[..., :3] = light
    result[..., 3] = np.clip(coverage.mean(axis=2), 0.0, 1.0)
    result[_empty(color[..., 3])] = 0.0
    return result, others


def denoise_by_looks(color: Floats, local: Floats, looks: Floats, normal: Floats) -> Floats:
    """As `denoise`, of a path-traced picture about which more is known: what it would be without shadows.

    `local` (h, w, 3) is that, from the samples that `color` is from; `looks` (h, w, 4), with coverage, the same from
    other and many more samples, which cost less; `normal` (h, w, 3) theirs; all premultiplied. Shading and edges of
    `looks` guide the filter, which then runs over `color` and `local` alike: their ratio is how much light the shadows
    leave, in which a blur of edges cancels, and it is put onto `looks`.
    """
    lit = looks[..., 3] > 0.0
    mean = float(np.mean(looks[..., :3], where=lit[..., None])) if lit.any() else 0.0
    if not 0.0 < mean < _LARGEST:
        return denoise(color, None, None)
    # As an albedo, whatever the unit of light: 0..1, and half where it is as bright as the picture is.
    guide = looks[..., :3] / (looks[..., :3] + np.float32(mean))
    light, (blurred, sharp) = _denoise(color, [local, looks[..., :3]], guide, normal)
    least = np.float32(_DARK * mean)
    light[..., :3] *= (sharp + least) / (blurred + least)
    # A little of what was not filtered, its shading too put onto that of the looks: it has the edges that filters lose.
    least = np.float32(_DARK_PIXEL * mean)
    paths = _clean(color[..., :3], 0.0, _LARGEST)
    seen, known = _clean(looks[..., :3], 0.0, _LARGEST), _clean(local, 0.0, _LARGEST)
    raw = paths * ((seen + least) / (known + least))
    light[..., :3] += _UNFILTERED * (raw - light[..., :3])
    return light


def _clean(image: Floats, least: float, most: float) -> Floats:
    finite = np.nan_to_num(image.astype(np.float32), nan=0.0, posinf=most, neginf=least)
    return np.ascontiguousarray(np.clip(finite, least, most))


def _filter(device: Any, images: dict[str, Floats], quality: int, **options: bool) -> Floats:
    """One run of OIDN's "RT" filter. A guide alone is prefiltered: OIDN knows it by its name."""
    import pyoidn

    result = np.zeros_like(next(iter(images.values())))
    with pyoidn.Filter(device, pyoidn.OIDN_FILTER_TYPE_RT) as one:
        for name, image in [*images.items(), ("output", result)]:
            one.set_image(name, image, pyoidn.OIDN_FORMAT_FLOAT3)
        for name, value in options.items():
            one.set_bool(name, value)
        one.set_int("quality", quality)
        one.commit()
        one.execute()
    problem = device.get_error()
    if problem is not None:
        raise HostaError(f"Open Image Denoise failed: {problem}")
    return result


def _empty(alpha: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where nothing was hit within a square of _NEAR_PX pixels each way."""
    hit = alpha > 0.0
    padded = np.pad(hit, _NEAR_PX)
    side = 2 * _NEAR_PX + 1
    near = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).any(axis=(2, 3))
    return np.asarray(~near)
