"""What stands behind a controller: a model here or elsewhere, the cache before each, and a fallback."""

from dataclasses import dataclass
from typing import Protocol

from .backend import Backend
from .memory.cached import Cached
from .memory.entries import Store
from .remote.fallback import Fallback


class Elsewhere(Backend, Protocol):
    """A backend in another process, with a name for people."""

    name: str


@dataclass(frozen=True)
class Chain:
    """A backend made of others, and the caches in it."""

    backend: Backend
    caches: tuple[Cached, ...]


def chain(here: Backend | None, there: Elsewhere | None, store: Store | None) -> Chain:
    """The model elsewhere with the one here as its fallback (the robot holds where there is none), or the one here
    alone; each with a cache before it where there is a store. At least one of them must be given.
    """
    caches: list[Cached] = []

    def remembering(backend: Backend) -> Backend:
        if store is None:
            return backend
        caches.append(Cached(backend, store))
        return caches[-1]

    local = None if here is None else remembering(here)
    if there is None:
        assert local is not None, "somebody must decide"
        return Chain(local, tuple(caches))
    return Chain(Fallback(there.name, remembering(there), local), tuple(caches))
