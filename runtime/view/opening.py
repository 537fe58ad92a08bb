"""Opens the live view for somebody at this machine: tells where it is, and has the browser go there."""

import os
import sys
import webbrowser
from contextlib import ExitStack

from rich.console import Console

from codeword.runtime.episode import Listener

from .view import View

_PATIENCE_S = 10.0


def live_views(
    stack: ExitStack, console: Console, who: str, *, read: bool, page: bool, foxglove: bool, port: int
) -> list[Listener]:
    """The views that are asked for, open as long as the stack is: a page of our own, and what Foxglove connects to.

    `who` decides, in words; `read` says that a model reads the prompts. Raises InputError where one cannot be had.
    """
    found: list[Listener] = []
    if page:
        view = stack.enter_context(View(who, read=read, port=port))
        show(view, console)
        found.append(view)
    if foxglove:
        from .foxglove import FoxgloveView

        live = stack.enter_context(FoxgloveView(port))
        console.print(f"Foxglove: open a connection to {live.url}", markup=False)
        found.append(live)
    return found


def show(view: View, console: Console) -> None:
    """Tell where the view is, open it in a browser where there is a screen, and wait until the page is there."""
    console.print(f"live view: {view.url}", markup=False)
    if not has_screen() or not webbrowser.open(view.url):
        return
    if not view.wait(_PATIENCE_S):
        console.print(f"the page was not opened within {_PATIENCE_S:g} s: the run begins without it", markup=False)


def has_screen() -> bool:
    """Whether a browser could show itself here."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
