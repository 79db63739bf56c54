"""How something spreads along lineage: which entities are reached, how much of it reaches them, and on which way.

Down the stream the question is what a change of a column or a table does to others, up the stream what went into them.
Either way columns come first: where it is known which columns another column is made of, that decides. Where it is
not, all that a process reads may be in all that it writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.model import ById, Edge, Entity
from lineal.graph.openlineage import COLUMN_EDGES, WRITES, field_of, job_key
from lineal.graph.query import Query, attribute
from lineal.insight.inputs import fields_read
from lineal.insight.nodes import versions_of_model
from lineal.insight.values import How

HOWS: tuple[How, ...] = ("direct", "masked", "indirect")
MEMBER = "member"
_OF_EDGE = {"masked": 1, "influences": 2}
_MOST_EDGES = 2000
_MOST_RUNS = 500
_MOST_COLUMNS = 2000


class State(NamedTuple):
    """How something is reached.

    Attributes:
        possible: not known for sure.
        how: index into HOWS.
        whole: any part of it may be concerned, and not only columns that are known.
    """

    possible: bool = False
    how: int = 0
    whole: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether values are known to go on, and are not hidden on the way."""
        return not self.possible and self.how == 0

    def covers(self, other: State) -> bool:
        """Whether whoever is reached like this is reached like the other, too."""
        return self.possible <= other.possible and self.how <= other.how and self.whole >= other.whole


class Reached(NamedTuple):
    """The last step of a way to an entity: the entity and its state before, None at the start."""

    distance: int
    came: tuple[int, State] | None
    edge: str


Step = tuple[int, State, str]
"""An entity that is reached next, how, and along what kind of edge."""


