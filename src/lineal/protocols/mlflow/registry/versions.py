"""Versions of models: create, read, update and delete, tag."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from lineal.graph.change import AnyOperation, Change, Expect, PropertyIn, PutEdge, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.names import TAG, prefixed
from lineal.graph.mlflow.registry import (
    LAST,
    LATEST,
    NUMBER,
    STAGE_NONE,
    VERSION,
    aliases_of,
    number_of,
    version_name,
    version_ref,
)
from lineal.graph.model import ById, ByUuid, Entity, External, Properties, Value
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.registry import aliases, latest, sources, stages, translate, validate, wire
from lineal.protocols.mlflow.registry.lookup import MOVED, Registry, unchanged
from lineal.protocols.mlflow.registry.sources import Origin
from lineal.protocols.mlflow.requests import Body, Parameters, own_url
from lineal.protocols.mlflow.validate import own_host

_REGISTERED = "tag.mlflow.modelVersions"
"""By this tag of a logged model clients know under which names it is registered."""

_create = Body(wire.CreateVersion)
_get = Parameters(wire.Version)
_download_uri = Parameters(wire.DownloadUri)
_update = Body(wire.UpdateVersion)
_delete = Body(wire.Version)
_set_tag = Body(wire.SetVersionTag)
_delete_tag = Body(wire.DeleteVersionTag)


def create(call: Call) -> Reply:
    """POST model-versions/create. Numbers go up by one, however many ask at once."""
    message, registry = _create(call), Registry(call)
    own_host(message.source, own_url(call), "source")
    origin = sources.resolve(registry, message)
    validate.model_name(message.name)
    properties = _properties(message, origin) | prefixed(TAG, validate.tags(message.tags))
    number = uuid.uuid4().hex

    def build() -> list[AnyOperation]:
        model = registry.model(message.name)
        own = _next_number(registry, model)
        return [
            *_put_version(model, own, number, properties),
            *_put_origin(registry, model, own, number, origin),
        ]

    registry.commit(build)
    version = registry.session.get(ByUuid(number), ("properties",))
    return json_reply({"model_version": translate.version_message(version, message.name)})


def _properties(message: wire.CreateVersion, origin: Origin) -> Properties:
    found: Properties = {
        "source": origin.source,
        "run_id": origin.run_id,
        "model_id": origin.model_id,
        "run_link": message.run_link,
        "description": message.description,
        "storage_location": origin.location if origin.location != origin.source else "",
    }
    return {key: value for key, value in found.items() if value}


def _next_number(registry: Registry, model: Entity) -> int:
    """The number after the last one, unless a version of another tool is known by it."""
    number = latest.last_number(registry.session, model) + 1
    with contextlib.suppress(NotFound):
        while True:
            registry.numbered(model, number)
            number += 1
    return number


def _put_version(model: Entity, own: int, number: str, properties: Properties) -> Iterator[AnyOperation]:
    """A version with a number of its own, unless somebody else takes it or renames the model at this moment."""
    ref = ById(model.id)
    yield unchanged(model)
    yield PutEntity(ref, kind="model", properties={LAST: own, LATEST + STAGE_NONE: number})
    yield PutEntity(
        ByUuid(number),
        kind="model_version",
        namespace=model.namespace,
        name=version_name(model.name, own),
        home=ref,
        properties=properties | {NUMBER: own},
        external=[External(VERSION, version_ref(model, own).id)],
    )
    yield PutEdge("version", ref, ByUuid(number))


def _put_origin(
    registry: Registry, model: Entity, own: int, number: str, origin: Origin
) -> Iterator[AnyOperation]:
    """What the version was made from: another version, a logged model, or a run."""
    made = ByUuid(number)
    if origin.version is not None:
        yield PutEdge("derived", ById(origin.version.id), made)
        return
    if origin.model is not None:
        yield PutEdge("derived", ById(origin.model.id), made)
        yield from _note(registry, origin.model, {"name": model.name, "version": own})
    if origin.run is not None and (
        origin.model is None or origin.model.properties.get("source_run_id") != origin.run_id
    ):
        yield PutEdge("output", ById(origin.run.id), made)


def _note(registry: Registry, model: Entity, registered: dict[str, Any]) -> Iterator[AnyOperation]:
    """Note on a logged model, if the caller may, how it is registered."""
    session, ref = registry.session, ById(model.id)
    if not session.why_access(ref, session.principal.name, "editor").allowed:
        return
    old = session.get(ref, ("properties",)).properties.get(_REGISTERED)
    yield Expect(ref, PropertyIn(_REGISTERED, [old]), MOVED)
    noted = json.dumps([*_list(old), registered])
    yield PutEntity(ref, kind="logged_model", properties={_REGISTERED: noted})


def _list(text: Value) -> list[Any]:
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def get(call: Call) -> Reply:
    """GET model-versions/get."""
    message = _get(call)
    model, version = Registry(call).version(message.name, message.version)
    return json_reply({"model_version": translate.with_aliases(version, model)})


def get_download_uri(call: Call) -> Reply:
    """GET model-versions/get-download-uri."""
    message = _download_uri(call)
    _, version = Registry(call).version(message.name, message.version)
    return json_reply({"artifact_uri": translate.download_uri(version)})


def update(call: Call) -> Reply:
    """PATCH model-versions/update: the description."""
    message, registry = _update(call), Registry(call)
    _, version = registry.version(message.name, message.version)
    described: Properties = {"description": message.description or None}
    put = PutEntity(ById(version.id), kind="model_version", properties=described)
    registry.session.commit(Change([put]))
    model, version = registry.version(message.name, message.version)
    return json_reply({"model_version": translate.with_aliases(version, model)})


def delete(call: Call) -> Reply:
    """DELETE model-versions/delete, softly: its number is never given again."""
    message, registry = _delete(call), Registry(call)

    def build() -> list[AnyOperation]:
        model, version = registry.version(message.name, message.version)
        own = number_of(version)
        leading = [alias for alias, target in aliases_of(model).items() if target == own]
        return [
            unchanged(model),
            unchanged(version),
            *stages.move(registry, model, [(version, None)]),
            *aliases.withdraw(registry, model, leading),
            PutEntity(ById(version.id), kind="model_version", state="deleted"),
        ]

    registry.commit(build)
    return DONE


def set_tag(call: Call) -> Reply:
    """POST model-versions/set-tag."""
    message, registry = _set_tag(call), Registry(call)
    find = _finder(registry, message.name, message.version)
    validate.tag(message.key, message.value)
    registry.mark(find, {TAG + message.key: message.value})
    return DONE


def delete_tag(call: Call) -> Reply:
    """DELETE model-versions/delete-tag; one that is not there may be deleted, too."""
    message, registry = _delete_tag(call), Registry(call)
    find = _finder(registry, message.name, message.version)
    validate.tag(message.key, "")
    registry.mark(find, {TAG + message.key: None})
    return DONE


def _finder(registry: Registry, name: str, version: str) -> Callable[[], Entity]:
    validate.model_name(name)
    validate.version(version)
    return lambda: registry.version(name, version).version
