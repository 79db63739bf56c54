"""Stored type definitions."""

from __future__ import annotations

from lineal.store.base import Connection
from lineal.store.sql import counters


def put(cx: Connection, category: str, name: str, document: str) -> None:
    """Add or replace a definition; the order in which they came is kept."""
    counters.take(cx, "types")
    cx.execute(
        "INSERT INTO type_def SELECT ?, ?, COALESCE(MAX(number), 0) + 1, ? FROM type_def WHERE true"
        " ON CONFLICT (category, name) DO UPDATE SET document = excluded.document",
        (category, name, document),
    )


def all_of(cx: Connection) -> list[str]:
    """Every definition's JSON text, in the order in which they came."""
    return [row[0] for row in cx.execute("SELECT document FROM type_def ORDER BY number")]
