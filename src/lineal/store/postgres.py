"""PostgreSQL through psycopg 3 (the `postgres` extra)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

from lineal.graph.errors import Invalid, Unavailable
from lineal.store.base import Progress, Row

try:
    import psycopg
except ModuleNotFoundError:  # pragma: no cover
    raise Invalid("PostgreSQL needs its driver: pip install 'lineal[postgres]'") from None

# One writer at a time over all processes: the history then has no holes that fill up later.
_WRITER_LOCK = 0x4C494E45414C


@functools.lru_cache(maxsize=2000)
def _placeholders(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresDialect:
    """PostgreSQL's words."""

    name = "postgres"

    def ddl(self, text: str) -> str:
        return (
            text.replace("{id}", "BIGINT PRIMARY KEY").replace("{blob}", "BYTEA").replace("{clustered}", "")
        )

    def among(self, column: str) -> str:
        return f"{column} = ANY(?)"

    def pack(self, values: Sequence[Any]) -> list[Any]:
        return list(values)

    def json_text(self, column: str) -> str:
        return f"({column}::json ->> ?::text)"

    def json_key(self, key: str) -> str:
        return key

    def like(self, column: str, ignore_case: bool) -> str:
        return f"{column} {'ILIKE' if ignore_case else 'LIKE'} ? ESCAPE ''"

    def reach(self, near: str, far: str, kinds: str, bounded: bool) -> str:
        if not bounded:
            return (
                f"WITH RECURSIVE c(id) AS (SELECT ?::bigint UNION SELECT e.{far} FROM c JOIN edge e"
                f" ON e.{near} = c.id AND e.kind IN ({kinds})) SELECT id FROM c LIMIT ?"
            )
        return (
            f"WITH RECURSIVE c(id, depth) AS (SELECT ?::bigint, 0 UNION SELECT e.{far}, c.depth + 1"
            f" FROM c JOIN edge e ON e.{near} = c.id AND e.kind IN ({kinds}) WHERE c.depth < ?)"
            " SELECT id FROM c GROUP BY id ORDER BY MIN(depth), id LIMIT ?"
        )


class PostgresConnection:
    """One psycopg connection."""

    dialect = PostgresDialect()

    def __init__(self, url: str, *, readonly: bool) -> None:
        try:
            self.raw = psycopg.connect(url, autocommit=True, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL does not answer: {str(error).strip()}") from None
        if readonly:
            self.raw.execute("SET default_transaction_read_only = on")
        self._cursor = self.raw.cursor()
        self.writes = 0
        self._seen = -1

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        if sql[0] != "S" and sql[0] != "W":
            self.writes += 1
        cursor = self._cursor.execute(_placeholders(sql), params, prepare=True)
        return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.writes += 1
        self._cursor.executemany(_placeholders(sql), rows)

    def script(self, sql: str) -> None:
        self._cursor.execute(sql)

    def begin(self) -> bool:
        self._cursor.execute("BEGIN")
        self._cursor.execute(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
        newest = int(self.execute("SELECT value FROM counter WHERE name = 'transaction'")[0][0])
        foreign = newest != self._seen
        self._seen = newest + 1
        self.execute("UPDATE counter SET value = ? WHERE name = 'transaction'", (self._seen,))
        return foreign

    def commit(self) -> None:
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        self._seen = -1
        if self.raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.raw.rollback()

    def close(self) -> None:
        self.raw.close()


class PostgresDriver:
    """A PostgreSQL database."""

    embedded = False

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self, *, readonly: bool) -> PostgresConnection:
        return PostgresConnection(self.url, readonly=readonly)

    def transient(self, error: Exception) -> bool:
        return isinstance(error, psycopg.Error)

    def backup(self, path: str, progress: Progress | None) -> None:
        raise NotImplementedError

    def restore(self, path: str, progress: Progress | None) -> None:
        raise NotImplementedError

    def check(self) -> list[str]:
        return []
