"""Asking in a process of its own, which outlives a killed job just long enough to store what is under way.

A request that has been sent is paid for, whether its answer is read or not. So the requests are made by a child: when
the job ends, however it ends, the child sends nothing more, stores the answers still to come, and ends too. It holds
the run's lock until then, so that a job started anew waits for these answers instead of asking again.
"""

import fcntl
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import markner
from markner.errors import MarknerError
from markner.models.chat.cache import Cache, Origin
from markner.models.chat.client import ask, read_key
from markner.models.chat.requests import LocalServer, Question
from markner.study.schema.chat_runs import ApiModel, ChatOptions

logger = logging.getLogger(__name__)


@contextmanager
def job_lock(cache: Path, run: str) -> Iterator[int]:
    """Wait until no other job of the run asks; gives the descriptor of the lock, which a child may hold on to."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with cache.with_name(f"{cache.name}.{re.sub(r'[^A-Za-z0-9_.-]', '_', run)}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("run %s: another job of the run is asking, or storing its last answers; waiting", run)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def ask_apart(
    pending: Sequence[Question],
    model: ApiModel,
    run: ChatOptions,
    cache: Path,
    source: Origin,
    server: LocalServer | None,
    lock: int,
) -> None:
    """Do `client.ask` in a child process.

    SIGTERM and SIGINT are passed on by closing the child's standard input, as the end of this process would; the
    answers under way are waited for. A second signal ends the child at once.

    Args:
        pending: Questions without an answer, each key once.
        model: Who is asked.
        run: Concurrency, retries, timeout and budget.
        cache: The response cache.
        source: Who answers, on whose account.
        server: A server on loopback that stands in for the model's.
        lock: Descriptor of the run's lock (`job_lock`).

    Raises:
        MarknerError: What `client.ask` raises; or the child died.
    """
    read_key(model, server)
    task = {
        "pending": [asdict(question) for question in pending],
        "model": model.model_dump(),
        "run": run.model_dump(include=set(ChatOptions.model_fields)),
        "cache": str(cache),
        "source": asdict(source),
        "server": server and asdict(server),
        "level": logger.getEffectiveLevel(),
    }
    roots = [str(Path(markner.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    child = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
        pass_fds=[lock],
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with _passed_on(child):
        rest = memoryview(json.dumps(task).encode() + b"\n")
        # A signal may close the pipe meanwhile, and the child may die; both show below.
        with suppress(OSError, ValueError):
            while rest:
                rest = rest[child.stdin.write(rest) :]
        outcome = child.stdout.read()
        code = child.wait()
    child.stdout.close()
    child.stdin.close()
    if code != 0:
        raise MarknerError(
            f"run {source.run}: the process that asks ended with code {code}",
            "see its message above, then run again: all that was answered is kept and not asked again",
        )
    if outcome:
        raise MarknerError(*json.loads(outcome))


@contextmanager
def _passed_on(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """While waiting for the child, end its lifeline at the first signal, and itself at the second."""

    def handle(_: int, __: object) -> None:
        assert child.stdin is not None
        if child.stdin.closed:
            child.kill()
        else:
            child.stdin.close()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def main() -> None:
    """The child: a task on standard input, an error or nothing on standard output."""
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):  # the job ended before it had said what to do
        return
    task = json.loads(line)
    logging.basicConfig(level=task["level"], format="%(message)s")
    server = task["server"] and LocalServer(**task["server"])
    with Cache(task["cache"]) as cache:
        try:
            ask(
                [Question(**question) for question in task["pending"]],
                ApiModel(**task["model"]),
                ChatOptions(**task["run"]),
                cache,
                Origin(**task["source"]),
                server,
                lifeline=0,
            )
        except MarknerError as error:
            with suppress(OSError):  # the job may be gone
                os.write(1, json.dumps([error.message, error.fix]).encode())


if __name__ == "__main__":
    main()
