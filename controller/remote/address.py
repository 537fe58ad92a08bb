"""Where a model elsewhere is: `http://host:port/v1#name`, and how long it may take."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from codeword.codebook.errors import CodewordError, InputError


class RemoteError(CodewordError):
    """A model elsewhere gave no command. `again` says whether the same may go well when it is tried again soon;
    `gone` that nobody answered at all.
    """

    def __init__(self, message: str, *, again: bool = False, gone: bool = False, status: int = 0) -> None:
        self.again, self.gone, self.status = again, gone, status
        super().__init__(message)


PLAIN = "plain+"
"""Put before an address, it says that the server only completes plain text."""

_REMOTE = re.compile(r"(plain\+)?https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """A model of a server that speaks OpenAI's protocol. A `plain` one only completes text; others hold their output to
    a JSON Schema.
    """

    scheme: str
    host: str
    port: int
    path: str
    model: str
    plain: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{PLAIN if self.plain else ''}{self.scheme}://{host}:{self.port}{self.path}#{self.model}"


@dataclass(frozen=True)
class Limits:
    """How long the network may take [s]: for a connection, and for a decision with all that is tried again in it."""

    connect_s: float = 2.0
    answer_s: float = 10.0


USUAL = Limits()


def is_remote(model: str) -> bool:
    """Whether a model's name is the address of one elsewhere."""
    return _REMOTE.match(model) is not None


def read_address(text: str) -> Address:
    """The address that a text says. Raises InputError where it says none."""
    plain = text.lower().startswith(PLAIN)
    form = "expected http://host:port/v1#model, or plain+http://… for a server that only completes text"
    try:
        parts = urlsplit(text[len(PLAIN) :] if plain else text)
        port = parts.port
    except ValueError as problem:
        raise InputError(f"--model: not an address: {problem} ({form})") from problem
    if parts.username is not None or parts.password is not None:
        raise InputError("--model: an address has no key or password in it; put the key into CODEWORD_API_KEY")
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.fragment or parts.query:
        raise InputError(f"--model: '{text}' does not say which model of which server ({form})")
    default = 443 if parts.scheme == "https" else 80
    return Address(parts.scheme, parts.hostname, port or default, parts.path.rstrip("/"), parts.fragment, plain)
