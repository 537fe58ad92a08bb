"""Adapters: small trained differences to a model's weights, by name."""

from dataclasses import dataclass

from codeword.codebook.errors import ModelError, did_you_mean


@dataclass(frozen=True)
class Adapter:
    """An adapter that a model is used with."""

    name: str


NONE = Adapter("none")


def load_adapter(name: str) -> Adapter:
    """The adapter of that name. Raises ModelError where there is none such."""
    if name != NONE.name:
        raise ModelError(f"there is no adapter '{name}'{did_you_mean(name, [NONE.name])}")
    return NONE
