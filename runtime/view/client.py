"""One page that is looking on: what is still to be sent to it, of pictures only the newest."""

import json
import threading
from collections import deque
from collections.abc import Iterator

_MOST_WAITING = 500
_ALIVE_S = 10.0


class Client:
    """Filled by one thread, emptied by another. A page that cannot keep up is let go; it asks again for everything."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._frame: bytes | None = None
        self._over = False
        self.gone = threading.Event()
        """Set once nothing is sent any more."""

    def send(self, topic: str, data: object) -> None:
        """Something that the page has to know."""
        with self._ready:
            self._waiting.append(message(topic, data))
            self._over = self._over or len(self._waiting) > _MOST_WAITING
            self._ready.notify()

    def show(self, frame: bytes) -> None:
        """A picture, ready to be sent; one that still waits is dropped for it."""
        with self._ready:
            self._frame = frame
            self._ready.notify()

    def end(self) -> None:
        """Nothing comes any more after what waits."""
        with self._ready:
            self._over = True
            self._ready.notify()

    def chunks(self) -> Iterator[bytes]:
        """What is to be sent, as it comes; something at least every few seconds, so that a closed page is noticed."""
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._waiting or self._frame or self._over, _ALIVE_S)
                over = self._over
                frame = [self._frame] if self._frame else []
                # the end is the last that a page takes in
                parts = [*frame, *self._waiting] if over else [*self._waiting, *frame]
                self._waiting.clear()
                self._frame = None
            yield b"".join(parts) or b": nothing new\n\n"
            if over:
                return


def message(topic: str, data: object) -> bytes:
    """A server-sent event. Its data is one line: JSON has no line breaks outside of strings, where they are escaped."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {topic}\ndata: {text}\n\n".encode()