class Spread:
    """All that is reached from an entity, up or down, until more than `limit` are reached."""

    def __init__(self, session: Session, start: Entity, *, up: bool, limit: int) -> None:
        self.session = session
        self.start = start
        self.up = up
        self.entities: dict[int, Entity] = {start.id: start}
        self.truncated = False
        self.beyond = 0
        """How many there are, counted roughly, right behind where the walk was cut."""
        self._limit = limit
        self._reached: dict[int, dict[State, Reached]] = {}
        self._trail = session.trail(ById(start.id))
        self._types = session.types()
        self._kinds = [each.name for each in self._types.edges() if each.lineage and each.name != "version"]
        self._edges: dict[int, list[Edge]] = {}
        self._columns: dict[int, list[int]] = {}
        self._own: set[int] = set()
        self._whole: set[int] = set()
        self._users: dict[int, set[str]] = defaultdict(set)
        self._concerned: dict[int, set[str]] = defaultdict(set)
        self._walk()

    # What was found

    def best(self, node: int) -> tuple[State, Reached]:
        """The strongest way to an entity."""
        states = self._reached[node]
        state = min(states, key=lambda each: (each.possible, each.how, states[each].distance))
        return state, states[state]

    def kind(self, node: int) -> str:
        """The kind of an entity that was reached; `entity` for one that may not be seen."""
        return self.entities[node].kind if node in self.entities else "entity"

    def path(self, node: int) -> tuple[list[int], list[str]]:
        """The way to an entity: ids from the start, and the kinds of edges between them."""
        _, step = self.best(node)
        ids, kinds = [node], []
        while step.came is not None:
            other, state = step.came
            ids.append(other)
            kinds.append(step.edge)
            step = self._reached[other][state]
        return ids[::-1], kinds[::-1]

    def others(self) -> list[int]:
        """All that was reached, without the start, what is part of it, and the table in which a column stands."""
        aside = {*self._own, self._home(self.start.id) if self.up else None}
        return [node for node in self._reached if node not in aside]

    # The walk

    def _walk(self) -> None:
        frontier = self._begin()
        most = self._limit + len(frontier)
        while frontier:
            fresh = [node for node in dict.fromkeys(node for node, _ in frontier) if node not in self._edges]
            if len(self._reached) > most:
                self.truncated = True
                self.beyond += self._trail.count(fresh, self._kinds, up=self.up)
                return
            self._fetch(fresh)
            onward = self._upward if self.up else self._downward
            found = [(node, state, step) for node, state in frontier for step in onward(node, state)]
            frontier = [step[:2] for node, state, step in found if self._reach(node, state, step)]

    def _begin(self) -> list[tuple[int, State]]:
        """The start; of a table all of its columns, too, of a model its versions."""
        begin = [(self.start.id, State(whole=not self._is(self.start.id, "column")))]
        if self._is(self.start.id, "dataset"):
            self._load_columns([self.start.id])
            begin += [(each, State()) for each in self._columns[self.start.id]]
        elif self._is(self.start.id, "model"):
            parts = self._trail.enter(versions_of_model(self.session, self.start))
            self._load(parts)
            begin += [(each, State(whole=True)) for each in parts]
        self._own = {node for node, _ in begin}
        for node, state in begin:
            self._reached[node] = {state: Reached(0, None, "")}
        return begin

    def _reach(self, node: int, before: State, step: Step) -> bool:
        """Note a step; whether to go on from there."""
        target, state, edge = step
        known = self._reached.setdefault(target, {})
        if any(other.covers(state) for other in known):
            # A further column of a data set may concern further readers.
            return edge == MEMBER and state in known and target != self.start.id
        known[state] = Reached(self._reached[node][before].distance + 1, (node, before), edge)
        return True

    def _fetch(self, nodes: list[int]) -> None:
        """The edges that lead on. Runs of a job are left out, for their job tells the same."""
        self._edges |= {node: [] for node in nodes}
        crowded = [*WRITES] if self.up else ["input"]
        found = self._step(nodes, [kind for kind in self._kinds if kind not in crowded])
        found += self._step(nodes, crowded, beside=["run"])
        found += self._step(nodes, crowded, ends=["run"], limit=_MOST_RUNS)
        self._load(edge.source if self.up else edge.target for edge in found)
        for edge in found:
            near, far = (edge.target, edge.source) if self.up else (edge.source, edge.target)
            if not self._is_run_of_job(far):
                self._edges[near].append(edge)
        self._load(self._trail.enter(self._homes(nodes)))
        if self.up:
            self._load_columns([node for node in nodes if self._is(node, "dataset")])

    def _load_columns(self, datasets: list[int]) -> None:
        """The columns of data sets, so many at most as one looks through."""
        datasets = [each for each in datasets if each not in self._columns]
        if not datasets:
            return
        self._columns |= {each: [] for each in datasets}
        query = Query(
            kinds=["column"], where=attribute("home", "in", datasets), limit=_MOST_COLUMNS, parts=[]
        )
        page = self.session.find(query)
        self.truncated = self.truncated or page.cursor is not None
        self._trail.enter(each.id for each in page.entities)
        for each in page.entities:
            self.entities[each.id] = each
            self._columns[each.home or 0].append(each.id)

    def _step(
        self,
        nodes: list[int],
        kinds: list[str],
        *,
        ends: Sequence[str] = (),
        beside: Sequence[str] = (),
        limit: int = _MOST_EDGES,
    ) -> list[Edge]:
        found = self._trail.step(nodes, kinds, up=self.up, limit=limit, ends=ends, beside=beside)
        if len(found) == limit:
            self.truncated = True
            self.beyond += max(0, self._trail.count(nodes, kinds, up=self.up) - limit)
        return found

    def _load(self, nodes: Iterable[int]) -> None:
        """What is known of these, as far as the caller may see them."""
        missing = [node for node in dict.fromkeys(nodes) if node not in self.entities]
        self.entities |= {each.id: each for each in self.session.get_many(missing, ())}

    def _is_run_of_job(self, node: int) -> bool:
        found = self.entities.get(node)
        if found is None or found.home is None or not self._is(node, "run"):
            return False
        self._load([found.home])
        return self._is(found.home, "job")

    def _homes(self, nodes: Iterable[int]) -> list[int]:
        """The data sets of those that are columns."""
        return [home for node in nodes if (home := self._home(node)) is not None]

    def _home(self, node: int) -> int | None:
        return self.entities[node].home if self._is(node, "column") else None

    def _is(self, node: int, kind: str) -> bool:
        """Whether an entity is known to be of a kind; what may not be seen is of none."""
        found = self.entities.get(node)
        return found is not None and self._types.is_a(found.kind, kind)

    # Down: what hangs on it

    def _downward(self, node: int, state: State) -> Iterator[Step]:
        edges, home = self._edges[node], self._home(node)
        if home in self.entities and home is not None:
            self._concern(node, home, edges)
            yield home, state._replace(whole=False), MEMBER
        for edge in edges:
            found = self._down(node, state, edge)
            if found is not None:
                yield edge.target, found, edge.kind

    def _down(self, node: int, state: State, edge: Edge) -> State | None:
        """How the target of an edge is reached; None when it is not."""
        in_part = not state.whole and self._is(node, "dataset")
        if edge.kind == "input":
            return self._read(node, state, edge) if in_part else state
        if in_part:
            return state._replace(possible=True, whole=True)
        if edge.kind in WRITES and not state.whole:
            return self._written(state, edge)
        if edge.kind in COLUMN_EDGES:
            return self._dependent(state, edge, edge.target)
        return state

    def _concern(self, column: int, dataset: int, edges: Iterable[Edge]) -> None:
        """Note which jobs are known to use a column."""
        self._concerned[dataset].add(field_of(self.entities[column].name))
        jobs = {edge.detail.get("job") for edge in edges if edge.kind in COLUMN_EDGES}
        self._users[dataset] |= {job for job in jobs if isinstance(job, str)}

    def _read(self, dataset: int, state: State, edge: Edge) -> State | None:
        """A process reads a data set of which some columns are concerned."""
        reader = self.entities.get(edge.target)
        if reader is not None and job_key(reader.namespace, reader.name) in self._users[dataset]:
            return state
        fields = fields_read(edge)
        if fields is None:
            return state._replace(possible=True)
        return state if fields & self._concerned[dataset] else None

    def _written(self, state: State, edge: Edge) -> State | None:
        """A process writes of which only known columns are concerned."""
        if edge.kind == "produces":  # then columns tell, as far as they may be seen
            return None if edge.target in self.entities else state._replace(possible=True, whole=True)
        return state._replace(possible=state.possible or self._is(edge.target, "dataset"), whole=True)

    def _dependent(self, state: State, edge: Edge, other: int) -> State:
        hidden = other not in self.entities
        return State(
            state.possible or edge.detail.get("certain") is False,
            max(state.how, _OF_EDGE.get(edge.kind, 0)),
            state.whole if hidden else not self._is(other, "column"),
        )

    # Up: what feeds it

    def _upward(self, node: int, state: State) -> Iterator[Step]:
        home = self._home(node)
        if home in self.entities and home is not None:
            yield home, state._replace(whole=False), MEMBER
            if not self._edges[node]:
                yield from self._unknown(home, state)
        if state.whole and self._is(node, "dataset"):
            for column in self._columns_read(node):
                yield column, state._replace(whole=False), MEMBER
        for edge in self._edges[node]:
            found = self._up(node, state, edge)
            if found is not None:
                yield edge.source, found, edge.kind

    def _unknown(self, dataset: int, state: State) -> Iterator[Step]:
        """A column of which nothing is told may be made of all that whoever wrote its data set read."""
        if dataset not in self._edges:
            self._fetch([dataset])
        for edge in self._edges[dataset]:
            if edge.kind in WRITES:
                yield edge.source, State(True, state.how, True), edge.kind

    def _up(self, node: int, state: State, edge: Edge) -> State | None:
        """How the source of an edge is reached; None when it is not."""
        if edge.kind in COLUMN_EDGES:
            self._whole.add(edge.source)
            return self._dependent(state, edge, edge.source)
        if edge.kind == "produces" and self._is(node, "dataset"):
            # Then columns tell what it is made of, if there are any to see.
            told = bool(self._columns.get(node)) or not state.whole
            return state._replace(possible=state.possible or not told, whole=not told)
        if state.whole:
            self._note_read(edge)
            return state
        return None

    def _note_read(self, edge: Edge) -> None:
        """Keep in mind which columns of a data set were read; all, if nobody told."""
        fields = fields_read(edge)
        if fields is None:
            self._whole.add(edge.source)
        else:
            self._concerned[edge.source] |= fields

    def _columns_read(self, dataset: int) -> list[int]:
        if dataset == self.start.id:
            return []
        columns = self._columns.get(dataset, [])
        if dataset in self._whole:
            return columns
        read = self._concerned[dataset]
        return [each for each in columns if field_of(self.entities[each].name) in read]
