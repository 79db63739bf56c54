"""Who may see and do what: every target of a grant, roles, times, groups, and what the reads give away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.catalog.conftest import MakeUser

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import ROLES, Grant, Principal, Role
from lineal.graph.change import (
    AppendPoints,
    Change,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    PutType,
    Remove,
    TheEdge,
)
from lineal.graph.errors import Conflict, Denied, Invalid, LinealError, NotFound, Unauthenticated
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, External, Local, Point
from lineal.graph.query import Query, Related, Walk, attribute
from lineal.graph.types import KindDef, LabelDef

Allow = Callable[..., Grant]


@pytest.fixture
def ann(user: MakeUser) -> Session:
    """Somebody without any grant."""
    return user("ann")


@pytest.fixture
def allow(catalog: Catalog, session: Session, ann: Session) -> Allow:
    """Grants something to ann, or to another principal."""

    def grant(role: Role, target: Any, value: str = "", to: str = "ann", **more: Any) -> Grant:
        return catalog.accounts.add_grant(session, Grant(0, to, role, target, value, **more))

    return grant


def put(session: Session, name: str, kind: str = "dataset", **more: Any) -> int:
    """An entity known by its name; its id."""
    return session.commit(Change([PutEntity(kind=kind, name=name, unique=True, **more)])).entities[0]


def do(session: Session, *operations: Any) -> None:
    session.commit(Change(list(operations)))


def seen(session: Session, **query: Any) -> set[str]:
    return {entity.name for entity in session.find(Query(**query)).entities}


def refused(session: Session, *operations: Any) -> type[LinealError] | None:
    """The error with which a change is refused."""
    try:
        do(session, *operations)
    except LinealError as error:
        return type(error)
    return None


def edit(number: int) -> PutEntity:
    return PutEntity(ById(number), properties={"edited": time.monotonic_ns()})


class TestTargets:
    def test_nothing_is_seen_without_a_grant(self, session: Session, ann: Session) -> None:
        number = put(session, "a")
        assert seen(ann) == set()
        with pytest.raises(NotFound):
            ann.get(ById(number))

    def test_store(self, session: Session, ann: Session, allow: Allow) -> None:
        put(session, "a")
        put(session, "r", "run", namespace="other")
        allow("viewer", "store")
        assert seen(ann) == {"a", "r"}

    def test_namespace(self, session: Session, ann: Session, allow: Allow) -> None:
        allow("viewer", "namespace", "sales")
        put(session, "a", namespace="sales")
        put(session, "b", namespace="sales2")
        assert seen(ann) == {"a"}

    def test_kind_with_its_subkinds_even_later_ones(
        self, session: Session, ann: Session, allow: Allow
    ) -> None:
        allow("viewer", "kind", "process")
        put(session, "a")
        put(session, "r", "run")
        assert seen(ann) == {"r"}
        do(session, PutType(KindDef("sweep", supertypes=["run"])))
        put(session, "s", "sweep")
        allow("viewer", "kind", "term")
        assert seen(ann) == {"r", "s"}

    def test_classification_inherited_and_below(self, session: Session, ann: Session, allow: Allow) -> None:
        allow("viewer", "classification", "open")
        do(session, PutType(LabelDef("open")), PutType(LabelDef("very_open", supertypes=["open"])))
        first, second, third = (put(session, name) for name in "abc")
        do(session, PutEdge("derived", ById(first), ById(second)), PutLabel(ById(first), "very_open"))
        assert seen(ann) == {"a", "b"}
        do(session, PutEdge("derived", ById(second), ById(third)))
        assert ann.get(ById(third)).name == "c"

    def test_entity_and_all_that_it_contains(self, session: Session, ann: Session, allow: Allow) -> None:
        top = put(session, "top", "experiment")
        run = put(session, "run", "run", home=ById(top))
        step = put(session, "step", "run", home=ById(run))
        deep = put(session, "deep", "run", home=ById(step))
        put(session, "aside", "run")
        allow("editor", "entity", session.get(ById(top)).uuid)
        assert seen(ann) == {"top", "run", "step", "deep"}
        for number in (top, run, step, deep):
            assert ann.get(ById(number)).id == number
            assert refused(ann, edit(number)) is None
        assert refused(ann, PutEntity(kind="run", name="new", home=ById(deep))) is None
        assert "new" in seen(ann)

    def test_an_entity_that_is_not_there_cannot_be_granted(self, allow: Allow, ann: Session) -> None:
        with pytest.raises(NotFound):
            allow("viewer", "entity", "0" * 32)
        with pytest.raises(Invalid):
            allow("viewer", "kind", "no_kind")
        for target, value in (("store", "x"), ("namespace", "")):
            with pytest.raises(Invalid):
                allow("viewer", target, value)


class TestDenying:
    @pytest.fixture
    def graph(self, session: Session, allow: Allow) -> dict[str, int]:
        """All may be edited by ann, unless something is denied."""
        made = {name: put(session, name, namespace=f"of_{name}") for name in "ab"}
        made["e"] = put(session, "e", "experiment")
        made["r"] = put(session, "r", "run", home=ById(made["e"]))
        do(session, PutLabel(ById(made["a"]), "secret"), PutEdge("derived", ById(made["a"]), ById(made["b"])))
        allow("editor", "store")
        return made

    @pytest.mark.parametrize(
        ("target", "value", "left"),
        [
            ("store", "", ""),
            ("namespace", "of_a", "ber"),
            ("kind", "asset", "er"),
            ("classification", "secret", "er"),
            ("entity", "e", "ab"),
            ("entity", "r", "abe"),
        ],
    )
    def test_it_beats_what_is_allowed(
        self,
        session: Session,
        ann: Session,
        allow: Allow,
        graph: dict[str, int],
        target: str,
        value: str,
        left: str,
    ) -> None:
        named = session.get(ById(graph[value])).uuid if target == "entity" else value
        allow("viewer", target, named, deny=True)
        assert seen(ann) == set(left)
        for name, number in graph.items():
            assert {entity.name for entity in ann.get_many([number])} == {name} & set(left)
            assert refused(ann, edit(number)) is (None if name in left else NotFound)

    def test_of_a_role_it_leaves_the_lesser(
        self, session: Session, ann: Session, allow: Allow, graph: dict[str, int]
    ) -> None:
        allow("editor", "classification", "secret", deny=True)
        assert seen(ann) == set("aber")
        assert refused(ann, edit(graph["a"])) is Denied
        assert refused(ann, edit(graph["e"])) is None

    def test_reaches_what_is_deep_inside(
        self, session: Session, ann: Session, allow: Allow, graph: dict[str, int]
    ) -> None:
        deep = put(session, "deep", "run", home=ById(graph["r"]))
        allow("viewer", "entity", session.get(ById(graph["e"])).uuid, deny=True)
        assert seen(ann) == {"a", "b"}
        with pytest.raises(NotFound):
            ann.get(ById(deep))

    def test_creating_is_denied_too(self, ann: Session, allow: Allow, graph: dict[str, int]) -> None:
        allow("editor", "kind", "run", deny=True)
        assert refused(ann, PutEntity(kind="run", name="new")) is Denied
        assert refused(ann, PutEntity(kind="dataset", name="new")) is None


@pytest.mark.parametrize("role", ROLES)
def test_each_role_includes_those_before_it(
    catalog: Catalog, session: Session, ann: Session, allow: Allow, role: Role
) -> None:
    number = put(session, "a")
    allow(role, "store")
    rank = ROLES.index(role)
    assert seen(ann) == {"a"}
    assert refused(ann, PutEntity(kind="dataset", name="new")) is (None if rank >= 1 else Denied)
    assert refused(ann, edit(number)) is (None if rank >= 2 else Denied)
    assert refused(ann, PutType(KindDef("new_kind", supertypes=["asset"]))) is (None if rank >= 3 else Denied)
    assert catalog.accounts.is_admin(ann) is (rank >= 3)
    for asked in ROLES:
        assert ann.why_access(ById(number), "ann", asked).allowed is (ROLES.index(asked) <= rank)


class TestTimes:
    def test_grants_count_from_and_until(self, session: Session, ann: Session, allow: Allow) -> None:
        for name in "abcd":
            put(session, name, namespace=name)
        now = int(time.time() * 1000)
        allow("viewer", "namespace", "a", valid_from=now - 1000, valid_until=now + 100_000)
        allow("viewer", "namespace", "b", valid_until=now - 1)
        allow("viewer", "namespace", "c", valid_from=now + 100_000)
        allow("viewer", "namespace", "d")
        allow("viewer", "namespace", "d", deny=True, valid_until=now - 1)
        assert seen(ann) == {"a", "d"}

    def test_a_label_counts_while_it_is_valid(self, session: Session, ann: Session, allow: Allow) -> None:
        allow("viewer", "store")
        allow("viewer", "classification", "secret", deny=True)
        first, second = put(session, "a"), put(session, "b")
        do(session, PutLabel(ById(first), "secret", valid_until=1))
        do(session, PutLabel(ById(second), "secret", valid_from=1))
        assert seen(ann) == {"a"}

    def test_a_token_ends(self, catalog: Catalog, session: Session, ann: Session) -> None:
        now = int(time.time() * 1000)
        kept, ended = (
            catalog.accounts.add_token(session, "ann", "t", at)[1] for at in (now + 100_000, now - 1)
        )
        assert catalog.accounts.verify_token(kept) == ann.principal
        assert catalog.accounts.verify_token(ended) is None
        catalog.accounts.revoke_secret(ann, kept)
        assert catalog.accounts.verify_token(kept) is None


def test_what_a_group_may_its_members_may_as_long_as_they_are(
    catalog: Catalog, session: Session, ann: Session, allow: Allow
) -> None:
    put(session, "a", namespace="team")
    catalog.accounts.add_user(session, "team", None, "group")
    allow("viewer", "namespace", "team", to="team")
    assert seen(ann) == set()
    catalog.accounts.add_member(session, "ann", "team")
    assert seen(ann) == {"a"}
    allow("viewer", "store", to="team", deny=True)
    assert seen(ann) == set()
    catalog.accounts.remove_member(session, "ann", "team")
    allow("viewer", "store")
    assert seen(ann) == {"a"}


class TestAtOnce:
    """What is asked right after a change is answered by the new rules, whatever was remembered."""

    def test_a_grant_and_its_end(
        self, catalog: Catalog, session: Session, ann: Session, allow: Allow
    ) -> None:
        number = put(session, "a")
        for _ in range(3):
            assert (refused(ann, edit(number)), ann.get_many([number])) == (NotFound, [])
            grant = allow("editor", "store")
            assert (refused(ann, edit(number)), seen(ann)) == (None, {"a"})
            catalog.accounts.remove_grant(session, grant.id)

    def test_a_label_put_inherited_and_removed(self, session: Session, ann: Session, allow: Allow) -> None:
        first, second = put(session, "a"), put(session, "b")
        allow("editor", "store")
        allow("viewer", "classification", "secret", deny=True)
        assert ann.get(ById(second)).name == "b"
        do(session, PutLabel(ById(first), "secret"))
        do(session, PutEdge("derived", ById(first), ById(second)))
        for number in (first, second):
            with pytest.raises(NotFound):
                ann.get(ById(number))
        do(session, PutLabel(ById(first), "secret", valid_until=1))
        assert ann.get(ById(second)).name == "b"

    def test_a_move_into_another_home(self, session: Session, ann: Session, allow: Allow) -> None:
        mine, theirs = put(session, "mine", "experiment"), put(session, "theirs", "experiment")
        run = put(session, "r", "run", home=ById(mine))
        allow("editor", "entity", session.get(ById(mine)).uuid)
        assert refused(ann, edit(run)) is None
        assert refused(ann, PutEntity(ById(run), home=ById(theirs))) is NotFound
        do(session, PutEntity(ById(run), home=ById(theirs)))
        assert refused(ann, edit(run)) is NotFound

    def test_a_user_who_was_removed(
        self, catalog: Catalog, session: Session, ann: Session, allow: Allow
    ) -> None:
        put(session, "a")
        allow("viewer", "store")
        assert seen(ann) == {"a"}
        catalog.accounts.remove_user(session, "ann")
        assert seen(ann) == set()


class TestAccounts:
    @pytest.fixture
    def admin(self, user: MakeUser, allow: Allow) -> Session:
        found = user("admin")
        allow("admin", "store", to="admin")
        return found

    @pytest.fixture
    def owner(self, user: MakeUser, allow: Allow) -> Session:
        found = user("owner")
        allow("owner", "store", to="owner")
        return found

    def test_an_admin_grants_all_but_owning(
        self, catalog: Catalog, admin: Session, owner: Session, ann: Session
    ) -> None:
        add = catalog.accounts.add_grant
        assert add(admin, Grant(0, "ann", "admin", "namespace", "x")).id
        assert add(admin, Grant(0, "ann", "owner", "namespace", "x")).id
        for target, value in (("store", ""), ("kind", "model"), ("classification", "c")):
            with pytest.raises(Denied):
                add(admin, Grant(0, "ann", "owner", target, value))
        assert add(owner, Grant(0, "ann", "owner", "store")).id

    @pytest.mark.parametrize("role", ["viewer", "contributor", "editor"])
    def test_others_grant_nothing(self, catalog: Catalog, ann: Session, allow: Allow, role: Role) -> None:
        allow(role, "store")
        allow(role, "namespace", "mine")
        with pytest.raises(Denied):
            catalog.accounts.add_grant(ann, Grant(0, "ann", "viewer", "namespace", "mine"))

    def test_an_admin_has_no_power_over_an_owner(
        self, catalog: Catalog, session: Session, admin: Session, owner: Session
    ) -> None:
        accounts = catalog.accounts
        accounts.add_user(session, "owners", None, "group")
        accounts.add_grant(session, Grant(0, "owners", "owner", "store"))
        owning = next(grant for grant in accounts.grants(session) if grant.principal == "owner")
        for act in (
            lambda: accounts.set_password(admin, "owner", "another password"),
            lambda: accounts.add_token(admin, "owner", "t"),
            lambda: accounts.remove_user(admin, "owner"),
            lambda: accounts.remove_grant(admin, owning.id),
            lambda: accounts.add_grant(admin, Grant(0, "owner", "viewer", "store", deny=True)),
            lambda: accounts.add_member(admin, "admin", "owners"),
        ):
            with pytest.raises(Denied):
                act()
        assert accounts.is_admin(owner)
        accounts.set_password(owner, "owner", "another password")
        accounts.set_password(owner, "admin", "another password")
        accounts.add_member(owner, "admin", "owners")

    def test_each_sees_oneself_only(
        self, catalog: Catalog, admin: Session, ann: Session, allow: Allow
    ) -> None:
        own = allow("viewer", "namespace", "x")
        accounts = catalog.accounts
        assert [each.name for each in accounts.users(ann)] == ["ann"]
        assert accounts.grants(ann) == [own]
        assert len(accounts.users(admin)) == 2
        with pytest.raises(Denied):
            accounts.tokens(ann, "admin")
        with pytest.raises(Denied):
            accounts.tokens(ann, "there is none")

    def test_a_denied_admin_is_none(
        self, session: Session, catalog: Catalog, admin: Session, allow: Allow
    ) -> None:
        allow("admin", "store", to="admin", deny=True)
        assert not catalog.accounts.is_admin(admin)
        assert refused(admin, PutType(KindDef("new_kind", supertypes=["asset"]))) is Denied


class TestReading:
    """What ann may see of a graph of which every second entity is hidden from her."""

    @pytest.fixture
    def graph(self, session: Session, allow: Allow) -> dict[str, int]:
        made: dict[str, int] = {}
        for number in range(40):
            where = "open" if number % 2 else "closed"
            name = f"{where} wombat{number}"
            made[name] = put(
                session, name, namespace=where, owner=f"{where}_owner", properties={"rank": number}
            )
            do(session, PutLabel(ById(made[name]), f"{where}_tag", "tag"))
        allow("viewer", "namespace", "open")
        return made

    def test_pages_are_full_and_counts_right(self, ann: Session, graph: dict[str, int]) -> None:
        found, cursor, sizes = [], None, []
        while True:
            facets = ["namespace", "owner", "label", "kind"]
            page = ann.find(Query(limit=7, cursor=cursor, count=True, facets=facets, order=[]))
            found += [entity.name for entity in page.entities]
            sizes.append(len(page.entities))
            assert page.total == 20
            assert page.facets == {
                "namespace": {"open": 20}, "owner": {"open_owner": 20}, "label": {"open_tag": 20},
                "kind": {"dataset": 20},
            }  # fmt: skip
            cursor = page.cursor
            if cursor is None:
                break
        assert sizes == [7, 7, 6]
        assert sorted(found) == sorted(name for name in graph if name.startswith("open"))
        assert ann.counts() == {"dataset": 20}

    def test_words_of_hidden_ones_are_unknown(
        self, session: Session, ann: Session, graph: dict[str, int]
    ) -> None:
        put(session, "quagmires", namespace="closed")
        assert ann.find(Query(text="quagmire", count=True)).total == 0
        page = ann.find(Query(text="quagmirez", count=True))
        assert (page.total, page.corrected) == (0, None)
        assert session.find(Query(text="quagmirez")).corrected == "quagmires"
        assert {entity.name.split()[0] for entity in ann.suggest("womb", 40)} == {"open"}
        assert len(ann.suggest("womb", 20)) == 20

    def test_a_filter_on_neighbours_looks_at_visible_ones_only(
        self, session: Session, ann: Session, graph: dict[str, int]
    ) -> None:
        do(session, PutEdge("derived", ById(graph["closed wombat0"]), ById(graph["open wombat1"])))
        do(session, PutEdge("derived", ById(graph["open wombat3"]), ById(graph["open wombat5"])))
        assert seen(ann, where=Related("derived", "in")) == {"open wombat5"}
        assert seen(ann, where=Related("derived", "in", attribute("name", "like", "closed%"))) == set()

    def test_hidden_nodes_of_a_lineage_are_anonymous(
        self, session: Session, ann: Session, graph: dict[str, int]
    ) -> None:
        first, between, last = graph["open wombat1"], graph["closed wombat0"], graph["open wombat3"]
        do(session, PutEdge("derived", ById(first), ById(between), {"sql": "closed words"}))
        do(session, PutEdge("derived", ById(between), ById(last)))
        found = ann.lineage(Walk(ById(last)))
        assert {node.name for node in found.nodes} == {"open wombat1", "open wombat3"}
        assert found.hidden == [between]
        assert {(edge.source, edge.target) for edge in found.edges} == {(first, between), (between, last)}
        assert "closed" not in repr(found)
        with pytest.raises(NotFound):
            ann.lineage(Walk(ById(between)))
        assert ann.edges([first, between, last]) == []

    def test_history_and_changes_leave_out_what_is_hidden(
        self, session: Session, ann: Session, graph: dict[str, int]
    ) -> None:
        shown, hidden = graph["open wombat1"], graph["closed wombat0"]
        do(session, PutEdge("derived", ById(hidden), ById(shown), {"sql": "closed words"}))
        assert [event.action for event in ann.history(ById(shown))] == ["labelled", "created"]
        assert [event.action for event in session.history(ById(shown))] == ["linked", "labelled", "created"]
        events = ann.changes()
        assert {event.entity for event in events} == {
            number for name, number in graph.items() if "open" in name
        }
        assert "closed" not in repr(events)
        for read in (
            ann.history,
            lambda ref: ann.as_of(ref, 2**50),
            lambda ref: ann.series(ref, "m"),
            ann.folder,
        ):
            with pytest.raises(NotFound):
                read(ById(hidden))

    def test_pages_of_changes_go_on_past_hidden_ones(self, ann: Session, graph: dict[str, int]) -> None:
        since, met = 0, []
        while events := ann.changes(since, 1):
            met += [event.entity for event in events]
            since = events[-1].commit
        assert set(met) == {number for name, number in graph.items() if "open" in name}

    def test_why_a_label_names_no_hidden_root(
        self, session: Session, ann: Session, graph: dict[str, int]
    ) -> None:
        shown, hidden = graph["open wombat1"], graph["closed wombat0"]
        do(session, PutLabel(ById(hidden), "secret"), PutEdge("derived", ById(hidden), ById(shown)))
        (path,) = ann.why_label(ById(shown), "secret")
        assert (path.path, path.put_by) == ([hidden, shown], "")
        (path,) = session.why_label(ById(shown), "secret")
        assert path.put_by == "local"
        with pytest.raises(NotFound):
            ann.why_label(ById(hidden), "secret")

    def test_why_of_others_is_for_admins(self, ann: Session, user: MakeUser, graph: dict[str, int]) -> None:
        user("bob")
        assert ann.why_access(ById(graph["open wombat1"]), "ann").allowed
        for name in ("bob", "there is none"):
            with pytest.raises(Denied):
                ann.why_access(ById(graph["open wombat1"]), name)
        with pytest.raises(NotFound):
            ann.why_access(ById(graph["closed wombat0"]), "ann")

    def test_a_folder_is_written_by_editors(self, ann: Session, graph: dict[str, int]) -> None:
        number = graph["open wombat1"]
        assert ann.folder(ById(number)).list() == []
        with pytest.raises(Denied):
            ann.folder(ById(number), write=True)
        with pytest.raises(NotFound):
            ann.folder(ById(graph["closed wombat0"]), write=True)


class TestWriting:
    @pytest.fixture
    def graph(self, session: Session, allow: Allow) -> dict[str, int]:
        """Ann edits `mine`, sees `shown`, and knows nothing of `hidden`."""
        made = {
            name: put(session, name, namespace=name, external=[External("erp", name)])
            for name in ("mine", "shown", "hidden")
        }
        allow("editor", "namespace", "mine")
        allow("viewer", "namespace", "shown")
        return made

    @pytest.mark.parametrize(("name", "expected"), [("mine", None), ("shown", Denied), ("hidden", NotFound)])
    def test_editors_change_viewers_are_denied_others_find_nothing(
        self, session: Session, ann: Session, graph: dict[str, int], name: str, expected: Any
    ) -> None:
        uuid = session.get(ById(graph[name])).uuid
        for ref in (ById(graph[name]), ByExternal("erp", name), ByName("dataset", name, name)):
            before = session.newest()
            for operation in changes_of(ref):
                assert refused(ann, operation) is expected, operation
            assert (session.newest() == before) is (expected is not None)
            if expected is not None:
                assert uuid not in message(ann, PutFacet(ref, "notes", 1))
        assert refused(ann, Remove(ById(graph[name]), hard=True)) is expected

    def test_an_edge_needs_both_ends_seen_and_one_edited(self, ann: Session, graph: dict[str, int]) -> None:
        mine, shown, hidden = (ById(graph[name]) for name in ("mine", "shown", "hidden"))
        assert refused(ann, PutEdge("derived", shown, mine)) is None
        assert refused(ann, PutEdge("derived", mine, hidden)) is NotFound
        assert refused(ann, PutEdge("derived", hidden, mine)) is NotFound
        assert (
            refused(
                ann,
                PutEntity(kind="dataset", namespace="mine", handle="n"),
                PutEdge("derived", shown, Local("n")),
            )
            is None
        )
        made = PutEntity(kind="run", name="r", namespace="shown")
        assert refused(ann, made) is Denied

    def test_an_edge_between_two_only_seen(
        self, session: Session, ann: Session, graph: dict[str, int]
    ) -> None:
        other = put(session, "other", namespace="shown")
        assert refused(ann, PutEdge("derived", ById(graph["shown"]), ById(other))) is Denied

    def test_a_classification_flows_only_to_what_one_may_edit(
        self, session: Session, ann: Session, allow: Allow, graph: dict[str, int]
    ) -> None:
        mine, shown = ById(graph["mine"]), ById(graph["shown"])
        allow("editor", "classification", "open")
        do(ann, PutLabel(mine, "open"))
        assert refused(ann, PutEdge("derived", mine, shown)) is Denied
        assert refused(ann, PutEdge("member", shown, mine)) is Denied
        assert refused(ann, PutEdge("owns", mine, shown)) is None
        do(session, PutEdge("derived", mine, shown))
        assert refused(ann, Remove(mine, TheEdge("derived", shown))) is Denied
        assert [label.name for label in session.get(shown, ["labels"]).labels] == ["open"]

    def test_an_inherited_classification_lets_nobody_edit(
        self, session: Session, ann: Session, allow: Allow, graph: dict[str, int]
    ) -> None:
        mine, shown, hidden = (graph[name] for name in ("mine", "shown", "hidden"))
        allow("editor", "classification", "open")
        for number in (shown, hidden):
            do(session, PutEdge("derived", ById(mine), ById(number)))
        do(ann, PutLabel(ById(mine), "open"))
        assert ann.get(ById(hidden)).name == "hidden"
        for number in (shown, hidden):
            assert refused(ann, edit(number)) is Denied
            assert not ann.why_access(ById(number), "ann", "editor").allowed
        do(session, PutLabel(ById(hidden), "open"))
        assert refused(ann, edit(hidden)) is None
        decision = ann.why_access(ById(hidden), "ann", "editor")
        assert [each.split(": ")[1] for each in decision.because] == [
            "may act as editor on classification open"
        ]

    def test_creating_needs_a_grant_that_covers_it(
        self, session: Session, ann: Session, graph: dict[str, int]
    ) -> None:
        assert refused(ann, PutEntity(kind="dataset", name="n", namespace="mine")) is None
        for namespace in ("shown", "hidden", "default"):
            assert refused(ann, PutEntity(kind="dataset", name="n", namespace=namespace)) is Denied
        taken = PutEntity(kind="dataset", name="hidden", namespace="hidden", unique=True)
        assert refused(ann, taken) is NotFound

    def test_a_home_made_in_the_same_change_opens_no_other_namespace(
        self, ann: Session, graph: dict[str, int]
    ) -> None:
        home = PutEntity(kind="experiment", name="e", namespace="mine", handle="e")
        inside = PutEntity(kind="run", name="r", namespace="hidden", home=Local("e"))
        assert refused(ann, home, inside) is Denied
        assert refused(ann, home, PutEntity(kind="run", name="r", namespace="mine", home=Local("e"))) is None

    def test_what_is_inside_a_granted_entity_may_be_made_in_one_change(
        self, session: Session, ann: Session, allow: Allow
    ) -> None:
        top = put(session, "top", "experiment")
        allow("editor", "entity", session.get(ById(top)).uuid)
        run = PutEntity(kind="run", name="r", home=ById(top), handle="r")
        assert refused(ann, run, PutEntity(kind="run", name="s", home=Local("r"))) is None
        assert seen(ann) == {"top", "r", "s"}

    @pytest.mark.parametrize("hard", [False, True])
    def test_a_cascade_spares_what_may_not_be_edited(
        self, session: Session, ann: Session, allow: Allow, hard: bool
    ) -> None:
        top = put(session, "top", "experiment", namespace="mine")
        put(session, "r", "run", namespace="closed", home=ById(top))
        allow("editor", "namespace", "mine")
        assert refused(ann, Remove(ById(top), hard=hard, cascade=True)) is Denied
        assert refused(ann, PutEntity(ById(top), state="deleted", cascade=True)) is Denied
        allow("editor", "namespace", "closed")
        assert refused(ann, Remove(ById(top), hard=hard, cascade=True)) is None

    def test_nobody_changes_anything(self, catalog: Catalog, graph: dict[str, int]) -> None:
        nobody = catalog.session(Principal(0, "nobody"), "test")
        assert refused(nobody, edit(graph["mine"])) is Unauthenticated

    def test_an_outside_id_of_something_hidden_is_taken(self, ann: Session, graph: dict[str, int]) -> None:
        new = PutEntity(kind="dataset", namespace="mine", name="n", external=[External("erp", "hidden")])
        assert refused(ann, new) is Conflict

    def test_submit_is_held_to_the_same(self, ann: Session, graph: dict[str, int]) -> None:
        with pytest.raises(Denied):
            asyncio.run(ann.submit(Change([edit(graph["shown"])])))


def changes_of(ref: AnyRef) -> list[Any]:
    return [
        PutEntity(ref, properties={"a": time.monotonic_ns()}),
        PutFacet(ref, "notes", {"a": time.monotonic_ns()}),
        PutLabel(ref, f"tag{time.monotonic_ns()}", "tag"),
        AppendPoints(ref, [Point("m", 1.0, time.monotonic_ns() % 10**9, 1)]),
    ]


def message(session: Session, operation: Any) -> str:
    with pytest.raises(LinealError) as caught:
        do(session, operation)
    return str(caught.value)


def test_an_admin_who_asks_for_another_owner_adds_nobody(
    catalog: Catalog, session: Session, user: MakeUser
) -> None:
    ada = user("ada")
    catalog.accounts.add_grant(session, Grant(0, "ada", "admin", "store"))
    with pytest.raises(Denied):
        catalog.accounts.add_user(ada, "eve", "a long password", owner=True)
    assert [each.name for each in catalog.accounts.users(session)] == ["ada"]
