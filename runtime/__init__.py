"""Runs scenarios, drives robots over a link, records and replays episodes.

`check_robot` is the conformance suite that every robot passes here, for the tests of yours.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .link.conformance import check_robot

__all__ = ["check_robot"]


def __getattr__(name: str) -> Any:
    """What is exported, imported when it is first used: a command line starts without it."""
    if name in __all__:
        from .link import conformance

        return getattr(conformance, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
