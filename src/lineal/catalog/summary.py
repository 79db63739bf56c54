"""Figures over all that matches, only of what the caller may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.catalog import search
from lineal.graph.errors import Invalid
from lineal.graph.model import Scalar
from lineal.graph.query import Query, Summary
from lineal.store.sql.summary import statement

if TYPE_CHECKING:
    from lineal.catalog.session import Session

_LONGEST_INTERVAL = 2**53


def summarize(session: Session, summary: Summary) -> list[list[Scalar]]:
    """One row for each group: its values, and then the figures.

    Raises:
        Invalid: the summary is ill-formed.
    """
    if not 1 <= summary.limit <= search.MOST:
        raise Invalid(f"a summary has 1 to {search.MOST} groups, not {summary.limit}")
    if summary.interval is not None and not 1 <= summary.interval <= _LONGEST_INTERVAL:
        raise Invalid(f"an interval has 1 to {_LONGEST_INTERVAL} milliseconds, not {summary.interval}")
    if not summary.figures:
        raise Invalid("a summary needs a figure")
    prepared = search.prepare(session, Query(kinds=summary.kinds, where=summary.where))
    assert prepared is not None  # only text can match nothing from the outset
    cx = session.catalog.store.reader()
    sql = statement(prepared.compiler, cx.dialect, summary, prepared.source, prepared.where)
    return [list(row) for row in cx.execute(sql.text, sql.params)]
