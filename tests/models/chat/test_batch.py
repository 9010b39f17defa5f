import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from chat_support import (
    KEY,
    Asked,
    Start,
    api_model,
    assert_no_key,
    chat_run,
    key_in_environment,
    start_server,
)

from markner.errors import MarknerError
from markner.models.chat import batch_api as batch
from markner.models.chat.batch_api import ask_by_batch, batch_line, divide
from markner.models.chat.cache import Cache, Origin
from markner.models.chat.requests import Question, origin, request_key
from markner.study.schema.chat_runs import ApiModel

__all__ = ["key_in_environment", "start_server"]
pytestmark = pytest.mark.usefixtures("key_in_environment")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "POLL_SECONDS", 0.01)


def make_questions(source: Origin, texts: list[str]) -> list[Question]:
    found = []
    for number, text in enumerate(texts):
        content = f"### Input:\n{text}\n\n### Response:\n"
        body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": content}], "max_tokens": 9}
        found.append(Question(f"s{number}", body, request_key(source, body)))
    return found


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_answers_by_batch_equal_answers_by_request(rate: float, tmp_path: Path, start_server: Start) -> None:
    words = ["FILTERED", "REJECTED", "EMPTY", "CUTOFF", "DECLINED", *(f"w{number}\u2028" for number in range(40))]
    asked = Asked(tmp_path, [f"{word} binds" for word in words])
    server = start_server(rate, 4, "server_error")
    by_batch = asked(api_model(server), chat_run(batch_api=True))
    state = server.state()
    assert state["asked"] == []
    assert {one["status"] for one in state["batches"]} == ({"completed", "expired"} if rate else {"completed"})
    assert Counter(state["delivered"]).most_common(1)[0][1] == 1
    batch_usage = json.loads((tmp_path / "run.usage.json").read_text())
    assert asked(api_model(server), chat_run(), name="single", cache="other.db") == by_batch
    usage = json.loads((tmp_path / "single.usage.json").read_text())
    assert batch_usage["dollars"] == pytest.approx(usage["dollars"] / 2)
    assert_no_key(tmp_path)


def test_files_keep_within_the_limits(start_server: Start, tmp_path: Path) -> None:
    server = start_server()
    model = api_model(server)
    source = origin(model, "run", None)
    pending = make_questions(source, [f"w{number} {'x' * number}" for number in range(30)])
    sizes = [len(batch_line(question.key, question.body)) for question in pending]
    for max_requests, max_bytes in ((7, 10**6), (1000, max(sizes)), (1000, 3 * max(sizes) - 1)):
        parts = list(divide(pending, max_requests, max_bytes))
        assert [question for part in parts for question in part] == pending
        for part in parts:
            assert 0 < len(part) <= max_requests
            assert sum(len(batch_line(question.key, question.body)) for question in part) <= max_bytes
    with pytest.raises(MarknerError, match="fits no batch file"):
        list(divide(pending, 10, max(sizes) - 1))
    with Cache(tmp_path / "cache.db") as cache:
        ask_by_batch(pending, model, chat_run(), cache, source, max_requests=7)
        assert all(cache.has(question.key) for question in pending)
    state = server.state()
    assert sorted(size[1] for name, size in state["sizes"].items() if name.startswith("file-")) == [2, 7, 7, 7, 7]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moment", ["plan_batch", "name_batch", "put", "close_batch"])
def test_a_job_that_dies_at_any_step_finds_its_batches_again(
    moment: str, tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    model = api_model(server)
    source = origin(model, "run", None)
    pending = make_questions(source, [f"w{number}" for number in range(20)])
    with monkeypatch.context() as patch, Cache(tmp_path / "cache.db") as cache:
        whole = getattr(Cache, moment)

        def die(*arguments: Any, **named: Any) -> None:
            # Dies before the step is taken; of `plan_batch` after it, when nothing is uploaded yet.
            if moment == "plan_batch":
                whole(*arguments, **named)
            raise Killed

        patch.setattr(Cache, moment, die)
        with pytest.raises(Killed):
            ask_by_batch(pending, model, chat_run(), cache, source)
    with Cache(tmp_path / "cache.db") as cache:
        # Some of the questions, as a job with other settings would have them: no answer of the batch is lost.
        ask_by_batch(pending[:5], model, chat_run(), cache, source)
        assert all(cache.has(question.key) for question in pending)
        assert cache.open_batches(source) == []
        assert cache.spent("run").requests == 20
    state = server.state()
    assert len(state["batches"]) == 1
    assert len(state["delivered"]) == 20


def test_a_failed_batch_says_why_without_the_key(tmp_path: Path, start_server: Start) -> None:
    asked = Asked(tmp_path, ["BADBATCH"])
    with pytest.raises(MarknerError, match=r"batch batch-0 has failed: bad line \[key\]") as raised:
        asked(api_model(start_server()), chat_run(batch_api=True))
    assert KEY not in str(raised.value)
    assert_no_key(tmp_path)


def test_a_batch_under_way_counts_once_against_the_budget(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    asked = Asked(tmp_path, [f"w{number} binds" for number in range(10)])
    run = chat_run(batch_api=True, budget_requests=10)
    with monkeypatch.context() as patch:
        patch.setattr(batch.asyncio, "sleep", _die)
        with pytest.raises(Killed):
            asked(api_model(server), run)
    assert len(asked(api_model(server), run)) == 10
    assert len(server.state()["batches"]) == 1


async def _die(_: float) -> None:
    raise Killed


def test_the_key_of_a_batch_answer_is_the_cache_key(tmp_path: Path, start_server: Start) -> None:
    Asked(tmp_path, ["w binds"])(api_model(start_server()), chat_run(batch_api=True))
    database = sqlite3.connect(tmp_path / "cache.db")
    ((key, request, server, batch_id),) = database.execute("SELECT key, request, server, batch FROM responses")
    database.close()
    assert batch_id == "batch-0"
    assert key == request_key(Origin("test", server, "other"), json.loads(request))
    assert ApiModel.model_fields["batch_discount"].default == 0.5
