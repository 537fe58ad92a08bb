"""The options by which every verb that decides is told with which model, and how."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from codeword.controller.decider_config import LOCAL, NO_CACHE, DeciderConfig
from codeword.controller.profiles import AUTO, PROFILES
from codeword.controller.registry import DEFAULT_MODEL
from codeword.controller.sureness import SURE

NOT_CARRIED_OUT = "What the model is less sure of is not carried out: it holds and says so; 0: anything is."


def model_options(sure: str = NOT_CARRIED_OUT) -> tuple[click.Option, ...]:
    """--model, --adapter, --profile, --cache, --fallback and --sure, of which `sure` is the help."""
    return (
        click.Option(
            ["--model"],
            default=DEFAULT_MODEL,
            show_default=True,
            help="A name, folder, .gguf file or hub id; elsewhere http://HOST:PORT/v1#NAME, or "
            "plain+http://… without schema.",
        ),
        click.Option(
            ["--adapter"],
            default="auto",
            show_default=True,
            help="What was taught: the adapter shipped for the model (auto), a folder that train made, or none.",
        ),
        click.Option(
            ["--profile"], default=AUTO, show_default=True, help=f"How the model is held: {', '.join(PROFILES)}."
        ),
        click.Option(["--sure"], type=click.FloatRange(0, 1), default=SURE, show_default=True, help=sure),
        click.Option(
            ["--cache"],
            default=NO_CACHE,
            show_default=True,
            help="Where decisions are kept, to be served when the same is to be decided: off, auto, a file, redis://…",
        ),
        click.Option(
            ["--fallback"],
            default=LOCAL,
            show_default=True,
            help="What decides where a model elsewhere fails: local, a model, or hold.",
        ),
    )


_NAMES = tuple(str(option.name) for option in model_options())


def gathered(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that is given one `who` in place of the model's options."""

    @wraps(command)
    def gathering(**given: Any) -> Any:
        who = DeciderConfig("llm", **{name: given.pop(name) for name in _NAMES})
        return command(**given, who=who)

    return gathering


def with_model(sure: str = NOT_CARRIED_OUT) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command the model's options, and `who` in their place; `sure` is what --sure means there."""

    def wrap(command: Callable[..., Any]) -> Callable[..., Any]:
        wrapped = gathered(command)
        vars(wrapped).setdefault("__click_params__", []).extend(reversed(model_options(sure)))
        return wrapped

    return wrap
