"""`codeword chat`: tasks typed one after another at a robot, the model loaded once."""

import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, TextIO, cast

import click
from rich.console import Console
from rich.markup import escape

from codeword.codebook import Result, Robot
from codeword.codebook.command_codec import read_command
from codeword.codebook.errors import CodewordError, InputError
from codeword.codebook.observation import Record
from codeword.codebook.reflexes import stops
from codeword.codebook.task_plan import TaskPlan, read_plan, told_command
from codeword.controller import Decision
from codeword.controller.decider_config import DeciderConfig

from .explain import Explainer, ask_which
from .judge import Verdict
from .model_options import with_model
from .records import CommandRecord, EventRecord
from .report.turns import plan_lines
from .robots import check_fit
from .ros2.domain import ROS2, domain_of
from .scenario import typed_scenario
from .session import Session
from .session_options import load, open_session, session_options
from .signals import Terminated, exit_code
from .terminal import err, out
from .view.opening import live_views

_WINDOWS = os.name == "nt"  # its terminals cannot be waited for beside a socket: there Ctrl-C alone stops


@contextmanager
def stoppable(
    robot: Robot, is_stop: Callable[[str], bool], typed: TextIO | None, on_line: Callable[[str], None]
) -> Iterator[None]:
    """Have the first Ctrl-C in the block, or a stop word typed on a line of its own, stop the robot; a second Ctrl-C is
    raised as Terminated. Other lines typed meanwhile go to `on_line`, in a thread of its own.

    `typed` is a terminal, or None where nobody types. Only the main thread hears of Ctrl-C.
    """
    ours, waker = socket.socketpair()
    waker.setblocking(False)
    hurried = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        nonlocal hurried
        if hurried:
            raise Terminated(number)
        hurried = True
        waker.send(b"s")

    listener = threading.Thread(
        target=_listen,
        args=(robot, is_stop, on_line, ours, None if _WINDOWS else typed),
        name="stop words",
        daemon=True,
    )
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, interrupt) if is_main else None
    listener.start()
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)
        waker.send(b"e")
        listener.join()
        ours.close()
        waker.close()


def _listen(
    robot: Robot,
    is_stop: Callable[[str], bool],
    on_line: Callable[[str], None],
    ours: socket.socket,
    typed: TextIO | None,
) -> None:
    """Wait for what comes from the terminal, for an interrupt (`s`) and for the end (`e`). The terminal is read past
    its buffer: a line that lay there could not be waited for.
    """
    sources: list[socket.socket | TextIO] = [ours, *([typed] if typed is not None else [])]
    rest = b""
    while True:
        ready, _, _ = select.select(sources, [], [])
        if ours in ready:
            said = ours.recv(16)
            if b"s" in said:
                robot.stop()
            if b"e" in said:
                return
        if typed is not None and typed in ready:
            read = os.read(typed.fileno(), 4096)
            if not read:
                sources.remove(typed)
                continue
            *whole, rest = (rest + read).split(b"\n")
            for line in (one.decode(errors="replace").strip() for one in whole):
                if is_stop(line):
                    robot.stop()
                elif line:
                    on_line(line)


_COMMANDS = {
    "look": "what is seen now",
    "again": "the last task once more",
    "undo": "make so again what was so before the last task that changed something",
    "why": "how the last task was decided, decision by decision",
    "rearm": "take tasks again after a stop",
    "help": "this list",
    "quit": "leave (Ctrl-D too)",
}


