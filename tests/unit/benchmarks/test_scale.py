"""What the benchmarks of size judge by, and where their zoomed cameras stand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.approach import first_matter, near_camera
from benchmarks.disk import Watched
from benchmarks.residency import resident_set_bytes
from benchmarks.scale import medians, verdicts, volume
from render.scene.open import open_scene


@pytest.mark.parametrize("size", [96, 5000])
def test_the_first_matter_along_a_ray_is_found_to_a_voxel_of_the_finest_level(size: int) -> None:
    scene = open_scene([f"synthetic:sphere?size={size}&spacing=1um&radius=0.5"])
    radius_um = 0.5 * size / 2
    start = scene.box.centre + np.array([-2.0 * size, 0.0, 0.0])
    found = first_matter(scene.layers[0], scene.default_state, start, np.array([1.0, 0.0, 0.0]), 4.0 * size)
    assert found == pytest.approx(2.0 * size - radius_um, abs=1.5)
    beside = start + np.array([0.0, 0.75 * size / 2, 0.0])
    assert first_matter(scene.layers[0], scene.default_state, beside, np.array([1.0, 0.0, 0.0]), 4.0 * size) is None


def test_a_pixel_of_the_near_camera_is_smaller_than_a_voxel_of_the_finest_level() -> None:
    scene = open_scene(["synthetic:cell?size=100000&labels=0"])
    camera = near_camera(scene, scene.default_state, 480)
    pixel_um = 2.0 * camera.distance * np.tan(np.radians(camera.view_angle) / 2.0) / 480
    assert pixel_um == pytest.approx(0.0002 / 1.25, rel=1e-6)
    layer = scene.layers[0]
    watched = Watched(layer.source, camera.focal_point)
    vox = np.linalg.inv(layer.source.info.levels[0].world_from_vox) @ [*camera.focal_point, 1.0]
    x, y, z = (int(v) for v in np.rint(vox[:3]))
    assert watched.read(0, 0, 0, (z - 2, y - 2, x - 2), (z + 3, y + 3, x + 3)).any()
    watched.read(3, 0, 0, (0, 0, 0), (4, 4, 4))
    assert watched.levels == {0}


def test_limits_are_those_of_the_first_size() -> None:
    def rows(frame_s: float, picture_s: float, peak: float) -> dict[str, list[float]]:
        return {"rest_s": [frame_s, 9.0, frame_s], "picture_s": [picture_s], "rss_peak": [peak]}

    judged = verdicts(
        medians({1024: rows(1.0, 1.0, 1e9), 10_000: rows(1.19, 1.51, 1e9), 100_000: rows(1.21, 1.49, 3e9)})
    )
    assert [kept for *_, kept in judged] == [True, False, False, True, True, True, False]
    late = verdicts(
        medians({1024: rows(1.0, 1.0, 1e9), 100_000: {"late": [1.0], "rss_peak": [1e9], "picture_s": [1.0]}})
    )
    assert [(what, kept) for what, _, _, kept in late] == [
        ("first picture, 100000 / 1024", True),
        ("host memory in GB, 1024", True),
        ("views that did not become resident, 100000", False),
        ("host memory in GB, 100000", True),
    ]
    assert [volume(side) for side in (1024, 10_000, 100_000)] == ["1.07 GB", "1 TB", "1 PB"]


def test_the_peak_of_memory_is_seen() -> None:
    block = np.ones(40 << 20, np.uint8)
    del block
    peak, now = resident_set_bytes()
    assert peak >= now > 10 << 20
    assert peak > 40 << 20
