"""Search of registered models and of versions.

Both languages are clauses joined by AND, as in `filters`, over a few attributes and over tags. Prompts, which are
models too, are found only by who asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from lineal.catalog.rendered import Rendering
from lineal.catalog.session import Session
from lineal.graph.mlflow.registry import IS_PROMPT, NUMBER
from lineal.graph.model import Entity, Scalar
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Expr,
    Field,
    Not,
    OfHome,
    Or,
    Order,
    Property,
    Query,
    all_of,
    attribute,
)
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import filters
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.filters import LISTS, NULLS, TEXT, Clause
from lineal.protocols.mlflow.filters import NUMBER as NUMERIC
from lineal.protocols.mlflow.registry import latest, translate, wire
from lineal.protocols.mlflow.registry.lookup import Registry
from lineal.protocols.mlflow.requests import Parameters

_MOST_AT_ONCE = 50_000
_MOST_HOMES = 2000
_TAGS = ("tag", "tags")
_PROMPT = Property(f"tag.{IS_PROMPT}")
_PROMPTS = Compare(_PROMPT, "=", "true")
_MODEL_NAME = OfHome(Attribute("name"))
_ORDER = re.compile(r"(`[^`]+`|\"[^\"]+\"|[\w.]+)(?:\s+(\S+))?\s*")

_MODEL_KEYS = ("name",)
_MODEL_ORDERS = {"name": "name", "timestamp": "updated", "last_updated_timestamp": "updated"}
_VERSION_KEYS: Mapping[str, Field] = {
    "name": _MODEL_NAME,
    "run_id": Property("run_id"),
    "source_path": Property("source"),
    "version_number": Property(NUMBER),
}
_VERSION_ORDERS: Mapping[str, Field] = {
    "creation_timestamp": Attribute("created"),
    "last_updated_timestamp": Attribute("updated"),
    "name": _MODEL_NAME,
    "version_number": Property(NUMBER),
}
_LISTED = ("name", "run_id")
_NUMERIC = ("creation_timestamp", "last_updated_timestamp", "version_number")

_models = Parameters(wire.SearchModels)
_versions = Parameters(wire.SearchVersions)


def search_models(call: Call) -> Reply:
    """GET registered-models/search."""
    message, registry = _models(call), Registry(call)
    clauses = filters.clauses(message.filter)
    where = [attribute("namespace", "=", registry.namespace), *_prompts(clauses, Not(_PROMPTS))]
    where += [_model_clause(each) for each in clauses if not _is_about_prompts(each)]
    orders = [_model_order(each) for each in message.order_by]
    query = Query(
        kinds=["model"],
        where=all_of(*where),
        order=_complete(message.order_by, orders, [Order(Attribute("name"))]),
        limit=_positive(message.max_results),
        cursor=message.page_token or None,
    )
    page = call.session.find(query)
    newest = latest.of(call.session, page.entities)
    found = [translate.model_message(model, newest[model.id]) for model in page.entities]
    return json_reply(wire.RegisteredModels(found, page.cursor or ""))


def search_versions(call: Call) -> Reply:
    """GET model-versions/search."""
    message, registry = _versions(call), Registry(call)
    clauses = filters.clauses(message.filter)
    hidden = Not(Or([_PROMPTS, Compare(OfHome(_PROMPT), "=", "true")]))
    where = [attribute("namespace", "=", registry.namespace), *_prompts(clauses, hidden)]
    where += [_version_clause(registry, each) for each in clauses if not _is_about_prompts(each)]
    orders = [_version_order(each) for each in message.order_by or ["last_updated_timestamp DESC"]]
    ties = [Order(_MODEL_NAME), Order(Property(NUMBER), descending=True)]
    query = Query(
        kinds=["model_version"],
        where=all_of(*where),
        order=_complete(message.order_by, orders, ties),
        cursor=message.page_token or None,
        parts=[],
    )
    found, cursor = _pages(call.session, query, _positive(message.max_results))
    return json_reply(wire.ModelVersions(_messages(call.session, found), cursor or ""))


def _positive(limit: int) -> int:
    if limit < 1:
        raise invalid(f"Invalid value for max_results. It must be a positive integer, but got {limit}")
    return limit


def _pages(session: Session, query: Query, limit: int) -> tuple[list[Entity], str | None]:
    """As many as asked for, which may be more than the store finds at once."""
    found: list[Entity] = []
    cursor = query.cursor
    while len(found) < limit and (cursor is not None or not found):
        asked = min(limit - len(found), _MOST_AT_ONCE)
        page = session.find(msgspec.structs.replace(query, limit=asked, cursor=cursor))
        found += page.entities
        cursor = page.cursor
        if cursor is None:
            break
    return found, cursor


def _messages(session: Session, versions: Sequence[Entity]) -> list[msgspec.Raw]:
    homes = {home.id: home for home in session.get_many(sorted({each.home or 0 for each in versions}), ())}
    names = {number: home.name for number, home in homes.items()}
    shown = session.render(_shown, [(each, names.get(each.home or 0, "")) for each in versions])
    return [msgspec.Raw(each) for each in shown]


def _encoded(version: Entity, model: str) -> bytes:
    """A version's message, given the name of its model as far as the caller may see that."""
    return msgspec.json.encode(translate.version_message(version, translate.model_name_of(version, model)))


