"""The peer of `render_vs_vtk`: VTK's vtkGPUVolumeRayCastMapper in a process of its own, driven over stdin.

A process of its own because two libraries that each believe to own the thread's GL context do not get along in one.
Requests and answers are lines of JSON. The first request is a `Setup`; then `render` draws and answers with seconds,
`picture` writes an RGBA .npy, `end` ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

Vec3 = tuple[float, float, float]


@dataclass(frozen=True)
class Setup:
    """What to draw, in micrometres. `volume` is an .npy of (z, y, x); `curve` are (value, opacity of one `unit_um`)."""

    volume: str
    world_from_vox: list[list[float]]
    width: int
    height: int
    position: Vec3
    focal_point: Vec3
    view_up: Vec3
    view_angle: float
    light_from: Vec3
    color: Vec3
    curve: list[tuple[float, float]]
    unit_um: float
    step_um: float

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class PeerProcess:
    """VTK in its own process, seen from ours."""

    def __init__(self, setup: Setup) -> None:
        program = [sys.executable, "-m", "benchmarks.vtk_peer"]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.device = str(self._ask(setup.to_json())["device"])

    def render(self) -> float:
        """Seconds of one picture."""
        return float(self._ask('{"do": "render"}')["seconds"])

    def picture(self, path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
        self._ask(json.dumps({"do": "picture", "path": str(path)}))
        return np.asarray(np.load(path), np.uint8)

    def close(self) -> None:
        self._process.communicate('{"do": "end"}\n', timeout=30)

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"VTK's process ended with {self._process.wait()}; its words are above")
        return dict(json.loads(answer))


class Peer:
    """An offscreen window with one shaded volume."""

    def __init__(self, setup: Setup) -> None:
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        import vtkmodules.vtkRenderingOpenGL2  # registers the window
        import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401  registers the mapper
        from vtkmodules.vtkRenderingCore import vtkLight, vtkRenderer, vtkRenderWindow, vtkVolume

        window = vtkRenderWindow()
        window.SetOffScreenRendering(1)
        window.SetMultiSamples(0)
        window.AlphaBitPlanesOn()
        window.SetSize(setup.width, setup.height)
        renderer = vtkRenderer()
        renderer.SetBackground(0.0, 0.0, 0.0)
        renderer.SetBackgroundAlpha(0.0)
        renderer.AutomaticLightCreationOff()
        light = vtkLight()
        light.SetLightTypeToSceneLight()
        light.SetPosition(setup.light_from)
        light.SetFocalPoint(setup.focal_point)
        renderer.AddLight(light)
        window.AddRenderer(renderer)

        volume = vtkVolume()
        volume.SetMapper(_mapper(setup))
        volume.SetProperty(_property(setup))
        renderer.AddVolume(volume)
        camera = renderer.GetActiveCamera()
        camera.SetPosition(setup.position)
        camera.SetFocalPoint(setup.focal_point)
        camera.SetViewUp(setup.view_up)
        camera.SetViewAngle(setup.view_angle)
        renderer.ResetCameraClippingRange()
        self._window = window

    def render(self) -> float:
        """Draw once and wait for the device; seconds. (A frame that nothing changed is drawn all the same.)"""
        started = time.perf_counter()
        self._window.Render()
        self._window.WaitForCompletion()
        return time.perf_counter() - started

    def device(self) -> str:
        """GL_RENDERER."""
        marker = "OpenGL renderer string:"
        for line in self._window.ReportCapabilities().splitlines():
            if line.startswith(marker):
                return str(line.removeprefix(marker).strip())
        raise RuntimeError("VTK does not say which device it draws on")

    def picture(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """(height, width, 4) uint8, straight alpha, top row first. (VTK's own is premultiplied.)"""
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        width, height = self._window.GetSize()
        data = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 1, data)
        pixels = vtk_to_numpy(data).reshape(height, width, 4)
        straight = pixels[::-1].astype(np.float64)
        straight[..., :3] *= 255.0 / np.maximum(straight[..., 3:], 1.0)
        return np.asarray(np.clip(np.rint(straight), 0.0, 255.0), np.uint8)


def _mapper(setup: Setup) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkRenderingVolumeOpenGL2 import vtkOpenGLGPUVolumeRayCastMapper

    voxels = np.load(setup.volume)
    world = np.asarray(setup.world_from_vox)
    spacing = np.linalg.norm(world[:3, :3], axis=0)
    image = vtkImageData()
    image.SetDimensions(voxels.shape[::-1])
    image.SetSpacing(spacing)
    image.SetOrigin(world[:3, 3])
    image.SetDirectionMatrix((world[:3, :3] / spacing).ravel())
    image.GetPointData().SetScalars(numpy_to_vtk(voxels.ravel(), deep=True))
    mapper = vtkOpenGLGPUVolumeRayCastMapper()
    mapper.SetInputData(image)
    mapper.SetBlendModeToComposite()
    # The distance is what was asked for, not what VTK thinks good for the frame rate.
    mapper.AutoAdjustSampleDistancesOff()
    mapper.LockSampleDistanceToInputSpacingOff()
    mapper.SetImageSampleDistance(1.0)
    mapper.SetSampleDistance(setup.step_um)
    mapper.UseJitteringOff()
    return mapper


def _property(setup: Setup) -> Any:
    from vtkmodules.vtkCommonDataModel import vtkPiecewiseFunction
    from vtkmodules.vtkRenderingCore import vtkColorTransferFunction, vtkVolumeProperty

    opacity = vtkPiecewiseFunction()
    color = vtkColorTransferFunction()
    for value, alpha in setup.curve:
        opacity.AddPoint(value, alpha)
    for value in (setup.curve[0][0], setup.curve[-1][0]):
        color.AddRGBPoint(value, *setup.color)
    looks = vtkVolumeProperty()
    looks.SetScalarOpacity(opacity)
    looks.SetScalarOpacityUnitDistance(setup.unit_um)
    looks.SetColor(color)
    looks.SetInterpolationTypeToLinear()
    looks.ShadeOn()
    looks.SetAmbient(0.3)
    looks.SetDiffuse(0.7)
    looks.SetSpecular(0.15)
    looks.SetSpecularPower(10.0)
    return looks


def main() -> None:
    said = json.loads(sys.stdin.readline())
    peer = Peer(Setup(**said))
    first_s = peer.render()
    _answer(device=peer.device(), seconds=first_s)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "end":
            return
        if asked["do"] == "render":
            _answer(seconds=peer.render())
        elif asked["do"] == "picture":
            np.save(asked["path"], peer.picture())
            _answer(path=asked["path"])


def _answer(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
