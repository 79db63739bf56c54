"""Classifications, tags and terms."""

from __future__ import annotations

import time

from lineal.catalog.session import Session
from lineal.graph.change import PutEdge, PutLabel, Remove, TheEdge, TheLabel
from lineal.graph.model import ById, Label
from lineal.graph.query import Labelled, Query
from lineal.testing.store.base import Suite, commit, link, names, put
from lineal.testing.store.edges import chain


def labels(session: Session, number: int) -> list[tuple[str, int]]:
    """Name and root of each label."""
    return sorted((label.name, label.root) for label in session.get(ById(number), ("labels",)).labels)


class Labels(Suite):
    def test_a_label_comes_back_as_it_was_put(self, session: Session) -> None:
        number = put(session, "d")
        wanted = Label("PII", "classification", number, None, {"level": 3, "why": "größe"}, 5, 2**62)
        commit(session, PutLabel(ById(number), "PII", "classification", wanted.attributes, 5, 2**62))
        commit(session, PutLabel(ById(number), "team", "tag"), PutLabel(ById(number), "churn", "term"))
        found = {label.name: label for label in session.get(ById(number), ("labels",)).labels}
        assert found["PII"] == wanted
        assert {name: label.category for name, label in found.items()} == {
            "PII": "classification", "team": "tag", "churn": "term",
        }  # fmt: skip

    def test_classifications_flow_and_others_stay(self, session: Session) -> None:
        ids = chain(session, 4)
        commit(session, PutLabel(ById(ids[1]), "PII"), PutLabel(ById(ids[1]), "mine", "tag"))
        assert [labels(session, number) for number in ids] == [
            [], [("PII", ids[1]), ("mine", ids[1])], [("PII", ids[1])], [("PII", ids[1])],
        ]  # fmt: skip

    def test_they_flow_over_edges_that_come_later(self, session: Session) -> None:
        one, two, three = (put(session, name) for name in "abc")
        link(session, "derived", two, three)
        commit(session, PutLabel(ById(one), "PII"))
        link(session, "derived", one, two)
        assert labels(session, three) == [("PII", one)]

    def test_what_no_way_leads_to_any_more_loses_them(self, session: Session) -> None:
        top, left, right, bottom = (put(session, name) for name in ("top", "left", "right", "bottom"))
        for source, target in ((top, left), (top, right), (left, bottom), (right, bottom)):
            link(session, "derived", source, target)
        commit(session, PutLabel(ById(top), "PII"))
        commit(session, Remove(ById(left), TheEdge("derived", ById(bottom))))
        assert labels(session, bottom) == [("PII", top)]
        commit(session, Remove(ById(top), TheEdge("derived", ById(right))))
        assert [labels(session, number) for number in (left, right, bottom)] == [[("PII", top)], [], []]
        commit(session, Remove(ById(top), TheLabel("PII")))
        assert labels(session, left) == []

    def test_a_removed_root_takes_its_labels_along(self, session: Session) -> None:
        ids = chain(session, 3)
        commit(session, PutLabel(ById(ids[0]), "PII"), PutLabel(ById(ids[2]), "own"))
        commit(session, Remove(ById(ids[0]), hard=True))
        assert [labels(session, number) for number in ids[1:]] == [[], [("own", ids[2])]]

    def test_a_cycle_of_labels_ends(self, session: Session) -> None:
        ids = chain(session, 3)
        commit(session, PutEdge("derived", ById(ids[2]), ById(ids[0])), PutLabel(ById(ids[1]), "PII"))
        assert [labels(session, number) for number in ids] == [[("PII", ids[1])]] * 3
        commit(session, Remove(ById(ids[1]), TheLabel("PII")))
        assert [labels(session, number) for number in ids] == [[]] * 3

    def test_entities_are_found_by_label(self, session: Session) -> None:
        ids = chain(session, 3)
        other, now = put(session, "old"), int(time.time() * 1000)
        commit(session, PutLabel(ById(ids[1]), "PII"))
        commit(session, PutLabel(ById(other), "PII", valid_until=now - 1000))
        assert names(session, Query(where=Labelled("PII"))) == ["d1", "d2"]
        assert names(session, Query(where=Labelled("PII", direct=True))) == ["d1"]
        assert names(session, Query(where=Labelled("unknown"))) == []
        assert session.find(Query(facets=["label"])).facets["label"]["PII"] >= 2