_shown = Rendering(["properties"], _encoded)


# Prompts


def _is_about_prompts(clause: Clause) -> bool:
    return clause.group in _TAGS and clause.key == IS_PROMPT


def _prompts(clauses: Sequence[Clause], hidden: Expr) -> list[Expr]:
    """What is asked about prompts; unless they are asked for, that there are none of them."""
    about = [each for each in clauses if _is_about_prompts(each)]
    asked = [_tag_clause(each) for each in about]
    return asked if about and _asks_for_prompts(about[0]) else [hidden]


def _asks_for_prompts(clause: Clause) -> bool:
    value = str(clause.value).lower()
    return (clause.op, value) in (("=", "true"), ("!=", "false"))


# Clauses


def _model_clause(clause: Clause) -> Expr:
    if clause.op in NULLS:
        raise invalid("IS NULL / IS NOT NULL is not supported for registered model search.")
    _check_key(clause, _MODEL_KEYS)
    if clause.group in _TAGS:
        return _tag_clause(clause)
    if not isinstance(clause.value, str | list):
        raise invalid(
            "Expected a quoted string value or a list of quoted string values for attributes."
            f" Got value {clause.value}"
        )
    _check_text(clause)
    return Compare(Attribute("name"), clause.op, clause.value)


def _version_clause(registry: Registry, clause: Clause) -> Expr:
    if clause.op in NULLS:
        raise invalid("IS NULL / IS NOT NULL is not supported for model version search.")
    _check_key(clause, sorted(_VERSION_KEYS))
    if clause.group in _TAGS:
        return _tag_clause(clause)
    if isinstance(clause.value, list) and clause.key not in _LISTED:
        raise invalid(
            f"Only {list(_LISTED)} attributes support comparison with a list of quoted string values."
        )
    if clause.key == "version_number":
        return _number_clause(clause)
    if not isinstance(clause.value, str | list):
        raise invalid(f"Only the '{_set(_NUMERIC)}' attributes support comparison with numeric values.")
    _check_text(clause)
    if clause.key == "name":
        return _name_clause(registry, clause)
    return _or_empty(Compare(_VERSION_KEYS[clause.key], clause.op, clause.value))


def _name_clause(registry: Registry, clause: Clause) -> Expr:
    """Versions of certain models. Models are looked up first, since they are few beside their versions."""
    if clause.op == "=":
        return attribute("home", "=", next(iter(_named(registry, [str(clause.value)])), -1))
    if clause.op == "in" and isinstance(clause.value, list):
        return attribute("home", "in", _named(registry, clause.value))
    own = attribute("namespace", "=", registry.namespace)
    where = And([own, attribute("name", clause.op, clause.value)])
    page = registry.session.find(Query(kinds=["model"], where=where, limit=_MOST_HOMES, parts=[]))
    if page.cursor is not None:
        return Compare(_MODEL_NAME, clause.op, clause.value)
    return attribute("home", "in", [model.id for model in page.entities])


def _named(registry: Registry, names: Sequence[Scalar]) -> list[int]:
    found = (registry.session.look_up(registry.ref(str(name)), ()) for name in names)
    return [each.id for each in found if each is not None]


def _number_clause(clause: Clause) -> Expr:
    if clause.op not in NUMERIC:
        raise invalid(f"Invalid comparator for attribute {clause.key}: {clause.op.upper()}")
    if isinstance(clause.value, float) or not re.fullmatch(r"\s*[-+]?\d+\s*", str(clause.value)):
        raise invalid(f"Invalid value for numeric attribute '{clause.key}': {clause.value!r}")
    return Compare(Property(NUMBER), clause.op, int(str(clause.value)))


