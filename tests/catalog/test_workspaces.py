"""Workspaces: namespaces of their own, and sessions that are limited to one."""

from __future__ import annotations

import pytest
from tests.catalog.conftest import MakeUser

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import Absent, Change, Expect, PutEdge, PutEntity, PutLabel, Remove
from lineal.graph.errors import Denied, Invalid, LinealError, NotFound
from lineal.graph.model import ById, ByName
from lineal.graph.query import Query, Walk

Made = dict[str, int]


def do(session: Session, *operations: object) -> list[int]:
    return session.commit(Change(list(operations))).entities  # type: ignore[arg-type]


def workspace(name: str) -> PutEntity:
    return PutEntity(kind="workspace", namespace=name, name=name, unique=True)


def put(session: Session, kind: str, name: str, namespace: str) -> int:
    return do(session, PutEntity(kind=kind, name=name, namespace=namespace, unique=True))[0]


def names(session: Session, **query: object) -> set[str]:
    return {each.name for each in session.find(Query(**query)).entities}  # type: ignore[arg-type]


@pytest.fixture
def made(session: Session) -> Made:
    """An experiment in each of two workspaces, the default one and a place that is none; and data in each."""
    do(session, workspace("red"))
    do(session, workspace("blue"))
    found = {}
    for place in ("red", "blue", "default", "s3://lake"):
        found[f"{place} experiment"] = put(session, "experiment", f"{place} experiment", place)
        found[f"{place} data"] = put(session, "dataset", f"{place} data", place)
    return found


class TestView:
    def test_a_workspace_shows_its_own_and_data_that_belongs_to_none(
        self, session: Session, made: Made
    ) -> None:
        assert names(session.within("red")) == {"red", "red experiment", "red data", "s3://lake data"}

    def test_the_default_one_shows_what_no_other_holds(self, session: Session, made: Made) -> None:
        assert names(session.within("default")) == {
            "default experiment", "default data", "s3://lake experiment", "s3://lake data"
        }  # fmt: skip

    def test_no_view_shows_all(self, session: Session, made: Made) -> None:
        assert len(names(session)) == 10
        assert names(session.within("red").within(None)) == names(session)

    def test_every_read_is_limited(self, session: Session, made: Made) -> None:
        red, other = session.within("red"), made["blue experiment"]
        do(session, PutEdge("derived", ById(made["red data"]), ById(made["blue data"]), {"by": "somebody"}))
        do(session, PutLabel(ById(other), "secret"))
        for read in (
            lambda: red.get(ById(other)),
            lambda: red.get(ByName("experiment", "blue experiment", "blue")),
            lambda: red.history(ById(other)),
            lambda: red.series(ById(other), "m"),
            lambda: red.folder(ById(other)),
            lambda: red.lineage(Walk(ById(other))),
            lambda: red.why_label(ById(other), "secret"),
        ):
            with pytest.raises(NotFound):
                read()
        assert red.get_many([other, made["red data"]])[0].name == "red data"
        assert red.edges([made["red data"]]) == []
        assert [node.name for node in red.lineage(Walk(ById(made["red data"]))).nodes] == ["red data"]
        assert red.counts() == {"dataset": 2, "experiment": 1, "workspace": 1}
        assert {each.name for each in red.suggest("exp")} == {"red experiment"}
        assert {event.name for event in red.changes()} <= names(red)
        page = red.find(Query(facets=["namespace", "label"], count=True))
        assert (page.facets["namespace"], page.facets["label"]) == ({"red": 3, "s3://lake": 1}, {})
        assert red.find(Query(text="blu")).entities == []

    def test_every_write_is_limited(self, session: Session, made: Made) -> None:
        red, other = session.within("red"), ById(made["blue experiment"])
        new = PutEntity(kind="experiment", name="new", namespace="blue")
        run = PutEntity(kind="run", name="run", namespace="red", home=other)
        refused = {"new": Denied, "run": NotFound, "change": NotFound, "remove": NotFound, "link": NotFound}
        writes = {
            "new": [new],
            "run": [run],
            "change": [PutEntity(other, kind="experiment", properties={"a": 1})],
            "remove": [Remove(other)],
            "link": [PutEdge("describes", ById(made["red experiment"]), other)],
        }
        for name, operations in writes.items():
            assert _error(red, *operations) is refused[name], name
        assert _error(red, Expect(other, Absent())) is None
        assert _error(red, PutEntity(kind="experiment", name="new", namespace="red")) is None
        assert _error(red, PutEntity(kind="dataset", name="new", namespace="s3://lake")) is None
        assert _error(red, PutEntity(kind="experiment", name="new", namespace="s3://lake")) is Denied
        assert _error(session.within("default"), new) is Denied
        assert _error(session.within("default"), PutEntity(kind="run", name="a", namespace="x")) is None

    def test_a_view_lets_nobody_see_more(
        self, session: Session, made: Made, user: MakeUser, catalog: Catalog
    ) -> None:
        ann = user("ann")
        assert names(ann.within("red")) == set()
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "namespace", "blue"))
        assert names(ann.within("red")) == set()
        assert names(ann.within("blue")) == {"blue", "blue experiment", "blue data"}
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "store"))
        assert names(ann.within("red")) == names(session.within("red"))
        assert _error(ann.within("red"), PutEntity(kind="run", name="a", namespace="red")) is Denied

    def test_one_that_was_just_made_hides_at_once(self, session: Session, made: Made) -> None:
        everywhere = session.within("default")
        assert "s3://lake experiment" in names(everywhere)
        do(session, workspace("s3://lake"))
        assert "s3://lake experiment" not in names(everywhere)
        assert names(session.within("red")) == {"red", "red experiment", "red data"}


