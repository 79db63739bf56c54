"""The language in which traces are searched, read into the one query."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

from lineal.graph.mlflow import traces
from lineal.graph.mlflow.traces import METADATA, NAME_TAG, PROMPT, SESSION, SOURCE_RUN
from lineal.graph.model import Value
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Contains,
    Expr,
    ExternalId,
    HasSpan,
    Not,
    Operator,
    Or,
    Order,
    Property,
    Related,
    SpanAttribute,
    SpanField,
    attribute,
)
from lineal.protocols.mlflow import filters
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.filters import EQUAL, LISTS, NULLS, NUMBER, TEXT, Clause, Column
from lineal.protocols.mlflow.traces.judgements import SCOPE, SESSION_SCOPE
from lineal.protocols.mlflow.translate import TAG

_RLIKE: frozenset[Operator] = frozenset({"matches"})
_MATCHES = TEXT | _RLIKE
_TAG = _MATCHES | NULLS
_WHOLE = frozenset({"attribute", "attributes", "trace"})
_TAGS = frozenset({"tag", "tags"})
_METADATA = frozenset({"metadata", "request_metadata"})
_JUDGED = frozenset({"feedback", "expectation"})
_RANGES = NUMBER - EQUAL
_NUMBERS = {
    traces.TOKEN_USAGE: (traces.TOKENS, traces.TOKEN_KEYS),
    traces.COSTS: (traces.COST, traces.COST_KEYS),
}

_STARTED = Column(Attribute("started"), NUMBER, numeric=True)
_DURATION = Column(Attribute("duration"), NUMBER, numeric=True)
_ENDED = Column(Attribute("ended"), NUMBER, numeric=True)
_NAME = Column(Property(TAG + NAME_TAG), _TAG)
_RUN = Column(Property(METADATA + SOURCE_RUN), _TAG)
_CONTENT = Column(SpanField("content"), frozenset({"like", "ilike"}))
_ATTRIBUTES = {
    "request_id": Column(ExternalId(traces.TRACE), _MATCHES | LISTS),
    "client_request_id": Column(Property("client_request_id"), _MATCHES | LISTS),
    "status": Column(Property("status"), _MATCHES | LISTS),
    "timestamp": _STARTED,
    "timestamp_ms": _STARTED,
    "execution_time": _DURATION,
    "execution_time_ms": _DURATION,
    "end_time": _ENDED,
    "end_time_ms": _ENDED,
    "name": _NAME,
    "run_id": _RUN,
    "prompt": Column(Property(PROMPT), frozenset({"="})),
    "text": _CONTENT,
}
_ORDERED = {
    **{key: _ATTRIBUTES[key] for key in _ATTRIBUTES if key not in ("client_request_id", "prompt", "text")},
    "experiment_id": Column(Attribute("home"), NUMBER),
}
_SPAN = {key: Column(SpanField(key), _MATCHES | LISTS) for key in ("name", "type", "status")} | {
    "content": _CONTENT
}

ORDER = (Order(Attribute("started"), descending=True), Order(ExternalId(traces.TRACE)))


class Surroundings(Protocol):
    """What must be looked up before some clauses can be answered."""

    def run(self, number: str) -> int | None:
        """The graph's number of a run; None when there is none to see."""
        ...

    def sessions(self, judged: Expr) -> list[str]:
        """Sessions in which a trace has an assessment of the whole session that matches."""
        ...


def parse(text: str, around: Surroundings) -> list[Expr]:
    """The clauses of a filter, all of which must hold; those about spans hold for one and the same span.

    Raises:
        Refused: the text is not of the language, or compares what cannot be compared.
    """
    found: list[Expr] = []
    of_span: list[Expr] = []
    for clause in filters.clauses(text):
        (of_span if _is_about_span(clause) else found).append(_expression(clause, around))
    return [*found, HasSpan(And(of_span))] if of_span else found


def _is_about_span(clause: Clause) -> bool:
    return clause.group == "span" or (clause.group in _WHOLE and clause.key == "text")


def _expression(clause: Clause, around: Surroundings) -> Expr:
    match clause.group, clause.key:
        case "span", key:
            return _span(clause, key)
        case group, key if group in _JUDGED:
            return _judged(clause, around)
        case "issue", "id":
            return _issue(clause)
        case group, key if group in _METADATA and key in _NUMBERS:
            return _numbers(clause)
        case _:
            return _of_trace(clause, around)


def _of_trace(clause: Clause, around: Surroundings) -> Expr:
    column = columns(clause.group, clause.key)
    plain = filters.expression(clause, columns)
    if column is _RUN or column.field == _RUN.field:
        return _in_run(plain, around)
    if column is _ENDED:
        # What goes on has not lasted yet.
        going = And([attribute("ended", "is null"), Compare(Attribute("started"), clause.op, clause.value)])
        return Or([plain, going])
    if clause.key == "prompt" and clause.group in _WHOLE:
        return _with_prompt(str(clause.value))
    return plain


def _in_run(plain: Expr, around: Surroundings) -> Expr:
    """In which the run is named, or which were linked to it."""
    if not isinstance(plain, Compare) or plain.op != "=":
        return plain
    number = around.run(str(plain.value))
    return plain if number is None else Or([plain, Related("output", "in", attribute("id", "=", number))])


def _with_prompt(version: str) -> Expr:
    if version.count("/") != 1:
        raise invalid(
            f"Invalid prompts filter value '{version[:500]}'. Expected format: prompt = \"name/version\""
        )
    return Compare(Property(PROMPT + version), "is not null")


