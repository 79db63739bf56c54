"""A walk of which whoever walks decides, step by step, where it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lineal.catalog import reading
from lineal.catalog.lineage import bare
from lineal.graph.model import AnyRef, Edge
from lineal.store.sql import edges

if TYPE_CHECKING:
    from lineal.catalog.session import Session


class Trail:
    """Leads from what the caller may see along edges of lineage, also through what the caller may not see.

    One goes on only from where one has come to, so that nobody learns of edges elsewhere; what may not be seen is an
    id and nothing else.
    """

    def __init__(self, session: Session, starts: Sequence[AnyRef]) -> None:
        self.session = session
        self.starts = [reading.visible(session, ref).id for ref in starts]
        """Ids of where it begins."""
        self._known = set(self.starts)

    def enter(self, ids: Iterable[int]) -> list[int]:
        """Go on from these, too, as far as the caller may see them; which these are."""
        seen = sorted(reading.seeable(self.session, set(ids)))
        self._known.update(seen)
        return seen

    def step(
        self,
        ids: Iterable[int],
        kinds: Sequence[str],
        *,
        up: bool,
        limit: int,
        ends: Sequence[str] = (),
        beside: Sequence[str] = (),
    ) -> list[Edge]:
        """Edges that lead on from where one has come to, those to the newest entities first.

        Args:
            ids: what one has not come to is left out.
            kinds: of edges; those that carry no lineage lead nowhere.
            up: against the direction of the data.
            limit: edges at most.
            ends: kinds of entities that are to be come to; all if empty.
            beside: kinds that are not.
        """
        catalog = self.session.catalog
        cx = catalog.store.reader()
        condition = edges.ends(self._kinds(ends), self._kinds(beside))
        rows = edges.step(cx, self._own(ids), self._numbers(kinds), up=up, limit=limit, condition=condition)
        found = [reading.edge_of(cx, catalog.symbols, row) for row in rows]
        reached = {edge.source if up else edge.target for edge in found}
        self._known |= reached
        seen = reading.seeable(self.session, {end for edge in found for end in (edge.source, edge.target)})
        return [edge if {edge.source, edge.target} <= seen else bare(edge) for edge in found]

    def count(self, ids: Iterable[int], kinds: Sequence[str], *, up: bool) -> int:
        """To how many entities one would come by all such edges."""
        cx = self.session.catalog.store.reader()
        return edges.count_ends(cx, self._own(ids), self._numbers(kinds), up=up)

    def _own(self, ids: Iterable[int]) -> list[int]:
        return sorted(self._known.intersection(ids))

    def _numbers(self, kinds: Sequence[str]) -> list[int]:
        cx, types = self.session.catalog.store.reader(), self.session.types()
        return [self.session.catalog.symbols.find(cx, kind) for kind in kinds if types.edge(kind).lineage]

    def _kinds(self, ends: Sequence[str]) -> list[int]:
        cx, types = self.session.catalog.store.reader(), self.session.types()
        names = sorted(frozenset().union(*(types.subkinds(kind) for kind in ends)))
        return [self.session.catalog.symbols.find(cx, name) for name in names]
