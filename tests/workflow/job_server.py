"""Jobs of a study in processes that are forked from one which has imported their libraries.

Their imports take more of the tests' time than what they compute on a few sentences. The project's own code is not
among them: each job imports that of its checkout. A request comes from `job_client.py` on a Unix socket, with its
standard streams: `script`, `folder` and `environment`. The answer is a byte, the exit code; a job whose client has died
dies too.
"""

import atexit
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from functools import cache
from pathlib import Path
from typing import Any

from in_fork import exit_code, take_over

COMMON = ("pydantic", "regex", "requests", "scipy.stats", "snakemake.iocontainers", "snakemake.logging", "yaml")
LIBRARIES = {
    "models": (
        "torch",
        "safetensors.torch",
        "accelerate",
        "transformers.modeling_utils",
        "transformers.models.auto.modeling_auto",
        "transformers.models.auto.tokenization_auto",
        "transformers.models.bert.modeling_bert",
        "transformers.models.llama.modeling_llama",
    ),
    "others": ("jinja2", "matplotlib.pyplot", "nervaluate", "pandas"),
}


def serve(path: str) -> None:
    """Fork a process for each request until standard input ends."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            import_libraries(Path(path).name)
            client, _ = server.accept()
            if not os.fork():
                server.close()
                work(client)
            client.close()


@cache
def import_libraries(kind: str) -> None:
    """Import the libraries of jobs with models or of the others; spaCy as they do, without torch."""
    if kind == "others":
        sys.modules["torch"] = None  # type: ignore[assignment]
        import spacy  # noqa: F401

        del sys.modules["torch"]
    for name in (*COMMON, *LIBRARIES[kind]):
        importlib.import_module(name)
    gc.freeze()  # a search for garbage in a fork would copy the memory of all that is imported


def work(client: socket.socket) -> None:
    """Run a script as Python would in a process of its own."""
    message, streams, _, _ = socket.recv_fds(client, 4, 3)
    request: dict[str, Any] = json.loads(client.recv(int.from_bytes(message, "big"), socket.MSG_WAITALL))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A signal that ends this process when the client's end is closed.
    fcntl.fcntl(client, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(client, fcntl.F_SETFL, fcntl.fcntl(client, fcntl.F_GETFL) | os.O_ASYNC)
    take_over(request["folder"], request["environment"], streams)
    script = request["script"]
    sys.argv = [script]
    sys.path[:1] = [str(Path(script).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    code = exit_code(lambda: runpy.run_path(script, run_name="__main__"))
    exit_code(atexit._run_exitfuncs)
    client.send(bytes([code]))
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
