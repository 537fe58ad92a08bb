"""A command: one skill with arguments, as it travels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Value = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """One skill with its arguments in the codebook's order.

    `text` is the canonical JSON form, which a codebook writes; two commands are equal if their texts are.
    """

    skill: str
    args: Mapping[str, Value] = field(compare=False)
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "args", MappingProxyType(dict(self.args)))

    def __str__(self) -> str:
        return self.text

    def __hash__(self) -> int:
        return hash(self.text)