@click.command(epilog="Example: codeword chat --codebook my_cart.yaml --robot my_cart:Cart")
@session_options
@with_model("Ask before a plan that the model is less sure of; 1: before every plan.")
@click.option("--plain", is_flag=True, help="For scripts: no prompts, no colors; nothing is asked.")
@click.option(
    "--ros2", metavar="[DOMAIN]", is_flag=False, flag_value="",
    help="Take tasks from the ROS 2 topic /codeword/task, and tell on /codeword/says; /codeword/stop stops.",
)  # fmt: skip
@click.option("--view", is_flag=True, help="Show scene and decisions as they happen, in a page of this machine alone.")
@click.option("--foxglove", is_flag=True, help="Serve all that happens to Foxglove, to this machine alone.")
def chat(
    codebook: str, robot: str, seed: int, plain: bool, ros2: str | None, view: bool, foxglove: bool,
    folder: Path | None, who: DeciderConfig,
) -> int:  # fmt: skip
    """Type tasks one after another; the robot does them, and the model is loaded once.

    Each plan is shown, with how sure the model is of it, before the robot moves; where it is not sure enough it asks.
    Ctrl-C stops the robot, and so does a stop word ("stop", "wait") typed while it moves; it then stays stopped until
    `rearm`. Each task is an episode file of its own. With --plain, tasks come on standard input, a line each, with
    --ros2 on a topic; exit is 1 where one of them was not carried out.
    """
    check_fit(robot, typed_scenario("look", codebook))  # before the model is loaded
    domain = None if ros2 is None else domain_of(f"{ROS2}{ros2}")
    controllers = load(robot, who)
    with ExitStack() as stack:
        decides = f"llm {controllers.loaded.model}"
        listeners = live_views(stack, err, decides, read=True, page=view, foxglove=foxglove, port=0)
        session = stack.enter_context(open_session(controllers, codebook, robot, seed, folder, listeners))
        if ros2 is not None:
            from .ros2.voice import Voice

            voice = stack.enter_context(closing(Voice(session, domain)))
            said = Console(file=cast(IO[str], voice), highlight=False, color_system=None, width=160)
            said.print(f"tasks are taken from {voice.task_topic}")
            return Chat(session, said, asks=False).listen(voice.lines())
        talk = Chat(session, Console(highlight=False, color_system=None, width=160) if plain else out, asks=not plain)
        talk.greet(f"{controllers.loaded.model} {controllers.loaded.adapter}".strip())
        return talk.listen(_typed(talk.completions) if not plain else _piped())


class Chat:
    """Takes lines, and tells what comes of each. Where it `asks`, somebody is there to choose between plans."""

    def __init__(self, session: Session, console: Console, *, asks: bool) -> None:
        self._session, self._console, self._asks = session, console, asks
        self._failed = False

    def greet(self, model: str) -> None:
        """Say who is here."""
        if self._asks:
            book = self._session.codebook
            self._console.print(f"[bold]{escape(book.name)}[/bold] on {escape(self._session.robot_name)}, {model}")
            self._console.print(f"[dim]type a task, or one of: {', '.join(_COMMANDS)}[/dim]")

    def completions(self) -> list[str]:
        """The names of things that are there, and the commands."""
        with suppress(CodewordError):
            return [*(entity.id for entity in self._session.look().entities), *_COMMANDS]
        return list(_COMMANDS)

    def listen(self, lines: Iterator[str | None]) -> int:
        """Do what each line says until the last, or `quit`; None stands for Ctrl-C while nothing moves. Returns the
        exit code.
        """
        for line in lines:
            if line is None:
                self._console.print("[dim]quit, or Ctrl-D, leaves[/dim]")
                continue
            try:
                if not self._take(line.strip()):
                    break
            except CodewordError as problem:
                self._failed = True
                self._console.print(f"[red]{escape(str(problem))}[/red]")
        return 0 if self._asks or not self._failed else 1

    def _take(self, line: str) -> bool:
        """Do what one line says; False where it says to leave."""
        word = line.removeprefix("/")
        if not self._asks:
            self._console.print(f"> {line}", markup=False)
        is_command = word in _COMMANDS and (line != word or word not in self._session.codebook.skills)
        if not line:
            return True
        if not is_command:
            self._do(line)
        elif word == "quit":
            return False
        elif word == "help":
            for name, about in _COMMANDS.items():
                self._console.print(f"  [bold]{name:<6}[/bold] {about}")
        elif word == "look":
            self._look()
        elif word == "why":
            self._why()
        elif word == "rearm":
            self._session.rearm()
            self._console.print("[dim]tasks are taken again[/dim]")
        elif word == "again":
            if not self._session.task:
                raise InputError("there was no task yet")
            self._do(self._session.task)
        else:
            self._console.print(f"  make so: {self._session.undoing()[1].told}", markup=False)
            self._carry_out(self._session.undo)
        return True

    def _do(self, task: str) -> None:
        verdict = self._carry_out(lambda *told: self._session.do(task, *told), may_ask=self._asks)
        if verdict.ended == "cannot" and self._asks and (plan := self._chosen()) is not None:
            self._carry_out(lambda *told: self._session.carry_out(plan, task, *told))

    def _carry_out(self, run: Callable[..., Verdict], *, may_ask: bool = False) -> Verdict:
        """Run an episode that Ctrl-C and stop words stop."""
        book = self._session.codebook
        typed = sys.stdin if self._asks and sys.stdin.isatty() else None

        def busy(line: str) -> None:
            self._console.print(f"  [dim]the robot is busy; not taken: {escape(line)}[/dim]")

        with stoppable(self._session.robot, lambda line: stops(book, line), typed, busy):
            verdict = run(_Teller(self._console, self._session, may_ask=may_ask))
        self._failed = self._failed or not verdict.carried_out
        if self._session.stopped:
            self._console.print("[red]stopped[/red]; when it is safe to move, type: rearm")
        return verdict

    def _chosen(self) -> TaskPlan | None:
        """The plan that the user chooses where the model was not sure enough of any."""
        heard = self._session.heard
        try:
            text = ask_which(heard.last_decision if heard is not None else None, self._console)
        except click.Abort as problem:
            if isinstance(problem.__context__, Terminated) and not _is_ctrl_c(problem.__context__):
                raise problem.__context__ from None
            return None
        return read_plan(self._session.codebook, text) if text else None

    def _look(self) -> None:
        seen = self._session.look()
        things = ", ".join(f"{entity.id} ({entity.kind})" for entity in seen.entities)
        self._console.print(f"  {things or 'nothing'}; {' '.join(map(str, seen.facts)) or 'no facts'}", markup=False)

    def _why(self) -> None:
        heard = self._session.heard
        if heard is None:
            raise InputError("nothing was decided yet")
        heard.tell(Explainer(self._console, self._session.codebook, heard.task))


