"""A client for yaml-language-server, just large enough to ask it what an editor asks it."""

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Self

import pytest

from codeword.controller.store import cache_dir

PACKAGE = Path(__file__).parent / "yaml_language_server"
TIMEOUT_S = 60.0
SETTINGS: dict[str, Any] = {
    "yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}},
    "http": {},
    "[yaml]": {},
    "editor": {},
}


def installed_server() -> Path:
    """The server's main file, installed from npm by the lock file beside this one; once for all runs."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} on this machine, so yaml-language-server cannot run")
    version = json.loads((PACKAGE / "package.json").read_text())["dependencies"]["yaml-language-server"]
    home = cache_dir() / "tests" / f"yaml-language-server-{version}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as fresh:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PACKAGE / name, fresh)
            install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(install, cwd=fresh, capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == 0, f"npm ci: {done.stderr}"
            made = Path(fresh) / "made"
            made.mkdir()
            (Path(fresh) / "node_modules").rename(made / "node_modules")
            try:
                made.rename(home)
            except OSError:
                assert home.exists()  # another run was quicker
    return home / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"


class Server:
    """A running server that knows no schemas but those that files name themselves, and fetches none."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            ["node", str(installed_server()), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"},
        )
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self.diagnosed: dict[str, list[dict[str, Any]]] = {}
        self.asked = 0
        threading.Thread(target=self._read, daemon=True).start()
        capabilities = {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}}}
        self.request("initialize", {"processId": os.getpid(), "rootUri": root.as_uri(), "capabilities": capabilities})
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": None})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def open(self, path: Path) -> list[str]:
        """Open a file that was not open before; what is wrong with it, as `line: message`."""
        uri = path.as_uri()
        assert uri not in self.diagnosed
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": path.read_text()}
        self.notify("textDocument/didOpen", {"textDocument": document})
        while uri not in self.diagnosed:
            self._take()
        return [f"{d['range']['start']['line'] + 1}: {d['message']}" for d in self.diagnosed[uri]]

    def complete(self, path: Path, line: int, column: int) -> list[str]:
        """The labels offered at a place of an open file, line and column from 1."""
        answer = self.request("textDocument/completion", self._place(path, line, column))
        return [item["label"] for item in (answer["items"] if isinstance(answer, dict) else answer or [])]

    def hover(self, path: Path, line: int, column: int) -> str:
        """The text shown over a place."""
        answer = self.request("textDocument/hover", self._place(path, line, column))
        return str(answer["contents"]["value"]) if answer else ""

    def _place(self, path: Path, line: int, column: int) -> dict[str, Any]:
        return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line - 1, "character": column - 1}}

    def request(self, method: str, params: Any) -> Any:
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": params})
        while True:
            message = self._take()
            if message.get("id") == self.asked and "method" not in message:
                assert "error" not in message, message
                return message.get("result")

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _take(self) -> dict[str, Any]:
        """The next message; the server's own requests are answered on the way."""
        message = self.messages.get(timeout=TIMEOUT_S)
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnosed[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            result = None
            if message["method"] == "workspace/configuration":
                result = [SETTINGS.get(item.get("section", "")) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": result})
        return message

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (header := stream.readline().strip()) != b"":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            if not length:
                return
            self.messages.put(json.loads(stream.read(length)))
