"""Namespaces: each that has a job or a data set, and those that were made."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.model import ById, ByName, Entity, Properties
from lineal.graph.query import Attribute, Order, Query
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, wire
from lineal.protocols.openlineage.marquez.asking import Parameters, iso
from lineal.protocols.openlineage.marquez.facets import text_of

_NOBODY = "anonymous"
_TOGETHER = 1000


def list_namespaces(call: Call) -> Reply:
    """A page of the namespaces, by name."""
    limit, offset = Parameters(call).page()
    found = every(call.session)
    names = sorted(found)[offset : offset + limit]
    return json_reply({"namespaces": [_shown(name, found[name]) for name in names]})


def every(session: Session) -> dict[str, Entity]:
    """Namespaces with what is known of each, or else one of its entities."""
    distinct = session.distinct()
    return {
        name: each
        for kind in ("dataset", "job", "namespace")
        for name, each in distinct.namespaces(kind).items()
    }


def get_namespace(call: Call) -> Reply:
    """One namespace."""
    name = call.path_params["namespace"]
    return json_reply(_shown(name, _the_namespace(call.session, name)))


def _the_namespace(session: Session, name: str) -> Entity:
    known = every(session)
    found = next((known[each] for each in asking.data_namespaces(name) if each in known), None)
    if found is None:
        raise NotFound(f"Namespace '{name}' not found.")
    return found


def put_namespace(call: Call) -> Reply:
    """Make a namespace, or say who owns it and what it is."""
    name, meta = call.path_params["namespace"], asking.body(call, wire.NamespaceMeta)
    ref = ByName("namespace", name, name)
    told: Properties = {"description": meta.description} if meta.description is not None else {}
    put = PutEntity(
        ref,
        kind="namespace",
        namespace=name,
        name=name,
        unique=True,
        owner=meta.owner_name,
        properties=told,
        state="active",
    )
    call.session.commit(Change([put]))
    return json_reply(_shown(name, call.session.get(ref)))


def delete_namespace(call: Call) -> Reply:
    """Hide a namespace with its jobs and data sets; an event that speaks of them brings them back."""
    name = call.path_params["namespace"]
    told = _shown(name, _the_namespace(call.session, name), is_hidden=True)
    for kind in ("dataset", "job", "namespace"):
        while found := _some(call.session, name, kind):
            gone = [PutEntity(ById(each.id), state="deleted") for each in found]
            call.session.commit(Change([*gone]))
    return json_reply(told)


def _some(session: Session, name: str, kind: str) -> Sequence[Entity]:
    where = asking.in_namespace(name, kind)
    order = [Order(Attribute("id"))]
    return session.find(Query(kinds=[kind], where=where, limit=_TOGETHER, order=order, parts=[])).entities


def _shown(name: str, known: Entity, *, is_hidden: bool = False) -> wire.Namespace:
    own = known if known.kind == "namespace" else None
    return wire.Namespace(
        name=name,
        created_at=iso(known.created),
        updated_at=iso(known.updated),
        owner_name=(own.owner if own else None) or _NOBODY,
        description=text_of(own, "description") if own else None,
        is_hidden=is_hidden,
    )
