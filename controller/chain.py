"""What stands behind a controller: a model here or elsewhere, the cache before each, and a fallback."""

from collections.abc import Callable
from typing import Protocol

from codeword.codebook.prompt import Prompt

from .backend import Backend
from .cache.cached import Cached
from .cache.entries import Store
from .engine import Engine
from .model import Floats
from .remote.fallback import Fallback


class Elsewhere(Backend, Protocol):
    """A backend in another process, with a name for people."""

    name: str


def chain(here: Backend | None, there: Elsewhere | None, store: Store | None) -> Backend:
    """The model elsewhere with the one here as its fallback (the robot holds where there is none), or the one here
    alone; each with a cache before it where there is a store. At least one of them must be given.
    """

    def remembering(backend: Backend, direction_of: Callable[[Prompt], Floats] | None = None) -> Backend:
        return backend if store is None else Cached(backend, store, direction_of)

    local = None if here is None else remembering(here, here.direction_of if isinstance(here, Engine) else None)
    if there is None:
        assert local is not None, "somebody must decide"
        return local
    return Fallback(there.name, remembering(there), local)
