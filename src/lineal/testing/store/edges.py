"""Edges, and walks over them."""

from __future__ import annotations

import pytest

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.errors import Invalid
from lineal.graph.model import AnyRef, ById, ByName, Local
from lineal.graph.query import Walk
from lineal.testing.store.base import Suite, commit, link, put


def chain(session: Session, length: int) -> list[int]:
    """Data sets, each made from the one before."""
    operations = [
        PutEntity(kind="dataset", name=f"d{number}", handle=str(number)) for number in range(length)
    ]
    edges = [PutEdge("derived", Local(str(number)), Local(str(number + 1))) for number in range(length - 1)]
    return commit(session, *operations, *edges)


def reached(session: Session, walk: Walk) -> list[int]:
    """Ids of the nodes of a walk."""
    return [node.id for node in session.lineage(walk).nodes]


class Edges(Suite):
    def test_an_edge_is_one_whatever_its_detail(self, session: Session) -> None:
        one, two = put(session, "a"), put(session, "b")
        for detail in ({"a": 1}, {"b": [2]}, {"a": 3}):
            commit(session, PutEdge("derived", ById(one), ById(two), detail))
        commit(session, PutEdge("derived", ById(two), ById(one)))
        found = session.edges([one])
        assert [(edge.source, edge.target, edge.detail) for edge in found] == [
            (one, two, {"a": 3, "b": [2]}),
            (two, one, {}),
        ]
        assert len({edge.id for edge in found}) == 2

    def test_edges_by_direction_kind_and_number(self, session: Session) -> None:
        center, sources, targets = put(session, "c"), [], []
        for number in range(5):
            sources.append(put(session, f"s{number}"))
            targets.append(put(session, f"t{number}"))
            link(session, "derived", sources[-1], center)
            link(session, "describes", center, targets[-1])
        assert [edge.source for edge in session.edges([center], direction="in")] == sources
        assert [edge.target for edge in session.edges([center], direction="out")] == targets
        assert [edge.source for edge in session.edges([center], kinds=["derived"])] == sources
        assert session.edges([center], kinds=["version"]) == []
        assert len(session.edges([center], limit=7)) == 7
        assert len(session.edges([center, *sources])) == 10
        assert session.edges([]) == []

    def test_a_removed_edge_is_gone_and_may_come_back(self, session: Session) -> None:
        one, two = chain(session, 2)
        first = session.edges([one])[0].id
        commit(session, Remove(ById(one), TheEdge("derived", ById(two))))
        assert session.edges([one, two]) == []
        commit(session, Remove(ById(one), TheEdge("derived", ById(two))))
        link(session, "derived", one, two)
        assert session.edges([one])[0].id > first

    def test_removing_an_entity_takes_its_edges(self, session: Session) -> None:
        one, two, three = chain(session, 3)
        commit(session, Remove(ById(two), hard=True))
        assert session.edges([one, three]) == []
        assert reached(session, Walk(ById(one))) == [one]

    def test_a_walk_goes_up_and_down(self, session: Session) -> None:
        ids = chain(session, 6)
        assert sorted(reached(session, Walk(ById(ids[2])))) == ids
        assert reached(session, Walk(ById(ids[2]), "up")) == [ids[2], ids[1], ids[0]]
        assert reached(session, Walk(ById(ids[2]), "down")) == ids[2:]

    @pytest.mark.parametrize("depth", [0, 1, 3, 100])
    def test_a_walk_has_a_depth(self, session: Session, depth: int) -> None:
        ids = chain(session, 8)
        assert reached(session, Walk(ById(ids[3]), "down", depth)) == ids[3 : 4 + depth]
        assert sorted(reached(session, Walk(ById(ids[3]), depth=depth))) == ids[max(0, 3 - depth) : 4 + depth]

    def test_the_nearest_come_first_when_a_walk_is_cut(self, session: Session) -> None:
        ids = chain(session, 10)
        for walk in (Walk(ById(ids[0]), "down", limit=4), Walk(ById(ids[0]), "down", 9, limit=4)):
            found = session.lineage(walk)
            assert found.truncated
            assert [node.id for node in found.nodes] == ids[:4]
            assert all(edge.source in ids[:4] and edge.target in ids[:4] for edge in found.edges)
        assert not session.lineage(Walk(ById(ids[0]), "down", limit=10)).truncated

    def test_cycles_end(self, session: Session) -> None:
        ids = chain(session, 5)
        link(session, "derived", ids[-1], ids[0])
        link(session, "derived", ids[2], ids[1])
        for walk in (Walk(ById(ids[0])), Walk(ById(ids[3]), "up"), Walk(ById(ids[3]), "down", 50)):
            assert sorted(reached(session, walk)) == ids
        assert len(session.lineage(Walk(ById(ids[0]))).edges) == 6

    def test_a_diamond_has_each_node_once(self, session: Session) -> None:
        top, left, right, bottom = (put(session, name) for name in ("top", "left", "right", "bottom"))
        for source, target in ((top, left), (top, right), (left, bottom), (right, bottom), (top, bottom)):
            link(session, "derived", source, target)
        found = session.lineage(Walk(ById(top), "down", 2))
        assert [node.id for node in found.nodes] == [top, left, right, bottom]
        assert len(found.edges) == 5

    def test_only_lineage_is_walked(self, session: Session) -> None:
        one, two, three = (put(session, name) for name in ("a", "b", "c"))
        link(session, "derived", one, two)
        link(session, "describes", two, three)
        assert sorted(reached(session, Walk(ById(one)))) == [one, two]
        with pytest.raises(Invalid):
            session.lineage(Walk(ById(one), edges=["describes"]))

    def test_a_walk_follows_the_kinds_asked_for(self, session: Session) -> None:
        data, job, made = put(session, "in"), put(session, "run", "run"), put(session, "out")
        link(session, "input", data, job)
        link(session, "output", job, made)
        link(session, "derived", data, made)
        assert sorted(reached(session, Walk(ById(data), edges=["input"]))) == sorted([data, job])
        assert sorted(reached(session, Walk(ById(data), kinds=["asset"]))) == sorted([data, made])
        assert len(session.lineage(Walk(ById(data))).edges) == 3

    def test_a_hub(self, session: Session) -> None:
        spokes: list[AnyRef] = [ByName("dataset", f"spoke {number}") for number in range(1500)]
        hub = PutEntity(kind="dataset", name="hub", unique=True)
        ends = [PutEntity(ref, kind="dataset") for ref in spokes]
        edges = [PutEdge("derived", ByName("dataset", "hub"), ref) for ref in spokes]
        session.commit(Change([hub, *ends, *edges]))
        found = session.lineage(Walk(ByName("dataset", "hub"), "down", limit=5000))
        assert (len(found.nodes), len(found.edges), found.truncated) == (1501, 1500, False)
        assert session.lineage(Walk(spokes[7], depth=1)).nodes[1].name == "hub"
