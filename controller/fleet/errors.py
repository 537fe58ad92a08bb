"""What goes wrong between an engine process and those that it serves."""

from codeword.codebook.errors import CodewordError


class WireError(CodewordError):
    """A message is none of ours, or too large."""
