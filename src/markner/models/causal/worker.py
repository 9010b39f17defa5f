"""One of several processes of a training; `launch.py` starts one for each device."""

import logging
import os
import sys

from markner.errors import MarknerError
from markner.models.causal.launch import TASK, run_process


def main() -> int:
    """Run the part of the training that belongs to this process. Returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        run_process(*TASK.validate_json(sys.argv[1]))
    except MarknerError as error:
        message = f"error (process {os.environ.get('RANK')}): {error.message}"
        print(message, *([f"fix: {error.fix}"] if error.fix else []), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
