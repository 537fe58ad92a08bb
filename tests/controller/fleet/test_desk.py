"""Whose turn it is: rules alone, with a clock that is set by hand."""

import random

import pytest

from codeword.controller.fleet.desk import MOST_CLIENTS, MOST_WAITING, Desk, FullError

A, B, C = b"a", b"b", b"c"


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Desk[str]:
    return Desk(clock)


def picked(desk: Desk[str], room: int, served: frozenset[bytes] = frozenset()) -> list[tuple[bytes, int]]:
    return [(place.client, place.number) for place in desk.pick(room, served)]


def test_one_of_a_client_at_a_time_and_in_its_order(desk: Desk[str], clock: Clock) -> None:
    for number in (1, 2, 3):
        desk.wait(A, number, "x")
    clock.now_s += 1
    desk.wait(B, 1, "x")
    assert picked(desk, 8) == [(A, 1), (B, 1)]
    clock.now_s += 1
    assert picked(desk, 8) == [(A, 2)]
    assert picked(desk, 8, frozenset({A})) == []
    assert len(desk) == 1


def test_the_one_longest_unserved_is_first(desk: Desk[str], clock: Clock) -> None:
    for client in (A, B, C):
        clock.now_s += 1
        for number in (1, 2):
            desk.wait(client, number, "x")
    order = []
    for _ in range(6):
        clock.now_s += 1
        order += [client for client, _ in picked(desk, 1)]
    assert order == [A, B, C, A, B, C]


def test_whoever_has_no_request_is_passed_over(desk: Desk[str]) -> None:
    desk.enter(A)
    desk.wait(B, 1, "x")
    assert picked(desk, 1) == [(B, 1)]
    assert picked(desk, 1) == []


def test_what_is_late_is_told_and_never_picked(desk: Desk[str], clock: Clock) -> None:
    desk.wait(A, 1, "x", 0.5, "decision_ms")
    desk.wait(A, 2, "x")
    clock.now_s += 0.5
    assert picked(desk, 8) == [(A, 2)]
    assert [(place.number, place.stage) for place in desk.late()] == [(1, "decision_ms")]
    assert desk.late() == []


def test_what_is_given_up_or_left_is_gone(desk: Desk[str]) -> None:
    desk.wait(A, 1, "x")
    desk.wait(B, 1, "x")
    assert desk.give_up(A, 1)
    assert not desk.give_up(A, 1)
    assert not desk.give_up(C, 1)
    desk.leave(B)
    desk.leave(C)
    assert picked(desk, 8) == []
    assert desk.clients == (A,)


def test_there_are_bounds(desk: Desk[str]) -> None:
    for number in range(MOST_WAITING):
        desk.wait(A, number, "x")
    with pytest.raises(FullError, match="8 requests wait already"):
        desk.wait(A, 99, "x")
    for number in range(MOST_CLIENTS - 1):
        desk.enter(b"%d" % number)
    with pytest.raises(FullError, match="256 clients"):
        desk.enter(b"one more")
    desk.leave(A)
    desk.enter(b"one more")


def test_nobody_waits_longer_than_a_round(clock: Clock) -> None:
    """Whatever comes in whatever order: while a client waits, no other has more than one turn."""
    lot = random.Random(3)
    for _ in range(50):
        desk: Desk[str] = Desk(clock)
        clients = [b"%d" % number for number in range(lot.randint(2, 6))]
        turns: dict[bytes, list[bytes]] = {}  # of each client that waits: who had a turn meanwhile
        waiting = dict.fromkeys(clients, 0)
        for client in clients:
            desk.enter(client)
        for _ in range(200):
            clock.now_s += 1 + lot.random()
            client = lot.choice(clients)
            if waiting[client] < MOST_WAITING:
                desk.wait(client, 1, "x")
                waiting[client] += 1
                turns.setdefault(client, [])
            for place in desk.pick(lot.choice((0, 0, 1, 2))):
                waiting[place.client] -= 1
                del turns[place.client]
                for others in turns.values():
                    others.append(place.client)
                    assert others.count(place.client) == 1
                if waiting[place.client]:
                    turns[place.client] = []
