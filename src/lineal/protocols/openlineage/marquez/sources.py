"""Sources: those that data sets name, and those that were made."""

from __future__ import annotations

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.model import ByName, Entity, Properties
from lineal.graph.query import Attribute, Compare, Order, Property, Query
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, wire
from lineal.protocols.openlineage.marquez.asking import MOST, Parameters, iso
from lineal.protocols.openlineage.marquez.facets import text_of
from lineal.protocols.openlineage.marquez.shown_data import DEFAULT_SOURCE


def list_sources(call: Call) -> Reply:
    """A page of the sources, by name."""
    limit, offset = Parameters(call).page()
    found = every(call.session)
    return json_reply({"sources": [found[name] for name in sorted(found)[offset : offset + limit]]})


def every(session: Session) -> dict[str, wire.Source]:
    """All sources by name."""
    seen = {name: _seen(name, data) for name, data in session.distinct().values("source", MOST).items()}
    made = session.find(Query(kinds=["data_source"], limit=MOST)).entities
    return {**seen, **{each.name: _made(each) for each in made}}


def get_source(call: Call) -> Reply:
    """One source."""
    name = call.path_params["source"]
    found = find(call.session, name)
    if found is None:
        raise NotFound(f"Source '{name}' not found.")
    return json_reply(found)


def put_source(call: Call) -> Reply:
    """Make a source, or say where it is."""
    name, meta = call.path_params["source"], asking.body(call, wire.SourceMeta)
    told = {"type": meta.type, "uri": meta.connection_url, "description": meta.description}
    properties: Properties = {key: value for key, value in told.items() if value is not None}
    ref = ByName("data_source", name)
    put = PutEntity(ref, kind="data_source", name=name, unique=True, properties=properties, state="active")
    call.session.commit(Change([put]))
    return json_reply(_made(call.session.get(ref)))


def find(session: Session, name: str) -> wire.Source | None:
    """A source by its name; the default one is that of data sets that name none."""
    found = every(session).get(name)
    if found is not None or name != DEFAULT_SOURCE:
        return found
    unnamed = Compare(Property("source"), "is null")
    newest = [Order(Attribute("updated"), descending=True)]
    seen = session.find(Query(kinds=["dataset"], where=unnamed, order=newest, limit=1)).entities
    return _seen(name, seen[0]) if seen else None


def _made(source: Entity) -> wire.Source:
    return _source(source.name, source, text_of(source, "type"), text_of(source, "description"))


def _seen(name: str, data: Entity) -> wire.Source:
    """A source as a data set tells of it."""
    return _source(name, data, None, None)


def _source(name: str, known: Entity, kind: str | None, description: str | None) -> wire.Source:
    url = text_of(known, "uri") or ""
    if known.kind != "data_source" and name == DEFAULT_SOURCE:
        url = ""
    return wire.Source(
        type=kind or url.partition("://")[0].upper() or "UNKNOWN",
        name=name,
        created_at=iso(known.created),
        updated_at=iso(known.updated),
        connection_url=url,
        description=description,
    )
