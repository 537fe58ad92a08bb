"""Keys of the robot link: a folder with a pair for each robot and controller, CURVE on sockets, and who is let in.

`NAME.secret` is a secret key, `NAME.key` the public one that belongs to it; every file can be read by its owner alone.
A robot lets in whoever has a `.key` in its folder; one that is revoked is `NAME.revoked` from then on.
"""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import zmq

from codeword.codebook.errors import InputError, did_you_mean

from .sockets import is_loopback

ROBOT = "robot"
"""The name under which robots look for their own pair, and controllers for the robot's public key."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_KEY = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")


def default_folder() -> Path:
    """Where keys lie unless `--keys` or CODEWORD_KEYS names another folder."""
    return Path(os.environ.get("CODEWORD_KEYS") or platformdirs.user_config_path("codeword") / "keys")


@dataclass(frozen=True)
class Key:
    """A key that a folder holds: whether the secret is there, and whether it was revoked."""

    name: str
    secret: bool
    revoked: bool
    fingerprint: str


@dataclass(frozen=True)
class Keys:
    """A folder of keys."""

    folder: Path

    def new(self, name: str) -> Key:
        """Make a pair. Raises InputError for a name that cannot be one or is taken."""
        if not _NAME.fullmatch(name) or name.endswith((".key", ".secret", ".revoked")):
            raise InputError(f"'{name}' cannot name a key; letters, digits, _, - and . can")
        taken = [path for path in map(self._path, (name,) * 3, ("key", "secret", "revoked")) if path.exists()]
        if taken:
            raise InputError(f"{taken[0]}: is there already; revoke it first, or take another name")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as problem:
            raise InputError(f"{self.folder}: cannot be made: {problem.strerror}") from problem
        public, secret = zmq.curve_keypair()
        self._write(self._path(name, "secret"), secret)
        self._write(self._path(name, "key"), public)
        return Key(name, secret=True, revoked=False, fingerprint=_fingerprint(public))

    def list(self) -> tuple[Key, ...]:
        """Every key of the folder by name. Raises InputError where there is no folder or a file is damaged."""
        if not self.folder.is_dir():
            raise InputError(f"{self.folder}: there is no such folder of keys; codeword keys new NAME makes one")
        files = sorted(path for path in self.folder.iterdir() if path.suffix in (".key", ".revoked"))
        return tuple(
            Key(
                path.stem,
                self._path(path.stem, "secret").exists(),
                path.suffix == ".revoked",
                _fingerprint(_read(path)),
            )
            for path in files
        )

    def revoke(self, name: str) -> None:
        """Let nobody in with that key any more. Raises InputError where there is none of that name."""
        names = [key.name for key in self.list() if not key.revoked]
        if name not in names:
            raise InputError(f"{self.folder}: has no key '{name}'{did_you_mean(name, names)}")
        self._path(name, "key").rename(self._path(name, "revoked"))

    def let_in(self) -> frozenset[bytes]:
        """The public keys of all who are let in."""
        return frozenset(_read(path) for path in self.folder.glob("*.key") if path.stem != ROBOT)

    def stamp(self) -> int:
        """Changes when keys come or go: the folder's time [ns]."""
        try:
            return self.folder.stat().st_mtime_ns
        except OSError as problem:
            raise InputError(
                f"{self.folder}: no folder of keys: {problem.strerror}; codeword keys new makes one"
            ) from problem

    def serve(self, socket: "zmq.Socket[bytes]") -> None:
        """Make a robot's socket ask for keys. Raises InputError where the robot has none of its own."""
        socket.curve_secretkey = self._secret(ROBOT)
        socket.curve_publickey = self._public(ROBOT)
        socket.curve_server = True

    def use(self, socket: "zmq.Socket[bytes]", name: str) -> None:
        """Give a controller's socket the key of that name and the robot's. Raises InputError where one is missing."""
        socket.curve_secretkey = self._secret(name)
        socket.curve_publickey = self._public(name)
        socket.curve_serverkey = self._public(ROBOT)

    def own(self) -> str:
        """The name of the one secret key that is not a robot's. Raises InputError where there is none or more."""
        names = [key.name for key in self.list() if key.secret and key.name != ROBOT and not key.revoked]
        if len(names) != 1:
            cure = "say which with --key" if names else "codeword keys new NAME makes one"
            raise InputError(f"{self.folder}: has {len(names)} secret keys of controllers; {cure}")
        return names[0]

    def _path(self, name: str, ending: str) -> Path:
        return self.folder / f"{name}.{ending}"

    def _secret(self, name: str) -> bytes:
        path = self._path(name, "secret")
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InputError(f"{path}: others can read this secret key; chmod 600 it, and better make a new one")
        return _read(path)

    def _public(self, name: str) -> bytes:
        return _read(self._path(name, "key"))

    @staticmethod
    def _write(path: Path, key: bytes) -> None:
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(key + b"\n")
        except OSError as problem:
            raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem


def _read(path: Path) -> bytes:
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "is not text"
        raise InputError(f"{path}: cannot be read: {why}; codeword keys new {path.stem} makes a pair") from problem
    if not _KEY.fullmatch(key):
        raise InputError(f"{path}: is no key; a key is 40 characters of Z85")
    return key.encode()


def _fingerprint(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


class Doorkeeper:
    """Answers ZeroMQ when it asks whether a key is let in; keys that come or go are seen while it works."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", keys: Keys) -> None:
        self._keys, self._stamp = keys, keys.stamp()
        self._let_in = keys.let_in()
        self.socket = context.socket(zmq.REP)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind("inproc://zeromq.zap.01")

    def refresh(self) -> bool:
        """Look whether keys came or went. True where they did."""
        stamp = self._keys.stamp()
        if stamp == self._stamp:
            return False
        self._stamp, self._let_in = stamp, self._keys.let_in()
        return True

    def lets_in(self, user: str) -> bool:
        """Whether the peer who came in with that key [Z85] may still speak."""
        return user.encode() in self._let_in

    def answer(self) -> None:
        """Answer what is asked."""
        while self.socket.poll(0):
            version, request, _, _, _, mechanism, *credentials = self.socket.recv_multipart()
            known = z85(credentials[0]) if mechanism == b"CURVE" and credentials else b""
            self.refresh()
            if known in self._let_in:
                self.socket.send_multipart([version, request, b"200", b"OK", known, b""])
            else:
                self.socket.send_multipart([version, request, b"400", b"unknown key", b"", b""])

    def close(self) -> None:
        """Answer no more."""
        self.socket.close(0)


def z85(raw: bytes) -> bytes:
    """A key of 32 bytes as its 40 characters."""
    from zmq.utils.z85 import encode

    text: bytes = encode(raw)
    return text


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
