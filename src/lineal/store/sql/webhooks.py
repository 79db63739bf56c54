"""Webhooks and their deliveries."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.store.base import Connection, Row

_HOOK = (
    "SELECT id, url, secret, kinds, actions, active, created, principal, since, form, namespace, updated, options"
    " FROM webhook"
)
_DELIVERY = "SELECT webhook, commit_id, attempt, next_at, status, error FROM delivery"


def add(cx: Connection, row: Sequence[object]) -> int:
    """A webhook: all the columns that `all_of` answers after the id; answers that."""
    number = int(cx.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM webhook")[0][0])
    cx.execute(
        "INSERT INTO webhook (id, url, secret, kinds, actions, active, created, principal, since, form,"
        " namespace, updated, options) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, *row),
    )
    return number


def all_of(cx: Connection) -> list[Row]:
    """All, by id.

    Of each: id, url, secret, kinds, actions, active, created, principal, since, form, namespace, updated, options.
    """
    return cx.execute(f"{_HOOK} ORDER BY id")


def one(cx: Connection, number: int) -> Row | None:
    """The same of one."""
    rows = cx.execute(f"{_HOOK} WHERE id = ?", (number,))
    return rows[0] if rows else None


def change(cx: Connection, number: int, row: Sequence[object]) -> None:
    """Another url, secret, whether it is active, since when it is told, when that was changed, and options."""
    sql = (
        "UPDATE webhook SET url = ?, secret = ?, active = ?, since = ?, updated = ?, options = ? WHERE id = ?"
    )
    cx.execute(sql, (*row, number))


def delete(cx: Connection, number: int) -> bool:
    """Remove a webhook with its deliveries; whether there was one."""
    cx.execute("DELETE FROM delivery WHERE webhook = ?", (number,))
    return bool(cx.execute("DELETE FROM webhook WHERE id = ? RETURNING id", (number,)))


def advance(cx: Connection, number: int, since: int, upto: int) -> bool:
    """Note that commits up to `upto` were looked at; False when another process was faster."""
    sql = "UPDATE webhook SET since = ? WHERE id = ? AND since = ? RETURNING id"
    return bool(cx.execute(sql, (upto, number, since)))


def queue(cx: Connection, number: int, commits: Sequence[int], now: int) -> None:
    """Deliveries of these commits, due at once."""
    rows = [(number, commit, 0, now, "pending", None) for commit in commits]
    cx.many("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)


def due(cx: Connection, number: int, now: int, limit: int) -> list[Row]:
    """(webhook, commit, attempt, next_at, status, error) of what is to be tried now, by commit."""
    sql = f"{_DELIVERY} WHERE webhook = ? AND status = 'pending' AND next_at <= ? ORDER BY commit_id LIMIT ?"
    return cx.execute(sql, (number, now, limit))


def next_due(cx: Connection) -> list[Row]:
    """(webhook, moment at which its next delivery is to be tried)."""
    return cx.execute(
        "SELECT d.webhook, MIN(d.next_at) FROM delivery d JOIN webhook w ON w.id = d.webhook"
        " WHERE d.status = 'pending' AND w.active = 1 GROUP BY d.webhook"
    )


def claim(cx: Connection, number: int, commit: int, attempt: int, until: int) -> bool:
    """Take the next attempt of a delivery; False when another process did."""
    sql = (
        "UPDATE delivery SET attempt = attempt + 1, next_at = ?"
        " WHERE webhook = ? AND commit_id = ? AND attempt = ? AND status = 'pending' RETURNING webhook"
    )
    return bool(cx.execute(sql, (until, number, commit, attempt)))


def settle(cx: Connection, number: int, commit: int, status: str, next_at: int, error: str | None) -> None:
    """Note how an attempt went."""
    sql = "UPDATE delivery SET status = ?, next_at = ?, error = ? WHERE webhook = ? AND commit_id = ?"
    cx.execute(sql, (status, next_at, error, number, commit))


def deliveries(cx: Connection, number: int, limit: int) -> list[Row]:
    """The same columns as `due` of one webhook, newest first."""
    return cx.execute(f"{_DELIVERY} WHERE webhook = ? ORDER BY commit_id DESC LIMIT ?", (number, limit))


def prune(cx: Connection, before: int) -> None:
    """Forget what was settled before a moment."""
    cx.execute("DELETE FROM delivery WHERE status <> 'pending' AND next_at < ?", (before,))
