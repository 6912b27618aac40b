"""When a scene will never be shown, and when there is hope."""

from __future__ import annotations

import pytest

from render.errors import GpuError, HostaError, SourceError, WorkerError
from render.limits import DEFAULT_LIMITS
from render.session.registry import START_TRIES, Registry
from render.state.view import ViewState
from render.summary import SceneSummary
from render.worker.protocol import Failed, OpenScene, SceneReady
from render.worker.supervisor import Supervisor

SUMMARY = SceneSummary(name="s", box_lo=(0, 0, 0), box_hi=(1, 1, 1), layers=(), n_times=1)
READY = SceneReady(scene="main", summary=SUMMARY, default_state=ViewState())


@pytest.fixture
def given_up() -> list[HostaError]:
    return []


@pytest.fixture
def registry(given_up: list[HostaError]) -> Registry:
    """A registry whose supervisor was never started."""
    return Registry(Supervisor(), OpenScene(scene="main", paths=("a",)), DEFAULT_LIMITS, lambda: 0.0, given_up.append)


def end_workers(registry: Registry, count: int) -> None:
    for _ in range(count):
        registry.on_worker_status("restarting", "it ended by signal 11")


def test_data_that_cannot_be_opened(registry: Registry, given_up: list[HostaError]) -> None:
    registry.on_worker_message(Failed(scene="main", code="source", message="'a' is empty"), b"")
    end_workers(registry, 5)
    (error,) = given_up
    assert isinstance(error, SourceError)
    assert str(error) == "'a' is empty"


def test_a_worker_without_opengl(registry: Registry, given_up: list[HostaError]) -> None:
    registry.on_worker_message(Failed(code="gpu", message="no usable OpenGL"), b"")
    assert [type(error) for error in given_up] == [GpuError]


def test_workers_that_end_before_the_scene_is_shown(registry: Registry, given_up: list[HostaError]) -> None:
    for ended in range(1, START_TRIES + 1):
        assert not given_up
        registry.on_worker_status("ready", "")  # it starts, and dies of the data
        end_workers(registry, 1)
        assert registry.ready is False, ended
    (error,) = given_up
    assert isinstance(error, WorkerError)
    assert "signal 11" in str(error)


def test_after_the_first_picture_there_is_always_hope(registry: Registry, given_up: list[HostaError]) -> None:
    registry.on_worker_status("ready", "")
    registry.on_worker_message(READY, b"")
    end_workers(registry, 10)
    registry.on_worker_message(Failed(scene="main", code="source", message="the disk is gone"), b"")
    registry.on_worker_message(Failed(code="gpu", message="no usable OpenGL"), b"")
    assert given_up == []
