"""Spans that arrive by OpenTelemetry's protocol: all of a request in one commit.

A trace comes in pieces, in any order: several exports of spans, and what the client tells of the trace as a whole.
Whatever comes is merged with what is there, on the condition that nothing changes in between; if something does,
it is read and merged anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, AtRevision, Change, Expect, PutEdge, PutEntity, PutSpans
from lineal.graph.errors import ExpectationFailed, Invalid, NotFound
from lineal.graph.mlflow import spans, traces
from lineal.graph.mlflow.traces import METADATA, NAME_TAG, SPANS_HERE, SPANS_TAG, trace_ref
from lineal.graph.model import Entity, Local, Properties, Span
from lineal.protocols.base import Call, Reply, TooLarge, json_reply
from lineal.protocols.mlflow import experiments, validate
from lineal.protocols.mlflow.errors import Refused, invalid, missing
from lineal.protocols.mlflow.runs import Home, home_of
from lineal.protocols.mlflow.traces import lookup, otlp, totals
from lineal.protocols.mlflow.traces.conventions import translated
from lineal.protocols.mlflow.traces.preview import preview
from lineal.protocols.mlflow.traces.translate import LONGEST_SESSION
from lineal.protocols.mlflow.translate import TAG, run_ref, text

LARGEST = 64 * 1024 * 1024
EXPERIMENT, RUN = "x-mlflow-experiment-id", "x-mlflow-run-id"
NEW, SAME = "trace_new", "trace_same"
ATTEMPTS = 50
_INLINE = 65_536
_NOT_TAGS = ("telemetry.sdk.", "mlflow.")
_SERVICE = "service.name"
_AGENTS = ("claude-code", "codex_cli_rs", "codex_vscode", "gemini-cli", "qwen-code")
"""Services whose name MLflow shows on the first span of a trace; those of others are tags of the trace alone."""
_SESSIONS = ("session.id", "gen_ai.conversation.id")
_KEPT = TAG + SPANS_TAG


class Piece(NamedTuple):
    """What one request tells of one trace."""

    number: str
    spans: list[Span]
    resource: dict[str, Any]


async def export(call: Call) -> Reply:
    """POST /v1/traces."""
    try:
        if EXPERIMENT not in call.headers:
            return _no_experiment()
        media_type = call.headers.get("content-type", "").split(";")[0].strip()
        if media_type not in (otlp.PROTOBUF, otlp.JSON):
            raise otlp.Malformed(
                f"Invalid Content-Type: {media_type!r}. It must be {otlp.PROTOBUF} or {otlp.JSON}."
            )
        body = await _body(call)
        pieces = (
            _pieces(body, media_type)
            if len(body) < _INLINE
            else await asyncio.to_thread(_pieces, body, media_type)
        )
        await _store(call, pieces)
    except otlp.Unusable as error:
        return _failed(422, str(error))
    except TooLarge as error:
        return _failed(413, str(error))
    except Invalid as error:
        return _failed(400, str(error))
    return Reply(200, b"{}" if media_type == otlp.JSON else b"", media_type)


def _no_experiment() -> Reply:
    detail = {"type": "missing", "loc": ["header", EXPERIMENT], "msg": "Field required", "input": None}
    return json_reply({"detail": [detail]}, 422)


def _failed(status: int, message: str) -> Reply:
    return json_reply({"detail": message}, status)


async def _body(call: Call) -> bytes:
    """The request's body, unpacked; TooLarge when that is too large."""
    assert call.stream is not None
    found = bytearray()
    async for piece in call.stream:
        found += piece
        if len(found) > LARGEST:
            raise TooLarge(f"An export may have {LARGEST} bytes when it is unpacked.")
    return bytes(found)


def _pieces(body: bytes, media_type: str) -> list[Piece]:
    """The spans of a request by trace, with what other tools' attributes mean in MLflow's terms."""
    found: dict[str, Piece] = {}
    for number, told, resource in otlp.read(body, media_type):
        piece = found.setdefault(number, Piece(number, [], resource))
        attributes = told.attributes
        meant = translated(attributes, told.events)
        if meant is not attributes:
            attributes.update(meant)
        if told.parent is None:
            attributes.update(_sender(resource))
        piece.spans.append(spans.span_of(told))
    return list(found.values())


