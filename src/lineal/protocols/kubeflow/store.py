"""Resources in the graph: found, listed, made and changed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from lineal.catalog.session import Session
from lineal.graph.change import (
    Absent,
    AnyOperation,
    AppendPoints,
    AtRevision,
    Change,
    Expect,
    PutEdge,
    PutEntity,
    Remove,
    TheExternal,
)
from lineal.graph.errors import Conflict, ExpectationFailed, Invalid, NotFound
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, Entity, Local, Point
from lineal.graph.names import locate
from lineal.graph.query import Attribute, Compare, Expr, ExternalId, Or, Order, Part, Property, Query, all_of
from lineal.protocols.kubeflow import translate
from lineal.protocols.kubeflow.resources import (
    ARTIFACTS,
    METRIC,
    PARAMETER,
    RUN,
    SERVE,
    SERVICE,
    VERSION,
    Resource,
)
from lineal.protocols.kubeflow.translate import Asked

PARTS: tuple[Part, ...] = ("properties", "external")
_CHANGED, _TAKEN = "changed", "taken"
_ATTEMPTS = 20
_LONGEST_NAME = 250


def get(session: Session, resource: Resource, number: int) -> Entity:
    """A resource by its id; NotFound when there is none of this sort."""
    (*found,) = session.get_many([number], PARTS)
    if not found or found[0].state != "active" or not _is(session, resource, found[0]):
        raise NotFound(f"no {resource.title} found for id {number}")
    return found[0]


def _is(session: Session, resource: Resource, entity: Entity) -> bool:
    return translate.resource_of(session.types(), entity.kind) is resource


def get_artifact(session: Session, number: int) -> Entity:
    """An artifact of any sort by its id."""
    (*found,) = session.get_many([number], PARTS)
    shown = translate.resource_of(session.types(), found[0].kind) if found else None
    if shown not in ARTIFACTS:
        raise NotFound(f"no artifact found for id {number}")
    return found[0]


def find(session: Session, resources: tuple[Resource, ...], asked: Mapping[str, str]) -> Entity:
    """The one resource with a name (and in a parent), or with an external id.

    Raises:
        Invalid: neither is given.
        NotFound: there is none.
    """
    name, external, parent = (
        asked.get("name", ""),
        asked.get("externalId", ""),
        asked.get("parentResourceId", ""),
    )
    lies_in = any(each.parent or each.artifact_type for each in resources)
    if not external and (not name or (lies_in and not parent)):
        wanted = "name and parentResourceId" if lies_in else "name"
        raise Invalid(f"invalid parameters call, supply either {wanted}, or externalId")
    where: list[Expr | None] = []
    if external:
        where.append(Or([Compare(ExternalId(each.external), "=", external) for each in resources]))
    if name:
        where.append(called(name))
    if parent:
        if not parent.isdigit():
            raise Invalid(f"parentResourceId must be an id, not {parent!r}")
        where.append(Compare(Attribute("home"), "=", int(parent)))
    page = session.find(
        Query(kinds=[each.kind for each in resources], where=all_of(*where), limit=2, parts=list(PARTS))
    )
    if len(page.entities) != 1:
        raise NotFound(f"no {resources[0].title} found for {dict(asked)}")
    return page.entities[0]


def called(name: str) -> Expr:
    """Has this name; versions that MLflow numbered are called by their numbers."""
    plain: Expr = Compare(Attribute("name"), "=", name)
    return Or([plain, Compare(Property("version"), "=", int(name))]) if name.isdigit() else plain


# Making


def create(session: Session, resource: Resource, asked: Asked, parent: Entity | None) -> Entity:
    """A new resource; Conflict when its name or external id is taken."""
    name = asked.name or str(uuid.uuid4())
    if len(name) > _LONGEST_NAME:
        raise Invalid(f"a name may have {_LONGEST_NAME} characters")
    operations: list[AnyOperation] = []
    address: ByName | None = None
    if parent is None and resource.named and not resource.parent:
        address = ByName(resource.kind, name)
        operations.append(Expect(address, Absent(), _TAKEN))
    guard = ByExternal("kubeflow.name", f"{parent.id if parent else ''}:{resource.name}:{name}")
    externals = [*asked.external()]
    for each in externals:
        operations.append(Expect(ByExternal(each.protocol, each.id), Absent(), _TAKEN))
    if address is None:
        operations.append(Expect(guard, Absent(), _TAKEN))
    put = PutEntity(
        guard if address is None else address,
        kind=resource.kind,
        namespace=parent.namespace if parent else "default",
        name=name,
        unique=address is not None,
        home=ById(parent.id) if parent else None,
        owner=asked.owner,
        properties=asked.properties,
        external=externals,
        started=asked.times.get("started", _now() if resource is RUN else None),
        ended=asked.times.get("ended"),
        handle="new",
    )
    operations += [put, *_related(session, resource, asked, parent)]
    try:
        number = session.commit(Change(operations)).entities[0]
    except ExpectationFailed:
        raise Conflict(f"a {resource.title} with name {name} or its external id already exists") from None
    return session.get_many([number], PARTS)[0]


def _related(session: Session, resource: Resource, asked: Asked, parent: Entity | None) -> list[AnyOperation]:
    """Edges of a new resource, and what a run is told of it."""
    new: AnyRef = Local("new")
    found: list[AnyOperation] = []
    if resource is VERSION and parent is not None:
        found.append(PutEdge("version", ById(parent.id), new))
    elif resource in (SERVICE, SERVE):
        found += _deployed(session, asked, new)
    elif parent is not None and resource.artifact_type:
        found += _inside(resource, asked, parent, new)
    return found


def _deployed(session: Session, asked: Asked, new: AnyRef) -> list[AnyOperation]:
    number = asked.properties.get("kubeflow.modelVersionId")
    if not isinstance(number, int):
        return []
    get(session, VERSION, number)
    return [PutEdge("deployed_as", ById(number), new)]


def _inside(resource: Resource, asked: Asked, parent: Entity, new: AnyRef) -> list[AnyOperation]:
    ref = ById(parent.id)
    if parent.kind != "run":
        return [PutEdge("derived", new, ref), *_located(asked, ref, reads=True)]
    if resource in (METRIC, PARAMETER):
        return told(resource, asked.name or "", asked, ref)
    reads = resource.kind == "dataset"
    edge = PutEdge("input", new, ref) if reads else PutEdge("output", ref, new)
    return [edge, *_located(asked, ref, reads)]


def _located(asked: Asked, ref: AnyRef, reads: bool) -> list[AnyOperation]:
    """The data at an artifact's place, which other tools know by the same name."""
    place = locate(str(asked.properties.get("uri") or ""))
    if place is None or not reads or asked.resource.kind != "dataset":
        return []
    data = ByName("dataset", place.name, place.namespace)
    return [PutEntity(data, kind="dataset"), PutEdge("input", data, ref)]


