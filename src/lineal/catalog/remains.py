"""Files of entities that were removed for good: taken away in the background, once the removal is durable.

What is to be taken away stands in the store, written by the removal itself, so a server that dies goes on with it
when it starts again. Each is swept a second time after a day, for files that were still arriving.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from lineal.graph.errors import LinealError
from lineal.store.base import Row
from lineal.store.sql import remains

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog

_SOME = 200
_AGAIN_AFTER = 24 * 3600 * 1000
_LOOK_EVERY = 3600.0
_log = logging.getLogger(__name__)


class Remains:
    """Sweeps the files of removed entities, on a thread that exists from the first removal on."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._woken = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        if remains.any_left(catalog.store.reader()):
            self.wake()

    def wake(self) -> None:
        """Something was removed."""
        self._woken.set()
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="lineal-remains", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after the entity at hand; the others are swept when the store is opened next."""
        self._closed = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            self._woken.clear()
            try:
                while self._sweep() and not self._closed:
                    pass
            except LinealError as error:
                _log.warning("files of removed entities stay for now: %s", error)
            if not self._closed:
                self._woken.wait(_LOOK_EVERY)

    def _sweep(self) -> bool:
        """Sweep some; whether there may be more."""
        before = int(time.time() * 1000) - _AGAIN_AFTER
        store = self._catalog.store
        found = remains.due(store.reader(), before, _SOME)
        swept = [row for row in found if self._take_away(row)]
        if swept:
            over = [uuid for uuid, at, again in swept if again or at < before]
            store.write(lambda cx: remains.mark(cx, [uuid for uuid, _, _ in swept]))
            store.write(lambda cx: remains.drop(cx, over))
        return len(found) == _SOME

    def _take_away(self, row: Row) -> bool:
        uuid, _, again = row
        if not self._closed and not again:
            self._catalog.blobs.folder(uuid).delete("")
        return not self._closed
