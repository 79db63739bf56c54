"""The Model Registry's filter language: an expression of SQL over a resource's fields and custom properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineal.graph.errors import Invalid
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Expr,
    ExternalId,
    Field,
    Not,
    Operator,
    Or,
    Property,
)
from lineal.protocols import expressions
from lineal.protocols.expressions import Binary, In, Literal, Node, Path, Unary
from lineal.protocols.kubeflow.resources import OWNER, Resource
from lineal.protocols.kubeflow.values import CUSTOM, TAG

_COLUMNS = {
    "id": "id",
    "name": "name",
    "createTimeSinceEpoch": "created",
    "lastUpdateTimeSinceEpoch": "updated",
    "startTimeSinceEpoch": "started",
    "endTimeSinceEpoch": "ended",
    "owner": "owner",
}
_TIMES = {"id", "created", "updated", "started", "ended", "home"}
_TYPES = ("string_value", "int_value", "double_value", "bool_value")
_OPERATORS: dict[str, Operator] = {
    "=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "LIKE": "like", "ILIKE": "ilike",
}  # fmt: skip
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def parse(text: str, resources: tuple[Resource, ...]) -> Expr | None:
    """The condition that a text stands for; Invalid when it stands for none."""
    if not text.strip():
        return None
    return _expression(expressions.parse(text), resources)


def _expression(tree: Node, resources: tuple[Resource, ...]) -> Expr:
    match tree:
        case Binary(op="AND", left=left, right=right):
            return And([_expression(left, resources), _expression(right, resources)])
        case Binary(op="OR", left=left, right=right):
            return Or([_expression(left, resources), _expression(right, resources)])
        case Unary(op="NOT", of=of):
            return Not(_expression(of, resources))
        case Binary(op=op, left=Path(parts=parts), right=Literal(value=value)) if op in _OPERATORS:
            return _named(parts, resources, _comparison(op, value))
        case Binary(op=op, left=Literal(value=value), right=Path(parts=parts)) if op in _OPERATORS:
            return _named(parts, resources, _comparison(_MIRRORED.get(op, op), value))
        case In(of=Path(parts=parts), values=values):
            found = [each.value for each in values if isinstance(each, Literal)]
            return _named(
                parts,
                resources,
                lambda field: Compare(field, "in", [_fitting(field, each) for each in found]),
            )
        case Unary(op="IS NULL", of=Path(parts=parts)):
            return _named(parts, resources, lambda field: Compare(field, "is null"))
    raise Invalid("invalid filter query: compare a property with a value")


def _comparison(op: str, value: Any) -> Callable[[Field], Expr]:
    if value is None:
        raise Invalid("invalid filter query: compare with a value, not with NULL")
    return lambda field: Compare(field, _OPERATORS[op], _fitting(field, value))


def _fitting(field: Field, value: Any) -> Any:
    """Ids and times may be written as text."""
    if isinstance(field, Attribute) and field.name in _TIMES and isinstance(value, str):
        if not value.lstrip("-").isdigit():
            raise Invalid(f"invalid filter query: {field.name} is a number, not {value!r}")
        return int(value)
    return value


def _named(
    parts: tuple[str, ...], resources: tuple[Resource, ...], condition: Callable[[Field], Expr]
) -> Expr:
    """A condition on what a name means; a name that is no field means custom properties."""
    name, typed = ".".join(parts), ""
    if len(parts) > 1 and parts[-1] in _TYPES:
        name, typed = ".".join(parts[:-1]), parts[-1]
    if not typed and (fields := _fields(name, resources)):
        return _any([condition(field) for field in fields])
    if typed == "string_value":
        return condition(Property(TAG + name))
    if typed:
        return condition(Property(CUSTOM + name))
    return _any([condition(Property(TAG + name)), condition(Property(CUSTOM + name))])


def _fields(name: str, resources: tuple[Resource, ...]) -> list[Field]:
    if name == "externalId":
        return [ExternalId(each.external) for each in resources]
    if name in _COLUMNS and (name != OWNER.name or OWNER in resources[0].fields):
        return [Attribute(_COLUMNS[name])]
    if name == "description":
        return [Property("description")]
    found: dict[str, Field] = {}
    for each in resources:
        if name == each.parent_field:
            found["home"] = Attribute("home")
        elif name in each.by_name:
            found[each.by_name[name].key] = Property(each.by_name[name].key)
    return list(found.values())


def _any(found: list[Expr]) -> Expr:
    return found[0] if len(found) == 1 else Or(found)
