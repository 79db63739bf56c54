"""The server around the door."""

from __future__ import annotations

from lineal.graph.errors import Unavailable
from lineal.protocols.base import Call, Host


def server(call: Call) -> Host:
    """Whom some operations need beside the graph; Unavailable when a door is called without one."""
    if call.host is None:
        raise Unavailable("this needs a server around the door")
    return call.host
