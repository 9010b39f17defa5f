"""One of several processes that share a training; started by `launch.py`, once for each device."""

import json
import logging
import os
import sys

from markner.errors import MarknerError
from markner.models.causal.launch import LaunchConfig, Tuning, run_here


def main() -> int:
    """Run this process' part of the training that the arguments describe. Returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        run_here(Tuning(**json.loads(sys.argv[1])), LaunchConfig(**json.loads(sys.argv[2])))
    except MarknerError as error:
        told = [f"error (process {os.environ.get('RANK')}): {error.message}"]
        print(*told, *([f"fix: {error.fix}"] if error.fix else []), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
