"""Entities that were removed and whose files are still to be taken away."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.store.base import Connection, Row

_DUE = "FROM remains r WHERE r.swept = 0 OR r.at < ?"


def add(cx: Connection, number: int, now: int) -> None:
    """Note an entity that is about to be erased."""
    cx.execute(
        "INSERT INTO remains SELECT uuid, ?, 0 FROM entity WHERE id = ? ON CONFLICT (uuid) DO NOTHING",
        (now, number),
    )


def due(cx: Connection, before: int, limit: int) -> list[Row]:
    """(uuid, at, whether it was made anew since) of those never swept, or removed before a moment."""
    again = "EXISTS (SELECT 1 FROM entity e WHERE e.uuid = r.uuid)"
    return cx.execute(f"SELECT r.uuid, r.at, {again} {_DUE} ORDER BY r.uuid LIMIT ?", (before, limit))


def any_left(cx: Connection) -> bool:
    """Whether there is one."""
    return bool(cx.execute("SELECT 1 FROM remains LIMIT 1"))


def mark(cx: Connection, uuids: Sequence[str]) -> None:
    """Note that the files of these were taken away."""
    for uuid in uuids:
        cx.execute("UPDATE remains SET swept = 1 WHERE uuid = ?", (uuid,))


def drop(cx: Connection, uuids: Sequence[str]) -> None:
    """Forget these."""
    for uuid in uuids:
        cx.execute("DELETE FROM remains WHERE uuid = ?", (uuid,))
