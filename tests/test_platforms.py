"""Every module can be imported where what only POSIX systems have is missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codeword.controller.processor import usable_cpus

ROOT = Path(__file__).parent.parent
ROOMS = ("codebook", "controller", "sim", "runtime")
TEXT = """
import builtins, importlib, json, os, signal, sys, time, types

GONE = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix", "_posixsubprocess"}
POSIX = {
    "os": ("sched_", "fork", "getuid", "geteuid", "getgid", "getpgid", "getpriority", "setpriority", "uname", "killpg",
           "setsid", "nice", "sysconf", "getloadavg", "fchmod", "statvfs", "wait", "mkfifo", "openpty", "register_at_fork",
           "posix_", "pread", "pwrite", "PRIO_", "SCHED_", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK"),
    "signal": ("SIGHUP", "SIGQUIT", "SIGKILL", "SIGTSTP", "SIGUSR", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGCONT", "SIGSTOP",
               "alarm", "setitimer", "pthread_", "sigwait", "pause", "siginterrupt"),
    "time": ("tzset",),
}
poor = {}
for name, gone in POSIX.items():
    real = importlib.import_module(name)
    poor[name] = types.ModuleType(name)
    poor[name].__dict__.update({key: value for key, value in vars(real).items() if not key.startswith(gone)})
real_import = builtins.__import__

def ours(name, globals=None, locals=None, fromlist=(), level=0):
    if globals is not None and str(globals.get("__name__")).startswith("codeword.") and not level:
        if name.partition(".")[0] in GONE:
            raise ModuleNotFoundError(f"No module named '{name}'")
        if name in poor:
            return poor[name]
    return real_import(name, globals, locals, fromlist, level)

builtins.__import__ = ours
broken = {}
for module in json.loads(sys.argv[1]):
    try:
        importlib.import_module(module)
    except (ImportError, AttributeError, KeyError, NameError) as problem:
        broken[module] = f"{type(problem).__name__}: {problem}"
print(json.dumps(broken))
"""
"""Imports modules; those of ours find neither the modules nor the names of POSIX, whatever other libraries find."""


def modules() -> list[str]:
    """Every module of ours that is no command of its own."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] != "__main__":
                found.append(".".join(("codeword", *(part for part in parts if part != "__init__"))))
    return found


def imported(*names: str, at: Path | None = None) -> dict[str, str]:
    """What cannot be imported, and why."""
    done = subprocess.run(
        [sys.executable, "-c", TEXT, json.dumps(names)], capture_output=True, text=True, check=False, cwd=at
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_every_module_can_be_imported_without_what_only_posix_has() -> None:
    assert len(modules()) > 200
    assert imported(*modules()) == {}


@pytest.mark.parametrize(
    "text",
    ["import fcntl", "from pwd import getpwuid", "import os\nos.sched_getaffinity(0)", "from signal import SIGHUP"],
)
def test_it_would_be_seen(tmp_path: Path, text: str) -> None:
    (tmp_path / "sample.py").write_text(f"__name__ = 'codeword.sample'\n{text}\n")
    assert list(imported("sample", at=tmp_path)) == ["sample"]


def test_where_there_is_no_affinity_every_processor_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 5})
    assert usable_cpus() == {3, 5}
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert usable_cpus() == {0, 1, 2, 3}
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert usable_cpus() == {0}
