import json
import logging
import sqlite3
from pathlib import Path

import pytest
from chat_support import Corpus, Start, api_model, chat_context, chat_run, key_in_environment, start_server

from markner.data.documents import Sentence
from markner.errors import MarknerError
from markner.models.chat import batch_api
from markner.models.chat.budget import estimate
from markner.models.chat.cache import Cache
from markner.models.chat.context import LocalServer
from markner.models.chat.cost import four_characters, price
from markner.models.chat.few_shot import Example
from markner.models.chat.requests import Request, build_requests, messages, request_key
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Prompt

__all__ = ["key_in_environment", "start_server"]
pytestmark = pytest.mark.usefixtures("key_in_environment")


def test_messages_are_the_papers_prompt_with_examples_as_turns() -> None:
    prompt = Prompt()
    turns = messages(prompt.template, "Mark {input}.", [Example("t", "a b", "<mark>a</mark> b", 1)], "c d")
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"] == "<mark>a</mark> b"
    assert turns[2]["content"].endswith("### Instruction:\nMark {input}.\n\n### Input:\nc d\n\n### Response:\n")


def test_nothing_is_asked_twice_and_no_two_models_share_an_answer(tmp_path: Path, start_server: Start) -> None:
    server = start_server()
    corpus = Corpus(tmp_path, [f"w{number} binds" for number in range(4)])
    for expected, change, run in [
        (4, {}, {}),
        (4, {}, {"concurrency": 2}),
        (8, {"model": "m2"}, {}),
        (12, {"provider": "other"}, {}),
        (16, {"parameters": {"seed": 1}}, {}),
        (20, {}, {"temperature": 0.5}),
        (24, {}, {"temperature": None}),
        (28, {}, {"max_new_tokens_margin": 65}),
        (32, {"limit_field": "max_tokens"}, {}),
        (36, {}, {"shots": 1}),
        (40, {"base_url": server.base_url.replace("127.0.0.1", "localhost")}, {}),
        (40, {"price_input": 9.0}, {"retries": 1}),
    ]:
        corpus.ask(api_model(server, **change), chat_run(**run))
        assert len(server.state()["asked"]) == expected, (change, run)


def test_the_key_of_weights_on_loopback_depends_on_the_weights_and_not_on_the_port(
    tmp_path: Path, start_server: Start
) -> None:
    corpus = Corpus(tmp_path, ["w binds"])
    model = ApiModel(source="api", model="local", weights="smollm2")
    # Without a key the server answers 401: nothing but a placeholder is sent to it.
    with pytest.raises(MarknerError, match="refuses the key"):
        corpus.ask(model, chat_run(), server=LocalServer(start_server().base_url, "sha256:1"))
    first, again, other = (
        chat_context(model, chat_run(), server=LocalServer(f"http://127.0.0.1:{port}/v1", weights))
        for port, weights in ((1, "sha256:1"), (2, "sha256:1"), (1, "sha256:2"))
    )
    body = {"model": "local", "messages": []}
    assert request_key(first, body) == request_key(again, body) != request_key(other, body)
    with pytest.raises(MarknerError, match="if, and only if, the model has `weights`"):
        corpus.ask(model, chat_run())


def test_a_retired_model_is_never_asked(tmp_path: Path, start_server: Start) -> None:
    server = start_server()
    with pytest.raises(MarknerError, match=r"retired \(shut down 2024-09-13\) and is never asked"):
        Corpus(tmp_path, ["w binds"]).ask(api_model(server, retired="shut down 2024-09-13"), chat_run())
    assert server.state()["asked"] == []


def test_stored_answers_need_neither_key_nor_server(
    tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = start_server()
    corpus = Corpus(tmp_path, ["w binds", "v binds", "w binds"])
    first = corpus.ask(api_model(server), chat_run(shots=5))
    assert "2 requests to make, 0 answered already" in caplog.text
    usage = (tmp_path / "run.usage.json").read_text()
    monkeypatch.delenv("MARKNER_TEST_KEY")
    assert corpus.ask(api_model(server), chat_run(shots=5)) == first
    assert (tmp_path / "run.usage.json").read_text() == usage
    assert "0 requests to make, 2 answered already" in caplog.text
    value = json.loads(usage)
    assert value["answered_by"] == {"m-2026-01-01": 2}
    assert value["system_fingerprints"] == {"fp_1": 2}
    assert value["requests"] == 2
    assert value["dollars"] == pytest.approx((value["prompt_tokens"] + 2 * value["completion_tokens"]) / 1e6)
    with pytest.raises(MarknerError, match="MARKNER_TEST_KEY with the key is not set"):
        corpus.ask(api_model(server, model="new"), chat_run())


@pytest.mark.parametrize("by_batch", [False, True])
def test_answers_stored_without_prices_get_the_prices_of_now(
    by_batch: bool, tmp_path: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_api, "POLL_SECONDS", 0.01)
    server = start_server()
    corpus = Corpus(tmp_path, ["w binds"])
    corpus.ask(api_model(server, price_input=None, price_output=None), chat_run(batch_api=by_batch))
    usage = tmp_path / "run.usage.json"
    assert json.loads(usage.read_text())["dollars"] is None
    corpus.ask(api_model(server), chat_run())
    value = json.loads(usage.read_text())
    full = (value["prompt_tokens"] + 2 * value["completion_tokens"]) / 1e6
    assert value["dollars"] == pytest.approx(full / 2 if by_batch else full, abs=1e-6)


def test_the_dry_count_is_tokens_times_price() -> None:
    model = ApiModel(source="api", model="m", price_input=3.0, price_output=5.0)
    context = chat_context(model, chat_run(max_new_tokens_margin=64))
    (request,) = build_requests(context, [Sentence("s", "d", "abc")], {"s": []})
    assert request.answer_limit == 67
    body = {"model": "m", "messages": [{"role": "user", "content": "x" * 41}], "max_tokens": 67}
    count = estimate(context, [Request("s", body, "k")] * 10, 7, {"s": "y" * 8})
    assert (count.cached, count.requests, count.prompt_tokens, count.completion_tokens) == (7, 10, 150, 140)
    assert count.dollars == pytest.approx((150 * 3 + 140 * 5) / 1e6)
    assert four_characters("") == 0
    assert price(ApiModel(source="api", model="m"), 1, 1, batch=False) is None
    assert price(model, 10**6, 0, batch=True) == pytest.approx(1.5)


def test_a_file_that_is_no_cache_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database, but long enough to have a header that says so" * 20)
    with pytest.raises(MarknerError, match=r"text\.db: not a response cache"):
        Cache(tmp_path / "text.db")
    database = sqlite3.connect(tmp_path / "new.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(MarknerError, match="version 99, expected 1"):
        Cache(tmp_path / "new.db")
