"""The catalog: one store, its sessions, accounts and bytes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from lineal.catalog.access import Rule, Scope
from lineal.catalog.accounts import Accounts
from lineal.catalog.session import Session
from lineal.catalog.values import Principal
from lineal.catalog.work import Work
from lineal.catalog.writing import Writing, load_types
from lineal.graph.types import BUILT_IN, Types
from lineal.store.base import Connection
from lineal.store.blobs import Blobs
from lineal.store.sql import accounts as rows
from lineal.store.sql import counters, entities
from lineal.store.sql.symbols import Symbols
from lineal.store.store import Store, driver_for

NOTICED_AFTER = 1.0
"""Seconds until a reader notices that another process changed types, or restored a backup."""
NOBODY = Principal(0, "nobody")
LOCAL = Principal(-1, "local", everything=True)
"""Whoever works on this machine with the files themselves, or with a server that has no accounts."""


class Catalog:
    """Everything above one store. Open it once for a process."""

    def __init__(self, url: str, blobs: str) -> None:
        self.writing = Writing()
        self.epoch = 0
        self.symbols = Symbols()
        self._types: tuple[counters.Stamp, Types] | None = None
        self._stamp: counters.Stamp = (0, 0)
        self._stamp_until = 0.0
        self._stamped = self._typed = 0
        self._scopes: dict[int, Scope] = {}
        self._watchers: list[Callable[[int], None]] = []
        self.blobs = Blobs(blobs)
        self.store = Store(driver_for(url), self)
        self.accounts = Accounts(self)
        self.store.write(self._seed)

    @classmethod
    def open(cls, url: str, *, blobs: str) -> Catalog:
        """Open a store, set up if it is empty.

        Args:
            url: `sqlite:///path` or `postgresql://…`.
            blobs: a folder, or any URL that fsspec knows.

        Raises:
            Invalid: the URL is not understood, or the store's schema is not this Lineal's.
            Unavailable: the database does not answer.
        """
        return cls(url, blobs)

    def session(self, principal: Principal, door: str) -> Session:
        """A principal's view of the graph, through a door."""
        return Session(self, principal, door)

    def subscribe(self, watcher: Callable[[int], None]) -> Callable[[], None]:
        """Call `watcher` with the newest commit's number after each transaction, on the writer's thread.

        Returns:
            What ends the subscription.
        """
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def types(self) -> Types:
        """Every definition, as readers see it."""
        stamp = self._current()
        if self._types is None or self._types[0] != stamp:
            # Loaded after the stamp was read, so never older than it.
            self._types = (stamp, load_types(self.store.reader()))
        return self._types[1]

    def _current(self) -> counters.Stamp:
        """Where the store is: now for what this process did, a second ago at most for what others did."""
        now, typed = time.monotonic(), self._typed
        if now >= self._stamp_until or self._stamped != typed:
            stamp = counters.stamp(self.store.reader())
            if stamp[0] != self._stamp[0]:
                self.symbols.forget()
                self.changed_access()
            self._stamp, self._stamp_until, self._stamped = stamp, now + NOTICED_AFTER, typed
        return self._stamp

    def scope(self, principal: Principal, cx: Connection | None = None) -> Scope:
        """The rules of a principal, a few seconds old at most."""
        found = self._scopes.get(principal.id)
        if found is None or not found.fresh(self.epoch):
            # Read before the grants: those that change in between are then read again.
            epoch = self.epoch
            found = Scope(principal, self._rules(principal, cx or self.store.reader()), epoch)
            self._scopes[principal.id] = found
        return found

    def _rules(self, principal: Principal, cx: Connection) -> list[Rule]:
        if principal.everything or principal.id == 0:
            return []
        now = self.writing.now()
        found = rows.grants_of(cx, principal.id)
        return [
            Rule(number, role, target, value, bool(deny), _entity(cx, target, value))
            for number, role, target, value, deny, start, end in found
            if (start is None or start <= now) and (end is None or end > now)
        ]

    def changed_access(self) -> None:
        """Make every scope be compiled anew."""
        self.epoch += 1

    def forget(self) -> None:
        """The writer's transaction was undone."""
        self.writing.forget()
        self.changed_access()

    def overtaken(self, cx: Connection) -> None:
        """Another process wrote since this one did."""
        self.writing.overtaken(cx)
        self._typed += 1
        self.changed_access()

    def committed(self, results: Sequence[Any]) -> None:
        """A transaction is durable: let readers and watchers know."""
        works = [result for result in results if isinstance(result, Work)]
        if any(work.access_changed for work in works):
            self.changed_access()
        if any(effect.action == "typed" for work in works for effect in work.effects):
            self._typed += 1
        newest = max((work.commit_id for work in works), default=0)
        if newest:
            for watcher in list(self._watchers):
                _call(watcher, newest)

    def stats(self) -> dict[str, int]:
        """Figures for monitoring."""
        writer = self.store.writer
        return {"commits": writer.requests, "transactions": writer.batches, "waiting": writer.waiting}

    def close(self) -> None:
        """Write what waits and close."""
        self.store.close()

    def _seed(self, cx: Connection) -> None:
        """Names of built-in definitions are interned at once, so that a compiled predicate never misses one."""
        for definition in BUILT_IN:
            self.writing.symbols.intern(cx, definition.name)


def _call(watcher: Callable[[int], None], newest: int) -> None:
    """What a watcher does wrong must not stop the writer, on whose thread it runs."""
    try:
        watcher(newest)
    except Exception:
        logging.getLogger(__name__).exception("a watcher of commits failed")


def _entity(cx: Connection, target: str, value: str) -> int:
    if target != "entity":
        return 0
    row = entities.by_uuid(cx, value)
    return int(row[0]) if row else -1
