"""Input that no database likes: it is refused in Lineal's own words, or stored and found again as it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from lineal.catalog.session import Session
from lineal.graph.change import (
    Absent,
    AnyOperation,
    AppendPoints,
    Change,
    Expect,
    PropertyIn,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    Remove,
    TheEdge,
    TheExternal,
    TheLabel,
    ThePoints,
    UnsetOrEqual,
)
from lineal.graph.errors import Invalid, LinealError, NotFound
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid, External, Local, Point
from lineal.graph.query import (
    Attribute,
    Compare,
    EdgeDetail,
    ExternalId,
    Labelled,
    Metric,
    Not,
    Order,
    Property,
    Query,
    Related,
    Walk,
)

HUGE = 2**70
NUL, HALF, LONG = "a\x00b", "a\ud800b", "x" * 5000
TEXTS = [
    NUL,
    HALF,
    LONG,
    "",
    " ",
    "%",
    "'; DROP TABLE entity; --",
    "\\",
    "\u202e",
    "a" * 300_000,
    "{}",
    "$.x",
]
NOWHERE: list[AnyRef] = [
    ById(HUGE),
    ById(-HUGE),
    ById(0),
    ById(-1),
    *(ByUuid(text) for text in TEXTS),
    *(ByExternal("p", text) for text in TEXTS),
    *(ByExternal(text, "1") for text in TEXTS),
    *(ByName("dataset", text) for text in TEXTS),
    *(ByName("dataset", "d", text) for text in TEXTS),
    *(ByName(text, "d") for text in TEXTS),
    Local("nowhere"),
    Local(NUL),
]
D = ByName("dataset", "d")


@pytest.fixture
def filled(session: Session) -> Session:
    session.commit(
        Change(
            [
                PutEntity(kind="dataset", name="d", unique=True, properties={"p": "x", "n": 1}),
                PutEntity(kind="run", name="r", unique=True, handle="r"),
                PutEdge("input", D, Local("r"), {"role": "x"}),
                PutLabel(D, "pii"),
                AppendPoints(D, [Point("loss", 0.5, 1, 1)]),
            ]
        )
    )
    return session


def refused_or(ask: Callable[[], Any]) -> Any:
    """The answer, or the error if it is one of Lineal's own; any other error is a defect."""
    try:
        return ask()
    except LinealError as error:
        assert str(error).isprintable() or len(str(error)) > 0
        return error


def unharmed(session: Session) -> None:
    """The store answers and takes changes as ever."""
    assert session.counts() == {"dataset": 1, "run": 1}
    before = session.get(D)
    assert session.commit(Change([PutEntity(D, properties={"tick": before.revision})])).id


def test_reads_of_what_cannot_be_there(filled: Session) -> None:
    for ref in NOWHERE:
        nothing_is_read_at(filled, ref)


def nothing_is_read_at(filled: Session, ref: AnyRef) -> None:
    asks: list[Callable[[], Any]] = [
        lambda: filled.get(ref),
        lambda: filled.series(ref, "loss"),
        lambda: filled.history(ref),
        lambda: filled.as_of(ref, 1),
        lambda: filled.why_label(ref, "pii"),
        lambda: filled.why_access(ref, "local"),
        lambda: filled.lineage(Walk(ref)),
        lambda: filled.folder(ref),
    ]
    for ask in asks:
        assert isinstance(refused_or(ask), NotFound | Invalid), ref


def test_changes_of_what_cannot_be_there(filled: Session) -> None:
    for ref in NOWHERE:
        nothing_is_changed_at(filled, ref)