def _sender(resource: Mapping[str, Any]) -> dict[str, str]:
    """What a trace's first span says of the coding agent that sent it."""
    service = resource.get(_SERVICE)
    return {_SERVICE: service} if service in _AGENTS else {}


async def _store(call: Call, pieces: Sequence[Piece]) -> None:
    """Commit all pieces, or none of them."""
    experiment = validate.experiment_id(call.headers[EXPERIMENT])
    home = home_of(call.session, experiment)
    run = call.headers.get(RUN)
    if run and not await asyncio.to_thread(_is_run, call.session, run):
        run = None
    known: Mapping[str, Entity] = {}
    for _ in range(ATTEMPTS):
        operations = (
            await asyncio.to_thread(_merged, call.session, home, pieces, known)
            if known
            else _new(home, pieces)
        )
        operations += _links(pieces, run) if run else []
        try:
            await call.session.submit(
                Change([Expect(home.ref, experiments.ACTIVE, "experiment"), *operations])
            )
        except ExpectationFailed as error:
            if error.expect.code not in (NEW, SAME):
                raise
            known = await asyncio.to_thread(_known, call.session, [piece.number for piece in pieces])
        except NotFound:
            raise missing("experiment", experiment) from None
        else:
            return
    raise Refused(
        "TEMPORARILY_UNAVAILABLE", "These traces are being changed by others all the time; try again."
    )


def _is_run(session: Session, number: str) -> bool:
    with contextlib.suppress(NotFound):
        session.get(run_ref(number), ())
        return True
    return False


def _known(session: Session, numbers: Sequence[str]) -> dict[str, Entity]:
    found = ((number, lookup.known_trace(session, number)) for number in numbers)
    return {number: trace for number, trace in found if trace is not None}


def _links(pieces: Sequence[Piece], run: str) -> list[AnyOperation]:
    """Traces whose first span is among these were made by the run."""
    whole = [piece for piece in pieces if any(span.parent is None for span in piece.spans)]
    return [PutEdge("output", run_ref(run), trace_ref(piece.number)) for piece in whole]


# Traces that are new


def _new(home: Home, pieces: Sequence[Piece]) -> list[AnyOperation]:
    return [operation for piece in pieces for operation in create(home, piece)]


def create(home: Home, piece: Piece) -> Iterator[AnyOperation]:
    """A trace that is not there yet."""
    yield Expect(trace_ref(piece.number), Absent(), NEW)
    yield from _put(home, piece, None, _first(piece))


def _first(piece: Piece) -> Properties:
    """What is told of the trace when nothing was told before."""
    root = _root(piece.spans)
    return {
        "status": _status(root) if root else "IN_PROGRESS",
        **_previews(root, {}),
        **totals.of(piece.spans),
        **_people(piece.spans, {}),
        **_tags(piece, root),
    }


def _put(home: Home, piece: Piece, known: Entity | None, properties: Properties) -> Iterator[AnyOperation]:
    begun, ended = _times(piece.spans, known)
    final = known is not None and is_final(known)
    yield PutEntity(
        trace_ref(piece.number),
        kind="trace",
        namespace=home.namespace,
        name=_name(piece, properties, known),
        home=home.ref if known is None else None,
        state="active" if known is None else None,
        started=None if final else begun,
        ended=None if final else ended,
        properties=properties,
        handle=piece.number,
    )
    yield PutSpans(Local(piece.number), piece.spans)


