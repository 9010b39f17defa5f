"""Clients that are killed, stopped or kept waiting: which answers they lose."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from ask_many import start_job
from chat_support import (
    Corpus,
    Server,
    Start,
    api_model,
    assert_no_key,
    chat_run,
    count_stored,
    key_in_environment,
    start_server,
)
from fault_server import FAULTS, content_key

__all__ = ["key_in_environment", "start_server"]
pytestmark = pytest.mark.usefixtures("key_in_environment")


def start_client(folder: Path, server: Server, count: int, concurrency: int) -> BaseProcess:
    return start_job(folder, server.base_url, count, concurrency)


def ended(client: BaseProcess) -> int | None:
    """Wait for the job's end; return its exit code."""
    client.join()
    return client.exitcode


def send_signal(client: BaseProcess, number: signal.Signals) -> None:
    assert client.pid is not None
    os.kill(client.pid, number)


def stored(folder: Path) -> set[str]:
    """Keys of the server's own making of all requests whose answers are stored."""
    path = folder / "cache" / "answers.db"
    if not path.exists():
        return set()
    with sqlite3.connect(path) as database:
        try:
            rows = database.execute("SELECT request FROM responses").fetchall()
        except sqlite3.OperationalError:
            return set()
    database.close()
    return {content_key(json.loads(row[0])) for row in rows}


def wait_until_stored(client: BaseProcess, folder: Path, number: int) -> None:
    while client.is_alive() and count_stored(folder) < number:
        time.sleep(0.02)
    assert client.is_alive()


@pytest.mark.parametrize(
    ("count", "concurrency"), [(200, 16), pytest.param(10_000, 64, marks=pytest.mark.slow)], ids=["200", "10000"]
)
def test_sigkill_costs_at_most_the_answers_under_way(
    count: int, concurrency: int, tmp_path: Path, start_server: Start
) -> None:
    """Faults in 30% of the requests and three kills at random moments.

    Each kill loses at most `concurrency` answers. Exactly these are delivered again, and no answer is missing.
    """
    # Time-outs are slow and rare.
    server = start_server(0.3, 1, *FAULTS, *(3 * [fault for fault in FAULTS if fault not in {"hang", "drip"}]))
    rng = random.Random(5)
    again: Counter[str] = Counter()
    seen = 0
    for threshold in sorted(rng.sample(range(1, count - concurrency), 3)):
        client = start_client(tmp_path, server, count, concurrency)
        wait_until_stored(client, tmp_path, threshold)
        send_signal(client, signal.SIGKILL)
        assert ended(client) == -signal.SIGKILL
        time.sleep(0.5)  # the server delivers what was under way
        delivered = server.state()["delivered"]
        # Of this job alone: an answer that an earlier kill cost may not have been asked again yet.
        lost = set(delivered[seen:]) - stored(tmp_path)
        seen = len(delivered)
        assert len(lost) <= concurrency
        again.update(lost)
        assert len(delivered) == len(stored(tmp_path)) + again.total()
    assert ended(start_client(tmp_path, server, count, concurrency)) == 0
    state = server.state()
    assert Counter(state["delivered"]) == Counter(stored(tmp_path)) + again
    assert again.total() <= 3 * concurrency
    assert len(stored(tmp_path)) == count
    assert sum(state["faulted"].values()) / len(state["asked"]) == pytest.approx(0.3, abs=0.08)
    assert len((tmp_path / "run.jsonl").read_text().splitlines()) == count
    assert_no_key(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_sigint_lose_no_answer(number: signal.Signals, tmp_path: Path, start_server: Start) -> None:
    server = start_server(0.2, 1, "server_error")
    client = start_client(tmp_path, server, 3000, 16)
    wait_until_stored(client, tmp_path, 50)
    send_signal(client, number)
    assert ended(client) == 1
    state = server.state()
    assert set(state["delivered"]) == stored(tmp_path)
    assert len(state["delivered"]) < 3000
    assert f"stopped by {number.name}" in (tmp_path / "stderr.txt").read_text()
    assert ended(start_client(tmp_path, server, 3000, 16)) == 0
    assert Counter(server.state()["delivered"]) == Counter(stored(tmp_path))
    assert len(stored(tmp_path)) == 3000


def test_a_job_that_waits_for_the_cache_loses_no_answer(tmp_path: Path, start_server: Start) -> None:
    """Another job writes for longer than `timeout`. Answers that come meanwhile are not requested again."""
    waited: list[int] = []

    def write_for_long() -> None:
        while count_stored(tmp_path) < 5:
            time.sleep(0.01)
        database = sqlite3.connect(tmp_path / "cache" / "answers.db", isolation_level=None, timeout=60)
        database.execute("BEGIN EXCLUSIVE")
        time.sleep(2.5)
        database.execute("ROLLBACK")
        waited.append(database.execute("SELECT count(*) FROM responses").fetchone()[0])
        database.close()

    server = start_server(0.5, 1, "cut")
    writer = threading.Thread(target=write_for_long)
    writer.start()
    Corpus(tmp_path, [f"w{number} binds" for number in range(40)]).ask(api_model(server), chat_run(concurrency=4))
    writer.join()
    assert 5 <= waited[0] < 40
    state = server.state()
    assert Counter(state["delivered"]) == Counter(set(state["asked"]))
    assert len(stored(tmp_path)) == 40


def test_two_jobs_of_a_run_ask_each_request_once(tmp_path: Path, start_server: Start) -> None:
    server = start_server()
    clients = [start_client(tmp_path, server, 400, 8) for _ in range(2)]
    assert [ended(client) for client in clients] == [0, 0]
    assert Counter(server.state()["asked"]) == Counter(stored(tmp_path))
    assert len(stored(tmp_path)) == 400
    assert "another job of the run is asking; waiting" in (tmp_path / "log.txt").read_text()
