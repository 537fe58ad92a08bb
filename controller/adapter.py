"""Adapters: low-rank differences to a model's matrices, as peft writes them, with the base and the prompt contract that
they were taught under.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from codeword.codebook.errors import ModelError, did_you_mean
from codeword.codebook.plan_prompt import PLAN_CONTRACT

from .registry import LocalModel
from .store import sha256_of

AUTO = "auto"
"""The adapter that is shipped for a model, or none where there is none."""

MERGING = 1
"""Raised whenever the same adapter would be merged into other weights."""

SETTINGS, RECORD, WEIGHTS = "adapter_config.json", "codeword.json", "adapter_model.safetensors"

UNTAUGHT: Mapping[str, float] = {"opening": 0.3, "skill": 0.3, "word": 0.3, "number": 0.15, "next": 0.15}
"""What the odds of a model that was not taught plans count beside what the words of a task tell (see `prior`): chosen
on validation."""

_PLAIN: dict[str, Any] = {
    "bias": "none", "fan_in_fan_out": False, "use_dora": False, "modules_to_save": None, "rank_pattern": {},
    "alpha_pattern": {}, "layers_to_transform": None, "lora_bias": False, "use_qalora": False,
}  # fmt: skip
"""What peft's settings must say where they say anything: the forms that are read here."""


@dataclass(frozen=True)
class Adapter:
    """An adapter that a model is used with; `folder` is None for none.

    `scale` is what its product counts, `rank` that product's; `policies` are those whose answers it was taught, the one
    that it is best at first. `contract` is the version of the prompt contract that it was taught under. `trust` says
    what a model's odds count beside the prior of a task's words, by place, 1 where it does not say; None: no prior.
    """

    name: str
    folder: Path | None = None
    sha256: str = ""
    scale: float = 1.0
    policies: tuple[str, ...] = ("direct",)
    rank: int = 0
    contract: int = PLAN_CONTRACT
    trust: Mapping[str, float] | None = None

    @property
    def weights(self) -> Path:
        """Its safetensors file."""
        assert self.folder is not None
        return self.folder / WEIGHTS

    @cached_property
    def identity(self) -> str:
        """Names what it does to a model: equal only where that is."""
        return f"{self.sha256}*{self.scale}/{MERGING}" if self.folder is not None else self.name


NONE = Adapter("none", trust=UNTAUGHT)


def shipped() -> dict[str, Path]:
    """The adapters that come with the package, by name."""
    folder = Path(__file__).parent / "adapters"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.name: path for path in found if (path / RECORD).is_file()}


def load_adapter(name: str, model: LocalModel, *, to_teach: bool = False) -> Adapter:
    """The adapter of a name (`none`, `auto`, a shipped one's, a folder's) for a model. One to be
    taught further may have been taught under another prompt contract.

    Raises ModelError where there is none such, it is damaged, or it was taught on another base or under another prompt
    contract.
    """
    if name == NONE.name:
        return NONE
    known = shipped()
    if name == AUTO:
        fitting = [path for path in known.values() if _record(path).get("base_sha256") == model.base_sha256]
        return _open(fitting[0], fitting[0].name, model, to_teach) if fitting else NONE
    if name in known:
        return _open(known[name], name, model, to_teach)
    path = Path(name).expanduser()
    if name and path.is_dir():
        return _open(path.absolute(), str(path), model, to_teach)
    raise ModelError(
        f"there is no adapter '{name}'{did_you_mean(name, [NONE.name, AUTO, *known])}; a folder that codeword train "
        "made can be given too"
    )


def _open(folder: Path, name: str, model: LocalModel, to_teach: bool) -> Adapter:
    record, settings = _record(folder), _json(folder / SETTINGS)
    contract, base = record.get("contract"), record.get("base_sha256")
    if contract != PLAN_CONTRACT and not to_teach:
        raise ModelError(
            f"adapter {name}: taught under prompt contract {contract}, and this is {PLAN_CONTRACT}; train it again by "
            "codeword train"
        )
    if base != model.base_sha256:
        raise ModelError(
            f"adapter {name}: taught on base '{record.get('base')}' ({str(base)[:12]}), and model '{model.name}' is "
            f"{model.base_sha256[:12]}; use that base, or --adapter none"
        )
    for key, right in _PLAIN.items():
        given = settings.get(key, right)
        if given != right and (given or right):
            raise ModelError(f"{folder / SETTINGS}: {key} is {given!r}, and only {right!r} is read here")
    rank, alpha = settings.get("r"), settings.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise ModelError(f"{folder / SETTINGS}: r and lora_alpha are {rank!r} and {alpha!r} (expected numbers)")
    if not (folder / WEIGHTS).is_file():
        raise ModelError(f"{folder}: there is no {WEIGHTS} in it; an adapter has {SETTINGS}, {WEIGHTS}, {RECORD}")
    scale = alpha / (rank**0.5 if settings.get("use_rslora") else rank)
    policies = tuple(str(policy) for policy in record.get("policies", ("direct",)))
    trust = record.get("trust")
    return Adapter(name, folder, sha256_of(folder / WEIGHTS), scale, policies, rank, int(contract or 0), trust)


def _record(folder: Path) -> dict[str, Any]:
    return _json(folder / RECORD)


def _json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises ModelError where the file holds none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path.parent}: there is no {path.name} in it; an adapter has {SETTINGS}, {WEIGHTS}, {RECORD}"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not JSON ({error})") from error
    if not isinstance(data, dict):
        raise ModelError(f"{path}: not a JSON object")
    return data
