"""What a resource has to do with others: lineage, and what a run is told of its metrics and parameters."""

from __future__ import annotations

import time
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, AppendPoints, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.names import PARAM
from lineal.graph.model import AnyRef, ById, ByName, Entity, Local, Point, Properties
from lineal.graph.names import locate
from lineal.protocols.kubeflow import translate
from lineal.protocols.kubeflow.resources import (
    DATA_SET,
    LOCATION,
    MODEL_ARTIFACT,
    PARAMETER,
    SERVE,
    SERVICE,
    VERSION,
    VERSION_ID,
    Resource,
)
from lineal.protocols.kubeflow.translate import Asked

NEW = Local("new")
"""The resource that a change makes."""
SOURCE = "source"
"""Property of a version that says where it is."""
_DEPLOYED, _FEW = "deployed_as", 1000


class Held(NamedTuple):
    """An artifact in a version or a run.

    Attributes:
        ref: where it stands.
        name: its own.
        properties: what it has and what it gets.
        former: URI that it had.
    """

    resource: Resource
    ref: AnyRef
    name: str
    properties: Properties
    former: str = ""


def of_new(
    session: Session, resource: Resource, asked: Asked, parent: Entity | None, placed: bool
) -> list[AnyOperation]:
    """What comes with a new resource.

    Args:
        session: of who makes it.
        resource: its sort.
        asked: what the client says of it.
        parent: what it lies in.
        placed: whether artifacts are related to the data sets at their places.
    """
    if resource is VERSION and parent is not None:
        return [PutEdge("version", ById(parent.id), NEW)]
    if resource in (SERVICE, SERVE):
        return _deployed(session, asked.properties, NEW)
    if parent is not None and resource.artifact_type:
        return put_in(session, Held(resource, NEW, asked.name or "", asked.properties), parent, placed)
    return []


def of_changed(
    session: Session, resource: Resource, asked: Asked, entity: Entity, placed: bool
) -> list[AnyOperation]:
    """What comes with an update of a resource."""
    if resource is SERVICE and VERSION_ID in asked.properties:
        ref = ById(entity.id)
        new = asked.properties[VERSION_ID]
        served = session.edges([entity.id], [_DEPLOYED], "in", _FEW)
        former = [Remove(ById(each.source), TheEdge(_DEPLOYED, ref)) for each in served if each.source != new]
        return [*former, *_deployed(session, asked.properties, ref)]
    if entity.home is None or not resource.artifact_type:
        return []
    properties = {**entity.properties, **asked.properties}
    place = str(entity.properties.get("uri") or "")
    held = Held(resource, ById(entity.id), entity.name, properties, place)
    return put_in(session, held, session.get(ById(entity.home), ("properties",)), placed)


def put_in(session: Session, held: Held, parent: Entity, placed: bool) -> list[AnyOperation]:
    """What an artifact has to do with the version or the run that it lies in."""
    run = ById(parent.id)
    if held.resource is PARAMETER:
        value = held.properties.get("value")
        return [PutEntity(run, kind=parent.kind, properties={PARAM + held.name: value})]
    if translate.measured(held.resource):
        return _point(held, run)
    place = locate(str(held.properties.get("uri") or "")) if placed else None
    is_version = translate.resource_of(session.types(), parent) is VERSION
    found: list[AnyOperation] = [_runs(held.resource, held.ref, run, is_version)]
    if is_version and placed:
        found += _source(held, parent)
    if place is not None:
        data = ByName("dataset", place.name, place.namespace)
        found += [*_there(session, data), _runs(held.resource, data, run, is_version)]
    return found


def _source(held: Held, version: Entity) -> list[PutEntity]:
    """Where MLflow's clients find the version; what they said of it themselves stays."""
    uri, known = held.properties.get("uri"), version.properties.get(SOURCE)
    if held.resource is not MODEL_ARTIFACT or not uri or known not in (None, "", held.former):
        return []
    return [PutEntity(ById(version.id), kind=version.kind, properties={SOURCE: uri}, updated=version.updated)]


def _runs(resource: Resource, data: AnyRef, home: AnyRef, is_version: bool) -> PutEdge:
    """How data runs between an artifact and what it lies in."""
    if is_version:
        return PutEdge("derived", data, home)
    return PutEdge("input", data, home) if resource is DATA_SET else PutEdge("output", home, data)


def _there(session: Session, data: ByName) -> list[PutEntity]:
    """The data at an artifact's place, which other tools know by the same name."""
    if session.look_up(data, ()) is not None:
        return []
    return [PutEntity(data, kind="dataset", properties={LOCATION: True})]


def _point(held: Held, run: AnyRef) -> list[AnyOperation]:
    """A metric's value where other tools look for it."""
    value, at, step = (held.properties.get(key) for key in ("value", "timestamp", "step"))
    if not isinstance(value, int | float):
        return []
    moment = at if isinstance(at, int) else int(time.time() * 1000)
    return [AppendPoints(run, [Point(held.name, float(value), moment, step if isinstance(step, int) else 0)])]


def _deployed(session: Session, properties: Properties, service: AnyRef) -> list[AnyOperation]:
    number = properties.get(VERSION_ID)
    if not isinstance(number, int):
        return []
    (*found,) = session.get_many([number])
    if not found or translate.resource_of(session.types(), found[0]) is not VERSION:
        raise NotFound(f"no {VERSION.title} found for id {number}")
    return [PutEdge(_DEPLOYED, ById(number), service)]
