"""Searching issues: by words of their own, by MLflow's filter, ordered, with how many traces each shows in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.model import Entity
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Expr,
    ExternalId,
    Field,
    Or,
    Order,
    Property,
    Query,
    all_of,
    attribute,
)
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import filters, translate, validate
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.evaluation import issues, paging, wire
from lineal.protocols.mlflow.evaluation.addresses import ISSUE
from lineal.protocols.mlflow.evaluation.issues import LOWER_NAME, RANK, RUN, SEEN, STATUS, WHOLE
from lineal.protocols.mlflow.experiments import experiments_of, find_experiments
from lineal.protocols.mlflow.filters import EQUAL, Column
from lineal.protocols.mlflow.requests import Body

_DEFAULT_PAGE = 1000
_LONGEST_NAME = 250
_MOST_VALUES = 100
_ID = ExternalId(ISSUE)
_CREATED = Attribute("created")
_FIELDS: dict[str, Field] = {
    "name": Property(LOWER_NAME),
    "status": Property(STATUS),
    "severity": Property(RANK),
    "created_timestamp": _CREATED,
    "last_updated_timestamp": Attribute("updated"),
    "last_seen_timestamp": Property(SEEN),
}
_TIE = Order(_ID, descending=True)
_WORST_FIRST = Order(Property(RANK), descending=True)
_NEWEST_FIRST = Order(_CREATED, descending=True)

_search = Body(wire.SearchIssues)


def search(call: Call) -> Reply:
    """POST issues/search."""
    message = _search(call)
    _check(message)
    limit = validate.page(_DEFAULT_PAGE if message.max_results is None else message.max_results)
    query = Query(
        kinds=["issue"],
        where=all_of(*_where(call.session, message)),
        order=_order(message.order_by),
        limit=limit,
        parts=list(WHOLE),
        count=message.include_total_count,
    )
    page = _page_of_all if _by_traces(message) or _literal(message.name) else _page
    found = page(call.session, query, message)
    told = _messages(call.session, found.issues, message)
    token = paging.token(found.next, _question(message)) if found.next else ""
    return json_reply(
        wire.Issues(token, told or wire.UNSET, wire.UNSET if found.total is None else found.total)
    )


def _check(message: wire.SearchIssues) -> None:
    if message.name is not None and len(message.name) > _LONGEST_NAME:
        raise invalid(f"name must be a string of at most {_LONGEST_NAME} characters")
    for field in ("statuses", "severities", "order_by"):
        if len(getattr(message, field)) > _MOST_VALUES:
            raise invalid(f"{field} must be a list of at most {_MOST_VALUES} strings")
    issues.check_list("categories", message.categories)
    issues.check_words("status", message.statuses, issues.STATUSES)
    issues.check_words("severity", message.severities, issues.SEVERITIES)
    if message.view not in (None, "basic", "full"):
        raise invalid("view must be basic or full")


def _question(message: wire.SearchIssues) -> dict[str, Any]:
    """All that was asked but the page."""
    asked: dict[str, Any] = msgspec.to_builtins(message)
    return {key: value for key, value in asked.items() if key not in ("page_token", "max_results")}


def _where(session: Session, message: wire.SearchIssues) -> list[Expr]:
    found: list[Expr] = [Compare(_ID, "is not null"), *filters.parse(message.filter_string, _columns)]
    if message.experiment_id:
        homes = list(find_experiments(session, [message.experiment_id]))
        found.append(attribute("home", "in", homes))
    if message.name is not None:
        pattern = message.name.lower().replace("%", "_")
        found.append(Compare(Property(LOWER_NAME), "like", f"%{pattern}%"))
    for field, wanted in ((STATUS, message.statuses), (issues.SEVERITY, message.severities)):
        if wanted:
            found.append(Compare(Property(field), "in", list(wanted)))
    if message.categories:
        marks = [issues.category_key(each) for each in message.categories]
        found.append(Or([Compare(Property(mark), "is not null") for mark in marks]))
    return found


def _columns(group: str, key: str) -> Column:
    """Names in the filter of a search of issues."""
    if group != "attribute" or key not in (STATUS, RUN):
        name = key if group == "attribute" else f"{group}.{key}"
        raise invalid(f"Invalid filter field '{name}'. Supported fields: {sorted((STATUS, RUN))}")
    return Column(Property(key), EQUAL)


def _order(asked: Sequence[str]) -> list[Order]:
    """The order asked for; else the worst come first, and of those the newest."""
    if not asked:
        return [_WORST_FIRST, _NEWEST_FIRST, _TIE]
    found: dict[Field, Order] = {}
    for each in map(_one_order, asked):
        found.setdefault(each.field, each)
    return [*found.values(), _TIE]


def _one_order(text: str) -> Order:
    name, *direction = text.split() or [""]
    known = [word.upper() for word in direction]
    if name not in _FIELDS or known not in ([], ["ASC"], ["DESC"]):
        raise invalid(f"Invalid issue order_by: {text!r:.200}")
    return Order(_FIELDS[name], descending=known == ["DESC"])


class _Page(NamedTuple):
    """Some issues, where the next page begins, and the number of all if it was asked."""

    issues: list[Entity]
    next: str
    total: int | None


def _page(session: Session, query: Query, message: wire.SearchIssues) -> _Page:
    cursor = paging.position_of(message.page_token, _question(message)) or None
    page = session.find(msgspec.structs.replace(query, cursor=cursor))
    return _Page(page.entities, page.cursor or "", page.total)


def _page_of_all(session: Session, query: Query, message: wire.SearchIssues) -> _Page:
    """The same where the graph's query cannot say it all: every match is looked at."""
    offset = paging.offset_of(message.page_token, _question(message))
    matches = _all(
        session, msgspec.structs.replace(query, parts=["properties", "external"], limit=1000, count=False)
    )
    wanted = (message.name or "").lower()
    found = [each for each in matches if wanted in each.name.lower()]
    if _by_traces(message):
        counts = trace_counts(session, found)
        found.sort(key=lambda each: (-_rank(each), -counts[each.id]))
    end = offset + query.limit
    page = session.get_many([each.id for each in found[offset:end]], WHOLE)
    return _Page(page, str(end) if len(found) > end else "", len(found) if query.count else None)


