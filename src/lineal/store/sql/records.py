"""Rows of data sets: JSON documents, many to one entity, each under a key of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lineal.store.base import Connection, Row
from lineal.store.sql.find import Sql

_COLUMNS = "id, key, document, created, updated"


def documents(cx: Connection, entity: int, keys: Sequence[str]) -> dict[str, str]:
    """The JSON text of those of the records that are there."""
    sql = f"SELECT key, document FROM record WHERE entity = ? AND {cx.dialect.among('key')}"
    return dict(cx.execute(sql, (entity, cx.dialect.pack(keys))))


def documents_of(cx: Connection, numbers: Sequence[int], keys: Sequence[str]) -> list[Row]:
    """(entity, key, text) of those of the records that are at these entities."""
    among, pack = cx.dialect.among, cx.dialect.pack
    sql = f"SELECT entity, key, document FROM record WHERE {among('entity')} AND {among('key')}"
    return cx.execute(sql, (pack(numbers), pack(keys)))


def insert(cx: Connection, entity: int, found: Mapping[str, str], at: int) -> None:
    """Add records under new keys, in order."""
    first = cx.take("record", len(found))
    rows = [(first + place, entity, key, at, at, text) for place, (key, text) in enumerate(found.items())]
    cx.many(
        "INSERT INTO record (id, entity, key, created, updated, document) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


def update(cx: Connection, entity: int, found: Mapping[str, str], at: int) -> None:
    """Replace the documents of records."""
    rows = [(text, at, entity, key) for key, text in found.items()]
    cx.many("UPDATE record SET document = ?, updated = ? WHERE entity = ? AND key = ?", rows)


def delete(cx: Connection, entity: int, keys: Sequence[str] | None) -> int:
    """Remove the records of these keys, or all when None; answers how many there were."""
    which, params = "entity = ?", [entity]
    if keys is not None:
        which, params = f"{which} AND {cx.dialect.among('key')}", [entity, cx.dialect.pack(keys)]
    found = int(cx.execute(f"SELECT COUNT(*) FROM record WHERE {which}", params)[0][0])
    if found:
        cx.execute(f"DELETE FROM record WHERE {which}", params)
    return found


def page(cx: Connection, entity: int, after: int, limit: int) -> list[Row]:
    """(id, key, document, created, updated) of the records that came after one."""
    sql = f"SELECT {_COLUMNS} FROM record WHERE entity = ? AND id > ? ORDER BY id LIMIT ?"
    return cx.execute(sql, (entity, after, limit))


def some(cx: Connection, entity: int, keys: Sequence[str]) -> list[Row]:
    """The same of the records of these keys."""
    sql = f"SELECT {_COLUMNS} FROM record WHERE entity = ? AND {cx.dialect.among('key')} ORDER BY id"
    return cx.execute(sql, (entity, cx.dialect.pack(keys)))


def count(cx: Connection, entity: int) -> int:
    """How many records an entity has."""
    return int(cx.execute("SELECT COUNT(*) FROM record WHERE entity = ?", (entity,))[0][0])


def first_since(cx: Connection, at: int) -> int:
    """The id of the first record that came at a moment or later; ids grow with time."""
    low, high = 0, int(cx.execute("SELECT COALESCE(MAX(id), 0) FROM record")[0][0]) + 1
    while low < high:
        middle = (low + high) // 2
        found = cx.execute("SELECT id, created FROM record WHERE id >= ? ORDER BY id LIMIT 1", (middle,))
        if not found or found[0][1] >= at:
            high = middle
        else:
            low = int(found[0][0]) + 1
    return low


def among(
    cx: Connection, source: str, where: Sql, keys: Sequence[str], *, first: int, limit: int, offset: int
) -> list[Row]:
    """Of the records of a query's entities, from the one with an id on, the last first: ids and texts out of them."""
    columns = "".join(f", {cx.dialect.json_text('r.document')}" for _ in keys)
    sql = (
        f"SELECT r.id{columns} FROM record r CROSS JOIN {source} WHERE e.id = r.entity AND r.id >= ? AND ({where.text})"
        " ORDER BY r.id DESC LIMIT ? OFFSET ?"
    )
    return cx.execute(sql, (*keys, first, *where.params, limit, offset))


def count_among(cx: Connection, source: str, where: Sql, first: int) -> int:
    """How many of them there are."""
    sql = f"SELECT COUNT(*) FROM record r CROSS JOIN {source} WHERE e.id = r.entity AND r.id >= ? AND ({where.text})"
    return int(cx.execute(sql, (first, *where.params))[0][0])


def by_ids(cx: Connection, source: str, where: Sql, ids: Sequence[int]) -> list[Row]:
    """(id, key, document, created, updated) of those of them that have these ids."""
    columns = ", ".join(f"r.{name}" for name in _COLUMNS.split(", "))
    sql = (
        f"SELECT {columns} FROM record r CROSS JOIN {source}"
        f" WHERE e.id = r.entity AND {cx.dialect.among('r.id')} AND ({where.text})"
    )
    return cx.execute(sql, (cx.dialect.pack(ids), *where.params))
