"""Writes of Marquez's older API: each is told as an event of OpenLineage, and taken in as any other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from lineal.protocols.base import Call
from lineal.protocols.openlineage.events import read
from lineal.protocols.openlineage.intake import intake_of

_PRODUCER = "https://github.com/MarquezProject/marquez"
_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"


def facet(**parts: Any) -> dict[str, Any]:
    """A facet."""
    return {"_producer": _PRODUCER, "_schemaURL": f"{_PRODUCER}/blob/main/spec/openapi.yml", **parts}


async def tell(call: Call, kind: str, moment: datetime | None = None, **parts: Any) -> None:
    """Take in an event of a kind: RunEvent, JobEvent or DatasetEvent."""
    at = (moment or datetime.now(UTC)).isoformat()
    told = {"eventTime": at, "producer": _PRODUCER, "schemaURL": f"{_SCHEMA}{kind}", **parts}
    event = read(msgspec.json.encode(told))
    (outcome,) = await intake_of(call.session.catalog).take(call.session, [event])
    if outcome is not None:
        raise outcome
