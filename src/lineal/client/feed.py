"""Following the history as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import msgspec

from lineal.catalog.values import Event
from lineal.client.connection import Connection
from lineal.client.transport import InProcessTransport
from lineal.client.wire import Events
from lineal.graph.errors import Unavailable

_SILENCE = 45.0
"""Seconds without even a heartbeat (one each 15 s) after which the connection is taken for dead."""
_PAUSE = 0.5


def follow(connection: Connection, since: int | None) -> Iterator[Event]:
    """Events after commit `since` (None: from now on), without end and each one once."""
    seen = (-1, -1)
    while True:
        try:
            for event in _source(connection, since):
                if (event.commit, event.number) > seen:
                    seen = (event.commit, event.number)
                    since = event.commit - 1
                    yield event
        except Unavailable:
            time.sleep(_PAUSE)


def messages(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each message in a stream of server-sent events; all else in it is passed over."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n\n")
        for message in whole:
            lines = message.split(b"\n")
            data = [line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:")]
            if data:
                yield b"\n".join(data)


def _source(connection: Connection, since: int | None) -> Iterator[Event]:
    if isinstance(connection.transport, InProcessTransport):
        return _poll(connection, _newest(connection) if since is None else since)
    return _listen(connection, since)


def _listen(connection: Connection, since: int | None) -> Iterator[Event]:
    for data in messages(connection.stream("/feed", {"since": since}, silence=_SILENCE)):
        yield msgspec.json.decode(data, type=Event, strict=False)


def _poll(connection: Connection, since: int) -> Iterator[Event]:
    while True:
        batch = connection.get("/changes", Events, {"since": since})
        yield from batch.events
        since = max(batch.last, since)
        if not batch.events:
            time.sleep(_PAUSE)


def _newest(connection: Connection) -> int:
    since = 0
    while (batch := connection.get("/changes", Events, {"since": since})).events:
        since = batch.last
    return since
