"""What is asked about many entities at once, and what values there are, in steps along an index."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.store.base import Connection, Row
from lineal.store.sql.entities import ALIASED
from lineal.store.sql.find import Sql

# The index of texts holds their first 64 characters.
_INDEXED = 64


def by_external(cx: Connection, protocol: int, ids: Sequence[str], condition: Sql) -> list[Row]:
    """The rows of entities that a protocol knows by these ids."""
    sql = (
        f"SELECT {ALIASED} FROM external x JOIN entity e ON e.id = x.entity"
        f" WHERE x.protocol = ? AND {cx.dialect.among('x.id')} AND ({condition.text})"
    )
    return cx.execute(sql, (protocol, cx.dialect.pack(ids), *condition.params))


def by_name(cx: Connection, scope: int, namespace: int, keys: Sequence[str], condition: Sql) -> list[Row]:
    """The rows of entities with these identities by name."""
    sql = (
        f"SELECT {ALIASED} FROM entity e WHERE e.scope = ? AND e.namespace = ? AND {cx.dialect.among('e.key')}"
        f" AND ({condition.text})"
    )
    return cx.execute(sql, (scope, namespace, cx.dialect.pack(keys), *condition.params))


def newest_of(
    cx: Connection, homes: Sequence[int], kinds: Sequence[int], limit: int, condition: Sql
) -> list[int]:
    """Ids of the first `limit` active entities of each home, the last that was started first."""
    order = "ORDER BY e.started DESC NULLS LAST, e.id"
    one = (
        f"(SELECT e.id FROM entity e WHERE e.home = h.id AND e.kind IN ({_literal(kinds)}) AND e.state = 0"
        f" AND ({condition.text}) {order} LIMIT 1 OFFSET {{}})"
    )
    columns = ", ".join(one.format(place) for place in range(limit))
    sql = f"SELECT {columns} FROM entity h WHERE {cx.dialect.among('h.id')}"
    rows = cx.execute(sql, (*condition.params * limit, cx.dialect.pack(homes)))
    return [number for row in rows for number in row if number is not None]


def namespaces(cx: Connection, scope: int, kinds: Sequence[int], condition: Sql) -> list[Row]:
    """The row of one active entity of each namespace that has one of these kinds."""
    found, last = [], -1
    step = "SELECT MIN(namespace) FROM entity WHERE scope = ? AND namespace > ? AND key IS NOT NULL"
    one = (
        f"SELECT {ALIASED} FROM entity e WHERE e.scope = ? AND e.namespace = ? AND e.key IS NOT NULL"
        f" AND e.kind IN ({_literal(kinds)}) AND e.state = 0 AND ({condition.text}) LIMIT 1"
    )
    while (last := cx.execute(step, (scope, last))[0][0]) is not None:
        found += cx.execute(one, (scope, last, *condition.params))
    return found


def in_namespace(
    cx: Connection,
    scope: int,
    namespaces: Sequence[int],
    kinds: Sequence[int],
    condition: Sql,
    *,
    limit: int,
    offset: int,
) -> list[Row]:
    """A page of the active entities of namespaces that are known by name, in the order of these."""
    sql = (
        f"SELECT {ALIASED} FROM entity e WHERE e.scope = ? AND e.namespace IN ({_literal(namespaces)})"
        f" AND e.key IS NOT NULL AND +e.kind IN ({_literal(kinds)}) AND e.state = 0 AND ({condition.text})"
        f" ORDER BY {'e.namespace, ' if len(namespaces) > 1 else ''}e.key LIMIT ? OFFSET ?"
    )
    return cx.execute(sql, (scope, *condition.params, limit, offset))


def texts(cx: Connection, key: int, after: str) -> list[str]:
    """The next values of a property in order: one, or several that begin with the same 64 characters."""
    start = "substr(text, 1, 64)"
    first = f"SELECT MIN({start}) FROM property WHERE type = 4 AND key = ? AND {start} > ?"
    found = cx.execute(first, (key, after[:_INDEXED]))[0][0]
    if found is None or len(found) < _INDEXED:
        return [] if found is None else [found]
    every = f"SELECT DISTINCT text FROM property WHERE type = 4 AND key = ? AND {start} = ? ORDER BY text"
    return [row[0] for row in cx.execute(every, (key, found))]


def bearer(cx: Connection, key: int, value: str, condition: Sql) -> list[Row]:
    """The row of an active entity that has this value, if there is one."""
    sql = (
        f"SELECT {ALIASED} FROM property p JOIN entity e ON e.id = p.entity"
        " WHERE p.type = 4 AND p.key = ? AND substr(p.text, 1, 64) = ? AND p.text = ?"
        f" AND e.state = 0 AND ({condition.text}) LIMIT 1"
    )
    return cx.execute(sql, (key, value[:_INDEXED], value, *condition.params))


def labels(cx: Connection, category: str, condition: Sql) -> list[int]:
    """Names of the labels of a category that active entities bear."""
    found, last = [], -1
    one = (
        "SELECT 1 FROM label l JOIN entity e ON e.id = l.entity WHERE l.name = ? AND l.category = ?"
        f" AND e.state = 0 AND ({condition.text}) LIMIT 1"
    )
    while (last := cx.execute("SELECT MIN(name) FROM label WHERE name > ?", (last,))[0][0]) is not None:
        if cx.execute(one, (last, category, *condition.params)):
            found.append(last)
    return found


def _literal(kinds: Sequence[int]) -> str:
    return ", ".join(str(int(kind)) for kind in kinds) or "-1"
