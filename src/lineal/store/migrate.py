"""Numbered migrations: `NNNN_name.sql` for every database, `NNNN_name.<dialect>.sql` for one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.resources import files

from lineal.graph.errors import Invalid
from lineal.store.base import Connection


class NeedsUpgrade(Invalid):
    """The store was written by an older Lineal."""


def newest() -> int:
    """The schema version of this Lineal."""
    return max(number for number, _ in _steps())


def current(cx: Connection) -> int:
    """The schema version of a store; 0 when it is empty."""
    cx.script("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, at BIGINT NOT NULL)")
    found = cx.execute("SELECT MAX(version) FROM schema_version")
    return int(found[0][0] or 0)


def prepare(cx: Connection) -> None:
    """Set up an empty store; refuse one that is older or newer than this Lineal.

    Raises:
        NeedsUpgrade: it is older; `lineal upgrade` is the way.
        Invalid: it is newer; a newer Lineal is the way.
    """
    version = current(cx)
    if version == 0:
        upgrade(cx)
    elif version < newest():
        raise NeedsUpgrade(
            f"the store has schema {version}, this Lineal wants {newest()}: run `lineal upgrade`"
        )
    elif version > newest():
        raise Invalid(
            f"the store has schema {version}, this Lineal knows up to {newest()}: install a newer Lineal"
        )


def upgrade(cx: Connection) -> list[int]:
    """Apply the migrations that are missing, each in a transaction; answers their numbers."""
    version, applied = current(cx), []
    for number, text in _steps():
        if number > version:
            _apply(cx, number, text)
            applied.append(number)
    return applied


def _apply(cx: Connection, number: int, text: dict[str, str]) -> None:
    cx.script("BEGIN")
    try:
        for dialect in ("", cx.dialect.name):
            if dialect in text:
                cx.script(cx.dialect.ddl(text[dialect]))
        cx.execute("INSERT INTO schema_version VALUES (?, ?)", (number, int(time.time() * 1000)))
        cx.script("COMMIT")
    except BaseException:
        cx.rollback()
        raise


def _steps() -> Iterator[tuple[int, dict[str, str]]]:
    found: dict[int, dict[str, str]] = {}
    for file in files("lineal.store.migrations").iterdir():
        if file.name.endswith(".sql"):
            dialect = file.name.split(".")[1] if file.name.count(".") > 1 else ""
            found.setdefault(int(file.name[:4]), {})[dialect] = file.read_text("utf-8")
    yield from sorted(found.items())
