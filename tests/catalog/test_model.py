"""Random changes and questions, put to Lineal and to a naive model of it: both must say the same."""

from __future__ import annotations

import copy
import math
import shutil
import tempfile
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.catalog import strategies
from tests.catalog.model import Graph, Model, Thing, closure
from tests.catalog.naive import Naive

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.rendered import Own, Rendering
from lineal.graph.change import AppendPoints, Change, PutEntity, PutType, Remove
from lineal.graph.errors import LinealError, NotFound
from lineal.graph.model import AnyRef, ByUuid, Entity
from lineal.graph.query import Part, Query

PARTS: tuple[Part, ...] = ("properties", "metrics", "facets", "labels", "external")
OWN: tuple[Own, ...] = ("properties", "metrics", "facets")
START = 1_000_000


def plain(value: Any) -> Any:
    """For comparison: NaN equals itself, and neither True is 1 nor -0.0 is 0.0."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return type(value).__name__, repr(value) if isinstance(value, float) else value


def stamps(points: Any) -> list[tuple[Any, ...]]:
    """Points as comparable tuples in the order of time, step and value, NaN last."""
    ordered = sorted(points, key=lambda each: (each[0], each[1], math.isnan(each[2]), each[2]))
    return [(time, step, plain(value)) for time, step, value in ordered]


def text_of(entity: Entity, context: None = None) -> bytes:
    """All that an entity is of itself, as text."""
    fields = [getattr(entity, name) for name in entity.__struct_fields__ if name not in PARTS]
    parts = [sorted(getattr(entity, name).items()) for name in OWN]
    return repr((fields, parts)).encode()


SHOWN = Rendering(OWN, text_of)


class Machine(RuleBasedStateMachine):
    """One store and one model of it."""

    new_store: ClassVar[Callable[[], str]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="lineal-model-")
        self.now = START
        self.catalog = Catalog.open(type(self).new_store().format(folder=self.folder), blobs=self.folder)
        self.catalog.writing.now = lambda: self.now  # type: ignore[method-assign]
        self.session = self.catalog.session(LOCAL, "test")
        for definition in strategies.DEFINITIONS:
            self.session.commit(Change([PutType(definition)]))
        self.model = Model(self.session.types())
        self.past: list[tuple[int, Graph]] = []
        self.last: Change | None = None

    def teardown(self) -> None:
        self.catalog.close()
        shutil.rmtree(self.folder)

    @property
    def things(self) -> list[Thing]:
        return list(self.model.graph.things.values())

    def naive(self) -> Naive:
        return Naive(self.model.types, self.model.graph, self.now)

    def some(self, data: st.DataObject) -> Thing:
        return self.things[data.draw(st.integers(0, len(self.things) - 1))]

    # What is done to both.

    def commit(self, change: Change) -> None:
        """Apply a change to both; both must accept or both refuse it."""
        self.now += 1000
        try:
            done = self.session.commit(change)
        except LinealError as error:
            self.both_refuse(change, error)
            return
        altered = self.model.commit(change, self.now, list(zip(done.entities, done.uuids, strict=True)))
        assert bool(done.id) == altered, f"{done} of {change}"
        self.past.append((self.now, copy.deepcopy(self.model.graph)))
        self.last = change

    def both_refuse(self, change: Change, error: LinealError) -> None:
        try:
            self.model.commit(change, self.now, [])
        except LinealError as refusal:
            assert len(change.operations) > 1 or type(error) is type(refusal), f"{error!r} but {refusal!r}"
        else:
            raise AssertionError(f"only Lineal refuses: {error!r}")

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        for _ in range(4):
            self.commit(Change([data.draw(strategies.creations(self.things, []))]))

    @rule(data=st.data())
    def create(self, data: st.DataObject) -> None:
        self.commit(Change([data.draw(strategies.creations(self.things, []))]))

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        self.commit(Change([data.draw(strategies.updates(self.things))]))

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        self.commit(Change([data.draw(strategies.edge_puts(self.things))]))

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def label(self, data: st.DataObject) -> None:
        self.commit(Change([data.draw(strategies.label_puts(self.things))]))

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def set_facet(self, data: st.DataObject) -> None:
        self.commit(Change([data.draw(strategies.facet_puts(self.things))]))

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def measure(self, data: st.DataObject) -> None:
        ref = data.draw(strategies.refs(self.things))
        self.commit(Change([AppendPoints(ref, data.draw(strategies.SOME_POINTS))]))

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def take_away(self, data: st.DataObject) -> None:
        self.commit(Change([data.draw(strategies.removals(self.things))]))

    @rule(data=st.data())
    def do_several(self, data: st.DataObject) -> None:
        self.commit(data.draw(strategies.changes(self.things)))

    @precondition(lambda self: self.last is not None and _repeatable(self.last))
    @rule()
    def repeat(self) -> None:
        """The same change again alters nothing, unless it was undone half-way within itself."""
        assert self.last is not None
        before = self.session.newest()
        self.commit(self.last)
        if len(self.last.operations) == 1:
            assert self.session.newest() == before

    # What is asked of both.

    @invariant()
    def everything_is_equal(self) -> None:
        things = self.model.graph.things
        found = self.session.get_many(list(things), PARTS)
        assert [each.id for each in found] == list(things)
        naive = self.naive()
        for entity in found:
            self.is_equal(entity, things[entity.id], naive)
        self.edges_are_equal()
        assert self.session.counts() == dict(sorted(naive.active().items()))

    @invariant()
    def what_is_shown_is_up_to_date(self) -> None:
        ids = list(self.model.graph.things)
        shown = self.session.render(SHOWN, [(entity, None) for entity in self.session.get_many(ids, ())])
        assert shown == [text_of(entity) for entity in self.session.get_many(ids, OWN)]

    def is_equal(self, entity: Entity, thing: Thing, naive: Naive) -> None:
        names = ("uuid", "kind", "namespace", "name", "home", "state", "owner", "started", "ended", "created")
        for name in (*names, "revision", "updated"):
            assert getattr(entity, name) == getattr(thing, name), name
        assert plain(entity.properties) == plain(thing.properties)
        assert entity.facets == thing.facets
        assert {(each.protocol, each.id) for each in entity.external} == thing.external
        assert entity.metrics.keys() == {key for key, points in thing.points.items() if points}
        for key, point in entity.metrics.items():
            assert stamps([(point.time, point.step, point.value)]) == stamps([thing.latest(key)])
            series = self.session.series(ByUuid(thing.uuid), key)
            assert stamps((time, step, value) for _, value, time, step in series) == stamps(thing.points[key])
        self.labels_are_equal(entity, naive)

    def labels_are_equal(self, entity: Entity, naive: Naive) -> None:
        assert {(each.name, each.root) for each in entity.labels} == naive.bearing(entity.id)
        flows = self.model.graph.flows(self.model.types)
        for label in entity.labels:
            put = self.model.graph.things[label.root].labels[label.name]
            assert label.category == put.category
            assert label.attributes == put.attributes
            assert (label.valid_from, label.valid_until) == (put.valid_from, put.valid_until)
            if label.root == entity.id:
                assert label.via is None
            else:
                assert label.via is not None
                assert (label.via, entity.id) in flows
                assert (label.name, label.root) in naive.bearing(label.via)

    def edges_are_equal(self) -> None:
        ids = list(self.model.graph.things)
        found = {(edge.source, edge.target, edge.kind): edge.detail for edge in self.session.edges(ids)}
        assert found == self.model.graph.edges

    @rule(query=strategies.queries())
    def find(self, query: Query) -> None:
        naive = self.naive()
        expected = naive.find(query)
        found: list[int] = []
        cursor: str | None = None
        while True:
            page = self.session.find(_page(query, cursor))
            found += [each.id for each in page.entities]
            if query.count or query.facets:
                assert page.total == len(expected), query
            assert page.facets == {facet: naive.counted(expected, facet) for facet in query.facets}
            assert len(page.entities) == query.limit or page.cursor is None, page
            if page.cursor is None:
                break
            cursor = page.cursor
        assert found == expected, query

    @rule(word=st.sampled_from(["a", "bob", "customer", "personal", "em", "lake", "x", "100", "é"]))
    def search(self, word: str) -> None:
        expected = self.naive().search(word)
        if expected:
            page = self.session.find(Query(text=word, state="all", count=True))
            assert page.corrected is None
            assert {each.id for each in page.entities} == expected
            assert page.total == len(expected)

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def walk(self, data: st.DataObject) -> None:
        thing = self.some(data)
        walk = data.draw(strategies.walks(ByUuid(thing.uuid)))
        found = self.session.lineage(walk)
        reached = self.naive().walk(thing.id, walk)
        assert {each.id for each in found.nodes} == reached
        assert not found.hidden
        assert not found.truncated
        kinds = walk.edges or [each.name for each in self.model.types.edges() if each.lineage]
        between = {key for key in self.model.graph.edges if key[2] in kinds and {*key[:2]} <= reached}
        assert {(edge.source, edge.target, edge.kind) for edge in found.edges} == between

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def why_label(self, data: st.DataObject) -> None:
        thing = self.some(data)
        flows = self.model.graph.flows(self.model.types)
        for name in {name for name, _ in self.naive().bearing(thing.id)}:
            roots = {root for label, root in self.naive().bearing(thing.id) if label == name}
            paths = self.session.why_label(ByUuid(thing.uuid), name)
            assert {path.root for path in paths} == roots
            for path in paths:
                assert (path.path[0], path.path[-1]) == (path.root, thing.id)
                assert len(set(path.path)) == len(path.path)
                assert set(zip(path.path, path.path[1:], strict=False)) <= flows
                assert thing.id in closure(flows, path.root)
                self.kinds_lead_along(path.path, path.edges)

    def kinds_lead_along(self, path: list[int], kinds: list[str]) -> None:
        for near, far, kind in zip(path, path[1:], kinds, strict=False):
            flow = self.model.types.edge(kind).flow
            assert ((near, far, kind) if flow == "forward" else (far, near, kind)) in self.model.graph.edges
        assert len(kinds) == len(path) - 1

    @precondition(lambda self: self.past and self.things)
    @rule(data=st.data())
    def look_back(self, data: st.DataObject) -> None:
        at, graph = self.past[data.draw(st.integers(0, len(self.past) - 1))]
        thing = self.some(data)
        late = data.draw(st.integers(0, 999))
        then = graph.things.get(thing.id)
        if then is None:
            with pytest.raises(NotFound):
                self.session.as_of(ByUuid(thing.uuid), at + late)
            return
        entity = self.session.as_of(ByUuid(thing.uuid), at + late)
        for name in (
            "uuid",
            "kind",
            "name",
            "home",
            "state",
            "owner",
            "started",
            "ended",
            "created",
            "revision",
        ):
            assert getattr(entity, name) == getattr(then, name), name
        assert plain(entity.properties) == plain(then.properties)
        assert entity.facets == then.facets
        labels = {each.name: (each.category, each.attributes, each.valid_until) for each in entity.labels}
        kept = {name: (put.category, put.attributes, put.valid_until) for name, put in then.labels.items()}
        assert labels == kept

    @precondition(lambda self: self.things)
    @rule(data=st.data())
    def addresses_lead_there(self, data: st.DataObject) -> None:
        thing = self.some(data)
        ref: AnyRef = data.draw(strategies.refs([thing]))
        assert self.session.get(ref).id == thing.id


def _page(query: Query, cursor: str | None) -> Query:
    changed = copy.copy(query)
    return Query(**{name: getattr(changed, name) for name in query.__struct_fields__} | {"cursor": cursor})


def _repeatable(change: Change) -> bool:
    """Whether it has neither new nameless entities, nor points (whose repeats are noted), nor hard removals."""
    for operation in change.operations:
        if isinstance(operation, AppendPoints) or (isinstance(operation, Remove) and operation.hard):
            return False
        if (
            isinstance(operation, PutEntity)
            and operation.ref is None
            and not (operation.unique and operation.name)
        ):
            return False
    return True


def run(new_store: Callable[[], str], examples: int, steps: int) -> None:
    machine = type("Machine", (Machine,), {"new_store": staticmethod(new_store)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_sqlite_agrees_with_the_model() -> None:
    run(lambda: "sqlite:///{folder}/lineal.db?synchronous=normal", examples=60, steps=30)


@pytest.mark.slow
@pytest.mark.postgres
def test_postgres_agrees_with_the_model(new_database: Callable[[], str]) -> None:
    run(new_database, examples=10, steps=30)
