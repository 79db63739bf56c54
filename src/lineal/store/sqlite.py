"""SQLite through apsw, which carries a current SQLite."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw

from lineal.graph.errors import Invalid, Unavailable
from lineal.store import backup, check, migrate
from lineal.store.base import Progress, Row

_PRAGMAS = """
PRAGMA cache_size=-65536;
PRAGMA temp_store=MEMORY;
PRAGMA mmap_size=1073741824;
PRAGMA wal_autocheckpoint=4000;
PRAGMA case_sensitive_like=ON;
"""

# A reader leaves the file's mode alone; it may be a backup, which is in another one.
_WRITER = """
PRAGMA page_size=8192;
PRAGMA journal_mode=WAL;
PRAGMA synchronous={synchronous};
"""
_COUNTER = "SELECT value FROM counter WHERE name = ?"


class SqliteDialect:
    """SQLite's words."""

    name = "sqlite"
    alone = "BEGIN IMMEDIATE"
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"

    def ddl(self, text: str) -> str:
        return (
            text.replace("{id}", "INTEGER PRIMARY KEY")
            .replace("{blob}", "BLOB")
            .replace("{clustered}", "WITHOUT ROWID")
        )

    def among(self, column: str) -> str:
        return f"{column} IN (SELECT value FROM json_each(?))"

    def pack(self, values: Sequence[Any]) -> str:
        return json.dumps(list(values))

    def json_text(self, column: str) -> str:
        text = "CASE WHEN j.type IN ('true', 'false') THEN j.type ELSE CAST(j.value AS TEXT) END"
        return f"(SELECT {text} FROM json_each({column}) j WHERE j.key = ?)"

    def like(self, column: str, ignore_case: bool) -> str:
        return f"lower({column}) LIKE lower(?)" if ignore_case else f"{column} LIKE ?"

    def percentile(self, column: str, percent: float) -> str:
        return f"percentile({column}, {percent!r})"

    def reach(self, near: str, far: str, kinds: str, bounded: bool) -> str:
        if not bounded:
            return (
                f"WITH RECURSIVE c(id) AS (SELECT ? UNION SELECT e.{far} FROM c JOIN edge e"
                f" ON e.{near} = c.id AND e.kind IN ({kinds}) LIMIT ?) SELECT id FROM c"
            )
        return (
            f"WITH RECURSIVE c(id, depth) AS (SELECT ?, 0 UNION SELECT e.{far}, c.depth + 1 FROM c JOIN edge e"
            f" ON e.{near} = c.id AND e.kind IN ({kinds}) WHERE c.depth < ?)"
            " SELECT id FROM c GROUP BY id ORDER BY MIN(depth), id LIMIT ?"
        )


class SqliteConnection:
    """One apsw connection; statements are prepared once and kept."""

    dialect = SqliteDialect()
    lost = False

    def __init__(self, path: str, synchronous: str, *, readonly: bool) -> None:
        flags = (
            apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )
        try:
            self.raw = apsw.Connection(path, flags=flags, statementcachesize=400)
            self.raw.set_busy_timeout(10_000)
            self._run = self.raw.cursor().execute
            self.script(_PRAGMAS if readonly else _WRITER.format(synchronous=synchronous) + _PRAGMAS)
        except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
            raise Unavailable(f"cannot open {path}: {error}") from None
        except (apsw.NotADBError, apsw.CorruptError) as error:
            raise Invalid(f"{path} is not a Lineal store, or is damaged: {error}") from None
        self.writes = 0
        self._counters: dict[str, int] = {}
        self._marked = False
        self._matches = False
        self._version = self._data_version()

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        if sql[0] != "S" and sql[0] != "W":
            self.writes += 1
        try:
            return self._run(sql, params).fetchall()
        except (OverflowError, UnicodeEncodeError) as error:
            raise Invalid(f"a value cannot be stored: {error}") from None

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.writes += 1
        try:
            self.raw.cursor().executemany(sql, rows)
        except (OverflowError, UnicodeEncodeError) as error:
            raise Invalid(f"a value cannot be stored: {error}") from None

    def matching(self, column: str) -> str:
        if not self._matches:
            # Its effort grows with the text, not exponentially, and it lets other threads run.
            try:
                from apsw import sqlite_extra

                sqlite_extra.load(self.raw, "regexp")
            except Exception as error:
                raise Invalid(f"this SQLite has no regular expressions: {error}") from error
            self._matches = True
        return f"{column} REGEXP ?"

    def take(self, name: str, count: int = 1) -> int:
        if name not in self._counters:
            self._counters[name] = self.execute(_COUNTER, (name,))[0][0]
        self._counters[name] += count
        return self._counters[name] - count + 1

    def flush(self) -> None:
        """Every statement runs at once."""

    def script(self, sql: str) -> None:
        self.raw.cursor().execute(sql).fetchall()

    def begin(self) -> bool:
        self._run("BEGIN IMMEDIATE")
        self._counters.clear()
        self._marked = False
        version = self._data_version()
        foreign, self._version = version != self._version, version
        return foreign

    def savepoint(self) -> None:
        if self._marked:
            self._run("RELEASE SAVEPOINT one")
        self._run("SAVEPOINT one")
        self._marked = True

    def retreat(self) -> None:
        self._run("ROLLBACK TO SAVEPOINT one")

    def commit(self) -> None:
        for name, value in self._counters.items():
            self._run("UPDATE counter SET value = ? WHERE name = ?", (value, name))
        self._run("COMMIT")

    def rollback(self) -> None:
        if self.raw.in_transaction:
            self._run("ROLLBACK")

    def close(self) -> None:
        self.raw.close()

    def _data_version(self) -> int:
        return int(self.raw.pragma("data_version"))


class SqliteDriver:
    """A database file."""

    embedded = True

    def __init__(self, path: str, synchronous: str = "FULL") -> None:
        self.path = path
        self.synchronous = synchronous

    def connect(self, *, readonly: bool) -> SqliteConnection:
        if not readonly:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        return SqliteConnection(self.path, self.synchronous, readonly=readonly)

    def transient(self, error: Exception) -> bool:
        return isinstance(error, apsw.Error)

    def backup(self, path: str, progress: Progress | None) -> None:
        source = self.connect(readonly=True)
        try:
            migrate.require_newest(migrate.current(source))
            with backup.whole(path) as part, contextlib.closing(apsw.Connection(part)) as target:
                backup.copy_pages(source.raw, target, progress)
                backup.close_as_file(target)
        finally:
            source.close()

    def restore(self, path: str, progress: Progress | None) -> None:
        fresh = not Path(self.path).exists()
        with backup.opened(path) as source:
            target = self.connect(readonly=False)
            try:
                backup.copy_pages(source, target.raw, progress)
                target.execute("UPDATE counter SET value = ? WHERE name = 'store'", (backup.new_number(),))
            except BaseException:
                target.close()
                if fresh:
                    Path(self.path).unlink(missing_ok=True)
                raise
            target.close()

    def check(self) -> list[str]:
        with contextlib.closing(self.connect(readonly=True)) as connection:
            return _damage(connection) or check.problems(connection)


def _damage(cx: SqliteConnection) -> list[str]:
    """What SQLite finds wrong with its own file."""
    try:
        rows = cx.execute("PRAGMA integrity_check")
    except apsw.CorruptError as error:
        return [f"the file is damaged: {error}"]
    return [row[0] for row in rows if row[0] != "ok"]
