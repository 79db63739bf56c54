"""Stages of versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineal.graph.change import AnyOperation, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.mlflow.registry import (
    SERVING,
    STAGE,
    STAGE_ARCHIVED,
    STAGE_NONE,
    put_stage,
    stage_of,
    stage_ref,
)
from lineal.graph.model import ById, Entity, Properties
from lineal.graph.query import And, Compare, Property, Query, attribute
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.registry import latest, translate, validate, wire
from lineal.protocols.mlflow.registry.lookup import Located, Registry, now, unchanged
from lineal.protocols.mlflow.requests import Body

_MOST = 10_000

_transition = Body(wire.TransitionStage)


def transition(call: Call) -> Reply:
    """POST model-versions/transition-stage."""
    message, registry = _transition(call), Registry(call)
    stage, archive = validate.stage(message.stage), message.archive_existing_versions
    if archive and stage not in SERVING:
        raise invalid(
            "Model version transition cannot archive existing model versions because"
            f" '{message.stage}' is not an Active stage. Valid stages are {list(SERVING)}"
        )

    def build() -> list[AnyOperation]:
        found = registry.version(message.name, message.version)
        moved = [(found.version, stage)]
        if archive:
            moved += [(each, STAGE_ARCHIVED) for each in _others_in(registry, found, stage)]
        return [unchanged(found.model), unchanged(found.version), *move(registry, found.model, moved)]

    registry.commit(build)
    model, version = registry.version(message.name, message.version)
    return json_reply({"model_version": translate.with_aliases(version, model)})


def move(
    registry: Registry, model: Entity, moved: Sequence[tuple[Entity, str | None]]
) -> Iterator[AnyOperation]:
    """What brings versions of a model to other stages, or out of all of them when they are deleted."""
    yield PutEntity(
        ById(model.id), kind="model", properties=latest.after(registry.session, model, moved), updated=now()
    )
    for version, to in moved:
        was = stage_of(version)
        if was in SERVING and was != to:
            yield put_stage(model, was)
            yield Remove(ById(version.id), TheEdge("deployed_as", stage_ref(model, was)))
        if to is not None:
            stage: Properties = {STAGE: to if to != STAGE_NONE else None}
            yield PutEntity(ById(version.id), kind="model_version", properties=stage, updated=now())
        if to in SERVING:
            yield put_stage(model, to)
            yield PutEdge("deployed_as", ById(version.id), stage_ref(model, to))


def _others_in(registry: Registry, found: Located, stage: str) -> list[Entity]:
    """The other versions in a stage."""
    where = And(
        [
            attribute("home", "=", found.model.id),
            attribute("uuid", "!=", found.version.uuid),
            Compare(Property(STAGE), "=", stage),
        ]
    )
    return registry.session.find(Query(kinds=["model_version"], where=where, limit=_MOST)).entities
