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
    """The schema version of a store; 0 when it is empty.

    Raises:
        Invalid: it is a file of SQLite that something else made.
    """
    tables = {row[0] for row in cx.execute(cx.dialect.tables)}
    if "schema_version" in tables:
        return int(cx.execute("SELECT MAX(version) FROM schema_version")[0][0] or 0)
    if tables and cx.dialect.name == "sqlite":
        raise Invalid("this database is not a Lineal store")
    return 0


def prepare(cx: Connection) -> None:
    """Set up an empty store; refuse one that is older or newer than this Lineal.

    Raises:
        NeedsUpgrade: it is older; `lineal upgrade` is the way.
        Invalid: it is newer; a newer Lineal is the way.
    """
    version = current(cx)
    if version == 0:
        upgrade(cx)
    else:
        require_newest(version)


def require_newest(version: int, what: str = "the store") -> None:
    """Refuse a schema that is older or newer than this Lineal's.

    Raises:
        NeedsUpgrade: it is older. Invalid: it is newer.
    """
    if version < newest():
        raise NeedsUpgrade(f"{what} has schema {version}, this Lineal wants {newest()}: run `lineal upgrade`")
    if version > newest():
        raise Invalid(
            f"{what} has schema {version}, this Lineal knows up to {newest()}: install a newer Lineal"
        )


def upgrade(cx: Connection) -> list[int]:
    """Apply the migrations that are missing, each in a transaction; answers their numbers.

    Raises:
        Invalid: the store is newer than this Lineal.
    """
    version = current(cx)
    if version > newest():
        require_newest(version)
    return [number for number, text in _steps() if number > version and _apply(cx, number, text)]


def _apply(cx: Connection, number: int, text: dict[str, str]) -> bool:
    """Apply one migration; whether it was missing still, for another process may have been faster."""
    cx.script(cx.dialect.alone)
    try:
        cx.script("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, at BIGINT NOT NULL)")
        missing = current(cx) < number
        for dialect in ("", cx.dialect.name) if missing else ():
            if dialect in text:
                cx.script(cx.dialect.ddl(text[dialect]))
        if missing:
            cx.execute("INSERT INTO schema_version VALUES (?, ?)", (number, int(time.time() * 1000)))
        cx.script("COMMIT")
    except BaseException:
        cx.rollback()
        raise
    return missing


def _steps() -> Iterator[tuple[int, dict[str, str]]]:
    found: dict[int, dict[str, str]] = {}
    for file in files("lineal.store.migrations").iterdir():
        if file.name.endswith(".sql"):
            dialect = file.name.split(".")[1] if file.name.count(".") > 1 else ""
            found.setdefault(int(file.name[:4]), {})[dialect] = file.read_text("utf-8")
    yield from sorted(found.items())
