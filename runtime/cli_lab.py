"""`codeword lab`: how right controllers and adapters are, and what adapters are taught with."""

import click

from .lazy_group import Lazy, LazyGroup

COMMANDS = {
    "evaluate": Lazy(
        "codeword.runtime.cli_evaluate:evaluate",
        "Evaluate controllers on unseen layouts, wordings, codebooks and kinds of task, and on the other suites.",
    ),
    "lessons": Lazy(
        "codeword.runtime.cli_train:lessons", "Make a file of lessons, for training on a machine that cannot make them."
    ),
    "published": Lazy(
        "codeword.runtime.cli_published:published",
        "Print, as Markdown, what EPISODES (files, or folders of them) reached beside what others published.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, epilog="Example: codeword lab evaluate --controller expert")
def lab() -> None:
    """Measure controllers and adapters, and make what adapters are taught with."""
