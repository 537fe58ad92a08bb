"""Text to tokens: the chat template's own pieces with their control tokens, and contents that can never forge one.

A prompt is tokenized in segments (system, task, observation), each by itself and the same way in training and in use.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Tokenizer

from codeword.codebook.errors import ModelError
from codeword.codebook.prompt import Prompt

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


_GUARD = "\n"
_KEPT = 4096


@dataclass(frozen=True)
class PromptTokens:
    """A prompt's tokens in the segments that are read, and kept, one by one."""

    system: tuple[int, ...]
    task: tuple[int, ...]
    observation: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """The whole prompt."""
        return self.system + self.task + self.observation


class Tokens:
    """A model's tokenizer and chat format. Holds a cache; not safe to use from several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Read tokenizer and chat template of a model folder. Raises ModelError where they are missing or broken."""
        path = folder / "tokenizer.json"
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:
            raise ModelError(f"{path}: not a readable tokenizer ({error})") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        added: dict[int, AddedToken] = self._tokenizer.get_added_tokens_decoder()
        # Those that the model's maker did not call special could be written by a user too: here all of them are.
        self._tokenizer.add_special_tokens([AddedToken(str(token.content), special=True) for token in added.values()])
        self.chat = ChatFormat.read(folder)
        self._guard = self._find_guard(path)
        before, between, after = self.chat.pieces
        self._before, self._between, self._after = self._control(before), self._behind(between), self._behind(after)
        self._tokenizer.encode_special_tokens = True
        self._kept: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self.end_token = self._token_id(_config(folder).get("eos_token"))

    @property
    def json(self) -> str:
        """The tokenizer in the form of `tokenizer.json`, for other libraries."""
        return str(self._tokenizer.to_str())

    def encode(self, text: str) -> tuple[int, ...]:
        """The tokens of a content, kept for next time. No text, whatever it says, gives a control token."""
        tokens = self._kept.get(text)
        if tokens is None:
            tokens = self._content(text)
            self._kept[text] = tokens
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(text)
        return tokens

    def decode(self, tokens: "tuple[int, ...] | list[int]") -> str:
        """The text of some tokens, control tokens included."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=False))

    def prompt(self, prompt: Prompt) -> PromptTokens:
        """A prompt's tokens by segment, the chat format's own among them; blanks around each text are dropped."""
        system, task, observation = prompt.system.strip(), prompt.task.strip(), prompt.observation.strip()
        return PromptTokens(
            system=self._before + self.encode(system) + self._between,
            task=self.encode(task + "\n"),
            observation=self.encode(observation) + self._after,
        )

    def _control(self, text: str) -> tuple[int, ...]:
        """The tokens of a template's piece, control tokens read as such."""
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _behind(self, text: str) -> tuple[int, ...]:
        """The tokens of a template's piece that stands behind a content: no blank is put before it."""
        for guard in (_GUARD, "a") if self._guard else ():
            tokens, head = self._control(guard + text), self._control(guard)
            if tokens[: len(head)] == head:
                return tokens[len(head) :]
        return self._control(text)

    def _find_guard(self, path: Path) -> tuple[int, ...]:
        """The tokens of the guard where the tokenizer puts a blank before every text, else none.

        Such a tokenizer would make `▁red` of the `red` in `"red"`; a guard before the text takes the blank, and goes.
        """
        if self.decode(self._control("a")) == "a" and self._tokenizer.encode("a", add_special_tokens=False).tokens == [
            "a"
        ]:
            return ()
        guard = self._control(_GUARD)
        if self._control(_GUARD + "a")[: len(guard)] != guard:
            raise ModelError(f"{path}: this kind of tokenizer joins what stands on both sides of a line break")
        return guard

    def _content(self, text: str) -> tuple[int, ...]:
        if not self._guard:
            return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)
        return tuple(self._tokenizer.encode(_GUARD + text, add_special_tokens=False).ids[len(self._guard) :])

    def _token_id(self, token: Any) -> int:
        """The id of the end-of-text token, however the config writes it; token 0 where it names none."""
        content = token.get("content") if isinstance(token, dict) else token
        found = self._tokenizer.token_to_id(content) if content else None
        return 0 if found is None else int(found)


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelError(f"{folder / 'tokenizer_config.json'}: not JSON ({error})") from error
    return config if isinstance(config, dict) else {}
