"""Layouts of structs: what numpy believes against what the device's compiler reports, and values that arrive."""

from __future__ import annotations

import numpy as np
import pytest

from render.engine.layout import STRUCTS, Struct, declarations
from render.gpu.buffer import Buffer
from render.gpu.context import Context
from render.gpu.gl import GL
from render.gpu.program import Program, ShaderSource

MIXED = Struct(
    "Mixed",
    (
        ("a", "float"), ("b", "vec2"), ("c", "int"), ("d", "vec4"),
        ("e", "uint"), ("f", "ivec2"), ("g", "uvec4"), ("h", "float"),
    ),
)  # fmt: skip
COUNT = 3


def component(kind: str) -> str:
    return {"i": "int", "u": "uint"}.get(kind[0] if kind != "int" else "i", "float")


def echo(struct: Struct, block: str) -> ShaderSource:
    """A shader that copies all fields, as bits, one after the other."""
    lines, at = [], 0
    for name, kind in struct.fields:
        width = int(kind[-1]) if kind[-1].isdigit() else 1
        for lane in range(width):
            value = f"records[i].{name}" + (f".{'xyzw'[lane]}" if width > 1 else "")
            bits = f"floatBitsToUint({value})" if component(kind) == "float" else f"uint({value})"
            lines.append(f"    words[i * WORDS + {at}] = {bits};")
            at += 1
    text = (
        f"""#include "generated/layout.glsl"
layout(local_size_x = 1) in;
{block}
layout(std430, binding = 9) writeonly buffer Words {{ uint words[]; }};
void main() {{
    int i = int(gl_GlobalInvocationID.x);
"""
        + "\n".join(lines)
        + "\n}\n"
    )
    own = MIXED.glsl if struct is MIXED else ""
    generated = {"echo.comp": text, "generated/layout.glsl": declarations() + own}
    return ShaderSource("echo.comp", {"WORDS": at}, generated)


def filled(struct: Struct) -> np.ndarray:
    """Records whose every component is a number of its own."""
    records = struct.array(COUNT)
    number = 1
    for record in records:
        for name, _ in struct.fields:
            size = record[name].size
            record[name] = np.arange(number, number + size) if size > 1 else number
            number += size
    return records


def words(struct: Struct, records: np.ndarray) -> np.ndarray:
    """The records' fields without padding, as 32-bit words."""
    parts = [
        np.ascontiguousarray(record[name]).reshape(-1).view(np.uint32)
        for record in records
        for name, _ in struct.fields
    ]
    return np.concatenate(parts)


@pytest.mark.parametrize("struct", [*STRUCTS, MIXED], ids=lambda s: s.name)
@pytest.mark.parametrize("storage", ["std140 uniform", "std430 buffer"])
def test_every_field_of_every_record_arrives(gl: Context, struct: Struct, storage: str) -> None:
    if struct is MIXED and storage.startswith("std140"):
        assert struct.dtype.itemsize % 16 == 0
    layout, where = storage.split()
    qualifier = "uniform" if where == "uniform" else "readonly buffer"
    block = f"layout({layout}, binding = 8) {qualifier} Block {{ {struct.name} records[{COUNT}]; }};"
    program = Program(echo(struct, block))
    records = filled(struct)
    buffer, out = Buffer.of(records), Buffer(words(struct, records).nbytes)
    (buffer.bind_uniform if where == "uniform" else buffer.bind)(8)
    out.bind(9)
    program.dispatch(COUNT)
    expected = words(struct, records)
    assert np.array_equal(out.read(np.uint32, len(expected)), expected)
    for part in (program, buffer, out):
        part.close()
    gl.check()


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda s: s.name)
def test_offsets_are_those_that_the_compiler_reports(gl: Context, struct: Struct) -> None:
    program = Program(echo(struct, f"layout(std140, binding = 8) uniform Block {{ {struct.name} records[{COUNT}]; }};"))
    for record in range(COUNT):
        for name, _ in struct.fields:
            index = GL.glGetProgramResourceIndex(program._id, GL.GL_UNIFORM, f"records[{record}].{name}".encode())
            assert index != GL.GL_INVALID_INDEX
            offset = (GL.GLint * 1)()
            properties = (GL.GLenum * 1)(GL.GL_OFFSET)
            GL.glGetProgramResourceiv(program._id, GL.GL_UNIFORM, index, 1, properties, 1, None, offset)
            fields = struct.dtype.fields
            assert fields is not None
            assert offset[0] == record * struct.dtype.itemsize + fields[name][1], name
    program.close()
