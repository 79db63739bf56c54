"""Of which columns the data was made that a run read, as it was then: by what its writers told at that time.

The graph tells how columns hang together now. A job that no longer reads a column took the edge away, but a model that
was trained before has seen it. What the events of the runs that wrote the data told still shows that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from lineal.catalog.session import Session
from lineal.graph.model import ById, Edge, Entity
from lineal.graph.openlineage import column_ref, dataset_ref, fields_of, place, run_ref
from lineal.insight.code import began
from lineal.insight.inputs import fields_read, versions_until

_MOST_EVENTS = 20
_MOST_INPUTS = 100
_MOST = 2000


class Field(NamedTuple):
    """A column of a data set at a time."""

    dataset: int
    until: int
    name: str


class Past(NamedTuple):
    """A column whose values went into what a run read.

    Attributes:
        column: id of its entity.
        path: ids from the column down to the data set that the run read.
    """

    column: int
    path: list[int]


def columns_read(session: Session, run: Entity) -> list[Past]:
    """Columns whose values a run has seen, directly and unmasked, nearest first."""
    return list(_Search(session).follow(run))


class _Search:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._done: set[tuple[int, str, str]] = set()
        self._told: dict[tuple[str, int], dict[str, list[tuple[str, str, str]]]] = {}

    def follow(self, run: Entity) -> Iterator[Past]:
        """From what a run read back to what that was made of."""
        edges = self._session.edges([run.id], ("input",), "in", _MOST_INPUTS)
        waiting = [each for edge in edges for each in self._begin(edge, began(run))]
        while waiting and len(self._done) < _MOST:
            field, path = waiting.pop(0)
            column = self._column(field)
            if column is not None:
                path = [column, *path]
                yield Past(column, path)
            waiting += [(source, path) for source in self._sources(field)]

    def _begin(self, edge: Edge, until: int) -> Iterator[tuple[Field, list[int]]]:
        dataset = self._session.get(ById(edge.source), ("properties",))
        fields = fields_read(edge)
        if fields is None:
            versions = versions_until(self._session, dataset, until)
            fields = {
                each.path for version in versions[-1:] for each in fields_of(version.facets.get("schema"))
            }
        yield from ((Field(dataset.id, until, name), [dataset.id]) for name in sorted(fields))

    def _column(self, field: Field) -> int | None:
        dataset = self._session.get(ById(field.dataset), ())
        found = self._session.look_up(column_ref(dataset.namespace, dataset.name, field.name), ())
        return found.id if found is not None else None

    def _sources(self, field: Field) -> Iterator[Field]:
        """The columns that this one was made of by the run that wrote its data set last before."""
        dataset = self._session.get(ById(field.dataset), ("properties",))
        versions = versions_until(self._session, dataset, field.until)
        number = str(versions[-1].properties.get("run") or "") if versions else ""
        if not number or (dataset.id, number, field.name) in self._done:
            return
        self._done.add((dataset.id, number, field.name))
        run = self._session.look_up(run_ref(number))
        if run is None:
            return
        for namespace, name, column in self._lineage(run, number, dataset).get(field.name, ()):
            source = self._session.look_up(dataset_ref(namespace, name), ())
            if source is not None:
                yield Field(source.id, began(run), column)

    def _lineage(self, run: Entity, number: str, dataset: Entity) -> dict[str, list[tuple[str, str, str]]]:
        """What the events of a run told of the columns of what it wrote."""
        key = number, dataset.id
        if key not in self._told:
            found: dict[str, list[tuple[str, str, str]]] = {}
            for record in self._session.records(ById(run.id), limit=_MOST_EVENTS):
                for output in _objects(_dict(record.document).get("outputs")):
                    if place(str(output.get("namespace")), str(output.get("name"))) == (
                        dataset.namespace,
                        dataset.name,
                    ):
                        found |= _told(_dict(_dict(output.get("facets")).get("columnLineage")))
            self._told[key] = found
        return self._told[key]


def _told(facet: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """For each column the data sets and columns whose values went into it as they are."""
    return {
        column: [
            (str(each.get("namespace")), str(each.get("name")), str(each.get("field")))
            for each in _objects(_dict(lineage).get("inputFields"))
            if _is_plain(each, _dict(lineage))
        ]
        for column, lineage in _dict(facet.get("fields")).items()
    }


def _is_plain(given: dict[str, Any], lineage: dict[str, Any]) -> bool:
    """Whether values go on, and are not hidden on the way."""
    ways = list(_objects(given.get("transformations")))
    if not ways:
        return str(lineage.get("transformationType") or "IDENTITY").upper() != "MASKED"
    return any(
        str(way.get("type") or "DIRECT").upper() == "DIRECT" and way.get("masking") is not True
        for way in ways
    )


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
