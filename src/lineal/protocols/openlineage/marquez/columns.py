"""The lineage of fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.model import Edge, Entity
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, shown_data, shown_jobs, wire
from lineal.protocols.openlineage.marquez.asking import NodeId, Parameters, node_id
from lineal.protocols.openlineage.marquez.facets import text_of
from lineal.protocols.openlineage.marquez.lineage import DEPTH

_MOST = 20_000
_MOST_EDGES = 100_000


def get_column_lineage(call: Call) -> Reply:
    """What fields are made of and, with `withDownstream`, what is made of them; `depth` is in edges."""
    parameters = Parameters(call)
    asked = NodeId.read(parameters.required("nodeId"))
    is_down = parameters.flag("withDownstream")
    if asked.version and is_down:
        raise Invalid("Node version cannot be specified when withDownstream is true")
    starts = _starts(call.session, asked)
    if not starts:
        raise NotFound("Could not find node")
    depth = max(parameters.number("depth", DEPTH), 1)
    edges = _reach(call.session, starts, depth, up=True)
    if is_down:
        edges |= _reach(call.session, starts, depth, up=False)
    return json_reply({"graph": _graph(call.session, list(edges.values()), asked.version is not None)})


def _starts(session: Session, asked: NodeId) -> list[int]:
    """The columns that are asked about."""
    if asked.kind == "job":
        job = asking.find_job(session, asked.parts[0], asked.parts[1], ())
        links = shown_jobs.flow_of(session, [job.id]).outputs.get(job.id, []) if job else []
        return _columns(session, [each.data.id for each in links])
    if asked.kind == "run":
        raise Invalid("The node of a column lineage must be of type dataset, datasetField or job!")
    data = asking.find_dataset(session, asked.parts[0], asked.parts[1], ("properties",))
    if data is None:
        return []
    if asked.kind == "dataset":
        return _columns(session, [data.id])
    column = session.look_up(names.column_ref(data.namespace, data.name, asked.parts[2]), (), active=True)
    return [column.id] if column is not None else []


def _columns(session: Session, data: Sequence[int]) -> list[int]:
    found = shown_data.columns_of(session, data) if data else {}
    return [each.id for columns in found.values() for each in columns.values()]


def _reach(session: Session, starts: Sequence[int], depth: int, *, up: bool) -> dict[int, Edge]:
    """The edges on the way, by their ids."""
    trail = session.trail()
    frontier, seen = trail.enter(starts), set(starts)
    found: dict[int, Edge] = {}
    while frontier and depth and len(seen) < _MOST:
        step = trail.step(frontier, names.COLUMN_EDGES, up=up, limit=_MOST_EDGES, ends=["column"])
        found |= {edge.id: edge for edge in step}
        reached = {edge.source if up else edge.target for edge in step}
        frontier = sorted(reached - seen)
        seen |= reached
        depth -= 1
    return found


class _Shown:
    """Columns by id, with their data sets."""

    def __init__(self, session: Session, edges: Iterable[Edge], versioned: bool) -> None:
        ids = list({end for edge in edges for end in (edge.source, edge.target)})
        columns = [each for each in session.get_many(ids) if each.home is not None]
        homes = {each.id: each for each in session.get_many(list({each.home or 0 for each in columns}))}
        self.columns = {each.id: each for each in columns if each.home in homes}
        self._homes: Mapping[int, Entity] = homes
        self._versioned = versioned

    def data(self, column: Entity) -> Entity:
        """The data set of a column."""
        return self._homes[column.home or 0]

    def name(self, column: Entity) -> str:
        """The id of a column's node."""
        data = self.data(column)
        version = shown_data.current_version(data) if self._versioned else None
        return node_id(
            "datasetField", data.namespace, data.name, names.field_of(column.name), version=version
        )

    def node(self, column: Entity, edges: Sequence[Edge]) -> wire.FieldNode:
        """What is told of a column."""
        data, inputs = self.data(column), [self._input(each) for each in edges]
        return wire.FieldNode(
            namespace=data.namespace,
            dataset=data.name,
            dataset_version=shown_data.current_version(data),
            field=names.field_of(column.name),
            field_type=text_of(column, "type") or "",
            transformation_description=inputs[0].transformation_description if inputs else None,
            transformation_type=inputs[0].transformation_type if inputs else None,
            input_fields=inputs,
        )

    def _input(self, edge: Edge) -> wire.FieldInput:
        column = self.columns[edge.source]
        data, (description, kind) = self.data(column), shown_data.transformation(edge)
        return wire.FieldInput(
            namespace=data.namespace,
            dataset=data.name,
            dataset_version=shown_data.current_version(data),
            field=names.field_of(column.name),
            transformation_description=description,
            transformation_type=kind,
        )


def _graph(session: Session, edges: Sequence[Edge], versioned: bool) -> list[wire.Node]:
    shown = _Shown(session, edges, versioned)
    seen = [each for each in edges if each.source in shown.columns and each.target in shown.columns]
    into: dict[int, list[Edge]] = {}
    out_of: dict[int, list[Edge]] = {}
    for edge in seen:
        into.setdefault(edge.target, []).append(edge)
        out_of.setdefault(edge.source, []).append(edge)
    called = {number: shown.name(shown.columns[number]) for number in into.keys() | out_of.keys()}
    return [
        wire.Node(
            id=name,
            type="DATASET_FIELD",
            data=shown.node(shown.columns[number], into.get(number, ())),
            # Marquez tells these the wrong way round, and its web UI reads them so.
            in_edges=_edges(name, (called[each.source] for each in into.get(number, ()))),
            out_edges=_edges(name, (called[each.target] for each in out_of.get(number, ()))),
        )
        for number, name in sorted(called.items(), key=lambda each: each[1])
    ]


def _edges(name: str, others: Iterable[str]) -> list[wire.Edge]:
    return [wire.Edge(origin=name, destination=each) for each in sorted(set(others))]
