"""Registered models: create, read, rename, update and delete, tag; their newest versions."""

from __future__ import annotations

from collections.abc import Iterator

from lineal.graph.change import Absent, AnyOperation, Change, Expect, PutEntity
from lineal.graph.errors import ExpectationFailed, NotFound
from lineal.graph.mlflow.names import TAG, prefixed
from lineal.graph.mlflow.registry import IS_PROMPT, LAST, STAGES, name_of_deleted, renamed, stage_of
from lineal.graph.model import ById, Entity, Properties
from lineal.graph.query import Query, attribute
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.errors import EXISTS, Refused
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.registry import latest, translate, validate, wire
from lineal.protocols.mlflow.registry.lookup import Registry, now, unchanged
from lineal.protocols.mlflow.requests import Body, Parameters

_PAGE = 10_000

_create = Body(wire.CreateModel)
_get = Parameters(wire.ModelName)
_delete = Body(wire.ModelName)
_update = Body(wire.UpdateModel)
_rename = Body(wire.RenameModel)
_set_tag = Body(wire.SetModelTag)
_delete_tag = Body(wire.DeleteModelTag)
_latest_query = Parameters(wire.LatestVersions)
_latest_body = Body(wire.LatestVersions)


def create(call: Call) -> Reply:
    """POST registered-models/create."""
    message, registry = _create(call), Registry(call)
    validate.model_name(message.name)
    properties = prefixed(TAG, validate.tags(message.tags)) | {LAST: 0}
    if message.description:
        properties["description"] = message.description
    put = PutEntity(
        kind="model", namespace=registry.namespace, name=message.name, unique=True, properties=properties
    )
    try:
        commit = registry.session.commit(Change([_free(registry, message.name), put]))
    except (ExpectationFailed, NotFound) as error:
        if not _make_way(registry, message.name):
            raise _taken(registry, message.name, properties) from error
        commit = registry.session.commit(Change([_free(registry, message.name), put]))
    return _reply(registry, registry.session.get(ById(commit.entities[0])))


def _free(registry: Registry, name: str) -> Expect:
    return Expect(registry.ref(name), Absent(), "model_name")


def _make_way(registry: Registry, name: str) -> bool:
    """Give another name to a deleted model that stands in the way; whether there was one."""
    found = registry.session.look_up(registry.ref(name), ())
    if found is None or found.state == "active":
        return False
    put = PutEntity(ById(found.id), kind="model", name=name_of_deleted(found), unique=True)
    registry.session.commit(Change([unchanged(found), put]))
    return True


def _taken(registry: Registry, name: str, properties: Properties) -> Refused:
    """That the name belongs to another model, or to a prompt, which share their names."""
    wanted = "Prompt" if TAG + IS_PROMPT in properties else "Registered Model"
    holder = registry.session.look_up(registry.ref(name), ("properties",))
    held = "Prompt" if holder and TAG + IS_PROMPT in holder.properties else "Registered Model"
    if holder is None or wanted == held:
        return Refused(EXISTS, f"{wanted} (name={name}) already exists.")
    return Refused(
        EXISTS,
        f"Tried to create a {wanted.lower()} with name {name!r}, but the name is already taken by a {held.lower()}."
        " MLflow does not allow creating a model and a prompt with the same name.",
    )


def get(call: Call) -> Reply:
    """GET registered-models/get."""
    registry = Registry(call)
    return _reply(registry, registry.model(_get(call).name))


def _reply(registry: Registry, model: Entity) -> Reply:
    newest = latest.of(registry.session, [model])[model.id]
    return json_reply({"registered_model": translate.model_message(model, newest)})


def update(call: Call) -> Reply:
    """PATCH registered-models/update: the description."""
    message, registry = _update(call), Registry(call)
    model = registry.model(message.name)
    described: Properties = {"description": message.description or None}
    registry.session.commit(Change([PutEntity(ById(model.id), kind="model", properties=described)]))
    return _reply(registry, registry.model(message.name))


def rename(call: Call) -> Reply:
    """POST registered-models/rename: the model, and what is called after it."""
    message, registry = _rename(call), Registry(call)
    new = validate.model_name(message.new_name, "new_name")
    validate.model_name(message.name)
    model = registry.model(message.name)
    if new == message.name:
        registry.session.commit(Change([PutEntity(ById(model.id), kind="model", updated=now())]))
    else:
        _make_way(registry, new)
        _commit_rename(registry, message.name, new)
    return _reply(registry, registry.session.get(ById(model.id)))


def _commit_rename(registry: Registry, old: str, new: str) -> None:
    def build() -> list[AnyOperation]:
        model = registry.model(old)
        put = PutEntity(ById(model.id), kind="model", name=new, unique=True)
        return [_free(registry, new), unchanged(model), put, *_rename_children(registry, model, new)]

    try:
        registry.commit(build)
    except ExpectationFailed as error:
        raise Refused(EXISTS, f"Registered Model (name={new}) already exists.") from error


def _rename_children(registry: Registry, model: Entity, new: str) -> Iterator[PutEntity]:
    """What is called after the model, deleted versions too."""
    cursor: str | None = None
    while True:
        inside = attribute("home", "=", model.id)
        page = registry.session.find(Query(where=inside, limit=_PAGE, cursor=cursor, state="all", parts=[]))
        for child in page.entities:
            if (name := renamed(child, model.name, new)) is not None:
                yield PutEntity(ById(child.id), kind=child.kind, name=name)
        cursor = page.cursor
        if cursor is None:
            return


def delete(call: Call) -> Reply:
    """DELETE registered-models/delete: the model and all of its versions, softly. Its name is free again."""
    message, registry = _delete(call), Registry(call)

    def build() -> list[AnyOperation]:
        model = registry.model(message.name)
        put = PutEntity(
            ById(model.id),
            kind="model",
            name=name_of_deleted(model),
            unique=True,
            state="deleted",
            cascade=True,
        )
        return [unchanged(model), put]

    registry.commit(build)
    return DONE


def set_tag(call: Call) -> Reply:
    """POST registered-models/set-tag."""
    message, registry = _set_tag(call), Registry(call)
    validate.model_name(message.name)
    validate.tag(message.key, message.value)
    registry.mark(lambda: registry.model(message.name), {TAG + message.key: message.value})
    return DONE


def delete_tag(call: Call) -> Reply:
    """DELETE registered-models/delete-tag; one that is not there may be deleted, too."""
    message, registry = _delete_tag(call), Registry(call)
    validate.model_name(message.name)
    validate.tag(message.key, "")
    registry.mark(lambda: registry.model(message.name), {TAG + message.key: None})
    return DONE


def get_latest_versions(call: Call) -> Reply:
    """GET or POST registered-models/get-latest-versions: the newest version in each stage that is asked for."""
    message = _latest_query(call) if call.method == "GET" else _latest_body(call)
    registry = Registry(call)
    model = registry.model(message.name)
    stages = {validate.stage(each) for each in message.stages or STAGES}
    newest = latest.of(registry.session, [model])[model.id]
    found = [translate.with_aliases(each, model) for each in newest if stage_of(each) in stages]
    return json_reply(wire.ModelVersions(found))
