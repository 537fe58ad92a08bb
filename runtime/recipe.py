"""A recipe: an adapter taught from nothing in stages, each begun with the one before; a manifest says what came out.

# recipe.yaml
model: smollm2-135m
stages:
  - {decisions: 80000, seed: 101, rate: 6e-4, per_group: 12}
  - {decisions: 10000, seed: 102, rate: 2.5e-4, per_group: 12}
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codeword.codebook.errors import Fault, FileError
from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.codebook.yaml_source import locate, parse_yaml, plain, read_text
from codeword.controller.store import sha256_of
from codeword.controller.teaching.corpus_reader import folder as corpus_folder
from codeword.controller.teaching.sequences import LARGEST_SEED

ADAPTER, MANIFEST = "adapter", "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RecipeStage(_Part):
    """A training: how many decisions it learns from, the seed of its lessons, the highest learning rate, and how many
    decisions under a codebook and codebooks a step has.
    """

    decisions: Annotated[int, Field(gt=0)]
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)]
    rate: Annotated[float, Field(gt=0, le=1)] = 5e-4
    per_group: Annotated[int, Field(gt=0)] = 6
    groups: Annotated[int, Field(gt=0)] = 2


class Recipe(_Part):
    """The base, the rank of the adapter, what the first stage begins with, and the stages."""

    model: str = "smollm2-135m"
    rank: Annotated[int, Field(gt=0)] = 16
    begin_with: str = "none"
    stages: tuple[RecipeStage, ...]


def read_recipe(path: Path) -> Recipe:
    """The recipe of a file. Raises FileError with every fault found."""
    source = parse_yaml(read_text(path, FileError), str(path), FileError)
    try:
        recipe = Recipe.model_validate(plain(source.root))
    except ValidationError as problem:
        told = [("unknown key" if one["type"] == "extra_forbidden" else one["msg"], one) for one in problem.errors()]
        raise FileError(
            *(
                Fault(f"{'.'.join(map(str, one['loc']))}: {why}", source.name, *locate(source.root, one["loc"]))
                for why, one in told
            )
        ) from problem
    if not recipe.stages:
        raise FileError(Fault("stages: there has to be one at least", source.name, *locate(source.root, ("stages",))))
    return recipe


def follow(path: Path, out: Path, train: Callable[..., object], tell: Callable[[str], object]) -> None:
    """Carry out a recipe in a folder, from where it was left if it was: `train` takes a stage's settings by name, with
    `out` and `begin_with`. The adapter of the last stage goes to `out`, beside a manifest of what it was made of.

    Raises FileError for a recipe that is none, and what `train` raises.
    """
    recipe = read_recipe(path)
    before, made = recipe.begin_with, []
    for number, stage in enumerate(recipe.stages, 1):
        tell(f"stage {number} of {len(recipe.stages)}: {stage.decisions:,} decisions, seed {stage.seed}")
        folder = out / f"stage-{number}"
        train(model=recipe.model, rank=recipe.rank, begin_with=before, out=folder, **stage.model_dump())
        record = json.loads((folder / ADAPTER / "codeword.json").read_text(encoding="utf-8"))
        made.append(
            {
                **stage.model_dump(),
                "begun_with": record.get("begun_with", ""),
                "steps": record["step"],
                "dtype": record["dtype"],
                "adapter_sha256": sha256_of(folder / ADAPTER / "adapter_model.safetensors"),
            }
        )
        before = str(folder / ADAPTER)
    shutil.copytree(before, out / ADAPTER, dirs_exist_ok=True)
    manifest: dict[str, Any] = {
        "recipe_sha256": sha256_of(path),
        "base": record["base"],
        "base_sha256": record["base_sha256"],
        "contract": PLAN_CONTRACT,
        "corpus_sha256": _corpus_hash(),
        "stages": made,
    }
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    tell(f"the adapter is in {out / ADAPTER}, and what it was made of in {out / MANIFEST}")


def _corpus_hash() -> str:
    """One SHA-256 over names and contents of all files of the corpus."""
    found, root = hashlib.sha256(), corpus_folder()
    for path in sorted(root.rglob("*.yaml")):
        found.update(f"{path.relative_to(root).as_posix()}\0{sha256_of(path)}\n".encode())
    return found.hexdigest()
