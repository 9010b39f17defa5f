"""The job that the tests of signals end, in a process of its own."""

import logging
import multiprocessing
import os
from multiprocessing.process import BaseProcess
from pathlib import Path

from chat_support import KEY, Corpus, Server, api_model, chat_run

# Each job is forked from one process with these imports, which would take as long as some hundred requests.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["markner.models.chat.answer", "numpy", "pytest"])


def start_job(folder: Path, base_url: str, count: int, concurrency: int) -> BaseProcess:
    """Start a job that asks as many requests; it appends to `stderr.txt` and `log.txt` in the folder."""
    process = _PROCESSES.Process(target=ask_many, args=(folder, base_url, count, concurrency), daemon=True)
    process.start()
    return process


def ask_many(folder: Path, base_url: str, count: int, concurrency: int) -> None:
    with (folder / "stderr.txt").open("ab") as errors:
        os.dup2(errors.fileno(), 2)
    os.environ["MARKNER_TEST_KEY"] = KEY
    logging.basicConfig(level=logging.DEBUG, filename=folder / "log.txt")
    model = api_model(Server(0), base_url=base_url)
    run = chat_run(concurrency=concurrency, shots=5, timeout=5.0 if count > 1000 else 3.0)
    Corpus(folder, [f"w{number} binds to DNA" for number in range(count)]).ask(model, run)
