"""The live feed: each follower reads the history on from where it is, whenever a commit arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from lineal.catalog.session import Session
from lineal.catalog.values import Event

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog

HEARTBEAT = 15.0
PAGE = 1000

_PAUSE = 0.05
_POLL = 2.0
_LONGEST = 900.0


class Feed:
    """Wakes followers. Nothing waits in memory for a slow one: it holds a position, and asks the store.

    Args:
        catalog: whose history it is.
        readers: threads for reading it.
    """

    def __init__(self, catalog: Catalog, readers: Executor) -> None:
        self._catalog = catalog
        self._readers = readers
        self._newest = 0
        self._waiting: set[asyncio.Event] = set()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe = catalog.subscribe(self._committed)

    async def follow(self, session: Session, since: int) -> AsyncIterator[list[Event]]:
        """What the session may see after commit `since`, as it happens; [] is a heartbeat.

        Ends after a quarter of an hour, so that a follower whose credentials have expired does not stay.
        """
        self._loop = asyncio.get_running_loop()
        end = time.monotonic() + _LONGEST
        heartbeat = time.monotonic() + HEARTBEAT
        while not self._closed and time.monotonic() < end:
            newest = self._newest
            events = await self._loop.run_in_executor(self._readers, session.changes, since, PAGE)
            if events or time.monotonic() >= heartbeat:
                yield events
                heartbeat = time.monotonic() + HEARTBEAT
            if events:
                since = events[-1].commit
            else:
                since = max(since, newest)
                await self._wait(newest, heartbeat - time.monotonic())
            await asyncio.sleep(_PAUSE)

    def close(self) -> None:
        """End every follower's stream."""
        if self._closed:
            return
        self._closed = True
        self._unsubscribe()
        self._wake()

    def _committed(self, commit: int) -> None:
        """Called on the writer's thread."""
        self._newest = max(self._newest, commit)
        if self._waiting and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()

    async def _wait(self, newest: int, seconds: float) -> None:
        """Until there is a newer commit; other processes' commits on a shared database are looked for."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            if self._newest == newest and not self._closed:
                await asyncio.wait_for(event.wait(), seconds if self._catalog.store.embedded else _POLL)
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(event)
