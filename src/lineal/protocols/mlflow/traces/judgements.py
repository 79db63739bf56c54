"""Assessments between MLflow's words and the graph's. Nothing here reads or writes."""

from __future__ import annotations

import json
import uuid
from typing import Any

import msgspec

from lineal.graph.change import PutEntity
from lineal.graph.errors import NOT_JSON
from lineal.graph.mlflow import traces
from lineal.graph.mlflow.names import outside_id
from lineal.graph.mlflow.traces import METADATA
from lineal.graph.model import AnyRef, ByExternal, Entity, External, Properties
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.traces import times, wire
from lineal.protocols.mlflow.translate import prefixed, text

_SOURCES = {0: "SOURCE_TYPE_UNSPECIFIED", 1: "HUMAN", 2: "LLM_JUDGE", 3: "CODE"}
SCOPE, SESSION_SCOPE = "scope", "session"
_RUN_OF_ASSESSMENT = "mlflow.assessment.sourceRunId"


def new_id() -> str:
    """An id that no other assessment has."""
    return f"a-{uuid.uuid4().hex}"


def properties(given: wire.AssessmentIn) -> Properties:
    """What a client tells of an assessment as properties, but for its name, which is the entity's.

    Raises:
        Refused: it is neither feedback nor an expectation nor an issue, or has no value.
    """
    source = given.source or wire.Source()
    found: Properties = {
        **value_of(given),
        "valid": given.valid,
        "source_type": _source(source.source_type),
        "source_id": source.source_id or None,
        "span_id": given.span_id or None,
        "rationale": given.rationale,
        "overrides": given.overrides or None,
        **metadata(given),
    }
    return {key: value for key, value in found.items() if value is not None}


def metadata(given: wire.AssessmentIn) -> Properties:
    """An assessment's metadata, one of which is the run that it was made in."""
    found = prefixed(METADATA, given.metadata)
    run = given.metadata.get(_RUN_OF_ASSESSMENT)
    if run:
        found["run_id"] = run
    if traces.SESSION in given.metadata:
        found[SCOPE] = SESSION_SCOPE
    return found


def value_of(given: wire.AssessmentIn) -> Properties:
    """Type and value of an assessment; Refused when it has none."""
    told = [each for each in (given.feedback, given.expectation, given.issue) if each is not None]
    match told:
        case [wire.Feedback(value=value, error=error)]:
            failure = error or given.error
            return {**_judged("feedback", _doubles(value)), "error": _document(failure)}
        case [wire.Expectation() as expectation]:
            return _judged("expectation", _expected(expectation))
        case [wire.IssueReference(issue_name=name)]:
            return {"type": "issue", "value": json.dumps({"issue_name": name})}
        case _:
            raise invalid("An assessment needs exactly one of `feedback`, `expectation` and `issue`.")


def _judged(kind: str, value: Any) -> Properties:
    number, numeric = traces.judged(value)
    return {
        "type": kind,
        "value": json.dumps(value, ensure_ascii=False),
        "number": number,
        "numeric": numeric or None,
    }


def _expected(expectation: wire.Expectation) -> Any:
    serialized = expectation.serialized_value
    if serialized is None:
        if expectation.value is None:
            raise invalid("The `value` field must be specified.")
        return _doubles(expectation.value)
    if serialized.serialization_format != "JSON_FORMAT":
        raise invalid(
            f"Unknown serialization format: {serialized.serialization_format[:100]}. Only JSON_FORMAT is supported."
        )
    try:
        return msgspec.json.decode(serialized.value)
    except NOT_JSON:
        raise invalid("The serialized value of an expectation must be JSON text.") from None


def _doubles(value: Any) -> Any:
    """As protobuf's dynamic values are: every number is a double."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = traces.finite(value)
        if number is None:
            raise invalid("A number of an assessment must be finite and fit in a double.")
        return number
    if isinstance(value, list):
        return [_doubles(item) for item in value]
    if isinstance(value, dict):
        return {key: _doubles(item) for key, item in value.items()}
    return value


def _document(error: wire.AssessmentError | None) -> dict[str, Any] | None:
    return None if error is None else {key: each for key, each in msgspec.to_builtins(error).items() if each}


def _source(value: int | str) -> str:
    return (
        str(value)
        if value in _SOURCES.values()
        else _SOURCES.get(value if isinstance(value, int) else 0, _SOURCES[0])
    )


def put(given: wire.AssessmentIn, trace: AnyRef, namespace: str, begun: int) -> PutEntity:
    """An assessment of a trace that began then, under the id that it was given."""
    return PutEntity(
        traces.assessment_ref(given.assessment_id),
        kind="assessment",
        namespace=namespace,
        name=given.assessment_name,
        home=trace,
        created=times.moment(given.create_time, "create_time") if given.create_time else None,
        updated=times.moment(given.last_update_time, "last_update_time") if given.last_update_time else None,
        started=begun,
        properties=properties(given),
    )


def as_put(put: PutEntity, at: int) -> Entity:
    """A new assessment as it is once it is put, at this moment."""
    assert isinstance(put.ref, ByExternal)
    entity = Entity(0, "", "assessment", put.namespace, put.name or "")
    entity.created, entity.updated = (at if each is None else each for each in (put.created, put.updated))
    entity.properties, entity.external = put.properties, [External(put.ref.protocol, put.ref.id)]
    return entity


def message(entity: Entity, trace: str) -> wire.Assessment:
    """An assessment as MLflow shows it."""
    own = entity.properties
    value = json.loads(text(own.get("value", "null")))
    found = wire.Assessment(
        outside_id(entity, traces.ASSESSMENT) or f"a-{entity.uuid}",
        entity.name,
        trace,
        {"source_type": text(own.get("source_type", _SOURCES[0]))},
        times.told_moment(entity.created),
        times.told_moment(entity.updated),
        own.get("valid") is not False,
        span_id=text(own.get("span_id", "")),
        rationale=None if own.get("rationale") is None else text(own["rationale"]),
        metadata={
            key.removeprefix(METADATA): text(each) for key, each in own.items() if key.startswith(METADATA)
        },
        overrides=text(own.get("overrides", "")),
    )
    if own.get("source_id") is not None:
        found.source["source_id"] = text(own["source_id"])
    _set_value(found, own, value)
    return found


def _set_value(found: wire.Assessment, own: Properties, value: Any) -> None:
    match own.get("type"):
        case "expectation" if isinstance(value, list | dict):
            serialized = {"serialization_format": "JSON_FORMAT", "value": json.dumps(value)}
            found.expectation = {"serialized_value": serialized}
        case "expectation":
            found.expectation = {"value": value}
        case "issue":
            found.issue = value
        case _:
            found.feedback = {"value": value}
            if isinstance(own.get("error"), dict):
                found.feedback["error"] = own["error"]
