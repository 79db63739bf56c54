"""The catalog: one store, its sessions, accounts and bytes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from lineal.catalog.access import TTL, Rule, Scope, View
from lineal.catalog.accounts import Accounts
from lineal.catalog.remains import Remains
from lineal.catalog.rendered import Memory
from lineal.catalog.session import Session
from lineal.catalog.values import Principal
from lineal.catalog.work import Work
from lineal.catalog.writing import Writing, load_types
from lineal.graph.model import DEFAULT_NAMESPACE
from lineal.graph.types import BUILT_IN, WORKSPACE, Types
from lineal.store.base import Connection
from lineal.store.blobs import Blobs
from lineal.store.sql import accounts as rows
from lineal.store.sql import counters, entities
from lineal.store.sql.find import Frequencies
from lineal.store.sql.symbols import Symbols, missing
from lineal.store.store import Store, driver_for

NOTICED_AFTER = 1.0
"""Seconds until a reader notices that another process changed types, or restored a backup."""
NOBODY = Principal(0, "nobody")
LOCAL = Principal(-1, "local", everything=True)
"""Whoever works on this machine with the files themselves, or with a server that has no accounts."""


class Catalog:
    """Everything above one store. Open it once for a process."""

    def __init__(self, url: str, blobs: str, direct_files: bool = False) -> None:
        self.writing = Writing()
        self.epoch = 0
        self.symbols = Symbols()
        self.frequencies = Frequencies()
        self.rendered = Memory()
        self._types: tuple[counters.Stamp, Types] | None = None
        self._stamp: counters.Stamp = (0, 0)
        self._stamp_until = 0.0
        self._stamped = self._typed = 0
        self._scopes: dict[tuple[int, str | None], Scope] = {}
        self._workspaces: tuple[int, float, frozenset[str]] = (-1, 0.0, frozenset())
        self._watchers: list[Callable[[int], None]] = []
        self.blobs = Blobs(blobs, direct_files)
        self.store = Store(driver_for(url), self)
        self.accounts = Accounts(self)
        self._seed()
        self.remains = Remains(self)

    @classmethod
    def open(cls, url: str, *, blobs: str, direct_files: bool = False) -> Catalog:
        """Open a store, set up if it is empty.

        Args:
            url: `sqlite:///path` or `postgresql://…`.
            blobs: a folder, or any URL that fsspec knows.
            direct_files: whether clients may be given links to files in an object store, since they reach it, too.

        Raises:
            Invalid: the URL is not understood, or the store's schema is not this Lineal's.
            Unavailable: the database does not answer.
        """
        return cls(url, blobs, direct_files)

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

    def scope(
        self, principal: Principal, cx: Connection | None = None, namespace: str | None = None
    ) -> Scope:
        """The rules of a principal, a few seconds old at most; narrowed to a workspace if one is named."""
        key = (principal.id, namespace)
        found = self._scopes.get(key)
        if found is None or not found.fresh(self.epoch):
            # Read before the grants: those that change in between are then read again.
            epoch = self.epoch
            cx = cx or self.store.reader()
            view = None if namespace is None else self._view(namespace, cx)
            found = Scope(principal, self._rules(principal, cx), epoch, view)
            self._scopes[key] = found
        return found

    def workspaces(self) -> frozenset[str]:
        """Names of the workspaces beside the default one, a few seconds old at most."""
        epoch, until, found = self._workspaces
        return found if epoch == self.epoch and time.monotonic() < until else self._read_workspaces()

    def has_workspace(self, name: str) -> bool:
        """Whether there is a workspace of this name; one that another process has just made, too."""
        return name == DEFAULT_NAMESPACE or name in self.workspaces() or name in self._read_workspaces()

    def _read_workspaces(self) -> frozenset[str]:
        epoch = self.epoch
        found = frozenset(entities.names_of_kind(self.store.reader(), WORKSPACE)) - {DEFAULT_NAMESPACE}
        self._workspaces = epoch, time.monotonic() + TTL, found
        return found

    def _view(self, namespace: str, cx: Connection) -> View:
        every = {*entities.names_of_kind(cx, WORKSPACE), DEFAULT_NAMESPACE}
        return View(namespace, frozenset(every - {namespace}))

    def _rules(self, principal: Principal, cx: Connection) -> list[Rule]:
        if principal.everything or principal.id == 0:
            return []
        now = self.writing.now()
        found = rows.grants_of(cx, principal.id)
        return [
            Rule(number, role, target, value, bool(deny), *_entity(cx, target, value, kind), note)
            for number, role, target, value, kind, deny, start, end, note in found
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
        decisive = [work for work in works if work.access_changed]
        if decisive:
            self.changed_access()
        if any(effect.action == "typed" for work in decisive for effect in work.effects):
            self._typed += 1
        if any(work.gone for work in works):
            self.remains.wake()
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
        self.remains.close()
        self.store.close()

    def _seed(self) -> None:
        """Names of built-in definitions are interned at once, so that a compiled predicate never misses one."""
        new = missing(self.store.reader(), [definition.name for definition in BUILT_IN])
        if new:
            self.store.write(lambda cx: [self.writing.symbols.intern(cx, name) for name in new])


def _call(watcher: Callable[[int], None], newest: int) -> None:
    """What a watcher does wrong must not stop the writer, on whose thread it runs."""
    try:
        watcher(newest)
    except Exception:
        logging.getLogger(__name__).exception("a watcher of commits failed")


def _entity(cx: Connection, target: str, value: str, kind: str) -> tuple[int, str, str]:
    """The rest of a rule: the entity's id, the kind it is limited to, and the namespace that it lies in."""
    if target != "entity":
        return 0, kind, value if target == "namespace" else ""
    number, namespace = entities.place(cx, value) or (-1, "-")
    return number, kind, namespace
