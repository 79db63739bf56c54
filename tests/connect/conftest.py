"""Databases of each kind, and a client on an empty store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineal import Client


@pytest.fixture(scope="session")
def mysql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of a MySQL or MariaDB of this machine, if it has one, that asks nobody who they are."""
    server = shutil.which("mariadbd") or shutil.which("mysqld")
    pymysql = pytest.importorskip("pymysql", reason="the extra lineal[mysql] is not installed")
    if server is None:
        pytest.skip("there is no mariadbd or mysqld on this machine")
    folder = tmp_path_factory.mktemp("mysql")
    data, socket = folder / "data", folder / "s.sock"
    data.mkdir()
    own = [server, "--no-defaults", f"--datadir={data}", "--user=root"]
    bootstrap = "--bootstrap" if "maria" in server else "--initialize-insecure"
    subprocess.run([*own, bootstrap], input=b"", capture_output=True, timeout=120, check=False)
    options = [
        f"--socket={socket}",
        "--skip-networking",
        "--skip-grant-tables",
        "--innodb-flush-log-at-trx-commit=0",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([*own, *options], stdout=log, stderr=log) as process,
    ):
        try:
            for _ in range(300):
                if socket.exists() or process.poll() is not None:
                    break
                time.sleep(0.1)
            if not socket.exists():
                pytest.skip(f"it does not start: {(folder / 'log').read_text()[-500:]}")
            pymysql.connect(unix_socket=str(socket), user="root").close()
            yield str(socket)
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(60)


@pytest.fixture
def mysql_url(mysql_server: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, as MLflow takes it."""
    import pymysql

    name = f"mlflow_{abs(hash(request.node.nodeid))}"
    with pymysql.connect(unix_socket=mysql_server, user="root") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    return f"mysql+pymysql://root:se%2Fcret@localhost/{name}?unix_socket={mysql_server}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres), "mysql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind, as MLflow takes it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/mlflow.db"
    if request.param == "mysql":
        return str(request.getfixturevalue("mysql_url"))
    new: Callable[[], str] = request.getfixturevalue("new_database")
    return new().replace("postgresql://", "postgresql+psycopg2://", 1)


@pytest.fixture
def client(store_url: str, tmp_path: Path) -> Iterator[Client]:
    """A client on an empty store, once on each database."""
    with Client(store_url, blobs=str(tmp_path / "files")) as opened:
        yield opened


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Client]:
    """A client on an empty data folder."""
    with Client(tmp_path / "data") as opened:
        yield opened
