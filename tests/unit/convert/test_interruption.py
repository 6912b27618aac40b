"""Conversions that are killed, run into a full disk or a damaged input, and are taken up again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from render.convert import plan
from render.convert.conversion import Options, convert
from render.convert.journal import Journal, Lock
from render.errors import HostaError, SourceError, UsageError
from render.source.memory import MemorySource
from render.source.open import open_sources

from .stores import convert_to, digests

# Blocks of one chunk, so that there are many, and coarser levels come of chunks that are read back.
SCRIPT = """
import os, signal, sys
from pathlib import Path
from render.convert import plan
from render.convert.conversion import Options, convert
from render.source.open import open_sources
plan.BLOCK_MAX = 64
source, output, ngff, until = sys.argv[1:]
options = Options(ngff=ngff, shard=128, threads=2, checkpoint_s=0.1, verification="none")
def progress(what, done, total):
    print(what, done, flush=True)
    if "converting" in what and done >= int(until):
        os.kill(os.getpid(), signal.SIGKILL)
convert(open_sources(source), Path(output), options, {}, progress)
"""


@pytest.mark.parametrize("ngff", ["0.5", "0.4"])
def test_killed_and_taken_up_it_is_the_same(tmp_path: Path, ngff: str) -> None:
    rng = np.random.default_rng(0)
    voxels = rng.integers(0, 60, (2, 200, 200, 200), np.uint8)
    voxels[:, :64, 100:200] = 0
    np.save(tmp_path / "in.npy", voxels)
    units = 2 * 4 * 4 * 4

    def run(name: str, until: int) -> tuple[int, list[int]]:
        """The exit code, and the numbers of units that were told as done."""
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / "in.npy"), str(tmp_path / name), ngff, str(until)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)
        return ran.returncode, [int(line.split()[-1]) for line in ran.stdout.splitlines() if "converting" in line]

    assert run("whole.ome.zarr", 10**9) == (0, list(range(units + 1)))
    partial = tmp_path / "broken.ome.zarr.partial"
    at = 0
    for until in (units // 2 + 5, units - 1):
        code, told = run("broken.ome.zarr", until)
        assert code == -signal.SIGKILL
        assert told == list(range(at, until + 1))
        at = done_of(partial) if (partial / "journal.npz").exists() else 0
        assert at <= until
        assert not (tmp_path / "broken.ome.zarr").exists()
    assert at > 0
    assert run("broken.ome.zarr", 10**9) == (0, list(range(at, units + 1)))
    assert not partial.exists()
    whole = digests(tmp_path / "whole.ome.zarr")
    assert digests(tmp_path / "broken.ome.zarr") == whole
    assert len(whole) > 20
    assert (zarr.open_array(tmp_path / "broken.ome.zarr" / "0", mode="r")[...] == voxels).all()


def done_of(folder: Path) -> int:
    return Journal(folder / "journal.npz").read().done


def gray(shape: tuple[int, int, int] = (140, 140, 140)) -> MemorySource:
    return MemorySource(np.random.default_rng(1).integers(0, 255, shape, np.uint8), name="gray")


def test_a_damaged_chunk_is_said_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "BLOCK_MAX", 64)
    voxels = np.random.default_rng(1).integers(0, 255, (64, 64, 256), np.uint8)
    zarr.create_array(tmp_path / "in.zarr", data=voxels, chunks=(64, 64, 64))
    chunk = tmp_path / "in.zarr" / "c" / "0" / "0" / "2"
    good = chunk.read_bytes()
    chunk.write_bytes(good[:1000])
    output = tmp_path / "out.ome.zarr"
    with pytest.raises(SourceError) as caught:
        convert_to(output, *open_sources(str(tmp_path / "in.zarr")), threads=1)
    assert "'in.zarr' at [0:64, 0:64, 128:192]" in caught.value.sentence
    assert caught.value.sentence.endswith("is kept, and the same command goes on from there")
    assert not output.exists()
    assert done_of(tmp_path / "out.ome.zarr.partial") == 2
    chunk.write_bytes(good)
    convert_to(output, *open_sources(str(tmp_path / "in.zarr")), threads=1)
    assert (zarr.open_array(output / "0", mode="r")[...] == voxels).all()


def test_a_file_that_cannot_grow(tmp_path: Path) -> None:
    """The system's limit on the size of files stands for a full disk: the same system call fails."""
    np.save(tmp_path / "in.npy", np.random.default_rng(1).integers(0, 255, (256, 256, 256), np.uint8))
    output = tmp_path / "out.ome.zarr"
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, resource.RLIM_INFINITY))\n"
        "from render.cli import main\n"
        "sys.exit(main(['convert', *sys.argv[1:]]))"
    )
    command = [str(tmp_path / "in.npy"), str(output)]
    ran = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("hosta: 'out.ome.zarr' cannot be written: file too large; what is")
    assert not output.exists()
    ran = subprocess.run(
        [sys.executable, "-m", "render", "convert", *command], capture_output=True, encoding="utf-8", check=False
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, str(output))


