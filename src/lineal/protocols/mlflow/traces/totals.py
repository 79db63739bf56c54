"""Token usage and cost of a whole trace, out of what its spans tell.

A span may tell the sum of all below it, as agents do. So what lies below a span that tells something is not counted
again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lineal.graph.mlflow import spans, traces
from lineal.graph.model import Properties, Span

_ALWAYS_TOKENS = traces.TOKEN_KEYS[:3]


def of(found: Sequence[Span]) -> Properties:
    """Usage and cost of these spans of one trace, as properties of the trace."""
    return usage(found) | cost(found) if any(map(tells, found)) else {}


def usage(found: Sequence[Span]) -> Properties:
    """Token usage as properties; none when no span tells it."""
    told = _tops(found, spans.USAGE)
    return traces.numbers(traces.TOKEN_USAGE, _sums(told, traces.TOKEN_KEYS, _ALWAYS_TOKENS)) if told else {}


def cost(found: Sequence[Span]) -> Properties:
    """Cost as properties; none when no span tells it."""
    told = _tops(found, spans.COST)
    sums = _sums(told, traces.COST_KEYS, traces.COST_KEYS)
    return traces.numbers(traces.COSTS, {key: float(sums[key]) for key in sums}) if told else {}


def tells(span: Span) -> bool:
    """Whether a span may tell usage or cost."""
    return spans.USAGE in span.attributes or spans.COST in span.attributes


def _tops(found: Sequence[Span], key: str) -> list[Mapping[str, Any]]:
    """What the spans tell that have no span above them which tells something."""
    known = {span.id for span in found}
    below: dict[str | None, list[Span]] = defaultdict(list)
    for span in found:
        below[span.parent if span.parent in known and span.parent != span.id else None].append(span)
    told: list[Mapping[str, Any]] = []
    waiting = below[None]
    while waiting:
        span = waiting.pop()
        value = span.attributes.get(key)
        if isinstance(value, dict):
            told.append(value)
        else:
            waiting.extend(below[span.id])
    return told


def _sums(told: Iterable[Mapping[str, Any]], keys: Sequence[str], always: Sequence[str]) -> dict[str, float]:
    """Sums by key; of a key that is not `always` there only if somebody tells it."""
    sums: dict[str, float] = dict.fromkeys(always, 0)
    for value in told:
        for key in keys:
            number = traces.finite(value.get(key))
            if number is not None:
                sums[key] = sums.get(key, 0) + value[key]
    return sums
