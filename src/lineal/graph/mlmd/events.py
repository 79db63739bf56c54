"""Events: how an execution read or wrote an artifact, kept in the detail of the edge between them.

Each type of event has a key of its own in the detail, since one artifact may be several things to one execution.
An edge that another tool put is a plain INPUT or OUTPUT.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from lineal.graph.errors import Invalid
from lineal.graph.mlmd.messages import Message, enum_name, enum_numbers, message
from lineal.graph.model import Edge

PREFIX = "mlmd."
READS = frozenset({"INPUT", "DECLARED_INPUT", "INTERNAL_INPUT"})
WRITES = frozenset({"OUTPUT", "DECLARED_OUTPUT", "INTERNAL_OUTPUT", "PENDING_OUTPUT"})


def name_of(event: Message) -> str:
    """The name of an event's type; Invalid when it has none."""
    found = enum_name("Event", "type", event.type) if event.HasField("type") else "UNKNOWN"
    if found == "UNKNOWN":
        raise Invalid("an event needs a type")
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
