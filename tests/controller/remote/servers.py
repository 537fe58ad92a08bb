"""Servers for models elsewhere: llama.cpp's own in a process that can be killed, and small ones that misbehave."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

_LLAMA = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.port = sys.argv[1], 16384, 1, int(sys.argv[2])
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
time.sleep(3600)
"""


class LlamaServer:
    """llama.cpp's server with a GGUF file, as the `xllamacpp` wheel has it, in a process of its own."""

    def __init__(self, gguf: Path, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LLAMA, str(gguf), str(port)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if line.startswith("listening"))
        self.address = line.split()[1]
        self.port = int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """SIGKILL, as when the machine loses power."""
        self._process.kill()
        self._process.wait()


@contextmanager
def llama_server(gguf: Path) -> Iterator[LlamaServer]:
    server = LlamaServer(gguf)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def silent_server(trickle: bytes = b"") -> Iterator[str]:
    """A server that takes connections and never answers, or with a byte at a time."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    taken: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                taken.append(listening.accept()[0])
                threading.Thread(target=drip, args=(taken[-1],), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(1 << 16)
            for byte in trickle:
                if over.wait(0.02):
                    return
                connection.sendall(bytes([byte]))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        over.set()
        listening.close()
        for connection in taken:
            connection.close()


class _Scripted(BaseHTTPRequestHandler):
    """Answers with what the server was told to, one after the other, the last again and again."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answers: ClassVar[list[tuple[int, Any]]]
    asked: ClassVar[list[tuple[str, dict[str, str], dict[str, Any]]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, dict(self.headers), body))
        status, said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


class ScriptedServer:
    """A server that answers by a script; `asked` is what came: path, headers, body."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        handler = type("Handler", (_Scripted,), {"answers": list(answers), "asked": self.asked})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def scripted_server(*answers: tuple[int, Any]) -> Iterator[ScriptedServer]:
    server = ScriptedServer(*answers)
    try:
        yield server
    finally:
        server.close()


def chat(text: str, **more: Any) -> tuple[int, Any]:
    """An answer of the chat kind."""
    return 200, {"choices": [{"message": {"role": "assistant", "content": text}, **more}]}


def completion(text: str, **more: Any) -> tuple[int, Any]:
    """An answer of the completing kind."""
    return 200, {"choices": [{"text": text, **more}]}


def gone_address() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return f"http://127.0.0.1:{port}/v1"
