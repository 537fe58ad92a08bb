"""Which folder of keys goes with which address."""

import os
from pathlib import Path

from codeword.codebook.errors import InputError

from .keys import Keys, default_folder
from .sockets import is_loopback


def keys_for(host: str, folder: Path | None = None) -> Keys | None:
    """The keys to use with a host: those of a folder that was named, here or by CODEWORD_KEYS; else none for loopback,
    and the user's own for any other. Raises InputError where a host needs keys and there are none.
    """
    if folder is not None or os.environ.get("CODEWORD_KEYS"):
        return Keys(folder or default_folder())
    if is_loopback(host):
        return None
    own = default_folder()
    if not own.is_dir():
        raise InputError(f"{host}: a robot on another machine needs keys, and there is no {own}; see codeword keys -h")
    return Keys(own)
