"""Who is compared: the scripted expert, chance, the base as it is, the base with an adapter, other models."""

from collections.abc import Sequence
from dataclasses import dataclass

from codeword.codebook.errors import InputError, did_you_mean
from codeword.controller.decider_config import POLICIES, DeciderConfig, check_policy
from codeword.controller.registry import DEFAULT_MODEL

NAMES = ("expert", "random", "base", "base+adapter")
_NONE = "none"


@dataclass(frozen=True)
class Contender:
    """One row of the table. `policy` says what a model writes; the expert plans, and chance draws."""

    name: str
    policy: str
    who: DeciderConfig


_EXPERT = Contender("expert", "plan", DeciderConfig("expert", "", _NONE))
_CHANCE = Contender("random", "chance", DeciderConfig("random", "", _NONE))


def contenders(
    names: Sequence[str] = (),
    *,
    base: str = DEFAULT_MODEL,
    adapter: str | None = None,
    models: Sequence[str] = (),
    policies: Sequence[str] = POLICIES[:1],
) -> list[Contender]:
    """Those named, all where none is; with an adapter the base with it, and every other model as it is; whatever is a
    model under every policy.

    Raises InputError for an unknown name or policy, or for an adapter that is missing.
    """
    for policy in policies:
        check_policy(policy)
    for name in names:
        if name not in NAMES:
            raise InputError(f"there is no controller '{name}'{did_you_mean(name, NAMES)}")
    if "base+adapter" in names and adapter is None:
        raise InputError("base+adapter is to be evaluated, but which adapter? give it with --adapter")
    chosen = names or [name for name in NAMES if name != "base+adapter" or adapter is not None]
    found = [known for known in (_EXPERT, _CHANCE) if known.name in chosen]
    told = [("base", base, _NONE), ("base+adapter", base, adapter or _NONE)]
    told = [one for one in told if one[0] in chosen] + [(model, model, _NONE) for model in models]
    for name, model, taught in told:
        found += [Contender(name, policy, DeciderConfig("llm", model, taught, policy=policy)) for policy in policies]
    return found
