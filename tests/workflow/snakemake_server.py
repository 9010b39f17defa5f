"""Snakemake in processes that are forked from one which has imported it.

Its import takes half as long as a plan. A process serves requests, one JSON object a line: `folder`, `arguments`,
`environment`, `output`, the file for all that Snakemake prints, and `python`, by which it runs scripts. It answers with
the exit code, a line each.
"""

import contextlib
import gc
import json
import os
import sys

from in_fork import exit_code, take_over


def fork(folder: str, arguments: list[str], environment: dict[str, str], output: str, python: str) -> int:
    """Run Snakemake in a folder with the code under its `src`; returns the exit code."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def program() -> None:
        target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        take_over(folder, environment, [target, target])
        sys.path.insert(0, f"{folder}/src")
        sys.executable = python
        snakemake(arguments)

    os._exit(exit_code(program))


def snakemake(arguments: list[str]) -> None:
    from snakemake.cli import main

    main(arguments)


if __name__ == "__main__":
    # What the workflow's own code imports, and Snakemake while it runs, as far as it takes long.
    import nbformat  # noqa: F401
    import pydantic  # noqa: F401
    import regex  # noqa: F401
    import smart_open  # noqa: F401
    import yaml  # noqa: F401

    with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(SystemExit):
        snakemake(["--version"])  # imports the plugins too
    gc.freeze()  # a search for garbage in a fork would copy the memory of all that is imported
    for line in sys.stdin:
        print(fork(**json.loads(line)), flush=True)
