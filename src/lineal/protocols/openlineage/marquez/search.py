"""Search for jobs and data sets: as Marquez has it, and as its newer web UI asks with highlights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Expr, Order, Page, Query
from lineal.protocols.base import Call, Handler, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, shown_jobs, wire
from lineal.protocols.openlineage.marquez.asking import EVERYTHING, MOST, Parameters, iso, node_id
from lineal.protocols.openlineage.marquez.facets import facet_of, facets_of, text_of

_KINDS = ("dataset", "job")
_EVENTS = {"COMPLETED": "COMPLETE", "FAILED": "FAIL", "ABORTED": "ABORT", "RUNNING": "RUNNING"}
_HITS = 25


def search(call: Call) -> Reply:
    """Jobs and data sets that have words that begin so, or else whose names contain the text."""
    parameters = Parameters(call)
    text = _text(parameters)
    chosen = parameters.choice("filter", ("DATASET", "JOB"))
    sort = parameters.choice("sort", ("NAME", "UPDATE_AT", "UPDATED_AT"), "NAME")
    order = Order(Attribute("name")) if sort == "NAME" else Order(Attribute("updated"), descending=True)
    query = Query(
        kinds=[chosen.lower()] if chosen else list(_KINDS),
        where=asking.both(_namespace(parameters.text("namespace")), *_dates(parameters)),
        order=[order],
        limit=max(min(parameters.number("limit", 10), MOST), 1),
        parts=[],
        count=True,
    )
    found = _find(call.session, query, text)
    results = [_result(each) for each in found.entities if parameters.number("limit", 10)]
    return json_reply({"totalCount": found.total or 0, "results": results})


def _text(parameters: Parameters) -> str:
    found = (parameters.text("q") or "").strip()
    if not found:
        raise Invalid("query param q must not be blank")
    return found


def _find(session: Session, query: Query, text: str) -> Page:
    """By words, or else by a part of the name."""
    found = session.find(msgspec.structs.replace(query, text=text))
    if found.entities and found.corrected is None:
        return found
    pattern = text.replace("%", "_")
    named = Compare(Attribute("name"), "ilike", f"%{pattern}%")
    return session.find(msgspec.structs.replace(query, where=asking.both(query.where, named)))


def _namespace(name: str | None) -> Expr | None:
    if name is None:
        return None
    return Compare(Attribute("namespace"), "in", [*asking.data_namespaces(name)])


def _dates(parameters: Parameters) -> list[Expr]:
    found: list[Expr] = []
    for name in ("before", "after"):
        text = parameters.text(name)
        if text is not None:
            found.append(
                Compare(Attribute("updated"), "<" if name == "before" else ">", _midnight(name, text))
            )
    return found


def _midnight(name: str, text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(f'query param {name} must match "YYYY-MM-DD"') from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _sort_of(entity: Entity) -> str:
    return "job" if entity.kind == "job" else "dataset"


def _result(entity: Entity) -> wire.SearchResult:
    return wire.SearchResult(
        type=_sort_of(entity).upper(),
        name=entity.name,
        updated_at=iso(entity.updated),
        namespace=entity.namespace,
        node_id=node_id(_sort_of(entity), entity.namespace, entity.name),
    )


# With highlights


def highlighted(kind: str) -> Handler:
    """Answers entities of a kind, with what in them matches between `<em>` and `</em>`."""

    def handler(call: Call) -> Reply:
        text = _text(Parameters(call))
        query = Query(kinds=[kind], limit=_HITS, parts=list(EVERYTHING))
        found = _find(call.session, query, text).entities
        runs = shown_jobs.latest_runs(call.session, found) if kind == "job" else {}
        hits = [_hit(each, runs.get(each.id)) for each in found]
        return json_reply({"hits": hits, "highlights": [_marked(each, text) for each in found]})

    return handler


def _hit(entity: Entity, run: Entity | None) -> dict[str, Any]:
    state = shown_jobs.state_of(run) if run is not None else ""
    return {
        "run_id": run.name if run is not None else "",
        "name": entity.name,
        "namespace": entity.namespace,
        "eventType": _EVENTS.get(state, "START" if run is not None else ""),
        "type": text_of(entity, "job.processing") or "BATCH" if entity.kind == "job" else "DB_TABLE",
        "facets": facets_of(entity),
        "runFacets": facets_of(run) if run is not None else {},
    }


def _marked(entity: Entity, text: str) -> dict[str, list[str]]:
    """What of an entity has the words that are looked for, by where it stands."""
    words = [re.escape(each) for each in re.findall(r"\w+", text)]
    if not words:
        return {}
    pattern = re.compile("|".join(words), re.IGNORECASE)
    found: dict[str, list[str]] = {}
    for place, texts in _texts(entity).items():
        marked = [pattern.sub(r"<em>\g<0></em>", each) for each in texts if pattern.search(each)]
        if marked:
            found[place] = marked
    return found


def _texts(entity: Entity) -> dict[str, Sequence[str]]:
    schema = facet_of(entity, "schema").get("fields")
    fields = (
        [each.get("name") for each in schema if isinstance(each, dict)] if isinstance(schema, list) else []
    )
    query = facet_of(entity, "sql").get("query")
    return {
        "name": [entity.name],
        "namespace": [entity.namespace],
        "description": [told] if (told := text_of(entity, "description")) else [],
        "facets.schema.fields.name": [each for each in fields if isinstance(each, str)],
        "facets.sql.query": [query] if isinstance(query, str) else [],
    }
