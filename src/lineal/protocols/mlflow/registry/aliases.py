"""Aliases of versions: set, delete, follow."""

from __future__ import annotations

from collections.abc import Iterator

from lineal.graph.change import AnyOperation
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.registry import alias_ref, aliases_of, move_alias, number_of
from lineal.graph.model import Edge, Entity
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
            *move_alias(model, alias, version, number_of(version), _leading(registry, model, alias)),
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
            yield from move_alias(model, alias, None, None, _leading(registry, model, alias))


def _leading(registry: Registry, model: Entity, alias: str) -> list[Edge]:
    """What leads to an alias's node now: one version, unless another tool put more."""
    node = registry.session.look_up(alias_ref(model, alias), ())
    return registry.session.edges([node.id], ("deployed_as",), "in") if node is not None else []


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
