"""Who decides, as it is asked for, and as it was loaded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codeword.codebook.errors import InputError, did_you_mean
from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.codebook.prompt import CONTRACT

from .profiles import AUTO
from .registry import DEFAULT_MODEL
from .remote.address import USUAL, Limits
from .sampling import GREEDY, Sampling
from .sureness import SURE

if TYPE_CHECKING:
    from .adapter import Adapter

POLICIES = ("plan", "direct")
"""What the model writes: once for a task its plan, commands and goals for plain code to carry out; or every command, as
its turn comes, for tasks that depend on what is seen on the way."""

BEST_POLICY = "auto"
"""The policy that an adapter is best at, and the first of all where there is no adapter."""

LOCAL, HOLD = "local", "hold"
"""What decides where a model elsewhere fails: the default model here, or nobody: the robot holds."""

NO_CACHE = "off"


@dataclass(frozen=True)
class DeciderConfig:
    """Who decides: the kind of controller, and for `llm` the model, its adapter, in which profile it is held, how
    tokens are sampled (its seed is replaced by the episode's), what the model writes, and where decisions are kept to
    be served again. Of a model elsewhere: what decides when it does not answer (LOCAL, HOLD, or a model's name; adapter
    and profile are that one's), and how long it may take. What the model is less `sure` of is not carried out. Where a
    plan is `given`, as JSON, it is carried out, and no model is asked.
    """

    controller: str = "llm"
    model: str = DEFAULT_MODEL
    adapter: str = "auto"
    profile: str = AUTO
    sampling: Sampling = GREEDY
    policy: str = BEST_POLICY
    cache: str = NO_CACHE
    fallback: str = LOCAL
    limits: Limits = USUAL
    sure: float = SURE
    given: str = ""

    @property
    def asks_a_model(self) -> bool:
        """Whether a model decides at all."""
        return self.controller == "llm" and not self.given


@dataclass(frozen=True)
class ModelInfo:
    """The model that decides, as it was loaded; all of it empty where none does. Of a model elsewhere name and profile
    (`remote`) alone are its own, the rest is of its `fallback`: a model's name, or `hold`. `policy` is what the model
    writes.
    """

    model: str = ""
    weights_hash: str = ""
    adapter: str = ""
    adapter_hash: str = ""
    profile: str = ""
    held: str = ""
    fallback: str = ""
    policy: str = ""
    contract: int = CONTRACT


def check_policy(policy: str) -> None:
    """Raises InputError for an unknown policy."""
    if policy not in (BEST_POLICY, *POLICIES):
        raise InputError(f"there is no policy '{policy}'{did_you_mean(policy, [BEST_POLICY, *POLICIES])}")


def policy_for(adapter: "Adapter", policy: str = BEST_POLICY) -> str:
    """One of POLICIES: the one that is asked for, or the best of an adapter.

    Raises InputError for one that the adapter was not taught, and whatever `check_policy` raises.
    """
    check_policy(policy)
    taught = POLICIES if adapter.folder is None else adapter.policies
    if policy == BEST_POLICY:
        policy = taught[0]
    if policy not in taught:
        raise InputError(
            f"adapter {adapter.name}: was taught for policy {', '.join(taught)}, and not for {policy}; use one of "
            "those, or --adapter none"
        )
    return policy


def contract_of(policy: str) -> int:
    """The version of the prompt contract that a policy goes by."""
    return PLAN_CONTRACT if policy == "plan" else CONTRACT
