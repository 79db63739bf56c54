"""Walks of which whoever walks decides where they go on."""

from __future__ import annotations

import pytest
from tests.catalog.conftest import MakeUser

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import AnyOperation, Change, PutEdge, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.model import ById, ByName


def put(session: Session, *edges: tuple[str, str, str]) -> dict[str, int]:
    """Edges between data sets (and runs, called `run…`); ids by name."""
    names = sorted({name for _, source, target in edges for name in (source, target)})
    refs = {name: ByName("run" if name.startswith("run") else "dataset", name) for name in names}
    made: list[AnyOperation] = [PutEntity(refs[name], kind=refs[name].kind) for name in names]
    links = [PutEdge(kind, refs[source], refs[target], {"told": "yes"}) for kind, source, target in edges]
    return dict(zip(names, session.commit(Change([*made, *links])).entities, strict=False))


def test_a_step_leads_from_many_to_the_newest_first(session: Session) -> None:
    ids = put(session, *(("input", "a", f"run{number}") for number in range(5)), ("derived", "b", "c"))
    trail = session.trail(ById(ids["a"]), ById(ids["b"]))
    found = trail.step(trail.starts, ["input", "derived"], up=False, limit=3)
    assert [edge.target for edge in found] == [ids["run4"], ids["run3"], ids["run2"]]
    assert trail.count(trail.starts, ["input", "derived"], up=False) == 6
    [only] = trail.step(trail.starts, ["input", "derived"], up=False, limit=9, ends=["asset"])
    assert (only.target, only.detail) == (ids["c"], {"told": "yes"})
    assert [edge.source for edge in trail.step([ids["run3"]], ["input"], up=True, limit=9)] == [ids["a"]]
    assert trail.step([ids["run0"]], ["input"], up=True, limit=9) == []  # one has not come there
    assert len(trail.step(trail.starts, ["input", "derived"], up=False, limit=9, beside=["asset"])) == 5


def test_it_goes_through_what_may_not_be_seen_and_tells_nothing_of_it(
    catalog: Catalog, session: Session, user: MakeUser
) -> None:
    ids = put(session, ("derived", "a", "b"), ("derived", "b", "c"), ("derived", "x", "y"))
    ann = user("ann")
    for name in ("a", "c"):
        catalog.accounts.add_grant(
            session, Grant(0, "ann", "viewer", "entity", session.get(ById(ids[name])).uuid)
        )
    trail = ann.trail(ById(ids["a"]))
    [first] = trail.step(trail.starts, ["derived"], up=False, limit=9)
    [second] = trail.step([first.target], ["derived"], up=False, limit=9)
    assert (second.target, first.detail, second.detail) == (ids["c"], {}, {})
    assert trail.enter([ids["x"], ids["c"]]) == [ids["c"]]
    assert trail.step([ids["x"]], ["derived"], up=False, limit=9) == []
    with pytest.raises(NotFound):
        ann.trail(ById(ids["b"]))
