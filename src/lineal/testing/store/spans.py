"""Spans of traces, what is found by them, and figures."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Principal
from lineal.graph.change import AtRevision, Expect, PutEntity, PutSpans, Remove
from lineal.graph.errors import ExpectationFailed, Invalid, NotFound
from lineal.graph.model import ById, Local, Scalar, Span
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Contains,
    Expr,
    Field,
    HasSpan,
    Not,
    Operator,
    Property,
    SpanAttribute,
    SpanField,
    Summary,
    attribute,
)
from lineal.store.check import problems
from lineal.testing.store.base import Suite, commit, put
from lineal.testing.store.entities import same
from lineal.testing.store.finding import found

SECOND = 10**9
VALUES: list[Any] = [None, True, 0, -(2**63), 2**63, 1.5, "", "é\u2028'\"\\%_", [], {}, {"a": [{"b": None}]}]
NUMBERS = [math.nan, math.inf, -math.inf]


def span(number: int, name: str = "step", /, **more: Any) -> Span:
    return Span(f"{number:016x}", name, more.pop("started", number * SECOND), **more)


def put_spans(session: Session, trace: int, *spans: Span) -> None:
    commit(session, PutSpans(ById(trace), list(spans)))


def stored(session: Session, trace: int) -> list[Span]:
    return session.spans([trace]).get(trace, [])


def trace(session: Session, name: str, *spans: Span, **more: Any) -> int:
    entity = PutEntity(kind="trace", name=name, handle="t", **more)
    return commit(session, entity, PutSpans(Local("t"), list(spans)))[0]


def three(session: Session) -> None:
    """Traces `a`, `b` and `c`; `c` without spans."""
    trace(
        session,
        "a",
        span(1, "Root", type="AGENT", status="ok", ended=3 * SECOND),
        span(2, "ask", parent=f"{1:016x}", type="LLM", model="m1", total_cost=0.5, ended=2 * SECOND + 7),
        started=1000,
        properties={"status": "OK"},
    )
    words = {"text": "x y", "yes": True, "count": 5, "list": [1, "z"], "a\\b": "back", 'q"%': "quote"}
    trace(
        session,
        "b",
        span(1, "root", status="error", attributes=words, detail={"events": [{"name": "boom"}]}),
        span(3, "ask", type="LLM", model="m2", total_cost=0.25, ended=4 * SECOND),
        started=3500,
        properties={"status": "ERROR"},
    )
    trace(session, "c", started=9000, properties={"status": "OK"})


def having(field: Field, op: Operator, value: Any = None) -> HasSpan:
    return HasSpan(Compare(field, op, value))


FIELDS: list[tuple[str, Operator, Any, str]] = [
    ("name", "=", "ask", "ab"),
    ("name", "like", "R%", "a"),
    ("name", "ilike", "R%", "ab"),
    ("name", "matches", "^[Rr]oot$", "ab"),
    ("name", "matches", "^root$", "b"),
    ("name", "in", ["root", "none"], "b"),
    ("type", "=", "LLM", "ab"),
    ("type", "!=", "LLM", "a"),
    ("type", "is null", None, "b"),
    ("status", "=", "error", "b"),
    ("status", "=", "unset", "ab"),
    ("started", "<=", SECOND, "ab"),
    ("started", ">", 2 * SECOND, "b"),
    ("ended", "is null", None, "b"),
    ("duration", "<", 8, "a"),
    ("duration", "=", SECOND, "b"),
    ("model", "=", "m2", "b"),
    ("provider", "is not null", None, ""),
    ("total_cost", ">", 0.3, "a"),
    ("content", "like", "%x y%", "b"),
    ("content", "like", "%boom%", "b"),
    ("content", "like", "%Root%", "a"),
]
ATTRIBUTES: list[tuple[str, Operator, Any, str]] = [
    ("text", "=", "x y", "b"),
    ("text", "!=", "x y", ""),
    ("text", "like", "x%", "b"),
    ("text", "matches", "[xyz] y", "b"),
    ("text", "is not null", None, "b"),
    ("text", "is null", None, "ab"),
    ("yes", "=", "true", "b"),
    ("count", "=", "5", "b"),
    ("list", "=", '[1,"z"]', "b"),
    ("a\\b", "=", "back", "b"),
    ('q"%', "=", "quote", "b"),
    ("none", "=", "x", ""),
]


class Spans(Suite):
    def test_they_come_back_the_same(self, session: Session) -> None:
        told = {str(number): value for number, value in enumerate(VALUES)}
        full = span(
            2**64 - 1, "näme", started=-(2**63), ended=2**63 - 1, parent=f"{7:016x}", type="LLM", status="error",
            model="m", provider="p", input_cost=0.1, output_cost=1e-300, total_cost=1e300,
            attributes=told, detail={"events": [told]},
        )  # fmt: skip
        number = trace(session, "t", full, span(0))
        assert stored(session, number) == [span(0), full]

    def test_numbers_that_json_does_not_have_come_back(self, session: Session) -> None:
        mark = {"$number": "x"}
        number = trace(session, "t", span(1, attributes={"n": NUMBERS, "m": mark}, detail={"d": NUMBERS}))
        back = stored(session, number)[0]
        assert all(map(same, back.attributes["n"] + back.detail["d"], NUMBERS * 2))
        assert back.attributes["m"] == mark

    def test_first_what_has_no_parent_and_then_by_start(self, session: Session) -> None:
        first, second = span(9, started=5), span(8, started=6, parent=f"{9:016x}")
        third = span(7, started=7, parent=f"{9:016x}")
        number = trace(session, "t", third, second, first)
        other = trace(session, "u", third)
        assert session.spans([other, number]) == {number: [first, second, third], other: [third]}

    def test_one_with_the_same_id_takes_the_place_of_the_other(self, session: Session) -> None:
        number = trace(session, "t", span(1, attributes={"a": 1}, detail={"d": 1}), span(2))
        put_spans(session, number, span(1, "other"), span(1, "last"), span(3))
        assert [each.name for each in stored(session, number)] == ["last", "step", "step"]

    def test_the_same_again_changes_nothing(self, session: Session, catalog: Catalog) -> None:
        told = [span(1, attributes={"n": math.nan, "b": 1}), span(2)]
        number = trace(session, "t", *told)
        revision, events = session.get(ById(number)).revision, len(session.history(ById(number)))
        for again in (told, told[1:], told[::-1]):
            put_spans(session, number, *again)
        assert session.get(ById(number)).revision == revision
        assert len(session.history(ById(number))) == events
        put_spans(session, number, span(2, status="ok"), told[0])
        assert session.get(ById(number)).revision == revision + 1
        assert session.history(ById(number))[0].after == {"spans": 1}

    def test_they_hold_the_revision_that_was_expected(self, session: Session) -> None:
        number = trace(session, "t")
        revision = session.get(ById(number)).revision
        put_spans(session, number, span(1))
        with pytest.raises(ExpectationFailed):
            commit(session, Expect(ById(number), AtRevision(revision)), PutSpans(ById(number), [span(2)]))
        assert stored(session, number) == [span(1)]

    def test_they_go_with_the_trace(self, session: Session, catalog: Catalog) -> None:
        home = put(session, "e", "experiment")
        number = trace(session, "t", span(1), home=ById(home))
        other = trace(session, "u", span(1))
        commit(session, Remove(ById(number)))
        assert stored(session, number) == [span(1)]
        commit(session, Remove(ById(home), hard=True, cascade=True))
        for table in ("span", "span_body"):
            assert catalog.store.read(f"SELECT entity FROM {table}") == [(other,)]
        assert problems(catalog.store.reader()) == []

    def test_they_are_for_those_who_may_see_the_trace(self, session: Session, catalog: Catalog) -> None:
        three(session)
        number = trace(session, "t", span(1))
        stranger = catalog.session(Principal(99, "stranger"), "test")
        assert stranger.spans([number]) == {}
        assert found(stranger, HasSpan()) == ""
        assert stranger.summarize(Summary(of="spans")) == [[0]]
        with pytest.raises(NotFound):
            put_spans(stranger, number, span(2))
        assert stored(session, number) == [span(1)]

    @pytest.mark.parametrize("bad", [
        {"id": "1"}, {"id": "G" * 16}, {"id": "A" * 16}, {"parent": ""}, {"parent": "x"}, {"name": "a\x00"},
        {"name": "\ud800"}, {"type": "\x00"}, {"model": "\x00"}, {"started": 2**63}, {"ended": -(2**63) - 1},
        {"total_cost": math.nan}, {"input_cost": math.inf}, {"attributes": {"\x00": 1}},
        {"attributes": {"a": "\ud800"}}, {"attributes": json.loads('{"a":' * 300 + "1" + "}" * 300)},
        {"detail": {"a": "\x00"}},
    ], ids=repr)  # fmt: skip
    def test_what_cannot_be_stored_is_refused(self, session: Session, bad: dict[str, Any]) -> None:
        number = trace(session, "t")
        with pytest.raises(Invalid):
            put_spans(session, number, span(1), msgspec.structs.replace(span(2), **bad))
        assert stored(session, number) == []

    def test_only_traces_have_them(self, session: Session) -> None:
        with pytest.raises(Invalid):
            put_spans(session, put(session, "d"), span(1))
        with pytest.raises(NotFound):
            put_spans(session, 9999, span(1))

    @pytest.mark.parametrize(("field", "op", "value", "expected"), FIELDS)
    def test_traces_are_found_by_their_spans(
        self, session: Session, field: str, op: Operator, value: Any, expected: str
    ) -> None:
        three(session)
        assert found(session, having(SpanField(field), op, value)) == expected

    @pytest.mark.parametrize(("key", "op", "value", "expected"), ATTRIBUTES)
    def test_traces_are_found_by_attributes_of_spans(
        self, session: Session, key: str, op: Operator, value: Any, expected: str
    ) -> None:
        three(session)
        assert found(session, having(SpanAttribute(key), op, value)) == expected

    def test_conditions_on_spans_combine(self, session: Session) -> None:
        three(session)
        ask, m1 = Compare(SpanField("name"), "=", "ask"), Compare(SpanField("model"), "=", "m1")
        assert found(session, HasSpan()) == "ab"
        assert found(session, Not(HasSpan()), kinds=["trace"]) == "c"
        assert found(session, HasSpan(And([ask, m1]))) == "a"
        assert found(session, HasSpan(And([ask, Not(m1)]))) == "b"
        root = Compare(SpanField("name"), "=", "root")
        assert found(session, HasSpan(And([root, ask]))) == ""
        assert found(session, And([HasSpan(root), HasSpan(ask)])) == "b"

    @pytest.mark.parametrize("where", [
        HasSpan(attribute("name", "=", "a")),
        HasSpan(HasSpan()),
        HasSpan(Contains(["run"])),
        Compare(SpanField("name"), "=", "a"),
        Compare(SpanAttribute("a"), "=", "a"),
        HasSpan(Compare(SpanField("nope"), "=", "a")),
        HasSpan(Compare(SpanField("started"), "=", "a")),
    ], ids=repr)  # fmt: skip
    def test_ill_formed_conditions_are_refused(self, session: Session, where: Expr) -> None:
        with pytest.raises(Invalid):
            found(session, where)

    @pytest.mark.parametrize("pattern", ["(", "a{1,900}{1,900}", r"(a)\1", "x" * 2000, None])
    def test_what_is_no_regular_expression_is_refused(self, session: Session, pattern: Any) -> None:
        three(session)
        with pytest.raises(Invalid):
            found(session, attribute("name", "matches", pattern))
        assert found(session, attribute("name", "matches", "[ac]")) == "ac"

    def test_what_contains_something(self, session: Session) -> None:
        numbers = [trace(session, name) for name in "ab"]
        for number, value in zip(numbers, (1, 2), strict=True):
            entity = PutEntity(kind="assessment", name="q", home=ById(number), properties={"v": value})
            commit(session, entity)
        gone = PutEntity(kind="assessment", name="q", home=ById(numbers[1]), handle="x", properties={"v": 3})
        commit(session, Remove(ById(commit(session, gone)[0])))
        v = Property("v")
        assert found(session, Contains(["assessment"])) == "ab"
        assert found(session, Contains(["entity"], Compare(v, "=", 2))) == "b"
        assert found(session, Contains(["assessment"], Compare(v, "=", 3))) == ""
        assert found(session, Contains(["run"])) == ""
        assert found(session, Not(Contains(["assessment"], Compare(v, ">", 1))), kinds=["trace"]) == "a"


def figures(session: Session, **asked: Any) -> list[list[Scalar]]:
    return session.summarize(Summary(kinds=["trace"], **asked))


ALL: Sequence[str] = ("count", "sum", "avg", "min", "max", "p0", "p50", "p75", "p100", "distinct")


class Summaries(Suite):
    def test_figures_of_entities(self, session: Session) -> None:
        for number in (1, 2, 3, 10):
            commit(
                session, PutEntity(kind="trace", name="t", properties={"x": number, "who": f"w{number % 2}"})
            )
        put(session, "other", "trace")
        x = Property("x")
        assert figures(session) == [[5]]
        assert figures(session, value=x, figures=list(ALL)) == [
            [4, 16.0, 4.0, 1.0, 10.0, 1.0, 2.5, 4.75, 10.0, 4]
        ]
        assert figures(session, value=x, by=[Property("who")], figures=["sum"]) == [["w0", 12.0], ["w1", 4.0]]
        assert figures(session, where=Compare(x, ">", 100), value=x, figures=["count", "avg"]) == [[0, None]]
        assert figures(session, by=[Property("who")], limit=1) == [["w0", 2]]
        assert figures(session, value=Property("who"), figures=["distinct"]) == [[2]]

    def test_figures_of_spans(self, session: Session) -> None:
        three(session)
        cost, model = SpanField("total_cost"), SpanField("model")
        assert figures(session, of="spans") == [[4]]
        assert figures(session, of="spans", value=cost, figures=["sum"], by=[model]) == [
            ["m1", 0.5],
            ["m2", 0.25],
        ]
        llm = Compare(SpanField("type"), "=", "LLM")
        assert figures(session, of="spans", spans=llm, by=[Property("status")]) == [["ERROR", 1], ["OK", 1]]
        assert figures(session, of="spans", where=attribute("name", "=", "a"), by=[SpanField("name")]) == [
            ["Root", 1],
            ["ask", 1],
        ]

    def test_figures_by_time(self, session: Session) -> None:
        three(session)
        assert figures(session, interval=3000) == [[0, 1], [3000, 1], [9000, 1]]
        assert figures(session, interval=2000, by=[Property("status")]) == [
            [0, "OK", 1],
            [2000, "ERROR", 1],
            [8000, "OK", 1],
        ]
        assert figures(session, of="spans", interval=2000) == [[0, 2], [2000, 2]]
        commit(session, PutEntity(kind="trace", name="before", started=-1))
        assert figures(session, interval=1000, limit=1) == [[-1000, 1]]

    @pytest.mark.parametrize("asked", [
        {"figures": []}, {"figures": ["nope"]}, {"figures": ["sum"]}, {"limit": 0}, {"limit": 10**9},
        {"interval": 0}, {"interval": -1}, {"value": Property("x"), "figures": ["p101"]},
        {"value": Property("x"), "figures": ["p"]}, {"value": SpanField("total_cost"), "figures": ["sum"]},
        {"value": Attribute("nope"), "figures": ["sum"]}, {"by": [SpanField("name")]},
    ], ids=repr)  # fmt: skip
    def test_ill_formed_summaries_are_refused(self, session: Session, asked: dict[str, Any]) -> None:
        with pytest.raises(Invalid):
            figures(session, **asked)
