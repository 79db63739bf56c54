"""Spans of traces: what is searched and measured in one table, what is only shown in another."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from lineal.graph.model import SpanStatus
from lineal.store.base import Connection, Row

STATUSES: tuple[SpanStatus, ...] = ("unset", "ok", "error")
_NARROW = (
    "parent", "name", "type", "status", "started", "ended", "model", "provider",
    "input_cost", "output_cost", "total_cost",
)  # fmt: skip
_BODY = ("attributes", "detail")
_WIDTH = len(_NARROW) + 1


def _put(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * (len(columns) + 2))
    changes = ", ".join(f"{name}=excluded.{name}" for name in columns)
    return f"INSERT INTO {table} VALUES ({places}) ON CONFLICT (entity, number) DO UPDATE SET {changes}"


_PUT, _PUT_BODY = _put("span", _NARROW), _put("span_body", _BODY)
_ALL = ", ".join(["s.number", *(f"s.{name}" for name in _NARROW), *(f"b.{name}" for name in _BODY)])
_SPANS = "span s JOIN span_body b ON b.entity = s.entity AND b.number = s.number"


def put(cx: Connection, entity: int, rows: Collection[Row]) -> None:
    """Set spans of an entity; a row has the number, the columns of `span` after it, and those of `span_body`."""
    cx.many(_PUT, [(entity, *row[:_WIDTH]) for row in rows])
    cx.many(_PUT_BODY, [(entity, row[0], *row[_WIDTH:]) for row in rows])


def stored(cx: Connection, entity: int, numbers: Sequence[int]) -> dict[int, Row]:
    """Those of the spans that are there, by number, as `put` takes them."""
    sql = f"SELECT {_ALL} FROM {_SPANS} WHERE s.entity = ? AND {cx.dialect.among('s.number')}"
    return {row[0]: row for row in cx.execute(sql, (entity, cx.dialect.pack(numbers)))}


def of(cx: Connection, entities: Sequence[int]) -> list[Row]:
    """Entity and what `put` takes, for each span of these entities: those without a parent first, then by start."""
    order = "s.entity, (s.parent IS NOT NULL), s.started, s.number"
    sql = f"SELECT s.entity, {_ALL} FROM {_SPANS} WHERE {cx.dialect.among('s.entity')} ORDER BY {order}"
    return cx.execute(sql, (cx.dialect.pack(entities),))


def to_number(digits: str) -> int:
    """16 hexadecimal digits as an integer of 64 bits."""
    number = int(digits, 16)
    return number - 2**64 if number >= 2**63 else number


def to_digits(number: int) -> str:
    """The inverse of `to_number`."""
    return f"{number % 2**64:016x}"


# Conditions on spans, for `store.sql.find`

_COLUMNS = {
    "name": "{s}.name",
    "type": "NULLIF({s}.type, '')",
    "status": "CASE {s}.status WHEN 1 THEN 'ok' WHEN 2 THEN 'error' ELSE 'unset' END",
    "started": "{s}.started",
    "ended": "{s}.ended",
    "duration": "({s}.ended - {s}.started)",
    "model": "{s}.model",
    "provider": "{s}.provider",
    "input_cost": "{s}.input_cost",
    "output_cost": "{s}.output_cost",
    "total_cost": "{s}.total_cost",
}
TEXTS = frozenset({"name", "type", "status", "model", "provider"})


def column(name: str, span: str) -> str | None:
    """A part of a span in SQL; None when there is none of this name."""
    return _COLUMNS[name].format(s=span) if name in _COLUMNS else None


def having(trace: str, condition: str) -> str:
    """That an entity has a span, with the alias of the entity and an `s`, for which the condition holds."""
    return f"EXISTS (SELECT 1 FROM span {trace}s WHERE {trace}s.entity = {trace}.id AND ({condition}))"


def content(span: str) -> list[str]:
    """The texts of a span that are searched as a whole, when `span` has its body as `b`."""
    return [f"{span}.name", "b.attributes", "b.detail"]


def with_body(span: str, condition: str) -> str:
    """That the condition holds for a span's body `b`."""
    body = f"span_body b WHERE b.entity = {span}.entity AND b.number = {span}.number"
    return f"EXISTS (SELECT 1 FROM {body} AND ({condition}))"


def with_attribute(span: str, key: str, condition: str, missing: bool) -> tuple[str, str]:
    """The same of an attribute, and the parameter that comes first: only where the text has the key it is parsed."""
    # A backslash means something else to one database.
    likely = f"%{json.dumps(key, ensure_ascii=False)}:%".replace("\\", "%")
    held = (
        f"b.attributes LIKE ? AND {condition}" if not missing else f"b.attributes NOT LIKE ? OR {condition}"
    )
    return with_body(span, held), likely
