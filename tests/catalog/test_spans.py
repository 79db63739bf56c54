"""Spans have the access of their trace, and cost nothing where nobody asks about them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import Absent, AtRevision, Change, Expect, PutEntity, PutSpans, Remove
from lineal.graph.errors import Denied, ExpectationFailed, NotFound
from lineal.graph.model import ByExternal, ById, ByName, External, Local, Span
from lineal.graph.query import Compare, HasSpan, Property, Query, SpanField, Summary, attribute

SPANS = [Span(f"{number:016x}", f"step {number}", number, number + 1) for number in range(1, 101)]
STEP = HasSpan(Compare(SpanField("name"), "=", "step 5"))


def put_trace(session: Session, name: str, home: str, spans: Sequence[Span] = SPANS) -> int:
    trace = PutEntity(
        kind="trace", name=name, home=ByName("experiment", home), handle="t", properties={"status": "OK"}
    )
    return session.commit(Change([trace, PutSpans(Local("t"), list(spans))])).entities[0]


@pytest.fixture
def filled(session: Session) -> Session:
    """Two experiments, each with a run and two traces."""
    for home in ("mine", "theirs"):
        session.commit(Change([PutEntity(kind="experiment", name=home, unique=True)]))
        run = PutEntity(kind="run", name=f"{home} run", home=ByName("experiment", home))
        session.commit(Change([run]))
        for name in "ab":
            put_trace(session, f"{home} {name}", home)
    return session


@pytest.fixture
def statements(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that a reader runs."""
    found: list[str] = []
    kind: Any = type(catalog.store.reader())
    execute = kind.execute

    def record(self: Any, sql: str, params: Any = ()) -> Any:
        found.append(sql)
        return execute(self, sql, params)

    monkeypatch.setattr(kind, "execute", record)
    return found


def names(session: Session, **asked: Any) -> list[str]:
    return sorted(each.name for each in session.find(Query(**asked)).entities)


def test_who_sees_the_trace_sees_its_spans(
    filled: Session, catalog: Catalog, user: Callable[[str], Session]
) -> None:
    ann = user("ann")
    ids = [each.id for each in filled.find(Query(kinds=["trace"])).entities]
    assert ann.spans(ids) == {} and names(ann, where=STEP) == []
    mine = filled.get(ByName("experiment", "mine"))
    catalog.accounts.add_grant(filled, Grant(0, "ann", "viewer", "entity", mine.uuid))
    seen = [each.id for each in ann.find(Query(kinds=["trace"])).entities]
    assert sorted(ann.spans(ids)) == sorted(seen) and len(seen) == 2
    assert names(ann, where=STEP) == ["mine a", "mine b"]
    assert ann.summarize(Summary(of="spans")) == [[200]]
    assert ann.summarize(Summary(kinds=["trace"])) == [[2]]
    with pytest.raises(Denied):
        ann.commit(Change([PutSpans(ById(seen[0]), SPANS[:1])]))
    with pytest.raises(NotFound):
        ann.commit(Change([PutSpans(ById(next(iter(set(ids) - set(seen)))), SPANS[:1])]))
    catalog.accounts.add_grant(filled, Grant(0, "ann", "editor", "entity", mine.uuid))
    ann.commit(Change([PutSpans(ById(seen[0]), [Span("f" * 16, "more", 1)])]))
    assert len(filled.spans(seen[:1])[seen[0]]) == 101


def test_the_spans_of_what_is_denied_stay_hidden(
    filled: Session, catalog: Catalog, user: Callable[[str], Session]
) -> None:
    ann = user("ann")
    mine = filled.get(ByName("experiment", "mine"))
    secret = filled.find(Query(where=attribute("name", "=", "mine a"))).entities[0]
    catalog.accounts.add_grant(filled, Grant(0, "ann", "viewer", "entity", mine.uuid))
    catalog.accounts.add_grant(filled, Grant(0, "ann", "viewer", "entity", secret.uuid, deny=True))
    assert ann.spans([secret.id]) == {}
    assert names(ann, where=STEP) == ["mine b"]
    assert ann.summarize(Summary(of="spans")) == [[100]]


