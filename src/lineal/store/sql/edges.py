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
    among = cx.dialect.among
    only = f" AND {among('kind')}" if kinds else ""
    params = [cx.dialect.pack(numbers), *([cx.dialect.pack(kinds)] if kinds else []), limit]
    return cx.execute(f"SELECT {_COLUMNS} FROM edge WHERE {among(end)}{only} ORDER BY id LIMIT ?", params)


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


def _literal(kinds: Sequence[int]) -> str:
    return ", ".join(str(int(kind)) for kind in kinds) or "-1"
