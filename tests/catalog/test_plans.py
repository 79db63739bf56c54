"""A query finds the same whichever way it goes: through few that an index names, or past all in order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, AppendPoints, Change, PutEdge, PutEntity, PutType
from lineal.graph.model import ByName, Local, Point
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    EdgeDetail,
    Expr,
    ExternalId,
    Metric,
    Not,
    Operator,
    Or,
    Order,
    Property,
    Query,
    Related,
)
from lineal.graph.types import KindDef
from lineal.store.base import Row
from lineal.store.sql import find
from lineal.store.sql.find import Frequencies, Sql

RUNS = 60
COLORS = ("red", "green", "blue", "x" * 64, "x" * 64 + "y", "")
LEVELS = (0.25, 0.5, 0.75, float("nan"), float("inf"), -0.0)
WAYS = {"past all": (-1, 25, -1), "through few": (2000, 0, 20), "by size": (12, 3, 1)}
DATA = ("d0", "d1", "d2")


@pytest.fixture
def filled(session: Session) -> Iterator[Session]:
    """Two experiments with runs that have some properties and metrics in common."""
    chance = random.Random(5)
    for name in ("e0", "e1"):
        session.commit(Change([PutEntity(kind="experiment", name=name, unique=True)]))
    for name in DATA:
        session.commit(
            Change([PutEntity(ByName("dataset", name), kind="dataset", properties={"a": name[0]})])
        )
    for number in range(RUNS):
        session.commit(Change(_run(chance, number)))
    yield session


def _run(chance: random.Random, number: int) -> list[AnyOperation]:
    put = PutEntity(
        kind="run",
        name=f"r{number}",
        home=ByName("experiment", f"e{number % 2}"),
        started=chance.randrange(20),
        properties={
            **{key: chance.choice(COLORS) for key in ("a", "b") if chance.random() < 0.9},
            **{key: chance.choice((*LEVELS, 1, True, "1")) for key in ("c",) if chance.random() < 0.9},
        },
        state="deleted" if number % 13 == 0 else "active",
        handle="run",
    )
    points = [Point(key, chance.choice(LEVELS), 1, 1) for key in ("m", "n") if chance.random() < 0.9]
    read = [ByName("dataset", name) for name in DATA if chance.random() < 0.4]
    edges = [PutEdge("input", each, Local("run"), chance.choice(({}, {"as": "x"}))) for each in read]
    return [put, AppendPoints(Local("run"), points), *edges]


def comparisons() -> st.SearchStrategy[Expr]:
    operators: st.SearchStrategy[Operator] = st.sampled_from(["=", "<", "<=", ">", ">=", "!="])
    numbers = st.sampled_from([-1, 0, 0.25, 0.5, 0.75, 1e300])
    return st.one_of(
        st.builds(
            Compare, st.builds(Property, st.sampled_from("abz")), st.just("="), st.sampled_from(COLORS)
        ),
        st.builds(Compare, st.builds(Metric, st.sampled_from("mnz")), operators, numbers),
        st.builds(Compare, st.just(Property("c")), operators, numbers),
        st.builds(Compare, st.just(Attribute("name")), st.just("="), st.sampled_from(["r1", "r13", "none"])),
        st.builds(Compare, st.just(Attribute("started")), operators, st.integers(0, 20)),
        related(),
        st.builds(Or, st.lists(related(), max_size=3)),
    )


def related() -> st.SearchStrategy[Expr]:
    return st.builds(
        Related, st.sampled_from(["input", "output"]), st.just("in"), st.one_of(st.none(), of_data())
    )


def of_data() -> st.SearchStrategy[Expr]:
    """What is asked about the data that a run has read, and how it did."""
    plain: st.SearchStrategy[Expr] = st.one_of(
        st.builds(Compare, st.just(Attribute("name")), st.just("="), st.sampled_from([*DATA, "none"])),
        st.builds(Compare, st.just(Property("a")), st.just("="), st.sampled_from("de")),
        st.builds(Compare, st.just(EdgeDetail("as")), st.sampled_from(["is null", "is not null"])),
        st.just(Compare(Attribute("kind"), "in", ["dataset"])),
    )
    return st.one_of(plain, st.builds(And, st.lists(plain, max_size=3)))


def expressions() -> st.SearchStrategy[Expr]:
    plain = comparisons()
    nested = st.one_of(st.builds(Or, st.lists(plain, max_size=2)), st.builds(Not, plain))
    return st.one_of(plain, plain, nested)


ORDERS = [
    [],
    [Order(Attribute("started"), descending=True)],
    [Order(Metric("m"))],
    [Order(Attribute("id"))],
    [Order(Attribute("id"), descending=True)],
    [Order(Property("a"), descending=True), Order(Metric("n"))],
]


def find_all(session: Session, query: Query) -> tuple[list[int], int | None, dict[str, dict[str, int]]]:
    page = session.find(query)
    return [each.id for each in page.entities], page.total, page.facets


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    parts=st.lists(expressions(), max_size=4),
    home=st.sampled_from([None, "e0", "e1"]),
    order=st.sampled_from(ORDERS),
    limit=st.sampled_from([3, 100]),
)
def test_every_way_leads_to_the_same(
    filled: Session, parts: list[Expr], home: str | None, order: list[Order], limit: int
) -> None:
    inside = (
        [] if home is None else [Compare(Attribute("home"), "=", filled.get(ByName("experiment", home)).id)]
    )
    query = Query(["run"], And([*inside, *parts]), order=order, limit=limit, count=True, facets=["kind"])
    answers = {}
    for way, (few, look_up, ends) in WAYS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(find, "_FEW", few)
            patch.setattr(find, "_LOOK_UP", look_up)
            patch.setattr(find, "_ENDS", ends)
            filled.catalog.frequencies = Frequencies()
            answers[way] = find_all(filled, query)
    assert answers["through few"] == answers["past all"]
    assert answers["by size"] == answers["past all"]


def test_counts_are_remembered_for_a_while(filled: Session, catalog: Catalog) -> None:
    now = 0.0
    counts = Frequencies(lambda: now)
    cx = catalog.store.reader()
    runs = Sql("r.home IS NOT NULL")
    assert counts.of(cx, "entity", runs, 100) == RUNS
    assert counts.of(cx, "entity", runs, 10) == 11
    filled.commit(Change(_run(random.Random(1), 1)))
    assert counts.of(cx, "entity", runs, 100) == RUNS
    now = 11.0
    assert counts.of(cx, "entity", runs, 100) == RUNS + 1


def test_what_is_rare_no_longer_is_found_all_the_same(filled: Session) -> None:
    """A count may be old; what is found is not."""
    query = Query(["run"], And([Compare(Property("a"), "=", "new"), Compare(Property("b"), "=", "new")]))
    assert filled.find(query).entities == []
    for number in range(5):
        properties = {"a": "new", "b": "new"}
        filled.commit(Change([PutEntity(kind="run", name=f"new {number}", properties=dict(properties))]))
    assert len(filled.find(query).entities) == 5


def define(session: Session) -> None:
    session.commit(Change([PutType(KindDef("special_run", supertypes=["run"]))]))


NEWEST = [Order(Attribute("started"), descending=True), Order(ExternalId("test"))]


@pytest.fixture
def plans(filled: Session, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What SQLite makes of each page that is asked for from now on."""
    cx = filled.catalog.store.reader()
    if cx.dialect.name != "sqlite":
        pytest.skip("about what SQLite makes of it")
    plans: list[str] = []

    def explained(sql: str, params: Sequence[Any] = ()) -> list[Row]:
        if "OFFSET" in sql:
            plans.extend(row[3] for row in execute(f"EXPLAIN QUERY PLAN {sql}", params))
        return execute(sql, params)

    execute = cx.execute
    monkeypatch.setattr(cx, "execute", explained)
    return plans


