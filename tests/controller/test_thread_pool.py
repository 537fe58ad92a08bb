"""Threads that carry out a pass together: each is called once, and what goes wrong in one reaches the caller."""

import threading
import weakref
from collections.abc import Callable

import pytest

from codeword.controller.packed_model import ThreadPool


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_thread_is_called_once(threads: int) -> None:
    pool, called = ThreadPool(threads), [0] * threads

    def job(number: int) -> None:
        called[number] += 1

    for _ in range(20):
        pool.run(job)
    pool.close()
    assert called == [20] * threads


def test_the_caller_is_the_first_thread() -> None:
    pool, names = ThreadPool(3), [""] * 3

    def job(number: int) -> None:
        names[number] = threading.current_thread().name

    pool.run(job)
    pool.close()
    assert names == [threading.current_thread().name, "pass-1", "pass-2"]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_reaches_the_caller(failing: int) -> None:
    pool = ThreadPool(3)

    def job(number: int) -> None:
        if number == failing:
            raise ArithmeticError(f"thread {number} cannot")

    with pytest.raises(ArithmeticError, match=f"thread {failing} cannot"):
        pool.run(job)
    pool.close()


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("second", [0, 1])
def test_an_error_leaves_nothing_behind_for_the_next_run(first: int, second: int) -> None:
    pool = ThreadPool(2)

    def fail(failing: int) -> Callable[[int], None]:
        def job(number: int) -> None:
            if number == failing:
                raise ArithmeticError(f"job {failing}")

        return job

    with pytest.raises(ArithmeticError, match=f"job {first}"):
        pool.run(fail(first))
    with pytest.raises(ArithmeticError, match=f"job {second}"):
        pool.run(fail(second))
    pool.run(fail(-1))
    pool.close()


def test_closed_threads_end_and_are_not_waited_for() -> None:
    before = set(threading.enumerate())
    pool = ThreadPool(3)
    own = set(threading.enumerate()) - before
    assert len(own) == 2
    pool.close()
    for thread in own:
        thread.join(10)
    assert not any(thread.is_alive() for thread in own)
    with pytest.raises(RuntimeError, match="the pool was closed"):
        pool.run(print)


def test_a_thread_that_waits_keeps_nothing_of_the_last_job() -> None:
    class Held:
        pass

    pool, held = ThreadPool(2), Held()
    kept = weakref.ref(held)

    def job(number: int, held: Held = held) -> None:
        del number, held

    pool.run(job)
    del job, held
    assert kept() is None
    pool.close()


@pytest.mark.parametrize("threads", [0, -1])
def test_a_team_of_nobody_is_refused(threads: int) -> None:
    with pytest.raises(ValueError, match=f"a pool has at least one thread, not {threads}"):
        ThreadPool(threads)
