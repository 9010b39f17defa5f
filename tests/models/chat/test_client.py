import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from chat_support import (
    KEY,
    Corpus,
    Server,
    Start,
    api_model,
    assert_no_key,
    charged,
    chat_context,
    chat_run,
    count_stored,
    key_in_environment,
    start_server,
)
from fault_server import FAULTS

from markner.errors import MarknerError
from markner.models.chat import ask
from markner.models.chat.cache import Answer, Cache, Spent
from markner.models.chat.client import decode, describe, read_key, redact
from markner.models.chat.context import ChatContext
from markner.study.schema.chat_runs import OPENAI

__all__ = ["key_in_environment", "start_server"]
pytestmark = pytest.mark.usefixtures("key_in_environment")


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_overcome(
    fault: str, tmp_path: Path, start_server: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = start_server(0.4, 3, fault)
    # On a busy machine the server may need more than a second: its answer would then come too late and be asked again.
    run = chat_run(concurrency=12, timeout=1.0 if fault in {"hang", "drip"} else 30.0)
    predictions = Corpus(tmp_path, [f"w{number} binds" for number in range(12)]).ask(api_model(server), run)
    assert {prediction.status for prediction in predictions} == {"ok"}
    assert [prediction.spans for prediction in predictions] == [((0, len(f"w{number}")),) for number in range(12)]
    state = server.state()
    assert state["faulted"][fault] > 0
    assert state["retry_after_broken"] == 0
    assert Counter(state["delivered"]) == Counter(set(state["asked"]))
    assert_no_key(tmp_path)
    assert "send_request_headers" in caplog.text
    assert KEY not in caplog.text


def test_answers_of_every_kind_become_predictions(tmp_path: Path, start_server: Start) -> None:
    words = [
        "FILTERED",
        "REJECTED",
        "EMPTY",
        "NULL",
        "CUTOFF",
        "DECLINED",
        "HALF",
        "REASONED",
        "PARTS",
        "HUGE",
        "plain",
    ]
    corpus = Corpus(tmp_path, [f"{word} binds" for word in words])
    server = start_server()
    predictions = corpus.ask(api_model(server), chat_run())
    assert [prediction.status for prediction in predictions] == [
        "refused",
        "refused",
        "empty",
        "empty",
        "truncated",
        "refused",
        "truncated",
        "truncated",
        "ok",
        "ok",
        "ok",
    ]
    assert [prediction.raw for prediction in predictions[6:9]] == [
        "<mark>HALF</mark> \ufffd",
        "",
        "<mark>PARTS</mark> binds",
    ]
    assert corpus.ask(api_model(server), chat_run()) == predictions
    assert len(server.state()["asked"]) == len(words)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("FAILED", "finish_reason error"),
        ("UNTEXT", "a message that is not text"),
        ("UNPAID", r"the server's error: .*Insufficient credits.*402"),
    ],
)
def test_an_answer_that_cannot_be_used_is_asked_again_and_paid_for(
    word: str, reason: str, tmp_path: Path, start_server: Start
) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, [f"{word} binds"])
    with pytest.raises(MarknerError, match=f"no usable answer in 2 attempts, the last with {reason}"):
        corpus.ask(api_model(server), chat_run(retries=1))
    assert len(server.state()["asked"]) == 2
    assert count_stored(tmp_path) == 0
    requests, dollars = charged(tmp_path)
    assert requests == 2
    assert dollars == (0.0 if word == "UNPAID" else pytest.approx(2 * 97e-6, rel=0.2))
    if dollars:
        with pytest.raises(MarknerError, match=r"the next request could exceed.*budget 0\.0006 dollars"):
            corpus.ask(api_model(server), chat_run(retries=9, budget_dollars=0.0006))
        assert charged(tmp_path)[1] < 0.0006


def test_a_failure_of_this_program_loses_no_answer(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, failures = Cache.put, [ValueError(f"no place for {KEY}")]

    def fail_once(cache: Cache, context: ChatContext, answers: Sequence[Answer], *rest: Any) -> Spent:
        if failures and any("w3 binds" in body["messages"][-1]["content"] for _, body, _ in answers):
            raise failures.pop()
        return put(cache, context, answers, *rest)

    server = start_server()
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(40)])
    with (
        monkeypatch.context() as patch,
        pytest.raises(MarknerError, match=r"unexpected ValueError: no place for \[key\]"),
    ):
        patch.setattr(Cache, "put", fail_once)
        corpus.ask(api_model(server), chat_run())
    delivered = len(server.state()["delivered"])
    assert count_stored(tmp_path) == delivered
    assert charged(tmp_path) == (delivered, pytest.approx(delivered * 97e-6, rel=0.2))
    with monkeypatch.context() as patch, pytest.raises(MarknerError, match="unexpected RuntimeError: x"):
        patch.setattr(ask, "read_completion", broken)
        corpus.ask(api_model(server), chat_run())
    assert len(corpus.ask(api_model(server), chat_run())) == 40


def broken(*_: object) -> None:
    raise RuntimeError("x")


def test_a_key_that_a_server_repeats_is_replaced(tmp_path: Path, start_server: Start) -> None:
    (answer,) = Corpus(tmp_path, ["KEY binds"]).ask(api_model(start_server()), chat_run())
    assert answer.status == "ok"
    with sqlite3.connect(tmp_path / "cache" / "answers.db") as database:
        ((request_id, response),) = database.execute("SELECT request_id, response FROM responses").fetchall()
    database.close()
    assert request_id == "req-200, [key]"
    assert json.loads(response)["note"] == "[key]"
    assert_no_key(tmp_path)
    assert decode('{"a": "of ab\\/cd+ef\\u003d", "b": 1.0}', "ab/cd+ef=") == {"a": "of [key]", "b": 1.0}
    reply = httpx2.Response(400, text=f'{{"note": "\\u0073{KEY[1:]}"}}', request=httpx2.Request("POST", "http://a"))
    refused = openai.BadRequestError("", response=reply, body=None)
    assert "[key]" in describe(chat_context(api_model(Server(1)), chat_run()), refused, KEY, "").message
    assert decode('"\\ud83d\\ude00"', "none") == "\U0001f600"
    assert decode("[" * 100_000, "none") is None


