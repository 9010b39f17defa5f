"""The durable store of all answers and of the spending of each run: one SQLite file for a study."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from markner.errors import MarknerError
from markner.models.chat.context import ChatContext
from markner.study.wording import counted

VERSION = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, provider TEXT NOT NULL, server TEXT NOT NULL, model TEXT NOT NULL, request TEXT NOT NULL,
    http_status INTEGER NOT NULL, response TEXT NOT NULL, request_id TEXT, system_fingerprint TEXT,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, dollars REAL NOT NULL, batch TEXT,
    run TEXT NOT NULL, date TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS spending (run TEXT PRIMARY KEY, requests INTEGER NOT NULL, dollars REAL NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    label TEXT PRIMARY KEY, id TEXT, provider TEXT NOT NULL, server TEXT NOT NULL, run TEXT NOT NULL,
    requests TEXT NOT NULL, date TEXT NOT NULL, state TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Response:
    """A server's whole answer to one request.

    `http_status` is 200, or 400 if the server's content filter refused the request. Tokens are the server's own count,
    `batch` is the server's identifier of the batch, and `date` is UTC.
    """

    http_status: int
    response: dict[str, Any]
    request_id: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dollars: float = 0.0
    batch: str | None = None
    date: str = ""

    @property
    def system_fingerprint(self) -> str | None:
        """Configuration of the server that answered, None if the server does not name it."""
        value = self.response.get("system_fingerprint")
        return value if isinstance(value, str) else None


Answer = tuple[str, dict[str, Any], Response]
"""Key, request and response."""


class Spent(NamedTuple):
    """Spending of a run over its whole life: HTTP requests, failed ones included, and dollars."""

    requests: int
    dollars: float

    def __str__(self) -> str:
        return f"{counted(self.requests, 'request')} and {self.dollars:.4f} dollars spent"


NOTHING = Spent(0, 0.0)


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch whose answers are not all stored: the run that pays for it, and its requests by key.

    `id` is None as long as it is unknown whether the server has the batch.
    """

    label: str
    id: str | None
    run: str
    date: str
    requests: dict[str, dict[str, Any]]


class Cache:
    """Responses by key. Each is on the disk before the next step is taken.

    A rollback journal with full synchronization: a process that is killed, or a machine that loses power, loses
    nothing that was stored. Unlike the write-ahead log it also works on a shared file system that has locks. Several
    processes may share the file, and several threads the object, one call at a time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA synchronous = FULL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._db.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise MarknerError(
                f"{path}: not a response cache: {error}", "move the file away, or name another"
            ) from error
        if version not in (0, VERSION):
            self._db.close()
            raise MarknerError(f"{path}: response cache of version {version}, expected {VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def get(self, key: str) -> Response | None:
        """Return the response to a request, None if there is none yet."""
        row = self._db.execute(
            "SELECT http_status, response, request_id, prompt_tokens, completion_tokens, dollars, batch, date"
            " FROM responses WHERE key = ?",
            (key,),
        ).fetchone()
        return None if row is None else Response(row[0], json.loads(row[1]), *row[2:])

    def has(self, key: str) -> bool:
        """Return whether there is a response to a request."""
        return self._db.execute("SELECT 1 FROM responses WHERE key = ?", (key,)).fetchone() is not None

    def put(self, context: ChatContext, answers: Sequence[Answer], uncharged: Spent = NOTHING) -> Spent:
        """Store answers and their cost in one transaction, and return the run's spending after it.

        An answer that is stored already stays. The date is set here. `uncharged` are HTTP requests, and dollars for
        answers that cannot be used, since the last were counted.
        """
        requests, dollars = uncharged
        with self._transaction():
            for key, body, response in answers:
                row = (
                    key,
                    context.provider,
                    context.server_name,
                    body["model"],
                    json.dumps(body, ensure_ascii=False),
                    response.http_status,
                    json.dumps(response.response, ensure_ascii=False),
                    response.request_id,
                    response.system_fingerprint,
                    response.prompt_tokens,
                    response.completion_tokens,
                    response.dollars,
                    response.batch,
                    context.run,
                    _now(),
                )
                marks = ", ".join("?" * len(row))
                stored = self._db.execute(f"INSERT OR IGNORE INTO responses VALUES ({marks})", row).rowcount
                # The answers of a batch may be fetched a second time after a kill. They are paid for once.
                if stored or response.batch is None:
                    dollars += response.dollars
            self._charge(context.run, requests, dollars)
            return self.spent(context.run)

    def spent(self, run: str) -> Spent:
        """Return the spending of a run so far, earlier jobs included."""
        row = self._db.execute("SELECT requests, dollars FROM spending WHERE run = ?", (run,)).fetchone()
        return Spent(*row) if row else NOTHING

    def plan_batch(self, context: ChatContext, label: str, requests: dict[str, dict[str, Any]]) -> None:
        """Store that a batch is about to be created, and count its requests.

        After a kill the batch is looked up by its label and not created again.
        """
        with self._transaction():
            self._db.execute(
                "INSERT INTO batches VALUES (?, NULL, ?, ?, ?, ?, ?, 'open')",
                (label, context.provider, context.server_name, context.run, json.dumps(requests), _now()),
            )
            self._charge(context.run, len(requests), 0.0)

    def name_batch(self, label: str, identifier: str) -> None:
        """Store the server's identifier of a batch."""
        self._db.execute("UPDATE batches SET id = ? WHERE label = ?", (identifier, label))

    def batch_id(self, label: str) -> str | None:
        """Return the server's identifier of a batch, None as long as it is unknown whether the server has it."""
        (identifier,) = self._db.execute("SELECT id FROM batches WHERE label = ?", (label,)).fetchone()
        return None if identifier is None else str(identifier)

    def close_batch(self, context: ChatContext, label: str, state: str, uncharged: Spent) -> None:
        """Store how a batch ended, once all its answers are stored.

        Its requests are deleted. `uncharged` is what the run pays besides the stored answers. Of two jobs that close
        it, the first is charged.
        """
        update = "UPDATE batches SET state = ?, requests = '{}' WHERE label = ? AND state = 'open'"
        with self._transaction():
            if self._db.execute(update, (state, label)).rowcount:
                self._charge(context.run, *uncharged)

    def open_batches(self, context: ChatContext) -> list[OpenBatch]:
        """Return the batches at a server whose answers are not all stored, oldest first, of all runs."""
        rows = self._db.execute(
            "SELECT label, id, run, date, requests FROM batches WHERE provider = ? AND server = ? AND state = 'open'"
            " ORDER BY date, label",
            (context.provider, context.server_name),
        )
        return [
            OpenBatch(label, identifier, run, date, json.loads(requests))
            for label, identifier, run, date, requests in rows
        ]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db:  # commits, or rolls back after an error
                self._db.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.Error as error:
            raise MarknerError(f"{self.path}: cannot store an answer: {error}", "check the disk; run again") from error

    def _charge(self, run: str, attempts: int, dollars: float) -> None:
        self._db.execute(
            "INSERT INTO spending VALUES (?, ?, ?) ON CONFLICT (run) DO UPDATE"
            " SET requests = requests + excluded.requests, dollars = dollars + excluded.dollars",
            (run, attempts, dollars),
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
