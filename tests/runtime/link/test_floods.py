"""Nobody who may connect keeps a stop from being heard, fills memory, or costs the lease holder its link."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from codeword.codebook import Codebook, read_command
from codeword.runtime.link.connection import Connection
from codeword.runtime.link.limits import MOST_BYTES, PROTOCOL
from codeword.runtime.link.robot import LinkRobot, stop_robot
from codeword.runtime.link.server import MOST_UNREAD_BYTES
from tests.runtime.link.cart import moved_at
from tests.runtime.link.patient import PATIENT
from tests.runtime.link.processes import CREEP, Raw, Served, served
from tests.runtime.link.test_faults import resident_mb

GREETING = b"\xff" + b"\0" * 8 + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" * 32
READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
FRAME, LAST = b"\x01\x00", b"\x00\x00"
"""Empty frames as they travel: one that others follow, and the last."""


@contextmanager
def wire(robot: Served) -> Iterator[socket.socket]:
    """A connection that has said what ZeroMQ says first, for whatever bytes are to follow."""
    with socket.create_connection(("127.0.0.1", robot.port), timeout=20) as one:
        one.sendall(GREETING)
        heard = b""
        while len(heard) < len(GREETING):
            heard += one.recv(len(GREETING) - len(heard))
        one.sendall(bytes([4, len(READY)]) + READY)
        yield one


def send(one: socket.socket, data: bytes) -> bool:
    """Send all of it; False where the connection was closed before."""
    try:
        one.sendall(data)
    except OSError:
        return False
    return True


def closed(one: socket.socket) -> bool:
    """Whether the other side closes a connection; what it sends meanwhile is thrown away."""
    try:
        while one.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    with served(notes=tmp_path / "notes") as one:
        yield one


def answered_s(connection: Connection) -> float:
    began_s = time.monotonic()
    assert stop_robot(connection, "in a flood", 10.0) is not None, connection.network
    return time.monotonic() - began_s


@pytest.mark.parametrize("finished", [True, False])
def test_a_message_of_five_million_empty_frames_is_cut_off_and_a_stop_is_heard(fresh: Served, finished: bool) -> None:
    connection = Connection(fresh.url)
    answered_s(connection)
    before, most = resident_mb(fresh), 0.0
    with wire(fresh) as one:
        flood = threading.Thread(target=send, args=(one, FRAME * 5_000_000 + (LAST if finished else b"")))
        flood.start()
        for _ in range(10):
            assert answered_s(connection) < 1.0
            most = max(most, resident_mb(fresh))
        assert closed(one)
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)  # who still sends need not wait for its time to be over
        flood.join(20)
        assert not flood.is_alive()
        assert answered_s(connection) < 1.0
    assert max(most, resident_mb(fresh)) < before + 40, "five million frames come to 320 MB"
    connection.close()


def test_a_message_that_is_dripped_is_cut_off_too(fresh: Served) -> None:
    """Below what one look at it would find, again and again, and never finished."""
    with wire(fresh) as one:
        for _ in range(2 * MOST_UNREAD_BYTES // 20_000):
            if not send(one, FRAME * 10_000):
                break
            time.sleep(0.02)
        assert closed(one)


def test_a_message_of_more_than_a_thousand_frames_ends_the_connection_and_no_other(fresh: Served) -> None:
    with wire(fresh) as one, Raw(fresh.url) as other:
        other.hello()
        assert send(one, FRAME * 2_000 + LAST)
        assert closed(one)
        assert other.ask(kind="observe")["kind"] == "observation"


def test_the_longest_message_and_one_that_comes_slowly_are_taken(fresh: Served) -> None:
    text = b'{"kind":"stop","id":"slow"}'.ljust(MOST_BYTES)
    with wire(fresh) as one:
        head = b"\x02" + len(text).to_bytes(8, "big")
        for at in range(0, len(text), 8_192):
            assert send(one, (head if at == 0 else b"") + text[at : at + 8_192])
            time.sleep(0.03)
        one.settimeout(5)
        heard = b""
        while b'"stopped"' not in heard:
            heard += one.recv(65_536)


def test_sixty_connections_that_say_hello_in_turn_do_not_cost_the_holder_its_link(
    fresh: Served, cart_book: Codebook
) -> None:
    robot = LinkRobot(fresh.url, cart_book)
    execution = robot.execute(read_command(cart_book, CREEP))
    others = [Raw(fresh.url) for _ in range(60)]
    longest_s, end_s = 0.0, time.monotonic() + 3 * PATIENT.hold_s
    while time.monotonic() < end_s:
        for other in others:
            other.token = secrets.token_hex(16)
            other.say(kind="hello", protocol=PROTOCOL, codebook_hash=cart_book.hash)
        longest_s = max(longest_s, time.monotonic() - robot.connection.heard_s)
        time.sleep(0.01)
    assert longest_s < PATIENT.hold_s
    assert not robot.connection.lost
    assert execution.result().status == "done"
    assert len(moved_at(fresh.notes)) == 2000
    robot.close()
    for other in others:
        other.__exit__()
