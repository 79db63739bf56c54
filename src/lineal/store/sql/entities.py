"""Entities, their outside ids, properties and facets."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from lineal.graph.model import Value
from lineal.store.base import Connection, Row

COLUMNS = "id, uuid, kind, scope, namespace, name, key, home, state, owner, revision, created, updated, started, ended"
ALIASED = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
"""The same of `entity e`, for a join."""
_BY_EXTERNAL = (
    f"SELECT {ALIASED} FROM external x JOIN entity e ON e.id = x.entity WHERE x.protocol = ? AND x.id = ?"
)
_INSERT = f"INSERT INTO entity ({COLUMNS}) VALUES ({', '.join('?' * 15)})"
_UPDATE = (
    "UPDATE entity SET kind=?, scope=?, namespace=?, name=?, key=?, home=?, state=?, owner=?, revision=?, updated=?,"
    " started=?, ended=? WHERE id=?"
)
_PUT_PROPERTY = (
    "INSERT INTO property VALUES (?, ?, ?, ?, ?) ON CONFLICT (entity, key)"
    " DO UPDATE SET type=excluded.type, num=excluded.num, text=excluded.text"
)
_PUT_FACET = (
    "INSERT INTO facet VALUES (?, ?, ?, ?, ?) ON CONFLICT (entity, name)"
    " DO UPDATE SET producer=excluded.producer, document=excluded.document, updated=excluded.updated"
)

_HANGING = (
    "external", "property", "facet", "label", "point", "chunk", "latest", "span", "span_body", "record", "change_log",
)  # fmt: skip

BOOLEAN, INTEGER, DOUBLE, STRING, DOCUMENT = 1, 2, 3, 4, 5


def insert(cx: Connection, row: Sequence[Any]) -> None:
    """A new entity; `row` in the order of COLUMNS."""
    cx.execute(_INSERT, row)


def update(cx: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """Everything of entities that may change; each row in the order of the statement."""
    cx.many(_UPDATE, rows)


def by_id(cx: Connection, number: int) -> Row | None:
    """The row of an entity."""
    return _one(cx.execute(f"SELECT {COLUMNS} FROM entity WHERE id = ?", (number,)))


def by_uuid(cx: Connection, uuid: str) -> Row | None:
    """The row of an entity."""
    return _one(cx.execute(f"SELECT {COLUMNS} FROM entity WHERE uuid = ?", (uuid,)))


def by_key(cx: Connection, scope: int, namespace: int, key: str) -> Row | None:
    """The row of the entity with this identity by name."""
    sql = f"SELECT {COLUMNS} FROM entity WHERE scope = ? AND namespace = ? AND key = ?"
    return _one(cx.execute(sql, (scope, namespace, key)))


def by_external(cx: Connection, protocol: int, external: str) -> Row | None:
    """The row of the entity that a protocol knows by this id."""
    return _one(cx.execute(_BY_EXTERNAL, (protocol, external)))


def by_keys(cx: Connection, scope: int, namespace: int, keys: Sequence[str]) -> list[Row]:
    """The rows of the entities with these identities by name."""
    sql = f"SELECT {COLUMNS} FROM entity WHERE scope = ? AND namespace = ? AND {cx.dialect.among('key')}"
    return cx.execute(sql, (scope, namespace, cx.dialect.pack(keys)))


def by_externals(cx: Connection, protocol: int, externals: Sequence[str]) -> list[Row]:
    """Outside id, followed by the row of the entity, for those of the ids that a protocol knows."""
    sql = (
        f"SELECT x.id, {ALIASED} FROM external x JOIN entity e ON e.id = x.entity"
        f" WHERE x.protocol = ? AND {cx.dialect.among('x.id')}"
    )
    return cx.execute(sql, (protocol, cx.dialect.pack(externals)))


def contained(cx: Connection, number: int) -> list[int]:
    """Ids of everything that an entity contains, at any depth."""
    sql = (
        "WITH RECURSIVE c(id) AS (SELECT e.id FROM entity e WHERE e.home = ? UNION"
        " SELECT e.id FROM c JOIN entity e ON e.home = c.id) SELECT id FROM c"
    )
    return [row[0] for row in cx.execute(sql, (number,))]


def in_namespace(cx: Connection, namespace: int, but: int) -> list[int]:
    """Ids of everything in a namespace except one entity, and of all that this contains."""
    sql = (
        "WITH RECURSIVE c(id) AS (SELECT e.id FROM entity e WHERE e.namespace = ? AND e.id <> ? UNION"
        " SELECT e.id FROM c JOIN entity e ON e.home = c.id) SELECT id FROM c WHERE id <> ?"
    )
    return [row[0] for row in cx.execute(sql, (namespace, but, but))]


def names_of_kind(cx: Connection, kind: str) -> list[str]:
    """Names of all active entities of just this kind."""
    sql = "SELECT e.name FROM entity e JOIN symbol s ON s.id = e.kind WHERE s.text = ? AND e.state = 0"
    return [row[0] for row in cx.execute(sql, (kind,))]


def place(cx: Connection, uuid: str) -> tuple[int, str] | None:
    """(id, namespace) of an entity."""
    rows = cx.execute(
        "SELECT e.id, s.text FROM entity e JOIN symbol s ON s.id = e.namespace WHERE e.uuid = ?", (uuid,)
    )
    return (rows[0][0], rows[0][1]) if rows else None


def above(cx: Connection, number: int) -> list[int]:
    """Ids of everything that contains an entity, at any depth."""
    sql = (
        "WITH RECURSIVE c(id) AS (SELECT e.home FROM entity e WHERE e.id = ? UNION"
        " SELECT e.home FROM c JOIN entity e ON e.id = c.id) SELECT id FROM c WHERE id IS NOT NULL"
    )
    return [row[0] for row in cx.execute(sql, (number,))]


def occurring(cx: Connection, kinds: Sequence[int], home: int | None = None) -> list[int]:
    """Those of the kinds of which there are entities, in one home if that is given."""
    inside = "" if home is None else f" AND e.home = {int(home)}"
    each = "SELECT {0} WHERE EXISTS (SELECT 1 FROM entity e WHERE e.kind = {0}{1})"
    return [
        row[0] for row in cx.execute(" UNION ALL ".join(each.format(int(kind), inside) for kind in kinds))
    ]


def in_state(cx: Connection, numbers: Sequence[int], state: int) -> list[int]:
    """Those of the entities that are in a state."""
    sql = f"SELECT id FROM entity WHERE {cx.dialect.among('id')} AND state = ?"
    return [row[0] for row in cx.execute(sql, (cx.dialect.pack(numbers), state))]


def set_state(cx: Connection, numbers: Sequence[int], state: int, at: int) -> None:
    """Give entities a state, and a new revision."""
    cx.many(
        "UPDATE entity SET state=?, updated=?, revision=revision+1 WHERE id=?",
        [(state, at, number) for number in numbers],
    )


def erase(cx: Connection, number: int) -> None:
    """Remove an entity and everything that hangs off it, history included."""
    for table in _HANGING:
        cx.execute(f"DELETE FROM {table} WHERE entity = ?", (number,))
    cx.execute("DELETE FROM edge WHERE source = ?", (number,))
    cx.execute("DELETE FROM edge WHERE target = ?", (number,))
    cx.execute("DELETE FROM entity WHERE id = ?", (number,))


def put_external(cx: Connection, protocol: int, external: str, number: int) -> None:
    """Give an entity an outside id."""
    cx.execute("INSERT INTO external VALUES (?, ?, ?)", (protocol, external, number))


def drop_external(cx: Connection, protocol: int, external: str) -> None:
    """Take an outside id away."""
    cx.execute("DELETE FROM external WHERE protocol = ? AND id = ?", (protocol, external))


def externals(cx: Connection, numbers: Sequence[int]) -> list[Row]:
    """(entity, protocol, id) of these entities."""
    sql = f"SELECT entity, protocol, id FROM external WHERE {cx.dialect.among('entity')}"
    return cx.execute(sql, (cx.dialect.pack(numbers),))


def pack_value(value: Value) -> tuple[int, float | None, str | None]:
    """A property's value as (type, number, text): exact in one of the two, comparable where it can be."""
    if isinstance(value, str):
        return STRING, None, value
    if isinstance(value, bool):
        return BOOLEAN, float(value), None
    if isinstance(value, int):
        return INTEGER, float(value), str(value)
    if isinstance(value, float):
        return _pack_double(value)
    return DOCUMENT, None, json.dumps(value, separators=(",", ":"))


