"""Fork a process for each program that `forked_client.py` asks for.

The project's own code is not imported before: each program imports that of its checkout. A request comes on a Unix
socket, which is named by the kind of libraries, with the program's open files: `arguments` as Python gets them,
`descriptors`, the numbers of the files, `folder`, `environment` and `python`, by which the program starts others. The
first answer is the process id in eight bytes, the second, a byte, the exit code. A program whose client has died dies
too. All forks have one seed of hashes, unlike programs that are started.

Arguments: the numbers of the sockets.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import io
import json
import multiprocessing
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

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
    "training": (
        "peft",
        "torch.distributed.launcher.api",
        "torch.distributed.checkpoint.state_dict",
        "torch.distributed.fsdp",
        "torch.distributed.elastic.agent.server.local_elastic_agent",
    ),
    "bench": (
        "matplotlib.pyplot",
        "nervaluate",
        "pandas",
        "seqeval.metrics",
        "transformers.generation.candidate_generator",
        "transformers.trainer",
    ),
    "others": ("jinja2", "matplotlib.pyplot", "nervaluate", "pandas"),
    # What Snakemake and the workflow's code import while they run, as far as it takes long.
    "snakemake": ("nbformat", "smart_open"),
}
MODELS = ("training", "bench")
"""Kinds that have the libraries of models too."""
_FREE = 500
"""Beyond the descriptors that a client may have."""


def serve(servers: Sequence[socket.socket]) -> None:
    """Fork a process for each request on a socket until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while sys.stdin not in (ready := select.select([*servers, sys.stdin], [], [])[0]):
        for server in ready:
            import_libraries(Path(server.getsockname()).name)
            client, _ = server.accept()
            if not os.fork():
                for each in servers:
                    each.close()
                work(client)
            client.close()


@cache
def import_libraries(kind: str) -> None:
    """Import the libraries of a kind of programs; spaCy as jobs do, without torch."""
    if kind in MODELS:
        import_libraries("models")
    if kind == "others":
        sys.modules["torch"] = None  # type: ignore[assignment]
        import spacy  # noqa: F401

        del sys.modules["torch"]
    for name in (*COMMON, *LIBRARIES[kind]):
        importlib.import_module(name)
    if kind == "snakemake":
        from snakemake.cli import main

        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main(["--version"])  # imports the plugins too
    gc.freeze()  # a search for garbage in a fork would copy the memory of all that is imported


def work(client: socket.socket) -> None:
    """Run a program as Python would in a process of its own."""
    message, files, _, _ = socket.recv_fds(client, 4, 64)
    request: dict[str, Any] = json.loads(client.recv(int.from_bytes(message, "big"), socket.MSG_WAITALL))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    # The files get the numbers that they have in the client; nothing of this process may be in their way.
    client = socket.socket(fileno=_moved(client.detach()))
    for number, file in zip(request["descriptors"], [_moved(file) for file in files], strict=True):
        os.dup2(file, number)
        os.close(file)
    # A signal that ends this process when the client's end is closed.
    fcntl.fcntl(client, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(client, fcntl.F_SETFL, fcntl.fcntl(client, fcntl.F_GETFL) | os.O_ASYNC)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    # Not the ones that Python made for the files that this process had when it started: those may be of another kind.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.executable = request["python"]
    multiprocessing.set_executable(sys.executable)
    client.send(os.getpid().to_bytes(8, "big"))
    code = exit_code(lambda: run(request["arguments"]))
    exit_code(atexit._run_exitfuncs)
    client.send(bytes([code]))
    os._exit(0)


def _moved(file: int) -> int:
    moved = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _FREE)
    os.close(file)
    return moved


def exit_code(program: Callable[[], object]) -> int:
    """Run a program; return its exit code as Python would end with it."""
    try:
        program()
    except SystemExit as ended:
        if ended.code is not None and not isinstance(ended.code, int):
            print(ended.code, file=sys.stderr)
            return 1
        return (ended.code or 0) & 0xFF
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def run(arguments: Sequence[str]) -> None:
    """Run what Python's arguments name: a script, a module, code, or that of a process of `multiprocessing`."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    match arguments:
        case ["-u", *rest]:
            run(rest)
        case [*_, code, "--multiprocessing-fork" as option]:
            sys.argv, sys.path[:1] = ["-c", option], ["", *paths]
            exec(code, {"__name__": "__main__"})
        case ["-c", code, *rest]:
            sys.argv, sys.path[:1] = ["-c", *rest], ["", *paths]
            exec(code, {"__name__": "__main__"})
        case ["-m", module, *_]:
            sys.argv, sys.path[:1] = list(arguments[1:]), [str(Path.cwd()), *paths]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *_]:
            sys.argv, sys.path[:1] = list(arguments), [str(Path(script).absolute().parent), *paths]
            runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    serve([socket.socket(fileno=int(number)) for number in sys.argv[1:]])
