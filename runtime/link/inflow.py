"""Cuts off a connection that fills memory with a message which it does not finish.

ZeroMQ hands a message over once its last frame is there, and keeps all frames until then, 64 bytes for each, an empty
one too; MAXMSGSIZE bounds one frame, RCVHWM counts whole messages. So what has come over a connection is counted here,
by the kernel's own numbers, against the messages that were read from it.
"""

import os
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

import zmq
from zmq.utils.monitor import parse_monitor_message

from .limits import MOST_BYTES

MOST_UNREAD_BYTES = MOST_BYTES + 16_384
"""So much may ZeroMQ hold of a connection from which no message could be read: the largest message, and some more."""
_IDLE_BYTES_PER_S = 1_000.0
"""ZeroMQ's own heartbeats, of which no message comes, take less [bytes/s]."""
_MOST_IDLE_BYTES = 4_000_000
_EVERY_S = 0.005
_SHARE = 0.05
"""Looking takes at most this share of the loop's time, however many connections there are."""
_BYTES_RECEIVED = struct.Struct("=Q")
_BYTES_RECEIVED_AT = 128
"""Where `tcpi_bytes_received` stands in Linux's `struct tcp_info`."""


@dataclass
class _Source:
    """A connection: its bytes that are accounted for, and those when a message was read last."""

    accounted: float
    read: float
    at_s: float


class Inflow:
    """Watches the connections of one bound socket. On systems other than Linux it watches nothing."""

    def __init__(self, bound: "zmq.Socket[bytes]", port: int) -> None:
        """To be made before the first connection, as only those are known that are seen to begin."""
        self._bound, self._port = bound, port
        self._pair: zmq.Socket[bytes] = bound.get_monitor_socket(
            zmq.EVENT_ACCEPTED | zmq.EVENT_CLOSED | zmq.EVENT_DISCONNECTED
        )
        self._sources: dict[int, _Source] = {}
        self._heard: set[int] = set()
        self._next_s = 0.0
        self.cut_off = 0
        """How many connections were cut off."""

    def heard(self, fd: int) -> None:
        """A whole message was read that came over that connection."""
        self._heard.add(fd)

    def look(self) -> None:
        """Cut off whoever has sent too much of what is no message yet."""
        began_s, began_working_s = time.monotonic(), time.thread_time()
        if began_s < self._next_s:
            return
        self._follow(began_s)
        for fd, source in list(self._sources.items()):
            inside = self._inside(fd)
            if inside is None:
                del self._sources[fd]
            elif fd in self._heard:
                source.accounted, source.read, source.at_s = inside, inside, began_s
            elif inside - source.accounted > MOST_UNREAD_BYTES or inside - source.read > _MOST_IDLE_BYTES:
                self.cut(fd)
            else:
                source.accounted = min(inside, source.accounted + (began_s - source.at_s) * _IDLE_BYTES_PER_S)
                source.at_s = began_s
        self._heard.clear()
        worked_s = time.thread_time() - began_working_s  # not wall time: a flood does not wait
        self._next_s = time.monotonic() + max(_EVERY_S, worked_s / _SHARE)

    def cut(self, fd: int) -> None:
        """Close a connection; ZeroMQ then forgets what is unfinished of it."""
        self._sources.pop(fd, None)
        connection = self._own(fd)
        if connection is not None:
            with connection, suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                self.cut_off += 1

    def close(self) -> None:
        """Watch no more."""
        self._bound.disable_monitor()
        self._pair.close(0)

    def _follow(self, now_s: float) -> None:
        """Take in which connections have come and gone."""
        while self._pair.poll(0):
            event = parse_monitor_message(self._pair.recv_multipart(zmq.NOBLOCK))
            fd = int(event["value"])
            if event["event"] != zmq.EVENT_ACCEPTED:
                self._sources.pop(fd, None)
            elif sys.platform == "linux":
                self._sources[fd] = _Source(0.0, 0.0, now_s)

    def _inside(self, fd: int) -> int | None:
        """How many bytes ZeroMQ has taken in over a connection so far; None where it has gone."""
        connection = self._own(fd)
        if connection is None:
            return None
        with connection:
            try:
                info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                waiting = _unread_bytes(connection)
            except OSError:
                return None
            if len(info) < _BYTES_RECEIVED_AT + _BYTES_RECEIVED.size:
                return None  # a kernel before 4.1
            (received,) = _BYTES_RECEIVED.unpack_from(info, _BYTES_RECEIVED_AT)
            return int(received) - waiting

    def _own(self, fd: int) -> socket.socket | None:
        """A copy of a descriptor, if it still is a connection to our port: it is ZeroMQ that closes them, and a number
        that has become free is soon something else's.
        """
        try:
            copy = os.dup(fd)
        except OSError:
            return None
        try:
            connection = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)
            return None
        try:
            if connection.getsockname()[1] == self._port:
                return connection
        except (OSError, IndexError, TypeError):
            pass
        connection.close()
        return None


def _unread_bytes(connection: socket.socket) -> int:
    """How many bytes of a connection ZeroMQ has not taken from the kernel. Raises OSError where it has gone."""
    import fcntl  # not there on Windows, where nothing is watched
    import termios

    return int.from_bytes(fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4), sys.byteorder)
