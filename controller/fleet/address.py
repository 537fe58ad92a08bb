"""Where an engine process is: a socket file or a port of this machine, nothing that another machine reaches."""

import ipaddress
import re
from pathlib import Path

from codeword.codebook.errors import InputError

MOST_PATH = 100
"""The kernel takes paths of sockets up to about so many bytes."""

_FORM = "right would be ipc:///tmp/codeword.sock, or tcp://127.0.0.1:5570"
_TCP = re.compile(r"tcp://(\[[^\]]+\]|[^:/\[\]]+):(\d{1,5})")


def is_fleet(model: str) -> bool:
    """Whether a model's name is the address of an engine process."""
    return model.lower().startswith(("ipc:", "tcp:"))


def check_address(text: str, option: str) -> str:
    """The address, given by a command's option. Raises InputError where it is none, or not of this machine alone."""
    if text.startswith("ipc://"):
        path = text.removeprefix("ipc://")
        if not path.startswith("/") or path.endswith("/") or len(path.encode()) > MOST_PATH:
            raise InputError(
                f"{option}: '{text}' names no socket file by its whole path, of at most {MOST_PATH} bytes ({_FORM})"
            )
        return text
    found = _TCP.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 65_535:
        raise InputError(f"{option}: '{text}' is no address of an engine ({_FORM})")
    try:
        loopback = ipaddress.ip_address(found[1].strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InputError(f"{option}: {found[1]} may be another machine, and an engine serves its own alone ({_FORM})")
    return text


def socket_file(address: str) -> Path | None:
    """The file of an `ipc://` address; None for a port."""
    return Path(address.removeprefix("ipc://")) if address.startswith("ipc://") else None
