"""One HTML page of a run, with nothing outside it, made from the episode files alone."""

from .page import write_report

__all__ = ["write_report"]
