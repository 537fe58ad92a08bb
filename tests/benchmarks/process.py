"""A side in a process of its own, seen from the one who asks: its memory and its threads are nobody else's."""

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from codeword.codebook.errors import CodewordError

from .side import Answer, Question

_LAST_WORDS_S = 5.0


class SideError(CodewordError):
    """A side could not be started, or gave no answer."""


class SideProcess:
    """A side that runs. `rss_mb` is the memory that it held after its last answer [MB]."""

    def __init__(self, name: str, made_by: str, options: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Start `made_by` (`module:Class`) with its options, and wait until it is ready. Raises SideError.

        `environment` is what the process gets beside our own; an empty value takes a variable away.
        """
        self.name = name
        self.rss_mb = float("nan")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={key: value for key, value in {**os.environ, **environment}.items() if value},
        )
        try:
            self._send((made_by, dict(options)))
            self._receive()
        except BaseException:
            self.close()
            raise

    def ask(self, question: Question) -> Answer:
        """The answer to a question. Raises SideError where there is none."""
        self._send(question)
        answer: Answer
        answer, self.rss_mb = self._receive()
        return answer

    def close(self) -> None:
        """End the process. Idempotent."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it may have died with a question unread
                    pipe.close()
        self._end()
        self._said.close()

    def _end(self) -> int:
        """Let the process come to its end, or bring it there; gives its exit code."""
        try:
            return self._process.wait(timeout=_LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError as problem:
            raise SideError(f"{self.name}: {self._last_words()}") from problem

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        try:
            answer, problem = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as problem:
            raise SideError(f"{self.name}: {self._last_words()}") from problem
        if problem is not None:
            raise SideError(f"{self.name}: {problem}")
        return answer

    def _last_words(self) -> str:
        """What a process that has died said last."""
        code = self._end()
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().decode(errors="replace").splitlines() if line.strip()]
        return f"its process ended with code {code}{f': {lines[-1][:300]}' if lines else ''}"