def nothing_is_changed_at(filled: Session, ref: AnyRef) -> None:
    operations: list[AnyOperation] = [
        PutEntity(ref),
        PutEntity(kind="run", name="new", home=ref),
        PutEdge("derived", D, ref),
        PutEdge("derived", ref, D),
        PutFacet(ref, "f", {}),
        PutLabel(ref, "pii"),
        AppendPoints(ref, [Point("k", 1.0, 1, 1)]),
        Remove(ref),
        Remove(ref, hard=True, cascade=True),
        Remove(D, TheEdge("input", ref)),
    ]
    for operation in operations:
        found = refused_or(partial(filled.commit, Change([operation])))
        assert isinstance(found, NotFound | Invalid), operation
    refused_or(lambda: filled.commit(Change([Expect(ref, Absent())])))
    unharmed(filled)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_is_refused_or_comes_back(filled: Session, text: str) -> None:
    put = PutEntity(kind="dataset", name=text, owner=text, properties={"p": text, "q": [text, {"k": text}]})
    found = refused_or(lambda: filled.commit(Change([put])))
    if isinstance(found, LinealError):
        assert isinstance(found, Invalid)
        assert text in (NUL, HALF)
    else:
        entity = filled.get(ById(found.entities[0]))
        assert (entity.name, entity.owner) == (text, text)
        assert entity.properties == put.properties
        filled.commit(Change([Remove(ById(found.entities[0]), hard=True)]))
    unharmed(filled)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_in_every_place_of_a_change(filled: Session, text: str) -> None:
    operations: list[AnyOperation] = [
        PutEntity(kind="dataset", name=text, unique=True, state="deleted"),
        PutEntity(kind="dataset", name="x", unique=True, namespace=text, state="deleted"),
        PutEntity(kind=text, name="x"),
        PutEntity(D, kind=text),
        PutEntity(D, properties={text: 1}),
        PutEntity(D, external=[External("p", text)]),
        PutEntity(D, external=[External(text, "1")]),
        PutEntity(D, handle=text, name=text, unique=False),
        PutEdge(text, D, ByName("run", "r")),
        PutEdge("input", D, ByName("run", "r"), {text: text}),
        PutFacet(D, text, {"a": 1}),
        PutFacet(D, "free", {text: text}, producer=text),
        PutFacet(D, "schema", {"fields": [{"name": text}]}),
        PutLabel(D, text),
        PutLabel(D, "gold", attributes={text: text}),
        PutLabel(D, "gold", text),  # type: ignore[arg-type]
        AppendPoints(D, [Point(text, 1.0, 1, 1)]),
        Remove(D, TheLabel(text)),
        Remove(D, TheExternal(text, text)),
        Remove(D, ThePoints(text)),
        Remove(D, TheEdge(text, ByName("run", "r"))),
        Expect(D, UnsetOrEqual({text: text})),
        Expect(D, PropertyIn(text, [text])),
    ]
    for operation in operations:
        refused_or(partial(filled.commit, Change([operation], note=text)))
        refused_or(partial(filled.commit, Change([operation])))
    assert filled.history(D)
    unharmed(filled)


NUMBERS: list[AnyOperation] = [
    PutEntity(D, properties={"n": HUGE}),
    PutEntity(D, properties={"n": -HUGE}),
    PutEntity(D, started=HUGE),
    PutEntity(D, updated=-HUGE, owner="x"),
    PutEntity(kind="run", created=HUGE),
    PutLabel(D, "pii", valid_from=HUGE),
    PutLabel(D, "pii", valid_until=-HUGE),
    AppendPoints(D, [Point("k", 1.0, HUGE, 1)]),
    AppendPoints(D, [Point("k", 1.0, 1, -HUGE)]),
    AppendPoints(D, [Point("k", 1.0, step, HUGE) for step in range(20)]),
    AppendPoints(D, [Point("k", 10**400, 1, 1)]),
]


def test_numbers_that_do_not_fit_are_refused(filled: Session) -> None:
    for operation in NUMBERS:
        found = refused_or(partial(filled.commit, Change([operation])))
        assert isinstance(found, Invalid), operation
    unharmed(filled)


def test_numbers_in_documents_may_be_of_any_size(filled: Session) -> None:
    document = {"deep": [HUGE, -HUGE, 0.1, 1e300]}
    run = ByName("run", "r")
    filled.commit(
        Change(
            [
                PutEntity(D, properties={"n": document}),
                PutFacet(D, "free", document),
                PutEdge("input", D, run, document),
                PutLabel(D, "pii", attributes=document),
            ]
        )
    )
    entity = filled.get(D, ("properties", "facets", "labels"))
    assert entity.properties["n"] == entity.facets["free"] == entity.labels[0].attributes == document
    [edge] = filled.edges([entity.id])
    assert edge.detail == {"role": "x"} | document


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


NO_DOCUMENTS: list[AnyOperation] = [
    PutEntity(D, properties={"n": nested(5000)}),
    PutEntity(D, properties={"n": nested(300)}),
    PutFacet(D, "free", nested(5000)),
    PutFacet(D, "free", {"n": nested(300)}),
    PutEdge("input", D, ByName("run", "r"), {"n": nested(5000)}),
    PutLabel(D, "pii", attributes={"n": nested(5000)}),
    PutEntity(D, properties={"n": [object()]}),
    PutEntity(D, properties={"n": object()}),  # type: ignore[dict-item]
    PutFacet(D, "free", object()),
]


def test_what_is_no_document_is_refused(filled: Session) -> None:
    for operation in NO_DOCUMENTS:
        with pytest.raises(Invalid):
            filled.commit(Change([operation]))
    filled.commit(Change([PutEntity(D, properties={"n": nested(150)}), PutFacet(D, "free", nested(150))]))
    assert filled.get(D, ("properties", "facets")).facets["free"] == nested(150)
    unharmed(filled)


