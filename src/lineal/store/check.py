"""What is wrong inside a store: rows that speak of what is not there, and copies that disagree with their source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lineal.graph.errors import Invalid
from lineal.store import migrate
from lineal.store.base import Connection
from lineal.store.sql import points

SAMPLE = 500


class Reference(NamedTuple):
    """A column whose values are ids of another table's rows."""

    table: str
    column: str
    target: str = "entity"
    key: str = "id"


_REFERENCES = (
    Reference("entity", "home"),
    Reference("entity", "kind", "symbol"),
    Reference("entity", "scope", "symbol"),
    Reference("entity", "namespace", "symbol"),
    Reference("external", "entity"),
    Reference("external", "protocol", "symbol"),
    Reference("property", "entity"),
    Reference("property", "key", "symbol"),
    Reference("facet", "entity"),
    Reference("facet", "name", "symbol"),
    Reference("edge", "source"),
    Reference("edge", "target"),
    Reference("edge", "kind", "symbol"),
    Reference("label", "entity"),
    Reference("label", "root"),
    Reference("label", "via"),
    Reference("label", "name", "symbol"),
    Reference("point", "entity"),
    Reference("chunk", "entity"),
    Reference("latest", "entity"),
    Reference("latest", "key", "symbol"),
    Reference("span", "entity"),
    Reference("span_body", "entity"),
    Reference("record", "entity"),
    Reference("change_log", "commit_id", "commit_log"),
    Reference("token", "principal", "principal"),
    Reference("access_grant", "principal", "principal"),
    Reference("membership", "member", "principal"),
    Reference("membership", "principal", "principal"),
    Reference("delivery", "webhook", "webhook"),
)
_COUNTERS = {
    "entity": "entity",
    "edge": "edge",
    "symbol": "symbol",
    "commit": "commit_log",
    "record": "record",
}
_HEIRS = (
    "SELECT l.entity FROM label l LEFT JOIN label r ON r.entity = l.root AND r.root = l.root AND r.name = l.name"
    " WHERE r.entity IS NULL"
)
_MOVED = "SELECT l.entity FROM latest l JOIN entity e ON e.id = l.entity WHERE l.home <> COALESCE(e.home, 0)"
_NO_LATEST = (
    "SELECT DISTINCT p.entity FROM {table} p LEFT JOIN latest l ON l.entity = p.entity AND l.key = p.key"
    " WHERE l.entity IS NULL"
)
_SERIES = "SELECT entity, key, step, time, bits FROM latest WHERE entity >= ? ORDER BY entity, key LIMIT ?"


def problems(cx: Connection) -> list[str]:
    """Each thing that is wrong, as a sentence; [] when nothing is.

    Raises:
        Invalid: it is not a store of this Lineal's schema.
    """
    version = migrate.current(cx)
    if version == 0:
        raise Invalid("this database is not a Lineal store")
    migrate.require_newest(version)
    return [*_references(cx), *_counters(cx), *_labels(cx), *_texts(cx), *_points(cx)]


def _references(cx: Connection) -> Iterator[str]:
    for table, column, target, key in _REFERENCES:
        sql = (
            f"SELECT DISTINCT t.{column} FROM {table} t LEFT JOIN {target} r ON r.{key} = t.{column}"
            f" WHERE t.{column} IS NOT NULL AND r.{key} IS NULL"
        )
        yield from _found(cx, sql, f"{table}.{column} names a missing {target}")


def _counters(cx: Connection) -> Iterator[str]:
    """An id that lies beyond its counter would be given a second time."""
    for name, table in _COUNTERS.items():
        highest = cx.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")[0][0]
        given = cx.execute("SELECT value FROM counter WHERE name = ?", (name,))
        if not given or given[0][0] < highest:
            yield f"the counter {name!r} is behind the highest id of {table}, {highest}"


def _labels(cx: Connection) -> Iterator[str]:
    yield from _found(cx, _HEIRS, "a label was inherited from an entity that does not bear it")


def _texts(cx: Connection) -> Iterator[str]:
    column = "rowid" if cx.dialect.name == "sqlite" else "entity"
    missing = f"SELECT e.id FROM entity e WHERE NOT EXISTS (SELECT 1 FROM document d WHERE d.{column} = e.id)"
    stray = (
        f"SELECT d.{column} FROM document d WHERE NOT EXISTS (SELECT 1 FROM entity e WHERE e.id = d.{column})"
    )
    yield from _found(cx, missing, "an entity is missing in the index of text")
    yield from _found(cx, stray, "the index of text has a missing entity")


def _points(cx: Connection) -> Iterator[str]:
    yield from _found(cx, _MOVED, "the latest value of a metric has another home than its entity")
    for table in ("point", "chunk"):
        yield from _found(cx, _NO_LATEST.format(table=table), f"a metric in {table} has no latest value")
    yield from _sampled(cx)


def _sampled(cx: Connection) -> Iterator[str]:
    """Compare some series with their latest value, half of them from the beginning and half from the middle."""
    middle = cx.execute("SELECT COALESCE(MAX(entity), 0) / 2 FROM latest")[0][0]
    for start in {0, int(middle)}:
        for entity, key, *stamp in cx.execute(_SERIES, (start, SAMPLE // 2)):
            if stamp != _newest(cx, entity, key):
                yield f"the latest value of metric {key} of entity {entity} is not its latest point"


def _newest(cx: Connection, entity: int, key: int) -> list[int]:
    rows = points.series(cx, entity, key, None).rows()
    return list(max(((step, time, points.to_bits(value)) for time, step, value in rows), default=()))


def _found(cx: Connection, sql: str, sentence: str) -> Iterator[str]:
    """The sentence with how often it holds, and for which ids."""
    count, example = cx.execute(f"WITH found(id) AS ({sql}) SELECT COUNT(*), MIN(id) FROM found")[0]
    if count:
        yield f"{sentence}: {count} times, the first is {example}"
