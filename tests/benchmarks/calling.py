"""Function calling as it is usual: skills as tools in the system text and calls in tags, the form of Hermes and Qwen.

What is told is what a codebook prompt tells, so that only the form differs.
"""

import json
from collections.abc import Sequence
from typing import Any

from codeword.codebook import Codebook, Command, CommandError, Observation, Skill, read_command
from codeword.codebook.arguments import Argument, BooleanArgument, ListArgument, NumberArgument, described
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.prompt import Prompt, observation_text, task_text
from codeword.codebook.skills import NOTHING

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"

_SYSTEM = """\
You control a robot. Answer with the next call.
Facts:
{facts}

# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
"""From "# Tools" on word for word what Qwen2.5's own chat template says."""


def calling_prompt(codebook: Codebook, task: str, observation: Observation) -> Prompt:
    """The prompt for one decision by function calling."""
    facts = "\n".join(f"- {predicate.name}: {predicate.description}" for predicate in codebook.predicates.values())
    tools = "\n".join(json.dumps(tool_of(skill), ensure_ascii=False) for skill in codebook.skills.values())
    last = observation.last
    if last is not None:
        told = last.model_copy(update={"command": _as_call(codebook, last.command)})
        observation = observation.model_copy(update={"last": told})
    return Prompt(_SYSTEM.format(facts=facts, tools=tools), task_text(task), observation_text(codebook, observation))


def tool_of(skill: Skill) -> dict[str, Any]:
    """A skill as a function's signature."""
    said = [f"{skill.description}."]
    if skill.preconditions != NOTHING:
        said.append(f"Needs {', '.join(map(str, skill.conjuncts))}.")
    if skill.effects:
        said.append(f"Then {', '.join(map(str, skill.effects))}.")
    parameters = {
        "type": "object",
        "properties": {name: _parameter(argument) for name, argument in skill.args.items()},
        "required": [name for name, argument in skill.args.items() if argument.default is None],
    }
    return {
        "type": "function",
        "function": {"name": skill.name, "description": " ".join(said), "parameters": parameters},
    }


def _parameter(argument: Argument) -> dict[str, Any]:
    if isinstance(argument, ListArgument):
        return {"type": "array", "items": {"type": "string"}, "description": described(argument)}
    if isinstance(argument, NumberArgument):
        return {"type": "number", "description": described(argument)}
    if isinstance(argument, BooleanArgument):
        return {"type": "boolean"}
    return {"type": "string", "description": described(argument)}


def call_graph(graph: Node) -> Node:
    """The legal commands of a graph, each spelt as a call."""
    return _tree([_pieces(*_parts(json.loads(text))) for text in graph.texts()])


def read_call(codebook: Codebook, text: str) -> Command | None:
    """The command that an answer calls, or None where it calls none. A list of calls, as some models write, counts as
    its first one.
    """
    _, tag, rest = text.partition(_OPEN)
    said = first_json(rest) if tag else None
    if isinstance(said, list) and said:
        said = said[0]
    if not isinstance(said, dict) or not isinstance(said.get("arguments", {}), dict):
        return None
    return as_command(codebook, {"skill": said.get("name"), **said.get("arguments", {})})


def read_free(codebook: Codebook, text: str) -> Command | None:
    """The command in an answer to a codebook prompt that no grammar held, or None where there is none."""
    return as_command(codebook, first_json(text[text.find("{") :]))


def first_json(text: str) -> Any:
    """What a text says as JSON, whatever comes behind it; None where it does not begin with JSON."""
    try:
        return json.JSONDecoder().raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def as_command(codebook: Codebook, said: Any) -> Command | None:
    """The command of the codebook that an object says, or None."""
    try:
        return read_command(codebook, json.dumps(said))
    except (CommandError, ValueError):
        return None


def _as_call(codebook: Codebook, command: str) -> str:
    try:
        name, args = _parts(json.loads(read_command(codebook, command).text))
    except CommandError:
        return command
    return json.dumps({"name": name, "arguments": args}, ensure_ascii=False)


def _parts(command: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name = command.pop("skill")
    return str(name), command


def _pieces(skill: str, args: dict[str, Any]) -> tuple[str, ...]:
    """A call in pieces, cut where no tokenizer joins: between words and the punctuation beside them."""
    pieces = [f'{_OPEN}\n{{"name": "', skill]
    closing = '", "arguments": {'
    for number, (name, value) in enumerate(args.items()):
        pieces += [f'{closing}{", " if number else ""}"', name]
        if isinstance(value, str):
            pieces += ['": "', value]
            closing = '"'
        else:
            pieces.append(f'": {json.dumps(value)}')
            closing = ""
    return (*pieces, f"{closing}}}}}\n{_CLOSE}")


def _tree(rows: Sequence[tuple[str, ...]]) -> Node:
    """The texts of some rows of pieces as a graph. No row is the beginning of another."""
    if not rows[0]:
        return END
    behind: dict[str, list[tuple[str, ...]]] = {}
    for first, *rest in rows:
        behind.setdefault(first, []).append(tuple(rest))
    return Node(tuple((piece, _tree(rest)) for piece, rest in behind.items()))
