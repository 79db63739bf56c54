"""Backups: one SQLite file with the store's own schema, whatever database the store is in.

So a team may move from SQLite to PostgreSQL and back. Tables are copied as they are. The full text is not kept as
text anywhere, but each index knows its words and their places, from which the other is made.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import apsw

from lineal.graph.errors import Invalid
from lineal.store import durable, migrate
from lineal.store.base import Connection, Progress
from lineal.store.migrate import NeedsUpgrade
from lineal.store.sql import text

_PAGES = 2000
_ROWS = 5000
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'document%' ORDER BY name"
_WORDS = (
    "SELECT doc, group_concat(term, ' ' ORDER BY offset) FILTER (WHERE col = 'name'),"
    " group_concat(term, ' ' ORDER BY offset) FILTER (WHERE col = 'description'),"
    " group_concat(term, ' ' ORDER BY offset) FILTER (WHERE col = 'tags'),"
    " group_concat(term, ' ' ORDER BY offset) FILTER (WHERE col = 'columns') FROM temp.word GROUP BY doc"
)
_PUT_WORDS = "INSERT INTO document (rowid, name, description, tags, columns) VALUES (?, ?, ?, ?, ?)"


class Table(NamedTuple):
    """A table that is copied as it is."""

    name: str
    columns: list[str]


class Count:
    """Tells how much of a whole is done."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._done = 0
        self._progress = progress

    def each(self, rows: Iterable[Any]) -> Iterator[Any]:
        """The rows, counted as they pass."""
        for row in rows:
            yield row
            self._done += 1
            if self._done % _ROWS == 0:
                self._tell()
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total)


@contextlib.contextmanager
def whole(path: str) -> Iterator[str]:
    """Where to write a file that appears at `path` only when all of it is there, and is durable then.

    Raises:
        Invalid: there is a file already, or no folder for it.
    """
    target, part = Path(path), Path(f"{path}.part")
    if target.exists():
        raise Invalid(f"{path} exists already; choose a new file")
    if not target.absolute().parent.is_dir():
        raise Invalid(f"there is no folder {target.absolute().parent}")
    try:
        part.unlink(missing_ok=True)
        yield str(part)
        durable.sync(part)
        part.replace(target)
        durable.sync(target.absolute().parent)
    finally:
        for rest in (part, Path(f"{part}-journal"), Path(f"{part}-wal"), Path(f"{part}-shm")):
            rest.unlink(missing_ok=True)


@contextlib.contextmanager
def opened(path: str) -> Iterator[apsw.Connection]:
    """A backup, for reading.

    Raises:
        Invalid: it is no backup, is damaged, or is of a newer Lineal.
        NeedsUpgrade: it is of an older one.
    """
    if not Path(path).is_file():
        raise Invalid(f"there is no file {path}")
    if Path(f"{path}-wal").exists():
        raise Invalid(f"{path} is a live store; `lineal backup` makes a backup of it")
    # Nothing is written beside it, so it may be where nothing can be.
    address = f"file:{quote(str(Path(path).absolute()))}?immutable=1"
    raw = apsw.Connection(address, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        _require_backup(raw, path)
        yield raw
    finally:
        raw.close()


def _require_backup(raw: apsw.Connection, path: str) -> None:
    try:
        names = {table.name for table in tables(raw)}
        problem = _one(raw, "PRAGMA quick_check(1)")
        version = _one(raw, "SELECT MAX(version) FROM schema_version") if "schema_version" in names else None
    except (apsw.NotADBError, apsw.CorruptError, apsw.IOError) as error:
        raise Invalid(f"{path} is not a backup, or is damaged: {error}") from None
    if version is None or "change_log" not in names:
        raise Invalid(f"{path} is not a backup of a Lineal store")
    if problem != "ok":
        raise Invalid(f"{path} is damaged: {problem}")
    if version < migrate.newest():
        raise NeedsUpgrade(
            f"the backup {path} has schema {version}, this Lineal wants {migrate.newest()}: restore it with the"
            " Lineal that wrote it, then run `lineal upgrade`"
        )
    migrate.require_newest(version, f"the backup {path}")


def _one(raw: apsw.Connection, sql: str) -> Any:
    return raw.execute(sql).fetchall()[0][0]


def copy_pages(source: apsw.Connection, target: apsw.Connection, progress: Progress | None) -> None:
    """SQLite's online backup: one transaction on the target, so it is replaced whole or not at all."""
    # In a transaction the source stays as it is, so that no writer makes the copying begin again.
    with source, target.backup("main", source, "main") as copy:
        total = _one(source, "PRAGMA page_count")
        if progress is not None:
            progress(0, total)
        while not copy.done:
            copy.step(_PAGES)
            if progress is not None:
                progress(total - copy.remaining, total)


def new_number() -> int:
    """The number of a store that a backup replaced: another one, by which every process notices."""
    return secrets.randbits(62)


def tables(raw: apsw.Connection) -> list[Table]:
    """Every table that is copied as it is."""
    names = [row[0] for row in raw.execute(_TABLES)]
    return [Table(name, [row[1] for row in raw.execute(f"PRAGMA table_info({name})")]) for name in names]


class Target:
    """A backup that is being written row by row."""

    def __init__(self, cx: Connection, raw: apsw.Connection) -> None:
        migrate.upgrade(cx)
        self._raw = raw
        self.tables = tables(raw)

    def __enter__(self) -> Target:
        self._raw.execute("BEGIN")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._raw.execute("COMMIT")
            close_as_file(self._raw)
        self._raw.close()

    def fill(self, table: Table, rows: Iterable[Any]) -> None:
        """Make these the rows of a table."""
        places = ", ".join("?" * len(table.columns))
        self._raw.execute(f"DELETE FROM {table.name}")
        self._raw.executemany(f"INSERT INTO {table.name} VALUES ({places})", rows)

    def fill_text(self, rows: Iterable[Any]) -> None:
        """Make the index of text from (entity, name, description, tags, columns)."""
        self._raw.executemany(_PUT_WORDS, rows)


def close_as_file(raw: apsw.Connection) -> None:
    """Make a database one file that can be read where nothing can be written."""
    raw.execute("PRAGMA journal_mode = DELETE").fetchall()


def rows_of(raw: apsw.Connection, table: Table) -> Iterator[Any]:
    """The rows of a table."""
    return iter(raw.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}"))


def total_of(raw: apsw.Connection, found: Iterable[Table]) -> int:
    """How many rows the tables have."""
    return sum(int(_one(raw, f"SELECT COUNT(*) FROM {table.name}")) for table in found)


def vectors(raw: apsw.Connection) -> Iterator[tuple[int, str]]:
    """(entity, text of a tsvector) of each document, from the places of its words."""
    raw.execute("PRAGMA temp_store = FILE")
    raw.execute("CREATE VIRTUAL TABLE temp.word USING fts5vocab('main', 'document', 'instance')")
    for entity, *parts in raw.execute(_WORDS):
        yield entity, text.vector([(part or "").split() for part in parts])
