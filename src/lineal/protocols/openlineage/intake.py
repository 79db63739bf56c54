"""Events on their way into the graph: whatever waits goes together into one change, and is answered once it is durable.

Events are taken up in the order in which they came. When a change is refused, each of its events is tried alone, so
that only the guilty one fails; a change that rested on what somebody else has altered meanwhile is made anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.errors import Conflict, Denied, ExpectationFailed, LinealError, NotFound
from lineal.protocols.openlineage.applying import apply
from lineal.protocols.openlineage.events import Event
from lineal.protocols.openlineage.sheet import Memory, Sheet

TOGETHER = 200
"""Events in one change at most."""
PATIENCE = 2.0
"""Seconds that a thread waits for more events; to start one for each takes longer than to wake one."""
_ATTEMPTS = 20

Outcomes = list[Exception | None]


class _Ticket:
    """Events of one request, and where their outcomes go."""

    def __init__(self, session: Session, events: Sequence[Event]) -> None:
        self.session = session
        self.events = events
        self.outcomes: Outcomes = []
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Outcomes] = self._loop.create_future()

    def settle(self) -> None:
        """Hand the outcomes over."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if not self.future.done():
            self.future.set_result(self.outcomes)


class Intake:
    """Takes events into one catalog. One thread at a time works, and goes when nothing comes for a while."""

    def __init__(self) -> None:
        self._memory = Memory()
        self._waiting: list[_Ticket] = []
        self._news = threading.Condition()
        self._working = False

    async def take(self, session: Session, events: Sequence[Event]) -> Outcomes:
        """Write events; for each the error that kept it out, or None."""
        ticket = _Ticket(session, events)
        with self._news:
            self._waiting.append(ticket)
            start, self._working = not self._working, True
            self._news.notify()
        if start:
            threading.Thread(target=self._work, name="lineal-openlineage", daemon=True).start()
        return await ticket.future

    def _work(self) -> None:
        while group := self._next():
            try:
                self._take(group)
            except Exception as error:
                for ticket in group:
                    ticket.outcomes = [error] * len(ticket.events)
            for ticket in group:
                ticket.settle()
            # Whoever waits for more must not hold the catalog.
            del group, ticket

    def _next(self) -> list[_Ticket]:
        """The next requests that can go together: of one caller, and not too much at once. None: time to go."""
        with self._news:
            if not self._waiting:
                self._news.wait(PATIENCE)
            group: list[_Ticket] = []
            size = 0
            for ticket in self._waiting:
                size += len(ticket.events)
                if group and (size > TOGETHER or not _is_alike(ticket.session, group[0].session)):
                    break
                group.append(ticket)
            del self._waiting[: len(group)]
            self._working = bool(group)
            return group

    def _take(self, group: list[_Ticket]) -> None:
        session = group[0].session
        events = [event for ticket in group for event in ticket.events]
        outcomes: Outcomes = []
        for start in range(0, len(events), TOGETHER):
            outcomes += self._together(session, events[start : start + TOGETHER])
        for ticket in group:
            ticket.outcomes, outcomes = outcomes[: len(ticket.events)], outcomes[len(ticket.events) :]

    def _together(self, session: Session, events: Sequence[Event]) -> Outcomes:
        for sure in (False, True, True):
            try:
                self._write(Sheet(session, self._memory, sure=sure), events)
            except ExpectationFailed:
                continue
            except Exception:
                break
            else:
                return [None] * len(events)
        return [self._alone(session, event) for event in events]

    def _alone(self, session: Session, event: Event) -> Exception | None:
        modest = False
        for _ in range(_ATTEMPTS):
            sheet = Sheet(session, self._memory, sure=True, modest=modest)
            try:
                self._write(sheet, [event])
            except ExpectationFailed:
                continue
            except (Denied, NotFound) as error:
                if modest:
                    return _denied(error)
                modest = True
            except Exception as error:
                return error
            else:
                return None
        return Conflict("the entities of this event are being changed by others all the time; send it again")

    def _write(self, sheet: Sheet, events: Sequence[Event]) -> None:
        try:
            for event in events:
                apply(sheet, event)
        except BaseException:
            sheet.discard()
            raise
        sheet.commit()


def _denied(error: LinealError) -> LinealError:
    """To who may not see something it is not there; that it cannot be written is no news."""
    return error if isinstance(error, Denied) else Denied("you may not use all that this event speaks of")


def _is_alike(one: Session, other: Session) -> bool:
    """Whether two requests come from the same caller."""
    return (one.principal, one.namespace) == (other.principal, other.namespace)


_INTAKES: WeakKeyDictionary[Catalog, Intake] = WeakKeyDictionary()
_GUARD = threading.Lock()


def intake_of(catalog: Catalog) -> Intake:
    """The one intake of a catalog in this process."""
    with _GUARD:
        return _INTAKES.setdefault(catalog, Intake())
