"""Deciding in Python what the graph cannot be asked: arithmetic, CASE, functions, and one alias all over the place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from lineal.catalog.session import Session
from lineal.graph.mlmd.categories import Category
from lineal.graph.mlmd.messages import Message, enum_name, enum_numbers
from lineal.graph.mlmd.nodes import to_message
from lineal.graph.model import Entity
from lineal.protocols.expressions import Binary, Case, Function, In, Literal, Node, Unary
from lineal.protocols.mlmd import events, nodes
from lineal.protocols.mlmd.filters.paths import EDGES, Named, named

_EVERY = 10_000_000
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "like": lambda a, b: like(a, b),  # noqa: PLW0108 (defined further down)
    "not like": lambda a, b: not like(a, b),
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}


def compared(value: Any, op: str, other: Any) -> bool:
    """Whether a comparison of the graph holds for a value that is not missing."""
    if op in ("is null", "is not null"):
        return op == "is not null"
    return _COMPARED[op](value, other)


def like(value: str, pattern: str) -> bool:
    """SQL's LIKE, with `%` and `_`."""
    return _pattern(pattern).fullmatch(value) is not None


@lru_cache(256)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(each, re.escape(each)) for each in pattern), re.DOTALL)


class Evaluator:
    """A filter, ready to decide about nodes."""

    def __init__(self, session: Session, category: Category, tree: Node) -> None:
        self._session = session
        self._category = category
        self._tree = tree
        self._aliases = {each.alias: each for each in named(tree) if each.alias}
        self._types = nodes.table(session)

    def holds(self, entity: Entity) -> bool:
        """Whether a node passes, with some choice of what it is related to."""
        own = {"": to_message(self._types.by_kind[entity.kind], entity)}
        related = [
            [(alias, each) for each in self._related(entity, name)] for alias, name in self._aliases.items()
        ]
        return any(
            self._value(self._tree, own | dict(chosen)) is True for chosen in itertools.product(*related)
        )

    def _related(self, entity: Entity, name: Named) -> Iterator[Message]:
        if name.category is None:
            yield from events.of(self._session, [entity.id], self._category.name)
            return
        kind, direction = EDGES[name.relation]
        found = self._session.edges([entity.id], [kind], direction, _EVERY)
        ids = [edge.source if direction == "in" else edge.target for edge in found]
        for each in nodes.with_ids(self._session, ids):
            if nodes.category_of(self._types, each) is name.category:
                yield to_message(self._types.by_kind[each.kind], each)

    def _value(self, tree: Node, row: Mapping[str, Message]) -> Any:
        """The value of a part: None is SQL's NULL."""
        match tree:
            case Literal(value=value):
                return value
            case Named():
                return _read(tree, row[tree.alias])
            case Unary(op=op, of=of):
                return _unary(op, self._value(of, row))
            case Binary(op="AND" | "OR" as op, left=left, right=right):
                return _logic(op, self._value(left, row), self._value(right, row))
            case Binary(op=op, left=left, right=right):
                return _binary(op, *self._pair(left, right, row))
            case In(of=of, values=values):
                return _any([_binary("=", *self._pair(of, each, row)) for each in values])
            case Function(name=name, arguments=arguments):
                return _function(name, [self._value(each, row) for each in arguments])
            case Case(branches=branches, otherwise=otherwise):
                chosen = (value for condition, value in branches if self._value(condition, row) is True)
                return self._value(next(chosen, otherwise), row)
        raise AssertionError(tree)

    def _pair(self, left: Node, right: Node, row: Mapping[str, Message]) -> tuple[Any, Any]:
        """Two values; a state that is compared with a number counts as its number."""
        first, second = self._value(left, row), self._value(right, row)
        if isinstance(left, Named) and left.type in ("state", "event") and isinstance(second, int):
            first = _number(left, first)
        return first, second


def _read(name: Named, message: Message) -> Any:
    if name.area != "column":
        held = getattr(message, name.area)
        # A map of messages makes what it is asked for.
        value = held[name.name] if name.name in held else None  # noqa: SIM401
        field = {"int": "int_value", "double": "double_value", "string": "string_value", "bool": "bool_value"}
        wanted = field[name.type]
        return getattr(value, wanted) if value is not None and value.WhichOneof("value") == wanted else None
    if not message.HasField(name.name):
        return None
    value = getattr(message, name.name)
    if name.type in ("state", "event"):
        return enum_name(message.DESCRIPTOR.name, name.name, value)
    return value


def _number(name: Named, value: str | None) -> int | None:
    owner = name.category.message if name.category else "Event"
    return None if value is None else enum_numbers(owner, name.name)[value]


def _unary(op: str, value: Any) -> Any:
    if op == "IS NULL":
        return value is None
    if value is None:
        return None
    return not value if op == "NOT" else -value


def _logic(op: str, left: Any, right: Any) -> Any:
    decisive = op == "OR"
    if decisive in (left, right):
        return decisive
    return None if None in (left, right) else not decisive


def _any(found: list[Any]) -> Any:
    if True in found:
        return True
    return None if None in found else False


def _binary(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None
    return _COMPARED[op.lower()](left, right)


def _function(name: str, values: list[Any]) -> Any:
    if name == "COALESCE":
        return next((each for each in values if each is not None), None)
    (value,) = values
    return None if value is None else _FUNCTIONS[name](value)


def _cast(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def cast(value: Any) -> Any:
        try:
            return kind(value)
        except (ValueError, OverflowError):
            return None

    return cast


_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "LENGTH": len,
    "UPPER": str.upper,
    "LOWER": str.lower,
    "ABS": abs,
    "INT64": _cast(int),
    "FLOAT64": _cast(float),
    "STRING": lambda value: str(value).lower() if isinstance(value, bool) else str(value),
    "BOOL": lambda value: value.lower() == "true" if isinstance(value, str) else bool(value),
}
