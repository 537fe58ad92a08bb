"""While a robot carries out a task: Ctrl-C, or a line with a stop word, stops it and ends the task, not the process."""

import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from codeword.codebook import Robot

from .signals import Terminated

_WINDOWS = os.name == "nt"  # its terminals cannot be waited for beside a socket: there Ctrl-C alone stops


@contextmanager
def stoppable(
    robot: Robot, is_stop: Callable[[str], bool], typed: TextIO | None, on_line: Callable[[str], None]
) -> Iterator[None]:
    """Have the first Ctrl-C in the block, or a stop word typed on a line of its own, stop the robot; a second Ctrl-C is
    raised as Terminated. Other lines typed meanwhile go to `on_line`, in a thread of its own.

    `typed` is a terminal, or None where nobody types. Only the main thread hears of Ctrl-C.
    """
    ours, waker = socket.socketpair()
    waker.setblocking(False)
    hurried = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        nonlocal hurried
        if hurried:
            raise Terminated(number)
        hurried = True
        waker.send(b"s")

    listener = threading.Thread(
        target=_listen,
        args=(robot, is_stop, on_line, ours, None if _WINDOWS else typed),
        name="stop words",
        daemon=True,
    )
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, interrupt) if is_main else None
    listener.start()
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)
        waker.send(b"e")
        listener.join()
        ours.close()
        waker.close()


def _listen(
    robot: Robot,
    is_stop: Callable[[str], bool],
    on_line: Callable[[str], None],
    ours: socket.socket,
    typed: TextIO | None,
) -> None:
    """Wait for what comes from the terminal, for an interrupt (`s`) and for the end (`e`). The terminal is read past
    its buffer: a line that lay there could not be waited for.
    """
    sources: list[socket.socket | TextIO] = [ours, *([typed] if typed is not None else [])]
    rest = b""
    while True:
        ready, _, _ = select.select(sources, [], [])
        if ours in ready:
            said = ours.recv(16)
            if b"s" in said:
                robot.stop()
            if b"e" in said:
                return
        if typed is not None and typed in ready:
            read = os.read(typed.fileno(), 4096)
            if not read:
                sources.remove(typed)
                continue
            *whole, rest = (rest + read).split(b"\n")
            for line in (one.decode(errors="replace").strip() for one in whole):
                if is_stop(line):
                    robot.stop()
                elif line:
                    on_line(line)