def columns(group: str, key: str) -> Column:
    """Names of a trace as a whole."""
    if group in _TAGS:
        return Column(Property(TAG + key), _TAG)
    if group in _METADATA:
        return Column(Property(METADATA + key), _TAG)
    if group not in _WHOLE:
        known = sorted(_WHOLE | _TAGS | _METADATA | _JUDGED | {"span", "issue"})
        raise invalid(f"Invalid entity type '{group}'. Valid values are {known}")
    if key not in _ATTRIBUTES:
        raise invalid(f"Invalid attribute key '{key}' specified. Valid keys are {sorted(_ATTRIBUTES)}")
    return _ATTRIBUTES[key]


def order_columns(group: str, key: str) -> Column:
    """Names that traces are ordered by."""
    if group in _METADATA and key in _NUMBERS:
        raise invalid(f"Traces cannot be ordered by '{key}', which is several numbers.")
    if group in ("span", "issue", *_JUDGED):
        raise invalid(f"Invalid identifier type '{group}'")
    if group in _WHOLE and key not in _ORDERED:
        raise invalid(f"Invalid attribute key '{key}' specified. Valid keys are {sorted(_ORDERED)}")
    return _ORDERED[key] if group in _WHOLE else columns(group, key)


# Spans


def _span(clause: Clause, key: str) -> Expr:
    plain = filters.expression(clause, _span_columns)
    if key != "status" or not isinstance(plain, Compare):
        return plain
    value = plain.value
    lower: Any = [str(item).lower() for item in value] if isinstance(value, list) else str(value).lower()
    return Compare(plain.field, plain.op, lower)


def _span_columns(group: str, key: str) -> Column:
    if key.startswith("attributes."):
        name = key.removeprefix("attributes.").strip("`")
        if not name:
            raise invalid("Span attribute name cannot be empty after 'attributes.'")
        return Column(SpanAttribute(name), _MATCHES | LISTS)
    if key not in _SPAN:
        raise invalid(
            f"Invalid span attribute '{key}'. Supported attributes: {sorted(_SPAN)}, attributes.<attribute_name>."
        )
    return _SPAN[key]


# Assessments


def _judged(clause: Clause, around: Surroundings) -> Expr:
    """Traces with a valid assessment, or in a session that was assessed as a whole."""
    match = And([*_named(clause.group, clause.key), Compare(Property("valid"), "=", True), *_valued(clause)])
    found: list[Expr] = [Contains(["assessment"], match)]
    sessions = around.sessions(And([Compare(Property(SCOPE), "=", SESSION_SCOPE), match]))
    if sessions:
        found.append(Compare(Property(METADATA + SESSION), "in", list(sessions)))
    return Not(Or(found)) if clause.op == "is null" else Or(found)


def _named(kind: str, name: str) -> list[Expr]:
    return [attribute("name", "=", name), Compare(Property("type"), "=", kind)]


def _valued(clause: Clause) -> Iterator[Expr]:
    """What must hold of the value, which is JSON text; a number is kept as such, too."""
    value, name = clause.value, f"{clause.group}.{clause.key}"
    if clause.op in NULLS:
        return
    if clause.op in _RANGES:
        filters.check_item(name, value if not isinstance(value, list) else None, numeric=True)
        yield Compare(Property("numeric"), "=", True)
        yield Compare(Property("number"), clause.op, value)
        return
    if clause.op not in _MATCHES:
        raise invalid(f"Invalid comparator '{clause.op.upper()}' for '{name}'")
    filters.check_item(name, value if not isinstance(value, list) else None, numeric=False)
    if clause.op in EQUAL:
        yield Compare(Property("value"), "in" if clause.op == "=" else "not in", list(_spellings(str(value))))
    else:
        yield Compare(Property("value"), clause.op, value)


def _spellings(value: str) -> set[str]:
    """The JSON texts that a word may stand for: itself, a string, a number."""
    found = {value, json.dumps(value, ensure_ascii=False)}
    try:
        return found | {json.dumps(float(value))}
    except ValueError:
        return found


def _issue(clause: Clause) -> Expr:
    if clause.op != "=":
        raise invalid(f"issue.id comparator '{clause.op.upper()}' not one of '['=']'")
    return Contains(["assessment"], And(_named("issue", str(clause.value))))


# Usage and cost


def _numbers(clause: Clause) -> Expr:
    """Metadata that is kept as numbers equals only the text that it is shown as."""
    prefix, keys = _NUMBERS[clause.key]
    present = Or([Compare(Property(prefix + key), "is not null") for key in keys])
    match clause.op:
        case "is null":
            return Not(present)
        case "is not null":
            return present
        case "=":
            return _shown_as(clause.key, str(clause.value))
        case "!=":
            return And([present, Not(_shown_as(clause.key, str(clause.value)))])
        case _:
            raise invalid(f"Comparator '{clause.op.upper()}' is not supported for '{clause.key}'.")


def _shown_as(key: str, value: str) -> Expr:
    told = traces.metadata_properties({key: value})
    if traces.metadata_of(told).get(key) != value:
        return Or([])
    prefix, keys = _NUMBERS[key]
    return And([_equals(prefix + each, told.get(prefix + each)) for each in keys])


def _equals(name: str, value: Value) -> Expr:
    if isinstance(value, int | float):
        return Compare(Property(name), "=", value)
    return Compare(Property(name), "is null")
