"""What the parts of a scenario's world have in common: immutable, checked, and one clear line for each mistake."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from codeword.codebook.errors import did_you_mean

Metre = Annotated[float, Field(gt=0.0, le=1.0)]
Place2 = tuple[Annotated[float, Field(ge=-0.2, le=0.9)], Annotated[float, Field(ge=-0.6, le=0.6)]]
Pose2 = tuple[float, float] | tuple[float, float, float]


class Spec(BaseModel):
    """Base of all parts of a scenario's world: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def check_known(given: object, valid: Iterable[str], what: str) -> None:
    """Raises ValueError where a text is none of the valid ones."""
    if isinstance(given, str) and given not in set(valid):
        raise ValueError(f"unknown {what} '{given}'{did_you_mean(given, list(valid))}")
