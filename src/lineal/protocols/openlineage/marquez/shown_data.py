"""Data sets and their versions as Marquez shows them; a page of them takes as many statements as one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.model import ACTIVE, Edge, Entity
from lineal.graph.query import And, Attribute, Compare, Labelled, Or, Query
from lineal.protocols.openlineage.marquez import wire
from lineal.protocols.openlineage.marquez.asking import dashed, iso, iso_or_none
from lineal.protocols.openlineage.marquez.facets import facet_of, facets_of, private, tags_of, text_of

DEFAULT_SOURCE = "default"
_NAMING = ("columnLineage", "lineage")
"""Facets that name other data sets."""
_MOST = 50_000
_MOST_EDGES = 200_000
_SPACE = uuid.UUID("4f1a9c53-5a0f-5d0e-9d0a-3f1f8f2f6a0e")

Columns = Mapping[int, Mapping[str, Entity]]
"""By data set, its columns by path."""


def id_of(entity: Entity) -> wire.Id:
    """An entity by name."""
    return wire.Id(namespace=entity.namespace, name=entity.name)


def datasets(session: Session, found: Sequence[Entity]) -> list[wire.Dataset]:
    """Data sets, read with properties, facets and labels."""
    columns = columns_of(session, [each.id for each in found])
    made_of = _made_of(session, found, columns)
    seen = {
        (each.namespace, each.dataset): True
        for lines in made_of.values()
        for line in lines
        for each in line.input_fields
    }
    return [
        _dataset(each, columns.get(each.id, {}), made_of.get(each.id), seen_facets(session, each, seen))
        for each in found
    ]


def nodes(session: Session, found: Sequence[Entity]) -> list[wire.DatasetData]:
    """The same as nodes of a lineage."""
    columns = _tagged_columns(session, [each.id for each in found])
    return [wire.DatasetData(**_data(each, columns.get(each.id, {}))) for each in found]


def columns_of(session: Session, ids: Sequence[int]) -> Columns:
    """The columns of data sets."""
    where = Compare(Attribute("home"), "in", list(ids))
    return _columns(
        session, Query(kinds=["column"], where=where, limit=_MOST, parts=["properties", "labels"])
    )


def _tagged_columns(session: Session, ids: Sequence[int]) -> Columns:
    """Of the columns of data sets, those that bear tags."""
    tags = session.distinct().labels("tag")
    if not tags:
        return {}
    where = And([Compare(Attribute("home"), "in", list(ids)), Or([Labelled(each) for each in tags])])
    return _columns(session, Query(kinds=["column"], where=where, limit=_MOST, parts=["labels"]))


def _columns(session: Session, query: Query) -> Columns:
    found: dict[int, dict[str, Entity]] = {}
    for each in session.find(query).entities:
        found.setdefault(each.home or 0, {})[names.field_of(each.name)] = each
    return found


def seen_facets(session: Session, data: Entity, seen: dict[tuple[str, str], bool]) -> dict[str, Any]:
    """The facets of a data set without those that name a data set which the caller may not see.

    Args:
        session: of the caller.
        data: the data set.
        seen: whether others may be seen, by namespace and name, as far as that is known; it is added to.
    """
    found = facets_of(data)
    for name in _NAMING:
        if not all(is_seen(session, place, seen) for place in _places(found.get(name))):
            del found[name]
    return found


def is_seen(session: Session, place: tuple[str, str], seen: dict[tuple[str, str], bool]) -> bool:
    """Whether the caller sees a data set, as `seen` remembers."""
    if place not in seen:
        refs = (names.dataset_ref(*place), names.alias_ref(*place))
        seen[place] = any(session.look_up(each, ()) is not None for each in refs)
    return seen[place]


def _places(document: Any) -> Iterator[tuple[str, str]]:
    """What a document names by namespace and name, at any depth."""
    for value in document if isinstance(document, list) else ():
        yield from _places(value)
    if isinstance(document, dict):
        namespace, name = document.get("namespace"), document.get("name")
        if isinstance(namespace, str) and isinstance(name, str) and document.get("type") != "JOB":
            yield namespace, name
        for value in document.values():
            yield from _places(value)


def _dataset(
    entity: Entity,
    columns: Mapping[str, Entity],
    made_of: list[wire.ColumnLineage] | None,
    facets: dict[str, Any],
) -> wire.Dataset:
    return wire.Dataset(
        **_data(entity, columns),
        current_version=current_version(entity),
        column_lineage=made_of,
        facets=facets,
        deleted=entity.state != ACTIVE,
    )


def _data(entity: Entity, columns: Mapping[str, Entity]) -> dict[str, Any]:
    told = private(entity)
    return {
        "id": id_of(entity),
        "type": told.get("type") or "DB_TABLE",
        "name": entity.name,
        "physical_name": told.get("physicalName") or entity.name,
        "created_at": iso(entity.created),
        "updated_at": iso(entity.updated),
        "namespace": entity.namespace,
        "source_name": text_of(entity, "source") or DEFAULT_SOURCE,
        "fields": fields(facet_of(entity, "schema"), columns),
        "tags": tags_of(entity),
        "last_modified_at": iso_or_none(_last_modified(entity)),
        "last_lifecycle_state": text_of(entity, "lifecycle"),
        "description": text_of(entity, "description"),
    }


def _last_modified(entity: Entity) -> Any:
    return entity.properties.get(names.TIME) if entity.properties.get(names.CURRENT_VERSION) else None


def fields(schema: Any, columns: Mapping[str, Entity]) -> list[wire.Field]:
    """The outer fields of a schema with the tags of their columns; without a schema, the columns."""
    given = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(given, list):
        return [_column(path, each) for path, each in sorted(columns.items(), key=_place)]
    return [
        wire.Field(
            name=each["name"],
            type=each.get("type") if isinstance(each.get("type"), str) else None,
            tags=tags_of(columns[each["name"]]) if each["name"] in columns else [],
            description=each.get("description") if isinstance(each.get("description"), str) else None,
        )
        for each in given
        if isinstance(each, dict) and isinstance(each.get("name"), str)
    ]


def _column(path: str, column: Entity) -> wire.Field:
    return wire.Field(
        name=path,
        type=text_of(column, "type"),
        tags=tags_of(column),
        description=text_of(column, "description"),
    )


def _place(item: tuple[str, Entity]) -> tuple[int, str]:
    position = item[1].properties.get("position")
    return (position if isinstance(position, int) else 1 << 30, item[0])


# What columns are made of


def input_fields(
    session: Session, edges: Iterable[Edge], known: Mapping[int, Entity]
) -> dict[int, list[tuple[Entity, Entity, Edge]]]:
    """By column, each column that it is made of with its data set and the edge.

    Args:
        session: of the caller.
        edges: between columns.
        known: columns that were read already.
    """
    led = [each for each in edges]
    missing = list({each.source for each in led} - known.keys())
    sources = {**known, **{each.id: each for each in session.get_many(missing, ())}}
    homes = list({sources[each.source].home or 0 for each in led if each.source in sources})
    data = {each.id: each for each in session.get_many(homes, ("properties",))}
    found: dict[int, list[tuple[Entity, Entity, Edge]]] = {}
    for edge in led:
        source = sources.get(edge.source)
        home = data.get(source.home or 0) if source is not None and source.kind == "column" else None
        if source is not None and home is not None:
            found.setdefault(edge.target, []).append((source, home, edge))
    return found


def transformation(edge: Edge) -> tuple[str | None, str | None]:
    """Description and type of what happens along an edge."""
    kind = edge.detail.get("subtype") or edge.detail.get("type")
    if edge.kind == "masked" and kind in (None, "DIRECT"):
        kind = "MASKED"
    description = edge.detail.get("description")
    return (description if isinstance(description, str) else None, kind if isinstance(kind, str) else None)


def _made_of(
    session: Session, found: Sequence[Entity], columns: Columns
) -> dict[int, list[wire.ColumnLineage]]:
    """By data set, its fields with what they are made of."""
    known = {each.id: each for of in columns.values() for each in of.values()}
    if not known:
        return {}
    edges = session.edges(list(known), names.COLUMN_EDGES, "in", _MOST_EDGES)
    sources = input_fields(session, edges, known)
    answer: dict[int, list[wire.ColumnLineage]] = {}
    for data in found:
        for path, column in sorted(columns.get(data.id, {}).items(), key=_place):
            if column.id in sources:
                answer.setdefault(data.id, []).append(_lineage(path, sources[column.id]))
    return answer


def _lineage(path: str, sources: Sequence[tuple[Entity, Entity, Edge]]) -> wire.ColumnLineage:
    given = [_input(*each) for each in sources]
    return wire.ColumnLineage(
        name=path,
        input_fields=given,
        transformation_description=given[0].transformation_description,
        transformation_type=given[0].transformation_type,
    )


def _input(column: Entity, data: Entity, edge: Edge) -> wire.InputField:
    description, kind = transformation(edge)
    return wire.InputField(
        namespace=data.namespace,
        dataset=data.name,
        field=names.field_of(column.name),
        transformation_description=description,
        transformation_type=kind,
    )


# Versions


def current_version(entity: Entity) -> str:
    """The id of a data set's newest version; of one that nobody wrote, that of the data set as it is."""
    return text_of(entity, names.CURRENT_VERSION) or names.version_id(entity.namespace, entity.name, "")