LISTS: list[list[Any]] = [[1, "x"], ["x", 1], [HUGE], [None], []]
QUERIES = [
    *(
        Query(text=text)
        for text in [*TEXTS, "①", "½ ª", "d:*", "a & | ! ( )", '"', "NEAR(a b)", "x" * 3000, "* *"]
    ),
    *(Query(where=Compare(Property(text), "=", text)) for text in TEXTS),
    *(Query(where=Compare(Property("p"), op, text)) for text in TEXTS for op in ("like", "ilike", "<", "in")),
    *(
        Query(where=Compare(Attribute(name), "=", text))
        for text in TEXTS
        for name in ("name", "kind", "state")
    ),
    *(Query(where=Compare(Attribute(name), "like", "x")) for name in ("created", "id", "state", "kind")),
    *(Query(where=Compare(Attribute(name), "like", 5)) for name in ("created", "name", "state")),
    *(Query(where=Compare(Attribute("id"), "=", value)) for value in (HUGE, -HUGE, 1.5, 1e300, "one", True)),
    *(Query(where=Compare(Property("n"), "<", value)) for value in (HUGE, float("nan"), float("inf"), True)),
    *(Query(where=Compare(Property("n"), "in", values)) for values in LISTS),
    *(Query(where=Compare(Metric(text), ">", 0.1)) for text in TEXTS),
    *(
        Query(where=Compare(Metric("loss"), op, value))
        for op in ("like", "=", "in")
        for value in ("x", HUGE, None)
    ),
    *(Query(where=Compare(ExternalId(text), "=", text)) for text in TEXTS),
    *(Query(where=Labelled(text)) for text in TEXTS),
    *(Query(where=Related(text, "out")) for text in TEXTS),
    *(Query(where=Related("input", "out", Compare(EdgeDetail(text), "=", text))) for text in TEXTS),
    *(Query(where=Related("input", "out", Compare(EdgeDetail(text), "not in", [text]))) for text in TEXTS),
    Query(where=Compare(EdgeDetail("role"), "=", "x")),
    Query(where=Compare(Attribute("nothing"), "=", 1)),
    Query(where=Compare(Property("p"), "no such operator", 1)),  # type: ignore[arg-type]
    *(Query(kinds=[text]) for text in TEXTS),
    *(
        Query(order=[Order(field(text))])
        for text in TEXTS
        for field in (Property, Metric, ExternalId, Attribute)
    ),
    *(Query(limit=limit) for limit in (0, -1, 10**9, HUGE)),
    *(Query(cursor=text) for text in [*TEXTS, "bzE=", "b2E=", "bzk5OTk5OTk5OTk5OTk5OTk5"]),
    *(Query(facets=[text]) for text in TEXTS),
]


def test_queries_are_answered_or_refused(filled: Session) -> None:
    for query in QUERIES:
        found = refused_or(partial(filled.find, query))
        assert not isinstance(found, LinealError) or isinstance(found, Invalid), query


def test_a_filter_nested_beyond_reason_is_refused(filled: Session) -> None:
    deep: Any = Labelled("pii")
    for _ in range(3000):
        deep = Not(deep)
    with pytest.raises(Invalid, match="nested"):
        filled.find(Query(where=deep))


@pytest.mark.parametrize("number", [HUGE, -HUGE, -1, 0])
def test_numbers_that_make_no_sense_in_a_question(filled: Session, number: int) -> None:
    asks: list[Callable[[], Any]] = [
        lambda: filled.history(D, limit=number),
        lambda: filled.changes(number),
        lambda: filled.changes(0, limit=number),
        lambda: filled.as_of(D, number),
        lambda: filled.suggest("d", limit=number),
        lambda: filled.edges([number]),
        lambda: filled.edges([1], limit=number),
        lambda: filled.get_many([number]),
        lambda: filled.series(D, "loss", limit=number),
        lambda: filled.series(D, "loss", offset=number),
        lambda: filled.series(D, "loss", buckets=number),
        lambda: filled.series(D, "loss", steps=(number, HUGE)),
        lambda: filled.lineage(Walk(D, depth=number)),
        lambda: filled.lineage(Walk(D, limit=number)),
    ]
    for ask in asks:
        refused_or(ask)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_in_every_place_of_a_question(filled: Session, text: str) -> None:
    asks: list[Callable[[], Any]] = [
        lambda: filled.suggest(text),
        lambda: filled.series(D, text),
        lambda: filled.why_label(D, text),
        lambda: filled.why_access(D, text),
        lambda: filled.edges([1], [text]),
        lambda: filled.edges([1], [], text),
        lambda: filled.lineage(Walk(D, edges=[text])),
        lambda: filled.lineage(Walk(D, kinds=[text])),
    ]
    for ask in asks:
        refused_or(ask)


@pytest.mark.timeout(60)
def test_a_walk_of_any_depth_through_a_circle_ends(session: Session) -> None:
    names = [f"n{number}" for number in range(30)]
    puts: list[AnyOperation] = [PutEntity(kind="dataset", name=name, unique=True) for name in names]
    for one in names:
        puts += [
            PutEdge("derived", ByName("dataset", one), ByName("dataset", two)) for two in names if two != one
        ]
    session.commit(Change(puts))
    for depth in (1, 3, 1000, 10**9, 2**63 - 1):
        assert len(session.lineage(Walk(ByName("dataset", "n0"), depth=depth)).nodes) == len(names)