def told(resource: Resource, name: str, asked: Asked, run: AnyRef) -> list[AnyOperation]:
    """A metric as a point of its run, a parameter as its property, which is where other tools look for them."""
    properties = asked.properties
    if resource is PARAMETER:
        value = properties.get("value")
        return [PutEntity(run, kind="run", properties={f"param.{name}": value})]
    value = properties.get("value")
    if not isinstance(value, int | float):
        return []
    at, step = properties.get("timestamp"), properties.get("step")
    moment = at if isinstance(at, int) else _now()
    return [AppendPoints(run, [Point(name, float(value), moment, step if isinstance(step, int) else 0)])]


def _now() -> int:
    return int(time.time() * 1000)


# Changing


def update(session: Session, resource: Resource, asked: Asked, number: int) -> Entity:
    """Change what is given of a resource; prepared again when somebody else changed it in between."""
    for _ in range(_ATTEMPTS):
        entity = get(session, resource, number)
        try:
            session.commit(Change(_update(session, resource, asked, entity)))
        except ExpectationFailed as error:
            if error.expect.code == _TAKEN:
                raise Conflict(f"another {resource.title} has this external id") from None
            continue
        return session.get_many([number], PARTS)[0]
    raise Conflict("others changed the same resource over and over; try again")


def _update(session: Session, resource: Resource, asked: Asked, entity: Entity) -> list[AnyOperation]:
    _check_times(asked, entity)
    ref = ById(entity.id)
    operations: list[AnyOperation] = [Expect(ref, AtRevision(entity.revision), _CHANGED)]
    former = next((each.id for each in entity.external if each.protocol == resource.external), None)
    externals = asked.external(former)
    if former is not None and externals:
        operations.append(Remove(ref, TheExternal(resource.external, former)))
    for each in externals:
        if _stands(session, ByExternal(each.protocol, each.id)):
            raise Conflict(f"another {resource.title} has the external id {each.id}")
    operations.append(
        PutEntity(
            ref,
            kind=resource.kind,
            owner=asked.owner,
            properties=asked.changes(entity),
            external=externals,
            ended=asked.times.get("ended"),
            updated=max(_now(), entity.updated + 1),
        )
    )
    if resource is SERVICE:
        operations += _deployed(session, asked, ref)
    if translate.measured(resource) and entity.home is not None:
        operations += told(resource, entity.name, asked, ById(entity.home))
    return operations


