"""A session beyond single questions: watchers, pages of edges, several threads, a change that fails half-way."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.catalog.conftest import MakeUser

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import (
    AppendPoints,
    AtRevision,
    Change,
    Expect,
    Present,
    PropertyIn,
    PutEdge,
    PutEntity,
    PutLabel,
    Remove,
    UnsetOrEqual,
)
from lineal.graph.errors import Conflict, ExpectationFailed, Invalid, NotFound
from lineal.graph.model import ByExternal, ById, ByName, External, Local, Point, Value
from lineal.graph.query import Query


def data(name: str) -> ByName:
    return ByName("dataset", name)


def put(session: Session, *names: str, namespace: str = "default") -> list[int]:
    puts = [PutEntity(kind="dataset", name=name, unique=True, namespace=namespace) for name in names]
    return session.commit(Change([*puts])).entities


class TestWatchers:
    def test_each_hears_of_the_newest_commit(self, catalog: Catalog, session: Session) -> None:
        heard: list[int] = []
        end = catalog.subscribe(heard.append)
        commits = [
            session.commit(Change([PutEntity(data("d"), kind="dataset", properties={"n": n})]))
            for n in (1, 2)
        ]
        end()
        put(session, "later")
        assert heard == [commit.id for commit in commits]

    def test_nobody_is_told_of_a_change_that_altered_nothing(
        self, catalog: Catalog, session: Session
    ) -> None:
        put(session, "d")
        heard: list[int] = []
        catalog.subscribe(heard.append)
        put(session, "d")
        assert heard == []

    def test_one_that_fails_stops_neither_the_writer_nor_the_others(
        self, catalog: Catalog, session: Session, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(newest: int) -> None:
            raise RuntimeError(f"no {newest}")

        heard: list[int] = []
        catalog.subscribe(fail)
        catalog.subscribe(heard.append)
        with caplog.at_level(logging.ERROR):
            put(session, "a")
            put(session, "b")
        assert len(heard) == 2
        assert "a watcher of commits failed" in caplog.text


class TestEdges:
    def test_a_page_is_full_although_others_are_hidden(
        self, catalog: Catalog, session: Session, user: MakeUser
    ) -> None:
        [hub] = put(session, "hub", namespace="open")
        hidden = put(session, *(f"h{number}" for number in range(40)), namespace="closed")
        shown = put(session, *(f"s{number}" for number in range(5)), namespace="open")
        session.commit(Change([PutEdge("derived", ById(hub), ById(other)) for other in (*hidden, *shown)]))
        ann = user("ann")
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "namespace", "open"))
        assert [edge.target for edge in ann.edges([hub], limit=3)] == shown[:3]
        assert [edge.target for edge in ann.edges([hub], ["derived"], "out", limit=5)] == shown
        assert ann.edges([hub], direction="in") == []
        assert len(session.edges([hub], limit=7)) == 7

    def test_kinds_and_direction_narrow(self, session: Session) -> None:
        a, b, c = put(session, "a", "b", "c")
        session.commit(Change([PutEdge("derived", ById(a), ById(b)), PutEdge("parent", ById(c), ById(a))]))
        assert [edge.target for edge in session.edges([a], direction="out")] == [b]
        assert [edge.source for edge in session.edges([a], direction="in")] == [c]
        assert [edge.kind for edge in session.edges([a], ["parent"])] == ["parent"]
        assert session.edges([a], ["nowhere"]) == []
        assert session.edges([]) == []


class TestFailure:
    """Of a change that is refused nothing remains, not even in what the writer remembers."""

    def test_fields_set_before_the_refusal(self, session: Session) -> None:
        put(session, "a", "b")
        refused = [
            PutEntity(data("a"), owner="eve", state="deleted"),
            PutEntity(data("b"), name="a", unique=True),
        ]
        with pytest.raises(Conflict):
            session.commit(Change([*refused]))
        session.commit(Change([PutEntity(data("a"), properties={"n": 1})]))
        entity = session.get(data("a"))
        assert (entity.owner, entity.state, entity.revision) == (None, "active", 2)

    def test_a_deletion_before_the_refusal(self, session: Session) -> None:
        put(session, "a")
        with pytest.raises(NotFound):
            session.commit(Change([Remove(data("a")), Remove(data("nowhere"))]))
        session.commit(Change([Expect(data("a"), Present())]))

    def test_neighbours_in_one_transaction_are_not_harmed(self, catalog: Catalog, session: Session) -> None:
        put(session, "a", "b")
        good = [Change([PutEntity(data("a"), properties={f"n{number}": number})]) for number in range(20)]
        bad = [Change([PutEntity(data("a"), owner="eve"), Remove(data("nowhere"))]) for _ in range(20)]

        async def all_at_once() -> list[object]:
            pairs = zip(good, bad, strict=True)
            work = [session.submit(change) for pair in pairs for change in pair]
            return await asyncio.gather(*work, return_exceptions=True)

        results = asyncio.run(all_at_once())
        assert sum(isinstance(result, NotFound) for result in results) == 20
        entity = session.get(data("a"))
        assert entity.properties == {f"n{number}": number for number in range(20)}
        assert entity.owner is None

    def test_two_in_one_change_cannot_take_one_name(self, session: Session) -> None:
        put(session, "a", "b")
        renames = [PutEntity(data(name), name="c", unique=True) for name in ("a", "b")]
        with pytest.raises(Conflict, match="'c' exists already"):
            session.commit(Change([*renames]))
        assert {entity.name for entity in session.find(Query()).entities} == {"a", "b"}

    def test_what_is_put_later_cannot_be_spoken_of_earlier(self, session: Session) -> None:
        put(session, "a")
        later = PutEntity(kind="dataset", name="x", handle="x", external=[External("p", "1")])
        for ref in (Local("x"), ByExternal("p", "1")):
            for early in (PutEdge("derived", data("a"), ref), PutLabel(ref, "pii"), Remove(ref)):
                with pytest.raises(Invalid, match="later operation"):
                    session.commit(Change([early, later]))
        assert session.counts() == {"dataset": 1}

    def test_an_address_of_another_entity_cannot_be_taken_away_or_over(self, session: Session) -> None:
        put(session, "a", "b")
        session.commit(Change([PutEntity(data("a"), external=[External("p", "1")])]))
        session.commit(Change([Remove(data("b"), what=_external("p", "1"))]))
        assert session.get(ByExternal("p", "1")).name == "a"
        with pytest.raises(Conflict):
            session.commit(Change([PutEntity(data("b"), external=[External("p", "1")])]))

    def test_a_uuid_is_a_uuid(self, session: Session) -> None:
        from lineal.graph.model import ByUuid

        for uuid in ("../../etc", "x" * 32, "A" * 32, "0" * 31):
            with pytest.raises(Invalid, match="32 hexadecimal digits"):
                session.commit(Change([PutEntity(ByUuid(uuid), kind="dataset")]))
        made = session.commit(Change([PutEntity(ByUuid("ab" * 16), kind="dataset")]))
        assert made.uuids == ["ab" * 16]

    def test_nothing_contains_itself(self, session: Session) -> None:
        a, b, c = put(session, "a", "b", "c")
        session.commit(Change([PutEntity(ById(b), home=ById(a)), PutEntity(ById(c), home=ById(b))]))
        for inner in (a, b, c):
            with pytest.raises(Invalid, match="cannot be inside itself"):
                session.commit(Change([PutEntity(ById(a), home=ById(inner))]))
        with pytest.raises(Invalid):
            session.commit(Change([PutEntity(kind="dataset", handle="x", home=Local("x"))]))


def _external(protocol: str, outside: str):  # type: ignore[no-untyped-def]
    from lineal.graph.change import TheExternal

    return TheExternal(protocol, outside)


class TestExpectations:
    @pytest.mark.parametrize(
        ("stored", "wanted", "holds"),
        [
            ("x", "x", True),
            ("x", "y", False),
            (1, 1, True),
            (1, True, False),
            (1, 1.0, False),
            (float("nan"), float("nan"), True),
            ({"a": [1]}, {"a": [1]}, True),
            (None, "x", True),
        ],
    )
    def test_unset_or_equal(self, session: Session, stored: Value, wanted: Value, holds: bool) -> None:
        session.commit(Change([PutEntity(data("d"), kind="dataset", properties={"p": stored})]))
        change = Change([Expect(data("d"), UnsetOrEqual({"p": wanted}), "rule")])
        if holds:
            session.commit(change)
            return
        with pytest.raises(ExpectationFailed) as failed:
            session.commit(change)
        assert failed.value.expect.code == "rule"
        assert failed.value.actual == {"p": stored}

    def test_a_property_is_one_of(self, session: Session) -> None:
        session.commit(Change([PutEntity(data("d"), kind="dataset", properties={"stage": "new"})]))
        session.commit(Change([Expect(data("d"), PropertyIn("stage", ["new", "old"]))]))
        session.commit(Change([Expect(data("d"), PropertyIn("other", [None]))]))
        with pytest.raises(ExpectationFailed) as failed:
            session.commit(Change([Expect(data("d"), PropertyIn("stage", ["old"]))]))
        assert failed.value.actual == "new"

    def test_of_many_who_read_the_same_revision_one_writes(self, session: Session) -> None:
        put(session, "d")
        barrier = threading.Barrier(6)

        def write(number: int) -> bool:
            barrier.wait()
            expect = Expect(data("d"), AtRevision(1))
            try:
                session.commit(Change([expect, PutEntity(data("d"), properties={"winner": number})]))
            except ExpectationFailed:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            won = list(pool.map(write, range(6)))
        assert sum(won) == 1
        assert session.get(data("d")).properties == {"winner": won.index(True)}

    def test_all_is_checked_before_anything_is_applied(self, session: Session) -> None:
        put(session, "d")
        with pytest.raises(ExpectationFailed):
            session.commit(Change([PutEntity(data("d"), owner="eve"), Expect(data("d"), AtRevision(2))]))
        assert session.get(data("d")).owner is None


class TestThreads:
    def test_everything_that_many_write_is_there_once(self, session: Session) -> None:
        put(session, "d")

        def write(worker: int) -> None:
            for number in range(25):
                point = Point("loss", float(number), worker * 100 + number, number)
                name = f"w{worker}n{number}"
                session.commit(
                    Change(
                        [
                            PutEntity(kind="dataset", name=name, unique=True),
                            PutEdge("derived", data("d"), data(name)),
                            AppendPoints(data("d"), [point]),
                        ]
                    )
                )

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        assert session.counts() == {"dataset": 101}
        assert len(session.series(data("d"), "loss")) == 100
        assert len(session.edges([session.get(data("d")).id], limit=1000)) == 100
        events = session.changes(limit=10_000)
        commits = [event.commit for event in events]
        assert commits == sorted(commits)
        assert session.newest() == max(commits) == len(set(commits))


def test_an_entity_as_a_commit_left_it(session: Session) -> None:
    """However fast the next one came."""
    made = session.commit(Change([PutEntity(kind="model", name="m", properties={"n": 0})]))
    ref = ById(made.entities[0])
    for number in range(1, 20):
        session.commit(Change([PutEntity(ref, kind="model", properties={"n": number})]))
    events = session.changes()
    assert [session.as_of_event(event, ref).properties["n"] for event in events] == list(range(20))
    first = session.commit(Change([PutEntity(kind="model", name="later")])).entities[0]
    with pytest.raises(NotFound):
        session.as_of_event(events[0], ById(first))