def test_spans_are_no_nodes(filled: Session, catalog: Catalog) -> None:
    def rows() -> list[tuple[Any, ...]]:
        tables = ("entity", "property", "edge", "external", "facet", "document")
        return [catalog.store.read(f"SELECT COUNT(*) FROM {table}")[0] for table in tables]

    before = rows()
    number = put_trace(filled, "big", "mine", [])
    filled.commit(Change([PutSpans(ById(number), SPANS)]))
    with_one_trace = [after[0] - old[0] for after, old in zip(rows(), before, strict=True)]
    assert with_one_trace == [1, 1, 0, 0, 0, 1]


def test_only_what_asks_about_spans_reads_their_tables(filled: Session, statements: list[str]) -> None:
    filled.find(Query(kinds=["run"], parts=["properties", "metrics", "labels", "external", "facets"]))
    filled.find(Query(kinds=["trace"], where=Compare(Property("status"), "=", "OK"), parts=["properties"]))
    filled.find(Query(text="step"))
    filled.get(ByName("experiment", "mine"))
    assert statements and not any("span" in each for each in statements)
    filled.find(Query(where=STEP))
    assert [each for each in statements if "span_body" in each] == []
    assert any("FROM span " in each for each in statements)


def test_spans_are_found_through_their_key(filled: Session, catalog: Catalog, statements: list[str]) -> None:
    """A trace's spans are looked up by the trace, never by a walk through all spans."""
    ids = [each.id for each in filled.find(Query(kinds=["trace"])).entities]
    filled.spans(ids[:1])
    cx = catalog.store.reader()
    if cx.dialect.name != "sqlite":
        return
    sql = next(each for each in statements if "span_body" in each)
    plan = " ".join(str(row) for row in cx.execute(f"EXPLAIN QUERY PLAN {sql}", (cx.dialect.pack(ids[:1]),)))
    assert "SEARCH s USING PRIMARY KEY (entity=?)" in plan
    assert "SCAN s" not in plan and "SCAN b" not in plan


def test_trace_and_spans_are_one_commit(filled: Session) -> None:
    before = filled.catalog.stats()["transactions"]
    number = put_trace(filled, "new", "mine")
    assert filled.catalog.stats()["transactions"] == before + 1
    assert [event.action for event in filled.history(ById(number))] == ["created"]
    bad = PutSpans(ById(number), [Span("a" * 16, "later", 1)])
    with pytest.raises(NotFound):
        filled.commit(Change([bad, PutSpans(ById(99999), SPANS)]))
    assert len(filled.spans([number])[number]) == 100


def test_many_writers_of_one_trace_lose_nothing(session: Session) -> None:
    ref = ByExternal("test", "t")

    def write(part: Sequence[Span]) -> None:
        for span in part:
            while not _written(span):
                pass

    def _written(span: Span) -> bool:
        try:
            known = session.get(ref, ("properties",))
            count = int(str(known.properties["count"]))
            expected: AtRevision | Absent = AtRevision(known.revision)
            put = PutEntity(ref, properties={"count": count + 1}, handle="t")
        except NotFound:
            external = [External("test", "t")]
            expected = Absent()
            put = PutEntity(kind="trace", name="t", external=external, properties={"count": 1}, handle="t")
        try:
            session.commit(Change([Expect(ref, expected), put, PutSpans(Local("t"), [span])]))
        except ExpectationFailed:
            return False
        return True

    threads = [threading.Thread(target=write, args=(SPANS[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known = session.get(ref, ("properties",))
    assert known.properties["count"] == len(SPANS)
    assert session.spans([known.id])[known.id] == SPANS


def test_a_hard_removal_takes_the_spans_along(filled: Session, catalog: Catalog) -> None:
    filled.commit(Change([Remove(ByName("experiment", "mine"), hard=True, cascade=True)]))
    for table in ("span", "span_body"):
        assert catalog.store.read(f"SELECT COUNT(*) FROM {table}") == [(200,)]
    assert catalog.store.check() == []