def test_kinds_of_which_there_are_none_do_not_cost_the_order(filled: Session, plans: list[str]) -> None:
    define(filled)
    home = Compare(Attribute("home"), "=", filled.get(ByName("experiment", "e0")).id)
    assert len(filled.find(Query(["run"], home, order=NEWEST, limit=5)).entities) == 5
    assert "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY" in plans
    assert "USE TEMP B-TREE FOR ORDER BY" not in plans


@pytest.mark.parametrize(
    ("where", "way"),
    [
        (
            Related("input", "in", Compare(Attribute("name"), "=", "d0")),
            "SEARCH r USING PRIMARY KEY (source=?)",
        ),
        (Compare(Property("c"), ">", 0), "SCAN e"),
        (None, "SCAN e"),
    ],
)
def test_a_page_in_the_order_of_ids_is_not_sorted(
    filled: Session, plans: list[str], monkeypatch: pytest.MonkeyPatch, where: Expr | None, way: str
) -> None:
    monkeypatch.setattr(find, "_FEW", 1)
    filled.catalog.frequencies = Frequencies()
    found = filled.find(Query(["run"], where, order=[Order(Attribute("id"), descending=True)], limit=5))
    assert len(found.entities) == 5 and way in plans
    assert not any("ORDER BY" in plan for plan in plans)


def test_the_first_of_a_kind_is_found_at_once(filled: Session, catalog: Catalog) -> None:
    define(filled)
    home = ByName("experiment", "e0")
    inside = Compare(Attribute("home"), "=", filled.get(home).id)
    queries = [Query(["run"], where, order=NEWEST, limit=1) for where in (inside, None)]
    for query in queries:
        assert filled.find(query).entities[0].kind == "run"
    filled.commit(Change([PutEntity(kind="special_run", name="new", home=home, started=100)]))
    for query in queries:
        assert [each.name for each in filled.find(query).entities] == ["new"]
