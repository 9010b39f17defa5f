"""The error that MarkNER raises for bad input."""

from runrecord.errors import PlainError


class MarknerError(PlainError):
    """Bad input or an impossible request of a study. See `PlainError` for `message` and `fix`."""
