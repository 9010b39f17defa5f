"""What a forked process does to be a program of its own."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence


def take_over(folder: str, environment: Mapping[str, str], streams: Sequence[int]) -> None:
    """Go to a folder, with an environment and with standard input, output and error as given; these are closed."""
    for number, stream in zip(range(3 - len(streams), 3), streams, strict=True):
        os.dup2(stream, number)
    for stream in set(streams):
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)


def exit_code(program: Callable[[], object]) -> int:
    """Run a program; return its exit code as Python would end with it."""
    try:
        program()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
