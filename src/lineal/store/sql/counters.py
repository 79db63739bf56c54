"""Numbers that only grow: an id is never given twice, not even after its bearer was removed.

`types` grows with every change of a definition; `store` is another number after the store was replaced by a backup.
"""

from __future__ import annotations

from lineal.store.base import Connection

Stamp = tuple[int, int]
"""(store, types): what was cached is still right as long as these are."""


def take(cx: Connection, name: str, count: int = 1) -> int:
    """The next number of a series, the first of `count`. Only in a write transaction."""
    return cx.take(name, count)


def stamp(cx: Connection) -> Stamp:
    """Where the store and its definitions are now."""
    rows = cx.execute("SELECT value FROM counter WHERE name IN ('store', 'types') ORDER BY name")
    return int(rows[0][0]), int(rows[1][0])
