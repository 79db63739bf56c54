"""Labels, put and inherited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lineal.store.base import Connection, Row

_PUT = (
    "INSERT INTO label VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entity, name, root) DO UPDATE SET via=excluded.via,"
    " category=excluded.category, attributes=excluded.attributes, valid_from=excluded.valid_from,"
    " valid_until=excluded.valid_until"
)
_COLUMNS = "entity, name, root, via, category, attributes, valid_from, valid_until"


def put(cx: Connection, rows: Iterable[Sequence[object]]) -> None:
    """Add or change labels: entity, name, root, via, category, attributes, valid_from, valid_until."""
    cx.many(_PUT, rows)


def one(cx: Connection, entity: int, name: int, root: int) -> Row | None:
    """The row of a label on an entity."""
    sql = f"SELECT {_COLUMNS} FROM label WHERE entity = ? AND name = ? AND root = ?"
    rows = cx.execute(sql, (entity, name, root))
    return rows[0] if rows else None


def of(cx: Connection, entities: Sequence[int]) -> list[Row]:
    """Every label of these entities."""
    sql = f"SELECT {_COLUMNS} FROM label WHERE {cx.dialect.among('entity')} ORDER BY entity, name, root"
    return cx.execute(sql, (cx.dialect.pack(entities),))


def bearers(cx: Connection, root: int, name: int) -> dict[int, int | None]:
    """Entity → neighbour it came through, for everything that bears a label because of `root`."""
    return dict(cx.execute("SELECT entity, via FROM label WHERE root = ? AND name = ?", (root, name)))


def delete(cx: Connection, rows: Iterable[Sequence[int]]) -> None:
    """Remove labels: entity, name, root."""
    cx.many("DELETE FROM label WHERE entity = ? AND name = ? AND root = ?", rows)


def handed_on(cx: Connection, entity: int) -> list[tuple[int, int]]:
    """(root, name) of every classification that an entity bears and may have handed on."""
    sql = "SELECT DISTINCT root, name FROM label WHERE entity = ? AND category = 'classification'"
    return [(row[0], row[1]) for row in cx.execute(sql, (entity,))]


def causes(cx: Connection, name: int | None = None) -> list[tuple[int, int]]:
    """(root, name) of every classification that was put on an entity, or of one name."""
    only = "" if name is None else " AND name = ?"
    sql = f"SELECT root, name FROM label WHERE entity = root AND category = 'classification'{only}"
    return [(row[0], row[1]) for row in cx.execute(sql, () if name is None else (name,))]
