"""Events: how an execution read or wrote an artifact, kept in the detail of the edge between them.

Each type of event has a key of its own in the detail, since one artifact may be several things to one execution.
An edge that another tool put is a plain INPUT or OUTPUT.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lineal.catalog.session import Session
from lineal.graph.model import Edge, Entity
from lineal.protocols.mlmd import nodes
from lineal.protocols.mlmd.categories import ARTIFACT, EXECUTION
from lineal.protocols.mlmd.errors import invalid, taken
from lineal.protocols.mlmd.messages import Message, enum_name, enum_numbers, message
from lineal.protocols.mlmd.writes import Call, Written

PREFIX = "mlmd."
READS = frozenset({"INPUT", "DECLARED_INPUT", "INTERNAL_INPUT"})
WRITES = frozenset({"OUTPUT", "DECLARED_OUTPUT", "INTERNAL_OUTPUT", "PENDING_OUTPUT"})
_EVERY = 10_000_000


def name_of(event: Message) -> str:
    """The name of an event's type; Refused when it has none."""
    found = enum_name("Event", "type", event.type) if event.HasField("type") else "UNKNOWN"
    if found == "UNKNOWN":
        raise invalid("an event needs a type")
    return found


def detail(event: Message) -> dict[str, Any]:
    """What is kept of an event."""
    at = (
        event.milliseconds_since_epoch
        if event.HasField("milliseconds_since_epoch")
        else int(time.time() * 1000)
    )
    found: dict[str, Any] = {"time": at}
    if event.HasField("path"):
        found["path"] = [_step(step) for step in event.path.steps]
    return {PREFIX + name_of(event): found}


def _step(step: Message) -> int | str:
    found: int | str = step.key if step.WhichOneof("value") == "key" else step.index
    return found


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
    places = {each.id for each in marked if nodes.LOCATION in each.properties}
    return [each for each in found if each.id not in places]


def to_messages(edge: Edge) -> Iterator[Message]:
    """The events that an edge stands for."""
    reads = edge.kind == "input"
    artifact, execution = (edge.source, edge.target) if reads else (edge.target, edge.source)
    kinds = {key: held for key, held in edge.detail.items() if key.startswith(PREFIX)}
    for key, held in (kinds or {PREFIX + ("INPUT" if reads else "OUTPUT"): {"time": edge.created}}).items():
        found = message("Event")(artifact_id=artifact, execution_id=execution)
        found.type = enum_numbers("Event", "type")[key.removeprefix(PREFIX)]
        found.milliseconds_since_epoch = held["time"]
        _put_path(found, held.get("path"))
        yield found


def _put_path(event: Message, steps: Iterable[int | str] | None) -> None:
    if steps is None:
        return
    event.path.SetInParent()
    for step in steps:
        added = event.path.steps.add()
        if isinstance(step, str):
            added.key = step
        else:
            added.index = step
