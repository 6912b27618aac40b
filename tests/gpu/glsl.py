"""Calls functions of shaders/lib with arrays of arguments and gives their results back as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.engine.layout import CUT, LIGHT, PARAMS, declarations
from render.engine.look import Look
from render.engine.resident import ResidentScene
from render.engine.tracer import candidates as candidates_glsl
from render.engine.transfer import LUT_SIZE
from render.engine.uniforms import NO_LIMIT
from render.gpu.buffer import Buffer
from render.gpu.program import Program, ShaderSource

_FIRST_BINDING = 8
_PREFIX = {"f": "", "u": "u", "i": "i"}
_SCALAR = {"f": "float", "u": "uint", "i": "int"}
_DTYPE = {"f": np.float32, "u": np.uint32, "i": np.int32}
PARAMS_BLOCK = """#include "generated/layout.glsl"
layout(std140, binding = 0) uniform ParamsBlock { Params params; };
layout(std140, binding = 6) uniform LightBlock { Light lights[MAX_LIGHTS]; };
"""


def _kind(array: NDArray[Any]) -> str:
    return "f" if array.dtype.kind == "f" else array.dtype.kind


def _vector(kind: str, n: int) -> str:
    return _SCALAR[kind] if n == 1 else f"{_PREFIX[kind]}vec{n}"


def call(
    body: str,
    arguments: Mapping[str, NDArray[Any]],
    include: Sequence[str],
    *,
    result: str = "vec4",
    head: str = "",
    defines: Mapping[str, str | int] | None = None,
    params: NDArray[Any] | None = None,
    lights: NDArray[Any] | None = None,
    scene: tuple[ResidentScene, Look] | None = None,
) -> NDArray[Any]:
    """Run `body`, GLSL that assigns `result`, once for each row of the arguments.

    Arguments are (n,) or (n, 2..4) arrays of floats, unsigned or signed integers and appear in `body` as variables of
    the GLSL type that fits. `head` goes before the includes. With `params` the blocks of Params and `lights` are there,
    with `scene` everything that lib/scene.glsl declares.
    """
    columns = {name: np.atleast_1d(np.asarray(value)) for name, value in arguments.items()}
    count = len(next(iter(columns.values())))
    text, buffers = head, []
    if scene is not None:
        text += '#include "lib/scene.glsl"\n'
    elif params is not None:
        text += PARAMS_BLOCK
    text += "".join(f'#include "lib/{name}.glsl"\n' for name in include)
    text += "layout(local_size_x = 64) in;\n"
    load = ""
    for slot, (name, value) in enumerate(columns.items()):
        kind = _kind(value)
        value = value[:, None] if value.ndim == 1 else value
        padded = np.zeros((count, 4), _DTYPE[kind])
        padded[:, : value.shape[1]] = value
        buffers.append((_FIRST_BINDING + slot, Buffer.of(padded)))
        block = f"layout(std430, binding = {_FIRST_BINDING + slot}) readonly buffer Argument{slot}"
        text += f"{block} {{ {_vector(kind, 4)} argument_{slot}[]; }};\n"
        width = value.shape[1]
        load += f"    {_vector(kind, width)} {name} = argument_{slot}[index].{'xyzw'[:width]};\n"
    out_kind = "u" if result.startswith("u") else "i" if result.startswith("i") else "f"
    out_width = int(result[-1]) if result[-1].isdigit() else 1
    out_slot = _FIRST_BINDING + len(columns)
    out = Buffer(16 * count)
    text += f"layout(std430, binding = {out_slot}) writeonly buffer Result {{ {_vector(out_kind, 4)} results[]; }};\n"
    zeros = ", ".join(["result", *["0"] * (4 - out_width)])
    text += f"""
void main() {{
    int index = int(gl_GlobalInvocationID.x);
    if (index >= {count}) return;
{load}    {result} result;
    {body}
    results[index] = {_vector(out_kind, 4)}({zeros});
}}
"""
    lights = LIGHT.array(1) if lights is None or not len(lights) else lights
    all_defines: dict[str, str | int] = {"MAX_LIGHTS": len(lights), **(defines or {})}
    if scene is not None:
        all_defines = {**scene[0].defines(), "LUT_SIZE": LUT_SIZE, "MAX_LIGHTS": 1, **all_defines}
    generated = {"test.comp": text, "generated/layout.glsl": declarations()}
    if scene is not None:
        generated["generated/candidates.glsl"] = candidates_glsl(scene[0])
    program = Program(ShaderSource("test.comp", all_defines, generated))
    uniforms = [(0, Buffer.of(PARAMS.array(1) if params is None else params)), (6, Buffer.of(lights))]
    if scene is not None:
        scene[0].bind()
        scene[1].bind()
        uniforms.append((3, Buffer.of(_whole_cuts(scene[0]))))
    for binding, buffer in uniforms:
        buffer.bind_uniform(binding)
    for binding, buffer in buffers:
        buffer.bind(binding)
    out.bind(out_slot)
    program.dispatch(-(-count // 64))
    answer = out.read(_DTYPE[out_kind], 4 * count).reshape(count, 4)[:, :out_width]
    program.close()
    for _, buffer in [*uniforms, *buffers, (0, out)]:
        buffer.close()
    return answer[:, 0] if out_width == 1 else answer


def _whole_cuts(resident: ResidentScene) -> NDArray[Any]:
    """Cuts that cut nothing off, of volumes that are all drawn."""
    records = CUT.array(len(resident.volumes))
    for record, volume in zip(records, resident.volume_records, strict=True):
        record["hi"][:3] = volume["size"][:3]
        record["lo"][3], record["hi"][3] = 1.0, NO_LIMIT
    return records
