"""Several processes on one store: each sees what another did."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Principal
from lineal.graph.change import AppendPoints, Expect, PutEntity, PutType, Remove, UnsetOrEqual
from lineal.graph.errors import Denied, ExpectationFailed, Invalid, NotFound
from lineal.graph.model import ByExternal, ById, ByName, Point
from lineal.graph.query import Query
from lineal.graph.types import AttributeDef, KindDef
from lineal.testing.store.base import Opener, Suite, commit, everything, names, properties_of, put, run

PATIENCE = 3.0


def soon(holds: Callable[[], bool]) -> bool:
    """Whether it holds within the time after which one process has learned what another did."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False


class Processes(Suite):
    @pytest.fixture
    def other(self, opener: Opener, catalog: Catalog) -> Session:
        """A session of a second process."""
        return everything(opener())

    def test_both_see_all_and_give_ids_once(self, session: Session, other: Session) -> None:
        ids = []
        for number in range(10):
            ids += [
                put(session, f"a{number}", shared=number),
                put(other, f"b{number}", **{f"key{number}": 1}),
            ]
        assert ids == sorted(set(ids))
        assert names(session, Query()) == names(other, Query())
        assert properties_of(session, ById(ids[-1])) == {"key9": 1}
        assert [event.commit for event in session.changes(0)] == list(range(1, 21))

    def test_a_writer_does_not_write_what_another_replaced(self, session: Session, other: Session) -> None:
        number = commit(session, run("r", x=1))[0]
        commit(other, PutEntity(ByExternal("test", "r"), name="renamed", owner="ann"))
        commit(session, PutEntity(ByExternal("test", "r"), started=5))
        commit(other, PutEntity(ById(number), ended=6))
        found = session.get(ById(number))
        assert (found.name, found.owner, found.started, found.ended, found.revision) == (
            "renamed",
            "ann",
            5,
            6,
            4,
        )

    def test_expectations_see_what_another_wrote(self, session: Session, other: Session) -> None:
        commit(session, run("r"))
        commit(other, PutEntity(ByExternal("test", "r"), properties={"p": "1"}))
        with pytest.raises(ExpectationFailed):
            commit(session, Expect(ByExternal("test", "r"), UnsetOrEqual({"p": "2"})))

    def test_what_another_removed_is_gone(self, session: Session, other: Session) -> None:
        number = commit(session, run("r"))[0]
        commit(session, AppendPoints(ByExternal("test", "r"), [Point("m", 1.0, 1, 1)]))
        commit(other, Remove(ById(number), hard=True))
        for ref in (ById(number), ByExternal("test", "r")):
            with pytest.raises(NotFound):
                commit(session, AppendPoints(ref, [Point("m", 2.0, 2, 2)]))
            with pytest.raises(NotFound):
                session.get(ref)
        again = commit(session, run("r"))[0]
        assert other.get(ByExternal("test", "r")).id == again > number

    def test_types_of_another_are_known(self, session: Session, other: Session) -> None:
        session.types()
        commit(other, PutType(KindDef("sensor", supertypes=["dataset"])))
        assert commit(session, PutEntity(kind="sensor", name="s"))
        assert session.types().has(KindDef, "sensor"), "having written, it knows at once"
        commit(
            other,
            PutType(KindDef("sensor", supertypes=["dataset"], attributes=[AttributeDef("unit", "int")])),
        )
        with pytest.raises(Invalid):
            commit(session, PutEntity(kind="sensor", name="t", properties={"unit": "metre"}))

    def test_a_process_that_only_reads_learns_types(self, session: Session, other: Session) -> None:
        assert not session.types().has(KindDef, "sensor")
        commit(other, PutType(KindDef("sensor", supertypes=["dataset"])))
        commit(other, PutEntity(kind="sensor", name="s"))
        assert other.types().has(KindDef, "sensor")
        assert soon(lambda: session.types().has(KindDef, "sensor"))
        assert names(session, Query(kinds=["dataset"])) == ["s"]

    def test_access_that_another_gave_or_took(
        self, session: Session, other: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lineal.catalog.access.TTL", 0.3)
        here, there = session.catalog, other.catalog
        number = put(session, "d")
        added = here.accounts.add_user(session, "ann", "a long password")
        ann = there.session(Principal(added.id, "ann"), "test")
        with pytest.raises(NotFound):
            ann.get(ById(number))
        given = here.accounts.add_grant(session, Grant(0, "ann", "viewer", "store"))
        assert soon(lambda: _sees(ann, number))
        with pytest.raises(Denied):
            commit(ann, PutEntity(ById(number), owner="ann"))
        here.accounts.remove_grant(session, given.id)
        assert soon(lambda: not _sees(ann, number))

    def test_words_of_another_are_found_and_corrected(self, session: Session, other: Session) -> None:
        put(session, "transactions")
        put(other, "customers")
        assert names(session, Query(text="custmers")) == ["customers"]
        put(session, "customers")
        assert len(names(other, Query(text="custmers"))) == 2

    def test_unique_names_are_unique_over_all(self, session: Session, other: Session) -> None:
        first = commit(session, PutEntity(kind="experiment", name="e", unique=True))
        assert commit(other, PutEntity(kind="experiment", name="e", unique=True)) == first
        commit(other, PutEntity(ByName("experiment", "e"), kind="experiment", name="f", unique=True))
        assert commit(session, PutEntity(kind="experiment", name="e", unique=True)) != first


def _sees(session: Session, number: int) -> bool:
    try:
        session.get(ById(number))
    except NotFound:
        return False
    return True
