"""A piece of the lineage: from some nodes along events, so many hops, up to where it is told to end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lineal.catalog.session import Session
from lineal.graph.mlmd.categories import ARTIFACT, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.events import to_messages
from lineal.graph.mlmd.messages import Message, enum_name, message
from lineal.graph.mlmd.nodes import PARTS
from lineal.graph.model import Edge, Entity
from lineal.graph.query import Attribute, Compare, Query, all_of
from lineal.protocols.mlmd import events, listing, nodes
from lineal.protocols.mlmd.errors import invalid, missing
from lineal.protocols.mlmd.filters import filter

_MOST_HOPS, _MOST_STARTS = 100, 100
_EVERY = 10_000_000
_ENDS = {"UPSTREAM": "in", "DOWNSTREAM": "out"}
"""At which end of an edge a walk stands; without a direction at either."""
_AREAS = (
    "artifacts", "executions", "contexts", "events", "artifact_types", "execution_types", "context_types",
    "associations", "attributions",
)  # fmt: skip


@dataclass
class Walked:
    """What was reached: nodes by id, and the edges between them."""

    nodes: dict[int, Entity] = field(default_factory=dict)
    edges: dict[int, Edge] = field(default_factory=dict)


def subgraph(session: Session, options: Message, areas: Iterable[str]) -> Message:
    """The piece that is asked for, its nodes by their ids only.

    Raises:
        Refused: nothing to start from is named or found, or the number of hops is negative.
    """
    wanted = set(areas) or set(_AREAS)
    hops = options.max_num_hops if options.HasField("max_num_hops") else _MOST_HOPS
    if hops < 0:
        raise invalid("max_num_hops must not be negative")
    starts = _starts(session, options)
    direction = enum_name("LineageSubgraphQueryOptions", "direction", options.direction)
    walked = _walk(session, starts, min(hops, _MOST_HOPS), direction, _Ends(session, options))
    return _answer(session, walked, wanted)


def _starts(session: Session, options: Message) -> list[Entity]:
    which = options.WhichOneof("starting_nodes")
    category = {"starting_artifacts": ARTIFACT, "starting_executions": EXECUTION}.get(which or "")
    if category is None or not getattr(options, which).filter_query:
        raise invalid("a lineage needs starting_artifacts or starting_executions with a filter_query")
    asked = message("ListOperationOptions")(
        max_result_size=_MOST_STARTS, filter_query=getattr(options, which).filter_query
    )
    found = listing.find(session, category, asked).entities
    if not found:
        raise missing("no node to start from matches the filter")
    return found


class _Ends:
    """Where a walk ends."""

    def __init__(self, session: Session, options: Message) -> None:
        self._session = session
        self._rules = {
            category.name: (filter.parse(session, category, rule.filter_query), rule.include_ending_nodes)
            for category, name in ((ARTIFACT, "ending_artifacts"), (EXECUTION, "ending_executions"))
            if options.HasField(name)
            for rule in (getattr(options, name),)
            if rule.filter_query
        }
        self._types = nodes.table(session)

    def split(self, found: list[Entity]) -> tuple[list[Entity], list[Entity]]:
        """Those from which the walk goes on, and those that only end it."""
        if not self._rules:
            return found, []
        on, last = [], []
        for category in (ARTIFACT, EXECUTION):
            mine = [each for each in found if nodes.category_of(self._types, each) is category]
            ending = self._ending(category, mine)
            on += [each for each in mine if each.id not in ending]
            included = category.name in self._rules and self._rules[category.name][1]
            last += [each for each in mine if each.id in ending and included]
        return on, last

    def _ending(self, category: Category, found: list[Entity]) -> set[int]:
        if category.name not in self._rules or not found:
            return set()
        rule, _ = self._rules[category.name]
        ids: list[int | str | float | bool | None] = [each.id for each in found]
        where = all_of(Compare(Attribute("id"), "in", ids), rule.where)
        matching = self._session.find(Query(where=where, limit=len(ids), parts=list(PARTS))).entities
        return {each.id for each in matching if rule.holds is None or rule.holds(each)}


def _walk(session: Session, starts: list[Entity], hops: int, direction: str, ends: _Ends) -> Walked:
    walked = Walked()
    frontier, last = ends.split(starts)
    walked.nodes |= {each.id: each for each in (*frontier, *last)}
    seen = {each.id for each in frontier}
    for _ in range(hops):
        ids = [each.id for each in frontier]
        edges = session.edges(ids, ["input", "output"], _ENDS.get(direction, "both"), _EVERY)
        frontier = _advance(session, walked, edges, seen, ends)
        if not frontier:
            break
    return walked


def _advance(
    session: Session, walked: Walked, edges: list[Edge], seen: set[int], ends: _Ends
) -> list[Entity]:
    """Take in what the edges lead to; the answer is what is new and leads on."""
    reached = {end for edge in edges for end in (edge.source, edge.target)} - seen
    seen |= reached
    unknown = sorted(reached - walked.nodes.keys())
    found = {each.id: each for each in events.shown_nodes(session, unknown)} if unknown else {}
    on, last = ends.split([*found.values(), *(walked.nodes[each] for each in reached & walked.nodes.keys())])
    walked.nodes |= {each.id: each for each in (*on, *last)}
    for edge in edges:
        if edge.source in walked.nodes and edge.target in walked.nodes:
            walked.edges[edge.id] = edge
    return on


def _answer(session: Session, walked: Walked, wanted: set[str]) -> Message:
    types = nodes.table(session)
    graph = message("LineageGraph")()
    by_category = {
        category.name: [each for each in walked.nodes.values() if nodes.category_of(types, each) is category]
        for category in (ARTIFACT, EXECUTION)
    }
    if wanted & {"contexts", "context_types", "associations", "attributions"}:
        by_category[CONTEXT.name] = _add_contexts(session, graph, by_category, wanted)
    for category in (ARTIFACT, EXECUTION, CONTEXT):
        found = by_category.get(category.name, [])
        if f"{category.name}s" in wanted:
            for entity in sorted(found, key=lambda each: each.id):
                getattr(graph, f"{category.name}s").add(id=entity.id)
        if f"{category.name}_types" in wanted:
            for kind in sorted({each.kind for each in found}):
                getattr(graph, f"{category.name}_types").append(types.by_kind[kind].message())
    if "events" in wanted:
        for number in sorted(walked.edges):
            graph.events.extend(to_messages(walked.edges[number]))
    return graph


def _add_contexts(
    session: Session, graph: Message, found: dict[str, list[Entity]], wanted: set[str]
) -> list[Entity]:
    contexts: set[int] = set()
    for category, area, end in (
        (ARTIFACT, "attributions", "artifact_id"),
        (EXECUTION, "associations", "execution_id"),
    ):
        ids = [each.id for each in found[category.name]]
        for edge in session.edges(ids, ["member"], "in", _EVERY) if ids else []:
            contexts.add(edge.source)
            if area in wanted:
                getattr(graph, area).add(context_id=edge.source, **{end: edge.target})
    types = nodes.table(session)
    entities = nodes.with_ids(session, sorted(contexts), ())
    return [each for each in entities if nodes.category_of(types, each) is CONTEXT]