class _Teller:
    """A listener that tells in few words what is done, as it happens."""

    def __init__(self, console: Console, session: Session, *, may_ask: bool) -> None:
        self._console, self._session, self._may_ask = console, session, may_ask

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """Pictures are for files."""

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """Tell a record."""
        del topic, time_s
        if isinstance(record, Decision) and record.plan and record.path != "planned":
            self._plan(record)
        elif isinstance(record, CommandRecord) and not record.allowed:
            self._console.print(f"  refused: {record.message}", markup=False)
        elif isinstance(record, Result) and record.command:
            told = ": ".join(filter(None, (record.reason, record.message)))
            what = told_command(read_command(self._session.codebook, record.command))
            how = record.status + (f" ({told})" if told else "")
            self._console.print(f"  {what}: {how}, {record.duration_s:.1f} s", markup=False)
        elif isinstance(record, EventRecord) and not (record.kind == "unsure" and self._may_ask):
            self._console.print(f"  {record.what}", markup=False)
        elif isinstance(record, Verdict) and record.ended != "stopped":
            self._console.print(f"  {self._ended(record)}", markup=False)

    def _ended(self, verdict: Verdict) -> str:
        if verdict.ended == "done":
            return "done" if verdict.commands else "nothing to do: all of it is so already"
        return verdict.reason.partition(";")[0] if verdict.success is None else verdict.reason

    def _plan(self, decision: Decision) -> None:
        lines = "; ".join(line.text for line in plan_lines(self._session.codebook, decision))
        sure = "" if decision.sureness is None else f" ({decision.sureness:.0%} sure)"
        if not any(note.kind == "unsure" for note in decision.notes) or not self._may_ask:
            self._console.print(f"  plan{sure}: {lines or decision.plan}", markup=False)


def _is_ctrl_c(problem: Terminated) -> bool:
    return exit_code(problem) == 128 + signal.SIGINT


def _piped() -> Iterator[str]:
    """The lines of standard input."""
    for line in sys.stdin:
        yield line.rstrip("\n")


def _typed(completions: Callable[[], list[str]]) -> Iterator[str | None]:
    """Lines typed at a terminal, with history and completion by Tab; None for each Ctrl-C."""
    with suppress(ImportError):  # Windows has none
        import readline

        known: list[str] = []

        def complete(text: str, state: int) -> str | None:
            if state == 0:
                known[:] = [f"{name} " for name in completions() if name.startswith(text)]
            return known[state] if state < len(known) else None

        readline.set_completer(complete)
        readline.set_completer_delims(" ,;:.!?\"'()")
        readline.parse_and_bind("tab: complete")
    while True:
        try:
            yield input("> ")
        except EOFError:
            return
        except Terminated as problem:
            if not _is_ctrl_c(problem):
                raise
            yield None
