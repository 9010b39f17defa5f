"""Snakemake and its jobs without the time of their imports: each is forked from a process that has done them."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


class _Server(threading.local):
    """The process that forks, one for each thread (`snakemake_server.py`)."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("snakemake_server.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, request: dict[str, Any]) -> int:
        """Send a request; return the exit code of Snakemake."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@cache
def _server() -> _Server:
    return _Server()


class _Jobs:
    """The processes from which jobs are forked (`job_server.py`), and a Python that asks them."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        place = Path(__file__).parent
        self.python = Path(self.folder.name) / "python"
        command = shlex.join([sys.executable, "-IS", str(place / "job_client.py"), self.folder.name, sys.executable])
        self.python.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        self.python.chmod(0o755)
        self.processes = [
            subprocess.Popen(
                [sys.executable, str(place / "job_server.py"), f"{self.folder.name}/{kind}"],
                stdin=subprocess.PIPE,
                env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
            )
            for kind in ("models", "others")
        ]


@cache
def _jobs() -> _Jobs:
    return _Jobs()


def run_snakemake(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a folder, with the code under its `src` if it has one; what it says is all in `stdout`."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
        asked = {"folder": str(folder), "arguments": arguments, "output": output.name, "python": str(_jobs().python)}
        code = _server().ask(asked | {"environment": dict(environment or os.environ)})
        return subprocess.CompletedProcess(["snakemake", *arguments], code, output.read())
