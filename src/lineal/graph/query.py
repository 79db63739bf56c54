"""The one query type. Every protocol's filter language parses into it; every lineage endpoint is a Walk."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lineal.graph.model import AnyRef, Edge, Entity, Scalar

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "like", "ilike", "in", "not in", "is null", "is not null", "matches"
]


class Attribute(msgspec.Struct, frozen=True, tag="attribute", tag_field="field", forbid_unknown_fields=True):
    """A column of the entity itself.

    One of id, uuid, kind, namespace, name, state, home, owner, revision, created, updated, started, ended, and
    duration: from start to end.
    """

    name: str


class Property(msgspec.Struct, frozen=True, tag="property", tag_field="field", forbid_unknown_fields=True):
    """A typed scalar; compared as a number with a number, as text with text."""

    key: str


class Metric(msgspec.Struct, frozen=True, tag="metric", tag_field="field", forbid_unknown_fields=True):
    """The latest value of a series."""

    key: str


class ExternalId(msgspec.Struct, frozen=True, tag="external", tag_field="field", forbid_unknown_fields=True):
    """The id that a protocol gave the entity."""

    protocol: str


class EdgeDetail(
    msgspec.Struct, frozen=True, tag="edge_detail", tag_field="field", forbid_unknown_fields=True
):
    """A text value of the edge that `Related` is looking at."""

    key: str


class OfHome(msgspec.Struct, frozen=True, tag="of_home", tag_field="field", forbid_unknown_fields=True):
    """An attribute or a property of the entity's home, as far as the caller may see it."""

    of: Attribute | Property


class SpanField(msgspec.Struct, frozen=True, tag="span", tag_field="field", forbid_unknown_fields=True):
    """A part of the span that `HasSpan` is looking at.

    One of name, type, status, started, ended, duration (nanoseconds), model, provider, input_cost, output_cost,
    total_cost, and content: its name, attributes and detail as JSON.
    """

    name: str


class SpanAttribute(
    msgspec.Struct, frozen=True, tag="span_attribute", tag_field="field", forbid_unknown_fields=True
):
    """An attribute of the span that `HasSpan` is looking at, as text; JSON text when it is no scalar."""

    key: str


Field = Attribute | Property | Metric | ExternalId | EdgeDetail | OfHome | SpanField | SpanAttribute


class Compare(msgspec.Struct, frozen=True, tag="compare", tag_field="expr", forbid_unknown_fields=True):
    """`like` is case-sensitive with `%` and `_`, `matches` finds a regular expression; missing is `is null` only."""

    field: Field
    op: Operator
    value: Scalar | list[Scalar] = None


class Labelled(msgspec.Struct, frozen=True, tag="labelled", tag_field="expr", forbid_unknown_fields=True):
    """Bears the label, inherited or not unless `direct`."""

    name: str
    direct: bool = False


Direction = Literal["in", "out"]


class Related(msgspec.Struct, frozen=True, tag="related", tag_field="expr", forbid_unknown_fields=True):
    """Has an edge of this kind (`out`: as its source; `in`: as its target) to an entity that matches `where`."""

    kind: str
    direction: Direction
    where: Expr | None = None


class Contains(msgspec.Struct, frozen=True, tag="contains", tag_field="expr", forbid_unknown_fields=True):
    """Is the home of an active entity of one of these kinds or their subkinds that matches `where`."""

    kinds: list[str]
    where: Expr | None = None


class HasSpan(msgspec.Struct, frozen=True, tag="has_span", tag_field="expr", forbid_unknown_fields=True):
    """Is a trace with a span that matches `where`, which compares parts of spans."""

    where: Expr | None = None


class And(msgspec.Struct, frozen=True, tag="and", tag_field="expr", forbid_unknown_fields=True):
    """All hold; of none, true."""

    parts: list[Expr]


class Or(msgspec.Struct, frozen=True, tag="or", tag_field="expr", forbid_unknown_fields=True):
    """At least one holds; of none, false."""

    parts: list[Expr]


