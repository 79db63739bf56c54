"""The seam between the store and a database: a connection, a dialect, a driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]
Progress = Callable[[int, int], None]


class Dialect(Protocol):
    """Where the databases differ. SQL elsewhere is written once, with `?` for parameters."""

    name: str
    alone: str
    """What begins a transaction that no other one runs beside."""
    tables: str
    """The query for the names of all tables."""

    def ddl(self, text: str) -> str:
        """A migration's text with the database's own words for `{id}`, `{blob}` and `{clustered}`."""
        ...

    def among(self, column: str) -> str:
        """The condition that `column` is in a list that is passed as one parameter, `pack(list)`."""
        ...

    def pack(self, values: Sequence[Any]) -> Any:
        """A list as one parameter."""
        ...

    def json_text(self, column: str) -> str:
        """The text at a top-level key of a JSON column; the key is a parameter."""
        ...

    def like(self, column: str, ignore_case: bool) -> str:
        """The condition that text matches a pattern with `%` and `_`, passed as a parameter."""
        ...

    def percentile(self, column: str, percent: float) -> str:
        """The aggregate that is this percentile of a column of doubles, interpolated."""
        ...

    def reach(self, near: str, far: str, kinds: str, bounded: bool) -> str:
        """The recursive query of a walk over edges from `near` to `far` ends; see `store.sql.walk`."""
        ...


class Connection(Protocol):
    """A connection to one database, used by one thread at a time."""

    writes: int

    @property
    def lost(self) -> bool:
        """Whether the connection to a server broke, so that another one is needed."""
        ...

    @property
    def dialect(self) -> Dialect:
        """Its database's words."""
        ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and answer all its rows; it may run later when it has none to answer."""
        ...

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        ...

    def matching(self, column: str) -> str:
        """The condition that text matches a regular expression, passed as a parameter.

        Raises:
            Invalid: this database has none.
        """
        ...

    def take(self, name: str, count: int = 1) -> int:
        """The first of `count` new numbers of a counter. Only in a write transaction."""
        ...

    def flush(self) -> None:
        """Run what was not run yet; its errors are raised here at the latest."""
        ...

    def script(self, sql: str) -> None:
        """Run several statements without parameters."""
        ...

    def begin(self) -> bool:
        """Start the one write transaction; whether another process wrote since the last one here."""
        ...

    def savepoint(self) -> None:
        """Mark where `retreat` goes, instead of where it went before."""
        ...

    def retreat(self) -> None:
        """Undo what was done since the savepoint."""
        ...

    def commit(self) -> None:
        """Make the transaction durable."""
        ...

    def rollback(self) -> None:
        """Undo the transaction; does nothing outside one."""
        ...

    def close(self) -> None:
        """Give it up."""
        ...


class Driver(Protocol):
    """Opens connections to one database."""

    embedded: bool

    def connect(self, *, readonly: bool) -> Connection:
        """A new connection. Unavailable when the database does not answer."""
        ...

    def transient(self, error: Exception) -> bool:
        """Whether the error is the database's own (broken connection, constraint) and not ours."""
        ...

    def backup(self, path: str, progress: Progress | None) -> None:
        """Write a consistent copy of the live database to a new file."""
        ...

    def restore(self, path: str, progress: Progress | None) -> None:
        """Replace the live database by such a copy, whole or not at all."""
        ...

    def check(self) -> list[str]:
        """What the database itself finds wrong with its files."""
        ...
