"""The durable memory of all that was ever answered, and of what it cost: one SQLite file for a study."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from markner.errors import MarknerError

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
    """A server's whole answer to one request, as it is kept.

    `http_status` is 200, or 400 where the server's content filter turned the request down. `system_fingerprint` names
    the configuration that answered, where the server tells. Tokens are the server's own count; `date` is UTC.
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
        """Configuration of the server that answered, if it is known."""
        value = self.response.get("system_fingerprint")
        return value if isinstance(value, str) else None


Answer = tuple[str, dict[str, Any], Response]
"""Key, request and answer."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has spent over its whole life: HTTP requests, failed ones included, and dollars."""

    requests: int
    dollars: float


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch whose answers are not all stored: its requests by key.

    `id` is None while it is unknown whether the server has it.
    """

    label: str
    id: str | None
    requests: dict[str, dict[str, Any]]
    date: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who is asked: provider and server, as they enter the key, and the run on whose account."""

    provider: str
    server: str
    run: str


class Cache:
    """Answers by key; each is on the disk before the next step is taken.

    One row an answer, in SQLite's write-ahead log with full synchronisation: a process that is killed, or a machine
    that loses power, loses nothing that was stored. The file must lie on a local disk (the
    log does not work over network file systems); several processes of one machine may share it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._db.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise MarknerError(
                f"{self.path}: not a response cache: {error}", "move the file away, or name another"
            ) from error
        if version not in (0, VERSION):
            self._db.close()
            raise MarknerError(f"{self.path}: response cache of version {version}, expected {VERSION}")

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def get(self, key: str) -> Response | None:
        """The answer to a request, None where there is none yet."""
        row = self._db.execute(
            "SELECT http_status, response, request_id, prompt_tokens, completion_tokens, dollars, batch, date"
            " FROM responses WHERE key = ?",
            (key,),
        ).fetchone()
        return None if row is None else Response(row[0], json.loads(row[1]), *row[2:])

    def has(self, key: str) -> bool:
        """Whether there is an answer to a request."""
        return self._db.execute("SELECT 1 FROM responses WHERE key = ?", (key,)).fetchone() is not None

    def put(self, answers: Sequence[Answer], origin: Origin, attempts: int = 0) -> None:
        """Store answers and what they cost, in one transaction; an answer that is there already stays.

        Args:
            answers: Key, request as it was sent (without its headers), and answer; the date is set here.
            origin: Who answered, and on whose account.
            attempts: HTTP requests made since the last were counted.
        """
        dollars = 0.0
        with self._transaction():
            for key, body, response in answers:
                stored = self._db.execute(
                    "INSERT OR IGNORE INTO responses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        key,
                        origin.provider,
                        origin.server,
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
                        origin.run,
                        _now(),
                    ),
                ).rowcount
                # The answers of a batch may be fetched a second time after a kill; they were paid for once.
                if stored or response.batch is None:
                    dollars += response.dollars
            self._charge(origin.run, attempts, dollars)

    def count(self, run: str, attempts: int) -> None:
        """Add HTTP requests to a run's account."""
        if attempts:
            self._charge(run, attempts, 0.0)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _charge(self, run: str, attempts: int, dollars: float) -> None:
        self._db.execute(
            "INSERT INTO spending VALUES (?, ?, ?) ON CONFLICT (run) DO UPDATE"
            " SET requests = requests + excluded.requests, dollars = dollars + excluded.dollars",
            (run, attempts, dollars),
        )

    def spent(self, run: str) -> Spent:
        """What a run has spent so far, kills and earlier jobs included."""
        row = self._db.execute("SELECT requests, dollars FROM spending WHERE run = ?", (run,)).fetchone()
        return Spent(*row) if row else Spent(0, 0.0)

    def plan_batch(self, label: str, origin: Origin, requests: dict[str, dict[str, Any]]) -> None:
        """Note that a batch is about to be created, and count its requests.

        After a kill it is looked for by its label, not made again.
        """
        with self._transaction():
            self._db.execute(
                "INSERT INTO batches VALUES (?, NULL, ?, ?, ?, ?, ?, 'open')",
                (label, origin.provider, origin.server, origin.run, json.dumps(requests), _now()),
            )
            self._charge(origin.run, len(requests), 0.0)

    def name_batch(self, label: str, identifier: str) -> None:
        """Note the server's identifier of a batch."""
        self._db.execute("UPDATE batches SET id = ? WHERE label = ?", (identifier, label))

    def close_batch(self, label: str, state: str) -> None:
        """Note how a batch ended, once all its answers are stored; its requests are then forgotten."""
        self._db.execute("UPDATE batches SET state = ?, requests = '{}' WHERE label = ?", (state, label))

    def open_batches(self, origin: Origin) -> list[OpenBatch]:
        """Batches at a server whose answers are still to be fetched, oldest first, whichever run asked."""
        rows = self._db.execute(
            "SELECT label, id, requests, date FROM batches WHERE provider = ? AND server = ? AND state = 'open'"
            " ORDER BY date, label",
            (origin.provider, origin.server),
        )
        return [OpenBatch(label, identifier, json.loads(text), date) for label, identifier, text, date in rows]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
