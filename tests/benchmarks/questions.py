"""Moments of episodes as questions: the prompt in every form, and what is legal in every form."""

from codeword.codebook import CommandError, read_command
from codeword.codebook.action_prompt import ActionPrompt, offer
from codeword.controller.controller import situation_of
from codeword.controller.remote.request import schema_of
from codeword.controller.tokens import Tokens
from codeword.runtime.quantization_texts import Situation

from .graphs import pack
from .side import Question


def offered(situation: Situation) -> ActionPrompt:
    """What is told and offered in a situation."""
    return offer(situation.codebook, situation.task, situation.observation)


def question_of(situation: Situation, given: ActionPrompt, tokens: Tokens) -> Question:
    """The question that all sides get in a situation, for what is offered in it."""
    return Question(
        system=given.prompt.system,
        task=given.prompt.task,
        observation=given.prompt.observation,
        tokens=tokens.prompt(given.prompt).all,
        graph=pack(given.legal.graph),
        after=situation_of(situation.observation.last),
        schema=schema_of(given.legal.graph),
    )


def canonical(given: ActionPrompt, text: str) -> str | None:
    """The legal command that an answer says, in its canonical form; None where it says none."""
    try:
        command = read_command(given.legal.codebook, text)
    except CommandError:
        return None
    return command.text if given.legal.allows(command.text) else None
