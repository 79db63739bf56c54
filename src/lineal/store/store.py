"""The store: a database behind one writer and a reader for each thread."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from urllib.parse import unquote

from lineal.graph.errors import Invalid
from lineal.store import migrate
from lineal.store.base import Connection, Driver, Progress
from lineal.store.writer import Hooks, Work, Writer


def driver_for(url: str) -> Driver:
    """The driver for `sqlite:///path` or `postgresql://…`.

    Raises:
        Invalid: another scheme, or the extra for it is not installed.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/"):
        from lineal.store.sqlite import SqliteDriver

        path, _, options = rest[1:].partition("?")
        return SqliteDriver(unquote(path), "NORMAL" if "synchronous=normal" in options else "FULL")
    if scheme in ("postgresql", "postgres"):
        from lineal.store.postgres import PostgresDriver

        return PostgresDriver(url)
    raise Invalid(f"a store URL is sqlite:///path/to/file or postgresql://…, not {scheme}://…")


class Store:
    """One database. Reads may come from any thread; writes go through the writer."""

    def __init__(self, driver: Driver, hooks: Hooks) -> None:
        self._driver = driver
        self._local = threading.local()
        self._readers: list[Connection] = []
        self._lock = threading.Lock()
        cx = driver.connect(readonly=False)
        try:
            migrate.prepare(cx)
        finally:
            cx.close()
        self.writer = Writer(driver, hooks)

    @property
    def embedded(self) -> bool:
        """Whether a point read is cheap enough for the event loop."""
        return self._driver.embedded

    def reader(self) -> Connection:
        """This thread's own connection for reading."""
        found: Connection | None = getattr(self._local, "cx", None)
        if found is None:
            found = self._local.cx = self._driver.connect(readonly=True)
            with self._lock:
                self._readers.append(found)
        return found

    def read(self, sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
        """One statement on this thread's reader."""
        return self.reader().execute(sql, params)

    def write(self, work: Work) -> Any:
        """Do the work in a transaction; returns when it is durable."""
        return self.writer.run(work)

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """As `write`, for a coroutine."""
        return self.writer.submit(work)

    def backup(self, path: str, progress: Progress | None = None) -> None:
        """A consistent copy of the live database in a new file."""
        self._driver.backup(path, progress)

    def restore(self, path: str, progress: Progress | None = None) -> None:
        """Replace the live database by a copy that `backup` made."""
        self._driver.restore(path, progress)

    def check(self) -> list[str]:
        """What the database finds wrong with its own files; [] when nothing is."""
        return self._driver.check()

    def close(self) -> None:
        """Write what waits and close every connection."""
        self.writer.close()
        with self._lock:
            for cx in self._readers:
                cx.close()
            self._readers.clear()
