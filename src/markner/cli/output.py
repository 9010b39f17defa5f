"""Standard output whose reader has ended before the command, as `| head` does, or whose disk is full."""

import os
import sys


def discard_output() -> None:
    """Discard what is left to write; Python would print an error when it closes its own end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
