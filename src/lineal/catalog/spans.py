"""Spans of traces: on their way into the store, and back."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lineal.catalog import reading
from lineal.catalog.work import Work, to_json
from lineal.graph.model import AnyRef, Span
from lineal.store.base import Row
from lineal.store.sql import spans

if TYPE_CHECKING:
    from lineal.catalog.session import Session

_MARK = "$number"


def put(work: Work, ref: AnyRef, rows: Collection[Row]) -> None:
    """Set spans of an entity. Spans that are there already, just so, change nothing."""
    node = work.stored(ref)
    wanted = {row[0]: row for row in rows}
    if node.id not in work.new:
        stored = spans.stored(work.cx, node.id, list(wanted))
        wanted = {number: row for number, row in wanted.items() if stored.get(number) != row}
    if not wanted:
        return
    spans.put(work.cx, node.id, wanted.values())
    if node.id not in work.new:
        work.touch(node)
        work.log(node, "spans", None, {"spans": len(wanted)})


def row_of(span: Span) -> Row:
    """A span as the store takes it."""
    return (
        spans.to_number(span.id),
        None if span.parent is None else spans.to_number(span.parent),
        span.name,
        span.type,
        spans.STATUSES.index(span.status),
        span.started,
        span.ended,
        span.model,
        span.provider,
        span.input_cost,
        span.output_cost,
        span.total_cost,
        encode(span.attributes),
        encode(span.detail) if span.detail else None,
    )


def read(session: Session, ids: Sequence[int]) -> dict[int, list[Span]]:
    """The spans of those of the entities that the caller may see."""
    seen = reading.seeable(session, set(ids))
    found: dict[int, list[Span]] = defaultdict(list)
    for entity, *row in spans.of(session.catalog.store.reader(), sorted(seen)) if seen else ():
        found[entity].append(_span(row))
    return dict(found)


def _span(row: Sequence[Any]) -> Span:
    (
        number, parent, name, type_, status, started, ended, model, provider,
        input_cost, output_cost, total_cost, attributes, detail,
    ) = row  # fmt: skip
    return Span(
        spans.to_digits(number), name, started, ended, None if parent is None else spans.to_digits(parent), type_,
        spans.STATUSES[status], model, provider, input_cost, output_cost, total_cost,
        decode(attributes), decode(detail) if detail else {},
    )  # fmt: skip


def encode(value: Any) -> str:
    """JSON text. What JSON has no number for is marked, so that it comes back as it was."""
    text = to_json(value)
    return to_json(_marked(value)) if "null" in text else text


def decode(text: str) -> Any:
    """The inverse of `encode`."""
    value = msgspec.json.decode(text)
    return _unmarked(value) if _MARK in text else value


def _marked(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return {_MARK: str(value)}
        case dict():
            return {key: _marked(item) for key, item in value.items()}
        case list():
            return [_marked(item) for item in value]
        case _:
            return value


def _unmarked(value: Any) -> Any:
    match value:
        case {"$number": "nan" | "inf" | "-inf" as number} if len(value) == 1:
            return float(number)
        case dict():
            return {key: _unmarked(item) for key, item in value.items()}
        case list():
            return [_unmarked(item) for item in value]
        case _:
            return value
