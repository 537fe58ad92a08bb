"""Text to tokens: the chat template's own pieces with their control tokens, and contents that can never forge one.

A prompt is tokenized in segments (system, task, observation), each by itself and the same way in training and in use.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer

from codeword.codebook.errors import ModelError
from codeword.codebook.prompt import Prompt

from .chat import ChatFormat

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