def _check_times(asked: Asked, entity: Entity) -> None:
    ended = asked.times.get("ended")
    if ended is not None and entity.started is not None and ended < entity.started:
        raise Invalid(
            f"EndTimeSinceEpoch ({ended}) cannot be less than StartTimeSinceEpoch ({entity.started})"
        )


def _stands(session: Session, ref: AnyRef) -> bool:
    try:
        session.get(ref, ())
    except NotFound:
        return False
    return True


def upsert_artifact(
    session: Session, resource: Resource, given: Mapping[str, Any], parent: Entity | None
) -> tuple[Entity, bool]:
    """Make an artifact, or change the one that is meant; and whether it is new.

    One is meant by its id, and a metric or a parameter of a run by its name as well.
    """
    number = given.get("id")
    if number is not None:
        if not isinstance(number, str) or not number.isdigit():
            raise Invalid(f"id must be an id, not {number!r}")
        entity = _artifact_to_change(session, resource, int(number))
        return update(session, resource, Asked(resource, given, new=False), entity.id), False
    asked = Asked(resource, given, new=True)
    if translate.measured(resource) and parent is not None and asked.name:
        known = session.find(
            Query(
                kinds=[resource.kind],
                where=all_of(called(asked.name), Compare(Attribute("home"), "=", parent.id)),
                limit=1,
            )
        ).entities
        if known:
            return update(session, resource, asked, known[0].id), False
    return create(session, resource, asked, parent), True


def _artifact_to_change(session: Session, resource: Resource, number: int) -> Entity:
    try:
        entity = get_artifact(session, number)
    except NotFound as error:
        raise Invalid(
            f"mismatched types, artifact with id {number} is not a {resource.title}: {error}"
        ) from None
    if not _is(session, resource, entity):
        raise Invalid(f"artifact with id {number} is not a {resource.title}")
    return entity


def latest_version(session: Session, model: int) -> Entity:
    """The newest version of a model; NotFound when it has none."""
    where = Compare(Attribute("home"), "=", model)
    order = [Order(Attribute("id"), descending=True)]
    page = session.find(Query(kinds=[VERSION.kind], where=where, order=order, limit=1, parts=list(PARTS)))
    if not page.entities:
        raise NotFound(f"no ModelVersion found for the model with id {model}")
    return page.entities[0]
