"""The errors that MarkNER raises for bad input."""

from runrecord.errors import PlainError


class MarknerError(PlainError):
    """Bad input or an impossible request of a study. See `PlainError` for `message` and `fix`."""


class NotInStudyError(MarknerError):
    """A job or a file that the study does not have: its entry is of another kind, or lacks what the job needs."""
