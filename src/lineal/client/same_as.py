"""Two names of one thing, as methods."""

from __future__ import annotations

from urllib.parse import unquote

from lineal.client.address import Address, as_segment
from lineal.client.connection import Connection
from lineal.graph.change import Commit
from lineal.insight.values import SameAs, SameAsState


class SameNames:
    """What is probably one thing under two names, and what people decide about it."""

    _connection: Connection

    def same_as(self, state: SameAsState = "proposed", *, limit: int = 100, most: int = 5000) -> SameAs:
        """Pairs of data sets that are probably one, the best evidence first; or those that were decided about.

        Args:
            state: `proposed`, `accepted` or `refused`.
            limit: pairs at most.
            most: data sets that are looked at, those changed last first.
        """
        asked = {"state": state, "limit": limit, "most": most}
        return self._connection.get("/same-as", SameAs, asked)

    def accept_same_as(self, first: Address, second: Address) -> Commit:
        """Say that two entities are one: lineage and classifications then cross from either to the other.

        Raises:
            Denied: you may not edit both.
        """
        return self._decide("accept", first, second)

    def refuse_same_as(self, first: Address, second: Address) -> Commit:
        """Say that two entities are not one; they are no longer proposed. Denied as for `accept_same_as`."""
        return self._decide("refuse", first, second)

    def undo_same_as(self, first: Address, second: Address) -> Commit:
        """Take back what was decided about two entities. Denied as for `accept_same_as`."""
        return self._decide("undo", first, second)

    def _decide(self, verb: str, first: Address, second: Address) -> Commit:
        body = {"first": unquote(as_segment(first)), "second": unquote(as_segment(second))}
        return self._connection.post(f"/same-as/{verb}", Commit, body)
