"""An environment map on the device: its radiance, and the tables that directions are drawn with."""

from __future__ import annotations

import numpy as np

from ..gpu.buffer import Buffer
from ..gpu.gl import GL
from ..gpu.texture import RGBA32F, Texture2D
from ..scene.environment import Environment, importance

TEXTURE_UNIT = 8
BUFFER_BINDING = 14


class EnvironmentMap:
    """For shaders/lib/environment.glsl. Raises GpuError when the device has no room for it."""

    def __init__(self, environment: Environment) -> None:
        height, width = environment.radiance.shape[:2]
        texels = np.ones((height, width, 4), np.float32)
        texels[..., :3] = environment.radiance
        self._texture = Texture2D(width, height, RGBA32F)
        self._texture.write(texels)
        self._texture.wrap(GL.GL_REPEAT, GL.GL_CLAMP_TO_EDGE)
        tables = importance(environment)
        self.rows, self.columns = tables.pdf.shape
        self._cdf = Buffer.of(np.concatenate([tables.marginal, tables.conditional.reshape(-1)]).astype(np.float32))

    def defines(self) -> dict[str, str | int]:
        return {"HAS_ENVIRONMENT": 1, "ENVIRONMENT_ROWS": self.rows, "ENVIRONMENT_COLUMNS": self.columns}

    def bind(self) -> None:
        self._texture.bind(TEXTURE_UNIT)
        self._cdf.bind(BUFFER_BINDING)

    def close(self) -> None:
        self._texture.close()
        self._cdf.close()
