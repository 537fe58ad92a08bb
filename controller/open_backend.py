"""Opens what stands behind a controller: a model here or elsewhere, the cache before each, and a fallback."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from codeword.codebook.prompt import Prompt

from .adapter import Adapter, load_adapter
from .backend import Backend
from .cache.cached import Cached
from .cache.entries import Store
from .cache.opening import open_store
from .decider_config import HOLD, LOCAL, DeciderConfig, ModelInfo, check_policy, contract_of, policy_for
from .engine import Engine
from .model import Floats
from .profiles import shared_threads
from .registry import DEFAULT_MODEL, LocalModel, resolve
from .remote.address import is_remote, read_address
from .store import Progress, silent


class Elsewhere(Backend, Protocol):
    """A backend in another process, with a name for people."""

    name: str


@dataclass(frozen=True)
class Opened:
    """A backend, the engine in it if a model is here, the store of its decisions if there is one, and what it is."""

    backend: Backend
    engine: Engine | None
    store: Store | None
    info: ModelInfo


def fetch_model(config: DeciderConfig, progress: Progress = silent) -> tuple[LocalModel, Adapter] | None:
    """The model and adapter that decide or are fallen back on, on this machine; None where none does.

    Raises InputError for an unknown policy or address, ModelError where model or adapter cannot be had.
    """
    if not config.asks_a_model:
        return None
    check_policy(config.policy)  # before anything is loaded
    name = config.model
    if is_remote(name):
        read_address(name)
        if config.fallback == HOLD:
            return None
        name = DEFAULT_MODEL if config.fallback == LOCAL else config.fallback
    model = resolve(name, progress)
    return model, load_adapter(config.adapter, model)


def open_backend(
    config: DeciderConfig, progress: Progress = silent, *, processes: int = 1, device: str = "cpu",
    threads: int | None = None,
) -> Opened:  # fmt: skip
    """The backend of a config that asks a model. `processes` is how many share the machine's threads, where it is not
    said how many there are. Raises what `fetch_model` does, ModelError for an unfit profile, InputError for a cache or
    a policy that cannot be used.
    """
    store, found = open_store(config.cache), fetch_model(config, progress)
    engine, there, info = None, None, ModelInfo()
    if found is not None:
        model, adapter = found
        threads = threads or shared_threads(model, config.profile, processes)
        engine = Engine(
            model, profile=config.profile, device=device, threads=threads, adapter=adapter, progress=progress
        )
        info = ModelInfo(
            model.name, model.weights_sha256, adapter.name, adapter.sha256, profile=engine.profile, held=engine.held
        )
    if is_remote(config.model):
        from .remote.model import RemoteModel

        retries = None if config.fallback == HOLD else 2
        there = RemoteModel(read_address(config.model), config.limits, retries=retries)
        fallback = HOLD if engine is None else info.model
        info = replace(info, model=there.name, weights_hash="", profile="remote", fallback=fallback)
    backend = chain(engine, there, store)
    policy = policy_for(backend.adapter, config.policy)
    return Opened(backend, engine, store, replace(info, policy=policy, contract=contract_of(policy)))


def chain(here: Backend | None, there: Elsewhere | None, store: Store | None) -> Backend:
    """The model elsewhere with the one here as its fallback (the robot holds where there is none), or the one here
    alone; each with a cache before it where there is a store. At least one of them must be given.
    """
    from .remote.fallback import Fallback

    def remembering(backend: Backend, direction_of: Callable[[Prompt], Floats] | None = None) -> Backend:
        return backend if store is None else Cached(backend, store, direction_of)

    local = None if here is None else remembering(here, here.direction_of if isinstance(here, Engine) else None)
    if there is None:
        assert local is not None, "somebody must decide"
        return local
    return Fallback(there.name, remembering(there), local)
