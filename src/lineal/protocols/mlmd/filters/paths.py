"""What a filter may name: columns, properties, and what a node is related to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from lineal.graph.mlmd.categories import ARTIFACT, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.messages import enum_numbers
from lineal.graph.query import Direction
from lineal.protocols.expressions import Binary, Case, Function, In, Literal, Node, Path, Unary
from lineal.protocols.mlmd.errors import invalid

_ALIAS = re.compile(r"(contexts|parent_contexts|child_contexts|artifacts|executions|events)_\w+")
_VALUES = {"int_value": "int", "double_value": "double", "string_value": "string", "bool_value": "bool"}
_COLUMNS = {
    "id": "int",
    "type_id": "int",
    "type": "string",
    "name": "string",
    "external_id": "string",
    "create_time_since_epoch": "int",
    "last_update_time_since_epoch": "int",
}
_EVENT = {"type": "event", "milliseconds_since_epoch": "int"}
_OTHER_END = {"artifact": "execution_id", "execution": "artifact_id"}
_REACHED: dict[str, dict[str, Category | None]] = {
    "artifact": {"contexts": CONTEXT, "events": None},
    "execution": {"contexts": CONTEXT, "events": None},
    "context": {
        "parent_contexts": CONTEXT,
        "child_contexts": CONTEXT,
        "artifacts": ARTIFACT,
        "executions": EXECUTION,
    },
}
EDGES: dict[str, tuple[str, Direction]] = {
    "contexts": ("member", "in"),
    "parent_contexts": ("parent", "in"),
    "child_contexts": ("parent", "out"),
    "artifacts": ("member", "out"),
    "executions": ("member", "out"),
}
"""By which edges a node is related to others, and in which direction they lead."""
_KINDS = {"int": "number", "double": "number", "string": "string", "bool": "bool"}


@dataclass(frozen=True)
class Named(Node):
    """Something named that there is.

    Attributes:
        alias: of what the node is related to; empty for the node itself.
        relation: how it is related: `contexts`, `events` and so on.
        category: of the node that bears it; None for an event.
        area: `column`, `properties` or `custom_properties`.
        type: `int`, `double`, `string`, `bool`, `state` or `event`.
    """

    alias: str
    relation: str
    category: Category | None
    area: str
    name: str
    type: str


def resolved(tree: Node, category: Category) -> Node:
    """The tree with everything named looked up.

    Raises:
        Refused: there is no such thing, or values of different types are compared.
    """
    found = _map(tree, lambda path: _look_up(path, category))
    if _check(found) != "bool":
        raise invalid("a filter must be true or false")
    return found


def named(tree: Node) -> Iterator[Named]:
    """Everything that a tree names."""
    if isinstance(tree, Named):
        yield tree
    for child in children(tree):
        yield from named(child)


def children(tree: Node) -> tuple[Node, ...]:
    """The parts of a part."""
    match tree:
        case Binary(left=left, right=right):
            return (left, right)
        case Unary(of=of):
            return (of,)
        case In(of=of, values=values):
            return (of, *values)
        case Function(arguments=arguments):
            return arguments
        case Case(branches=branches, otherwise=otherwise):
            return (*(each for branch in branches for each in branch), otherwise)
    return ()


def _map(tree: Node, change: Callable[[Path], Node]) -> Node:
    match tree:
        case Path():
            return change(tree)
        case Binary(left=left, right=right):
            return replace(tree, left=_map(left, change), right=_map(right, change))
        case Unary(of=of):
            return replace(tree, of=_map(of, change))
        case In(of=of, values=values):
            return In(_map(of, change), tuple(_map(each, change) for each in values))
        case Function(name=name, arguments=arguments):
            return Function(name, tuple(_map(each, change) for each in arguments))
        case Case(branches=branches, otherwise=otherwise):
            changed = tuple((_map(condition, change), _map(value, change)) for condition, value in branches)
            return Case(changed, _map(otherwise, change))
    return tree


def _look_up(path: Path, category: Category) -> Node:
    first, *rest = path.parts
    match = _ALIAS.fullmatch(first)
    if match is None:
        return _of_node("", "", category, path.parts)
    relation = match[1]
    if relation not in _REACHED[category.name]:
        raise invalid(f"a filter of {category.name}s cannot speak of {relation}")
    other = _REACHED[category.name][relation]
    if other is not None:
        return _of_node(first, relation, other, tuple(rest))
    columns = _EVENT | {_OTHER_END[category.name]: "int"}
    if len(rest) != 1 or rest[0] not in columns:
        raise invalid(f"an event has {', '.join(columns)}, not {'.'.join(rest)!r}")
    return Named(first, relation, None, "column", rest[0], columns[rest[0]])


def _of_node(alias: str, relation: str, category: Category, parts: tuple[str, ...]) -> Node:
    match parts:
        case (("properties" | "custom_properties") as area, name, value) if value in _VALUES:
            return Named(alias, relation, category, area, name, _VALUES[value])
        case (name,) if name in _columns(category):
            return Named(alias, relation, category, "column", name, _columns(category)[name])
        case (name,) if not alias and name in _constants():
            return Literal(name)
    raise invalid(f"a filter cannot name {'.'.join((*([alias] if alias else []), *parts))!r}")


def _columns(category: Category) -> dict[str, str]:
    found = dict(_COLUMNS)
    if category is ARTIFACT:
        found["uri"] = "string"
    if category.state:
        found[category.state] = "state"
    return found


def _constants() -> set[str]:
    """Names of states and of types of events, which stand for themselves."""
    states = enum_numbers("Artifact", "state").keys() | enum_numbers("Execution", "last_known_state").keys()
    return set(states | enum_numbers("Event", "type").keys())


# Types


def _check(tree: Node) -> str:
    """The sort of value that a part has; Refused when parts do not fit together."""
    match tree:
        case Named(type=type):
            return _KINDS.get(type, type)
        case Literal(value=value):
            return _sort(value)
        case Binary(op=op, left=left, right=right):
            return _check_binary(op, left, right)
        case Unary(op=op, of=of):
            return _check_unary(op, of)
        case In(of=of, values=values):
            if not values:
                raise invalid("IN needs a value")
            _alike([of, *values])
            return "bool"
        case Function(name=name, arguments=arguments):
            return _check_function(name, arguments)
        case Case(branches=branches, otherwise=otherwise):
            _all("bool", [condition for condition, _ in branches])
            return _alike([*(value for _, value in branches), otherwise])
    raise invalid("the filter makes no sense")


def _check_binary(op: str, left: Node, right: Node) -> str:
    if op in ("AND", "OR"):
        return _all("bool", [left, right])
    if op in "+-*/":
        return _all("number", [left, right])
    if op == "ILIKE":
        raise invalid("there is no ILIKE")
    if op == "LIKE":
        _all("string", [left, right])
    else:
        _alike([left, right])
    return "bool"


def _check_unary(op: str, of: Node) -> str:
    if op == "IS NULL":
        _check(of)
        return "bool"
    return _all("bool" if op == "NOT" else "number", [of])


def _sort(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else "number"


def _check_function(name: str, arguments: tuple[Node, ...]) -> str:
    match name:
        case "COALESCE":
            return _alike(list(arguments))
        case "ABS":
            return _all("number", list(arguments))
        case "LENGTH":
            _all("string", list(arguments))
            return "number"
        case "UPPER" | "LOWER":
            return _all("string", list(arguments))
    _check(arguments[0])
    return {"STRING": "string", "BOOL": "bool"}.get(name, "number")


def _all(wanted: str, parts: list[Node]) -> str:
    for part in parts:
        if _check(part) not in (wanted, "null"):
            raise invalid(f"the filter has a {_check(part)} where a {wanted} must stand")
    return wanted


def _alike(parts: list[Node]) -> str:
    """States and types of events are compared with their names, or with their numbers."""
    sorts = {_check(part) for part in parts} - {"null"}
    named = sorts & {"state", "event"}
    if named and sorts - named <= {"string", "number"}:
        return named.pop()
    if len(sorts) > 1:
        raise invalid(f"the filter compares {' with '.join(sorted(sorts))}")
    return sorts.pop() if sorts else "null"
