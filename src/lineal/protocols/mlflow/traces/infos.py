"""What is known of traces without their spans: told, shown, tagged, deleted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, AtRevision, Change, Expect, PutEdge, PutEntity, Remove
from lineal.graph.errors import ExpectationFailed, NotFound
from lineal.graph.mlflow import traces
from lineal.graph.mlflow.traces import METADATA, NAME_TAG, assessment_ref, trace_ref
from lineal.graph.model import AnyRef, ById, Entity, External, Local, Properties
from lineal.graph.query import And, Attribute, Compare, ExternalId, Order, Query, attribute
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import experiments, validate
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid, missing
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.runs import Home, home_of
from lineal.protocols.mlflow.traces import judgements, lookup, times, translate, wire
from lineal.protocols.mlflow.traces.ingest import ATTEMPTS, NEW, SAME, elsewhere
from lineal.protocols.mlflow.translate import DEFAULT_ROOT, TAG, model_ref, run_ref, text

_AT_ONCE = 500
_OLDEST = [Order(Attribute("started")), Order(ExternalId(traces.TRACE))]

_start = Body(wire.StartTraceV3)
_infos = Body(wire.TraceIds)
_set_tag = Body(wire.SetTraceTag)
_delete_tag = Body(wire.DeleteTraceTag)
_delete = Body(wire.DeleteTraces)


class Told(NamedTuple):
    """What a client tells of a trace as a whole."""

    number: str
    experiment: str
    begun: int
    ended: int | None
    properties: Properties
    assessments: list[wire.AssessmentIn]


class Known(NamedTuple):
    """What is there already.

    Attributes:
        trace: the trace itself.
        judged: its assessments.
        given: of the assessments that are told, those that are there.
        made_by: edges from the run and the logged model that made the trace.
    """

    trace: Entity | None
    judged: list[Entity]
    given: dict[str, Entity]
    made_by: list[PutEdge]


async def start(call: Call) -> Reply:
    """POST 3.0 traces: the trace as a whole, before or after its spans; again and again, if need be."""
    told = _told(_start(call).trace.trace_info or wire.TraceInfoIn())
    home = home_of(call.session, told.experiment)
    for _ in range(ATTEMPTS):
        known = await asyncio.to_thread(_look, call.session, told)
        operations = list(_operations(call.session, home, told, known))
        active = Expect(home.ref, experiments.ACTIVE, "experiment")
        try:
            commit = await call.session.submit(Change([active, *operations]))
        except ExpectationFailed as error:
            if error.expect.code not in (NEW, SAME):
                raise
        except NotFound:
            raise missing("experiment", told.experiment) from None
        else:
            return json_reply({"trace": {"trace_info": _shown(home, told, known, operations, commit.at)}})
    raise Refused(
        "TEMPORARILY_UNAVAILABLE", f"Trace '{told.number}' is being changed by others all the time."
    )


def _told(given: wire.TraceInfoIn) -> Told:
    translate.check_id(given.trace_id)
    place = given.trace_location.mlflow_experiment if given.trace_location else None
    if place is None or not place.experiment_id:
        raise invalid("Missing value for required parameter 'trace.trace_info.trace_location'.")
    begun = times.moment(given.request_time, "request_time") if given.request_time else 0
    lasted = (
        times.duration(given.execution_duration, "execution_duration") if given.execution_duration else None
    )
    previews: Properties = {
        key: value
        for key, value in (
            ("request_preview", given.request_preview),
            ("response_preview", given.response_preview),
        )
        if value is not None
    }
    properties = {
        "status": translate.state(given.state),
        "client_request_id": given.client_request_id or None,
        **previews,
        **translate.tags(given.tags),
        **translate.metadata(given.trace_metadata),
        METADATA + traces.FINAL: "true",
    }
    experiment = validate.experiment_id(place.experiment_id)
    ended = None if lasted is None else begun + lasted
    named = [_with_id(each) for each in given.assessments]
    return Told(given.trace_id, experiment, begun, ended, properties, named)


def _with_id(given: wire.AssessmentIn) -> wire.AssessmentIn:
    given.assessment_id = given.assessment_id or judgements.new_id()
    return given


def _look(session: Session, told: Told) -> Known:
    trace = lookup.known_trace(session, told.number)
    judged = list(lookup.judged(session, [trace.id])) if trace is not None else []
    given: dict[str, Entity] = {}
    for each in told.assessments:
        with contextlib.suppress(NotFound):
            given[each.assessment_id] = session.get(assessment_ref(each.assessment_id), ())
    return Known(trace, judged, given, list(_makers(session, told)))


def _makers(session: Session, told: Told) -> Iterator[PutEdge]:
    """Edges from the run and the model that the trace names, if they are there."""
    run, model = (told.properties.get(METADATA + key) for key in (traces.SOURCE_RUN, traces.MODEL_ID))
    for kind, ref in (("output", run and run_ref(text(run))), ("derived", model and model_ref(text(model)))):
        if isinstance(ref, str) or not ref:
            continue
        with contextlib.suppress(NotFound):
            session.get(ref, ())
            yield PutEdge(kind, ref, Local("trace"))


def _operations(session: Session, home: Home, told: Told, known: Known) -> Iterator[AnyOperation]:
    ref, trace = trace_ref(told.number), known.trace
    fresh = trace is None or lookup.is_expected(trace)
    if trace is None:
        yield Expect(ref, Absent(), NEW)
    else:
        if not fresh and trace.home != session.get(home.ref, ()).id:
            raise elsewhere(told.number)
        yield Expect(ref, AtRevision(trace.revision), SAME)
    name = told.properties.get(TAG + NAME_TAG)
    yield PutEntity(
        ref,
        kind="trace",
        namespace=home.namespace,
        name=text(name) if name else told.number if fresh else None,
        home=home.ref if fresh else None,
        state="active" if fresh else None,
        started=told.begun,
        ended=told.ended,
        properties=told.properties,
        handle="trace",
    )
    yield from known.made_by
    yield from _judge(home.namespace, told, known)


def _judge(namespace: str, told: Told, known: Known) -> Iterator[AnyOperation]:
    """The assessments that are told; those that are there start when the trace does."""
    for given in told.assessments:
        stored = known.given.get(given.assessment_id)
        if stored is not None and (known.trace is None or stored.home != known.trace.id):
            raise invalid(f"Assessment with ID '{given.assessment_id}' belongs to another trace.")
        yield judgements.put(given, Local("trace"), namespace, told.begun)
    told_ids = {each.id for each in known.given.values()}
    for each in known.judged:
        if each.started != told.begun and each.id not in told_ids:
            yield PutEntity(ById(each.id), started=told.begun)


def _shown(
    home: Home, told: Told, known: Known, operations: Sequence[AnyOperation], at: int
) -> wire.TraceInfo:
    """The trace as it is now, which the commit vouches for."""
    before = known.trace
    trace = Entity(0, "", "trace", home.namespace, told.number, started=told.begun, ended=told.ended)
    if before is not None and told.ended is None:
        trace.ended = before.ended
    trace.external = [External(traces.TRACE, told.number)]
    changed = (before.properties if before is not None else {}) | told.properties
    trace.properties = {key: value for key, value in changed.items() if value is not None}
    judged = {
        each.id: each for each in known.judged if each.id not in {new.id for new in known.given.values()}
    }
    fresh = [
        judgements.as_put(each, at)
        for each in operations
        if isinstance(each, PutEntity) and each.kind == "assessment"
    ]
    place = translate.Place(told.experiment, home.root or f"{DEFAULT_ROOT}/{told.experiment}")
    shown = sorted([*judged.values(), *fresh], key=lambda each: each.created)
    return translate.info(trace, place, [judgements.message(each, told.number) for each in shown])


def get(call: Call) -> Reply:
    """GET 3.0 traces/{trace_id}."""
    trace = lookup.find_trace(call.session, call.path_params["trace_id"])
    return json_reply({"trace": {"trace_info": lookup.messages(call.session, [trace])[0]}})


def batch_get(call: Call) -> Reply:
    """POST traces/batchGetInfos."""
    message = _infos(call)
    found = lookup.find_traces(call.session, message.trace_ids, message.experiment_ids)
    shown = lookup.messages(call.session, found)
    return json_reply({"trace_infos": shown} if shown else {})


# Tags


def set_tag(call: Call) -> Reply:
    """PATCH traces/{id}/tags."""
    message = _set_tag(call)
    key, value = message.key, message.value[: validate.LONGEST_TAG]
    translate.check_tag(key, "set")
    validate.key(key)
    trace = lookup.find_trace(call.session, _number(call))
    name = value if key == NAME_TAG else None
    validate.length("Trace name", name or "", translate.LONGEST_NAME)
    put = PutEntity(lookup.address(trace), name=name or None, properties={TAG + key: value})
    return _commit(call.session, trace, put)


def delete_tag(call: Call) -> Reply:
    """DELETE traces/{id}/tags."""
    key = _delete_tag(call).key
    if key != "mlflow.trace.archivalFailure":
        translate.check_tag(key, "deleted")
    trace = lookup.known_trace(call.session, _number(call))
    if trace is None or TAG + key not in trace.properties:
        raise Refused(MISSING, f"No trace tag with key '{key}' for trace with ID '{_number(call)}'")
    return _commit(call.session, trace, PutEntity(lookup.address(trace), properties={TAG + key: None}))


def _number(call: Call) -> str:
    return call.path_params.get("trace_id") or call.path_params["request_id"]


def _commit(session: Session, trace: Entity, *operations: AnyOperation) -> Reply:
    try:
        session.commit(Change(list(operations)))
    except NotFound:
        raise lookup.missing(translate.trace_id(trace)) from None
    return DONE


# Deleting


def delete(call: Call) -> Reply:
    """POST traces/delete-traces: for good, with spans and assessments."""
    message = _delete(call)
    _check_deletion(message)
    homes = list(experiments.find_experiments(call.session, [message.experiment_id]))
    if not homes:
        return json_reply({"traces_deleted": 0})
    if message.request_ids:
        found = lookup.find_traces(call.session, message.request_ids, None)
        here = [trace.id for trace in found if trace.home == homes[0]]
        deleted = sum(_remove(call.session, here[at : at + _AT_ONCE]) for at in range(0, len(here), _AT_ONCE))
    else:
        deleted = _delete_until(call.session, homes[0], message.max_timestamp_millis or 0, message.max_traces)
    return json_reply({"traces_deleted": deleted})


def _check_deletion(message: wire.DeleteTraces) -> None:
    until, ids, most = message.max_timestamp_millis, message.request_ids, message.max_traces
    if until is None and not ids:
        raise invalid("Either `max_timestamp_millis` or `trace_ids` must be specified.")
    if until is not None and ids:
        raise invalid("Only one of `max_timestamp_millis` and `trace_ids` can be specified.")
    if ids and most is not None:
        raise invalid("`max_traces` can't be specified if `trace_ids` is specified.")
    if most is not None and most <= 0:
        raise invalid(f"`max_traces` must be a positive integer, received {most}.")


def _delete_until(session: Session, home: int, until: int, most: int | None) -> int:
    """The oldest first, some hundreds in a commit, so that others can write in between."""
    where = And([attribute("home", "=", home), Compare(Attribute("started"), "<=", until)])
    deleted = 0
    while most is None or deleted < most:
        size = _AT_ONCE if most is None else min(_AT_ONCE, most - deleted)
        page = session.find(Query(kinds=["trace"], where=where, order=_OLDEST, limit=size, parts=[]))
        if not page.entities:
            break
        deleted += _remove(session, [trace.id for trace in page.entities])
    return deleted


def _remove(session: Session, ids: Sequence[int]) -> int:
    """Remove these traces for good; what somebody else removed meanwhile does not count."""
    refs: list[AnyRef] = [ById(number) for number in ids]
    while refs:
        try:
            session.commit(Change([Remove(ref, hard=True, cascade=True) for ref in refs]))
        except NotFound:
            there = {trace.id for trace in session.get_many(ids, ())}
            refs = [ById(number) for number in ids if number in there]
        else:
            return len(refs)
    return 0
