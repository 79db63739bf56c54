"""Two names of one thing: what is proposed, and what people decide."""

from __future__ import annotations

from lineal.graph.change import Commit
from lineal.graph.model import AnyRef
from lineal.graph.names import parse_ref
from lineal.insight import same_as
from lineal.insight.values import SameAs
from lineal.protocols.native import wire
from lineal.protocols.native.asked import Asked


def proposals(asked: Asked[wire.SameAsParameters, None]) -> SameAs:
    """Pairs of data sets that are probably one, or about which it was decided, with the evidence."""
    wanted = asked.query
    return same_as.proposals(asked.session, wanted.state, limit=wanted.limit, most=wanted.most)


def accept(asked: Asked[None, wire.Two]) -> Commit:
    """Say that two entities are one: lineage and classifications then cross from either to the other."""
    return same_as.accept(asked.session, *_both(asked))


def refuse(asked: Asked[None, wire.Two]) -> Commit:
    """Say that two entities are not one; they are no longer proposed."""
    return same_as.refuse(asked.session, *_both(asked))


def undo(asked: Asked[None, wire.Two]) -> Commit:
    """Take back what was decided about two entities."""
    return same_as.undo(asked.session, *_both(asked))


def _both(asked: Asked[None, wire.Two]) -> tuple[AnyRef, AnyRef]:
    return parse_ref(asked.body.first), parse_ref(asked.body.second)
