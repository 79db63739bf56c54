"""Classifications on the way through the graph: hubs, circles, several ways, and what is left when one is gone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import LabelPath
from lineal.graph.change import (
    AnyOperation,
    Change,
    PutEdge,
    PutEntity,
    PutLabel,
    PutType,
    Remove,
    TheEdge,
    TheLabel,
)
from lineal.graph.errors import NotFound
from lineal.graph.model import ByName, Label
from lineal.graph.query import Labelled, Query
from lineal.graph.types import LabelDef

PII = "pii"


def data(name: str) -> ByName:
    return ByName("dataset", name)


def do(session: Session, *operations: AnyOperation) -> None:
    session.commit(Change(list(operations)))


def make(session: Session, names: Iterable[str]) -> None:
    do(session, *(PutEntity(kind="dataset", name=name, unique=True) for name in names))


def link(session: Session, *pairs: str, kind: str = "derived") -> None:
    """Edges, each written as its two ends: `ab` leads from a to b."""
    do(session, *(PutEdge(kind, data(pair[0]), data(pair[1])) for pair in pairs))


def unlink(session: Session, *pairs: str, kind: str = "derived") -> None:
    do(session, *(Remove(data(pair[0]), TheEdge(kind, data(pair[1]))) for pair in pairs))


def bearers(session: Session, label: str = PII) -> str:
    """Names of all that bear it, as one word."""
    found = session.find(Query(where=Labelled(label), limit=1000)).entities
    return "".join(sorted(entity.name for entity in found))


def names(session: Session, ids: Iterable[int]) -> str:
    return "".join(entity.name for entity in session.get_many(list(ids)))


def why(session: Session, name: str, label: str = PII) -> dict[str, tuple[str, list[str]]]:
    """For each root, the way from it as one word, and the kinds of its edges."""
    paths: list[LabelPath] = session.why_label(data(name), label)
    return {names(session, [path.root]): (names(session, path.path), path.edges) for path in paths}


def labels(session: Session, name: str) -> list[Label]:
    return session.get(data(name), ("labels",)).labels


@pytest.fixture
def graph(session: Session) -> Session:
    make(session, "abcdefgh")
    return session


class TestWays:
    def test_it_runs_along_a_chain_whether_put_before_or_after(self, graph: Session) -> None:
        link(graph, "ab", "bc")
        do(graph, PutLabel(data("a"), PII))
        link(graph, "cd")
        assert bearers(graph) == "abcd"
        assert why(graph, "d") == {"a": ("abcd", ["derived"] * 3)}

    def test_it_does_not_run_against_the_flow(self, graph: Session) -> None:
        link(graph, "ab", "bc")
        do(graph, PutLabel(data("b"), PII))
        assert bearers(graph) == "bc"

    @pytest.mark.parametrize("cut", ["ab", "bd", "ac", "cd"])
    def test_of_two_ways_one_is_enough(self, graph: Session, cut: str) -> None:
        link(graph, "ab", "bd", "ac", "cd", "de")
        do(graph, PutLabel(data("a"), PII))
        unlink(graph, cut)
        left = "c" if cut in ("ab", "bd") else "b"
        assert set("ade" + left) <= set(bearers(graph))
        assert why(graph, "e") == {"a": (f"a{left}de", ["derived"] * 3)}

    def test_the_last_way_takes_it_along(self, graph: Session) -> None:
        link(graph, "ab", "bd", "ac", "cd", "de")
        do(graph, PutLabel(data("a"), PII))
        unlink(graph, "bd", "cd")
        assert bearers(graph) == "abc"
        with pytest.raises(NotFound):
            graph.why_label(data("e"), PII)

    def test_a_circle_holds_itself_no_longer_than_its_source(self, graph: Session) -> None:
        link(graph, "ab", "bc", "cd", "db")
        do(graph, PutLabel(data("a"), PII))
        assert bearers(graph) == "abcd"
        unlink(graph, "ab")
        assert bearers(graph) == "a"

    def test_a_root_on_a_circle_reaches_all_of_it(self, graph: Session) -> None:
        link(graph, "ab", "bc", "ca")
        do(graph, PutLabel(data("b"), PII))
        assert bearers(graph) == "abc"
        assert why(graph, "a") == {"b": ("bca", ["derived"] * 2)}
        do(graph, Remove(data("b"), TheLabel(PII)))
        assert bearers(graph) == ""

    def test_of_two_kinds_of_edge_between_two_one_is_enough(self, graph: Session) -> None:
        link(graph, "ab")
        link(graph, "ab", kind="version")
        do(graph, PutLabel(data("a"), PII))
        unlink(graph, "ab")
        assert bearers(graph) == "ab"
        assert why(graph, "b") == {"a": ("ab", ["version"])}
        unlink(graph, "ab", kind="version")
        assert bearers(graph) == "a"

    def test_members_hand_it_to_what_contains_them_and_not_to_each_other(self, graph: Session) -> None:
        link(graph, "ab", "ac", kind="member")
        link(graph, "ad")
        do(graph, PutLabel(data("b"), PII))
        assert bearers(graph) == "abd"
        assert why(graph, "d") == {"b": ("bad", ["member", "derived"])}

    @pytest.mark.parametrize("kind", ["parent", "owns", "describes", "differs"])
    def test_edges_without_a_flow_carry_nothing(self, graph: Session, kind: str) -> None:
        link(graph, "ab", "ca", kind=kind)
        do(graph, PutLabel(data("a"), PII))
        assert bearers(graph) == "a"

    def test_the_way_that_is_told_follows_the_flow_where_edges_run_both_ways(self, graph: Session) -> None:
        link(graph, "ab", kind="derived")
        link(graph, "ba", kind="version")
        do(graph, PutLabel(data("a"), PII))
        assert why(graph, "b") == {"a": ("ab", ["derived"])}


class TestRoots:
    def test_each_root_is_a_reason_of_its_own(self, graph: Session) -> None:
        link(graph, "ac", "bc", "cd")
        do(graph, PutLabel(data("a"), PII), PutLabel(data("b"), PII))
        assert why(graph, "d") == {"a": ("acd", ["derived"] * 2), "b": ("bcd", ["derived"] * 2)}
        do(graph, Remove(data("a"), TheLabel(PII)))
        assert why(graph, "d") == {"b": ("bcd", ["derived"] * 2)}
        assert bearers(graph) == "bcd"

    def test_one_may_be_put_where_it_is_inherited_already(self, graph: Session) -> None:
        link(graph, "ab", "bc")
        do(graph, PutLabel(data("a"), PII), PutLabel(data("b"), PII, attributes={"checked": True}))
        assert why(graph, "b") == {"a": ("ab", ["derived"]), "b": ("b", [])}
        do(graph, Remove(data("a"), TheLabel(PII)))
        assert bearers(graph) == "bc"
        assert [label.attributes for label in labels(graph, "c")] == [{"checked": True}]

    def test_removing_what_is_only_inherited_alters_nothing(self, graph: Session) -> None:
        link(graph, "ab")
        do(graph, PutLabel(data("a"), PII))
        assert graph.commit(Change([Remove(data("b"), TheLabel(PII))])).id == 0
        assert bearers(graph) == "ab"

    def test_attributes_and_validity_travel_and_change_everywhere(self, graph: Session) -> None:
        link(graph, "ab", "bc")
        do(graph, PutLabel(data("a"), PII, attributes={"level": 1}))
        do(graph, PutLabel(data("a"), PII, attributes={"level": 2}, valid_until=1))
        assert [(label.attributes, label.valid_until) for label in labels(graph, "c")] == [({"level": 2}, 1)]
        assert bearers(graph) == ""
        do(graph, PutLabel(data("a"), PII))
        assert bearers(graph) == "abc"

    def test_a_tag_or_term_stays_where_it_was_put(self, graph: Session) -> None:
        link(graph, "ab")
        do(graph, PutLabel(data("a"), "gold", "tag"), PutLabel(data("a"), "customer", "term"))
        assert (bearers(graph, "gold"), bearers(graph, "customer")) == ("a", "a")

    def test_what_becomes_a_tag_is_taken_back_from_its_heirs(self, graph: Session) -> None:
        link(graph, "ab")
        do(graph, PutLabel(data("a"), PII))
        do(graph, PutLabel(data("a"), PII, "tag"))
        assert bearers(graph) == "a"
        do(graph, PutLabel(data("a"), PII))
        assert bearers(graph) == "ab"

    def test_one_that_does_not_propagate_stays(self, graph: Session) -> None:
        do(graph, PutType(LabelDef("draft", propagates=False)))
        link(graph, "ab")
        do(graph, PutLabel(data("a"), "draft"))
        link(graph, "ac")
        assert bearers(graph, "draft") == "a"

    def test_who_put_it_is_told(self, catalog: Catalog, graph: Session) -> None:
        link(graph, "ab")
        do(graph, PutLabel(data("a"), 'with "quotes"'))
        [path] = graph.why_label(data("b"), 'with "quotes"')
        assert path.put_by == "local"
        assert 0 < path.put_at <= catalog.writing.now()


class TestRemoval:
    def test_a_root_that_is_removed_for_good_takes_it_along(self, graph: Session) -> None:
        link(graph, "ab", "bc", "dc")
        do(graph, PutLabel(data("a"), PII), PutLabel(data("d"), PII))
        do(graph, Remove(data("a"), hard=True))
        assert bearers(graph) == "cd"
        assert why(graph, "c") == {"d": ("dc", ["derived"])}

    def test_one_in_the_middle_interrupts_the_way_unless_there_is_another(self, graph: Session) -> None:
        link(graph, "ab", "bc", "cd", "ae", "ed", "df")
        do(graph, PutLabel(data("a"), PII))
        do(graph, Remove(data("b"), hard=True))
        assert bearers(graph) == "adef"
        assert why(graph, "f") == {"a": ("aedf", ["derived"] * 3)}

    def test_several_at_once_leave_no_trace(self, catalog: Catalog, graph: Session) -> None:
        do(graph, PutEntity(kind="experiment", name="box", unique=True))
        box = ByName("experiment", "box")
        do(graph, *(PutEntity(data(name), home=box) for name in "abc"))
        link(graph, "ab", "bc", "cd", "de")
        do(graph, PutLabel(data("a"), PII), PutLabel(data("c"), PII))
        do(graph, Remove(box, hard=True, cascade=True))
        assert bearers(graph) == ""
        left = catalog.store.read("SELECT COUNT(*) FROM label")
        assert left == [(0,)]

    def test_one_that_is_deleted_softly_still_hands_it_on(self, graph: Session) -> None:
        link(graph, "ab", "bc")
        do(graph, PutLabel(data("a"), PII))
        do(graph, Remove(data("b")), Remove(data("a")))
        assert bearers(graph) == "c"
        do(graph, PutEntity(data("b"), state="active"))
        assert bearers(graph) == "bc"


class TestOneChange:
    def test_everything_at_once_is_as_one_after_another(self, session: Session) -> None:
        do(
            session,
            *(PutEntity(kind="dataset", name=name, unique=True) for name in "abcd"),
            PutEdge("derived", data("c"), data("d")),
            PutLabel(data("a"), PII),
            PutEdge("derived", data("b"), data("c")),
            PutEdge("derived", data("a"), data("b")),
        )
        assert bearers(session) == "abcd"

    def test_an_edge_that_comes_and_goes_carries_nothing(self, graph: Session) -> None:
        do(graph, PutLabel(data("a"), PII))
        edge, gone = (
            PutEdge("derived", data("a"), data("b")),
            Remove(data("a"), TheEdge("derived", data("b"))),
        )
        do(graph, edge, gone)
        assert bearers(graph) == "a"
        do(graph, edge, gone, edge)
        assert bearers(graph) == "ab"
        do(graph, gone, edge)
        assert bearers(graph) == "ab"

    def test_one_that_comes_and_goes_inherits_nothing(self, catalog: Catalog, graph: Session) -> None:
        do(graph, PutLabel(data("a"), PII))
        do(
            graph,
            PutEntity(kind="dataset", name="x", unique=True),
            PutEdge("derived", data("a"), data("x")),
            Remove(data("x"), hard=True),
        )
        assert bearers(graph) == "a"
        assert catalog.store.read("SELECT COUNT(*) FROM label") == [(1,)]

    def test_a_way_may_be_moved(self, graph: Session) -> None:
        link(graph, "ab", "bc")
        do(graph, PutLabel(data("a"), PII))
        do(graph, Remove(data("b"), TheEdge("derived", data("c"))), PutEdge("derived", data("a"), data("c")))
        assert why(graph, "c") == {"a": ("ac", ["derived"])}

    def test_a_change_that_fails_has_moved_nothing(self, graph: Session) -> None:
        link(graph, "ab")
        with pytest.raises(NotFound):
            do(graph, PutLabel(data("a"), PII), Remove(data("nowhere")))
        assert bearers(graph) == ""


@pytest.mark.slow
def test_a_hub_is_reached_and_left_in_good_time(session: Session) -> None:
    size = 3000
    do(session, *(PutEntity(kind="dataset", name=f"n{number}", unique=True) for number in range(size)))
    do(session, *(PutEdge("derived", data("n0"), data(f"n{number}")) for number in range(1, size)))
    started = time.monotonic()
    do(session, PutLabel(data("n0"), PII))
    assert session.find(Query(where=Labelled(PII), count=True, limit=1)).total == size
    do(session, Remove(data("n0"), TheEdge("derived", data("n7"))))
    assert session.find(Query(where=Labelled(PII), count=True, limit=1)).total == size - 1
    do(session, Remove(data("n0"), TheLabel(PII)))
    assert session.find(Query(where=Labelled(PII), count=True, limit=1)).total == 0
    assert time.monotonic() - started < 20


def test_every_subset_of_edges_gives_the_closure(session: Session) -> None:
    make(session, "abcd")
    do(session, PutLabel(data("a"), PII))
    pairs = ["ab", "bc", "ca", "bd", "cd"]
    for size in range(len(pairs) + 1):
        for chosen in itertools.combinations(pairs, size):
            link(session, *chosen)
            assert bearers(session) == "".join(sorted(reached(chosen, "a"))), chosen
            unlink(session, *chosen)
            assert bearers(session) == "a"


def reached(pairs: Iterable[str], start: str) -> set[str]:
    found, ways = {start}, list(pairs)
    for _ in ways:
        found |= {pair[1] for pair in ways if pair[0] in found}
    return found
