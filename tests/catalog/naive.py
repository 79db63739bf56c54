"""Queries and walks answered by looking at everything."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from tests.catalog.model import Bearer, Graph, Thing, closure

from lineal.graph.model import DEFAULT_NAMESPACE, DELETED
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    EdgeDetail,
    Expr,
    ExternalId,
    Field,
    Labelled,
    Metric,
    Not,
    OfHome,
    Or,
    Order,
    Property,
    Query,
    Related,
    Walk,
)
from lineal.graph.types import LabelDef, Types
from lineal.store.sql.text import words


class Naive:
    """Answers about one graph at one moment."""

    def __init__(self, types: Types, graph: Graph, now: int) -> None:
        self.types = types
        self.graph = graph
        self.now = now
        self.bearers = graph.bearers(types)

    def find(self, query: Query) -> list[int]:
        """Ids of all that match, in order."""
        found = [each for each in self.graph.things.values() if self.matches(each, query)]
        return [each.id for each in sorted(found, key=functools.cmp_to_key(self.comparison(query.order)))]

    def search(self, word: str) -> set[int]:
        """Ids of all whose text has a word that begins so."""
        return {
            each.id
            for each in self.graph.things.values()
            if any(found.startswith(word) for part in self.texts(each) for found in words(part))
        }

    def texts(self, thing: Thing) -> list[str]:
        """What is said about an entity in words."""
        columns = [column["name"] for column in thing.facets.get("schema", {}).get("fields", [])]
        tags = [value for key, value in thing.properties.items() if key.startswith("tag.")]
        spoken = [value for value in tags if isinstance(value, str)]
        where = thing.namespace if thing.namespace != DEFAULT_NAMESPACE else ""
        return [thing.name, thing.owner or "", where, *thing.labels, *spoken, *columns]

    def matches(self, thing: Thing, query: Query) -> bool:
        if query.state not in ("all", thing.state):
            return False
        if query.kinds and not any(self.types.is_a(thing.kind, kind) for kind in query.kinds):
            return False
        return query.where is None or self.holds(query.where, thing, None)

    def holds(self, expr: Expr, thing: Thing, detail: dict[str, Any] | None) -> bool:
        match expr:
            case And(parts):
                return all(self.holds(part, thing, detail) for part in parts)
            case Or(parts):
                return any(self.holds(part, thing, detail) for part in parts)
            case Not(part):
                return not self.holds(part, thing, detail)
            case Labelled():
                return self.labelled(expr, thing)
            case Related():
                return self.related(expr, thing)
            case Compare():
                return self.compares(expr, thing, detail)

    def labelled(self, expr: Labelled, thing: Thing) -> bool:
        names = self.below(expr.name)
        borne = self.bearers[thing.id]
        return any(
            name in names and self.valid(name, root)
            for name, root in borne
            if root == thing.id or not expr.direct
        )

    def below(self, label: str) -> set[str]:
        """The classification and those that inherit from it."""
        definitions = [each for each in self.types.all() if isinstance(each, LabelDef)]
        pairs = [(parent, each.name) for each in definitions for parent in each.supertypes]
        return _names(pairs, label)

    def valid(self, name: str, root: int) -> bool:
        put = self.graph.things[root].labels[name]
        begun = put.valid_from is None or put.valid_from <= self.now
        return begun and (put.valid_until is None or put.valid_until > self.now)

    def related(self, expr: Related, thing: Thing) -> bool:
        for (source, target, kind), detail in self.graph.edges.items():
            near, far = (target, source) if expr.direction == "in" else (source, target)
            fits = kind == expr.kind and near == thing.id
            if fits and (expr.where is None or self.holds(expr.where, self.graph.things[far], detail)):
                return True
        return False

    def compares(self, expr: Compare, thing: Thing, detail: dict[str, Any] | None) -> bool:
        field = expr.field.of if isinstance(expr.field, OfHome) else expr.field
        value = self.value(expr.field, thing, detail)
        if expr.op == "is null":
            return value is None
        if expr.op == "is not null":
            return value is not None
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return False
        if isinstance(field, Property) and not self.comparable(value, expr.value):
            return False
        return bool(OPERATORS[expr.op](value, expr.value))

    def comparable(self, value: Any, wanted: Any) -> bool:
        """A number is compared with a number, text with text, and nothing with a document."""
        sample = wanted[0] if isinstance(wanted, list) and wanted else wanted
        return isinstance(value, str) == isinstance(sample, str | list) and not isinstance(value, list | dict)

    def value(self, field: Field, thing: Thing, detail: dict[str, Any] | None) -> Any:
        match field:
            case Attribute(name):
                return getattr(thing, name)
            case Property(key):
                return thing.properties.get(key)
            case Metric(key):
                point = thing.latest(key)
                return None if point is None else point[2]
            case ExternalId(protocol):
                found = sorted(outside for kept, outside in thing.external if kept == protocol)
                return found[0] if found else None
            case EdgeDetail(key):
                return (detail or {}).get(key)
            case OfHome(of):
                return self.value(of, self.graph.things[thing.home], None) if thing.home is not None else None

    def comparison(self, orders: list[Order]) -> Any:
        def compare(left: Thing, right: Thing) -> int:
            for order in orders:
                found = self.in_order(order, left, right)
                if found:
                    return found
            return left.id - right.id

        return compare

    def in_order(self, order: Order, left: Thing, right: Thing) -> int:
        """Values first, then NaN, then what is missing, whichever the direction."""
        ours, theirs = self.value(order.field, left, None), self.value(order.field, right, None)
        if _rank(ours) != _rank(theirs):
            return _rank(ours) - _rank(theirs)
        if _rank(ours) or ours == theirs:
            return 0
        return (-1 if ours < theirs else 1) * (-1 if order.descending else 1)

    def counted(self, ids: list[int], facet: str) -> dict[str, int]:
        """How many of the entities have each value."""
        found: dict[str, int] = {}
        for number in ids:
            for value in self.facet_values(self.graph.things[number], facet):
                found[value] = found.get(value, 0) + 1
        return found

    def facet_values(self, thing: Thing, facet: str) -> set[str]:
        if facet == "label":
            return {name for name, root in self.bearers[thing.id] if self.valid(name, root)}
        value = getattr(thing, facet)
        return set() if value is None else {value}

    def walk(self, start: int, walk: Walk) -> set[int]:
        """Ids that a walk comes to."""
        wanted = walk.edges or [each.name for each in self.types.edges() if each.lineage]
        down = {(source, target) for source, target, kind in self.graph.edges if kind in wanted}
        up = {(target, source) for source, target in down}
        parts = {"up": [up], "down": [down]}.get(walk.direction, [up, down])
        return set().union(*(closure(pairs, start, walk.depth) for pairs in parts))

    def active(self) -> dict[str, int]:
        """Active entities by kind."""
        ids = [each.id for each in self.graph.things.values() if each.state != DELETED]
        return self.counted(ids, "kind")

    def bearing(self, number: int) -> set[Bearer]:
        return self.bearers[number]


def _names(pairs: list[tuple[str, str]], start: str) -> set[str]:
    found = {start}
    while True:
        more = {child for parent, child in pairs if parent in found} - found
        if not more:
            return found
        found |= more


def _rank(value: Any) -> int:
    if value is None:
        return 2
    return 1 if isinstance(value, float) and math.isnan(value) else 0


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda value, wanted: value in wanted,
    "not in": lambda value, wanted: value not in wanted,
    "like": lambda value, wanted: _like(str(value), wanted, ignore_case=False),
    "ilike": lambda value, wanted: _like(str(value), wanted, ignore_case=True),
}


def _like(value: str, pattern: str, ignore_case: bool) -> bool:
    parts = [".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern]
    return re.fullmatch("".join(parts), value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None
