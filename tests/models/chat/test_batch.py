import json
import sqlite3
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from chat_support import (
    KEY,
    Corpus,
    Start,
    api_model,
    assert_no_key,
    chat_context,
    chat_run,
    key_in_environment,
    start_server,
)

from markner.errors import MarknerError
from markner.models.chat import batch_api as batch
from markner.models.chat.batch_api import ask_by_batch, batch_line, divide
from markner.models.chat.cache import Cache
from markner.models.chat.context import ChatContext
from markner.models.chat.requests import Request, request_key
from markner.study.schema.chat_runs import ApiModel, ChatRun

__all__ = ["key_in_environment", "start_server"]
pytestmark = pytest.mark.usefixtures("key_in_environment")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "POLL_SECONDS", 0.01)


def make_requests(context: ChatContext, texts: list[str]) -> list[Request]:
    requests = []
    for number, text in enumerate(texts):
        content = f"### Input:\n{text}\n\n### Response:\n"
        body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": content}], "max_tokens": 9}
        requests.append(Request(f"s{number}", body, request_key(context, body)))
    return requests


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_answers_by_batch_equal_answers_by_request(rate: float, tmp_path: Path, start_server: Start) -> None:
    words = [
        "FILTERED",
        "REJECTED",
        "EMPTY",
        "CUTOFF",
        "DECLINED",
        "HALF",
        *(f"w{number}\u2028" for number in range(40)),
    ]
    corpus = Corpus(tmp_path, [f"{word} binds" for word in words])
    server = start_server(rate, 4, "server_error")
    by_batch = corpus.ask(api_model(server), chat_run(batch_api=True))
    state = server.state()
    assert state["asked"] == []
    assert {one["status"] for one in state["batches"]} == ({"completed", "expired"} if rate else {"completed"})
    assert Counter(state["delivered"]).most_common(1)[0][1] == 1
    batch_usage = json.loads((tmp_path / "run.usage.json").read_text())
    assert corpus.ask(api_model(server), chat_run(), name="single", cache="other") == by_batch
    usage = json.loads((tmp_path / "single.usage.json").read_text())
    assert batch_usage["dollars"] == pytest.approx(usage["dollars"] / 2, abs=1e-6)
    assert_no_key(tmp_path)


def test_files_keep_within_the_limits(start_server: Start, tmp_path: Path) -> None:
    server = start_server()
    context = chat_context(api_model(server), chat_run(), answers=tmp_path)
    pending = make_requests(context, [f"w{number} {'x' * number}" for number in range(30)])
    sizes = [len(batch_line(request.key, request.body)) for request in pending]
    for max_requests, max_bytes in ((7, 10**6), (1000, max(sizes)), (1000, 3 * max(sizes) - 1)):
        parts = list(divide(pending, max_requests, max_bytes))
        assert [request for part in parts for request in part] == pending
        for part in parts:
            assert 0 < len(part) <= max_requests
            assert sum(len(batch_line(request.key, request.body)) for request in part) <= max_bytes
    with pytest.raises(MarknerError, match="fits no batch file"):
        list(divide(pending, 10, max(sizes) - 1))
    with Cache(tmp_path / "cache" / "answers.db") as cache:
        ask_by_batch(context, pending, cache, max_requests=7)
        assert all(cache.has(request.key) for request in pending)
    state = server.state()
    assert sorted(size[1] for name, size in state["sizes"].items() if name.startswith("file-")) == [2, 7, 7, 7, 7]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moment", ["plan_batch", "name_batch", "put", "close_batch"])
