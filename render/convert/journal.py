"""What is done of a conversion, kept beside what it writes, so that it can be taken up again.

A journal is one small file that is replaced as a whole: the number of blocks that are written, and of each shard that
is not finished where its chunks lie. What it says is true of the disk: data are made durable before it is.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ..bricks.zarr_json import write_durably
from ..errors import SourceError
from .shards import OpenShard, ShardKey


@dataclass
class Progressed:
    """`part`: which image of the store; `done`: how many of its blocks are written; `stage`: see `conversion`."""

    stage: str = "write"
    part: int = 0
    done: int = 0
    unfinished: dict[ShardKey, OpenShard] = field(default_factory=dict)


@dataclass(frozen=True)
class Journal:
    path: Path

    def read(self) -> Progressed:
        """What was done; nothing where there is no journal yet. Raises SourceError where it is damaged."""
        if not self.path.exists():
            return Progressed()
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                said = json.loads(stored["said"].tobytes())
                shards = {
                    tuple(entry["key"]): OpenShard(stored[f"shard{number}"].reshape(-1, 2).copy(), entry["length"])
                    for number, entry in enumerate(said["shards"])
                }
            return Progressed(said["stage"], said["part"], said["done"], shards)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise SourceError(
                f"the journal of the interrupted conversion, '{self.path.parent.name}/{self.path.name}', is damaged; "
                "convert again with --overwrite"
            ) from error

    def write(self, progressed: Progressed) -> None:
        """Replace the journal, durably. Raises OSError."""
        shards = progressed.unfinished
        said = {
            "stage": progressed.stage,
            "part": progressed.part,
            "done": progressed.done,
            "shards": [{"key": list(key), "length": shard.length} for key, shard in shards.items()],
        }
        arrays: dict[str, Any] = {f"shard{number}": shard.entries for number, shard in enumerate(shards.values())}
        buffer = BytesIO()
        np.savez(buffer, said=np.frombuffer(json.dumps(said).encode(), np.uint8), **arrays)
        write_durably(self.path, buffer.getvalue())


class Lock:
    """One process at a time works on a conversion. A context manager; UsageError while another does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> Lock:
        import fcntl

        from ..errors import UsageError

        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise UsageError(f"another process is writing '{self._path.parent.name}' at the moment") from None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)  # and with it the lock goes
