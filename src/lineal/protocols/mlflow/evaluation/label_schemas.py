"""Label schemas, the questions that reviewers are asked: create, read, list, change, delete."""

from __future__ import annotations

import contextlib
import uuid

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, Change, Expect, PutEntity, Remove
from lineal.graph.errors import Conflict, Denied, NotFound
from lineal.graph.model import ByExternal, ById, Entity, External, Properties
from lineal.graph.query import Attribute, ExternalId, Order, Query
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import translate
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.evaluation import label_inputs, wire
from lineal.protocols.mlflow.evaluation.addresses import LABEL_SCHEMA, LABEL_SCHEMA_NAME
from lineal.protocols.mlflow.evaluation.homes import (
    active,
    at_home,
    home_of,
    moved_name,
    named,
    number_of,
    page_size,
    still_active,
    user_of,
)
from lineal.protocols.mlflow.evaluation.settle import TAKEN, settled, unchanged
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, Parameters

DEFAULT_NAME = "Feedback"
"""The question that every experiment has, and that stays as it is."""
_DEFAULT_INSTRUCTION = "Say what you think of this trace."
_LONGEST_NAME, _LONGEST_INSTRUCTION = 250, 1000
_TYPES = {1: "FEEDBACK", 2: "EXPECTATION"}
_ORDER = [Order(Attribute("created"), descending=True), Order(ExternalId(LABEL_SCHEMA))]

_create = Body(wire.CreateLabelSchema)
_get = Parameters(wire.LabelSchemaId)
_by_name = Parameters(wire.ExperimentAndName)
_list = Parameters(wire.ListLabelSchemas)
_update = Body(wire.UpdateLabelSchema)
_delete = Body(wire.LabelSchemaId)


def create(call: Call) -> Reply:
    """POST label-schemas/create."""
    message = _create(call)
    kind = _type_of(message.type)
    answer = label_inputs.read(message.input)
    _check_name(message.name)
    _check_instruction(message.instruction)
    experiment = active(call.session, message.experiment_id)
    number = f"ls-{uuid.uuid4().hex}"
    properties = _properties(kind, answer, message.instruction, message.enable_comment)
    put = _new(experiment, number, message.name, properties, user_of(call))
    settled(call.session, lambda: (put, None), _taken(message.name, translate.experiment_id(experiment)))
    return _reply(call.session, find_schema(call.session, number))


def _type_of(given: int | str) -> str:
    number = int(given) if str(given).isdigit() else None
    found = _TYPES.get(number) if number is not None else next(filter(given.__eq__, _TYPES.values()), None)
    if found is None:
        raise invalid("Label schema `type` must be one of FEEDBACK or EXPECTATION.")
    return found


def _check_name(name: str) -> None:
    if not name:
        raise invalid("Label schema `name` must be a non-empty string; got ''.")
    if len(name) > _LONGEST_NAME:
        raise invalid(f"Label schema `name` must be at most {_LONGEST_NAME} characters; got {len(name)}.")
    if name.strip().lower() == DEFAULT_NAME.lower():
        raise invalid(
            f"`{name}` is reserved for the experiment's default question and cannot be used for another label schema."
        )


def _check_instruction(text: str | None) -> None:
    if text is not None and len(text) > _LONGEST_INSTRUCTION:
        raise invalid(
            f"Label schema `instruction` must be at most {_LONGEST_INSTRUCTION} characters; got {len(text)}."
        )


def _properties(
    kind: str | None, answer: label_inputs.Input | None, instruction: str | None, comment: bool | None
) -> Properties:
    told: Properties = {
        "type": kind,
        "input": answer,
        "description": instruction,
        "enable_comment": comment,
    }
    return {key: value for key, value in told.items() if value is not None}


def _new(
    experiment: Entity, number: str, name: str, properties: Properties, owner: str | None
) -> list[AnyOperation]:
    """A schema whose name must be free in its experiment."""
    by_name = named(LABEL_SCHEMA_NAME, experiment, name)
    put = PutEntity(
        kind="label_schema",
        namespace=experiment.namespace,
        name=name,
        home=ById(experiment.id),
        owner=owner,
        properties=properties,
        external=[External(LABEL_SCHEMA, number), External(by_name.protocol, by_name.id)],
    )
    return [still_active(experiment), Expect(by_name, Absent(), TAKEN), put]


def _taken(name: str, experiment: str) -> str:
    return f"Label schema with name '{name}' already exists for experiment '{experiment}'."


def find_schema(session: Session, number: str) -> Entity:
    """A label schema; Refused when there is none to see."""
    found = look_up(session, number)
    if found is None:
        raise Refused(MISSING, f"Label schema with id '{number}' not found.")
    return found


