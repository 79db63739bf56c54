"""Where a value came from: the shortest way to each of its sources, with the runs and the code of each step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.names import measured, run_ref
from lineal.graph.model import AnyRef, ById, Edge, Entity, Point
from lineal.graph.openlineage import WRITES
from lineal.insight.code import began, codes, job_of_key
from lineal.insight.inputs import read_by
from lineal.insight.nodes import named, subject
from lineal.insight.spread import MEMBER
from lineal.insight.values import Code, Origin, Step

_MOST_EDGES = 500


class _Came(NamedTuple):
    """The entity before, and the edge between the two."""

    node: int
    edge: Edge | None


def origin(session: Session, ref: AnyRef, metric: str, *, ways: int, most: int) -> Origin:
    """Ways from an entity, or the run that measured its metric, to what is made of nothing else.

    Args:
        session: of whoever asks.
        ref: the entity.
        metric: key of one of its metrics; empty for the entity itself.
        ways: how many at most, the shortest first.
        most: after how many entities the walk is cut.

    Raises:
        NotFound: the entity cannot be seen, or it has no such metric.
    """
    start = session.get(ref, ("properties", "metrics", "external"))
    point = _point(start, metric) if metric else None
    begin = _measured_by(session, start, point) if point else subject(session, start)
    walk = _Backward(session, begin, most)
    found = [walk.way(source) for source in walk.sources()[:ways]]
    answer = Origin(start.id, found, metric=metric, truncated=walk.truncated or len(walk.sources()) > ways)
    if point is not None:
        answer.value, answer.step, answer.time = point.value, point.step, point.time
    jobs = [step.code.job for way in found for step in way if step.code]
    answer.nodes = named(session, [start.id, *(step.id for way in found for step in way), *jobs])
    return answer


def _point(entity: Entity, key: str) -> Point:
    """The last point of a metric; of a logged model's, that under the plain name or the last that any run measured."""
    if key in entity.metrics:
        return entity.metrics[key]
    alike = [point for name, point in entity.metrics.items() if measured(name).key == key]
    if not alike:
        known = ", ".join(sorted(entity.metrics)[:10]) or "none"
        raise NotFound(f"{entity.name!r} has no metric {key!r}; it has {known}")
    return max(alike, key=lambda point: (point.time, point.step))


def _measured_by(session: Session, entity: Entity, point: Point) -> Entity:
    """The run that measured a metric of a logged model; else the entity itself."""
    number = measured(point.key).run
    run = session.look_up(run_ref(number)) if number else None
    return run or entity


class _Backward:
    """A walk up the stream, each entity once, nearest first."""

    def __init__(self, session: Session, start: Entity, most: int) -> None:
        self._session = session
        self._trail = session.trail(ById(start.id))
        self._types = session.types()
        self._kinds = [each.name for each in self._types.edges() if each.lineage and each.name != "version"]
        self._entities = {start.id: start}
        self._came: dict[int, _Came | None] = {start.id: None}
        self._ends: list[int] = []
        self.truncated = False
        self._walk([start.id], most)

    def sources(self) -> list[int]:
        """What nothing leads to, nearest first."""
        return self._ends

    def way(self, source: int) -> list[Step]:
        """The steps from the start to a source."""
        nodes: list[int] = [source]
        while (came := self._came[nodes[-1]]) is not None:
            nodes.append(came.node)
        return [self._step(node) for node in reversed(nodes)]

    def _step(self, node: int) -> Step:
        came, entity = self._came[node], self._entities.get(node)
        edge = came.edge if came else None
        kind = edge.kind if edge else MEMBER if came else ""
        return Step(node, kind, self._code(entity, edge), self._version(entity, edge))

    def _version(self, entity: Entity | None, edge: Edge | None) -> str:
        """Which state of a data set was read."""
        if entity is None or edge is None or edge.kind != "input":
            return ""
        return read_by(self._session, edge, entity, None).version

    def _code(self, entity: Entity | None, edge: Edge | None) -> Code | None:
        """The code of a process, or of the job that made a column out of this one."""
        if entity is None:
            return None
        process: Entity | None = entity if self._types.is_a(entity.kind, "process") else None
        if process is None and edge is not None and isinstance(edge.detail.get("job"), str):
            process = job_of_key(self._session, edge.detail["job"])
        return next(iter(codes(self._session, [process])), None) if process else None

    def _walk(self, frontier: list[int], most: int) -> None:
        while frontier:
            if len(self._came) > most:
                self.truncated = True
                return
            found = self._trail.step(frontier, self._kinds, up=True, limit=_MOST_EDGES)
            self._load(edge.source for edge in found)
            by_node = {node: [edge for edge in found if edge.target == node] for node in frontier}
            frontier = [new for node in frontier for new in self._onward(node, by_node[node])]

    def _onward(self, node: int, edges: list[Edge]) -> list[int]:
        edges = self._relevant(node, edges)
        home = self._home(node)
        if not edges and home is not None:
            return self._note(node, [(home, None)])
        if not edges:
            self._ends.append(node)
        return self._note(node, [(edge.source, edge) for edge in edges])

    def _note(self, node: int, found: Iterable[tuple[int, Edge | None]]) -> list[int]:
        new = [(other, edge) for other, edge in found if other not in self._came]
        self._came |= {other: _Came(node, edge) for other, edge in new}
        return list(dict.fromkeys(other for other, _ in new))

    def _home(self, node: int) -> int | None:
        """The data set of a column of which nobody told what it is made of, if anything made that."""
        entity = self._entities.get(node)
        if entity is None or entity.home is None or not self._types.is_a(entity.kind, "column"):
            return None
        if not self._trail.enter([entity.home]):
            return None
        self._load([entity.home])
        return entity.home if self._trail.count([entity.home], WRITES, up=True) else None

    def _relevant(self, node: int, edges: list[Edge]) -> list[Edge]:
        """Of all that wrote a data set, the run that did so last before it was read; a job only if there is no run."""
        writers = [edge for edge in edges if edge.kind in WRITES]
        runs = [edge for edge in writers if self._is_run(edge.source)]
        if not runs:
            return edges
        others = [edge for edge in edges if edge not in writers]
        until = self._read_at(node)
        ordered = sorted(runs, key=lambda edge: began(self._entities[edge.source]))
        before = [edge for edge in ordered if until is None or began(self._entities[edge.source]) <= until]
        return [(before or ordered)[-1], *others]

    def _read_at(self, node: int) -> int | None:
        """When what was come from read it, if it was a run."""
        came = self._came[node]
        if came is None or not self._is_run(came.node):
            return None
        return began(self._entities[came.node])

    def _is_run(self, node: int) -> bool:
        found = self._entities.get(node)
        return found is not None and self._types.is_a(found.kind, "run")

    def _load(self, nodes: Iterable[int]) -> None:
        missing = [node for node in dict.fromkeys(nodes) if node not in self._entities]
        found = self._session.get_many(missing, ("properties",))
        self._entities |= {each.id: each for each in found}
