"""PostgreSQL through psycopg 3 (the `postgres` extra).

A round trip costs more than most statements. So what the writer runs and nobody waits for is kept back, until
something is read or the transaction ends, and then goes out in a pipeline.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Generator, Iterable, Sequence
from typing import Any, NamedTuple

from lineal.graph.errors import Invalid, Unavailable
from lineal.store import backup, bulk, check, migrate
from lineal.store.base import Progress, Row
from lineal.store.kept import Group, Kept, Statement, statement

try:
    import psycopg
    from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
    from psycopg.waiting import Ready, Wait

    from lineal.store import postgres_copy
except ModuleNotFoundError:  # pragma: no cover
    raise Invalid("PostgreSQL needs its driver: pip install 'lineal[postgres]'") from None

# One writer at a time over all processes: the history then has no holes that fill up later.
WRITER_LOCK = 0x4C494E45414C
_ALONE = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITER_LOCK})"
_BEGIN = f"{_ALONE}; SELECT name, value FROM counter"
# A process that hangs, or lost its network, must not keep the others from writing for ever.
_PATIENCE = {"idle_in_transaction_session_timeout": "60s", "lock_timeout": "30s"}
_BEGIN_PATIENT = _BEGIN.replace(
    "; ", "; " + "".join(f"SET LOCAL {name} = '{value}'; " for name, value in _PATIENCE.items()), 1
)
_COLUMNS = (
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
_COUNT = "UPDATE counter SET value = %s WHERE name = %s"
_DEFAULTS = {
    "connect_timeout": 10,
    "application_name": "lineal",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_MOST_KEPT = 4000
_MOST_PREPARED = 500


@functools.lru_cache(maxsize=2000)
def placeholders(sql: str) -> str:
    """SQL with psycopg's placeholders."""
    return sql.replace("%", "%%").replace("?", "%s")


def _sent(pgconn: Any) -> Generator[Wait, Ready | int, None]:
    """Until all is sent. psycopg goes on before that, and then waits for an answer to what never went out."""
    while pgconn.flush():
        ready = yield Wait.RW
        if ready & Ready.R:
            pgconn.consume_input()


class PostgresDialect:
    """PostgreSQL's words."""

    name = "postgres"
    alone = _ALONE
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"

    def ddl(self, text: str) -> str:
        # Text orders by code point, as in SQLite, whatever the database's locale.
        return (
            text.replace("{id}", "BIGINT PRIMARY KEY")
            .replace("{blob}", "BYTEA")
            .replace("{clustered}", "")
            .replace(" TEXT", ' TEXT COLLATE "C"')
        )

    def among(self, column: str) -> str:
        return f"{column} = ANY(?)"

    def pack(self, values: Sequence[Any]) -> list[Any]:
        # One array cannot hold whole and other numbers.
        kinds = {type(value) for value in values}
        return [float(value) for value in values] if kinds == {int, float} else list(values)

    def json_text(self, column: str) -> str:
        return f"({column}::json ->> ?::text)"

    def like(self, column: str, ignore_case: bool) -> str:
        return f"{column} {'ILIKE' if ignore_case else 'LIKE'} ? ESCAPE ''"

    def percentile(self, column: str, percent: float) -> str:
        return f"percentile_cont({percent / 100!r}) WITHIN GROUP (ORDER BY {column})"

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


class Place(NamedTuple):
    """Where a database is. Without `prepare` nothing is left on a connection that others may get after us."""

    url: str
    prepare: bool

    @classmethod
    def of(cls, url: str) -> Place:
        """Take our own option out of a URL.

        Raises:
            Invalid: it has another value than `off`, which is for poolers such as pgbouncer.
        """
        base, _, query = url.partition("?")
        options = [each for each in query.split("&") if each]
        ours = [each for each in options if each.startswith("prepare=")]
        if ours not in ([], ["prepare=off"]):
            raise Invalid(f"the store's URL may have the option prepare=off, not {ours[0]}")
        theirs = "&".join(each for each in options if each not in ours)
        return cls(f"{base}?{theirs}" if theirs else base, not ours)

    def connect(self) -> psycopg.Connection[Row]:
        """A new connection. Unavailable when the server does not answer."""
        defaults: dict[str, Any] = {
            key: value for key, value in _DEFAULTS.items() if f"{key}=" not in self.url
        }
        try:
            raw = psycopg.connect(self.url, autocommit=True, **defaults)
        except psycopg.OperationalError as error:
            raise Unavailable(_silent(error)) from None
        except psycopg.ProgrammingError as error:
            raise Invalid(f"the store's URL cannot be understood: {error}") from None
        # By default each whole number gets the smallest type that fits, and each mix of types a plan of its own.
        raw.adapters.register_dumper(int, Int8Dumper)
        raw.adapters.register_dumper(int, Int8BinaryDumper)
        raw.prepared_max = _MOST_PREPARED
        if not self.prepare:
            raw.prepare_threshold = None
        return raw


