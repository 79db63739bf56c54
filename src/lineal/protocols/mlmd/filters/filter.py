"""A filter, from its text to what the graph is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.mlmd.categories import Category
from lineal.graph.model import Entity
from lineal.graph.query import Expr
from lineal.protocols import expressions
from lineal.protocols.mlmd.filters import evaluate, paths, translate


class Filter(NamedTuple):
    """What a filter comes to.

    Attributes:
        where: holds for everything that is wanted.
        holds: decides about what `where` lets through; None when that is exact.
    """

    where: Expr | None = None
    holds: Callable[[Entity], bool] | None = None


def parse(session: Session, category: Category, text: str) -> Filter:
    """The filter that a text stands for; Refused when it does not stand for one."""
    if not text.strip():
        return Filter()
    tree = paths.resolved(expressions.parse(text), category)
    where, exact = translate.expression(session, category, tree)
    if exact:
        return Filter(where)
    return Filter(where, evaluate.Evaluator(session, category, tree).holds)
