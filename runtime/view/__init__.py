"""The live view: a page on this machine alone that shows the scene and the decisions as they happen."""

from .view import View

__all__ = ["View"]
