"""Numbers that only grow: an id is never given twice, not even after its bearer was removed."""

from __future__ import annotations

from lineal.store.base import Connection


def take(cx: Connection, name: str, count: int = 1) -> int:
    """The next number of a series, the first of `count`. Only in a write transaction."""
    rows = cx.execute("UPDATE counter SET value = value + ? WHERE name = ? RETURNING value", (count, name))
    return int(rows[0][0]) - count + 1