def _by_traces(message: wire.SearchIssues) -> bool:
    """Whether of equally bad ones those come first that show in more traces."""
    return message.include_trace_count and not message.order_by


def _literal(name: str | None) -> bool:
    """Whether a part of a name has characters that stand for others in a pattern."""
    return name is not None and ("%" in name or "_" in name)


def _all(session: Session, query: Query) -> Iterator[Entity]:
    while True:
        page = session.find(query)
        yield from page.entities
        if page.cursor is None:
            return
        query = msgspec.structs.replace(query, cursor=page.cursor)


def _rank(issue: Entity) -> int:
    found = issue.properties.get(RANK)
    return found if isinstance(found, int) else -1


def trace_counts(session: Session, found: Sequence[Entity]) -> dict[int, int]:
    """In how many traces each issue shows: those with an assessment that names it, which the caller may see."""
    by_number = {translate.outside_id(each, ISSUE): each.id for each in found}
    query = Query(
        kinds=["assessment"],
        where=And([Compare(Property("type"), "=", "issue"), attribute("name", "in", list(by_number))]),
        limit=10_000,
        parts=[],
    )
    shown = {(each.name, each.home) for each in _all(session, query)} if found else set()
    counts = dict.fromkeys(by_number.values(), 0)
    for number, _ in shown:
        counts[by_number[number]] += 1
    return counts


def _messages(session: Session, found: Sequence[Entity], message: wire.SearchIssues) -> list[wire.Issue]:
    homes = experiments_of(session, found)
    counts = trace_counts(session, found) if message.include_trace_count else None
    return [
        issues.issue_message(
            each,
            translate.experiment_id(homes[each.home]) if each.home in homes else str(each.home or 0),
            counts[each.id] if counts is not None else None,
            message.view == "basic",
        )
        for each in found
    ]
