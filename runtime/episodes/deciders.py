"""Controllers for deciding again: like the one that made an episode, or with something about it changed."""

from dataclasses import dataclass, replace

from codeword.codebook import Codebook
from codeword.codebook.errors import InputError
from codeword.controller import Controller
from codeword.controller.decider_config import HOLD, POLICIES, DeciderConfig
from codeword.controller.profiles import AUTO
from codeword.controller.sampling import GREEDY, Sampling
from codeword.controller.store import Progress, silent
from codeword.runtime.differences import Difference, differences
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.records import Header
from codeword.runtime.run import CONTROLLERS, Controllers
from codeword.runtime.summary import scenario_of

_RENAMED = {"goal": "plan"}
"""Policies of older episodes that have another name now."""


@dataclass(frozen=True)
class Change:
    """What is to be different from how an episode was decided; None leaves it as it was."""

    model: str | None = None
    adapter: str | None = None
    profile: str | None = None
    policy: str | None = None

    @property
    def any(self) -> bool:
        """Whether anything is to be different."""
        return self != Change()

    def of(self, header: Header) -> DeciderConfig:
        """Who decides instead of the one in a header. With any change a model does.

        Raises InputError where nobody can be made again, or where a change goes with a model and none is named.
        """
        if header.controller not in CONTROLLERS:
            raise InputError(
                f"{header.scenario}-{header.seed}: its decisions cannot be made again: they were made by "
                f"'{header.controller}', none of {', '.join(CONTROLLERS)}"
            )
        if self.any and not header.model and self.model is None:
            raise InputError(f"no model made the episode (but '{header.controller}'); name one with --model")
        kind = "llm" if self.any else header.controller
        same_model = self.model is None
        who = DeciderConfig(
            controller=kind,
            model=header.model if self.model is None else self.model,
            adapter=(header.adapter if same_model else "") or "none",
            profile=(header.held if same_model else "") or AUTO,
            sampling=sampling_of(header),
            policy=_policy(header),
            fallback=header.fallback or HOLD,
            sure=header.sure,
        )
        given = {name: value for name in ("adapter", "profile", "policy") if (value := getattr(self, name)) is not None}
        return replace(who, **given)


def _policy(header: Header) -> str:
    """The policy of a header. Raises InputError for one that there is no more."""
    if not header.policy:
        return "direct"
    policy = _RENAMED.get(header.policy, header.policy)
    if policy not in POLICIES:
        raise InputError(
            f"{header.scenario}-{header.seed}: was decided by policy '{header.policy}', which there is no more; "
            f"--policy {POLICIES[0]} or another decides it otherwise"
        )
    return policy


class Deciders:
    """Makes controllers; what is expensive is made once for all episodes that share it."""

    def __init__(self, change: Change | None = None, progress: Progress = silent) -> None:
        self.change = change or Change()
        self.progress = progress
        self.made: dict[DeciderConfig, Controllers] = {}

    def controllers(self, header: Header) -> Controllers:
        """Who decides in the place of the one in a header. Raises InputError or ModelError where that cannot be."""
        who = self.change.of(header)
        if who not in self.made:
            self.made[who] = Controllers(who, self.progress)
        return self.made[who]

    def controller(self, episode: RecordedEpisode, codebook: Codebook | None = None) -> Controller:
        """A controller for an episode, by the file's codebook or another one."""
        return self.controllers(episode.header).make(scenario_of(episode, codebook), episode.header.seed)

    def kernels(self, episode: RecordedEpisode) -> str | None:
        """The kernels that decide again where nothing else is to be different; None where something is, so that
        probabilities are compared even so.
        """
        return None if self.change.any else self.controllers(episode.header).loaded.profile

    def parted(self, episode: RecordedEpisode) -> list[Difference]:
        """In what the model that decides now, as it was loaded, is not the one that made an episode: other weights, an
        adapter that was trained again, another way of holding it. Empty where no model decides.
        """
        made = self.controllers(episode.header).loaded
        if not made.model:
            return []
        loaded = {name: getattr(made, name) for name in ("weights_hash", "adapter", "adapter_hash", "held")}
        head = {name: getattr(episode.header, name) for name in loaded}
        return list(differences(str(episode.path), 0, "header", head, loaded))


def sampling_of(header: Header) -> Sampling:
    """How an episode's tokens were picked; the seed comes with the episode."""
    drawn = header.sampling
    if not drawn:
        return GREEDY
    return Sampling(drawn["temperature"], int(drawn["top_k"]), drawn["top_p"])
