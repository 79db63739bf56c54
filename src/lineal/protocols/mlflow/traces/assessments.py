"""Assessments: what people, models and code judge a trace to be."""

from __future__ import annotations

import contextlib

import msgspec

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, Change, Expect, PropertyIn, PutEntity, Remove
from lineal.graph.errors import ExpectationFailed, NotFound
from lineal.graph.mlflow.traces import assessment_ref
from lineal.graph.model import ById, Entity, Properties
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.errors import EXISTS, MISSING, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.traces import judgements, lookup, wire
from lineal.protocols.mlflow.traces.translate import started, trace_id
from lineal.protocols.mlflow.translate import text

_TAKEN, _TYPE = "assessment_taken", "assessment_type"

_create = Body(wire.CreateAssessment)
_update = Body(wire.UpdateAssessment)


def create(call: Call) -> Reply:
    """POST traces/{trace_id}/assessments, perhaps in place of another one, which is then no longer valid."""
    given = _create(call).assessment
    given.assessment_id = given.assessment_id or judgements.new_id()
    trace = lookup.find_trace(call.session, call.path_params["trace_id"])
    ref = assessment_ref(given.assessment_id)
    put = judgements.put(given, lookup.address(trace), trace.namespace, started(trace))
    operations: list[AnyOperation] = [Expect(ref, Absent(), _TAKEN), put]
    if given.overrides:
        other = lookup.find_assessment(call.session, trace, given.overrides)
        operations.append(_valid(other, False))
    try:
        commit = call.session.commit(Change(operations))
    except ExpectationFailed:
        raise Refused(EXISTS, f"Assessment with ID '{given.assessment_id}' already exists.") from None
    except NotFound:
        raise lookup.missing(trace_id(trace)) from None
    return _reply(judgements.as_put(put, commit.at), trace)


def _valid(assessment: Entity, valid: bool) -> PutEntity:
    """That an assessment counts, or no longer; what it says is not updated by that."""
    return PutEntity(ById(assessment.id), updated=assessment.updated, properties={"valid": valid})


def get(call: Call) -> Reply:
    """GET traces/{trace_id}/assessments/{assessment_id}."""
    trace = _trace(call)
    return _reply(lookup.find_assessment(call.session, trace, call.path_params["assessment_id"]), trace)


def update(call: Call) -> Reply:
    """PATCH traces/{trace_id}/assessments/{assessment_id}: the parts that the mask names."""
    message, trace = _update(call), _trace(call)
    stored = lookup.find_assessment(call.session, trace, call.path_params["assessment_id"])
    mask = {_snake(part) for part in message.update_mask.split(",")}
    changes, kind = _changes(message.assessment, mask)
    operations: list[AnyOperation] = []
    if kind:
        operations.append(Expect(ById(stored.id), PropertyIn("type", [kind]), _TYPE))
    name = message.assessment.assessment_name if "assessment_name" in mask else None
    operations.append(PutEntity(ById(stored.id), name=name, properties=changes))
    try:
        call.session.commit(Change(operations))
    except ExpectationFailed as error:
        raise _other_type(kind, error.actual) from None
    except NotFound:
        raise lookup.no_assessment(trace_id(trace), call.path_params["assessment_id"]) from None
    return _reply(lookup.find_assessment(call.session, trace, call.path_params["assessment_id"]), trace)


def _snake(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name.strip())


def _changes(given: wire.AssessmentIn, mask: set[str]) -> tuple[Properties, str]:
    """Properties to set, and the type that the assessment must have for that."""
    kinds = sorted(mask & {"feedback", "expectation"})
    if len(kinds) > 1:
        raise invalid("Cannot specify both `expectation` and `feedback` parameters.")
    told: Properties = {}
    if kinds:
        part = msgspec.structs.replace(given, **_only(given, kinds[0]))
        told |= {"error": None, "number": None, "numeric": None} | judgements.value_of(part)
    if "rationale" in mask:
        told["rationale"] = given.rationale
    if "metadata" in mask:
        told |= judgements.metadata(given)
    if "valid" in mask:
        told["valid"] = given.valid
    return told, kinds[0] if kinds else ""


def _only(given: wire.AssessmentIn, kind: str) -> dict[str, object]:
    """Fields that leave nothing but the value of one kind, an empty one if it is not told."""
    feedback = (given.feedback or wire.Feedback()) if kind == "feedback" else None
    expectation = (given.expectation or wire.Expectation()) if kind == "expectation" else None
    return {"feedback": feedback, "expectation": expectation, "issue": None}


def _other_type(kind: str, actual: object) -> Refused:
    article = "an Expectation" if text(actual) == "expectation" else "a Feedback"
    return invalid(f"Cannot update {kind} value on {article} assessment.")


def delete(call: Call) -> Reply:
    """DELETE traces/{trace_id}/assessments/{assessment_id}; what it took the place of is valid again."""
    with contextlib.suppress(Refused):
        trace = _trace(call)
        stored = lookup.find_assessment(call.session, trace, call.path_params["assessment_id"])
        _delete(call.session, trace, stored)
    return DONE


def _delete(session: Session, trace: Entity, stored: Entity) -> None:
    operations: list[AnyOperation] = [Remove(ById(stored.id), hard=True)]
    overridden = stored.properties.get("overrides")
    if overridden is not None:
        with contextlib.suppress(Refused):
            other = lookup.find_assessment(session, trace, text(overridden))
            operations.append(_valid(other, True))
    with contextlib.suppress(NotFound):
        session.commit(Change(operations))


def _trace(call: Call) -> Entity:
    number = call.path_params["trace_id"]
    try:
        return lookup.find_trace(call.session, number)
    except Refused:
        raise Refused(MISSING, f"Trace with request_id '{number}' not found") from None


def _reply(assessment: Entity, trace: Entity) -> Reply:
    return json_reply({"assessment": judgements.message(assessment, trace_id(trace))})
