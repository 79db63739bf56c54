"""Data sets, their versions, and tags on them and on their fields."""

from __future__ import annotations

import asyncio

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.change import Change, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.model import ById, Entity
from lineal.graph.query import Attribute, Compare, Order, Query
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, shown_data, shown_jobs, sources, wire
from lineal.protocols.openlineage.marquez.asking import EVERYTHING, Paged, Parameters
from lineal.protocols.openlineage.marquez.facets import PRIVATE, text_of
from lineal.protocols.openlineage.marquez.sending import facet, tell
from lineal.protocols.openlineage.marquez.tags import tag


def list_datasets(call: Call) -> Reply:
    """A page of the data sets of a namespace, by name."""
    limit, offset = Parameters(call).page()
    namespace = call.path_params["namespace"]
    every = Query(kinds=["dataset"], where=asking.in_namespace(namespace, "dataset"))
    _, total = asking.page_of(call.session, every, Paged(0, 0))
    within = asking.data_namespaces(namespace)
    found = call.session.in_namespaces("dataset", within, EVERYTHING, limit=limit, offset=offset)
    if not total:
        asking.require_namespace(call.session, namespace)
    return json_reply({"datasets": shown_data.datasets(call.session, found), "totalCount": total})


def get_dataset(call: Call) -> Reply:
    """One data set."""
    return _reply(call.session, asking.the_dataset(call))


def _reply(session: Session, entity: Entity) -> Reply:
    return json_reply(shown_data.datasets(session, [entity])[0])


async def put_dataset(call: Call) -> Reply:
    """Tell of a data set, as clients of long ago do."""
    meta = asking.body(call, wire.DatasetMeta)
    source = await asyncio.to_thread(_check_put, call, meta)
    namespace, name = call.path_params["namespace"], call.path_params["dataset"]
    told = {"type": meta.type, "physicalName": meta.physical_name, "schemaLocation": meta.schema_location}
    facets = {
        PRIVATE: facet(**{key: value for key, value in told.items() if value is not None}),
        "dataSource": facet(name=source.name, uri=source.connection_url),
    }
    if meta.description is not None:
        facets["documentation"] = facet(description=meta.description)
    if meta.fields is not None:
        facets["schema"] = facet(fields=[_field(each) for each in meta.fields])
    tags = _tags(meta)
    if tags:
        facets["tags"] = facet(tags=tags)
    data = {"namespace": namespace, "name": name, "facets": facets}
    if meta.run_id is None:
        await tell(call, "DatasetEvent", dataset=data)
    else:
        job = await asyncio.to_thread(_job_of, call.session, meta.run_id)
        await tell(call, "RunEvent", eventType="RUNNING", run={"runId": meta.run_id}, job=job, outputs=[data])
    return await asyncio.to_thread(get_dataset, call)


def _check_put(call: Call, meta: wire.DatasetMeta) -> wire.Source:
    asking.require_namespace(call.session, call.path_params["namespace"])
    source = sources.find(call.session, meta.source_name)
    if source is None:
        raise NotFound(f"Source '{meta.source_name}' not found.")
    return source


def _field(meta: wire.FieldMeta) -> dict[str, str]:
    told = {"name": meta.name, "type": meta.type, "description": meta.description}
    return {key: value for key, value in told.items() if value is not None}


def _tags(meta: wire.DatasetMeta) -> list[dict[str, str]]:
    own = [{"key": each, "value": "true"} for each in meta.tags or ()]
    fields = [
        {"key": each, "value": "true", "field": field.name}
        for field in meta.fields or ()
        for each in field.tags or ()
    ]
    return own + fields


def _job_of(session: Session, number: str) -> dict[str, str]:
    run = asking.required_run(session, number, ())
    job = session.get(ById(run.home or 0), ())
    return {"namespace": job.namespace, "name": job.name}


def delete_dataset(call: Call) -> Reply:
    """Hide a data set; an event that speaks of it brings it back."""
    entity = asking.the_dataset(call)
    told = _reply(call.session, entity)
    gone = PutEntity(ById(entity.id), state="deleted", properties={"lifecycle": None})
    call.session.commit(Change([gone]))
    return told


# Tags


def tag_dataset(call: Call) -> Reply:
    """Put a tag on a data set."""
    return _tag(call, on=True)


def untag_dataset(call: Call) -> Reply:
    """Take a tag from a data set."""
    return _tag(call, on=False)


def _tag(call: Call, *, on: bool) -> Reply:
    tag(call.session, asking.the_dataset(call), call.path_params["tag"], on=on)
    return get_dataset(call)


def tag_field(call: Call) -> Reply:
    """Put a tag on a field."""
    return _tag_field(call, on=True)


def untag_field(call: Call) -> Reply:
    """Take a tag from a field."""
    return _tag_field(call, on=False)


def _tag_field(call: Call, *, on: bool) -> Reply:
    data, path = asking.the_dataset(call), call.path_params["field"]
    column = shown_data.columns_of(call.session, [data.id]).get(data.id, {}).get(path)
    if column is None:
        raise NotFound(f"Field '{path}' not found for dataset '{data.name}'.")
    tag(call.session, column, call.path_params["tag"], on=on)
    return get_dataset(call)


# Versions


def list_versions(call: Call) -> Reply:
    """A page of the versions of a data set, the newest first."""
    paged = Parameters(call).page()
    data = asking.the_dataset(call)
    query = Query(
        kinds=["dataset_version"],
        where=Compare(Attribute("home"), "=", data.id),
        order=[Order(Attribute("created"), descending=True), Order(Attribute("id"), descending=True)],
        parts=["properties", "facets", "external"],
    )
    stored, total = asking.page_of(call.session, query, paged)
    if not total:
        # Nobody wrote it, and yet it is.
        shown = [_as_it_is(call.session, data)][paged.offset : paged.offset + paged.limit]
        return json_reply({"versions": shown, "totalCount": 1})
    return json_reply({"versions": _versions(call.session, data, stored), "totalCount": total})


def get_version(call: Call) -> Reply:
    """One version of a data set."""
    data, number = asking.the_dataset(call), call.path_params["version"]
    stored = call.session.look_up(names.version_ref(number), ("properties", "facets", "external"))
    if stored is not None and stored.home == data.id:
        return json_reply(_versions(call.session, data, [stored])[0])
    if stored is None and number == shown_data.current_version(data):
        return json_reply(_as_it_is(call.session, data))
    raise NotFound(f"Dataset version '{number}' not found.")


def _as_it_is(session: Session, data: Entity) -> wire.DatasetVersion:
    columns = shown_data.columns_of(session, [data.id]).get(data.id, {})
    return shown_data.version(data, columns, None, None, shown_data.seen_facets(session, data, {}))


def _versions(session: Session, data: Entity, stored: list[Entity]) -> list[wire.DatasetVersion]:
    columns = shown_data.columns_of(session, [data.id]).get(data.id, {})
    numbers = [found for each in stored if (found := text_of(each, "run")) is not None]
    runs = session.get_external(names.RUN, numbers, ("properties", "facets"))
    homes = list({each.home for each in runs if each.home is not None})
    jobs = {each.id: each for each in session.get_many(homes, ())}
    shown = shown_jobs.runs(session, runs, jobs)
    by_number = {each.name: shown[each.id] for each in runs if each.id in shown}
    facets = shown_data.seen_facets(session, data, {})
    return [
        shown_data.version(data, columns, each, by_number.get(text_of(each, "run") or ""), facets)
        for each in stored
    ]