def _silent(error: Exception) -> str:
    return f"PostgreSQL does not answer: {str(error).strip()}"


class PostgresConnection:
    """The writer's connection. Its transactions are pipelines; the module's text says what it keeps back."""

    dialect = PostgresDialect()
    settings = _PATIENCE

    def __init__(self, place: Place) -> None:
        self._place = place
        self.writes = 0
        self._kept = Kept()
        self._leave = contextlib.ExitStack()
        self._pipeline: psycopg.Pipeline | None = None
        self._marked = False
        self._columns: dict[str, list[bulk.Column]] = {}
        self._stored: dict[str, int] = {}
        self._counters: dict[str, int] = {}
        self._written = 0
        self._seen: dict[str, int] = {}
        self._open()

    def _open(self) -> None:
        self.raw = self._place.connect()
        self._cursor = self.raw.cursor()
        if self._place.prepare:
            self.script("; ".join(f"SET {name} = '{value}'" for name, value in self.settings.items()))

    @property
    def lost(self) -> bool:
        return bool(self.raw.closed)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        asked = statement(sql)
        if asked.target:
            self._keep(asked, [params])
            return []
        if not asked.answers or not sql.startswith(("SELECT", "WITH")):
            self.writes += 1
        return self._ask(asked, params)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._keep(statement(sql), rows)

    def _keep(self, kept: Statement, rows: Iterable[Sequence[Any]]) -> None:
        self.writes += 1
        self._kept.add(kept, rows)
        if self._kept.size > _MOST_KEPT:
            self.flush()

    def _ask(self, asked: Statement, params: Sequence[Any]) -> list[Row]:
        self._send(self._kept.take_for(asked))
        self._run(placeholders(asked.text), params)
        return self._cursor.fetchall() if asked.answers else []

    def _run(self, text: str, params: Sequence[Any]) -> None:
        try:
            self._cursor.execute(text, params)
            if self._pipeline is not None:
                self.raw.wait(_sent(self.raw.pgconn))
        except (OverflowError, UnicodeEncodeError, psycopg.DataError) as error:
            # What the server refuses has ended the transaction; what never got there has harmed nothing.
            if getattr(error, "sqlstate", None) is not None:
                raise
            raise Invalid(f"a value cannot be stored: {error}") from None

    def _send(self, groups: Iterable[Group]) -> None:
        try:
            for group in groups:
                insert = bulk.insert_of(group.statement.text) if len(group.rows) >= bulk.BULK_FROM else None
                if insert is None:
                    self._each(group.statement, group.rows)
                else:
                    self._all_at_once(group, insert)
        except BaseException:
            # Others may have waited with it, so this is not only the matter of who asks now.
            self.writes += 1
            raise

    def _each(self, one: Statement, rows: bulk.Rows) -> None:
        text = placeholders(one.text)
        for row in rows:
            self._run(text, row)

    def _all_at_once(self, group: Group, insert: bulk.Insert) -> None:
        columns = self._columns_of(insert.table)
        text = bulk.many_at_once(insert, columns)
        for part in bulk.parts(insert, columns, group.rows):
            if len(part) < bulk.BULK_FROM:
                self._each(group.statement, part)
            else:
                self._run(text, [list(column) for column in zip(*part, strict=True)])

    def _columns_of(self, table: str) -> list[bulk.Column]:
        if table not in self._columns:
            rows = self._cursor.execute(_COLUMNS, (table,)).fetchall()
            self._columns[table] = [bulk.Column(*row) for row in rows]
        return self._columns[table]

    def flush(self) -> None:
        self._send(self._kept.take())
        if self._pipeline is not None:
            self._pipeline.sync()

    def script(self, sql: str) -> None:
        self._send(self._kept.take())
        self._cursor.execute(sql)

    def begin(self) -> bool:
        self._cursor.execute(_BEGIN if self._place.prepare else _BEGIN_PATIENT)
        while self._cursor.nextset():
            pass
        self._stored = dict(self._cursor.fetchall())
        self._counters = self._stored.copy()
        self._written, self._marked = self.writes, False
        self._pipeline = self._leave.enter_context(self.raw.pipeline())
        foreign, self._seen = self._stored != self._seen, self._stored
        return foreign

    def matching(self, column: str) -> str:
        return f"{column} ~ ?"

    def take(self, name: str, count: int = 1) -> int:
        # All counters were read when the transaction began, and nobody else may write meanwhile.
        first = self._counters[name] + 1
        self._counters[name] += count
        return first

    def savepoint(self) -> None:
        self._send(self._kept.take())
        if self._marked:
            self._cursor.execute("RELEASE SAVEPOINT one")
        self._cursor.execute("SAVEPOINT one")
        self._marked = True

    def retreat(self) -> None:
        self._kept.take()
        if self._pipeline is not None:
            # After an error a pipeline skips everything up to here.
            with contextlib.suppress(psycopg.DatabaseError):
                self._pipeline.sync()
        self._cursor.execute("ROLLBACK TO SAVEPOINT one")

    def commit(self) -> None:
        if self.writes != self._written and self._counters == self._stored:
            # Some counter has to tell others that this one wrote.
            self._counters["transaction"] += 1
        self._send(self._kept.take())
        for name, value in self._counters.items():
            if value != self._stored[name]:
                self._cursor.execute(_COUNT, (value, name))
        self._cursor.execute("COMMIT", prepare=False)
        self._end_pipeline()
        if self._cursor.statusmessage != "COMMIT":
            raise Unavailable(f"PostgreSQL answered {self._cursor.statusmessage} to COMMIT")
        self._seen = self._counters

    def rollback(self) -> None:
        self._kept.take()
        with contextlib.suppress(psycopg.Error):
            self._end_pipeline()
        if self.raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.raw.rollback()

    def _end_pipeline(self) -> None:
        self._pipeline = None
        self._leave.close()

    def close(self) -> None:
        self.raw.close()


