"""A prompt in the forms in which servers take it, with what was wrong in the answers so far."""

from codeword.codebook.prompt import Prompt


def messages(prompt: Prompt, wrong: list[tuple[str, str]]) -> list[dict[str, str]]:
    """A prompt as a chat, as its own model's chat template gets it."""
    users = [turn.observation for turn in prompt.turns] + [prompt.observation]
    users[0] = f"{prompt.task}\n{users[0]}"
    said = [{"role": "system", "content": prompt.system}]
    for user, command in zip(users, [*(turn.command for turn in prompt.turns), None], strict=True):
        said.append({"role": "user", "content": user})
        if command is not None:
            said.append({"role": "assistant", "content": command})
    for given, why in wrong:
        said += [{"role": "assistant", "content": given}, {"role": "user", "content": _correction(why)}]
    return said


def plain_text(prompt: Prompt, wrong: list[tuple[str, str]], lead: str) -> str:
    """A prompt as plain text, with the beginning of a command to go on from."""
    told = [prompt.system, prompt.task]
    for turn in prompt.turns:
        told += [turn.observation, f"Command: {turn.command}"]
    told.append(prompt.observation)
    for given, why in wrong:
        told += [f"Command: {' '.join(given.split())}", _correction(why)]
    return "\n".join([*told, f"Command: {lead}"])


def _correction(why: str) -> str:
    return f"That is not legal here: {why}. Answer with one legal command."
