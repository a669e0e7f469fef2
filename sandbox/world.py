"""The clouds as one SQLite file: what stands, what was called, and the faults that are to happen.

Several plugin processes share it, and it survives them, so that drift, leftovers and reruns can be seen. Whatever is
edited or deleted here directly is drift, as if somebody had used the cloud's console.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.engine.errors import broken
from sandbox.faults import Fault, parse_fault

__all__ = ["Call", "Fault", "Item", "TakenError", "World", "parse_fault"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS objects (
    provider TEXT NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL, id TEXT NOT NULL,
    name TEXT NOT NULL, scope TEXT, urn TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (kind, place, id), UNIQUE (kind, scope));
CREATE TABLE IF NOT EXISTS calls (
    sequence INTEGER PRIMARY KEY, time REAL NOT NULL, run INTEGER NOT NULL, provider TEXT NOT NULL,
    verb TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_COLUMNS: Final = "provider, kind, id, name, data, place, scope, urn"
_PATIENCE: Final = 30.0
"""Seconds that one process waits for another's transaction."""


class TakenError(ValueError):
    """Another object of this kind has the name, address or pair that must be unique."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that stands. `data` are its outputs, in the provider's own spelling; `_` keys never leave the cloud."""

    provider: str
    kind: str
    id: str
    name: str
    data: dict[str, Any]
    place: str = ""
    """What its id is unique in, where that is not the whole cloud: a zone, a cluster."""
    scope: str | None = None
    """What must be unique among its kind."""
    urn: str = ""
    """The resource whose creation made it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of an API: what was asked, never with a secret."""

    sequence: int
    time: float
    run: int
    provider: str
    verb: str
    kind: str
    id: str
    detail: str


class World:
    """Everything that the stand-ins know. Safe for several processes at once."""

    def __init__(self, path: Path | str) -> None:
        self.path: Final = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._create()
            self._connection = _open(self.path)
        except (OSError, sqlite3.Error) as error:
            raise broken(self.path, error) from error
        self._depth = 0
        self._lock = threading.RLock()

    def _create(self) -> None:
        """Create the file for its owner only, since it holds the servers' private keys.

        A file that exists is not opened: closing it again would drop the locks of every other connection of this
        process, and another process would then delete the log under them (sqlite.org/howtocorrupt.html, 2.2).
        """
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else in between, be it a thread or a process; may be nested."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def objects(self, kind: str | None = None, *, place: str | None = None) -> list[Item]:
        """What stands, oldest first; of one kind and in one place if given."""
        return self._items("(? IS NULL OR kind = ?) AND (? IS NULL OR place = ?)", kind, kind, place, place)

    def get(self, kind: str, identity: str, *, place: str = "") -> Item | None:
        """The object with this id."""
        return next(iter(self._items("kind = ? AND id = ? AND place = ?", kind, identity, place)), None)

    def find(self, kind: str, name: str) -> Item | None:
        """The first object of this name."""
        return next(iter(self._items("kind = ? AND name = ?", kind, name)), None)

    def made_by(self, urn: str) -> list[Item]:
        """What the creation of a resource made, oldest first: also where the engine never heard of it."""
        return self._items("urn = ?", urn)

    def put(
        self,
        kind: str,
        identity: str,
        data: Mapping[str, Any],
        *,
        place: str = "",
        provider: str | None = None,
        name: str | None = None,
        scope: str | None = None,
        urn: str | None = None,
    ) -> Item:
        """Make an object, or change one: what is not given stays as it was. Raises TakenError if the scope is taken."""
        with self.transaction():
            old = self.get(kind, identity, place=place)
            row = (
                provider if provider is not None else (old.provider if old else ""),
                name if name is not None else (old.name if old else identity),
                scope if scope is not None else (old.scope if old else None),
                urn if urn is not None else (old.urn if old else ""),
                json.dumps(data, sort_keys=True),
            )
            try:
                self._connection.execute(
                    "INSERT INTO objects (kind, place, id, provider, name, scope, urn, data)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, place, id) DO UPDATE SET"
                    " provider = excluded.provider, name = excluded.name, scope = excluded.scope,"
                    " urn = excluded.urn, data = excluded.data",
                    (kind, place, identity, *row),
                )
            except sqlite3.IntegrityError as error:
                raise TakenError(f"{kind} {scope} is taken") from error
        return Item(
            provider=row[0],
            kind=kind,
            id=identity,
            name=row[1],
            data=dict(data),
            place=place,
            scope=row[2],
            urn=row[3],
        )

    def delete(self, kind: str, identity: str, *, place: str = "") -> bool:
        """Whether there was such an object; now there is none."""
        done = self._connection.execute(
            "DELETE FROM objects WHERE kind = ? AND id = ? AND place = ?", (kind, identity, place)
        )
        return done.rowcount > 0

    def counts(self) -> dict[str, int]:
        """How many objects there are of each kind."""
        return dict(self._connection.execute("SELECT kind, count(*) FROM objects GROUP BY kind ORDER BY kind"))

    def calls(self, *, run: int | None = None) -> list[Call]:
        """The calls so far, in order; of one run if given."""
        rows = self._connection.execute(
            "SELECT sequence, time, run, provider, verb, kind, id, detail FROM calls"
            " WHERE ? IS NULL OR run = ? ORDER BY sequence",
            (run, run),
        )
        names = ("sequence", "time", "run", "provider", "verb", "kind", "id", "detail")
        return [Call(**dict(zip(names, row, strict=True))) for row in rows]

    def record(self, provider: str, verb: str, kind: str, identity: str, detail: str) -> int:
        """Log a call; the answer is its place among this provider's calls of this run, from 1."""
        with self.transaction():
            self._connection.execute(
                "INSERT INTO calls (time, run, provider, verb, kind, id, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (time.time(), self.run, provider, verb, kind, identity, detail),
            )
            return self.next_number(f"calls of {provider}")

    @property
    def run(self) -> int:
        """The number of the present run of the engine."""
        found = self._connection.execute("SELECT value FROM numbers WHERE name = 'run'").fetchone()
        return int(found[0]) if found else 0

    def begin_run(self) -> int:
        """Start counting calls anew, so that a fault at call N means the N-th of this run; gives the run's number."""
        with self.transaction():
            self._connection.execute("DELETE FROM numbers WHERE name LIKE 'calls of %'")
            return self.next_number("run")

    def next_number(self, name: str, first: int = 1) -> int:
        """The next number of a series; none comes twice, not even for what is gone."""
        with self.transaction():
            self._connection.execute(
                "INSERT INTO numbers VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1", (name, first)
            )
            return int(self._connection.execute("SELECT value FROM numbers WHERE name = ?", (name,)).fetchone()[0])

    def _items(self, condition: str, *values: str | None) -> list[Item]:
        query = f"SELECT {_COLUMNS} FROM objects WHERE {condition} ORDER BY rowid"  # noqa: S608 - the conditions are this module's own
        names = _COLUMNS.split(", ")
        with self._lock:
            found = [dict(zip(names, row, strict=True)) for row in self._connection.execute(query, values)]
        return [Item(**{**row, "data": json.loads(row["data"])}) for row in found]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(_SCHEMA)
    return connection
