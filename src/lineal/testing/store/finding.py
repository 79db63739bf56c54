"""The one query: every operator on every kind of field, order, pages and counts."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import pytest

from lineal.catalog.session import Session
from lineal.graph.change import AppendPoints, PutEdge, PutEntity, PutLabel, Remove
from lineal.graph.errors import Invalid, LinealError
from lineal.graph.model import ByExternal, ById, ByName, External, Local, Point
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    EdgeDetail,
    Expr,
    ExternalId,
    Field,
    Labelled,
    Metric,
    Not,
    OfHome,
    Operator,
    Or,
    Order,
    Property,
    Query,
    Related,
    Walk,
    attribute,
)
from lineal.testing.store.base import Suite, commit, names, put

TEXT, NUMBER, MADE = Property("text"), Property("number"), Attribute("created")
ROWS: dict[str, dict[str, Any]] = {
    "a": {"text": "apple", "number": 1, "flag": True},
    "b": {"text": "Banana", "number": 2.5, "flag": False},
    "c": {"text": "cherry_1", "number": -3, "flag": True},
    "d": {"text": "100%", "number": 2**53 + 1},
    "e": {"text": "", "number": math.nan},
    "f": {"text": "1", "number": math.inf},
    "g": {"text": 1, "number": "2"},
    "h": {},
}

COMPARISONS: list[tuple[Field, Operator, Any, str]] = [
    (TEXT, "=", "apple", "a"),
    (TEXT, "=", "Apple", ""),
    (TEXT, "=", "", "e"),
    (TEXT, "=", "1", "f"),
    (TEXT, "=", 1, "g"),
    (TEXT, "!=", "apple", "bcdef"),
    (TEXT, "<", "a", "bdef"),
    (TEXT, "<=", "apple", "abdef"),
    (TEXT, ">", "apple", "c"),
    (TEXT, ">=", "apple", "ac"),
    (TEXT, "like", "%an%", "b"),
    (TEXT, "like", "b%", ""),
    (TEXT, "ilike", "b%", "b"),
    (TEXT, "ilike", "%AN%", "b"),
    (TEXT, "like", "cherry__", "c"),
    (TEXT, "like", "_____", "a"),
    (TEXT, "like", "", "e"),
    (TEXT, "like", "100\\%", ""),
    (TEXT, "in", ["apple", "Banana", "none"], "ab"),
    (TEXT, "not in", ["apple", "Banana", "none"], "cdef"),
    (TEXT, "in", [], ""),
    (TEXT, "is null", None, "h"),
    (TEXT, "is not null", None, "abcdefg"),
    (NUMBER, "=", 1, "a"),
    (NUMBER, "=", 1.0, "a"),
    (NUMBER, "=", 2.5, "b"),
    (NUMBER, "=", 2**53 + 1, "d"),
    (NUMBER, "!=", 1, "bcdf"),
    (NUMBER, "<", 1, "c"),
    (NUMBER, "<=", 2.5, "abc"),
    (NUMBER, ">", 2, "bdf"),
    (NUMBER, ">=", 1e300, "f"),
    (NUMBER, "in", [1, 2.5, 99], "ab"),
    (NUMBER, "in", [1, -3], "ac"),
    (NUMBER, "not in", [1, 2.5], "cdf"),
    (NUMBER, "=", "2", "g"),
    (NUMBER, "is not null", None, "abcdefg"),
    (Property("flag"), "=", True, "ac"),
    (Property("flag"), "=", False, "b"),
    (Property("flag"), "!=", True, "b"),
    (Property("never seen"), "=", "x", ""),
    (Property("never seen"), "is null", None, "abcdefgh"),
    (Attribute("name"), "=", "a", "a"),
    (Attribute("name"), "in", ["a", "h", "x"], "ah"),
    (Attribute("name"), "ilike", "A", "a"),
    (Attribute("owner"), "=", "ann", "ab"),
    (Attribute("owner"), "!=", "ann", "c"),
    (Attribute("owner"), "is null", None, "defgh"),
    (Attribute("kind"), "=", "run", "gh"),
    (Attribute("kind"), "!=", "run", "abcdef"),
    (Attribute("kind"), "in", ["run", "never seen"], "gh"),
    (Attribute("kind"), "like", "data%", "abcdef"),
    (Attribute("namespace"), "ilike", "DEF%", "abcdefgh"),
    (Attribute("started"), ">=", 30, "cd"),
    (Attribute("started"), "is null", None, "efgh"),
    (Attribute("revision"), "=", 1, "abcdefgh"),
    (Attribute("state"), "=", "active", "abcdefgh"),
    (ExternalId("test"), "=", "x-a", "a"),
    (ExternalId("test"), "like", "x-%", "ab"),
    (ExternalId("test"), "is null", None, "cdefgh"),
    (ExternalId("never seen"), "is not null", None, ""),
    (Metric("loss"), "<", 0.5, "a"),
    (Metric("loss"), "is not null", None, "abc"),
    (Metric("loss"), "!=", 0.25, "b"),
]


def fill(session: Session) -> None:
    """The entities of ROWS, in order, with some owners, times, outside ids and metrics."""
    owners, external = {"a": "ann", "b": "ann", "c": "bob"}, {"a": "x-a", "b": "x-b"}
    for number, (name, values) in enumerate(ROWS.items()):
        kind = "run" if name in "gh" else "dataset"
        outside = [External("test", external[name])] if name in external else []
        started = (number + 1) * 10 if number < 4 else None
        owner, key = owners.get(name), f"identity of {name}"
        commit(
            session,
            PutEntity(
                ByName(kind, key),
                kind,
                name=name,
                owner=owner,
                started=started,
                properties=values,
                external=outside,
            ),
        )
    for name, value in (("a", 0.25), ("b", 0.75), ("c", math.nan)):
        commit(session, AppendPoints(ByName("dataset", f"identity of {name}"), [Point("loss", value, 1, 1)]))


def found(session: Session, where: Expr | None, **more: Any) -> str:
    """Names of what matches, in order, as one text."""
    return "".join(names(session, Query(where=where, **more)))


def refused(session: Session, query: Query) -> bool:
    """Whether a query is answered with Invalid."""
    try:
        session.find(query)
    except Invalid:
        return True
    return False


class Finding(Suite):
    def test_every_operator(self, session: Session) -> None:
        fill(session)
        wrong = {}
        for field, op, value, expected in COMPARISONS:
            actual = found(session, Compare(field, op, value))
            if actual != expected:
                wrong[f"{field} {op} {value!r}"] = (actual, expected)
        assert wrong == {}

    def test_conditions_are_combined(self, session: Session) -> None:
        fill(session)
        apple, small = Compare(TEXT, "=", "apple"), Compare(NUMBER, "<", 2)
        assert found(session, And([small, Compare(Property("flag"), "=", True)])) == "ac"
        assert found(session, Or([apple, Compare(TEXT, "is null")])) == "ah"
        assert found(session, Not(small)) == "bdefgh"
        assert found(session, Not(Not(small))) == "ac"
        assert found(session, And([])) == "abcdefgh"
        assert found(session, Or([])) == ""
        assert found(session, And([Or([apple, small]), Not(apple)])) == "c"

    def test_what_cannot_be_compared_is_refused(self, session: Session) -> None:
        deep: Expr = Compare(TEXT, "=", "x")
        for _ in range(60):
            deep = Not(deep)
        lists: list[Any] = [["a"], None]
        bad = [Compare(TEXT, "=", value) for value in lists] + [
            Compare(TEXT, "in", "a"),
            attribute("nothing", "=", "x"),
        ]
        bad += [
            Compare(Metric("m"), "<", "a"),
            Compare(NUMBER, "=", 2**63),
            Compare(EdgeDetail("k"), "=", "x"),
        ]
        queries = [Query(where=where) for where in (*bad, deep)]
        queries += [Query(limit=0), Query(cursor="nonsense"), Query(facets=["name"])]
        assert [query for query in queries if not refused(session, query)] == []

    def test_what_no_database_can_hold_is_no_crash(self, session: Session) -> None:
        number, big, half = put(session, "d"), 2**70, "half \ud800"
        ref = ById(number)
        asked: list[Callable[[], object]] = [
            lambda: session.get(ById(big)),
            lambda: session.get_many([number, big]),
            lambda: session.edges([big]),
            lambda: session.edges([number], limit=big),
            lambda: session.history(ref, limit=big),
            lambda: session.changes(-big),
            lambda: session.as_of(ref, big),
            lambda: session.series(ref, "m", steps=(0, big)),
            lambda: session.lineage(Walk(ref, depth=big)),
            lambda: commit(session, PutLabel(ref, "x", valid_from=big)),
            lambda: commit(session, PutEntity(ById(big), owner="x")),
            *(lambda text=text: session.get(ByName("dataset", text)) for text in (half, "nul \x00")),
            *(lambda text=text: session.get(ByExternal(text, text)) for text in (half, "nul \x00")),
            *(
                lambda text=text: found(session, Compare(Property(text), "in", [text]))
                for text in (half, "nul \x00")
            ),
            lambda: found(session, Compare(NUMBER, "in", [1, 2.5, True])),
            lambda: found(session, Compare(Attribute("id"), "in", [1, 2.5])),
            lambda: found(session, Compare(Metric("m"), "not in", [])),
        ]
        for ask in asked:
            with contextlib.suppress(LinealError):
                ask()
        assert names(session, Query()) == ["d"]
        put(session, "works")

    def test_entities_are_found_by_their_relations(self, session: Session) -> None:
        commit(
            session,
            PutEntity(kind="dataset", name="in", handle="in"),
            PutEntity(kind="dataset", name="other", handle="other"),
            PutEntity(kind="run", name="run", handle="run"),
            PutEdge("input", Local("in"), Local("run"), {"context": "training", "n": 7}),
            PutEdge("input", Local("other"), Local("run"), {"context": "testing"}),
        )
        assert found(session, Related("input", "in")) == "run"
        assert found(session, Related("input", "out")) == "inother"
        training = Compare(EdgeDetail("context"), "=", "training")
        assert found(session, Related("input", "out", training)) == "in"
        assert found(session, Related("input", "in", And([training, attribute("name", "=", "other")]))) == ""
        assert found(session, Related("input", "in", And([training, attribute("name", "=", "in")]))) == "run"
        assert found(session, Related("input", "in", Compare(EdgeDetail('no "such" key'), "=", "x"))) == ""
        siblings = Related("input", "out", Related("input", "in", attribute("name", "=", "other")))
        assert found(session, siblings) == "inother"
        assert found(session, Related("output", "in")) == ""

    def test_the_beginning_of_a_text_is_found_by_the_index(self, session: Session) -> None:
        long = "s3://bucket/" + "x" * 60
        texts = [
            "s3://bucket/a",
            "s3://bucket0",
            "s3://bucket",
            "S3://bucket/",
            long,
            f"{long}y",
            "s3:/%_~",
            "s3:/%_\x7f",
            "ü",
        ]
        commit(session, *(PutEntity(kind="artifact", name=each, properties={"at": each}) for each in texts))
        for pattern, expected in {
            "s3://bucket/%": [texts[0], long, f"{long}y"],
            "s3://bucket%": [texts[0], texts[1], texts[2], long, f"{long}y"],
            "s3://bucket_": [texts[1]],
            "s3://bucket": [texts[2]],
            f"{long}%": [long, f"{long}y"],
            f"{long}_": [f"{long}y"],
            "s3:/%": [each for each in texts if each.startswith("s3:/")],
            "s3:/%~": ["s3:/%_~"],
            "ü%": ["ü"],
            "%": texts,
            "": [],
        }.items():
            for kinds in ([], ["artifact"]):
                query = Query(kinds=kinds, where=Compare(Property("at"), "like", pattern))
                names = {entity.name for entity in session.find(query).entities}
                assert names == set(expected), pattern

    def test_entities_are_found_and_ordered_by_their_homes(self, session: Session) -> None:
        homes = [
            PutEntity(kind="experiment", name=name, handle=name, properties={"team": name}) for name in "yx"
        ]
        runs = [
            PutEntity(kind="run", name=f"{name}{number}", home=Local(name))
            for number in (2, 1)
            for name in "xy"
        ]
        commit(session, *homes, *runs, PutEntity(kind="run", name="alone"))
        name, team = OfHome(Attribute("name")), OfHome(Property("team"))
        assert found(session, Compare(name, "=", "x")) == "x2x1"
        assert found(session, Compare(name, "!=", "x")) == "y2y1"
        assert found(session, Compare(team, "in", ["y", "z"])) == "y2y1"
        assert found(session, Compare(name, "is null"), kinds=["run"]) == "alone"
        assert found(session, Compare(OfHome(Property("none")), "is null"), kinds=["run"]) == "x2y2x1y1alone"
        assert found(session, Not(Compare(team, "=", "x")), kinds=["run"]) == "y2y1alone"
        own = Order(Attribute("name"))
        for of in (name, team):
            assert found(session, None, kinds=["run"], order=[Order(of), own]) == "x1x2y1y2alone"
            descending = [Order(of, descending=True), own]
            assert found(session, None, kinds=["run"], order=descending) == "y1y2x1x2alone"

    def test_kinds_include_what_is_below_them(self, session: Session) -> None:
        fill(session)
        assert found(session, None, kinds=["asset"]) == "abcdef"
        assert found(session, None, kinds=["run", "column"]) == "gh"
        assert found(session, None, kinds=["entity"]) == "abcdefgh"

    def test_states(self, session: Session) -> None:
        fill(session)
        commit(session, Remove(ByName("dataset", "identity of b")))
        assert found(session, None) == "acdefgh"
        assert found(session, None, state="deleted") == "b"
        assert found(session, None, state="all") == "abcdefgh"

    @pytest.mark.parametrize(
        ("field", "rising", "last"),
        [
            (NUMBER, "cabdf", "geh"),
            (TEXT, "gefdbac", "h"),
            (Metric("loss"), "ab", "cdefgh"),
            (Attribute("started"), "abcd", "efgh"),
            (Attribute("owner"), "abc", "defgh"),
            (Attribute("name"), "abcdefgh", ""),
            (Attribute("kind"), "abcdefgh", ""),
            (ExternalId("test"), "ab", "cdefgh"),
        ],
        ids=str,
    )
    def test_what_is_missing_comes_last_in_both_directions(
        self, session: Session, field: Field, rising: str, last: str
    ) -> None:
        fill(session)
        up = found(session, None, order=[Order(field)])
        down = found(session, None, order=[Order(field, descending=True)])
        assert up == rising + last
        assert down.endswith(last[-1:] if field in (NUMBER, TEXT) else last)
        assert down[: len(rising)] == rising[::-1] or field in (Attribute("owner"), Attribute("kind"), TEXT)
        assert sorted(down) == sorted(ROWS)

    def test_several_orders(self, session: Session) -> None:
        for name, group, rank in (("a", "x", 2), ("b", "y", 1), ("c", "x", 1), ("d", "y", 2), ("e", "x", 1)):
            put(session, name, group=group, rank=rank)
        orders = [Order(Property("group"), descending=True), Order(Property("rank"))]
        assert found(session, None, order=orders) == "bdcea"

    def test_pages_are_full_and_miss_nothing(self, session: Session) -> None:
        commit(
            session, *(PutEntity(kind="dataset", name=f"{n:03}", properties={"m": n % 7}) for n in range(95))
        )
        for order in ([], [Order(Property("m"))], [Order(Attribute("name"), descending=True)]):
            whole = names(session, Query(order=order))
            cursor, pages = None, []
            while True:
                page = session.find(Query(order=order, limit=20, cursor=cursor, count=True))
                pages.append([entity.name for entity in page.entities])
                assert page.total == 95
                cursor = page.cursor
                if cursor is None:
                    break
            assert [len(page) for page in pages] == [20, 20, 20, 20, 15]
            assert [name for page in pages for name in page] == whole
        assert session.find(Query(limit=95)).cursor is None

    def test_counts_and_facets(self, session: Session) -> None:
        fill(session)
        commit(session, PutLabel(ByName("dataset", "identity of a"), "PII"))
        page = session.find(
            Query(where=Not(attribute("name", "=", "b")), limit=1, facets=["kind", "owner", "label"])
        )
        assert page.total == 7
        assert page.facets == {
            "kind": {"dataset": 5, "run": 2},
            "owner": {"ann": 1, "bob": 1},
            "label": {"PII": 1},
        }
        assert session.counts() == {"dataset": 6, "run": 2}
        assert session.find(Query(where=Labelled("PII"), count=True)).total == 1

    def test_parts_come_along(self, session: Session) -> None:
        fill(session)
        query = Query(
            where=attribute("name", "=", "a"), parts=["properties", "metrics", "external", "labels", "facets"]
        )
        (entity,) = session.find(query).entities
        assert entity.properties == ROWS["a"]
        assert entity.metrics["loss"].value == 0.25
        assert [outside.id for outside in entity.external] == ["x-a"]
        assert session.find(Query(where=attribute("name", "=", "a"), parts=[])).entities[0].properties == {}

    def test_many_are_got_in_order(self, session: Session) -> None:
        ids = [put(session, name) for name in "abc"]
        wanted = [ids[2], ids[0], 10**9, ids[2], ids[1]]
        assert [entity.name for entity in session.get_many(wanted)] == ["c", "a", "b"]
        assert session.get_many([]) == []
        assert [entity.id for entity in session.get_many([ById(ids[0]).id])] == [ids[0]]
