"""The error that people see: what is wrong, where, and what to write instead."""


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


class RecordError(PlainError):
    """A record, a script or a result that cannot be read or used."""
