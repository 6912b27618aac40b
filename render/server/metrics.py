"""What /metrics says of the workers: what each last told its supervisor."""

from __future__ import annotations

from ..session.meter import WorkerLoad
from ..worker.supervisor import Supervisor


def load_of(name: str, supervisor: Supervisor) -> WorkerLoad:
    """How a worker is; `name` is its number."""
    load = supervisor.load
    return WorkerLoad(
        name=name,
        ready=supervisor.status == "ready",
        restarts=supervisor.restarts,
        host_bytes=load.host_bytes if load is not None else None,
        device_bytes=load.device_bytes if load is not None else None,
        bricks=load.bricks if load is not None else None,
        missing=load.missing if load is not None else None,
    )
