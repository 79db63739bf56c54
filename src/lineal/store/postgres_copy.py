"""A store on PostgreSQL as a backup, and back. Rows pass by one after another; none but the current are in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import apsw
import psycopg

from lineal.store import backup
from lineal.store.backup import Count, Table
from lineal.store.base import Progress
from lineal.store.sqlite import SqliteConnection

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TYPES = (
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)
_PART = "coalesce(string_agg(w.lexeme, ' ' ORDER BY p.place) FILTER (WHERE p.weight = '{}'), '')"
_TEXTS = (
    f"SELECT d.entity, t.* FROM document d, LATERAL (SELECT {', '.join(map(_PART.format, 'ACBD'))}"
    " FROM unnest(d.vector) w, unnest(w.positions, w.weights) p(place, weight)) t"
)
Raw = psycopg.Connection[Any]


def dump(raw: Raw, path: str, progress: Progress | None) -> None:
    """Write the store as it is at one moment to a new file."""
    with backup.whole(path) as part, _target(part) as target:
        raw.execute(_SNAPSHOT)
        count = Count(sum(_size(raw, table) for table in target.tables), progress)
        for table in target.tables:
            target.fill(table, count.each(_rows(raw, table)))
        target.fill_text(_texts(raw))
        raw.execute("COMMIT")


def _target(path: str) -> backup.Target:
    cx = SqliteConnection(path, "OFF", readonly=False)
    return backup.Target(cx, cx.raw)


def _size(raw: Raw, table: Table) -> int:
    found = raw.execute(f"SELECT COUNT(*) FROM {table.name}").fetchone()
    return int(found[0]) if found else 0


def _rows(raw: Raw, table: Table) -> Iterator[Any]:
    types = dict(raw.execute(_TYPES, (table.name,)).fetchall())
    with raw.cursor().copy(f"COPY {table.name} ({', '.join(table.columns)}) TO STDOUT") as copy:
        copy.set_types([types[column] for column in table.columns])
        yield from copy.rows()


def _texts(raw: Raw) -> Iterator[Any]:
    with raw.cursor().copy(f"COPY ({_TEXTS}) TO STDOUT") as copy:
        copy.set_types(["bigint", "text", "text", "text", "text"])
        yield from copy.rows()


def load(raw: Raw, source: apsw.Connection, alone: str, progress: Progress | None) -> None:
    """Replace the store by a backup, in one transaction.

    Nothing but rows is locked, so that others go on reading what was there until all is there.

    Args:
        raw: a connection outside a transaction.
        source: the backup.
        alone: what begins a transaction that nobody else writes beside.
        progress: is told the rows done and in all.
    """
    found = backup.tables(source)
    count = Count(backup.total_of(source, found), progress)
    raw.execute(alone)
    try:
        for table in found:
            _fill(raw, table.name, table.columns, count.each(backup.rows_of(source, table)))
        _fill(raw, "document", ["entity", "vector"], backup.vectors(source))
        raw.execute("UPDATE counter SET value = %s WHERE name = 'store'", (backup.new_number(),))
        raw.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            raw.rollback()
        raise
    raw.execute("ANALYZE")


def _fill(raw: Raw, table: str, columns: list[str], rows: Iterator[Any]) -> None:
    raw.execute(f"DELETE FROM {table}")
    with raw.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
