"""Rows of data sets: JSON documents, many to one entity, each under a key of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lineal.store.base import Connection, Row

_COLUMNS = "id, key, document, created, updated"


def documents(cx: Connection, entity: int, keys: Sequence[str]) -> dict[str, str]:
    """The JSON text of those of the records that are there."""
    sql = f"SELECT key, document FROM record WHERE entity = ? AND {cx.dialect.among('key')}"
    return dict(cx.execute(sql, (entity, cx.dialect.pack(keys))))


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
