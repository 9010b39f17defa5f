"""The error that people see: what is wrong, where, and what to write instead."""


class MarknerError(Exception):
    """Bad input or an impossible request, told without a traceback.

    `message` names file, line or key and what is wrong; `fix`, if known, is what to write or do instead.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message
