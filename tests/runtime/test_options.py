"""The same options wherever they make sense: who decides, and `--json` for machines."""

from collections.abc import Iterator

import click
import pytest

from codeword.codebook.errors import InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.runtime.cli import VERBS
from codeword.runtime.cli_lab import COMMANDS
from codeword.runtime.model_options import model_options, with_model
from tests.runtime.test_cli import call

DECIDE = ("run", "chat", "mcp", "connect", "codebook try")
WITHOUT_JSON = {
    "what it prints is the document": (
        "codebook docs", "codebook grammar", "codebook prompt", "codebook schema", "episodes export",
        "episodes format", "episodes layout", "episodes rules",
    ),
    "what it makes is a file": (
        "episodes film", "keys new", "keys revoke", "lab lessons", "models pull", "models quantize", "new codebook",
        "new scenario", "train",
    ),
    "it goes on until it is ended": ("chat", "mcp", "serve"),
}  # fmt: skip


def commands(name: str, command: click.Command) -> Iterator[tuple[str, set[str]]]:
    """Every command below one, by its full name, with its options."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            one = command.get_command(context, below)
            assert one is not None
            yield from commands(f"{name} {below}", one)
        if not command.invoke_without_command:
            return
    yield name, {text for one in command.params if isinstance(one, click.Option) for text in one.opts}


ALL = dict(pair for verb, lazy in VERBS.items() for pair in commands(verb, lazy.load()))


@pytest.mark.parametrize("name", DECIDE)
def test_whatever_decides_is_told_in_the_same_words_with_which_model(name: str) -> None:
    assert {text for one in model_options() for text in one.opts} <= ALL[name]


def test_whatever_prints_a_result_prints_it_for_machines_too() -> None:
    without = [name for names in WITHOUT_JSON.values() for name in names]
    assert sorted(name for name, options in ALL.items() if "--json" not in options) == sorted(without)


def test_what_the_options_say_is_one_config() -> None:
    found: list[DeciderConfig] = []

    @click.command()
    @with_model("Ask first.")
    @click.option("--other")
    def command(other: str, who: DeciderConfig) -> None:
        assert other == "x"
        found.append(who)

    args = ["--model", "m", "--cache", "auto", "--fallback", "hold", "--sure", "0.5", "--profile", "int8"]
    command.main([*args, "--adapter", "none", "--other", "x"], standalone_mode=False)
    config = DeciderConfig("llm", "m", "none", "int8", cache="auto", fallback="hold", sure=0.5)
    assert found == [config]
    command.main(["--other", "x"], standalone_mode=False)
    assert found[1] == DeciderConfig()


def test_a_kind_of_controller_that_is_none_is_refused_before_anything_is_loaded() -> None:
    from codeword.controller.store import silent
    from codeword.runtime.run import Controllers

    with pytest.raises(InputError, match="there is no controller 'lm'"):
        Controllers(DeciderConfig("lm", "no-such-model"), silent)


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_verb_of_the_lab_is_told_where_it_stands(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    code, _, told = call(capsys, verb, "--help")
    assert (code, told) == (2, f"codeword: '{verb}' is a verb of the lab: codeword lab {verb}\n")