def _tag_clause(clause: Clause) -> Expr:
    if not isinstance(clause.value, str):
        shown = f"({', '.join(map(repr, clause.value))})" if isinstance(clause.value, list) else clause.value
        raise invalid(f"Expected a quoted string value for tag (e.g. 'my-value'). Got value {shown}")
    if clause.op not in TEXT:
        raise invalid(f"Invalid comparator for tag: {clause.op.upper()}")
    return Compare(Property(f"tag.{clause.key}"), clause.op, clause.value)


def _check_key(clause: Clause, known: Sequence[str]) -> None:
    if clause.group not in ("attribute", *_TAGS):
        raise invalid(
            f"Invalid entity type '{clause.group}'. Valid entity types are ('attribute', 'tag', 'tags')"
        )
    if clause.group == "attribute" and clause.key not in known:
        raise invalid(f"Invalid attribute key '{clause.key}' specified. Valid keys are '{_set(known)}'")


def _check_text(clause: Clause) -> None:
    value = clause.value
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        raise invalid(
            "While parsing a list in the query, expected string value, punctuation, or whitespace, but got different"
            f" type in list: {tuple(value)}"
        )
    if clause.op not in TEXT | LISTS:
        raise invalid(f"Invalid comparator for attribute: {clause.op.upper()}")
    if (clause.op in LISTS) != isinstance(value, list):
        shown = tuple(value) if isinstance(value, list) else repr(value)
        raise invalid(f"Invalid clause(s) in filter string: {clause.key}, {clause.op.upper()}, {shown}")


def _or_empty(clause: Compare) -> Expr:
    """What was not told is the empty text to MLflow, and is not kept here."""
    value = clause.value
    holds = {
        "=": value == "",
        "!=": value != "",
        "in": isinstance(value, list) and "" in value,
        "not in": isinstance(value, list) and "" not in value,
    }.get(clause.op, not str(value).strip("%"))
    return Or([clause, Compare(clause.field, "is null")]) if holds else clause


# Orders


def _model_order(text: str) -> Order:
    key, descending = _read_order(text)
    if key not in _MODEL_ORDERS:
        raise invalid(
            f"Invalid order by key '{key}' specified. Valid keys are '{_set(['name', 'timestamp'])}'"
        )
    return Order(Attribute(_MODEL_ORDERS[key]), descending)


def _version_order(text: str) -> Order:
    named, descending = _read_order(text)
    group, dot, key = named.partition(".")
    if dot and group not in ("attribute", "attributes", *_TAGS):
        raise invalid(
            f"Invalid entity type '{group}'. Valid entity types are ('attribute', 'attributes', 'tag', 'tags')"
        )
    name, known = key if dot else group, _set(sorted(_VERSION_ORDERS))
    if dot and group in _TAGS:
        raise invalid(f"Invalid order by key '{name}' specified. Valid keys are {known}")
    if name not in _VERSION_ORDERS:
        raise invalid(f"Invalid attribute key '{name}' specified. Valid keys are '{known}'")
    return Order(_VERSION_ORDERS[name], descending)


def _read_order(text: str) -> tuple[str, bool]:
    """What to order by, and whether descending."""
    match = _ORDER.fullmatch(text)
    if match is None:
        raise invalid(f"Invalid order_by clause '{text[:500]}'. Could not be parsed.")
    name, direction = match[1].strip('`"'), (match[2] or "asc").lower()
    if direction not in ("asc", "desc"):
        raise invalid(f"Invalid ordering key in order_by clause '{text[:500]}'.")
    return name, direction == "desc"


def _complete(texts: Sequence[str], orders: Sequence[Order], ties: Sequence[Order]) -> list[Order]:
    """The order asked for, and what breaks ties; Refused when a field comes twice."""
    fields = [each.field for each in orders]
    if len(set(fields)) < len(fields):
        raise invalid(f"`order_by` contains duplicate fields: {list(texts)}")
    return [*orders, *(each for each in ties if each.field not in fields)]


def _set(words: Sequence[str]) -> str:
    """Words as Python shows a set of them."""
    return f"{{{', '.join(map(repr, words))}}}"