def test_a_job_that_dies_at_any_step_finds_its_batches_again(
    moment: str, tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    context = chat_context(api_model(server), chat_run(), answers=tmp_path)
    pending = make_requests(context, [f"w{number}" for number in range(20)])
    with monkeypatch.context() as patch, Cache(tmp_path / "cache" / "answers.db") as cache:
        whole = getattr(Cache, moment)

        def die(*arguments: Any, **named: Any) -> None:
            # Dies before the step is taken; of `plan_batch` after it, when nothing is uploaded yet.
            if moment == "plan_batch":
                whole(*arguments, **named)
            raise Killed

        patch.setattr(Cache, moment, die)
        with pytest.raises(Killed):
            ask_by_batch(context, pending, cache)
    with Cache(tmp_path / "cache" / "answers.db") as cache:
        # Some of the questions, as a job with other settings would have them: no answer of the batch is lost.
        ask_by_batch(context, pending[:5], cache)
        assert all(cache.has(request.key) for request in pending)
        assert cache.open_batches(context) == []
        assert cache.spent("run").requests == 20
    state = server.state()
    assert len(state["batches"]) == 1
    assert len(state["delivered"]) == 20


def test_a_failed_batch_says_why_without_the_key(tmp_path: Path, start_server: Start) -> None:
    corpus = Corpus(tmp_path, ["BADBATCH"])
    with pytest.raises(MarknerError, match=r"batch batch-0 has failed: bad line \[key\]") as raised:
        corpus.ask(api_model(start_server()), chat_run(batch_api=True))
    assert KEY not in str(raised.value)
    assert_no_key(tmp_path)


async def _die(_: float) -> None:
    raise Killed


def ask_and_be_killed(corpus: Corpus, model: ApiModel, run: ChatRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask by batch, and die while the batch is under way."""
    with monkeypatch.context() as patch:
        patch.setattr(batch.asyncio, "sleep", _die)
        with pytest.raises(Killed):
            corpus.ask(model, run)


def test_a_batch_under_way_counts_once_against_the_budget(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(10)])
    run = chat_run(batch_api=True, budget_requests=10)
    ask_and_be_killed(corpus, api_model(server), run, monkeypatch)
    assert len(corpus.ask(api_model(server), run)) == 10
    assert len(server.state()["batches"]) == 1


def test_requests_in_batches_are_not_asked_a_second_time(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(10)])
    ask_and_be_killed(corpus, api_model(server), chat_run(batch_api=True), monkeypatch)
    with pytest.raises(MarknerError, match=r"10 requests wait in batches .* twice\n.*set `batch_api: true` until"):
        corpus.ask(api_model(server), chat_run())
    with monkeypatch.context() as patch:
        patch.setattr(batch._Batcher, "_store", lambda *_: 0.0)  # a batch that ends without answers
        with pytest.raises(MarknerError, match="10 requests are unanswered after 1 rounds"):
            corpus.ask(api_model(server), chat_run(batch_api=True, retries=0))
    assert server.state()["asked"] == []
    assert len(corpus.ask(api_model(server), chat_run())) == 10
    assert len(server.state()["asked"]) == 10


def test_a_budget_that_does_not_suffice_for_all_batches_leaves_none_waiting(
    tmp_path: Path, start_server: Start
) -> None:
    context = chat_context(api_model(start_server()), chat_run(budget_requests=20), answers=tmp_path)
    pending = make_requests(context, [f"w{number}" for number in range(30)])
    with Cache(tmp_path / "answers.db") as cache:
        with pytest.raises(MarknerError, match="budget 20 requests"):
            ask_by_batch(context, pending, cache, max_requests=7)
        assert cache.open_batches(context) == []
        assert cache.spent("run").requests == 0


def test_jobs_that_wait_for_batches_do_not_exceed_the_budget_together(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    run = chat_run(batch_api=True, budget_dollars=0.015, max_new_tokens_margin=900)
    first, second = (Corpus(tmp_path, [f"{name}{number} binds" for number in range(10)]) for name in "vw")
    ask_and_be_killed(first, api_model(server), run, monkeypatch)
    with pytest.raises(MarknerError, match=r"10 requests and 0\.0000 dollars spent, 0\.01\d+ dollars reserved"):
        second.ask(api_model(server), run)
    assert len(server.state()["batches"]) == 1
    assert len(first.ask(api_model(server), run)) == 10
    assert len(second.ask(api_model(server), run)) == 10


def test_runs_with_equal_requests_wait_for_the_same_batch(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    context = chat_context(api_model(server), chat_run(batch_api=True), "first", tmp_path)
    other = chat_context(api_model(server), chat_run(batch_api=True), "second", tmp_path)
    pending = make_requests(context, [f"w{number}" for number in range(10)])
    plan, looked = Cache.plan_batch, threading.Event()

    def ask_for_other() -> None:
        with Cache(tmp_path / "answers.db") as cache:
            looked.set()
            ask_by_batch(other, pending, cache)

    def slow(cache: Cache, of: ChatContext, *values: Any) -> Any:
        if of is context:
            second.start()
            looked.wait()
            time.sleep(0.5)  # long enough for the other to plan its batch, if it could
        return plan(cache, of, *values)

    second = threading.Thread(target=ask_for_other)
    monkeypatch.setattr(Cache, "plan_batch", slow)
    with Cache(tmp_path / "answers.db") as cache:
        ask_by_batch(context, pending, cache)
        second.join()
        assert [cache.spent(run).requests for run in ("first", "second")] == [10, 0]
    assert len(server.state()["batches"]) == 1


def test_open_batches_are_read_twice_to_plan_new_ones_and_once_more_to_wait_for_them(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = Cache.open_batches, []

    def counted(cache: Cache, context: ChatContext) -> Any:
        reads.append(context)
        return read(cache, context)

    monkeypatch.setattr(Cache, "open_batches", counted)
    corpus, model, run = Corpus(tmp_path, ["w binds"]), api_model(start_server()), chat_run(batch_api=True)
    ask_and_be_killed(corpus, model, run, monkeypatch)
    assert len(reads) == 3
    corpus.ask(model, run)
    assert len(reads) == 5


def test_a_batch_that_the_server_refuses_does_not_wait(tmp_path: Path, start_server: Start) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, ["NOBATCH binds"])
    with pytest.raises(MarknerError, match="HTTP status 404"):
        corpus.ask(api_model(server), chat_run(batch_api=True))
    assert len(corpus.ask(api_model(server), chat_run(budget_requests=1))) == 1


def test_the_requests_of_a_batch_that_the_server_lost_are_asked_again_after_its_time(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(10)])
    ask_and_be_killed(corpus, api_model(server), chat_run(batch_api=True), monkeypatch)

    def change(values: str) -> None:
        with sqlite3.connect(tmp_path / "cache" / "answers.db") as database:
            assert database.execute(f"UPDATE batches SET {values} WHERE state = 'open'").rowcount == 1
        database.close()

    change("id = 'batch-of-another-account'")
    with pytest.raises(
        MarknerError, match=r"another-account of 20.* is not there\n.*set the key of the account"
    ) as raised:
        corpus.ask(api_model(server), chat_run(batch_api=True))
    assert_no_key(tmp_path)
    assert KEY not in "".join(traceback.format_exception(raised.value))
    change("date = '2026-01-01T00:00:00+00:00'")
    assert len(corpus.ask(api_model(server), chat_run(batch_api=True))) == 10


def test_an_answer_of_a_batch_that_cannot_be_used_is_paid_for(tmp_path: Path, start_server: Start) -> None:
    corpus = Corpus(tmp_path, ["FAILED binds", "w binds"])
    with pytest.raises(MarknerError, match=r"finish_reason error; 2 requests and 0\.0001 dollars spent"):
        corpus.ask(api_model(start_server()), chat_run(batch_api=True, retries=0))
    with sqlite3.connect(tmp_path / "cache" / "answers.db") as database:
        ((stored,),) = database.execute("SELECT sum(dollars) FROM responses").fetchall()
        ((dollars,),) = database.execute("SELECT dollars FROM spending").fetchall()
    database.close()
    assert dollars == pytest.approx(2 * stored, rel=0.1)


def test_the_key_of_a_batch_answer_is_the_cache_key(tmp_path: Path, start_server: Start) -> None:
    model = api_model(start_server())
    Corpus(tmp_path, ["w binds"]).ask(model, chat_run(batch_api=True))
    database = sqlite3.connect(tmp_path / "cache" / "answers.db")
    ((key, request, server, batch_id),) = database.execute("SELECT key, request, server, batch FROM responses")
    database.close()
    assert batch_id == "batch-0"
    assert server == model.base_url
    assert key == request_key(chat_context(model, chat_run(), "other"), json.loads(request))
    assert ApiModel.model_fields["batch_discount"].default == 0.5