def _pack_double(value: float) -> tuple[int, float | None, str | None]:
    """NaN has no place among numbers, and a database may take the sign off a zero."""
    if math.isnan(value):
        return DOUBLE, None, "nan"
    negative_zero = value == 0 and math.copysign(1, value) < 0
    return DOUBLE, value, "-0.0" if negative_zero else None


def unpack_value(kind: int, number: float | None, text: str | None) -> Value:
    """The inverse of `pack_value`."""
    if kind == STRING:
        return text
    if kind == INTEGER:
        return int(text or 0)
    if kind == DOUBLE:
        return float(text or number or 0)
    return bool(number) if kind == BOOLEAN else json.loads(text or "null")


def put_properties(cx: Connection, number: int, values: Iterable[tuple[int, Value]]) -> None:
    """Set properties by interned key."""
    cx.many(_PUT_PROPERTY, [(number, key, *pack_value(value)) for key, value in values])


def drop_properties(cx: Connection, number: int, keys: Iterable[int]) -> None:
    """Remove properties by interned key."""
    cx.many("DELETE FROM property WHERE entity = ? AND key = ?", [(number, key) for key in keys])


def having(cx: Connection, key: int, value: Value, kinds: Sequence[int]) -> set[int]:
    """Entities of these kinds whose property has this very value."""
    kind, number, text = pack_value(value)
    wanted: list[Any] = [number] if text is None else [text]
    fits = "p.num = ?" if text is None else "p.text = ?"
    if text is not None and kind == STRING:
        # As the index has it.
        fits, wanted = f"{fits} AND substr(p.text, 1, 64) = ?", [text, text[:64]]
    sql = (
        f"SELECT p.entity FROM property p JOIN entity e ON e.id = p.entity WHERE p.key = ? AND p.type = {kind}"
        f" AND {fits} AND {cx.dialect.among('e.kind')}"
    )
    return {row[0] for row in cx.execute(sql, (key, *wanted, cx.dialect.pack(kinds)))}


