"""Whole traces: one, many, or as the file that old clients and pages ask for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.traces import METADATA, SIZES
from lineal.graph.model import Entity, Span
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import validate
from lineal.protocols.mlflow.artifacts.places import send
from lineal.protocols.mlflow.errors import MISSING, Refused
from lineal.protocols.mlflow.requests import Parameters, query_of
from lineal.protocols.mlflow.traces import lookup, spans, wire
from lineal.protocols.mlflow.traces.translate import trace_id
from lineal.protocols.mlflow.translate import text

_WAITS = (0.05, 0.2, 0.75, 2.0)
"""Seconds between looks at a trace of which the client said that there are more spans."""
_FILE = "traces.json"
_ATTACHED = [("Content-Disposition", f"attachment; filename={_FILE}")]
_PLAIN = "application/octet-stream"

_get = Parameters(wire.GetTrace)
_ids = Parameters(wire.TraceIds)


async def get(call: Call) -> Reply:
    """GET traces/get: with all its spans, for which it waits a little, or with those that are there."""
    message = _get(call)
    for wait in (*_WAITS, None):
        trace, found = await asyncio.to_thread(_read, call.session, message.trace_id)
        if message.allow_partial or _is_whole(trace, found):
            info = await asyncio.to_thread(lookup.messages, call.session, [trace])
            return json_reply({"trace": wire.Trace(info[0], spans.messages_of(found, trace_id(trace)))})
        if wait is None or (not found and _announced(trace) == 0):
            break
        await asyncio.sleep(wait)
    raise Refused(
        MISSING, f"Trace with ID {message.trace_id} is not fully exported yet, please try again later."
    )


def _read(session: Session, number: str) -> tuple[Entity, list[Span]]:
    try:
        trace = lookup.find_trace(session, number)
    except Refused:
        raise Refused(MISSING, f"Trace with ID {number} is not found.") from None
    return trace, session.spans([trace.id]).get(trace.id, [])


def _is_whole(trace: Entity, found: Sequence[Span]) -> bool:
    return bool(found) and len(found) >= _announced(trace)


def _announced(trace: Entity) -> int:
    """How many spans the client said that there are; 0 when it did not."""
    try:
        sizes = json.loads(text(trace.properties.get(METADATA + SIZES, "{}")))
        return int(sizes.get("num_spans", 0))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return 0


def batch_get(call: Call) -> Reply:
    """GET traces/batchGet: those of the traces whose spans are all there."""
    message = _ids(call)
    found = lookup.find_traces(call.session, message.trace_ids, message.experiment_ids)
    told = call.session.spans([trace.id for trace in found])
    whole = [trace for trace in found if _is_whole(trace, told.get(trace.id, ()))]
    infos = lookup.messages(call.session, whole)
    shown = [
        wire.Trace(info, spans.messages_of(told[trace.id], trace_id(trace)))
        for trace, info in zip(whole, infos, strict=True)
    ]
    return json_reply({"traces": shown} if shown else {})


def get_file(call: Call) -> Reply:
    """GET get-trace-artifact: the spans as a file, or one of the files that the client attached."""
    given = query_of(call)
    number, path = given.get("request_id", [""])[0], given.get("path", [""])[0]
    if not number:
        raise Refused("BAD_REQUEST", 'Request must include the "request_id" query parameter.')
    trace = lookup.find_trace(call.session, number)
    if path:
        return send(call, call.session.folder(lookup.address(trace)), f"attachments/{validate.path(path)}")
    found = call.session.spans([trace.id]).get(trace.id, [])
    if not found:
        return _uploaded(call, trace)
    documents: dict[str, Any] = {"spans": [spans.span_document(span, trace_id(trace)) for span in found]}
    return Reply(200, msgspec.json.encode(documents), _PLAIN, _ATTACHED)


def _uploaded(call: Call, trace: Entity) -> Reply:
    """What a client uploaded that cannot send spans; no spans when it has not yet."""
    try:
        return send(call, call.session.folder(lookup.address(trace)), _FILE)
    except NotFound:
        return Reply(200, b'{"spans":[]}', _PLAIN, _ATTACHED)
