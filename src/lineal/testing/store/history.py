"""The one history, and entities as they were."""

from __future__ import annotations

import time

import pytest

from lineal.catalog.session import Session
from lineal.graph.change import AppendPoints, Change, PutEdge, PutEntity, PutFacet, PutLabel, Remove, TheLabel
from lineal.graph.errors import NotFound
from lineal.graph.model import ById, Point
from lineal.testing.store.base import Suite, commit, link, put


def moment() -> int:
    """A moment that no change before or after it shares, in ms since the epoch."""
    time.sleep(0.003)
    now = int(time.time() * 1000)
    time.sleep(0.003)
    return now


class Histories(Suite):
    def test_it_says_who_did_what(self, session: Session) -> None:
        number = session.commit(
            Change([PutEntity(kind="dataset", name="d", properties={"a": 1})], note="why")
        ).entities[0]
        commit(session, PutEntity(ById(number), properties={"a": 2, "b": [1]}))
        commit(session, Remove(ById(number)))
        events = session.history(ById(number))
        assert [event.action for event in events] == ["deleted", "updated", "created"]
        assert {(event.principal, event.door) for event in events} == {("local", "test")}
        assert [event.note for event in events] == ["", "", "why"]
        assert events[1].before == {"properties": {"a": 1, "b": None}}
        assert events[1].after == {"properties": {"a": 2, "b": [1]}}
        assert [event.commit for event in events] == sorted((event.commit for event in events), reverse=True)

    def test_an_entity_is_seen_as_it_was(self, session: Session) -> None:
        before = moment()
        number = put(session, "first", a=1, gone="x")
        created = moment()
        commit(
            session,
            PutEntity(
                ById(number), name="second", owner="ann", properties={"a": 2, "gone": None, "new": 1.5}
            ),
        )
        commit(session, PutFacet(ById(number), "mine", {"v": 1}), PutLabel(ById(number), "PII"))
        changed = moment()
        commit(session, PutFacet(ById(number), "mine", {"v": 2}), Remove(ById(number), TheLabel("PII")))
        commit(session, Remove(ById(number)))
        was = session.as_of(ById(number), created)
        assert (was.name, was.owner, was.properties, was.facets, was.labels) == (
            "first",
            None,
            {"a": 1, "gone": "x"},
            {},
            [],
        )
        was = session.as_of(ById(number), changed)
        assert (was.name, was.owner, was.properties) == ("second", "ann", {"a": 2, "new": 1.5})
        assert (was.facets, [label.name for label in was.labels], was.state) == (
            {"mine": {"v": 1}},
            ["PII"],
            "active",
        )
        assert session.as_of(ById(number), moment()).state == "deleted"
        with pytest.raises(NotFound):
            session.as_of(ById(number), before)

    def test_changes_are_told_in_order_and_whole(self, session: Session) -> None:
        start = session.newest()
        for number in range(10):
            session.commit(Change([PutEntity(kind="dataset", name=f"{number}-{part}") for part in range(7)]))
        since, seen = start, []
        while events := session.changes(since, limit=10):
            commits = [event.commit for event in events]
            assert commits == sorted(commits)
            assert all(commits.count(each) == 7 for each in commits)
            seen += events
            since = commits[-1]
        assert [event.name for event in seen] == [
            f"{number}-{part}" for number in range(10) for part in range(7)
        ]
        assert since == session.newest() == start + 10

    def test_every_kind_of_change_is_told(self, session: Session) -> None:
        one, two = put(session, "a"), put(session, "b")
        link(session, "derived", one, two)
        commit(session, PutEdge("derived", ById(one), ById(two), {"n": 1}))
        commit(session, AppendPoints(ById(one), [Point("m", 1.0, 1, 1)] * 30))
        commit(session, Remove(ById(one)), PutEntity(ById(two), properties={"x": 1}))
        commit(session, PutEntity(ById(one), state="active"), PutLabel(ById(one), "PII"))
        commit(session, Remove(ById(one), TheLabel("PII")))
        actions = [event.action for event in session.changes(0) if event.entity == one]
        assert actions == [
            "created", "linked", "linked", "points", "deleted", "restored", "labelled", "unlabelled",
        ]  # fmt: skip

    def test_what_changed_nothing_is_not_told(self, session: Session) -> None:
        number = put(session, "a", x=1)
        newest = session.newest()
        answer = session.commit(Change([PutEntity(ById(number), properties={"x": 1})]))
        assert (answer.id, session.newest()) == (0, newest)

    def test_the_history_of_what_was_removed_is_gone(self, session: Session) -> None:
        number = put(session, "secret name")
        commit(session, Remove(ById(number), hard=True))
        assert [(event.action, event.name) for event in session.changes(0) if event.entity == number] == [
            ("removed", "")
        ]
