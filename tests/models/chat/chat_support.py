"""Fixtures and helpers of the chat tests: a fault server for each test, and what is needed to ask it."""

import json
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from markner.data.documents import Sentence, Span, write_sentences
from markner.models.chat.answer import answer
from markner.models.chat.context import ChatContext, LocalServer
from markner.models.chat.few_shot import choose_examples
from markner.models.chat.params import ChatEndpoint, ChatParams, FewShotParams
from markner.predictions import Prediction, read_predictions
from markner.study.schema.chat_runs import ApiModel, ChatRun, Spending
from markner.study.schema.corpora import Prompt

KEY = "sk-secret-0123456789abcdef"
SERVER = Path(__file__).parent / "fault_server.py"


@dataclass
class Server:
    port: int
    process: "subprocess.Popen[str] | None" = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def state(self) -> dict[str, Any]:
        """Return the requests received and the answers delivered. A failed look is repeated."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(100):
            try:
                with opener.open(f"http://127.0.0.1:{self.port}/state") as reply:
                    value: dict[str, Any] = json.load(reply)
                    return value
            except OSError as error:
                ended = self.process and self.process.poll()
                assert ended is None, f"the fault server ended with code {ended}: {error}"
                failed = error
                time.sleep(0.1)
        raise failed


Start = Callable[..., Server]


@pytest.fixture
def start_server() -> Iterator[Start]:
    """Start fault servers: `start_server(rate, seed, *faults)`."""
    processes: list[subprocess.Popen[str]] = []

    def start(rate: float = 0.0, seed: int = 1, *faults: str) -> Server:
        command = [sys.executable, str(SERVER), "--key", KEY, "--rate", str(rate), "--seed", str(seed)]
        command += ["--faults", *faults] if faults else []
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        return Server(int(process.stdout.readline()), process)

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def key_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKNER_TEST_KEY", KEY)


def api_model(server: Server, **settings: Any) -> ApiModel:
    base = {"source": "api", "provider": "test", "base_url": server.base_url, "model": "m", "price_input": 1.0}
    return ApiModel(**{**base, "price_output": 2.0, "key_env": "MARKNER_TEST_KEY", **settings})


def chat_run(**settings: Any) -> ChatRun:
    base = {"system": "chat", "model": "m", "evaluate": ["c"], "retries": 12, "timeout": 1.0, "concurrency": 8}
    return ChatRun(**{**base, **settings})


def chat_context(
    model: ApiModel, run: ChatRun, name: str = "run", answers: Path = Path("cache"), server: LocalServer | None = None
) -> ChatContext:
    """The settings of a job as the workflow makes them of a model and a run."""
    params = ChatParams(
        model=ChatEndpoint.of_model(model),
        temperature=run.temperature,
        max_new_tokens_margin=run.max_new_tokens_margin,
        prompt=Prompt(),
        entity="gene",
    )
    spending = Spending(account=name, answers=str(answers), model=model, run=run)
    return ChatContext.of_spending(params, Spending.model_validate(spending.model_dump()), server)


def few_shot_params(run: ChatRun, seed: int = 1, corpus: str = "c") -> FewShotParams:
    return FewShotParams(
        shots=run.shots, shot_selection=run.shot_selection, embedding=run.embedding, corpus=corpus, seed=seed
    )


@dataclass
class Corpus:
    """Sentences asked of a model in a folder."""

    folder: Path
    texts: list[str]

    def ask(
        self,
        model: ApiModel,
        run: ChatRun,
        name: str = "run",
        cache: str = "cache",
        server: LocalServer | None = None,
    ) -> list[Prediction]:
        sentences = [Sentence(f"s{number}", "d", text) for number, text in enumerate(self.texts)]
        train = [
            Sentence(f"t{number}", "d", f"gene{number} binds", (Span(0, 4),), (Span(0, 4),)) for number in range(9)
        ]
        test, examples = self.folder / "test.jsonl", self.folder / "few_shot.json"
        write_sentences(test, sentences)
        write_sentences(self.folder / "train.jsonl", train)
        choose_examples(few_shot_params(run), self.folder / "train.jsonl", test, examples)
        output = self.folder / f"{name}.jsonl"
        context = chat_context(model, run, name, self.folder / cache, server)
        answer(context, test, examples, output, self.folder / f"{name}.usage.json")
        return list(read_predictions(output))


def assert_no_key(folder: Path) -> None:
    """No file of the folder, whatever it is, holds the key."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def count_stored(folder: Path) -> int:
    """Number of stored answers."""
    if not (folder / "cache" / "answers.db").exists():
        return 0
    database = sqlite3.connect(folder / "cache" / "answers.db")
    try:
        return int(database.execute("SELECT count(*) FROM responses").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def charged(folder: Path) -> tuple[int, float]:
    """HTTP requests and dollars of the run."""
    database = sqlite3.connect(folder / "cache" / "answers.db")
    ((requests, dollars),) = database.execute("SELECT requests, dollars FROM spending")
    database.close()
    return requests, dollars