def test_ctrl_c(tmp_path: Path) -> None:
    output = tmp_path / "out.ome.zarr"
    command = [sys.executable, "-m", "render", "convert", "synthetic:cell?size=128&labels=0", str(output)]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "out.ome.zarr.partial" / "store" / "0" / "zarr.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines() == [
        "hosta: kept in 'out.ome.zarr.partial'; the same command goes on from there", "hosta: interrupted",
    ]  # fmt: skip


def test_what_is_there_stays(tmp_path: Path) -> None:
    output = tmp_path / "out.ome.zarr"
    convert_to(output, gray())
    before = digests(output)
    with pytest.raises(UsageError, match=r"'out.ome.zarr' is there already; --overwrite replaces it"):
        convert_to(output, gray((20, 20, 20)))
    assert digests(output) == before
    convert_to(output, gray((20, 20, 20)), overwrite=True)
    assert zarr.open_array(output / "0", mode="r").shape == (20, 20, 20)
    assert os.listdir(tmp_path) == ["out.ome.zarr"]
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "thesis.txt").write_text("all of it")
    with pytest.raises(UsageError, match="is no zarr store, and only those are overwritten"):
        convert_to(tmp_path / "mine.zarr", gray((20, 20, 20)), overwrite=True)


def test_another_job_does_not_go_on(tmp_path: Path) -> None:
    output, partial = tmp_path / "out.ome.zarr", tmp_path / "out.ome.zarr.partial"

    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert([gray()], output, Options(), {}, interrupt)
    with pytest.raises(UsageError, match=r"'out.ome.zarr.partial' is left of another conversion"):
        convert_to(output, gray(), compression="lz4")
    with Lock(partial / "lock"), pytest.raises(UsageError, match=r"another process is writing 'out.ome.zarr.partial'"):
        convert_to(output, gray())
    (partial / "journal.npz").write_bytes(b"PK damaged")
    with pytest.raises(SourceError, match="the journal of the interrupted conversion"):
        convert_to(output, gray())
    convert_to(output, gray(), compression="lz4", overwrite=True)
    codecs = json.loads((output / "0" / "zarr.json").read_bytes())["codecs"][0]["configuration"]["codecs"]
    assert codecs[1]["configuration"]["cname"] == "lz4"
    partial.mkdir()
    (partial / "thesis.txt").write_text("all of it")
    shutil.rmtree(output)
    with pytest.raises(UsageError, match="holds other things than a conversion"):
        convert_to(output, gray(), overwrite=True)
    assert (partial / "thesis.txt").read_text() == "all of it"


class Lying(MemorySource):
    """A source that does not say the same twice."""

    def read(self, *where: Any) -> Any:
        self.times = getattr(self, "times", 0) + 1
        return super().read(*where) + (self.times > 1)


@pytest.mark.parametrize("how", ["quick", "all"])
def test_verification_finds_a_difference(tmp_path: Path, how: str) -> None:
    source = Lying(np.zeros((40, 40, 40), np.uint8) + 3)
    with pytest.raises(HostaError, match="what was written differs from what was read \\(level 0"):
        convert_to(tmp_path / "out.ome.zarr", source, verification=how)
    assert not (tmp_path / "out.ome.zarr").exists()
