"""Figures over all that matches, by groups, in one statement."""

from __future__ import annotations

import re

from lineal.graph.errors import Invalid
from lineal.graph.query import SpanField, Summary
from lineal.store.base import Dialect
from lineal.store.sql.find import Compiler, Sql

SPAN = "es"
"""Alias of the span that is measured: that of `HasSpan` for the entity `e`."""
_FIGURES = {
    "sum": "SUM({value})",
    "avg": "AVG({value})",
    "min": "MIN({value})",
    "max": "MAX({value})",
    "distinct": "COUNT(DISTINCT {value})",
    "count": "COUNT({value})",
}
_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,9})?)")
_COUNTS = frozenset({"count", "distinct"})


def statement(compiler: Compiler, dialect: Dialect, summary: Summary, source: str, where: Sql) -> Sql:
    """The statement that answers the groups' values and then the figures, in order of the groups.

    Args:
        compiler: makes conditions.
        dialect: the database's words.
        summary: what is asked.
        source, where: the entities that match.

    Raises:
        Invalid: it asks for an unknown figure, or for what cannot be measured.
    """
    joins, columns = _columns(compiler, summary)
    value = columns.pop()
    conditions = [where, *(Sql(f"{each} IS NOT NULL") for each in (*columns, value) if each != "*")]
    if summary.of == "spans":
        joins.insert(0, f" JOIN span {SPAN} ON {SPAN}.entity = e.id")
        conditions.append(compiler.condition(summary.spans, SPAN))
    figures = [_figure(dialect, name, value) for name in summary.figures]
    groups = ", ".join(str(number + 1) for number in range(len(columns)))
    order = f" GROUP BY {groups} ORDER BY {groups}" if groups else ""
    text = (
        f"SELECT {', '.join([*columns, *figures])} FROM {source}{''.join(joins)}"
        f" WHERE {' AND '.join(f'({each.text})' for each in conditions)}{order} LIMIT ?"
    )
    return Sql(text, (*(param for each in conditions for param in each.params), summary.limit))


def _columns(compiler: Compiler, summary: Summary) -> tuple[list[str], list[str]]:
    """Joins; and the columns of the groups, with that of the value at the end."""
    if summary.of == "entities" and any(isinstance(each, SpanField) for each in (summary.value, *summary.by)):
        raise Invalid("parts of spans are measured in a summary of spans")
    joins, columns = [], [_bucket(summary)] if summary.interval else []
    for number, field in enumerate(summary.by):
        join, column = compiler.value(field, f"g{number}", numeric=False)
        joins.append(join)
        columns.append(column)
    if summary.value is None:
        return joins, [*columns, "*"]
    join, column = compiler.value(summary.value, "v", numeric=not _COUNTS.issuperset(summary.figures))
    return [*joins, join], [*columns, column]


def _bucket(summary: Summary) -> str:
    time = f"({SPAN}.started / 1000000)" if summary.of == "spans" else "e.started"
    size = int(summary.interval or 1)
    return f"({time} - (({time} % {size}) + {size}) % {size})"


def _figure(dialect: Dialect, name: str, value: str) -> str:
    if value == "*" and name != "count":
        raise Invalid(f"{name} needs a value")
    if name in _FIGURES:
        number = value if name in _COUNTS else f"CAST({value} AS DOUBLE PRECISION)"
        return _FIGURES[name].format(value=number)
    match = _PERCENTILE.fullmatch(name)
    if match is None or float(match[1]) > 100:
        raise Invalid(f"a figure is {', '.join(_FIGURES)} or a percentile such as p95, not {name!r}")
    return dialect.percentile(f"CAST({value} AS DOUBLE PRECISION)", float(match[1]))
