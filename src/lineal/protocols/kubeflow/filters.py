"""The Model Registry's filter language: an expression of SQL over a resource's fields and custom properties."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from lineal.graph.addresses import scoped
from lineal.graph.errors import Invalid
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Expr,
    ExternalId,
    Field,
    Not,
    OfHome,
    Operator,
    Or,
    Property,
)
from lineal.protocols import expressions
from lineal.protocols.expressions import Binary, In, Literal, Node, Path, Unary
from lineal.protocols.kubeflow import resources, values
from lineal.protocols.kubeflow.resources import MODEL_ID, OWNER, SERVE, VERSION, Resource
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
_RUN, _EXPERIMENT = Attribute("home"), OfHome(Attribute("home"))
_OF_ARTIFACTS: dict[str, Field] = {"experimentRunId": _RUN, "experimentId": _EXPERIMENT}
_OF_SERVES: dict[str, Field] = {
    "inferenceServiceId": Attribute("home"),
    "servingEnvironmentId": OfHome(Attribute("home")),
    "registeredModelId": OfHome(Property(MODEL_ID)),
}
_NUMBERS = {"id", "created", "updated", "started", "ended", "home"}
_NUMERIC_KEYS = {
    field.key
    for each in resources.BY_NAME.values()
    for field in each.fields
    if field.shape in ("id", "time", "integer")
}
_TYPES = ("string_value", "int_value", "double_value", "bool_value")
_OPERATORS: dict[str, Operator] = {
    "=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "LIKE": "like", "ILIKE": "ilike",
}  # fmt: skip
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
Condition = Callable[[Field], Expr]


def parse(text: str, sorts: tuple[Resource, ...], namespace: str) -> Expr | None:
    """The condition that a text stands for within a namespace; Invalid when it stands for none."""
    if not text.strip():
        return None
    return _expression(expressions.parse(text), _Sorts(sorts, namespace))


class _Sorts(NamedTuple):
    """What a filter is about."""

    resources: tuple[Resource, ...]
    namespace: str

    @property
    def external(self) -> str:
        """The protocol of their external ids."""
        return scoped(self.resources[0].external, self.namespace)


def _expression(tree: Node, sorts: _Sorts) -> Expr:
    match tree:
        case Binary(op="AND", left=left, right=right):
            return And([_expression(left, sorts), _expression(right, sorts)])
        case Binary(op="OR", left=left, right=right):
            return Or([_expression(left, sorts), _expression(right, sorts)])
        case Unary(op="NOT", of=of):
            return Not(_expression(of, sorts))
        case Binary(op=op, left=Path(parts=parts), right=Literal(value=value)) if op in _OPERATORS:
            return _named(parts, sorts, _comparison(_OPERATORS[op], value))
        case Binary(op=op, left=Literal(value=value), right=Path(parts=parts)) if op in _OPERATORS:
            return _named(parts, sorts, _comparison(_OPERATORS[_MIRRORED.get(op, op)], value))
        case In(of=Path(parts=parts), values=found):
            return _named(parts, sorts, _comparison("in", [_literal(each) for each in found]))
        case Unary(op="IS NULL", of=Path(parts=parts)):
            return _named(parts, sorts, lambda field: Compare(field, "is null"))
    raise Invalid("invalid filter query: compare a property with a value")


def _literal(node: Node) -> Any:
    if not isinstance(node, Literal):
        raise Invalid("invalid filter query: a list holds values")
    return node.value


def _comparison(op: Operator, value: Any) -> Condition:
    if value is None or (isinstance(value, list) and None in value):
        raise Invalid("invalid filter query: compare with a value, not with NULL")
    return lambda field: Compare(field, op, _fitting(field, op, value))


def _fitting(field: Field, op: str, value: Any) -> Any:
    """Ids and times may be written as text."""
    if isinstance(value, list):
        return [_fitting(field, op, each) for each in value]
    numeric = _is_number(field.of if isinstance(field, OfHome) else field)
    if numeric and op in ("like", "ilike"):
        raise Invalid("invalid filter query: a number is like nothing")
    return values.whole_number(value, "a number in a filter") if numeric and isinstance(value, str) else value


def _is_number(field: Field) -> bool:
    if isinstance(field, Attribute):
        return field.name in _NUMBERS
    return isinstance(field, Property) and field.key in _NUMERIC_KEYS


def _named(parts: tuple[str, ...], sorts: _Sorts, condition: Condition) -> Expr:
    """A condition on what a name means; a name that is no field means custom properties."""
    name, typed = ".".join(parts), ""
    if len(parts) > 1 and parts[-1] in _TYPES:
        name, typed = ".".join(parts[:-1]), parts[-1]
    found = [] if typed else _on_fields(name, sorts, condition)
    if found:
        return _any(found)
    if typed == "string_value":
        return condition(Property(TAG + name))
    if typed:
        return condition(Property(CUSTOM + name))
    return _any([condition(Property(TAG + name)), condition(Property(CUSTOM + name))])


def _on_fields(name: str, sorts: _Sorts, condition: Condition) -> list[Expr]:
    first = sorts.resources[0]
    if name == "externalId":
        return [condition(ExternalId(sorts.external))]
    if name == "name" and first is VERSION:
        return [_of_version(condition)]
    if name in _COLUMNS and (name != OWNER.name or OWNER in first.fields):
        return [condition(Attribute(_COLUMNS[name]))]
    if name == "description":
        return [condition(Property("description"))]
    of_home = _OF_ARTIFACTS if first.artifact_type else _OF_SERVES if first is SERVE else {}
    if name in of_home:
        return [condition(of_home[name])]
    return _on_own_fields(name, sorts.resources, condition)


def _of_version(condition: Condition) -> Expr:
    """A version that MLflow numbered is called by its number."""
    number = _as_numbers(condition(Attribute("name")))
    unnumbered = And([condition(Attribute("name")), Compare(Property("version"), "is null")])
    return unnumbered if number is None else Or([unnumbered, number])


def _as_numbers(expr: Expr) -> Expr | None:
    """The same comparison with numbers, as far as the texts are some."""
    assert isinstance(expr, Compare)
    given = expr.value if isinstance(expr.value, list) else [expr.value]
    found = [int(each) for each in given if isinstance(each, str) and re.fullmatch(r"[0-9]{1,18}", each)]
    if expr.op == "=" and found:
        return Compare(Property("version"), "=", found[0])
    if expr.op == "in" and found:
        return Compare(Property("version"), "in", list(found))
    if expr.op == "!=":
        return Compare(Property("version"), "!=", found[0] if found else -1)
    return None


def _on_own_fields(name: str, sorts: tuple[Resource, ...], condition: Condition) -> list[Expr]:
    found: dict[str, Expr] = {}
    for each in sorts:
        field = each.by_name.get(name)
        if field is None:
            continue
        if name == each.parent_field:
            found["home"] = condition(Attribute("home"))
        else:
            found[field.key] = _with_default(field, condition)
    return list(found.values())


def _with_default(field: resources.Field, condition: Condition) -> Expr:
    """What does not say counts as what it is shown as."""
    found = condition(Property(field.key))
    if field.default is None or not isinstance(found, Compare) or not _holds(found, field.default):
        return found
    return Or([found, Compare(Property(field.key), "is null")])


def _holds(compare: Compare, text: str) -> bool:
    """Whether a comparison is true of a text."""
    value = compare.value
    match compare.op:
        case "in":
            return isinstance(value, list) and text in value
        case "=":
            return value == text
        case "!=":
            return value != text
        case "like" | "ilike":
            return _like(str(value), text, re.IGNORECASE if compare.op == "ilike" else 0)
    return False


def _like(pattern: str, text: str, flags: int) -> bool:
    parts = {"%": ".*", "_": "."}
    return (
        re.fullmatch("".join(parts.get(each, re.escape(each)) for each in pattern), text, flags | re.DOTALL)
        is not None
    )


def _any(found: list[Expr]) -> Expr:
    return found[0] if len(found) == 1 else Or(found)
