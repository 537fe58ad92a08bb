"""A model's chat template, rendered once into the literal pieces that stand around the system and the user text."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from codeword.codebook.errors import ModelError

# Words that no template changes, and that none has in it.
_SYSTEM, _USER = "Qsystemcontentq", "Qusercontentq"


@dataclass(frozen=True)
class ChatFormat:
    """What stands before the system text, between it and the user text, and after that, where the model begins.

    `pieces` are those three. A template without a system role gets the system text at the head of the user turn.
    """

    pieces: tuple[str, str, str]

    @classmethod
    def read(cls, folder: Path) -> "ChatFormat":
        """The chat format of a model folder. Raises ModelError where there is no template, or it cannot be used."""
        path = folder / "tokenizer_config.json"
        config = _read_object(path)
        template = config.get("chat_template")
        if (folder / "chat_template.jinja").is_file():
            path = folder / "chat_template.jinja"
            template = path.read_text()
        elif (folder / "chat_template.json").is_file():
            path = folder / "chat_template.json"
            template = _read_object(path).get("chat_template")
        if isinstance(template, list):
            named = [entry for entry in template if isinstance(entry, dict) and entry.get("name") == "default"]
            template = named[0].get("template") if named else None
        if not isinstance(template, str) or not template:
            raise ModelError(f"{folder}: there is no chat template in it; take a model tuned for chat ('-Instruct')")
        return cls.from_template(template, _special_tokens(config), str(path))

    @classmethod
    def from_template(cls, template: str, special: dict[str, str], where: str) -> "ChatFormat":
        """The chat format of a Jinja template, with the special tokens that it may name (`bos_token`, …)."""
        turns = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}]
        rendered, problem = _render(template, turns, special)
        if rendered is None or _SYSTEM not in rendered:
            turns = [{"role": "user", "content": f"{_SYSTEM}\n\n{_USER}"}]
            rendered, problem = _render(template, turns, special)
        if rendered is None:
            raise ModelError(f"{where}: the chat template cannot be rendered ({problem})")
        if (
            rendered.count(_SYSTEM) != 1
            or rendered.count(_USER) != 1
            or rendered.index(_SYSTEM) > rendered.index(_USER)
        ):
            raise ModelError(
                f"{where}: the chat template does not put the system text and then the user text, once each"
            )
        before, _, rest = rendered.partition(_SYSTEM)
        between, _, after = rest.partition(_USER)
        return cls((before, between, after))


def _read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; nothing where there is no file. Raises ModelError where there is something else."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise ModelError(f"{path}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path}: not a JSON object")
    return found


def _special_tokens(config: dict[str, Any]) -> dict[str, str]:
    special: dict[str, str] = {}
    for name in ("bos_token", "eos_token", "unk_token", "pad_token"):
        token = config.get(name)
        content = token.get("content") if isinstance(token, dict) else token
        if isinstance(content, str):
            special[name] = content
    return special


def _render(template: str, turns: list[dict[str, str]], special: dict[str, str]) -> tuple[str | None, str]:
    """The text of a conversation up to where the model begins, or None and what the template said against it."""

    def refuse(message: str) -> None:
        raise TemplateError(message)

    # The same environment as transformers': templates are written for it.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    environment.globals["raise_exception"] = refuse
    # A template that prints today's date would make every day's prompt another one.
    environment.globals["strftime_now"] = lambda _: "01 Jan 2025"
    values = {
        "messages": turns,
        "add_generation_prompt": True,
        "tools": None,
        "documents": None,
        "bos_token": "",
        "eos_token": "",
    }
    try:
        return environment.from_string(template).render(**(values | special)), ""
    except (TemplateError, TypeError, ValueError) as error:
        return None, str(error)
