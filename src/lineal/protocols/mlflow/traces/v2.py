"""What clients before MLflow 3 know: a trace is started, its spans are uploaded as a file, and it is ended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from lineal.graph.change import Change, Expect, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.traces import NAME_TAG, metadata_of, trace_ref
from lineal.graph.model import Entity
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import experiments, validate
from lineal.protocols.mlflow.errors import invalid, missing
from lineal.protocols.mlflow.requests import Body, Parameters
from lineal.protocols.mlflow.runs import home_of
from lineal.protocols.mlflow.traces import lookup, search, translate, wire
from lineal.protocols.mlflow.traces.translate import Place, all_tags, started, trace_id
from lineal.protocols.mlflow.translate import TAG, text
from lineal.protocols.mlflow.wire import Pair

_start = Body(wire.StartTrace)
_end = Body(wire.EndTrace)
_search = Parameters(wire.SearchTraces)
_STATUSES = {"STATE_UNSPECIFIED": "TRACE_STATUS_UNSPECIFIED"}


def start(call: Call) -> Reply:
    """POST 2.0 traces."""
    message = _start(call)
    experiment = validate.experiment_id(message.experiment_id)
    home = home_of(call.session, experiment)
    number = uuid.uuid4().hex
    tags = translate.tags(_mapping(message.tags))
    name = tags.get(TAG + NAME_TAG)
    put = PutEntity(
        trace_ref(number),
        kind="trace",
        namespace=home.namespace,
        name=text(name) if name else number,
        home=home.ref,
        started=message.timestamp_ms,
        properties={
            "status": "IN_PROGRESS",
            **tags,
            **translate.metadata(_mapping(message.request_metadata)),
        },
    )
    try:
        call.session.commit(Change([Expect(home.ref, experiments.ACTIVE, "experiment"), put]))
    except NotFound:
        raise missing("experiment", experiment) from None
    return _reply(call, number)


def end(call: Call) -> Reply:
    """PATCH 2.0 traces/{request_id}."""
    message, number = _end(call), call.path_params["request_id"]
    status = translate.state(message.status)
    if status == "STATE_UNSPECIFIED":
        raise invalid("A trace ends with the status OK or ERROR, or goes on with IN_PROGRESS.")
    tags = translate.tags(_mapping(message.tags))
    name = tags.get(TAG + NAME_TAG)
    put = PutEntity(
        lookup.address(lookup.find_trace(call.session, number)),
        name=text(name) if name else None,
        ended=message.timestamp_ms,
        properties={"status": status, **tags, **translate.metadata(_mapping(message.request_metadata))},
    )
    try:
        call.session.commit(Change([put]))
    except NotFound:
        raise lookup.missing(number) from None
    return _reply(call, number)


def get(call: Call) -> Reply:
    """GET 2.0 traces/{request_id}/info."""
    return _reply(call, call.path_params["request_id"])


def find(call: Call) -> Reply:
    """GET 2.0 traces."""
    message = _search(call)
    asked = search.Asked(
        message.experiment_ids, message.filter, message.order_by, message.max_results, message.page_token
    )
    found = search.find(call.session, asked, ["properties", "external"])
    places = lookup.places(call.session, found.traces, found.homes)
    shown = [_message(trace, places[trace.id]) for trace in found.traces]
    return json_reply(wire.TracesV2(shown, found.token))


def _reply(call: Call, number: str) -> Reply:
    trace = lookup.find_trace(call.session, number)
    return json_reply({"trace_info": _message(trace, lookup.places(call.session, [trace])[trace.id])})


def _message(trace: Entity, place: Place) -> wire.TraceInfoV2:
    state = text(trace.properties.get("status", "STATE_UNSPECIFIED"))
    return wire.TraceInfoV2(
        trace_id(trace),
        place.experiment,
        started(trace),
        0 if trace.ended is None else trace.ended - started(trace),
        _STATUSES.get(state, state),
        _pairs(metadata_of(trace.properties)),
        _pairs(all_tags(trace, place)),
    )


def _mapping(pairs: list[Pair]) -> dict[str, str]:
    return {pair.key: pair.value for pair in pairs}


def _pairs(mapping: Mapping[str, str]) -> list[Pair]:
    return [Pair(key, value) for key, value in mapping.items()]
