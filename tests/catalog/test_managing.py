"""Who decides about grants and groups, contributors, and grants on one kind within a namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.catalog.conftest import MakeUser

from lineal.catalog.accounts import Accounts
from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Role
from lineal.graph.change import Change, PutEntity, Remove
from lineal.graph.errors import Conflict, Denied, Invalid, LinealError, NotFound
from lineal.graph.model import AnyRef, ById, Local
from lineal.graph.query import Query

Allow = Callable[..., Grant]


@pytest.fixture
def accounts(catalog: Catalog) -> Accounts:
    return catalog.accounts


@pytest.fixture
def ann(user: MakeUser) -> Session:
    return user("ann")


@pytest.fixture
def bob(user: MakeUser) -> Session:
    return user("bob")


@pytest.fixture
def allow(accounts: Accounts, session: Session, ann: Session) -> Allow:
    """Grants something to ann, or to another principal."""

    def grant(role: Role, target: Any, value: str = "", to: str = "ann", **more: Any) -> Grant:
        return accounts.add_grant(session, Grant(0, to, role, target, value, **more))

    return grant


def put(
    session: Session, kind: str, name: str, namespace: str = "default", home: AnyRef | None = None
) -> int:
    new = PutEntity(kind=kind, name=name, namespace=namespace, home=home)
    return session.commit(Change([new])).entities[0]


def edit(session: Session, number: int) -> type[LinealError] | None:
    return refused(lambda: session.commit(Change([PutEntity(ById(number), properties={"a": 1})])))


def names(session: Session) -> set[str]:
    return {each.name for each in session.find(Query()).entities}


def refused(act: Callable[[], object]) -> type[LinealError] | None:
    try:
        act()
    except LinealError as error:
        return type(error)
    return None


class TestContributors:
    def test_they_see_all_and_own_what_they_make(
        self, session: Session, ann: Session, bob: Session, allow: Allow, accounts: Accounts
    ) -> None:
        theirs = put(session, "experiment", "theirs")
        for name in ("ann", "bob"):
            allow("contributor", "namespace", "default", to=name)
        assert names(ann) == {"theirs"}
        assert edit(ann, theirs) is Denied
        assert refused(lambda: put(ann, "run", "r", home=ById(theirs))) is Denied
        mine = put(ann, "experiment", "mine")
        assert edit(ann, mine) is None
        run = put(ann, "run", "r", home=ById(mine))
        assert edit(ann, run) is None
        assert (edit(bob, mine), edit(bob, run)) == (Denied, Denied)
        uuid = session.get(ById(mine)).uuid
        held = [
            (each.role, each.target, each.value) for each in accounts.grants(ann) if each.principal == "ann"
        ]
        assert held == [("contributor", "namespace", "default"), ("owner", "entity", uuid)]
        accounts.add_grant(ann, Grant(0, "bob", "editor", "entity", uuid))
        assert edit(bob, run) is None

    def test_not_elsewhere(self, ann: Session, allow: Allow) -> None:
        allow("contributor", "namespace", "default")
        assert refused(lambda: put(ann, "experiment", "x", "other")) is Denied

    def test_what_is_made_with_its_content(self, session: Session, ann: Session, allow: Allow) -> None:
        allow("contributor", "namespace", "default")
        made = ann.commit(
            Change(
                [
                    PutEntity(kind="experiment", name="e", handle="e"),
                    PutEntity(kind="run", name="r", home=Local("e")),
                ]
            )
        )
        assert [edit(ann, number) for number in made.entities] == [None, None]

    def test_who_may_not_edit_may_not_make(self, ann: Session, allow: Allow) -> None:
        allow("contributor", "store")
        allow("editor", "kind", "experiment", deny=True)
        assert refused(lambda: put(ann, "experiment", "x")) is Denied
        assert refused(lambda: put(ann, "project", "x")) is None

    @pytest.mark.parametrize("role", ["editor", "admin", "owner"])
    def test_others_need_own_nothing(
        self, ann: Session, allow: Allow, accounts: Accounts, role: Role
    ) -> None:
        allow(role, "store")
        put(ann, "experiment", "x")
        assert len(accounts.grants(ann)) == 1

    def test_a_contributor_who_edits_some_kind_owns_too(
        self, ann: Session, allow: Allow, accounts: Accounts
    ) -> None:
        allow("contributor", "namespace", "default")
        allow("editor", "namespace", "default", kind="experiment")
        put(ann, "experiment", "x")
        assert [each.target for each in accounts.grants(ann)][-1] == "entity"

    def test_what_is_removed_takes_its_grants_along(
        self, ann: Session, allow: Allow, accounts: Accounts
    ) -> None:
        allow("contributor", "namespace", "default")
        mine = put(ann, "experiment", "mine")
        ann.commit(Change([Remove(ById(mine), hard=True)]))
        assert [each.target for each in accounts.grants(ann)] == ["namespace"]


class TestKindsInNamespaces:
    @pytest.fixture
    def graph(self, session: Session) -> dict[str, int]:
        made = {"e": put(session, "experiment", "e", "red"), "m": put(session, "model", "m", "red")}
        made["other"] = put(session, "experiment", "other", "blue")
        made["r"] = put(session, "run", "r", "red", ById(made["e"]))
        made["deep"] = put(session, "run", "deep", "red", ById(made["r"]))
        made["aside"] = put(session, "run", "aside", "red")
        return made

    def test_they_cover_what_these_contain(self, ann: Session, allow: Allow, graph: dict[str, int]) -> None:
        allow("viewer", "namespace", "red", kind="experiment")
        assert names(ann) == {"e", "r", "deep"}
        for name, number in graph.items():
            assert (refused(lambda number=number: ann.get(ById(number))) is None) is (name in names(ann))
        allow("editor", "namespace", "red", kind="experiment")
        assert edit(ann, graph["deep"]) is None
        assert edit(ann, graph["aside"]) is NotFound
        assert refused(lambda: put(ann, "run", "new", "red", ById(graph["r"]))) is None
        assert refused(lambda: put(ann, "experiment", "new", "red")) is None
        assert refused(lambda: put(ann, "experiment", "new", "blue")) is Denied
        assert refused(lambda: put(ann, "model", "new", "red")) is Denied

    def test_they_deny(self, ann: Session, allow: Allow, graph: dict[str, int]) -> None:
        allow("viewer", "store")
        allow("viewer", "namespace", "red", kind="experiment", deny=True)
        assert names(ann) == {"m", "other", "aside"}

    def test_why(self, session: Session, ann: Session, allow: Allow, graph: dict[str, int]) -> None:
        grant = allow("viewer", "namespace", "red", kind="experiment")
        because = ann.why_access(ById(graph["deep"]), "ann").because
        assert because == [f"grant {grant.id}: may act as viewer on experiment entities in namespace red"]

    def test_only_on_namespaces_and_known_kinds(self, allow: Allow) -> None:
        assert refused(lambda: allow("viewer", "store", kind="experiment")) is Invalid
        assert refused(lambda: allow("viewer", "namespace", "red", kind="nothing")) is Invalid

    def test_they_manage_nothing(self, ann: Session, allow: Allow, accounts: Accounts, bob: Session) -> None:
        allow("owner", "namespace", "red", kind="experiment")
        for kind in ("", "experiment"):
            grant = Grant(0, "bob", "viewer", "namespace", "red", kind=kind)
            assert refused(lambda grant=grant: accounts.add_grant(ann, grant)) is Denied


class TestManagers:
    """Who is admin or owner of something decides about grants on that."""

    @pytest.mark.parametrize(("role", "given"), [("admin", "admin"), ("owner", "owner")])
    def test_of_a_namespace(
        self,
        ann: Session,
        bob: Session,
        allow: Allow,
        accounts: Accounts,
        session: Session,
        role: Role,
        given: Role,
    ) -> None:
        number = put(session, "experiment", "e", "red")
        allow(role, "namespace", "red")
        assert names(bob) == set()
        grant = accounts.add_grant(ann, Grant(0, "bob", given, "namespace", "red"))
        assert names(bob) == {"e"}
        accounts.change_grant(ann, grant.id, "viewer", deny=False)
        assert edit(bob, number) is Denied
        uuid = session.get(ById(number)).uuid
        accounts.add_grant(ann, Grant(0, "bob", "editor", "entity", uuid))
        assert edit(bob, number) is None
        assert {each.id for each in accounts.grants(ann)} == {each.id for each in accounts.grants(session)}
        accounts.remove_grant(ann, grant.id)

    def test_of_an_entity(
        self, ann: Session, bob: Session, allow: Allow, accounts: Accounts, session: Session
    ) -> None:
        mine, other = put(session, "experiment", "mine"), put(session, "experiment", "other")
        uuids = {number: session.get(ById(number)).uuid for number in (mine, other)}
        allow("owner", "entity", uuids[mine])
        allow("editor", "entity", uuids[other])
        accounts.add_grant(ann, Grant(0, "bob", "viewer", "entity", uuids[mine]))
        assert names(bob) == {"mine"}
        for grant in (
            Grant(0, "bob", "viewer", "entity", uuids[other]),
            Grant(0, "ann", "admin", "entity", uuids[other]),
            Grant(0, "ann", "viewer", "namespace", "default"),
            Grant(0, "ann", "viewer", "kind", "experiment"),
            Grant(0, "ann", "viewer", "classification", "secret"),
            Grant(0, "ann", "viewer", "store"),
        ):
            assert refused(lambda grant=grant: accounts.add_grant(ann, grant)) is Denied, grant
        hidden = session.get(ById(put(session, "experiment", "hidden"))).uuid
        assert (
            refused(lambda: accounts.add_grant(ann, Grant(0, "ann", "owner", "entity", hidden))) is NotFound
        )

    def test_an_admin_of_something_makes_no_owner_and_denies_nobody(
        self, ann: Session, bob: Session, allow: Allow, accounts: Accounts
    ) -> None:
        allow("admin", "namespace", "red")
        owning = allow("owner", "namespace", "red", to="bob")
        for grant in (
            Grant(0, "ann", "owner", "namespace", "red"),
            Grant(0, "bob", "viewer", "namespace", "red", deny=True),
        ):
            assert refused(lambda grant=grant: accounts.add_grant(ann, grant)) is Denied
        assert refused(lambda: accounts.remove_grant(ann, owning.id)) is Denied
        assert refused(lambda: accounts.change_grant(ann, owning.id, "viewer", deny=False)) is Denied
        own = next(each for each in accounts.grants(ann) if each.role == "admin")
        assert refused(lambda: accounts.change_grant(ann, own.id, "owner", deny=False)) is Denied

    def test_who_is_denied_lifts_no_denial(
        self, ann: Session, allow: Allow, accounts: Accounts, session: Session
    ) -> None:
        allow("owner", "namespace", "red")
        uuid = session.get(ById(put(session, "experiment", "e", "red"))).uuid
        denial = allow("viewer", "entity", uuid, deny=True)
        assert refused(lambda: accounts.remove_grant(ann, denial.id)) is Denied
        assert refused(lambda: accounts.change_grant(ann, denial.id, "owner", deny=False)) is Denied
        assert refused(lambda: accounts.add_grant(ann, Grant(0, "ann", "viewer", "entity", uuid))) is NotFound

    def test_an_owner_of_the_store_is_denied_by_owners_only(
        self, ann: Session, bob: Session, allow: Allow, accounts: Accounts, session: Session
    ) -> None:
        allow("owner", "namespace", "red")
        allow("owner", "store", to="bob")
        denial = Grant(0, "bob", "viewer", "namespace", "red", deny=True)
        assert refused(lambda: accounts.add_grant(ann, denial)) is Denied
        accounts.add_user(session, "team", None, "group", namespace="red")
        accounts.add_member(session, "bob", "team")
        by_group = Grant(0, "team", "viewer", "namespace", "red", deny=True)
        assert refused(lambda: accounts.add_grant(ann, by_group)) is Denied

    def test_grants_of_nobody_and_of_a_number_that_is_none_are_refused_alike(
        self, ann: Session, bob: Session, allow: Allow, accounts: Accounts
    ) -> None:
        hidden = allow("viewer", "store", to="bob")
        for number in (hidden.id, 99):
            assert refused(lambda number=number: accounts.remove_grant(ann, number)) is Denied
            change = lambda number=number: accounts.change_grant(ann, number, "owner", deny=False)  # noqa: E731
            assert refused(change) is Denied

    def test_one_grant_on_the_same(self, allow: Allow, accounts: Accounts, session: Session) -> None:
        first = allow("viewer", "namespace", "red")
        again = Grant(0, "ann", "editor", "namespace", "red")
        assert refused(lambda: accounts.add_grant(session, again, alone=True)) is Conflict
        other = Grant(0, "ann", "editor", "namespace", "red", kind="run")
        assert accounts.add_grant(session, other, alone=True).kind == "run"
        assert [each.id for each in accounts.grants_on(session, again)] == [first.id]


class TestGroups:
    @pytest.fixture
    def manager(self, user: MakeUser, allow: Allow) -> Session:
        """Owner of the namespace `red`."""
        found = user("manager")
        allow("owner", "namespace", "red", to="manager")
        return found

    def test_a_manager_has_groups_of_its_namespace(
        self, manager: Session, accounts: Accounts, session: Session, ann: Session
    ) -> None:
        made = accounts.add_user(manager, "red/team", None, "group", namespace="red", description="us")
        put(session, "experiment", "e", "red")
        accounts.add_grant(manager, Grant(0, "red/team", "viewer", "namespace", "red"))
        assert accounts.add_member(manager, "ann", "red/team") is True
        assert accounts.add_member(manager, "ann", "red/team") is False
        assert names(ann) == {"e"}
        shown = {each.name: each for each in accounts.users(manager)}
        assert shown["red/team"] == made
        assert shown["ann"].groups == ["red/team"]
        accounts.describe_group(manager, "red/team", "red/us", "all of us")
        assert {each.name: each.description for each in accounts.users(ann)} == {
            "ann": "",
            "red/us": "all of us",
        }
        assert accounts.remove_member(manager, "ann", "red/us") is True
        assert accounts.remove_member(manager, "ann", "red/us") is False
        accounts.remove_user(manager, "red/us")
        assert names(ann) == set()

    def test_no_other_groups_and_no_users(
        self, manager: Session, accounts: Accounts, session: Session, ann: Session
    ) -> None:
        for name, namespace in (("all", ""), ("blue/team", "blue")):
            accounts.add_user(session, name, None, "group", namespace=namespace)
        for act in (
            lambda: accounts.add_user(manager, "x", None, "group"),
            lambda: accounts.add_user(manager, "x", None, "group", namespace="blue"),
            lambda: accounts.add_user(manager, "x", None, "group", namespace="red", owner=True),
            lambda: accounts.add_user(manager, "x", "a long password"),
            lambda: accounts.add_user(manager, "x", "a long password", namespace="red"),
            lambda: accounts.add_member(manager, "manager", "all"),
            lambda: accounts.add_member(manager, "manager", "blue/team"),
            lambda: accounts.remove_user(manager, "all"),
            lambda: accounts.remove_user(manager, "ann"),
            lambda: accounts.remove_user(manager, "nobody at all"),
            lambda: accounts.describe_group(manager, "all", "red/x", ""),
            lambda: accounts.set_password(manager, "ann", "another password"),
            lambda: accounts.set_admin(manager, "manager", admin=True),
            lambda: accounts.add_token(manager, "ann", "t"),
        ):
            assert refused(act) is Denied

    def test_a_group_that_reaches_further_is_out_of_reach(
        self, manager: Session, accounts: Accounts, session: Session, allow: Allow
    ) -> None:
        accounts.add_user(session, "red/team", None, "group", namespace="red")
        wide = allow("owner", "namespace", "blue", to="red/team")
        for act in (
            lambda: accounts.add_member(manager, "manager", "red/team"),
            lambda: accounts.remove_user(manager, "red/team"),
            lambda: accounts.add_grant(manager, Grant(0, "red/team", "viewer", "namespace", "red")),
        ):
            assert refused(act) is Denied
        accounts.remove_grant(session, wide.id)
        assert accounts.add_member(manager, "manager", "red/team")

    def test_a_manager_lets_no_group_reach_further(
        self, manager: Session, accounts: Accounts, session: Session, allow: Allow
    ) -> None:
        accounts.add_user(manager, "red/team", None, "group", namespace="red")
        uuid = session.get(ById(put(session, "experiment", "e", "blue"))).uuid
        allow("owner", "entity", uuid, to="manager")
        grant = Grant(0, "red/team", "viewer", "entity", uuid)
        assert refused(lambda: accounts.add_grant(manager, grant)) is Denied

    def test_a_denied_one_does_not_leave_its_group(
        self, accounts: Accounts, session: Session, ann: Session, allow: Allow
    ) -> None:
        accounts.add_user(session, "red/team", None, "group", namespace="red")
        accounts.add_member(session, "ann", "red/team")
        allow("viewer", "store", to="red/team", deny=True)
        allow("owner", "namespace", "red")
        assert refused(lambda: accounts.remove_member(ann, "ann", "red/team")) is Denied


class TestAdmins:
    def test_made_and_unmade(self, accounts: Accounts, session: Session, ann: Session) -> None:
        accounts.set_admin(session, "ann", admin=True)
        accounts.set_admin(session, "ann", admin=True)
        assert (accounts.admins(session), len(accounts.grants(session))) == ({"ann"}, 1)
        accounts.set_admin(session, "ann", admin=False)
        assert (accounts.is_admin(ann), accounts.grants(session)) == (False, [])

    def test_by_a_group(self, accounts: Accounts, session: Session, ann: Session, allow: Allow) -> None:
        accounts.add_user(session, "admins", None, "group")
        accounts.add_member(session, "ann", "admins")
        allow("admin", "store", to="admins")
        assert accounts.admins(session) == {"ann"}
        assert refused(lambda: accounts.set_admin(session, "ann", admin=False)) is Conflict
        assert refused(lambda: accounts.set_admin(session, "admins", admin=True)) is NotFound

    def test_an_owner_by_owners_only(
        self, accounts: Accounts, session: Session, ann: Session, bob: Session, allow: Allow
    ) -> None:
        allow("owner", "store", to="bob")
        allow("admin", "store")
        assert refused(lambda: accounts.set_admin(ann, "bob", admin=False)) is Denied
        accounts.set_admin(bob, "ann", admin=False)
        assert not accounts.is_admin(ann)


class TestStanding:
    def test_the_highest_role_with_its_notes(
        self, session: Session, ann: Session, allow: Allow, accounts: Accounts
    ) -> None:
        ref = ById(put(session, "experiment", "e", "red"))
        assert session.standing(ref, "ann").role is None
        allow("viewer", "namespace", "red", note="USE")
        found = ann.standing(ref, "ann")
        assert (found.role, found.denied, found.notes) == ("viewer", False, ["USE"])
        allow("editor", "entity", session.get(ref).uuid)
        assert session.standing(ref, "ann").role == "editor"
        allow("viewer", "kind", "experiment", deny=True)
        found = session.standing(ref, "ann")
        assert (found.role, found.denied) == (None, True)
        assert session.standing(ref, "local").role == "owner"

    def test_in_a_namespace(self, session: Session, ann: Session, allow: Allow) -> None:
        assert ann.standing_in("red", "run", "ann").role is None
        allow("contributor", "namespace", "red")
        assert ann.standing_in("red", "run", "ann").role == "contributor"
        allow("viewer", "kind", "process", deny=True)
        assert session.standing_in("red", "run", "ann").denied
        assert session.standing_in("red", "experiment", "ann").role == "contributor"

    def test_only_admins_of_it_ask_about_others(
        self, session: Session, ann: Session, bob: Session, allow: Allow
    ) -> None:
        ref = ById(put(session, "experiment", "e", "red"))
        for asked in (ref, ById(999)):
            assert refused(lambda asked=asked: ann.standing(asked, "bob")) is Denied
            assert refused(lambda asked=asked: ann.why_access(asked, "bob")) is Denied
        assert refused(lambda: ann.standing_in("red", "run", "bob")) is Denied
        allow("admin", "namespace", "red")
        assert ann.standing(ref, "bob").role is None
        assert ann.standing_in("red", "run", "bob").role is None
        assert not ann.why_access(ref, "bob").allowed
        assert refused(lambda: ann.standing(ref, "nobody at all")) is NotFound
