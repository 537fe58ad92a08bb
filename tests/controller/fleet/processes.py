"""Engine processes for tests, and clients in processes of their own, which can be killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ENGINE = """
import json, signal, sys
from pathlib import Path
from codeword.controller.engine import Engine
from codeword.controller.fleet.server import Server
from codeword.controller.registry import open_folder
import torch
torch.set_num_threads(1)
engine = Engine(open_folder(Path(sys.argv[1]), "tiny"), profile=sys.argv[3], threads=1)
if float(sys.argv[4]):
    import time
    read, pause_s = engine._model.read, float(sys.argv[4])
    engine._model.read = lambda parts: (time.sleep(pause_s), read(parts))[1]
server = Server(engine, sys.argv[2])
over = []
signal.signal(signal.SIGTERM, lambda *_: over.append(1))
print("ready", flush=True)
server.serve(lambda: bool(over))
tally = server.tally
server.close()
print(json.dumps({"decisions": tally.decisions, "passes": tally.passes, "mean_batch": tally.mean_batch,
    "late": tally.late, "given_up": tally.given_up, "failed": tally.failed, "forgotten": tally.forgotten,
    "waits_ms": {name: list(waits) for name, waits in tally.waits_ms.items()}}), flush=True)
"""


class EngineProcess:
    """An engine that serves a model folder at an address. `pause_s` is added to each of its passes."""

    def __init__(self, folder: Path, address: str, profile: str = "auto", pause_s: float = 0.0) -> None:
        self.address = address
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ENGINE, str(folder), address, profile, str(pause_s)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> dict[str, Any]:
        """Let it end; what it has done."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=20)
        assert self.process.returncode == 0
        figures: dict[str, Any] = json.loads(out)
        return figures


@contextmanager
def engine_process(folder: Path, address: str, **more: Any) -> Iterator[EngineProcess]:
    process = EngineProcess(folder, address, **more)
    try:
        yield process
    finally:
        process.kill()


def run_clients(script: str, address: str, seeds: list[int], *more: str) -> list[Any]:
    """What so many client processes printed, run side by side, each with a seed of its own."""
    started = [
        subprocess.Popen([sys.executable, "-c", script, address, str(seed), *more], stdout=subprocess.PIPE, text=True)
        for seed in seeds
    ]
    said = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(started)
    return [json.loads(text) for text in said]