def _error(session: Session, *operations: object) -> type[LinealError] | None:
    try:
        do(session, *operations)
    except LinealError as error:
        return type(error)
    return None


class TestEntering:
    def test_who_may_see_something_there_enters(
        self, session: Session, made: Made, user: MakeUser, catalog: Catalog
    ) -> None:
        ann = user("ann")
        assert (ann.workspaces(), ann.enters("red"), ann.enters("none")) == ([], False, False)
        uuid = session.get(ById(made["blue experiment"])).uuid
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "entity", uuid))
        assert (ann.workspaces(), ann.enters("blue"), ann.enters("red")) == (["blue"], True, False)
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "kind", "experiment"))
        assert ann.workspaces() == ["blue", "default", "red"]
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "namespace", "red", deny=True))
        assert ann.workspaces() == ["blue", "default"]
        assert session.workspaces() == ["blue", "default", "red"]

    def test_nobody_enters(self, catalog: Catalog, made: Made) -> None:
        from lineal.catalog.catalog import NOBODY

        assert catalog.session(NOBODY, "test").workspaces() == []


class TestMaking:
    def test_only_admins_make_change_and_remove_them(
        self, session: Session, user: MakeUser, catalog: Catalog
    ) -> None:
        ann = user("ann")
        for role, target, value in (("editor", "store", ""), ("owner", "namespace", "red")):
            catalog.accounts.add_grant(session, Grant(0, "ann", role, target, value))  # type: ignore[arg-type]
        assert _error(ann, workspace("red")) is Denied
        do(session, workspace("red"))
        red = ByName("workspace", "red", "red")
        assert _error(ann, PutEntity(red, kind="workspace", properties={"description": "mine"})) is Denied
        assert _error(ann, PutEntity(red, kind="workspace", state="deleted")) is Denied
        assert _error(ann, Remove(red, hard=True)) is Denied
        assert _error(ann, Remove(red)) is Denied
        catalog.accounts.set_admin(session, "ann", admin=True)
        assert _error(ann, Remove(red, hard=True)) is None

    @pytest.mark.parametrize(("name", "namespace"), [("red", "default"), ("red", "blue")])
    def test_it_has_the_name_of_its_namespace(self, session: Session, name: str, namespace: str) -> None:
        assert _error(session, PutEntity(kind="workspace", name=name, namespace=namespace)) is Invalid

    def test_it_cannot_be_renamed(self, session: Session) -> None:
        do(session, workspace("red"))
        renamed = PutEntity(ByName("workspace", "red", "red"), kind="workspace", name="blue", unique=True)
        assert _error(session, renamed) is Invalid


class TestRemoving:
    def test_one_that_holds_something_is_not_removed(self, session: Session, made: Made) -> None:
        assert _error(session, Remove(ByName("workspace", "red", "red"), hard=True)) is Invalid
        assert "red experiment" in names(session)

    def test_with_all_that_it_holds(self, session: Session, made: Made) -> None:
        run = PutEntity(kind="run", name="elsewhere", home=ById(made["red experiment"]))
        do(session, run)
        do(session, Remove(ByName("workspace", "red", "red"), hard=True, cascade=True))
        assert {name for name in names(session) if name.startswith(("red", "elsewhere"))} == set()
        assert "blue experiment" in names(session)

    def test_just_the_limit_around_it(self, session: Session, made: Made) -> None:
        do(session, Remove(ByName("workspace", "red", "red")))
        assert session.workspaces() == ["blue", "default"]
        assert "red experiment" in names(session.within("default"))

    def test_an_empty_one(self, session: Session) -> None:
        do(session, workspace("red"))
        do(session, Remove(ByName("workspace", "red", "red"), hard=True))
        assert session.workspaces() == ["default"]


@pytest.mark.parametrize("state", ["deleted", "active"])
def test_a_state_for_all_that_it_holds(session: Session, made: Made, state: str) -> None:
    red = ByName("workspace", "red", "red")
    do(session, PutEntity(red, kind="workspace", state="deleted", cascade=True))
    do(session, PutEntity(red, kind="workspace", state=state, cascade=True))
    found = {each.name: each.state for each in session.find(Query(state="all", limit=99)).entities}
    assert (found["red experiment"], found["blue experiment"]) == (state, "active")


def test_grants_on_what_is_removed_go_with_it(
    session: Session, made: Made, user: MakeUser, catalog: Catalog
) -> None:
    user("ann")
    uuid = session.get(ById(made["red experiment"])).uuid
    catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "entity", uuid))
    do(session, Remove(ByName("workspace", "red", "red"), hard=True, cascade=True))
    assert catalog.accounts.grants(session) == []


def test_who_was_let_into_one_that_is_removed_is_not_let_into_the_next(
    session: Session, made: Made, user: MakeUser, catalog: Catalog
) -> None:
    accounts, ann = catalog.accounts, user("ann")
    accounts.add_user(session, "red/team", None, "group", namespace="red")
    accounts.add_user(session, "blue/team", None, "group", namespace="blue")
    accounts.add_member(session, "ann", "red/team")
    for name, deny in (("red/team", False), ("ann", False), ("ann", True)):
        accounts.add_grant(session, Grant(0, name, "editor", "namespace", "red", deny=deny))
    do(session, Remove(ByName("workspace", "red", "red"), hard=True, cascade=True))
    assert {each.name for each in accounts.users(session)} == {"ann", "blue/team"}
    assert [each.deny for each in accounts.grants(session)] == [True]
    do(session, workspace("red"))
    assert ann.workspaces() == []
