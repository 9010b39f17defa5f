"""The error that people see: what is wrong, where, and what to write instead."""

import errno

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors of a full disk, of a full quota and of a limit on the size of files."""
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, *NO_ROOM}
"""Errors of a place without permission or room, which the user can mend."""


class PlainError(Exception):
    """Bad input or an impossible request. It is shown without a traceback.

    `message` names the file, line or key and what is wrong. `fix` says what to write or do instead; it may be empty.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message

    def lines(self) -> list[str]:
        """Return the lines that a terminal or a log shows: the message, then the fix if there is one."""
        return [f"error: {self.message}", *([f"fix: {self.fix}"] if self.fix else [])]


def plain_error(error: Exception) -> PlainError | None:
    """Return an error as one that is shown without a traceback; None if it is an unexpected one."""
    if isinstance(error, PlainError):
        return error
    if not isinstance(error, OSError) or error.errno not in _REFUSED:
        return None
    place = f"{error.filename}: " if error.filename else ""
    fix = "make room or give permission there, or choose another place; then run it again"
    return PlainError(f"{place}{error.strerror}", fix)


class RecordError(PlainError):
    """A record, a script or a result that cannot be read or used."""
