"""Who waits for an engine, and who is next. Nothing but rules: no socket, no clock of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from codeword.codebook.errors import CodewordError

MOST_WAITING = 8
"""So many requests of one client may wait at a time."""

MOST_CLIENTS = 256

Clock = Callable[[], float]
_T = TypeVar("_T")


class FullError(CodewordError):
    """A client asks for more than it may, or there are too many clients."""


@dataclass
class Place(Generic[_T]):
    """A request of a client: its number, what is wanted, when it came and when its time is over [s, by the desk's
    clock], and the stage whose limit that is.
    """

    client: bytes
    number: int
    wanted: _T
    came_s: float
    until_s: float = float("inf")
    stage: str = ""


class Desk(Generic[_T]):
    """Requests that wait. Of each client one at a time is served, and first the one whose client waits longest.

    A client that was never served counts as served when it came, so that newcomers do not push others back.
    """

    def __init__(self, clock: Clock) -> None:
        """`clock` gives the time [s], never going back."""
        self._clock = clock
        self._waiting: dict[bytes, list[Place[_T]]] = {}
        self._served: dict[bytes, int] = {}
        self._turn = 0

    @property
    def clients(self) -> tuple[bytes, ...]:
        """Those that are known."""
        return tuple(self._served)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def enter(self, client: bytes) -> None:
        """A client is there. Raises FullError where there are too many."""
        if client not in self._served:
            if len(self._served) >= MOST_CLIENTS:
                raise FullError(f"{MOST_CLIENTS} clients are served already")
            self._waiting[client] = []
            self._serve(client)

    def leave(self, client: bytes) -> None:
        """Forget a client and all that it waits for."""
        self._served.pop(client, None)
        self._waiting.pop(client, None)

    def wait(self, client: bytes, number: int, wanted: _T, left_s: float = float("inf"), stage: str = "") -> None:
        """A request waits, so long at most. Raises FullError where its client has too many waiting."""
        self.enter(client)
        if len(self._waiting[client]) >= MOST_WAITING:
            raise FullError(f"{MOST_WAITING} requests wait already")
        now_s = self._clock()
        self._waiting[client].append(Place(client, number, wanted, now_s, now_s + left_s, stage))

    def give_up(self, client: bytes, number: int) -> bool:
        """A request is no longer wanted; whether it waited."""
        waiting = self._waiting.get(client, [])
        kept = [place for place in waiting if place.number != number]
        if client in self._waiting:
            self._waiting[client] = kept
        return len(kept) < len(waiting)

    def late(self) -> list[Place[_T]]:
        """Take out those whose time is over."""
        now_s = self._clock()
        over = [place for waiting in self._waiting.values() for place in waiting if place.until_s <= now_s]
        for place in over:
            self._waiting[place.client].remove(place)
        return over

    def pick(self, room: int, served: frozenset[bytes] = frozenset()) -> list[Place[_T]]:
        """Take out those that are next, so many at most; none of clients that are `served` now, or whose time is over.

        A client's own requests keep their order.
        """
        now_s = self._clock()
        fitting = [
            client
            for client, waiting in self._waiting.items()
            if client not in served and any(place.until_s > now_s for place in waiting)
        ]
        fitting.sort(key=lambda client: self._served[client])
        picked = []
        for client in fitting[: max(0, room)]:
            place = next(place for place in self._waiting[client] if place.until_s > now_s)
            self._waiting[client].remove(place)
            self._serve(client)
            picked.append(place)
        return picked

    def _serve(self, client: bytes) -> None:
        """A client has its turn: all others come before its next."""
        self._turn += 1
        self._served[client] = self._turn
