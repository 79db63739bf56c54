"""Two names of one thing: what is proposed and to whom, and what a decision does."""

from __future__ import annotations

from typing import Any

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import Change, PutEdge, PutEntity, PutFacet, PutLabel
from lineal.graph.errors import Denied, Invalid, NotFound
from lineal.graph.model import ById, ByName
from lineal.graph.query import Walk
from lineal.insight import same_as
from lineal.insight.values import SameAsState

FIELDS = ["id", "day", "amount"]


def put(
    session: Session, namespace: str, name: str, fields: list[str] | None = None, **properties: Any
) -> int:
    address = ByName("dataset", name, namespace)
    document = {"fields": [{"name": each} for each in fields or ()]}
    facet = [PutFacet(address, "schema", document, "test")] if fields else []
    change = Change([PutEntity(address, kind="dataset", properties=properties), *facet])
    return session.commit(change).entities[0]


def pairs(
    session: Session, state: SameAsState = "proposed", **limits: int
) -> list[tuple[int, int, list[str]]]:
    found = same_as.proposals(session, state, **limits)
    assert {each.id for each in found.nodes} == {n for each in found.pairs for n in (each.first, each.second)}
    return [(each.first, each.second, [one.kind for one in each.evidence]) for each in found.pairs]


@pytest.fixture
def two(session: Session) -> tuple[int, int]:
    """A table and a file with its rows."""
    table = put(session, "postgres://db:5432", "shop.public.daily_sales", FIELDS)
    return table, put(session, "s3://lake", "raw/Daily-Sales.parquet", [each.upper() for each in FIELDS])


def test_what_has_a_fingerprint_in_common_is_proposed(session: Session, two: tuple[int, int]) -> None:
    hashed = put(session, "mlflow", "train@0badc0de")
    read = put(session, "s3://lake", "other.csv", FIELDS[:2])
    run = session.commit(Change([PutEntity(kind="run", name="fit")])).entities[0]
    run_ref, read_ref = (ById(each) for each in (run, read))
    session.commit(Change([PutEdge("input", read_ref, run_ref, {"name": "train", "digest": "0badc0de"})]))
    named = put(session, "default", "s3a://lake//Other.csv")
    put(session, "s3://lake", "other.parquet", ["a", "b", "c"])
    assert pairs(session) == [
        (min(read, named), max(read, named), ["uri"]),
        (hashed, read, ["content"]),
        (*two, ["schema"]),
    ]
    assert len(pairs(session, limit=1)) == 1 and same_as.proposals(session, limit=1).truncated
    assert same_as.proposals(session, most=2).truncated
    with pytest.raises(Invalid):
        same_as.proposals(session, most=0)


def test_what_is_accepted_is_one_until_it_is_undone(session: Session, two: tuple[int, int]) -> None:
    table, file = (ById(each) for each in two)
    report = ByName("dataset", "report.csv", "s3://lake")
    session.commit(Change([PutEntity(report, kind="dataset"), PutEdge("derived", file, report)]))
    session.commit(Change([PutLabel(table, "personal data")]))

    def below() -> set[str]:
        return {each.name for each in session.lineage(Walk(table, direction="down")).nodes}

    assert below() == {"shop.public.daily_sales"}
    same_as.accept(session, file, table)
    assert below() == {"shop.public.daily_sales", "raw/Daily-Sales.parquet", "report.csv"}
    above = session.lineage(Walk(report, direction="up")).nodes
    assert {each.id for each in above} >= set(two)
    assert [each.name for each in session.get(report).labels] == ["personal data"]
    assert (pairs(session), pairs(session, "accepted")) == ([], [(*two, ["schema"])])
    same_as.accept(session, table, file)
    same_as.undo(session, table, file)
    assert below() == {"shop.public.daily_sales"} and session.get(report).labels == []
    assert (pairs(session), pairs(session, "accepted")) == ([(*two, ["schema"])], [])
    notes = [each.note for each in session.history(table)]
    assert "same as" in notes and "undo same as" in notes


def test_what_is_refused_is_proposed_no_more(session: Session, two: tuple[int, int]) -> None:
    table, file = (ById(each) for each in two)
    same_as.refuse(session, table, file)
    assert (pairs(session), pairs(session, "refused")) == ([], [(*two, ["schema"])])
    third = put(session, "gs://lake", "daily_sales", FIELDS)
    assert pairs(session) == [(two[0], third, ["schema"])]
    same_as.accept(session, table, file)
    assert (pairs(session, "refused"), pairs(session, "accepted")) == ([], [(*two, ["schema"])])
    with pytest.raises(Invalid):
        same_as.refuse(session, table, table)


def test_who_may_decide(catalog: Catalog, session: Session, two: tuple[int, int]) -> None:
    table, file = (ById(each) for each in two)
    catalog.accounts.add_user(session, "ada", "a long password")
    principal = catalog.accounts.named("ada")
    assert principal is not None
    ada = catalog.session(principal, "test")

    def grant(role: str, namespace: str) -> None:
        catalog.accounts.add_grant(
            catalog.session(LOCAL, "test"), Grant(0, "ada", role, "namespace", namespace)
        )

    grant("editor", "postgres://db:5432")
    assert pairs(ada) == []
    for decide in (same_as.accept, same_as.refuse, same_as.undo):
        with pytest.raises(NotFound):
            decide(ada, table, file)
    grant("viewer", "s3://lake")
    assert pairs(ada) == [(*two, ["schema"])]
    for decide in (same_as.accept, same_as.refuse, same_as.undo):
        with pytest.raises(Denied):
            decide(ada, table, file)
    grant("editor", "s3://lake")
    same_as.accept(ada, table, file)
    (found,) = same_as.proposals(session, "accepted").pairs
    assert found.by == "ada"
