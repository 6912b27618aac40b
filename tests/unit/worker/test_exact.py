"""Picks are completed from the files, unless that takes too long: a store that hangs holds up no answer."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from render.errors import SourceError
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.summary import Pick, PickedChannel, PickedLayer
from render.worker.exact import MOST_READING, PATIENCE_S, ExactValues
from render.worker.protocol import PickAt, Picked

from ...gpu.scenes import scene_of


class Store(MemorySource):
    """Hangs until `come` is set, once `hangs`."""

    def __init__(self) -> None:
        super().__init__(np.arange(27, dtype=np.uint8).reshape(3, 3, 3))
        self.come = threading.Event()
        self.hangs = self.broken = False

    def read(self, *where):  # type: ignore[no-untyped-def]
        if self.hangs:
            self.come.wait(20)
        if self.broken:
            raise SourceError("the chunk is damaged")
        return super().read(*where)


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    yield made
    made.come.set()


def ask(number: int, scene: Scene, exact: bool = True) -> tuple[PickAt, Pick]:
    layer = PickedLayer(
        source="0", name="n", kind="image", visible=True, level=0, voxel_zyx=(1, 2, 0), finest_zyx=(1, 2, 0),
        channels=(PickedChannel(name="c", value=14.5),),
    )  # fmt: skip
    request = PickAt(
        request=number, view="v", state=scene.default_state, x=0.5, y=0.5, width=64, height=64, exact=exact
    )
    return request, Pick(kind="medium", pixel=(32, 32), size=(64, 64), layers=(layer,))


def exact_of(answer: Picked) -> str | None:
    assert answer.pick is not None
    return answer.pick.layers[0].channels[0].exact


def test_what_the_file_has_comes_with_the_answer(store: Store) -> None:
    told: queue.Queue[Picked] = queue.Queue()
    scene = scene_of(store)
    values = ExactValues(told.put)
    request, pick = ask(1, scene)
    values.answer(request, scene, pick)
    assert exact_of(told.get(timeout=10)) == "15"  # z 1, y 2, x 0
    request, pick = ask(2, scene, exact=False)
    values.answer(request, scene, pick)
    answer = told.get_nowait()  # at once
    assert (answer.request, exact_of(answer), answer.pick and answer.pick.trouble) == (2, None, "")
    store.broken = True
    request, pick = ask(3, scene)
    values.answer(request, scene, pick)
    answer = told.get(timeout=10)
    assert (exact_of(answer), answer.pick and answer.pick.trouble) == (None, "the chunk is damaged")


def test_a_store_that_hangs_costs_half_a_second_and_no_more_threads_than_a_few(store: Store) -> None:
    told: queue.Queue[Picked] = queue.Queue()
    scene = scene_of(store)
    store.hangs = True
    values, started_s = ExactValues(told.put), time.monotonic()
    for number in range(MOST_READING + 2):
        request, pick = ask(number, scene)
        values.answer(request, scene, pick)
    at_once = [told.get_nowait() for _ in range(2)]
    assert [answer.request for answer in at_once] == [MOST_READING, MOST_READING + 1]
    late = [told.get(timeout=10) for _ in range(MOST_READING)]
    assert time.monotonic() - started_s >= PATIENCE_S
    assert {answer.request for answer in late} == set(range(MOST_READING))
    assert all(exact_of(answer) is None for answer in late)
    assert all(answer.pick and "did not come within" in answer.pick.trouble for answer in late)
    store.come.set()
    time.sleep(0.3)
    assert told.empty()  # each is answered once
