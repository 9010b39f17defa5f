"""The number of digits that result files hold."""

from typing import SupportsFloat

DIGITS = 6


def rounded(value: SupportsFloat) -> float:
    """Return a value as a plain float, rounded as result files hold it."""
    return round(float(value), DIGITS)
