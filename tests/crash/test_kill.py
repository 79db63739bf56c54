"""Acknowledged means durable: what a killed server said is stored is there when it comes back.

Eight clients write through the MLflow door while the server is killed, fifty times for each database. On PostgreSQL
some rounds kill the database's own process under the server, too, which makes the database recover from its log.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import psycopg
import pytest
from tests.crash.serving import Client, Connection, lost

from lineal.catalog.catalog import Catalog
from lineal.testing.serving import start_lineal

ROUNDS = 50
CLIENTS = 8

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    acknowledged = _rounds(tmp_path, None)
    assert acknowledged > ROUNDS * CLIENTS
    assert _problems(f"sqlite:///{tmp_path}/lineal.db", tmp_path) == []


@pytest.mark.postgres
def test_postgres_keeps_what_it_acknowledged(tmp_path: Path, fragile_postgres: str) -> None:
    acknowledged = _rounds(tmp_path, fragile_postgres)
    assert acknowledged > ROUNDS * CLIENTS
    assert _problems(fragile_postgres, tmp_path) == []


def _rounds(data: Path, store: str | None) -> int:
    """Kill and restart again and again; the number of acknowledged writes, none of which was lost."""
    chance = random.Random(7)
    acknowledged = 0
    clients: list[Client] = []
    for number in range(ROUNDS + 1):
        if store is not None:
            _wait_for_database(store)
        server = start_lineal(data, *(() if store is None else ("--store", store)))
        try:
            for client in clients:
                assert client.failure is None
                assert lost(server.port, client) == []
                acknowledged += len(client.singles) + len(client.batched) + len(client.params)
            if number < ROUNDS:
                clients = _write(server.port, number)
                time.sleep(chance.uniform(0.1, 0.5))
                if store is not None and number % 10 == 9:
                    _kill_database(store)
        finally:
            server.kill()
        for client in clients:
            client.join(timeout=60)
            assert not client.is_alive()
    return acknowledged


def _write(port: int, number: int) -> list[Client]:
    connection = Connection(port)
    experiment = connection.call("POST", "experiments/create", {"name": f"round {number}"})["experiment_id"]
    connection.close()
    clients = [Client(port, experiment, f"client {each}") for each in range(CLIENTS)]
    for client in clients:
        client.start()
    return clients


def _kill_database(url: str) -> None:
    """SIGKILL one of PostgreSQL's processes: it then ends all others and recovers from its log."""
    others = "SELECT pid FROM pg_stat_activity WHERE application_name = 'lineal'"
    with psycopg.connect(url, autocommit=True) as connection:
        victim = connection.execute(others).fetchone()
        assert victim is not None
        os.kill(victim[0], signal.SIGKILL)
        _wait_until_ended(connection)


def _wait_until_ended(connection: psycopg.Connection[tuple[int]]) -> None:
    """Until PostgreSQL has noticed, which ends every connection."""
    end = time.monotonic() + 30
    while not connection.closed:
        assert time.monotonic() < end
        with contextlib.suppress(psycopg.OperationalError):
            connection.execute("SELECT 1")
        time.sleep(0.01)


def _wait_for_database(url: str) -> None:
    """Until it has recovered."""
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            assert time.monotonic() < end, error
            time.sleep(0.1)


def _problems(url: str, data: Path) -> list[str]:
    """What is wrong with the store after all that."""
    catalog = Catalog.open(url, blobs=str(data / "files"))
    try:
        return catalog.store.check()
    finally:
        catalog.close()
