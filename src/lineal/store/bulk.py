"""Many rows for one table of PostgreSQL in one statement: an array for each column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

BULK_FROM = 8
_INSERT = re.compile(r"INSERT INTO (\w+) VALUES \(\?(?:, \?)*\)(.*)", re.DOTALL)
_KEY = re.compile(r"ON CONFLICT \(([\w, ]+)\) DO UPDATE")
Rows = Sequence[Sequence[Any]]


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: str


class Insert(NamedTuple):
    """An INSERT of whole rows.

    Attributes:
        table: where they go.
        rest: what follows the values.
        key: columns of which no two rows of one statement may have the same values, since it would then update
            a row twice, which PostgreSQL refuses.
    """

    table: str
    rest: str
    key: tuple[str, ...]


def insert_of(sql: str) -> Insert | None:
    """The parts of an INSERT that takes whole rows; None for any other statement."""
    found = _INSERT.fullmatch(sql)
    if found is None:
        return None
    key = _KEY.search(found[2])
    return Insert(found[1], found[2], tuple(key[1].split(", ")) if key else ())


def many_at_once(insert: Insert, columns: Sequence[Column]) -> str:
    """The same as a statement that takes an array for each column."""
    # Arrays of bytes are much cheaper in binary, all others as text.
    arrays = ", ".join(f"{'%b' if column.type == 'bytea' else '%s'}::{column.type}[]" for column in columns)
    return f"INSERT INTO {insert.table} SELECT * FROM unnest({arrays}){insert.rest}"


def parts(insert: Insert, columns: Sequence[Column], rows: Rows) -> Iterator[Rows]:
    """The rows in order, cut so that no part has a key twice."""
    places = [number for number, column in enumerate(columns) if column.name in insert.key]
    if not places:
        yield rows
        return
    part: list[Sequence[Any]] = []
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        key = tuple(row[place] for place in places)
        if key in seen:
            yield part
            part, seen = [], set()
        part.append(row)
        seen.add(key)
    yield part
