"""Resources in the graph: found, made and changed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from lineal.catalog.session import Session
from lineal.graph.addresses import outside_id, scoped
from lineal.graph.change import (
    Absent,
    AnyOperation,
    AtRevision,
    Change,
    Expect,
    PutEntity,
    Remove,
    TheExternal,
)
from lineal.graph.errors import Conflict, ExpectationFailed, Invalid, NotFound
from lineal.graph.mlflow.registry import NUMBER
from lineal.graph.model import ByExternal, ById, ByName, Entity
from lineal.graph.query import Attribute, Compare, Expr, ExternalId, Or, Order, Part, Property, Query, all_of
from lineal.protocols.addresses import CHANGED
from lineal.protocols.attempts import attempt
from lineal.protocols.kubeflow import numbered, relations, translate, values
from lineal.protocols.kubeflow.resources import ARTIFACTS, LOCATION, RUN, VERSION, Resource
from lineal.protocols.kubeflow.translate import Asked
from lineal.protocols.tenants import namespace_of

PARTS: tuple[Part, ...] = ("properties", "external")
_TAKEN = "taken"
_LONGEST_NAME = 250


def get(session: Session, resource: Resource, number: int) -> Entity:
    """A resource by its id; NotFound when there is none of this sort."""
    found = _active(session, number)
    if found is None or translate.resource_of(session.types(), found) is not resource:
        raise NotFound(f"no {resource.title} found for id {number}")
    return found


def get_artifact(session: Session, number: int) -> Entity:
    """An artifact of any sort by its id."""
    found = _active(session, number)
    if found is None or translate.resource_of(session.types(), found) not in ARTIFACTS:
        raise NotFound(f"no artifact found for id {number}")
    return found


def _active(session: Session, number: int) -> Entity | None:
    (*found,) = session.get_many([number], PARTS)
    return found[0] if found and found[0].state == "active" else None


def find(session: Session, sorts: tuple[Resource, ...], asked: Mapping[str, str]) -> Entity:
    """The one resource with a name (and in a parent), or with an external id.

    Raises:
        Invalid: neither is given.
        NotFound: there is none, or more than one.
    """
    name, external, parent = (asked.get(key, "") for key in ("name", "externalId", "parentResourceId"))
    lies_in = any(each.parent or each.artifact_type for each in sorts)
    if not external and (not name or (lies_in and not parent)):
        wanted = "name and parentResourceId" if lies_in else "name"
        raise Invalid(f"invalid parameters call, supply either {wanted}, or externalId")
    inside: Expr | None = None
    if parent:
        inside = Compare(Attribute("home"), "=", values.number_of(parent, "parentResourceId"))
    where = all_of(named(session, sorts, asked), inside, shown(sorts))
    query = Query(kinds=kinds(sorts), where=where, limit=2, parts=list(PARTS))
    found = session.find(query).entities
    if len(found) != 1:
        raise NotFound(f"{'several' if found else 'no'} {sorts[0].title} found for {dict(asked)}")
    return found[0]


def named(session: Session, sorts: tuple[Resource, ...], asked: Mapping[str, str]) -> Expr | None:
    """The condition that the parameters `name` and `externalId` stand for."""
    protocol = scoped(sorts[0].external, namespace_of(session))
    external: Expr | None = None
    if asked.get("externalId"):
        external = Compare(ExternalId(protocol), "=", asked["externalId"])
    return all_of(external, called(sorts, asked["name"]) if asked.get("name") else None)


def kinds(sorts: tuple[Resource, ...]) -> list[str]:
    """The kinds that these sorts of resources are."""
    return [each.kind for each in sorts]


def shown(sorts: tuple[Resource, ...]) -> Expr | None:
    """The condition that an entity of one of these sorts is a resource.

    What must lie in something does, and a data set that only stands for a place is none.
    """
    contained: Expr | None = Compare(Attribute("home"), "is not null") if sorts[0].contained else None
    is_none: Expr | None = Compare(Property(LOCATION), "is null") if sorts[0].artifact_type else None
    return all_of(contained, is_none)


def called(sorts: tuple[Resource, ...], name: str) -> Expr:
    """Has this name; versions that MLflow numbered are called by their numbers."""
    plain: Expr = Compare(Attribute("name"), "=", name)
    number = numbered.number_of(name) if sorts == (VERSION,) else None
    return plain if number is None else Or([plain, Compare(Property(NUMBER), "=", number)])


def latest_version(session: Session, model: int) -> Entity:
    """The newest version of a model; NotFound when it has none."""
    where = Compare(Attribute("home"), "=", model)
    order = [Order(Attribute("id"), descending=True)]
    page = session.find(Query(kinds=[VERSION.kind], where=where, order=order, limit=1, parts=list(PARTS)))
    if not page.entities:
        raise NotFound(f"no ModelVersion found for the model with id {model}")
    return page.entities[0]


# Making


def create(session: Session, resource: Resource, asked: Asked, parent: Entity | None) -> Entity:
    """A new resource; Conflict when its name or external id is taken."""
    if asked.name is not None and len(asked.name) > _LONGEST_NAME:
        raise Invalid(f"a name may have {_LONGEST_NAME} characters")
    name = asked.name or str(uuid.uuid4())

    def make(placed: bool) -> Entity:
        operations = _create(session, resource, asked, name, parent)
        operations += relations.of_new(session, resource, asked, parent, placed)
        committed = session.commit(Change(operations)).entities
        put = [each for each in operations if isinstance(each, PutEntity)]
        own = next(at for at, each in enumerate(put) if each.handle == relations.NEW.handle)
        return session.get_many([committed[own]], PARTS)[0]

    try:
        return attempt(session, make)
    except ExpectationFailed:
        raise Conflict(
            f"{resource.title} with name {name}, or with its external id, already exists"
        ) from None


def _create(
    session: Session, resource: Resource, asked: Asked, name: str, parent: Entity | None
) -> list[AnyOperation]:
    namespace = parent.namespace if parent else namespace_of(session)
    own_name = ByName(resource.kind, name, namespace) if resource.named and not resource.parent else None
    address = own_name or ByExternal("kubeflow.name", f"{_owner(parent)}:{resource.name}:{name}")
    externals = asked.external(namespace)
    taken = [address, *(ByExternal(each.protocol, each.id) for each in externals)]
    put = PutEntity(
        address,
        kind=resource.kind,
        namespace=namespace,
        name=name,
        unique=own_name is not None,
        home=ById(parent.id) if parent else None,
        owner=asked.owner,
        properties=asked.properties,
        external=externals,
        started=asked.times.get("started", _now() if resource is RUN else None),
        ended=asked.times.get("ended"),
        handle=relations.NEW.handle,
    )
    if resource is VERSION and parent is not None:
        return [*_absent(taken), *numbered.numbered(session, put, parent, _TAKEN, CHANGED)]
    return [*_absent(taken), put]


def _owner(parent: Entity | None) -> str:
    """Within what a name is unique; without a parent it need not be."""
    return str(parent.id) if parent else uuid.uuid4().hex


def _absent(refs: list[ByName | ByExternal]) -> list[AnyOperation]:
    return [Expect(ref, Absent(), _TAKEN) for ref in refs]


def _now() -> int:
    return int(time.time() * 1000)


# Changing


def update(session: Session, resource: Resource, asked: Asked, number: int) -> Entity:
    """Change what is given of a resource."""

    def make(placed: bool) -> Entity:
        entity = get(session, resource, number)
        session.commit(Change(_update(session, resource, asked, entity, placed)))
        return session.get_many([number], PARTS)[0]

    return attempt(session, make)


def update_in(session: Session, resource: Resource, asked: Asked, given_id: Any, parent: int) -> Entity:
    """The same of one that a client sends to what it lies in; NotFound when it lies elsewhere."""
    number = values.number_of(given_id, "id")
    if get(session, resource, number).home != parent:
        raise NotFound(f"no {resource.title} found for id {number} in {parent}")
    return update(session, resource, asked, number)


def move_in(session: Session, resource: Resource, asked: Asked, number: int, parent: Entity) -> Entity:
    """The same of an artifact that is put into a version or a run, and may lie in nothing else."""

    def make(placed: bool) -> Entity:
        entity = get(session, resource, number)
        if entity.home not in (None, parent.id):
            raise Invalid(f"artifact with id {number} belongs to another version or run")
        operations = _update(session, resource, asked, entity, placed)
        if entity.home is None:
            operations.append(PutEntity(ById(number), kind=resource.kind, home=ById(parent.id)))
            properties = {**entity.properties, **asked.properties}
            held = relations.Held(resource, ById(number), entity.name, properties)
            operations += relations.put_in(session, held, parent, placed)
        session.commit(Change(operations))
        return session.get_many([number], PARTS)[0]

    return attempt(session, make)


def _update(
    session: Session, resource: Resource, asked: Asked, entity: Entity, placed: bool
) -> list[AnyOperation]:
    _check_times(asked, entity)
    ref = ById(entity.id)
    operations: list[AnyOperation] = [Expect(ref, AtRevision(entity.revision), CHANGED)]
    former = outside_id(entity, resource.external)
    externals = asked.external(entity.namespace, former)
    if former is not None and externals:
        operations.append(Remove(ref, TheExternal(externals[0].protocol, former)))
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
    return [*operations, *relations.of_changed(session, resource, asked, entity, placed)]


def _check_times(asked: Asked, entity: Entity) -> None:
    ended = asked.times.get("ended")
    if ended is not None and entity.started is not None and ended < entity.started:
        raise Invalid(
            f"EndTimeSinceEpoch ({ended}) cannot be less than StartTimeSinceEpoch ({entity.started})"
        )


def upsert_artifact(
    session: Session, resource: Resource, given: Mapping[str, Any], parent: Entity | None
) -> tuple[Entity, bool]:
    """Make an artifact, or change the one that is meant; and whether it is new.

    One is meant by its id, and a metric or a parameter of a run by its name as well.
    """
    if given.get("id") is not None:
        number = _artifact_to_change(session, resource, values.number_of(given["id"], "id"))
        asked = Asked(resource, given, new=False, whole=True)
        if parent is None:
            return update(session, resource, asked, number), False
        return move_in(session, resource, asked, number, parent), False
    asked = Asked(resource, given, new=True, whole=True)
    known = _of_this_name(session, resource, asked, parent)
    if known is not None:
        return update(session, resource, Asked(resource, given, new=False, whole=True), known), False
    return create(session, resource, asked, parent), True


def _of_this_name(session: Session, resource: Resource, asked: Asked, parent: Entity | None) -> int | None:
    """The metric or the parameter that a run has by this name."""
    if not translate.measured(resource) or parent is None or not asked.name:
        return None
    where = all_of(called((resource,), asked.name), Compare(Attribute("home"), "=", parent.id))
    found = session.find(Query(kinds=[resource.kind], where=where, limit=1, parts=[])).entities
    return found[0].id if found else None


def _artifact_to_change(session: Session, resource: Resource, number: int) -> int:
    try:
        entity = get_artifact(session, number)
    except NotFound as error:
        raise Invalid(
            f"mismatched types, artifact with id {number} is not a {resource.title}: {error}"
        ) from None
    if translate.resource_of(session.types(), entity) is not resource:
        raise Invalid(f"artifact with id {number} is not a {resource.title}")
    return entity.id
