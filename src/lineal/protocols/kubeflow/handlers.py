"""What the door does for each sort of request; written once for all sorts of resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lineal.graph.errors import NOT_JSON, Invalid, NotFound
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Expr, all_of
from lineal.protocols.base import Call, Reply, json_reply, query_values
from lineal.protocols.kubeflow import listing, stand_ins, store, translate, values
from lineal.protocols.kubeflow.resources import (
    ARTIFACTS,
    BY_NAME,
    BY_TYPE,
    MODEL,
    MODEL_ARTIFACT,
    MODEL_ID,
    RUN,
    SERVICE,
    VERSION,
    VERSION_ID,
    Resource,
)
from lineal.protocols.kubeflow.translate import Asked

Handler = Callable[[Call], Reply]
PREFIX = "/api/model_registry"
_SENT_WHOLE = (VERSION, RUN)
"""What clients send to its parent as they have read it, too; with an id it is changed."""


def parameters(call: Call) -> dict[str, str]:
    """The parameters of the query, each with its last value."""
    return {name: found[-1] for name, found in query_values(call.query).items()}


def body(call: Call) -> dict[str, Any]:
    """The object that the body holds; Invalid when it holds none."""
    try:
        found = msgspec.json.decode(call.body)
    except NOT_JSON:
        raise Invalid("the body is not valid JSON") from None
    if not isinstance(found, dict):
        raise Invalid("the body must be a JSON object")
    return found


def number_of(call: Call) -> int:
    """The id in the path."""
    return values.number_of(call.path_params["id"], "id")


def _generation(call: Call) -> str:
    return call.path.removeprefix(PREFIX).split("/")[1]


def shown(call: Call, found: list[Entity]) -> list[dict[str, Any]]:
    """Entities as resources; those that are none are left out."""
    types, generation = call.session.types(), _generation(call)
    homes = {each.id: each for each in call.session.get_many([each.home for each in found if each.home], ())}
    return [
        translate.shown(resource, entity, generation, homes.get(entity.home or 0))
        for entity in found
        if (resource := translate.resource_of(types, entity)) is not None
    ]


def _one(call: Call, entity: Entity, status: int = 200) -> Reply:
    (found,) = shown(call, [entity])
    return json_reply(found, status)


def _page(call: Call, page: listing.Listed) -> Reply:
    items = shown(call, page.entities)
    return json_reply(
        {"items": items, "size": len(items), "pageSize": page.size, "nextPageToken": page.token}
    )


def _inside(number: int) -> Expr:
    return Compare(Attribute("home"), "=", number)


# Resources


def find_one(*resources: Resource) -> Handler:
    """The one with a name or an external id."""

    def handle(call: Call) -> Reply:
        asked = parameters(call)
        return _or_stand_in(
            call,
            lambda: store.find(call.session, resources, asked),
            lambda: stand_ins.asked_for(call.session, resources, asked),
        )

    return handle


def _or_stand_in(call: Call, find: Callable[[], Entity], stand_in: Callable[[], Entity | None]) -> Reply:
    """What is found, or else what stands for it."""
    try:
        return _one(call, find())
    except NotFound:
        found = stand_in()
        if found is None:
            raise
        return _one(call, found)


def get_list(*resources: Resource) -> Handler:
    """A page of all."""

    def handle(call: Call) -> Reply:
        asked = parameters(call)
        return _page(call, listing.find(call.session, _sorts(resources, asked), asked, None))

    return handle


def _sorts(resources: tuple[Resource, ...], asked: dict[str, str]) -> tuple[Resource, ...]:
    """Those of the artifacts that are asked for."""
    wanted = asked.get("artifactType", "")
    if not wanted or resources != ARTIFACTS:
        return resources
    if wanted not in BY_TYPE:
        raise Invalid(f"artifactType must be one of {', '.join(BY_TYPE)}, not {wanted!r}")
    return (BY_TYPE[wanted],)


def create(resource: Resource) -> Handler:
    """A new one, in the parent that it names."""

    def handle(call: Call) -> Reply:
        asked = Asked(resource, body(call), new=True)
        return _created(call, resource, asked, asked.parent)

    return handle


def create_in(parent: Resource, resource: Resource) -> Handler:
    """A new one in the parent that the path names."""

    def handle(call: Call) -> Reply:
        number, given = number_of(call), body(call)
        if resource.parent_field:
            given[resource.parent_field] = str(number)
        store.get(call.session, parent, number)
        whole = resource in _SENT_WHOLE
        if whole and given.get("id") is not None:
            asked = Asked(resource, given, new=False, whole=True)
            return _one(call, store.update_in(call.session, resource, asked, given["id"], number), 201)
        return _created(call, resource, Asked(resource, given, new=True, whole=whole), number)

    return handle


def _created(call: Call, resource: Resource, asked: Asked, parent: int | None) -> Reply:
    lies_in = None
    if resource.parent and parent is not None:
        lies_in = store.get(call.session, BY_NAME[resource.parent], parent)
    if resource is SERVICE:
        store.get(call.session, MODEL, int(str(asked.properties[MODEL_ID])))
    return _one(call, store.create(call.session, resource, asked, lies_in), 201)


def get_one(resource: Resource) -> Handler:
    """One by its id."""

    def handle(call: Call) -> Reply:
        number = number_of(call)
        if resource is not MODEL_ARTIFACT:
            return _one(call, store.get(call.session, resource, number))
        return _or_stand_in(
            call,
            lambda: store.get(call.session, resource, number),
            lambda: stand_ins.of_version(call.session, number),
        )

    return handle


def patch(resource: Resource) -> Handler:
    """Change what is given."""

    def handle(call: Call) -> Reply:
        number = number_of(call)
        asked = Asked(resource, body(call), new=False)
        return _one(call, store.update(call.session, resource, asked, number))

    return handle


def list_in(parent: Resource, *resources: Resource) -> Handler:
    """A page of those that lie in one."""

    def handle(call: Call) -> Reply:
        number, asked = number_of(call), parameters(call)
        store.get(call.session, parent, number)
        sorts = _sorts(resources, asked)
        where = all_of(_inside(number), store.named(call.session, sorts, asked))
        page = listing.find(call.session, sorts, asked, where)
        other = stand_ins.listed(call.session, sorts, asked, number) if parent is VERSION else None
        return _page(call, page if other is None else page._replace(entities=[other, *page.entities]))

    return handle


# Artifacts


def create_artifact(*resources: Resource) -> Handler:
    """A new artifact that lies in nothing."""

    def handle(call: Call) -> Reply:
        given = body(call)
        resource = resources[0] if len(resources) == 1 else translate.artifact_resource(given)
        entity, _ = store.upsert_artifact(call.session, resource, given, None)
        return _one(call, entity, 201)

    return handle


def upsert_in(parent: Resource) -> Handler:
    """An artifact of a version or a run, new or changed."""

    def handle(call: Call) -> Reply:
        given = body(call)
        resource = translate.artifact_resource(given)
        home = store.get(call.session, parent, number_of(call))
        entity, is_new = store.upsert_artifact(call.session, resource, given, home)
        return _one(call, entity, 201 if is_new else 200)

    return handle


def get_artifact(call: Call) -> Reply:
    """An artifact of any sort."""
    number = number_of(call)
    return _or_stand_in(
        call,
        lambda: store.get_artifact(call.session, number),
        lambda: stand_ins.of_version(call.session, number),
    )


def patch_artifact(call: Call) -> Reply:
    """Change an artifact of any sort."""
    number, given = number_of(call), body(call)
    entity = store.get_artifact(call.session, number)
    resource = translate.artifact_resource(given)
    if translate.resource_of(call.session.types(), entity) is not resource:
        raise Invalid(f"artifact with id {number} is not a {resource.title}")
    return _one(call, store.update(call.session, resource, Asked(resource, given, new=False), number))


# Serving


def served_model(call: Call) -> Reply:
    """The model that an inference service serves."""
    service = store.get(call.session, SERVICE, number_of(call))
    return _one(call, store.get(call.session, MODEL, int(str(service.properties.get(MODEL_ID)))))


def served_version(call: Call) -> Reply:
    """The version that it serves; the newest of the model when it names none."""
    service = store.get(call.session, SERVICE, number_of(call))
    number = service.properties.get(VERSION_ID)
    if number is not None:
        return _one(call, store.get(call.session, VERSION, int(str(number))))
    model = store.get(call.session, MODEL, int(str(service.properties.get(MODEL_ID))))
    return _one(call, store.latest_version(call.session, model.id))
