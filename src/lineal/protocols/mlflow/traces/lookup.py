"""Finding traces and what belongs to them, and showing them."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from lineal.catalog.rendered import Rendering
from lineal.catalog.session import Session
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.names import outside_id
from lineal.graph.mlflow.traces import TRACE, assessment_ref, trace_ref
from lineal.graph.model import ByExternal, ById, ByUuid, Entity
from lineal.graph.query import Attribute, Compare, ExternalId, Order, Query
from lineal.protocols.mlflow import experiments, translate
from lineal.protocols.mlflow.errors import MISSING, Refused
from lineal.protocols.mlflow.runs import at_home
from lineal.protocols.mlflow.traces import judgements, wire
from lineal.protocols.mlflow.traces.translate import Place, info, trace_id

_FOREIGN = re.compile(r"tr-([0-9a-f]{32})")
_PAGE = 1000
_OLDEST_FIRST = [Order(Attribute("created")), Order(Attribute("id"))]


def find_trace(session: Session, number: str) -> Entity:
    """A trace by MLflow's id, or by its uuid when another tool recorded it.

    Raises:
        Refused: there is none to see, or only a link to one that is yet to come.
    """
    found = known_trace(session, number)
    if found is None or is_expected(found):
        raise missing(number)
    return found


def known_trace(session: Session, number: str) -> Entity | None:
    """The same, also of one that is only expected; None when there is none."""
    with contextlib.suppress(NotFound):
        return session.get(trace_ref(number), ("properties", "external"))
    foreign = _FOREIGN.fullmatch(number)
    if foreign:
        with contextlib.suppress(NotFound):
            trace = session.get(ByUuid(foreign[1]), ("properties", "external"))
            if session.types().is_a(trace.kind, "trace") and outside_id(trace, TRACE) is None:
                return trace
    return None


def is_expected(trace: Entity) -> bool:
    """Whether it was linked to a run before it arrived: then it is there, but MLflow's clients are not told of it."""
    return trace.state != "active" and "status" not in trace.properties


def address(trace: Entity) -> ByExternal | ById:
    """The address of a trace that was found."""
    number = outside_id(trace, TRACE)
    return ById(trace.id) if number is None else trace_ref(number)


def missing(number: str) -> Refused:
    """There is no trace of this id."""
    return Refused(MISSING, f"Trace with ID '{number}' not found.")


def find_traces(session: Session, numbers: Sequence[str], experiments_: Iterable[str] | None) -> list[Entity]:
    """Those of the traces that are there, in this order; only in some experiments when these are given."""
    among = Compare(ExternalId(TRACE), "in", list(dict.fromkeys(numbers)))
    query = Query(kinds=["trace"], where=among, limit=max(len(numbers), 1), parts=["properties", "external"])
    found = {trace_id(each): each for each in session.find(query).entities}
    for number in numbers:
        if number not in found and _FOREIGN.fullmatch(number):
            trace = known_trace(session, number)
            if trace is not None and not is_expected(trace):
                found[number] = trace
    homes = None if experiments_ is None else experiments.find_experiments(session, experiments_)
    return [
        found[number]
        for number in dict.fromkeys(numbers)
        if number in found and (homes is None or found[number].home in homes)
    ]


# Showing


class _Around(NamedTuple):
    """What a trace's message tells that is not of its row or properties."""

    number: str
    place: Place
    assessments: list[wire.Assessment]


def _encoded(trace: Entity, around: _Around) -> bytes:
    return msgspec.json.encode(info(trace, around.place, around.assessments))


_shown = Rendering(("properties",), _encoded)


def messages(
    session: Session, found: Sequence[Entity], homes: Mapping[int, Entity] | None = None
) -> list[msgspec.Raw]:
    """Traces as MLflow shows them, with their assessments: `wire.TraceInfo` as JSON.

    Args:
        session: whoever is asking.
        found: traces with their external ids; their properties are read when they are needed.
        homes: their experiments by the graph's number, if they are known.
    """
    at, numbers = places(session, found, homes), {trace.id: trace_id(trace) for trace in found}
    told = _assessments(session, numbers)
    around = [(trace, _Around(numbers[trace.id], at[trace.id], told.get(trace.id, []))) for trace in found]
    return [msgspec.Raw(each) for each in session.render(_shown, around)]


def places(
    session: Session, found: Sequence[Entity], homes: Mapping[int, Entity] | None = None
) -> dict[int, Place]:
    """Where each trace is, as far as the caller may see it."""
    homes = experiments.experiments_of(session, found) if homes is None else homes
    at = {number: place(number, homes.get(number)) for number in {trace.home or 0 for trace in found}}
    return {trace.id: at[trace.home or 0] for trace in found}


def place(number: int, home: Entity | None) -> Place:
    """Where traces are whose home has this number in the graph."""
    if home is None:
        return Place(str(number), f"{translate.DEFAULT_ROOT}/{number}")
    return Place(translate.experiment_id(home), translate.location(home))


def assessments_of(session: Session, found: Sequence[Entity]) -> dict[int, list[wire.Assessment]]:
    """The assessments of each trace, the oldest first."""
    return _assessments(session, {trace.id: trace_id(trace) for trace in found})


def _assessments(session: Session, numbers: Mapping[int, str]) -> dict[int, list[wire.Assessment]]:
    """The same of traces of which the graph's number and MLflow's id are known."""
    told: dict[int, list[wire.Assessment]] = defaultdict(list)
    for each in judged(session, list(numbers)) if numbers else ():
        home = each.home or 0
        told[home].append(judgements.message(each, numbers[home]))
    return told


def judged(session: Session, ids: list[int]) -> Iterator[Entity]:
    """The assessments of traces, the oldest first."""
    cursor: str | None = None
    while True:
        page = session.find(
            Query(
                kinds=["assessment"],
                where=at_home(ids),
                order=_OLDEST_FIRST,
                limit=_PAGE,
                cursor=cursor,
                parts=["properties", "external"],
            )
        )
        yield from page.entities
        cursor = page.cursor
        if cursor is None:
            return


def find_assessment(session: Session, trace: Entity, number: str) -> Entity:
    """An assessment of a trace; Refused when it has none of this id."""
    with contextlib.suppress(NotFound):
        found = session.get(assessment_ref(number), ("properties", "external"))
        if found.home == trace.id:
            return found
    raise no_assessment(trace_id(trace), number)


def no_assessment(trace: str, number: str) -> Refused:
    """The trace has no assessment of this id."""
    return Refused(MISSING, f"Assessment with ID '{number}' not found for trace '{trace}'")