class PostgresReader(PostgresConnection):
    """A connection for reading, which is opened anew when it was lost."""

    settings = _PATIENCE | {"default_transaction_read_only": "on"}

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        asked = statement(sql)
        try:
            return self._ask(asked, params)
        except psycopg.DataError as error:
            raise Invalid(f"a value cannot be compared: {error.diag.message_primary or error}") from None
        except psycopg.OperationalError as error:
            if not self.lost:
                raise Unavailable(_silent(error)) from error
        self._open()
        return self._ask(asked, params)


class PostgresDriver:
    """A PostgreSQL database."""

    embedded = False

    def __init__(self, url: str) -> None:
        self.place = Place.of(url)

    def connect(self, *, readonly: bool) -> PostgresConnection:
        return PostgresReader(self.place) if readonly else PostgresConnection(self.place)

    def transient(self, error: Exception) -> bool:
        return isinstance(error, psycopg.Error)

    def backup(self, path: str, progress: Progress | None) -> None:
        with contextlib.closing(self.connect(readonly=True)) as source:
            migrate.require_newest(migrate.current(source))
            postgres_copy.dump(source.raw, path, progress)

    def restore(self, path: str, progress: Progress | None) -> None:
        with backup.opened(path) as source, contextlib.closing(self.connect(readonly=False)) as target:
            migrate.prepare(target)
            postgres_copy.load(target.raw, source, target.dialect.alone, progress)

    def check(self) -> list[str]:
        with contextlib.closing(self.connect(readonly=True)) as connection:
            return [*_damage(connection), *check.problems(connection)]


def _damage(cx: PostgresConnection) -> list[str]:
    """What the server itself knows to be damaged."""
    failures = cx.execute("SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()")
    invalid = cx.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
    found = [f"PostgreSQL counted {count} pages with a wrong checksum" for (count,) in failures if count]
    return found + [f"the index {name} is invalid" for (name,) in invalid]
