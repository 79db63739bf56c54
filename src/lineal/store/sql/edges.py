"""Edges and walks over them."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.store.base import Connection, Row

_DEEP = 20
_COLUMNS = "id, kind, source, target, detail, created"


def find(cx: Connection, source: int, target: int, kind: int) -> Row | None:
    """(id, detail) of one edge."""
    sql = "SELECT id, detail FROM edge WHERE source = ? AND target = ? AND kind = ?"
    rows = cx.execute(sql, (source, target, kind))
    return rows[0] if rows else None


def insert(cx: Connection, row: Sequence[object]) -> None:
    """A new edge: source, target, kind, id, detail, created."""
    cx.execute("INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?)", row)


def set_detail(cx: Connection, source: int, target: int, kind: int, detail: str | None) -> None:
    """Replace an edge's detail."""
    sql = "UPDATE edge SET detail = ? WHERE source = ? AND target = ? AND kind = ?"
    cx.execute(sql, (detail, source, target, kind))


def delete(cx: Connection, source: int, target: int, kind: int) -> None:
    """Remove one edge."""
    cx.execute("DELETE FROM edge WHERE source = ? AND target = ? AND kind = ?", (source, target, kind))


def at(cx: Connection, numbers: Sequence[int], kinds: Sequence[int], end: str, limit: int) -> list[Row]:
    """Edges with one of these entities as `source` or `target`, in order of id."""
    only = f" AND kind IN ({_literal(kinds)})" if kinds else ""
    sql = f"SELECT {_COLUMNS} FROM edge WHERE {cx.dialect.among(end)}{only} ORDER BY id LIMIT ?"
    return cx.execute(sql, (cx.dialect.pack(numbers), limit))


def between(cx: Connection, numbers: Sequence[int], kinds: Sequence[int]) -> list[Row]:
    """Edges of these kinds, both of whose ends are among these entities."""
    dialect = cx.dialect
    packed = dialect.pack(numbers)
    # `+target` keeps SQLite from probing every pair of ends.
    target = "+target" if dialect.name == "sqlite" else "target"
    sql = (
        f"SELECT {_COLUMNS} FROM edge WHERE {dialect.among('source')} AND {dialect.among(target)}"
        f" AND kind IN ({_literal(kinds)})"
    )
    return cx.execute(sql, (packed, packed))


def reach(
    cx: Connection, start: int, kinds: Sequence[int], *, up: bool, depth: int | None, limit: int
) -> list[int]:
    """Ids that a walk from `start` comes to, itself included, nearest first, at most `limit`."""
    if depth is not None and depth > _DEEP:
        return _layers(cx, start, kinds, up=up, depth=depth, limit=limit)
    near, far = ("target", "source") if up else ("source", "target")
    sql = cx.dialect.reach(near, far, _literal(kinds), depth is not None)
    params = (start, limit) if depth is None else (start, depth, limit)
    return [row[0] for row in cx.execute(sql, params)]


def _layers(
    cx: Connection, start: int, kinds: Sequence[int], *, up: bool, depth: int, limit: int
) -> list[int]:
    """The same, layer by layer: the recursive query would go round every circle until it is `depth` deep."""
    found = {start: None}
    frontier = [start]
    while frontier and depth and len(found) < limit:
        reached = dict.fromkeys(far for _, far in neighbours(cx, frontier, kinds, up=up))
        frontier = sorted(reached.keys() - found.keys())
        found |= dict.fromkeys(frontier)
        depth -= 1
    return list(found)[:limit]


def neighbours(
    cx: Connection, numbers: Sequence[int], kinds: Sequence[int], *, up: bool
) -> list[tuple[int, int]]:
    """(from, to) for each edge that leaves these entities, walking up or down."""
    near, far = ("target", "source") if up else ("source", "target")
    sql = f"SELECT {near}, {far} FROM edge WHERE {cx.dialect.among(near)} AND kind IN ({_literal(kinds)})"
    return [(row[0], row[1]) for row in cx.execute(sql, (cx.dialect.pack(numbers),))]


def step(
    cx: Connection, numbers: Sequence[int], kinds: Sequence[int], *, up: bool, limit: int, condition: str = ""
) -> list[Row]:
    """Edges that leave these entities, walking up or down, to such entities (`ends`), the newest first."""
    near, far = ("target", "source") if up else ("source", "target")
    columns = ", ".join(f"g.{name}" for name in _COLUMNS.split(", "))
    only = f" JOIN entity x ON x.id = g.{far} AND {condition}" if condition else ""
    sql = (
        f"SELECT {columns} FROM edge g{only} WHERE {cx.dialect.among(f'g.{near}')}"
        f" AND g.kind IN ({_literal(kinds)}) ORDER BY g.{far} DESC, g.{near}, g.kind LIMIT ?"
    )
    return cx.execute(sql, (cx.dialect.pack(numbers), limit))


def ends(among: Sequence[int], beside: Sequence[int]) -> str:
    """The condition of `step` that the other end is of one of these kinds, if any are given, and of none of those."""
    # `+x.kind` keeps SQLite from walking through all entities of a kind.
    parts = [f"+x.kind IN ({_literal(among)})"] if among else []
    return " AND ".join([*parts, *([f"x.kind NOT IN ({_literal(beside)})"] if beside else [])])


def count_ends(cx: Connection, numbers: Sequence[int], kinds: Sequence[int], *, up: bool) -> int:
    """How many entities these edges lead to."""
    near, far = ("target", "source") if up else ("source", "target")
    among = cx.dialect.among(near)
    sql = f"SELECT COUNT(DISTINCT {far}) FROM edge WHERE {among} AND kind IN ({_literal(kinds)})"
    return int(cx.execute(sql, (cx.dialect.pack(numbers),))[0][0])


def _literal(kinds: Sequence[int]) -> str:
    return ", ".join(str(int(kind)) for kind in kinds) or "-1"