class Not(msgspec.Struct, frozen=True, tag="not", tag_field="expr", forbid_unknown_fields=True):
    """Does not hold."""

    part: Expr


Expr = Compare | Labelled | Related | And | Or | Not | Contains | HasSpan


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entities with a value come first, then NaN, then those without, in both directions."""

    field: Field
    descending: bool = False


Part = Literal["properties", "metrics", "facets", "labels", "external"]


class Query(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What to find.

    Attributes:
        kinds: any of these or their subkinds; empty for all.
        text: words to rank by; the last one is also a prefix, and a misspelt one is corrected.
        order: ties are broken by id; by rank when empty and `text` is given.
        limit: entities in a page.
        cursor: from the page before.
        offset: matches to skip when there is no cursor.
        state: `active`, `deleted` or `all`.
        parts: what to bring along with each entity.
        facets: attributes to count over all matches: kind, namespace, owner, label.
        count: whether to count all matches.
    """

    kinds: list[str] = []
    where: Expr | None = None
    text: str = ""
    order: list[Order] = []
    limit: int = 100
    cursor: str | None = None
    offset: int = 0
    state: Literal["active", "deleted", "all"] = "active"
    parts: list[Part] = msgspec.field(default_factory=lambda: ["properties"])
    facets: list[str] = []
    count: bool = False


class Page(msgspec.Struct, omit_defaults=True):
    """One page of answers.

    Attributes:
        cursor: for the next page; None on the last one.
        total: number of all matches, when asked for.
        facets: attribute → value → count.
        corrected: the text that was searched for instead, when a word was misspelt.
    """

    entities: list[Entity]
    cursor: str | None = None
    total: int | None = None
    facets: dict[str, dict[str, int]] = {}
    corrected: str | None = None


class Summary(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Figures over all that matches, by groups.

    Attributes:
        kinds, where: which active entities, as in a Query.
        of: whether it is about the entities themselves or about their spans.
        spans: a condition on the spans.
        value: what is measured; what lacks it does not count. None counts without measuring.
        figures: any of count, distinct, sum, avg, min, max, and percentiles such as p50 and p99.9, interpolated.
        by: what to group by; what lacks any of these does not count.
        interval: milliseconds; groups by start, too, and before all else.
        limit: groups at most, in their order.
    """

    kinds: list[str] = []
    where: Expr | None = None
    of: Literal["entities", "spans"] = "entities"
    spans: Expr | None = None
    value: Field | None = None
    figures: list[str] = msgspec.field(default_factory=lambda: ["count"])
    by: list[Field] = []
    interval: int | None = None
    limit: int = 1000


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lineage question.

    Attributes:
        direction: `up` to what it came from, `down` to what was made of it.
        depth: number of edges at most; None for the whole closure.
        kinds: only nodes of these kinds (or their subkinds) are returned; walking goes through all.
        edges: edge kinds to follow; empty for every lineage kind.
        limit: nodes at most; the answer says when it was cut.
    """

    start: AnyRef
    direction: Literal["up", "down", "both"] = "both"
    depth: int | None = None
    kinds: list[str] = []
    edges: list[str] = []
    limit: int = 300


class Lineage(msgspec.Struct, omit_defaults=True):
    """A piece of the graph.

    Attributes:
        start: id of the node asked about.
        nodes: those the caller may see.
        hidden: ids of nodes that are there but not for the caller: no name, no kind.
        edges: between all of these.
        truncated: whether `limit` cut the walk.
    """

    start: int
    nodes: list[Entity]
    edges: list[Edge]
    hidden: list[int] = []
    truncated: bool = False


def all_of(*parts: Expr | None) -> Expr | None:
    """The conjunction of those that are given, None when none is."""
    given = [part for part in parts if part is not None]
    return given[0] if len(given) == 1 else And(given) if given else None


def attribute(name: str, op: Operator, value: Any = None) -> Compare:
    """Short for a comparison of an entity's own column."""
    return Compare(Attribute(name), op, value)
