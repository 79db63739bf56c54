"""Aliases of versions: set, delete, follow."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from lineal.graph.change import AnyOperation, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.registry import ALIAS, alias_ref, aliases_of, number_of, put_alias
from lineal.graph.model import ById, Entity
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.registry import latest, translate, validate, wire
from lineal.protocols.mlflow.registry.lookup import Registry, unchanged
from lineal.protocols.mlflow.requests import Body, Parameters

_set = Body(wire.SetAlias)
_delete = Body(wire.Alias)
_get = Parameters(wire.Alias)


def set_alias(call: Call) -> Reply:
    """POST registered-models/alias: let an alias lead to a version, wherever it led before."""
    message, registry = _set(call), Registry(call)
    validate.model_name(message.name)
    alias = validate.new_alias(message.alias)

    def build() -> list[AnyOperation]:
        model, version = registry.version(message.name, message.version)
        return [
            unchanged(model),
            unchanged(version),
            _point(model, alias, number_of(version)),
            put_alias(model, alias),
            *_unlink(registry, model, alias, version),
            PutEdge("deployed_as", ById(version.id), alias_ref(model, alias)),
        ]

    registry.commit(build)
    return DONE


def delete_alias(call: Call) -> Reply:
    """DELETE registered-models/alias; one that is not there may be deleted, too."""
    message, registry = _delete(call), Registry(call)
    validate.model_name(message.name)
    alias = validate.alias(message.alias)

    def build() -> list[AnyOperation]:
        model = registry.model(message.name)
        return [unchanged(model), *withdraw(registry, model, [alias])]

    registry.commit(build)
    return DONE


def withdraw(registry: Registry, model: Entity, aliases: list[str]) -> Iterator[AnyOperation]:
    """What takes aliases away from a model."""
    for alias in aliases:
        if alias in aliases_of(model):
            yield _point(model, alias, None)
            yield put_alias(model, alias)
            yield from _unlink(registry, model, alias)
            yield PutEntity(alias_ref(model, alias), kind="alias", state="deleted")


def _point(model: Entity, alias: str, number: int | None) -> PutEntity:
    """The change of the model itself, which MLflow does not call newer for it."""
    return PutEntity(ById(model.id), kind="model", properties={ALIAS + alias: number}, updated=model.updated)


def _unlink(registry: Registry, model: Entity, alias: str, but: Entity | None = None) -> Iterator[Remove]:
    """See that no version leads to an alias's node, or only one."""
    ref = alias_ref(model, alias)
    with contextlib.suppress(NotFound):
        node = registry.session.get(ref, ())
        for edge in registry.session.edges([node.id], ("deployed_as",), "in"):
            if but is None or edge.source != but.id:
                yield Remove(ById(edge.source), TheEdge("deployed_as", ref))


def get_by_alias(call: Call) -> Reply:
    """GET registered-models/alias: the version that an alias leads to."""
    message, registry = _get(call), Registry(call)
    validate.model_name(message.name)
    model = registry.model(message.name)
    version = follow(registry, model, validate.alias(message.alias))
    return json_reply({"model_version": translate.with_aliases(version, model)})


def follow(registry: Registry, model: Entity, alias: str) -> Entity:
    """The version that an alias leads to; `latest` is the newest of all. Refused when there is none."""
    if alias.lower() == "latest":
        newest = latest.of(registry.session, [model])[model.id]
        if not newest:
            raise Refused(MISSING, f"Latest version not found for model {model.name}.")
        return newest[-1]
    number = aliases_of(model).get(alias)
    if number is None:
        raise invalid(f"Registered model alias {alias} not found.")
    try:
        return registry.numbered(model, number)
    except NotFound:
        raise Refused(MISSING, f"Model Version (name={model.name}, version={number}) not found") from None
