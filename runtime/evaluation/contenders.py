"""Who is compared: the scripted expert, chance, the base as it is, the base with an adapter, other models."""

from collections.abc import Sequence
from dataclasses import dataclass

from codeword.codebook.errors import InputError, did_you_mean
from codeword.controller.registry import DEFAULT_MODEL
from codeword.runtime.run import Who

NAMES = ("expert", "random", "base", "base+adapter")
_NONE = "none"


@dataclass(frozen=True)
class Contender:
    """One row of the table."""

    name: str
    policy: str
    who: Who


def contenders(
    names: Sequence[str] = (), *, base: str = DEFAULT_MODEL, adapter: str | None = None, models: Sequence[str] = ()
) -> list[Contender]:
    """Those named, all where none is; with an adapter the base with it, and every other model as it is.

    Raises InputError for an unknown name, or for an adapter that is missing.
    """
    for name in names:
        if name not in NAMES:
            raise InputError(f"there is no controller '{name}'{did_you_mean(name, NAMES)}")
    if "base+adapter" in names and adapter is None:
        raise InputError("base+adapter is to be evaluated, but which adapter? give it with --adapter")
    chosen = names or [name for name in NAMES if name != "base+adapter" or adapter is not None]
    known = {
        "expert": Contender("expert", "plan", Who("expert", "", _NONE)),
        "random": Contender("random", "random", Who("random", "", _NONE)),
        "base": Contender("base", "direct", Who("llm", base, _NONE)),
        "base+adapter": Contender("base+adapter", "direct", Who("llm", base, adapter or _NONE)),
    }
    others = [Contender(model, "direct", Who("llm", model, _NONE)) for model in models]
    return [known[name] for name in NAMES if name in chosen] + others
