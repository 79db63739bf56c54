"""Rows of data sets."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Principal
from lineal.graph.change import (
    AtRevision,
    Expect,
    PutEntity,
    PutRecords,
    Remove,
    TheRecords,
)
from lineal.graph.errors import Denied, ExpectationFailed, Invalid, NotFound
from lineal.graph.model import ById, ByName
from lineal.store.check import problems
from lineal.testing.store.base import Suite, commit, everything, put

DOCUMENTS: list[Any] = [None, True, 0, -(2**63), 1.5, "", "é\u2028'\"\\", [], {}, {"a": [{"b": None}]}]


def put_records(session: Session, number: int, **records: Any) -> None:
    commit(session, PutRecords(ById(number), records))


def stored(session: Session, number: int) -> dict[str, Any]:
    """Documents by key, in order."""
    return {record.key: record.document for record in session.records(ById(number))}


class Records(Suite):
    def test_documents_come_back_the_same_and_in_order(self, session: Session) -> None:
        number = put(session, "d")
        given = {f"k{9 - place}": document for place, document in enumerate(DOCUMENTS)}
        put_records(session, number, **given)
        assert list(stored(session, number).items()) == list(given.items())
        put_records(session, number, odd=[math.nan, math.inf])
        assert json.dumps(stored(session, number)["odd"]) == "[NaN, Infinity]"
        assert session.count_records(ById(number)) == len(DOCUMENTS) + 1

    def test_a_key_is_there_once(self, session: Session) -> None:
        number = put(session, "d")
        put_records(session, number, a=1, b=2)
        first = session.records(ById(number))
        put_records(session, number, b=3, c=4)
        assert stored(session, number) == {"a": 1, "b": 3, "c": 4}
        second = session.records(ById(number))
        assert [record.id for record in second[:2]] == [record.id for record in first]
        assert second[1].created == first[1].created <= second[1].updated

    def test_the_same_again_alters_nothing(self, session: Session) -> None:
        number = put(session, "d")
        put_records(session, number, a=1, b={"x": math.nan})
        before, newest = session.records(ById(number)), session.newest()
        put_records(session, number, a=1, b={"x": math.nan})
        commit(session, Remove(ById(number), TheRecords(["none"])))
        assert str(session.records(ById(number))) == str(before)
        assert session.newest() == newest

    def test_each_entity_has_its_own(self, session: Session) -> None:
        one, other = put(session, "one"), put(session, "other")
        put_records(session, one, a=1)
        put_records(session, other, a=2)
        commit(session, Remove(ById(one), TheRecords()))
        assert (stored(session, one), stored(session, other)) == ({}, {"a": 2})

    def test_pages(self, session: Session) -> None:
        number = put(session, "d")
        put_records(session, number, **{f"k{place}": place for place in range(10)})
        found, after = [], 0
        while page := session.records(ById(number), after=after, limit=4):
            found += [record.document for record in page]
            after = page[-1].id
        assert found == list(range(10))
        some = session.records(ById(number), keys=["k7", "none", "k3"])
        assert [record.document for record in some] == [3, 7]

    def test_some_are_removed(self, session: Session) -> None:
        number = put(session, "d")
        put_records(session, number, a=1, b=2, c=3)
        commit(session, Remove(ById(number), TheRecords(["a", "c", "none"])))
        assert stored(session, number) == {"b": 2}
        assert session.count_records(ById(number)) == 1

    def test_a_change_of_records_changes_the_entity(self, session: Session) -> None:
        number = put(session, "d")
        revision = session.get(ById(number)).revision
        put_records(session, number, a=1)
        assert session.get(ById(number)).revision == revision + 1
        with pytest.raises(ExpectationFailed):
            commit(session, Expect(ById(number), AtRevision(revision)), PutRecords(ById(number), {"a": 2}))
        assert stored(session, number) == {"a": 1}
        commit(session, Remove(ById(number), TheRecords()))
        assert session.get(ById(number)).revision == revision + 2
        assert [event.after for event in session.history(ById(number))][:2] == [
            {"records": {"removed": 1}},
            {"records": {"added": 1, "changed": 0}},
        ]

    def test_they_come_and_go_with_the_entity(self, session: Session, catalog: Catalog) -> None:
        entity = PutEntity(kind="dataset", name="d", unique=True)
        ref = ByName("dataset", "d")
        number = commit(session, entity, PutRecords(ref, {"a": 1}))[0]
        assert stored(session, number) == {"a": 1}
        commit(session, Remove(ref, hard=True))
        assert catalog.store.read("SELECT COUNT(*) FROM record") == [(0,)]
        assert problems(catalog.store.reader()) == []

    @pytest.mark.parametrize("key", ["", "a\x00", "\ud800", "k" * 2001])
    def test_a_key_that_cannot_be_stored_is_refused(self, session: Session, key: str) -> None:
        number = put(session, "d")
        with pytest.raises(Invalid):
            commit(session, PutRecords(ById(number), {"good": 1, key: 1}))
        assert stored(session, number) == {}

    @pytest.mark.parametrize("document", ["a\x00", {"\ud800": 1}, json.loads("[" * 300 + "]" * 300)])
    def test_a_document_that_cannot_be_stored_is_refused(self, session: Session, document: Any) -> None:
        number = put(session, "d")
        with pytest.raises(Invalid):
            put_records(session, number, good=1, bad=document)
        assert stored(session, number) == {}

    def test_they_are_for_those_who_may_see_the_entity(self, session: Session, catalog: Catalog) -> None:
        number = put(session, "d")
        put_records(session, number, a=1)
        stranger = catalog.session(Principal(99, "stranger"), "test")
        for ask in (stranger.records, stranger.count_records):
            with pytest.raises(NotFound):
                ask(ById(number))
        for change in (PutRecords(ById(number), {"a": 2}), Remove(ById(number), TheRecords())):
            with pytest.raises(NotFound):
                commit(stranger, change)
        catalog.accounts.add_user(session, "ann", "correct horse")
        ann = catalog.accounts.verify_password("ann", "correct horse")
        assert ann is not None
        uuid = session.get(ById(number)).uuid
        catalog.accounts.add_grant(everything(catalog), Grant(0, "ann", "viewer", "entity", uuid))
        viewer = catalog.session(ann, "test")
        assert stored(viewer, number) == {"a": 1}
        with pytest.raises(Denied):
            put_records(viewer, number, a=2)
        assert stored(session, number) == {"a": 1}
