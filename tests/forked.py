"""Programs without the time of their imports: each is forked from a process that has imported its libraries.

Imports take more of the tests' time than what the programs compute on a few sentences. A program that stands for Python
(`forked_client.py`) hands them to the processes that fork (`forked_server.py`).
"""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from threading import Lock

KINDS = (("models", "training", "bench"), ("others",), ("snakemake",))
"""Kinds of libraries, those of one process together."""


class _Servers:
    """The processes that fork, and the program that asks them."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.python = Path(self.folder.name) / "python"
        client = Path(__file__).with_name("forked_client.py")
        write_program(self.python, [sys.executable, "-IS", str(client), self.folder.name, sys.executable])
        self.processes = [self._start(kinds) for kinds in KINDS]

    def _start(self, kinds: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Start a process that serves a socket for each kind; requests can come at once."""
        with ExitStack() as stack:
            servers = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in kinds]
            for server, kind in zip(servers, kinds, strict=True):
                server.bind(f"{self.folder.name}/{kind}")
                server.listen(64)
            numbers = [server.fileno() for server in servers]
            return subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("forked_server.py")), *map(str, numbers)],
                stdin=subprocess.PIPE,
                env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
                pass_fds=numbers,
            )


@cache
def _servers() -> _Servers:
    return _Servers()


_LOCK = Lock()


def python() -> str:
    """Return a program that stands for Python."""
    with _LOCK:  # tests may ask in several threads at once
        return str(_servers().python)


def write_program(path: Path, command: list[str]) -> None:
    """Write a program that runs a command with its own arguments after it."""
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def install(folder: Path) -> None:
    """Make a `.venv` whose programs are those of this Python, but forked."""
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for program in Path(sys.executable).parent.iterdir():
        if program.name in ("markner", "snakemake"):
            write_program(programs / program.name, [python(), str(program)])
        else:
            (programs / program.name).symlink_to(python() if program.name == "python" else program)


def run_snakemake(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a folder; what it says is all in `stdout`."""
    return run_command([python(), "-m", "snakemake", *arguments], folder, environment)


def run_command(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; what it says is all in `stdout`."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