def version_id(entity: Entity, number: str) -> wire.VersionId:
    """A version of an entity."""
    return wire.VersionId(namespace=entity.namespace, name=entity.name, version=number)


def schema_version(entity: Entity, digest: Any) -> str | None:
    """The id of a schema: alike for equal fields of one data set."""
    if not isinstance(digest, str):
        return None
    return str(uuid.uuid5(_SPACE, f"{entity.namespace}|{entity.name}|{digest}"))


def version(
    data: Entity,
    columns: Mapping[str, Entity],
    stored: Entity | None,
    run: wire.Run | None,
    facets: dict[str, Any],
) -> wire.DatasetVersion:
    """One version.

    Args:
        data: the data set, read with properties, facets and labels.
        columns: of it.
        stored: the version, read with properties, facets and outside ids; None for the data set as it is.
        run: that wrote it.
        facets: of the data set as it is now.
    """
    number = number_of(stored) if stored is not None else current_version(data)
    told = _data(data, columns)
    is_current = number == current_version(data)
    facets = {**facets} if is_current else {}
    if stored is not None:
        facets |= {name: each for name, each in stored.facets.items() if name == "schema"}
    schema = facet_of(stored, "schema") if stored is not None and stored.facets.get("schema") else {}
    of = stored if stored is not None else data
    return wire.DatasetVersion(
        id=version_id(data, number),
        type=told["type"],
        name=data.name,
        physical_name=told["physical_name"],
        created_at=iso(_made_at(of)),
        version=number,
        namespace=data.namespace,
        source_name=told["source_name"],
        fields=fields(schema, columns) if schema else told["fields"] if is_current else [],
        tags=told["tags"],
        lifecycle_state=told["last_lifecycle_state"] if is_current else None,
        description=told["description"],
        current_schema_version=schema_version(data, of.properties.get(names.SCHEMA_HASH)),
        created_by_run=run,
        facets=facets,
    )


def _made_at(entity: Entity) -> int:
    told = entity.properties.get(names.TIME)
    return told if isinstance(told, int) and entity.kind == "dataset_version" else entity.created


def number_of(stored: Entity) -> str:
    """The id of a version that is stored."""
    told = next((each.id for each in stored.external if each.protocol == names.VERSION), None)
    return told or dashed(stored.uuid)
