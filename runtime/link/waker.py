"""Wakes a loop that waits for sockets."""

import socket
from contextlib import suppress


class Waker:
    """A pair of sockets, and no pipe: on Windows ZeroMQ can wait for nothing else.

    `wake` is for any thread, everything else for the loop.
    """

    def __init__(self) -> None:
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)

    def fileno(self) -> int:
        """The descriptor that can be read once `wake` was called."""
        return self._ear.fileno()

    def wake(self) -> None:
        """Have the loop look around. Without effect once closed."""
        with suppress(OSError):  # full: it will wake anyway
            self._mouth.send(b"!")

    def clear(self) -> None:
        """Wait for the next call of `wake`."""
        with suppress(OSError):
            self._ear.recv(4096)

    def close(self) -> None:
        """Let go of both sockets. Idempotent."""
        self._ear.close()
        self._mouth.close()
