"""Arrays that are used again: never while anybody holds them."""

from __future__ import annotations

import threading

import numpy as np

from render.bricks.array_pool import ArrayPool


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def test_memory_is_used_again_when_the_array_and_its_views_are_gone() -> None:
    pool = ArrayPool(1 << 20)
    first = pool.empty((4, 4, 4), np.uint16)
    assert first.shape == (4, 4, 4)
    assert first.dtype == np.uint16
    place = address(first)
    part = first[1:, ::2]
    raw = memoryview(part)
    del first, part
    assert address(pool.empty((4, 4, 4), np.uint16)) != place
    assert address(pool.empty((4, 4, 4), np.uint8)) != place
    del raw
    assert address(pool.empty((4, 4, 4), np.uint16)) == place


def test_no_more_is_kept_than_allowed() -> None:
    pool = ArrayPool(2 * 64)
    arrays = [pool.empty((4, 4, 4), np.uint8) for _ in range(5)]
    places = {address(array) for array in arrays}
    del arrays
    kept = next(iter(pool._free.values()))
    assert len(kept) == 2
    assert {address(memory) for memory in kept} < places


def test_threads_never_get_the_same_memory() -> None:
    pool = ArrayPool(1 << 20)
    mixed: list[int] = []

    def work(number: int) -> None:
        for _ in range(300):
            array = pool.empty((32,), np.int64)
            array[:] = number
            if not (array == number).all():
                mixed.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mixed
