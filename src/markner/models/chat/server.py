"""A pretrained model behind an OpenAI-compatible server on loopback, for as long as a job needs it.

The server is `transformers serve`, in a process of its own. It also ends if the job is killed: its standard input is a
pipe from the job, and it exits at the pipe's end.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from markner.errors import MarknerError
from markner.files import read_json
from markner.models.chat.context import LocalServer

_READY = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")
_READY_SECONDS = 900
"""Longest wait for the weights to be loaded."""


@contextmanager
def served(weights: Path, name: str, threads: int) -> Iterator[LocalServer]:
    """Serve a model on a free port of 127.0.0.1 until the block ends. The server's output goes to standard error.

    Requests ask for the model by `name`. `threads` is the number of threads of a tensor operation.

    Raises:
        MarknerError: The server ended before it was ready, or was not ready in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        # The server names a model by its path, so the path is made equal to the name.
        Path(folder, name).symlink_to(weights.resolve(), target_is_directory=True)
        with subprocess.Popen(
            [sys.executable, "-m", __name__, name],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads)},
            start_new_session=True,
        ) as process:
            addresses = SimpleQueue[str]()
            listener = threading.Thread(target=_listen, args=(process.stdout, addresses), daemon=True)
            listener.start()
            try:
                yield LocalServer(f"{_ready(addresses)}/v1", f"sha256:{_identity(weights)}")
            finally:
                process.kill()
                listener.join()


def _identity(weights: Path) -> str:
    """Return the hash of the hashes of all files of the weights, which `fetch_weights` stored."""
    files = read_json(weights / "markner.json")["files"]
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _listen(output: IO[str], addresses: SimpleQueue[str]) -> None:
    """Copy the server's output to standard error; put its address into the queue, and an empty one at the end."""
    for line in output:
        with suppress(OSError):
            sys.stderr.write(line)
        if match := _READY.search(line):
            addresses.put(match[1])
    addresses.put("")


def _ready(addresses: SimpleQueue[str]) -> str:
    """Wait until the server takes requests, and return its address."""
    what = "ended before it was ready"
    try:
        if address := addresses.get(timeout=_READY_SECONDS):
            return address
    except Empty:
        what = f"was not ready after {_READY_SECONDS} s"
    raise MarknerError(f"the server of the model's weights {what}", "see its output above")


def main() -> None:
    """Serve the model of the working folder whose name is the argument, until standard input ends."""
    threading.Thread(target=_end_with_the_job, daemon=True).start()
    from transformers.cli.serve import Serve

    # Port 0: the system chooses a free port, and uvicorn prints it.
    Serve(force_model=sys.argv[1], host="127.0.0.1", port=0)


def _end_with_the_job() -> None:
    # The raw descriptor: a lock held by a buffered reader could keep the interpreter from ending.
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
