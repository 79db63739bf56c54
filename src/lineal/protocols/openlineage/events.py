"""Events as they are sent, read and held against OpenLineage's model. Nothing here reads or writes the graph.

Facets stay JSON text until somebody wants to know what is in them: most are known from the event before.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from lineal.graph import openlineage as names
from lineal.graph.errors import NOT_JSON, Invalid
from lineal.protocols.openlineage import secrets
from lineal.protocols.openlineage.errors import Incomplete

LARGEST_FACET = 8 << 20
"""Bytes of one facet; of a larger one only its name, producer and schema are kept."""
LARGEST_KEPT = 16 << 20
"""Bytes of an event that is kept as it came; a larger one is kept without facets."""
_LONGEST_NAME = 1000
_BITE = 2000
_OLDEST, _NEWEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_RANKS = {"START": 1, "RUNNING": 2, "OTHER": 2, "COMPLETE": 4, "FAIL": 4, "ABORT": 4}
# An escaped NUL: `\u0000` after an even number of backslashes. No database can keep it.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

Facets = dict[str, msgspec.Raw]


class _Run(msgspec.Struct):
    runId: str
    facets: Facets | None = None


class _Job(msgspec.Struct):
    namespace: str
    name: str
    facets: Facets | None = None


class _Dataset(msgspec.Struct):
    namespace: str
    name: str
    facets: Facets | None = None
    inputFacets: Facets | None = None
    outputFacets: Facets | None = None


class _Event(msgspec.Struct):
    eventTime: str
    producer: str
    schemaURL: str | None = None
    eventType: str | None = None
    run: _Run | None = None
    job: _Job | None = None
    dataset: _Dataset | None = None
    inputs: list[_Dataset] | None = None
    outputs: list[_Dataset] | None = None


class Data(NamedTuple):
    """A data set as an event tells of it.

    Attributes:
        namespace, name: as it is kept.
        alias: the namespace and name in the event, when they are others.
        facets: of the data set itself, as JSON text.
        moment: those that tell of this reading or writing alone.
    """

    namespace: str
    name: str
    alias: tuple[str, str] | None
    facets: Facets
    moment: Facets


class Job(NamedTuple):
    """A job as an event tells of it."""

    namespace: str
    name: str
    facets: Facets

    @property
    def key(self) -> str:
        """As details of edges name it."""
        return names.job_key(self.namespace, self.name)


class Event(NamedTuple):
    """One event.

    Attributes:
        time: milliseconds since the epoch.
        order: tells which of two events is the later one, also when both are of one moment.
        state: in which the run is now; empty when the event is about no run.
        begins: whether it tells the beginning of a run.
        dataset: of an event about a data set alone.
        key, body: under which it is kept, and as what.
    """

    time: int
    order: int
    producer: str
    state: str
    begins: bool
    run: str | None
    run_facets: Facets
    job: Job | None
    dataset: Data | None
    inputs: list[Data]
    outputs: list[Data]
    key: str
    body: msgspec.Raw


_EVENT = msgspec.json.Decoder(_Event)
_BATCH = msgspec.json.Decoder(list[msgspec.Raw])


def read(body: bytes) -> Event:
    """An event.

    Raises:
        Incomplete: a field is missing or of the wrong type.
        Invalid: it is no JSON, its time is none, or a name is too long.
    """
    body = secrets.cleaned(_without_nul(body))
    event = _decoded(body)
    kind = _kind(event)
    _require(event, kind)
    moment = _moment(event.eventTime)
    run = event.run if kind == "RunEvent" else None
    job = event.job if kind != "DatasetEvent" else None
    told = event.dataset if kind == "DatasetEvent" else None
    type_ = event.eventType.upper() if event.eventType else ""
    return Event(
        moment // 1000,
        moment * 10 + _RANKS.get(type_, 2),
        event.producer,
        names.state_of(event.eventType) if run else "",
        type_ == "START",
        names.run_id(_named(run.runId, "run.runId")) if run else None,
        (run.facets or {}) if run else {},
        Job(_named(job.namespace, "job.namespace"), _named(job.name, "job.name"), job.facets or {})
        if job
        else None,
        _data(told, "dataset", None) if told else None,
        [_data(each, "inputs", each.inputFacets) for each in (event.inputs or ()) if job],
        [_data(each, "outputs", each.outputFacets) for each in (event.outputs or ()) if job],
        _key(body),
        _kept(body, event),
    )


def read_batch(body: bytes) -> list[bytes]:
    """The events of a batch, each still to be read; Invalid when it is no list."""
    try:
        return [bytes(each) for each in _BATCH.decode(body)]
    except msgspec.ValidationError:
        raise Invalid("A batch is a JSON array of events.") from None
    except NOT_JSON as error:
        raise Invalid(f"This is no JSON: {error}") from None


def document(facet: msgspec.Raw) -> Any:
    """What is in a facet; of one that is too large, only what it is."""
    found = msgspec.json.decode(facet)
    if len(bytes(facet)) > LARGEST_FACET and isinstance(found, dict):
        return {key: value for key, value in found.items() if key in ("_producer", "_schemaURL")}
    return found


def _decoded(body: bytes) -> _Event:
    try:
        return _EVENT.decode(body)
    except msgspec.ValidationError as error:
        raise Incomplete(_shown(error)) from None
    except NOT_JSON as error:
        raise Invalid(f"This is no JSON: {error}") from None


def _shown(error: msgspec.ValidationError) -> str:
    return str(error).replace("Object missing required field", "An event needs the field")


def _without_nul(body: bytes) -> bytes:
    # Most bodies have no backslash, which is found out much faster.
    is_there = b"\\" in body and b"\\u0000" in body
    return _NUL.sub(rb"\1\\ufffd", body) if is_there else body


def _kind(event: _Event) -> str:
    """What an event is about: as its schema says, or else by what it has."""
    kind = (event.schemaURL or "").rpartition("/")[2]
    if kind in ("RunEvent", "JobEvent", "DatasetEvent"):
        return kind
    if event.run is None and event.dataset is not None:
        return "DatasetEvent"
    return "JobEvent" if event.schemaURL and event.run is None and event.job is not None else "RunEvent"


_NEEDED = {"RunEvent": ("run", "job"), "JobEvent": ("job",), "DatasetEvent": ("dataset",)}


def _require(event: _Event, kind: str) -> None:
    for field in _NEEDED[kind]:
        if getattr(event, field) is None:
            raise Incomplete(f"A {kind} needs the field `{field}`.")


def _moment(text: str) -> int:
    """Microseconds since the epoch; a time without a zone is in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"eventTime must be a date and time of ISO 8601, unlike {text[:60]!r}") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if not _OLDEST < found < _NEWEST:
        raise Invalid(f"eventTime must be in this age, unlike {text[:60]!r}")
    whole = found - datetime(1970, 1, 1, tzinfo=UTC)
    return (whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds


def _named(text: str, field: str) -> str:
    if not text.strip():
        raise Incomplete(f"{field} may not be empty")
    if len(text) > _LONGEST_NAME:
        raise Invalid(f"{field} may have {_LONGEST_NAME} characters; this has {len(text)}")
    return text


def _data(told: _Dataset, field: str, moment: Facets | None) -> Data:
    given = (_named(told.namespace, f"{field}.namespace"), _named(told.name, f"{field}.name"))
    found = names.place(*given)
    return Data(*found, None if found == given else given, told.facets or {}, moment or {})


def _key(body: bytes) -> str:
    """A hash of the event, made in bites that are too small for others to be let in between."""
    found = hashlib.blake2b(digest_size=16)
    for start in range(0, len(body), _BITE):
        found.update(body[start : start + _BITE])
    return found.hexdigest()


def _kept(body: bytes, event: _Event) -> msgspec.Raw:
    if len(body) <= LARGEST_KEPT:
        return msgspec.Raw(body)
    for part in (event.run, event.job, event.dataset, *(event.inputs or ()), *(event.outputs or ())):
        if part is not None:
            part.facets = None
        if isinstance(part, _Dataset):
            part.inputFacets = part.outputFacets = None
    return msgspec.Raw(msgspec.json.encode(event))
