"""A prompt in the forms in which servers take it, with what was wrong in the answers so far."""

from codeword.codebook.prompt import Prompt


def messages(prompt: Prompt, wrong: list[tuple[str, str]]) -> list[dict[str, str]]:
    """A prompt as a chat, as its own model's chat template gets it."""
    user = f"{prompt.task}\n{prompt.observation}"
    said = [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}]
    for given, why in wrong:
        said += [{"role": "assistant", "content": given}, {"role": "user", "content": _correction(why)}]
    return said


def plain_text(prompt: Prompt, wrong: list[tuple[str, str]], lead: str) -> str:
    """A prompt as plain text, with the beginning of a command to go on from."""
    told = [prompt.system, prompt.task, prompt.observation]
    for given, why in wrong:
        told += [f"Command: {' '.join(given.split())}", _correction(why)]
    return "\n".join([*told, f"Command: {lead}"])


def _correction(why: str) -> str:
    return f"That is not legal here: {why}. Answer with one legal command."