def look_up(session: Session, number: str) -> Entity | None:
    """The same, or None."""
    return session.look_up(ByExternal(LABEL_SCHEMA, number), ("properties", "external"))


def _reply(session: Session, schema: Entity) -> Reply:
    return json_reply({"label_schema": _message(schema, number_of(session, schema))})


def _message(schema: Entity, experiment: str) -> wire.LabelSchema:
    properties = schema.properties
    answer, instruction = properties.get("input"), properties.get("description")
    return wire.LabelSchema(
        translate.outside_id(schema, LABEL_SCHEMA) or "",
        experiment,
        schema.name,
        translate.text(properties.get("type") or _TYPES[1]),
        bool(properties.get("enable_comment")),
        answer if isinstance(answer, dict) else {},
        schema.created,
        schema.updated,
        is_default(schema),
        translate.text(instruction) if instruction is not None else None,
        schema.owner,
    )


def is_default(schema: Entity) -> bool:
    """Whether it is the question that every experiment has."""
    return schema.properties.get("is_default") is True


def get(call: Call) -> Reply:
    """GET label-schemas/get."""
    return _reply(call.session, find_schema(call.session, _get(call).schema_id))


def get_by_name(call: Call) -> Reply:
    """GET label-schemas/get-by-name."""
    message = _by_name(call)
    experiment = active(call.session, message.experiment_id)
    try:
        ref = named(LABEL_SCHEMA_NAME, experiment, message.name)
        return _reply(call.session, call.session.get(ref, ("properties", "external")))
    except NotFound:
        number = translate.experiment_id(experiment)
        raise Refused(
            MISSING, f"Label schema with name '{message.name}' not found for experiment '{number}'."
        ) from None


def list_all(call: Call) -> Reply:
    """GET label-schemas/list: of one experiment, the newest first, with the one that every experiment has."""
    message = _list(call)
    limit = page_size(message.max_results)
    experiment = active(call.session, message.experiment_id)
    _see_to_default(call.session, experiment)
    query = Query(
        kinds=["label_schema"],
        where=at_home(experiment),
        order=_ORDER,
        limit=limit,
        cursor=message.page_token or None,
        parts=["properties", "external"],
    )
    page = call.session.find(query)
    number = translate.experiment_id(experiment)
    found = [_message(each, number) for each in page.entities]
    return json_reply(wire.LabelSchemas(page.cursor or "", found or wire.UNSET))


def _see_to_default(session: Session, experiment: Entity) -> None:
    """Make the default question if it is not there; who may only look does without."""
    if session.look_up(named(LABEL_SCHEMA_NAME, experiment, DEFAULT_NAME), ()) is not None:
        return
    answer: label_inputs.Input = {"text": {}}
    properties = _properties(_TYPES[1], answer, _DEFAULT_INSTRUCTION, False) | {"is_default": True}
    put = _new(experiment, f"ls-{uuid.uuid4().hex}", DEFAULT_NAME, properties, None)
    with contextlib.suppress(Conflict, Denied, NotFound):
        session.commit(Change(put))


def update(call: Call) -> Reply:
    """PATCH label-schemas/update: what is given; the sort of answer stays."""
    message = _update(call)
    answer = label_inputs.read(message.input) if message.input is not None else None

    def decide() -> tuple[list[AnyOperation], None]:
        schema = find_schema(call.session, message.schema_id)
        _check_update(schema, message, answer)
        properties = _properties(None, answer, message.instruction, message.enable_comment)
        put = PutEntity(ById(schema.id), name=message.name, properties=properties)
        return [unchanged(schema), *_renamed(call.session, schema, message.name), put], None

    number = number_of(call.session, find_schema(call.session, message.schema_id))
    settled(call.session, decide, _taken(message.name or "", number))
    return _reply(call.session, find_schema(call.session, message.schema_id))


def _check_update(schema: Entity, message: wire.UpdateLabelSchema, answer: label_inputs.Input | None) -> None:
    if is_default(schema):
        raise invalid("The experiment's default question cannot be edited.")
    if message.name is not None:
        _check_name(message.name)
    _check_instruction(message.instruction)
    old = schema.properties.get("input")
    if answer is not None and isinstance(old, dict) and old:
        label_inputs.check_change(old, answer)


def _renamed(session: Session, schema: Entity, name: str | None) -> list[AnyOperation]:
    if name is None:
        return []
    return moved_name(LABEL_SCHEMA_NAME, schema, home_of(session, schema), (schema.name, name))


def delete(call: Call) -> Reply:
    """DELETE label-schemas/delete, whether or not it is there; what was answered to it stays."""
    schema = look_up(call.session, _delete(call).schema_id)
    if schema is not None:
        if is_default(schema):
            raise invalid("The experiment's default question cannot be deleted.")
        call.session.commit(Change([Remove(ById(schema.id), hard=True)]))
    return DONE
