"""Search of logged models.

The store answers a search as it is, unless metrics are asked for on particular data sets. Those few models are
fetched, and told apart here: on what a metric was measured is part of its series' name.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph.model import Entity, Point
from lineal.graph.query import (
    Attribute,
    Compare,
    Expr,
    ExternalId,
    Field,
    Metric,
    Or,
    Order,
    Property,
    Query,
    all_of,
)
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import experiments, filters, logged_models, translate, validate, wire
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.filters import Clause
from lineal.protocols.mlflow.metrics import make_token, read_token
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.runs import at_home

_DEFAULT = 50
_PAGE = 1000
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Scope = Sequence[wire.DatasetScope]
"""Data sets on which a metric may have been measured; empty for all."""

_search = Body(wire.SearchLoggedModels)


def search(call: Call) -> Reply:
    """POST logged-models/search."""
    message = _search(call)
    if not all(each.dataset_name for each in message.datasets):
        raise invalid("`dataset_name` in the `datasets` clause must be specified.")
    limit = validate.page(message.max_results or _DEFAULT)
    homes = list(experiments.find_experiments(call.session, message.experiment_ids))
    cursor = _open(message)
    if message.datasets or any(each.dataset_name for each in message.order_by):
        found, following = _scoped(call.session, message, homes, limit, cursor)
    else:
        found, following = _plain(call.session, message, homes, limit, cursor)
    token = _seal(message, following) if following else ""
    return json_reply(wire.LoggedModels(logged_models.messages(call.session, found), token))


def _plain(
    session: Session, message: wire.SearchLoggedModels, homes: list[int], limit: int, cursor: str
) -> tuple[list[Entity], str | None]:
    where = [at_home(homes), *filters.parse(message.filter, filters.model_columns)]
    orders = [Order(field, not ascending) for field, ascending, _ in _orders(message)]
    page = session.find(_query(where, orders, limit, cursor or None))
    return page.entities, page.cursor


def _query(where: Sequence[Expr], orders: list[Order], limit: int, cursor: str | None) -> Query:
    return Query(
        kinds=["logged_model"],
        where=all_of(*where),
        order=orders,
        limit=limit,
        cursor=cursor,
        parts=list(logged_models.WHOLE),
    )


def _orders(message: wire.SearchLoggedModels) -> list[tuple[Field, bool, Scope]]:
    """Field, whether ascending, and on which data sets; completed by what MLflow sorts by otherwise."""
    found: list[tuple[Field, bool, Scope]] = []
    for each in message.order_by:
        group, dot, key = each.field_name.partition(".")
        column = filters.model_columns(group, key) if dot else filters.model_columns("attribute", group)
        own = (
            [wire.DatasetScope(each.dataset_name, each.dataset_digest)]
            if each.dataset_name
            else message.datasets
        )
        found.append((column.field, each.ascending, own))
    fields = {field for field, _, _ in found}
    return found + [
        (each.field, not each.descending, []) for each in filters.MODEL_ORDER if each.field not in fields
    ]


# Metrics on particular data sets


def _scoped(
    session: Session, message: wire.SearchLoggedModels, homes: list[int], limit: int, cursor: str
) -> tuple[list[Entity], str | None]:
    clauses = filters.clauses(message.filter)
    on_metrics = [clause for clause in clauses if clause.group == "metrics"]
    for clause in on_metrics:
        filters.expression(clause, filters.model_columns)
    where: list[Expr] = [at_home(homes)]
    where += [filters.expression(each, filters.model_columns) for each in clauses if each.group != "metrics"]
    if message.datasets:
        where.append(Or([_marked(each.dataset_name) for each in message.datasets]))
    found = [model for model in _all(session, where) if _matches(model, on_metrics, message.datasets)]
    for field, ascending, scope in reversed(_orders(message)):
        found = _sorted(found, field, ascending, scope)
    offset = read_token(cursor)
    more = len(found) > offset + limit
    return found[offset : offset + limit], make_token(offset + limit) if more else None


def _marked(dataset: str) -> Expr:
    return Compare(Property(translate.evaluated_on(dataset)), "is not null")


def _all(session: Session, where: Sequence[Expr]) -> Iterator[Entity]:
    cursor: str | None = None
    while True:
        page = session.find(_query(where, [], _PAGE, cursor))
        yield from page.entities
        cursor = page.cursor
        if cursor is None:
            return


def _matches(model: Entity, clauses: Sequence[Clause], scope: Scope) -> bool:
    if not clauses:
        return not scope or any(_in_scope(point, scope) for point in model.metrics.values())
    values = [(_latest(model, clause.key, scope), clause) for clause in clauses]
    return all(value is not None and _OPERATORS[clause.op](value, clause.value) for value, clause in values)


def _latest(model: Entity, key: str, scope: Scope) -> float | None:
    """The newest value of a metric, measured on one of these data sets."""
    if not scope:
        return model.metrics[key].value if key in model.metrics else None
    found = [
        point
        for point in model.metrics.values()
        if point.key.startswith(f"{key}?") and _in_scope(point, scope)
    ]
    return max(found, key=lambda point: (point.step, point.time)).value if found else None


def _in_scope(point: Point, scope: Scope) -> bool:
    told = translate.model_metric(point, "")
    return any(
        told.dataset_name == each.dataset_name and each.dataset_digest in ("", told.dataset_digest)
        for each in scope
    )


def _sorted(models: Sequence[Entity], field: Field, ascending: bool, scope: Scope) -> list[Entity]:
    """By a field, those without it last in both directions; equal ones keep their order."""
    values = {model.id: _value(model, field, scope) for model in models}
    there = [model for model in models if values[model.id] is not None]
    there.sort(key=lambda model: values[model.id], reverse=not ascending)
    return there + [model for model in models if values[model.id] is None]


def _value(model: Entity, field: Field, scope: Scope) -> Any:
    match field:
        case Attribute(name):
            return getattr(model, name)
        case Property(key):
            value = model.properties.get(key)
            return None if value is None else translate.text(value)
        case Metric(key):
            return _latest(model, key, scope)
        case ExternalId():
            return translate.model_id(model)
        case _:
            raise invalid(f"Invalid order by field: {field}")


# Page tokens are good for the search that they came from, and for no other


def _seal(message: wire.SearchLoggedModels, cursor: str) -> str:
    return f"{_fingerprint(message)}.{cursor}"


def _open(message: wire.SearchLoggedModels) -> str:
    if not message.page_token:
        return ""
    fingerprint, _, cursor = message.page_token.partition(".")
    if fingerprint != _fingerprint(message):
        raise invalid("Invalid page token: it belongs to another search.")
    return cursor


def _fingerprint(message: wire.SearchLoggedModels) -> str:
    asked = [message.experiment_ids, message.filter, message.order_by, message.datasets]
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]
