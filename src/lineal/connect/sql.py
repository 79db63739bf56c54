"""A connection to one of the databases that MLflow keeps its things in, and what differs between them.

SQL is written once, with `?` for parameters and double quotes around names.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from lineal.connect.errors import Outside
from lineal.graph.errors import Invalid, LinealError

Row = tuple[Any, ...]

_PIECE = 10_000
_COLUMNS = (
    "SELECT table_name, column_name, character_maximum_length FROM information_schema.columns"
    " WHERE table_schema ="
)
_DRIVERS = {
    "sqlite": "",
    "postgresql": "reading PostgreSQL needs the package psycopg: pip install 'lineal[postgres]'",
    "mysql": "reading MySQL needs the package PyMySQL: pip install 'lineal[mysql]'",
}


class Database(Protocol):
    """An open database; whatever is read comes from one moment.

    Attributes:
        columns: each table's columns, with the characters that one holds at most where the database minds.
        largest_id: the greatest number that fits in a column of whole numbers.
    """

    columns: dict[str, dict[str, int | None]]
    largest_id: int

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        """Rows as they come. They must be read to their end before anything else is asked."""
        ...

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Do the same for each row."""
        ...

    def insertion(self, table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        """SQL that inserts a row; where one of these keys is there, its other columns are set, if there are keys."""
        ...

    def commit(self) -> None:
        """Keep what was written, and begin anew."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


def is_database(where: str) -> bool:
    """Whether a text is the URL of a database."""
    return _kind(where) in (*_DRIVERS, "mssql")


def connect(where: str, *, write: bool = False) -> Database:
    """Open a database by the URL that MLflow takes, such as `postgresql+psycopg2://USER@HOST/NAME`.

    Raises:
        Invalid: it is of a kind that is not supported, its driver is not installed, or there is none.
        Outside: it does not answer.
    """
    kind = _kind(where)
    title(where)
    if kind not in _DRIVERS:
        raise Invalid(f"databases of the kind {kind} are not supported; there are {', '.join(_DRIVERS)}")
    try:
        with _failures():
            opened: Database = _OPENERS[kind](where, write)
            return opened
    except ImportError:
        raise Invalid(_DRIVERS[kind]) from None


def title(where: str) -> str:
    """A place as people may see it: a URL without password and options; Invalid when it is malformed."""
    if "://" not in where:
        return where
    parts = urlsplit(where)
    user = f"{parts.username}@" if parts.username else ""
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise Invalid(
            "the database's URL is malformed; percent-encode what is special in its password"
        ) from None
    return f"{parts.scheme}://{user}{parts.hostname or ''}{port}{parts.path}"


def _kind(where: str) -> str:
    scheme, separator, _ = where.partition("://")
    kind = scheme.partition("+")[0]
    return {"postgres": "postgresql", "mariadb": "mysql"}.get(kind, kind) if separator else ""


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """What a driver reports, as one of our errors, without the URL."""
    try:
        yield
    except (LinealError, ImportError):
        raise
    except Exception as error:
        if isinstance(error, sqlite3.Error) or type(error).__module__.split(".")[0] in ("psycopg", "pymysql"):
            raise Outside(f"the database says: {' '.join(str(error).split())}") from None
        raise


def _grouped(rows: Iterable[Row]) -> dict[str, dict[str, int | None]]:
    found: dict[str, dict[str, int | None]] = {}
    for table, column, longest in rows:
        found.setdefault(table, {})[column] = longest
    return found


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _upsert(table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
    """As SQLite and PostgreSQL have it."""
    insert = (
        f'INSERT INTO "{table}" ({_quoted(columns)}) VALUES ({", ".join("?" * len(columns))}) ON CONFLICT'
    )
    rest = [f'"{each}" = excluded."{each}"' for each in columns if each not in keys]
    if not keys or not rest:
        return f"{insert} DO NOTHING"
    return f"{insert} ({_quoted(keys)}) DO UPDATE SET {', '.join(rest)}"


class _Sqlite:
    largest_id = 2**63 - 1

    def __init__(self, where: str, write: bool) -> None:
        path = Path(_sqlite_path(where))
        if not path.is_file():
            raise Invalid(f"there is no database {path}")
        address = f"file:{quote(str(path.absolute()))}?mode={'rw' if write else 'ro'}"
        self._cx = sqlite3.connect(address, uri=True, isolation_level=None, timeout=60)
        self._cx.text_factory = functools.partial(str, encoding="utf-8", errors="replace")
        self._cx.execute("BEGIN")
        self.columns = _grouped(self._cx.execute(_SQLITE_COLUMNS))

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        with _failures():
            cursor = self._cx.execute(sql, params)
            while piece := cursor.fetchmany(_PIECE):
                yield from piece

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with _failures():
            self._cx.executemany(sql, rows)

    def insertion(self, table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        return _upsert(table, columns, keys)

    def commit(self) -> None:
        with _failures():
            self._cx.execute("COMMIT")
            self._cx.execute("BEGIN")

    def close(self) -> None:
        self._cx.close()


_SQLITE_COLUMNS = (
    "SELECT m.name, c.name, NULL FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
)


def _sqlite_path(where: str) -> str:
    """`sqlite:///relative` and `sqlite:////absolute`, as SQLAlchemy takes them."""
    rest = where.partition("://")[2].partition("?")[0]
    return unquote(rest[1:] if rest.startswith("/") else rest)


class _Postgres:
    largest_id = 2**31 - 1

    def __init__(self, where: str, write: bool) -> None:
        import psycopg

        self._cx = psycopg.connect("postgresql://" + where.partition("://")[2])
        self._cx.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._cx.read_only = not write
        self.columns = _grouped(self._cx.execute(f"{_COLUMNS} ANY(current_schemas(false))"))

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        with _failures(), self._cx.cursor("lineal") as cursor:
            cursor.itersize = _PIECE
            cursor.execute(sql.replace("?", "%s"), params)
            yield from cursor

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with _failures(), self._cx.cursor() as cursor:
            cursor.executemany(sql.replace("?", "%s"), rows)

    def insertion(self, table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        return _upsert(table, columns, keys)

    def commit(self) -> None:
        with _failures():
            self._cx.execute(_SEQUENCE)
            self._cx.commit()

    def close(self) -> None:
        self._cx.close()


# Experiments that are made after ours must not get their numbers again.
_SEQUENCE = (
    "SELECT setval(s.name::regclass, (SELECT GREATEST(MAX(experiment_id), 1) FROM experiments))"
    " FROM (SELECT pg_get_serial_sequence('experiments', 'experiment_id') AS name) s WHERE s.name IS NOT NULL"
)


class _MySql:
    largest_id = 2**31 - 1

    def __init__(self, where: str, write: bool) -> None:
        import pymysql

        self._cx = pymysql.connect(**_mysql_options(where))
        self._buffered, self._streamed = pymysql.cursors.Cursor, pymysql.cursors.SSCursor
        for statement in (
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO')",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            f"START TRANSACTION {'READ WRITE' if write else 'WITH CONSISTENT SNAPSHOT, READ ONLY'}",
        ):
            with self._cx.cursor() as cursor:
                cursor.execute(statement)
        self.columns = _grouped(self.rows(f"{_COLUMNS} DATABASE()"))

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        with _failures(), self._cx.cursor(self._streamed) as cursor:
            cursor.execute(sql.replace("?", "%s"), params)
            while piece := cursor.fetchmany(_PIECE):
                yield from piece

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with _failures(), self._cx.cursor(self._buffered) as cursor:
            cursor.executemany(sql.replace("?", "%s"), rows)

    def insertion(self, table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        insert = f'INTO "{table}" ({_quoted(columns)}) VALUES ({", ".join("?" * len(columns))})'
        rest = [f'"{each}" = VALUES("{each}")' for each in columns if each not in keys]
        if not keys or not rest:
            return f"INSERT IGNORE {insert}"
        return f"INSERT {insert} ON DUPLICATE KEY UPDATE {', '.join(rest)}"

    def commit(self) -> None:
        with _failures():
            self._cx.commit()

    def close(self) -> None:
        self._cx.close()


def _mysql_options(where: str) -> dict[str, Any]:
    """The URL as arguments of PyMySQL; of the options in it those that say how to connect."""
    parts = urlsplit(where)
    found: dict[str, Any] = {
        "host": parts.hostname or "localhost",
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.strip("/")),
        "charset": "utf8mb4",
    }
    options = dict(parse_qsl(parts.query))
    known = ("ssl_ca", "ssl_cert", "ssl_key", "unix_socket")
    return found | {name: options[name] for name in known if name in options}


_OPENERS: dict[str, Any] = {"sqlite": _Sqlite, "postgresql": _Postgres, "mysql": _MySql}
