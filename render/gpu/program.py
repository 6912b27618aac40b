"""Compute programs from files: `#include`, `#define`, generated parts, and errors that name the real file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import GpuError
from ..resources import shader_dir
from .gl import GL

_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')
_WHERE = re.compile(r"\b(\d+)([:(])(\d+)")


class ShaderSource:
    """The text of a compute shader with its includes in place, each included once.

    `generated` maps names of includes that are not files (declarations made from Python) to their text. GLSL can only
    number its sources, so `files[i]` is the name of source number i in the compiler's messages.
    """

    def __init__(
        self,
        name: str,
        defines: Mapping[str, str | int] | None = None,
        generated: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.files: list[str] = ["(head)"]
        self._generated = dict(generated or {})
        self._folder = folder or shader_dir()
        head = "#version 450 core\n"
        head += "".join(f"#define {key} {value}\n" for key, value in (defines or {}).items())
        self.text = head + self._expand(name, ())

    def _expand(self, name: str, chain: tuple[str, ...]) -> str:
        if name in self.files:
            return ""
        number = len(self.files)
        self.files.append(name)
        lines = [f"#line 1 {number}"]
        for line_number, line in enumerate(self._read(name, chain).splitlines(), start=1):
            if match := _INCLUDE.match(line):
                lines.append(self._expand(match[1], (*chain, name)))
                lines.append(f"#line {line_number + 1} {number}")
            else:
                lines.append(line)
        return "\n".join(lines)

    def _read(self, name: str, chain: tuple[str, ...]) -> str:
        if name in self._generated:
            return self._generated[name]
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except OSError:
            included = f", included from {' < '.join(reversed(chain))}" if chain else ""
            raise GpuError(f"the shader file '{name}' is missing{included}") from None

    def explain(self, log: str) -> str:
        """A compiler's log with source numbers replaced by file names."""

        def named(match: re.Match[str]) -> str:
            number = int(match[1])
            # Mesa names some places by number 0, whatever #line said: then only the line is known.
            file = self.name if number == 0 else self.files[number] if number < len(self.files) else match[1]
            return f"{file}{match[2]}{match[3]}"

        return "\n".join(_WHERE.sub(named, line, count=1) for line in log.strip().splitlines())


class Program:
    """A linked compute program. Uniforms are set by name; names that the compiler removed are ignored."""

    def __init__(self, source: ShaderSource) -> None:
        self.name = source.name
        shader = GL.glCreateShader(GL.GL_COMPUTE_SHADER)
        GL.glShaderSource(shader, [source.text])
        GL.glCompileShader(shader)
        if not GL.glGetShaderiv(shader, GL.GL_COMPILE_STATUS):
            log = source.explain(_text(GL.glGetShaderInfoLog(shader)))
            raise GpuError(f"the shader '{self.name}' does not compile:\n{log}")
        self._id = GL.glCreateProgram()
        GL.glAttachShader(self._id, shader)
        GL.glLinkProgram(self._id)
        GL.glDeleteShader(shader)
        if not GL.glGetProgramiv(self._id, GL.GL_LINK_STATUS):
            raise GpuError(f"the shader '{self.name}' does not link:\n{_text(GL.glGetProgramInfoLog(self._id))}")
        self._locations: dict[str, int] = {}

    def _location(self, name: str) -> int:
        if name not in self._locations:
            self._locations[name] = GL.glGetUniformLocation(self._id, name)
        return self._locations[name]

    def set(self, **uniforms: int | float | tuple[int, ...] | tuple[float, ...]) -> None:
        """Set uniforms: Python ints become int, floats float, tuples ivec/vec of their length."""
        for name, value in uniforms.items():
            location = self._location(name)
            values = value if isinstance(value, tuple) else (value,)
            kind = "i" if all(isinstance(item, int) for item in values) else "f"
            getattr(GL, f"glProgramUniform{len(values)}{kind}")(self._id, location, *values)

    def set_uint(self, **uniforms: int) -> None:
        """Set unsigned integer uniforms."""
        for name, value in uniforms.items():
            GL.glProgramUniform1ui(self._id, self._location(name), value)

    def dispatch(self, x: int, y: int = 1, z: int = 1) -> None:
        """Run x*y*z work groups; what they write is visible to all that comes after."""
        GL.glUseProgram(self._id)
        GL.glDispatchCompute(x, y, z)
        GL.glMemoryBarrier(GL.GL_ALL_BARRIER_BITS)

    def close(self) -> None:
        if self._id:
            GL.glDeleteProgram(self._id)
            self._id = 0


def _text(log: Any) -> str:
    return log.decode(errors="replace") if isinstance(log, bytes) else str(log)