def _times(found: Sequence[Span], known: Entity | None) -> tuple[int, int | None]:
    """Start and end in milliseconds, of these spans and of what is known."""
    begun = min(span.started for span in found) // 1_000_000
    ends = [span.ended // 1_000_000 for span in found if span.ended is not None]
    if known is not None:
        begun = begun if known.started is None else min(begun, known.started)
        ends += [] if known.ended is None else [known.ended]
    return begun, max(ends, default=None)


def _name(piece: Piece, properties: Properties, known: Entity | None) -> str | None:
    """The name that the trace was given, or else that of its first span; None leaves the one it has."""
    given = properties.get(TAG + NAME_TAG)
    if given is not None:
        return text(given)
    if known is not None and TAG + NAME_TAG in known.properties:
        return None
    root = _root(piece.spans)
    if root is not None:
        return root.name
    return piece.number if known is None else None


def _root(found: Sequence[Span]) -> Span | None:
    return next((span for span in found if span.parent is None), None)


def _status(root: Span) -> str:
    return "ERROR" if root.status == "error" else "OK"


def _previews(root: Span | None, known: Properties) -> Properties:
    if root is None:
        return {}
    told = {
        "request_preview": preview(root.attributes.get(spans.INPUTS), "user"),
        "response_preview": preview(root.attributes.get(spans.OUTPUTS), "assistant"),
    }
    return {key: value for key, value in told.items() if value is not None and key not in known}


def _people(found: Sequence[Span], known: Properties) -> Properties:
    """Session and user, if spans tell them and nobody did before."""
    told = {
        METADATA + traces.SESSION: _told(found, _SESSIONS),
        METADATA + traces.USER: _told(found, ("user.id",)),
    }
    return {key: value for key, value in told.items() if value is not None and key not in known}


def _told(found: Sequence[Span], keys: Sequence[str]) -> str | None:
    for span in found:
        for key in keys:
            value = span.attributes.get(key)
            if value and isinstance(value, str | int | float):
                return str(value)[:LONGEST_SESSION]
    return None


def _tags(piece: Piece, root: Span | None) -> Properties:
    """Tags that the resource and the first span carry; and that the spans are here."""
    carried = {
        key: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for key, value in piece.resource.items()
        if not key.startswith(_NOT_TAGS)
    }
    for key, value in root.attributes.items() if root else ():
        if key.startswith(spans.TAG_PREFIX):
            carried[key.removeprefix(spans.TAG_PREFIX)] = text(value)
    return {
        **{TAG + key: value[: validate.LONGEST_TAG] for key, value in _proper(carried)},
        _KEPT: SPANS_HERE,
    }


def _proper(pairs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Those of the tags that a client could set."""
    for key, value in pairs.items():
        with contextlib.suppress(Refused):
            validate.key(key)
            yield key, value


# Traces of which something is there


def _merged(
    session: Session, home: Home, pieces: Sequence[Piece], known: Mapping[str, Entity]
) -> list[AnyOperation]:
    place = session.get(home.ref, ()).id
    return [
        operation
        for piece in pieces
        for operation in (
            merge(session, home, place, piece, known[piece.number])
            if piece.number in known
            else create(home, piece)
        )
    ]


def merge(session: Session, home: Home, place: int, piece: Piece, known: Entity) -> Iterator[AnyOperation]:
    """More of a trace, if it is in the same experiment. Refused when it is in another one."""
    if known.home != place:
        raise elsewhere(piece.number)
    yield Expect(trace_ref(piece.number), AtRevision(known.revision), SAME)
    if lookup.is_expected(known):
        yield from _put(home, piece, None, _first(piece))
    else:
        yield from _put(home, piece, known, _changes(session, piece, known))


def elsewhere(number: str) -> Exception:
    """A trace is in one experiment and stays there."""
    return invalid(f"Trace with ID '{number}' already exists in another experiment.")


def is_final(known: Entity) -> bool:
    """Whether the client told of the trace as a whole, and so better than spans can."""
    return known.properties.get(METADATA + traces.FINAL) == "true"


def _changes(session: Session, piece: Piece, known: Entity) -> Properties:
    root = _root(piece.spans)
    own = known.properties
    found: Properties = {**_previews(root, own), **_people(piece.spans, own), **_tags(piece, root)}
    if root is not None and own.get("status") in traces.UNFINISHED:
        found["status"] = _status(root)
    return found | _totals(session, piece, known)


def _totals(session: Session, piece: Piece, known: Entity) -> Properties:
    """Usage and cost of the whole trace, unless the client told them."""
    told = {
        prefix: any(key.startswith(prefix) for key in known.properties)
        for prefix in (traces.TOKENS, traces.COST)
    }
    if not any(told.values()) and not any(map(totals.tells, piece.spans)):
        return {}
    fresh = {span.id for span in piece.spans}
    before = session.spans([known.id]).get(known.id, [])
    found = totals.of([*(span for span in before if span.id not in fresh), *piece.spans])
    settled = [prefix for prefix in told if traces.TOLD + prefix in known.properties]
    return {key: value for key, value in found.items() if not any(map(key.startswith, settled))}
