"""What a reader does next, of what is asked for."""

from __future__ import annotations

import pytest

from render.bricks.backlog import Backlog
from render.bricks.keys import BrickKey, Wanted


def brick(z: int, layer: int = 0) -> Wanted:
    return Wanted(BrickKey(layer, 0, 0, (z, 0, 0)), 0)


def backlog(*bricks: Wanted, limits: tuple[int, ...] = (8,), at_once: int = 4) -> Backlog:
    made = Backlog(limits, [(at_once, 1, 1)] * len(limits))
    made.replace(enumerate(bricks), ())
    return made


def test_neighbours_begin_together_while_many_wait() -> None:
    many = backlog(*(brick(z) for z in range(40)))
    assert many.startable == 2  # reads of four
    assert many.next_groups() == [[brick(z) for z in range(4)], [brick(0)]]
    many.begin(many.next_groups()[0])
    assert many.startable == 1
    many.begin(many.next_groups()[0])
    assert (many.startable, many.next_groups()) == (0, [])
    many.end(0, 4)
    assert many.startable == 1


def test_few_begin_one_by_one() -> None:
    few = backlog(*(brick(z) for z in range(5)))
    assert few.startable == 5
    assert few.next_groups() == [[brick(0)]]


@pytest.mark.parametrize("first", [0, 1])
def test_what_matters_most_comes_first_of_whichever_source(first: int) -> None:
    both = backlog(brick(0, first), brick(0, 1 - first), limits=(8, 8))
    assert both.next_groups() == [[brick(0, first)]]
    assert both.startable == 2


def test_a_source_that_is_busy_holds_up_no_other() -> None:
    both = backlog(brick(0, 0), brick(1, 0), brick(0, 1), limits=(1, 1))
    both.begin([brick(0, 0)])
    assert both.next_groups() == [[brick(0, 1)]]


def test_what_failed_sleeps_and_then_comes_first() -> None:
    one = backlog(brick(0), brick(1))
    one.begin([brick(0)])
    one.end(0, 1)
    one.sleep(brick(0), until_s=5.0)
    one.rouse(4.0)
    assert one.next_groups() == [[brick(1)]]
    assert one.due_s(4.0) == 1.0
    one.rouse(5.0)
    assert one.next_groups() == [[brick(0)]]
    assert (one.due_s(5.0), one.outstanding) == (None, 2)


def test_what_is_set_apart_is_read_by_itself() -> None:
    many = backlog(*(brick(z) for z in range(40)))
    many.set_apart(brick(0))
    assert many.next_groups() == [[brick(0)]]
    many.was_read(brick(0))
    assert len(many.next_groups()[0]) == 4
    many.set_apart(brick(1))
    assert many.next_groups()[0] == [brick(0), brick(2), brick(3)]


def test_all_is_done_when_nothing_waits_sleeps_or_is_read() -> None:
    one = backlog(brick(0))
    assert not one.is_done
    one.begin([brick(0)])
    assert not one.is_done
    one.end(0, 1)
    assert one.is_done
    one.sleep(brick(0), 1.0)
    assert not one.is_done
    one.replace((), ())
    assert one.is_done
