"""What goes wrong with a model elsewhere."""

from codeword.codebook.errors import CodewordError


class RemoteError(CodewordError):
    """A model elsewhere gave no command. `again` says whether the same may go well when it is tried again soon;
    `gone` that nobody answered at all.
    """

    def __init__(self, message: str, *, again: bool = False, gone: bool = False, status: int = 0) -> None:
        self.again, self.gone, self.status = again, gone, status
        super().__init__(message)
