"""Random changes and queries over small vocabularies, so that things meet."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from tests.catalog.model import Thing

from lineal.graph.change import (
    AnyOperation,
    AppendPoints,
    Change,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    Remove,
    TheEdge,
    TheEntity,
    TheExternal,
    TheLabel,
    ThePoints,
)
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid, External, Local, Point
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
    Or,
    Order,
    Property,
    Query,
    Related,
    Walk,
)
from lineal.graph.types import EdgeDef, KindDef, LabelDef

DEFINITIONS = (
    KindDef("table", supertypes=["dataset"]),
    KindDef("view", supertypes=["table", "artifact"]),
    LabelDef("personal"),
    LabelDef("email", supertypes=["personal"]),
    LabelDef("draft", propagates=False),
    EdgeDef("reads", source="process", target="asset", flow="backward", lineage=False),
)
KINDS = st.sampled_from(["dataset", "table", "view", "artifact", "run", "job", "experiment", "model"])
NAMES = st.sampled_from(["a", "b", "C", "d_1", "D%", "é"])
NAMESPACES = st.sampled_from(["default", "s3://lake"])
OWNERS = st.sampled_from(["ann", "Bob", "cleo"])
KEYS = st.sampled_from(["p", "q", "tag.x"])
METRICS = st.sampled_from(["loss", "acc"])
LABELS = st.sampled_from(["personal", "email", "draft", "loose"])
EDGES = st.sampled_from(["input", "output", "derived", "member", "parent", "reads", "version"])
TIMES = st.integers(-3, 60)
NUMBERS = st.sampled_from([0, 1, 2, -1, 2.0, 0.5, -0.0, 2**53 + 1, True, False])
TEXTS = st.sampled_from(["", "x", "X", "xy", "1", "100%"])
VALUES = NUMBERS | TEXTS | st.sampled_from([math.nan, math.inf, {"deep": [1, None]}, ["x"]])
PROPERTIES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(KEYS, VALUES | st.none(), max_size=2)
EXTERNALS = st.builds(External, st.sampled_from(["left", "right"]), st.sampled_from(["1", "2", "3"]))
DETAILS = st.dictionaries(st.sampled_from(["role", "port"]), TEXTS, max_size=1)
FLOATS = st.sampled_from([0.0, 1.0, -1.5, 2.0, math.nan, math.inf, -math.inf])
POINTS = st.builds(Point, METRICS, FLOATS, st.integers(0, 3), st.integers(0, 3))
SOME_POINTS = st.lists(POINTS, max_size=3) | st.builds(
    lambda key, values: [Point(key, value, step % 5, step) for step, value in enumerate(values)],
    METRICS,
    st.lists(FLOATS, min_size=16, max_size=20),
)


def maybe(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | some


def refs(things: list[Thing], handles: list[str] = []) -> st.SearchStrategy[AnyRef]:  # noqa: B006
    """Addresses of what there is, in every way, seldom of what there is not."""
    choices: list[AnyRef] = [Local(handle) for handle in (*handles, *handles)]
    for each in things:
        choices += [ById(each.id), ByUuid(each.uuid)]
        choices += [ByName(each.kind, each.key, each.namespace)] if each.key else []
        choices += [ByExternal(*outside) for outside in sorted(each.external)]
    return st.sampled_from(choices or [ById(999_999)])


@st.composite
def creations(
    draw: st.DrawFn, things: list[Thing], handles: list[str], handle: str | None = None
) -> PutEntity:
    return PutEntity(
        kind=draw(KINDS),
        namespace=draw(NAMESPACES),
        name=draw(maybe(NAMES)),
        unique=draw(st.booleans()),
        home=draw(maybe(refs(things, handles))) if things or handles else None,
        owner=draw(maybe(OWNERS)),
        state=draw(st.sampled_from([None, None, None, "deleted"])),
        created=draw(maybe(TIMES)),
        started=draw(maybe(TIMES)),
        properties=draw(PROPERTIES),
        external=draw(st.lists(EXTERNALS, max_size=1)),
        handle=handle,
    )


@st.composite
def updates(draw: st.DrawFn, things: list[Thing], handles: list[str] = []) -> PutEntity:  # noqa: B006
    return PutEntity(
        ref=draw(refs(things, handles)),
        kind=draw(st.sampled_from([None, None, "table", "view"])),
        name=draw(maybe(NAMES)),
        unique=draw(st.booleans()),
        home=draw(maybe(refs(things, handles))),
        owner=draw(maybe(OWNERS)),
        state=draw(st.sampled_from([None, None, "active", "deleted"])),
        cascade=draw(st.booleans()),
        updated=draw(maybe(st.integers(100, 200))),
        started=draw(maybe(TIMES)),
        ended=draw(maybe(TIMES)),
        properties=draw(PROPERTIES),
        external=draw(st.lists(EXTERNALS, max_size=1)),
    )


def edge_puts(things: list[Thing], handles: list[str] = []) -> st.SearchStrategy[PutEdge]:  # noqa: B006
    ends = refs(things, handles)
    return st.builds(PutEdge, EDGES, ends, ends, DETAILS)


def label_puts(things: list[Thing], handles: list[str] = []) -> st.SearchStrategy[PutLabel]:  # noqa: B006
    return st.builds(
        PutLabel,
        refs(things, handles),
        LABELS,
        st.sampled_from(["classification", "classification", "classification", "tag", "term"]),
        DETAILS,
        st.sampled_from([None, None, 0, 10**15]),
        st.sampled_from([None, None, 1, 10**15]),
    )


def facet_puts(things: list[Thing], handles: list[str] = []) -> st.SearchStrategy[PutFacet]:  # noqa: B006
    columns = st.sampled_from([None, {"fields": [{"name": "customerId"}]}])
    anything = st.sampled_from([None, {"a": {"b": None}}, [1, 2.5, "x"], "text"])
    ref = refs(things, handles)
    return st.builds(PutFacet, ref, st.just("schema"), columns) | st.builds(
        PutFacet, ref, st.just("other"), anything
    )


def removals(things: list[Thing], handles: list[str] = []) -> st.SearchStrategy[Remove]:  # noqa: B006
    ref = refs(things, handles)
    what = (
        st.builds(TheEdge, EDGES, ref)
        | st.builds(TheLabel, LABELS)
        | st.builds(ThePoints, METRICS)
        | st.builds(lambda outside: TheExternal(outside.protocol, outside.id), EXTERNALS)
    )
    return st.builds(Remove, ref, what) | entity_removals(things, handles)


def entity_removals(things: list[Thing], handles: list[str] = []) -> st.SearchStrategy[Remove]:  # noqa: B006
    ref = refs(things, handles)
    return st.builds(Remove, ref, st.just(TheEntity()), st.booleans(), st.booleans())


def operations(things: list[Thing], handles: list[str]) -> st.SearchStrategy[AnyOperation]:
    """Anything but a creation, about what there is or was put before."""
    return st.one_of(
        updates(things, handles),
        edge_puts(things, handles),
        label_puts(things, handles),
        facet_puts(things, handles),
        st.builds(AppendPoints, refs(things, handles), SOME_POINTS),
        removals(things, handles),
    )


@st.composite
def changes(draw: st.DrawFn, things: list[Thing]) -> Change:
    """Several operations together, with new entities among them."""
    done: list[AnyOperation] = []
    handles: list[str] = []
    for number in range(draw(st.integers(0, 2))):
        done.append(draw(creations(things, list(handles), f"h{number}")))
        handles.append(f"h{number}")
    if things or handles:
        done += draw(st.lists(operations(things, handles), min_size=1, max_size=5))
    return Change(done)


ATTRIBUTES: list[tuple[str, st.SearchStrategy[Any]]] = [
    ("name", NAMES),
    ("owner", OWNERS),
    ("kind", KINDS),
    ("namespace", NAMESPACES),
    ("created", TIMES),
    ("started", TIMES),
    ("ended", TIMES),
    ("revision", st.integers(1, 3)),
]
PATTERNS = st.sampled_from(["%", "x%", "_", "%B", "d__", "", "X", "1%"])


@st.composite
def attribute_comparisons(draw: st.DrawFn) -> Compare:
    name, values = draw(st.sampled_from(ATTRIBUTES))
    textual = name in ("name", "owner", "kind", "namespace")
    return Compare(Attribute(name), *draw(conditions(values, textual=textual)))


@st.composite
def conditions(draw: st.DrawFn, values: st.SearchStrategy[Any], *, textual: bool) -> tuple[Any, Any]:
    """An operator with a value that goes with it."""
    op = draw(
        st.sampled_from(
            ["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null", "like", "ilike"]
        )
    )
    if op in ("is null", "is not null"):
        return op, None
    if op in ("in", "not in"):
        return op, draw(st.lists(values, max_size=2))
    if op in ("like", "ilike"):
        return (op, draw(PATTERNS)) if textual else ("=", draw(values))
    return op, draw(values)


def _of_home(own: Compare) -> Compare:
    assert isinstance(own.field, Attribute)
    return Compare(OfHome(own.field), own.op, own.value)


@st.composite
def comparisons(draw: st.DrawFn, inside_related: bool) -> Compare:
    choices: list[st.SearchStrategy[Any]] = [
        attribute_comparisons(),
        st.builds(lambda key, rest: Compare(Property(key), *rest), KEYS, conditions(NUMBERS, textual=False)),
        st.builds(lambda key, rest: Compare(Property(key), *rest), KEYS, conditions(TEXTS, textual=True)),
        st.builds(
            lambda key, rest: Compare(Metric(key), *rest),
            METRICS,
            conditions(st.sampled_from([0.0, 1.0, -1.5]), textual=False),
        ),
        st.builds(
            lambda protocol, rest: Compare(ExternalId(protocol), *rest),
            st.sampled_from(["left", "right", "nowhere"]),
            st.sampled_from([("=", "1"), ("in", ["1", "2"]), ("is null", None), ("is not null", None)]),
        ),
        attribute_comparisons().map(_of_home),
        st.builds(
            lambda key, rest: Compare(OfHome(Property(key)), *rest), KEYS, conditions(TEXTS, textual=True)
        ),
    ]
    if inside_related:
        choices.append(
            st.builds(
                lambda key, rest: Compare(EdgeDetail(key), *rest),
                st.sampled_from(["role", "port"]),
                conditions(TEXTS, textual=True),
            )
        )
    found: Compare = draw(st.one_of(choices))
    return found


def expressions(inside_related: bool = False, depth: int = 3) -> st.SearchStrategy[Expr]:
    leaves = comparisons(inside_related) | st.builds(Labelled, LABELS, st.booleans())
    if depth == 0:
        return leaves
    inner = st.deferred(lambda: expressions(inside_related, depth - 1))
    return st.one_of(
        leaves,
        st.builds(And, st.lists(inner, max_size=3)),
        st.builds(Or, st.lists(inner, max_size=3)),
        st.builds(Not, inner),
        st.builds(
            Related,
            EDGES,
            st.sampled_from(["in", "out"]),
            maybe(st.deferred(lambda: expressions(True, min(depth - 1, 1)))),
        ),
    )


def fields() -> st.SearchStrategy[Field]:
    names = ["name", "owner", "kind", "namespace", "created", "started", "ended", "revision", "updated"]
    return (
        st.builds(Attribute, st.sampled_from(names))
        | st.builds(Metric, METRICS)
        | st.builds(ExternalId, st.just("left"))
        | st.builds(OfHome, st.builds(Attribute, st.sampled_from(names)))
    )


ORDERS = st.lists(st.builds(Order, fields(), st.booleans()), max_size=2)


def queries() -> st.SearchStrategy[Query]:
    return st.builds(
        Query,
        kinds=st.lists(st.sampled_from(["dataset", "process", "asset", "view", "run"]), max_size=2),
        where=maybe(expressions()),
        order=ORDERS,
        limit=st.integers(1, 4),
        state=st.sampled_from(["active", "deleted", "all"]),
        facets=st.lists(st.sampled_from(["kind", "namespace", "owner", "label"]), max_size=4, unique=True),
        count=st.booleans(),
    )


def walks(ref: AnyRef) -> st.SearchStrategy[Walk]:
    return st.builds(
        Walk,
        start=st.just(ref),
        direction=st.sampled_from(["up", "down", "both"]),
        depth=maybe(st.integers(0, 4)),
        edges=st.lists(st.sampled_from(["input", "output", "derived", "version"]), max_size=2, unique=True),
    )
