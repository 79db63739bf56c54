"""Lineage: one walk over the lineage edges, shaped for whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lineal.catalog import reading
from lineal.graph.errors import Invalid
from lineal.graph.model import Edge
from lineal.graph.query import Lineage, Walk
from lineal.store.sql import edges

if TYPE_CHECKING:
    from lineal.catalog.session import Session

_MOST = 10_000


def lineage(session: Session, walk: Walk) -> Lineage:
    """Walk from an entity; what the caller may not see appears without name or kind.

    Raises:
        Invalid: depth or limit make no sense, or an edge kind is unknown or carries no lineage.
        NotFound: the start cannot be seen.
    """
    if not 1 <= walk.limit <= _MOST or (walk.depth is not None and walk.depth < 0):
        raise Invalid(f"a walk has a limit of 1 to {_MOST} and a depth of at least 0")
    start = reading.visible(session, walk.start)
    kinds = _edge_kinds(session, walk)
    reached, truncated = _reached(session, walk, start.id, kinds)
    cx = session.catalog.store.reader()
    symbols = session.catalog.symbols
    between = [reading.edge_of(cx, symbols, row) for row in edges.between(cx, reached, kinds)]
    nodes = reading.get_many(session, reached, ())
    seen = {node.id for node in nodes}
    hidden = [number for number in reached if number not in seen]
    shown = [edge if edge.source in seen and edge.target in seen else bare(edge) for edge in between]
    return _only_kinds(session, walk, Lineage(start.id, nodes, shown, hidden, truncated))


def _edge_kinds(session: Session, walk: Walk) -> list[int]:
    types = session.types()
    for name in walk.edges:
        if not types.edge(name).lineage:
            raise Invalid(f"edges of kind {name} carry no lineage")
    names = walk.edges or [each.name for each in types.edges() if each.lineage]
    cx = session.catalog.store.reader()
    return [session.catalog.symbols.find(cx, name) for name in names]


def _reached(session: Session, walk: Walk, start: int, kinds: list[int]) -> tuple[list[int], bool]:
    cx = session.catalog.store.reader()
    found: dict[int, None] = {}
    truncated = False
    for up in {"up": [True], "down": [False]}.get(walk.direction, [True, False]):
        part = edges.reach(cx, start, kinds, up=up, depth=walk.depth, limit=walk.limit + 1)
        truncated = truncated or len(part) > walk.limit
        found |= dict.fromkeys(part[: walk.limit])
    ids = list(found)
    return ids[: walk.limit], truncated or len(ids) > walk.limit


def bare(edge: Edge) -> Edge:
    """An edge at something that may not be seen."""
    return msgspec.structs.replace(edge, detail={})


def _only_kinds(session: Session, walk: Walk, found: Lineage) -> Lineage:
    """Keep nodes of the kinds asked for, and the start."""
    if not walk.kinds:
        return found
    wanted = frozenset().union(*(session.types().subkinds(kind) for kind in walk.kinds))
    nodes = [node for node in found.nodes if node.kind in wanted or node.id == found.start]
    kept = {node.id for node in nodes}
    between = [edge for edge in found.edges if edge.source in kept and edge.target in kept]
    return Lineage(found.start, nodes, between, [], found.truncated)