def some_properties(cx: Connection, number: int, keys: Sequence[int]) -> dict[int, Value]:
    """Those of the properties that are set."""
    if len(keys) == 1:
        sql = "SELECT key, type, num, text FROM property WHERE entity = ? AND key = ?"
        rows = cx.execute(sql, (number, keys[0]))
    else:
        sql = f"SELECT key, type, num, text FROM property WHERE entity = ? AND {cx.dialect.among('key')}"
        rows = cx.execute(sql, (number, cx.dialect.pack(keys)))
    return {key: unpack_value(kind, num, text) for key, kind, num, text in rows}


def properties(cx: Connection, numbers: Sequence[int]) -> list[Row]:
    """(entity, key, type, num, text) of these entities."""
    sql = f"SELECT entity, key, type, num, text FROM property WHERE {cx.dialect.among('entity')}"
    return cx.execute(sql, (cx.dialect.pack(numbers),))


def properties_of(cx: Connection, numbers: Sequence[int], keys: Sequence[int]) -> list[Row]:
    """The same, of these keys alone."""
    among, pack = cx.dialect.among, cx.dialect.pack
    sql = f"SELECT entity, key, type, num, text FROM property WHERE {among('entity')} AND {among('key')}"
    return cx.execute(sql, (pack(numbers), pack(keys)))


def put_facet(cx: Connection, number: int, name: int, producer: str, document: str, at: int) -> None:
    """Set a facet by interned name."""
    cx.execute(_PUT_FACET, (number, name, producer, document, at))


def drop_facet(cx: Connection, number: int, name: int) -> None:
    """Remove a facet by interned name."""
    cx.execute("DELETE FROM facet WHERE entity = ? AND name = ?", (number, name))


def facet(cx: Connection, number: int, name: int) -> str | None:
    """A facet's JSON text."""
    found = _one(cx.execute("SELECT document FROM facet WHERE entity = ? AND name = ?", (number, name)))
    return found[0] if found else None


def facets(cx: Connection, numbers: Sequence[int]) -> list[Row]:
    """(entity, name, document) of these entities."""
    sql = f"SELECT entity, name, document FROM facet WHERE {cx.dialect.among('entity')}"
    return cx.execute(sql, (cx.dialect.pack(numbers),))


def facets_named(cx: Connection, numbers: Sequence[int], name: int) -> list[Row]:
    """(entity, document) of one facet of these entities, by interned name."""
    sql = f"SELECT entity, document FROM facet WHERE {cx.dialect.among('entity')} AND name = ?"
    return cx.execute(sql, (cx.dialect.pack(numbers), name))


def _one(rows: list[Row]) -> Row | None:
    return rows[0] if rows else None
