"""Tags: those that something bears, and those that were made to be borne."""

from __future__ import annotations

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, Change, PutEntity, PutLabel, Remove, TheLabel
from lineal.graph.model import ById, ByName, Entity
from lineal.graph.query import Compare, Property, Query
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, wire
from lineal.protocols.openlineage.marquez.asking import MOST, Parameters
from lineal.protocols.openlineage.marquez.facets import tags_of, text_of

_IS_TAG = "tag"
"""Property of a term: whether it was made as a tag."""


def list_tags(call: Call) -> Reply:
    """A page of the tags, by name."""
    limit, offset = Parameters(call).page()
    session = call.session
    query = Query(kinds=["term"], where=Compare(Property(_IS_TAG), "=", True), limit=MOST)
    made = {each.name: text_of(each, "description") for each in session.find(query).entities}
    names = sorted(made.keys() | set(session.distinct().labels("tag")))[offset : offset + limit]
    return json_reply({"tags": [wire.Tag(name=name, description=made.get(name)) for name in names]})


def put_tag(call: Call) -> Reply:
    """Make a tag, or say what it means."""
    name, meta = call.path_params["tag"], asking.body(call, wire.TagMeta)
    told = {"description": meta.description} if meta.description is not None else {}
    ref = ByName("term", name)
    put = PutEntity(
        ref, kind="term", name=name, unique=True, properties={_IS_TAG: True, **told}, state="active"
    )
    call.session.commit(Change([put]))
    return json_reply(wire.Tag(name=name, description=text_of(call.session.get(ref), "description")))


def tag(session: Session, entity: Entity, name: str, *, on: bool) -> None:
    """Put a tag on an entity, or take it away; nothing happens where it is as it should be."""
    if (name in tags_of(entity)) == on:
        return
    ref = ById(entity.id)
    operation: AnyOperation = PutLabel(ref, name, "tag") if on else Remove(ref, TheLabel(name))
    session.commit(Change([operation]))
