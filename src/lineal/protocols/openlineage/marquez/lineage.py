"""The lineage of jobs and data sets: from job to job through the data sets that they share."""

from __future__ import annotations

from collections.abc import Iterable

from lineal.catalog.session import Session
from lineal.catalog.trail import Trail
from lineal.graph import openlineage as names
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.model import ById, Entity
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, shown_data, shown_jobs, wire
from lineal.protocols.openlineage.marquez.asking import EVERYTHING, NodeId, Parameters, node_id

DEPTH = 20
_MOST = 10_000
"""Jobs at most; those farther away are left out."""
_MOST_EDGES = 100_000

Pair = tuple[int, int]
"""Where data comes from, and where it goes to."""


class _Walk:
    """Jobs and data sets that were reached, and what leads from the one to the other."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self.jobs: dict[int, None] = {}
        self.data: dict[int, None] = {}
        self.pairs: dict[Pair, None] = {}

    def enter(self, jobs: Iterable[int]) -> list[int]:
        """Take in jobs with the data sets that they read and write; which of these are new."""
        new = [each for each in jobs if each not in self.jobs][: _MOST - len(self.jobs)]
        self.jobs |= dict.fromkeys(new)
        pairs = self._step(new, ["input"], up=True, to="dataset")
        pairs += self._step(new, names.WRITES, up=False, to="dataset")
        self.pairs |= dict.fromkeys(pairs)
        ends = {end for pair in pairs for end in pair} - self.jobs.keys()
        found = sorted(ends - self.data.keys())
        self.data |= dict.fromkeys(found)
        return found

    def jobs_at(self, data: Iterable[int]) -> list[int]:
        """The jobs that read or write data sets."""
        found = list(data)
        pairs = self._step(found, ["input"], up=False, to="job")
        readers = [target for _, target in pairs]
        return [*readers, *(source for source, _ in self._step(found, names.WRITES, up=True, to="job"))]

    def _step(self, ids: list[int], kinds: Iterable[str], *, up: bool, to: str) -> list[Pair]:
        if not ids:
            return []
        found = self._trail.step(ids, list(kinds), up=up, limit=_MOST_EDGES, ends=[to])
        return [(edge.source, edge.target) for edge in found]


def get_lineage(call: Call) -> Reply:
    """What surrounds a job or data set; `depth` is in jobs, and 0 is a job with its data sets."""
    parameters = Parameters(call)
    asked = NodeId.read(parameters.required("nodeId"))
    start = _start(call.session, asked)
    walk = _walk(call.session, start, asked.kind == "job", parameters.number("depth", DEPTH))
    return json_reply({"graph": _graph(call.session, walk)})


def _start(session: Session, asked: NodeId) -> Entity:
    if asked.kind not in ("job", "dataset"):
        raise Invalid("The node of a lineage must be of type dataset or job!")
    find = asking.find_job if asked.kind == "job" else asking.find_dataset
    found = find(session, asked.parts[0], asked.parts[1], ("properties",))
    if found is None:
        raise NotFound(f"{asked.kind.title()} '{asked.parts[1]}' not found.")
    return found


def _walk(session: Session, start: Entity, is_job: bool, depth: int) -> _Walk:
    walk = _Walk(session.trail(ById(start.id)))
    if is_job:
        data = walk.enter([start.id])
    else:
        walk.data[start.id] = None
        data = walk.enter(walk.jobs_at([start.id]))
    while data and depth and len(walk.jobs) < _MOST:
        data = walk.enter(walk.jobs_at(data))
        depth -= 1
    return walk


def _graph(session: Session, walk: _Walk) -> list[wire.Node]:
    jobs = session.get_many(list(walk.jobs), EVERYTHING)
    data = session.get_many(list(walk.data), EVERYTHING)
    called = {each.id: node_id("job", each.namespace, each.name) for each in jobs}
    called |= {each.id: node_id("dataset", each.namespace, each.name) for each in data}
    into, out_of = edges_of(walk.pairs, called)
    shown = [
        (called[entity.id], "JOB", entity.id, node)
        for entity, node in zip(
            jobs, shown_jobs.nodes(session, jobs, {each.id: each for each in data}), strict=True
        )
    ]
    told = [
        (called[entity.id], "DATASET", entity.id, node)
        for entity, node in zip(data, shown_data.nodes(session, data), strict=True)
    ]
    return [
        wire.Node(
            id=name, type=kind, data=node, in_edges=into.get(number, []), out_edges=out_of.get(number, [])
        )
        for name, kind, number, node in sorted([*shown, *told], key=lambda each: each[0])
    ]


def edges_of(
    pairs: Iterable[Pair], called: dict[int, str]
) -> tuple[dict[int, list[wire.Edge]], dict[int, list[wire.Edge]]]:
    """Edges into and out of each node that has a name, in order."""
    into: dict[int, list[wire.Edge]] = {}
    out_of: dict[int, list[wire.Edge]] = {}
    named = sorted(
        (called[source], called[target], source, target)
        for source, target in pairs
        if source in called and target in called
    )
    for origin, destination, source, target in named:
        edge = wire.Edge(origin=origin, destination=destination)
        into.setdefault(target, []).append(edge)
        out_of.setdefault(source, []).append(edge)
    return into, out_of
