"""One writer thread and group commit: what waits is written in one transaction, and answered after it is durable."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lineal.graph.errors import LinealError, Unavailable
from lineal.store.base import Connection, Driver

BATCH = 512
Work = Callable[[Connection], Any]


class Hooks(Protocol):
    """What the owner of the writer does around transactions."""

    def forget(self) -> None:
        """Drop whatever was cached from this connection: a transaction was undone."""

    def overtaken(self, cx: Connection) -> None:
        """Another process wrote since the last transaction here; called within the next one."""

    def committed(self, results: Sequence[Any]) -> None:
        """A transaction is durable; these are its results."""


class Ticket:
    """One piece of work and where its outcome goes."""

    __slots__ = ("_event", "_future", "error", "result", "work")

    def __init__(self, work: Work, future: asyncio.Future[Any] | None) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self._future = future
        self._event = None if future else threading.Event()

    def wait(self) -> Any:
        """Block until it is durable; its result, or its error raised."""
        assert self._event is not None
        self._event.wait()
        if self.error is not None:
            raise self.error
        return self.result

    def settle(self) -> None:
        """Hand the outcome over, on the thread that waits for it."""
        if self._future is None or self._future.done():
            return
        if self.error is not None:
            self._future.set_exception(self.error)
        else:
            self._future.set_result(self.result)

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that waits, if one does."""
        return self._future.get_loop() if self._future else None

    def wake(self) -> None:
        """Let a blocked thread go on."""
        if self._event is not None:
            self._event.set()


class Writer:
    """Owns the only write connection of this process."""

    def __init__(self, driver: Driver, hooks: Hooks) -> None:
        self._driver = driver
        self._hooks = hooks
        self._queue: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._cx: Connection | None = driver.connect(readonly=False)
        self._closed = False
        self.batches = 0
        self.requests = 0
        self._thread = threading.Thread(target=self._loop, name="lineal-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return self._queue.qsize()

    def run(self, work: Work) -> Any:
        """Do the work in a transaction and block until it is durable."""
        ticket = Ticket(work, None)
        self._put(ticket)
        return ticket.wait()

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """The same for a coroutine."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._put(Ticket(work, future))
        return future

    def close(self) -> None:
        """Write what waits, then stop."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _put(self, ticket: Ticket) -> None:
        if self._closed:
            raise Unavailable("the store is closing")
        self._queue.put(ticket)

    def _loop(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._gather()
            if batch:
                self._write(batch)
                _settle(batch)
        if self._cx is not None:
            self._cx.close()

    def _gather(self) -> tuple[list[Ticket], bool]:
        batch: list[Ticket] = []
        ticket = self._queue.get()
        while ticket is not None:
            batch.append(ticket)
            if len(batch) >= BATCH or self._queue.empty():
                return batch, True
            ticket = self._queue.get_nowait()
        return batch, False

    def _write(self, batch: list[Ticket]) -> None:
        self.batches += 1
        self.requests += len(batch)
        try:
            if not self._together(batch):
                self._apart(batch)
        except Exception as error:
            self._fail(batch, error)
        else:
            self._hooks.committed([ticket.result for ticket in batch if ticket.error is None])

    def _begin(self) -> Connection:
        if self._cx is None or self._cx.lost:
            self._cx = self._driver.connect(readonly=False)
        try:
            foreign = self._cx.begin()
        except Exception:
            if not self._cx.lost:
                raise
            # It was lost while nothing was going on, so nothing is lost with it.
            self._cx = self._driver.connect(readonly=False)
            foreign = self._cx.begin()
        if foreign:
            self._hooks.overtaken(self._cx)
        return self._cx

    def _together(self, batch: list[Ticket]) -> bool:
        """All in one transaction without savepoints; False, with nothing done, when one failed half-way."""
        cx = self._begin()
        for ticket in batch:
            before = cx.writes
            try:
                ticket.result, ticket.error = ticket.work(cx), None
            except Exception as error:
                ticket.error = error
                if cx.writes != before or not isinstance(error, LinealError):
                    self._undo(cx)
                    return False
        try:
            cx.commit()
        except Exception:
            # What was put off may be refused only now. Undoing fails, too, when the connection is lost.
            self._undo(cx)
            return False
        return True

    def _apart(self, batch: list[Ticket]) -> None:
        """The same with a savepoint each, so that only the guilty fail."""
        cx = self._begin()
        for ticket in batch:
            cx.savepoint()
            try:
                ticket.result, ticket.error = ticket.work(cx), None
                cx.flush()
            except Exception as error:
                ticket.error = error
                cx.retreat()
                self._hooks.forget()
        cx.commit()

    def _undo(self, cx: Connection) -> None:
        cx.rollback()
        self._hooks.forget()

    def _fail(self, batch: list[Ticket], error: Exception) -> None:
        """The transaction itself failed (disk full, connection lost): nobody is told that it is durable."""
        self._hooks.forget()
        cx, self._cx = self._cx, None
        try:
            if cx is not None:
                cx.rollback()
                cx.close()
        except Exception as lost:
            error.add_note(f"closing the connection: {lost}")
        unavailable = Unavailable(f"the database did not commit: {error}")
        unavailable.__cause__ = error
        for ticket in batch:
            ticket.error = ticket.error if isinstance(ticket.error, LinealError) else unavailable


def _settle(batch: list[Ticket]) -> None:
    """Wake each waiting thread, and each event loop once for all that wait on it."""
    loops: dict[asyncio.AbstractEventLoop, list[Ticket]] = {}
    for ticket in batch:
        if ticket.loop is None:
            ticket.wake()
        else:
            loops.setdefault(ticket.loop, []).append(ticket)
    for loop, tickets in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle_all, tickets)


def _settle_all(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        ticket.settle()
