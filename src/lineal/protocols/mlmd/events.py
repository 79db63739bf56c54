"""Events as a session sees and puts them."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.catalog.session import Session
from lineal.graph.mlmd.categories import ARTIFACT, EXECUTION
from lineal.graph.mlmd.events import READS, detail, name_of, to_messages
from lineal.graph.mlmd.messages import Message
from lineal.graph.mlmd.nodes import LOCATION
from lineal.graph.model import Entity
from lineal.protocols.mlmd import nodes
from lineal.protocols.mlmd.errors import invalid, taken
from lineal.protocols.mlmd.writes import Call, Written

_EVERY = 10_000_000


def relate(call: Call, execution: Written, artifact: Written, event: Message) -> None:
    """Add an event to a call."""
    call.relate(execution, artifact, detail(event), name_of(event) in READS)


def put(call: Call, events: Sequence[Message]) -> None:
    """Add events between stored nodes to a call.

    Raises:
        Refused: an end is missing, or the same event is there already.
    """
    call.load(each for event in events for each in (event.artifact_id, event.execution_id))
    there = _known(call.session, events)
    for event in events:
        artifact, execution = (
            call.stored(ARTIFACT, event.artifact_id),
            call.stored(EXECUTION, event.execution_id),
        )
        if artifact is None or execution is None:
            raise invalid(f"there is no artifact {event.artifact_id} or no execution {event.execution_id}")
        same = (event.artifact_id, event.execution_id, name_of(event))
        if same in there:
            raise taken(f"artifact {same[0]} and execution {same[1]} have an event {same[2]}")
        there.add(same)
        relate(call, call.written(execution), call.written(artifact), event)


def _known(session: Session, events: Sequence[Message]) -> set[tuple[int, int, str]]:
    stored = of(session, [event.execution_id for event in events], EXECUTION.name)
    return {(each.artifact_id, each.execution_id, name_of(each)) for each in stored}


def of(session: Session, ids: Sequence[int], category: str) -> list[Message]:
    """The events of these executions or artifacts, in the order in which their edges came."""
    reads, writes = ("in", "out") if category == EXECUTION.name else ("out", "in")
    edges = [
        *session.edges(ids, ["input"], reads, _EVERY),
        *session.edges(ids, ["output"], writes, _EVERY),
    ]
    ends = {end for edge in edges for end in (edge.source, edge.target)} - set(ids)
    shown = {each.id for each in shown_nodes(session, sorted(ends))} | set(ids)
    found = sorted((edge for edge in edges if {edge.source, edge.target} <= shown), key=lambda edge: edge.id)
    return [event for edge in found for event in to_messages(edge)]


def shown_nodes(session: Session, ids: Sequence[int]) -> list[Entity]:
    """Those of the entities that are nodes to ML Metadata; without their properties."""
    types = nodes.table(session)
    found = [each for each in nodes.with_ids(session, ids, ()) if each.kind in types.by_kind]
    # Only a data set that is no artifact of ours can stand for a place.
    others = [each.id for each in found if not types.by_kind[each.kind].prefix]
    marked = session.get_many(others, ("properties",)) if others else []
    places = {each.id for each in marked if LOCATION in each.properties}
    return [each for each in found if each.id not in places]
