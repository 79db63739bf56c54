"""The one history: commits, and what each did to which entity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lineal.store.base import Connection, Row

_EVENT = (
    "SELECT c.commit_id, c.number, l.at, l.principal, l.door, l.note, c.entity, c.action, c.before, c.after"
    " FROM change_log c JOIN commit_log l ON l.id = c.commit_id"
)


def add_commit(cx: Connection, number: int, at: int, principal: str, door: str, note: str) -> None:
    """A commit, by whom and through which door."""
    cx.execute("INSERT INTO commit_log VALUES (?, ?, ?, ?, ?)", (number, at, principal, door, note or None))


def add_events(cx: Connection, rows: Iterable[Sequence[object]]) -> None:
    """Its effects: commit, number, entity, action, before, after (JSON texts)."""
    cx.many("INSERT INTO change_log VALUES (?, ?, ?, ?, ?, ?)", rows)


def add_event(cx: Connection, row: Sequence[object]) -> None:
    """One effect."""
    cx.execute("INSERT INTO change_log VALUES (?, ?, ?, ?, ?, ?)", row)


def of_entity(cx: Connection, entity: int, limit: int) -> list[Row]:
    """Effects on one entity, newest first."""
    sql = f"{_EVENT} WHERE c.entity = ? ORDER BY c.commit_id DESC, c.number DESC LIMIT ?"
    return cx.execute(sql, (entity, limit))


def after(cx: Connection, entity: int, at: int) -> list[Row]:
    """Effects on one entity after a moment, newest first."""
    sql = f"{_EVENT} WHERE c.entity = ? AND l.at > ? ORDER BY c.commit_id DESC, c.number DESC"
    return cx.execute(sql, (entity, at))


def after_commit(cx: Connection, entity: int, commit: int) -> list[Row]:
    """Effects on one entity after a commit, newest first."""
    sql = f"{_EVENT} WHERE c.entity = ? AND c.commit_id > ? ORDER BY c.commit_id DESC, c.number DESC"
    return cx.execute(sql, (entity, commit))


def last_touch(cx: Connection, entity: int, at: int) -> list[Row]:
    """Effects of the last commit until a moment that gave the entity a new `updated`."""
    touching = "c.entity = ? AND l.at <= ? AND c.action NOT IN ('linked', 'unlinked', 'points')"
    newest = (
        f"SELECT MAX(c.commit_id) FROM change_log c JOIN commit_log l ON l.id = c.commit_id WHERE {touching}"
    )
    return cx.execute(f"{_EVENT} WHERE {touching} AND c.commit_id = ({newest})", (entity, at, entity, at))


def since(cx: Connection, commit: int, limit: int) -> list[Row]:
    """Effects of the commits after this one, oldest first: at least `limit` if there are, never half a commit."""
    last = cx.execute(
        "SELECT commit_id FROM change_log WHERE commit_id > ? ORDER BY commit_id, number LIMIT 1 OFFSET ?",
        (commit, max(limit, 1) - 1),
    )
    upto = last[0][0] if last else 2**62
    sql = f"{_EVENT} WHERE c.commit_id > ? AND c.commit_id <= ? ORDER BY c.commit_id, c.number"
    return cx.execute(sql, (commit, upto))


def newest(cx: Connection) -> int:
    """The number of the last commit."""
    return int(cx.execute("SELECT COALESCE(MAX(id), 0) FROM commit_log")[0][0])


def newest_of(cx: Connection, entities: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Entity → number of the store, number of the last commit that did something to the entity."""
    newest = "SELECT MAX(c.commit_id) FROM change_log c WHERE c.entity = e.id"
    store = "SELECT value FROM counter WHERE name = 'store'"
    sql = f"SELECT e.id, ({store}), ({newest}) FROM entity e WHERE {cx.dialect.among('e.id')}"
    rows = cx.execute(sql, (cx.dialect.pack(entities),))
    return {entity: (number, commit) for entity, number, commit in rows if commit is not None}
