"""Snakemake without the time of its import: each run is forked from a process that has imported it."""

import json
import os
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


def run_snakemake(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a folder, with the code under its `src` if it has one; what it says is all in `stdout`."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
        asked = {"folder": str(folder), "arguments": arguments, "output": output.name}
        code = _server().ask(asked | {"environment": dict(environment or os.environ)})
        return subprocess.CompletedProcess(["snakemake", *arguments], code, output.read())