def test_concurrency_is_limited(tmp_path: Path, start_server: Start) -> None:
    server = start_server(0.3, 1, "rate_limit")
    Corpus(tmp_path, [f"w{number} binds" for number in range(60)]).ask(api_model(server), chat_run(concurrency=3))
    assert server.state()["most_open"] == 3


def test_equal_sentences_are_asked_once(tmp_path: Path, start_server: Start) -> None:
    server = start_server()
    predictions = Corpus(tmp_path, ["same text"] * 20).ask(api_model(server), chat_run())
    assert len(predictions) == 20
    assert len(server.state()["asked"]) == 1


def test_a_server_that_only_fails_ends_the_run_and_keeps_what_was_answered(tmp_path: Path, start_server: Start) -> None:
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(5)])
    good = start_server()
    corpus.ask(api_model(good), chat_run())
    broken = start_server(1.0, 1, "malformed")
    with pytest.raises(MarknerError, match=r"no usable answer in 2 attempts.*2 requests and 0\.0000 dollars") as raised:
        corpus.ask(api_model(broken), chat_run(retries=1, concurrency=1), name="other")
    assert raised.value.__context__ is None
    with pytest.raises(MarknerError, match="HTTP status 500") as raised:
        corpus.ask(api_model(start_server(1.0, 1, "echo")), chat_run(retries=0), name="third")
    assert KEY not in str(raised.value)
    assert "authorization" in str(raised.value)
    assert_no_key(tmp_path)


def test_a_wrong_key_and_an_unknown_model_say_so_without_the_key(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, ["w binds"])
    with pytest.raises(MarknerError, match="HTTP status 404") as raised:
        corpus.ask(api_model(server, model="missing"), chat_run())
    assert KEY not in str(raised.value)
    monkeypatch.setenv("MARKNER_TEST_KEY", "sk-another-key-42")
    with pytest.raises(MarknerError, match="refuses the key") as raised:
        corpus.ask(api_model(server), chat_run())
    assert "sk-another" not in str(raised.value)
    assert raised.value.__context__ is None


def test_messages_name_the_address_of_a_server_without_a_provider(tmp_path: Path, start_server: Start) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, ["w binds"])
    with pytest.raises(MarknerError, match="HTTP status 404") as raised:
        corpus.ask(api_model(server, provider="openai", model="missing"), chat_run())
    assert f"{server.base_url}, model missing" in raised.value.message
    assert "openai" not in raised.value.message
    named = chat_context(api_model(server, provider="test"), chat_run())
    unnamed = chat_context(api_model(server, provider="openai"), chat_run())
    openai_itself = chat_context(api_model(server, provider="openai", base_url=OPENAI), chat_run())
    assert [each.label for each in (named, unnamed, openai_itself)] == ["test", server.base_url, "openai"]


@pytest.mark.parametrize("value", ["", "  ", "sk abc", "sk-\nabc", "schlüssel"])
def test_what_cannot_be_a_key_is_refused_unseen(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKNER_TEST_KEY", value)
    with pytest.raises(MarknerError, match="MARKNER_TEST_KEY") as raised:
        read_key(chat_context(api_model(Server(1)), chat_run()))
    assert not value.strip() or value not in str(raised.value)


def test_a_server_without_a_key_gets_a_placeholder() -> None:
    assert read_key(chat_context(api_model(Server(1), key_env=""), chat_run())) == "none"
    assert redact("none of it", "none") == "none of it"


def test_the_requests_budget_stops_the_run_and_outlives_it(tmp_path: Path, start_server: Start) -> None:
    server = start_server(0.5, 1, "server_error")
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(20)])
    with pytest.raises(MarknerError, match=r"budget 24 requests, 24 requests and 0\.0\d+ dollars spent"):
        corpus.ask(api_model(server), chat_run(budget_requests=24))
    assert len(server.state()["asked"]) == 24
    with pytest.raises(MarknerError, match="more requests would exceed"):
        corpus.ask(api_model(server), chat_run(budget_requests=24))
    assert len(server.state()["asked"]) == 24
    corpus.ask(api_model(server), chat_run(budget_requests=1000))
    state = server.state()
    assert max(Counter(state["delivered"]).values()) == 1
    assert len(state["delivered"]) == 20


def test_the_dollar_budget_refuses_before_and_stops_during_the_run(tmp_path: Path, start_server: Start) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(20)])
    with pytest.raises(MarknerError, match=r"would exceed `budget_dollars`; budget 0\.0001 dollars, 0 requests"):
        corpus.ask(api_model(server), chat_run(budget_dollars=0.0001))
    assert server.state()["asked"] == []
    # Twenty answers are expected to cost less, but the dearest answer of the last would not fit.
    with pytest.raises(MarknerError, match="the next request could exceed"):
        corpus.ask(api_model(server), chat_run(budget_dollars=0.0036, concurrency=1, max_new_tokens_margin=900))
    assert 10 < len(server.state()["asked"]) < 20
    with pytest.raises(MarknerError, match="prices of model m are not known"):
        corpus.ask(api_model(server, price_input=None), chat_run(budget_dollars=1.0), cache="new")
