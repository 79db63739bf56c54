"""Stores that an unmodified MLflow filled are moved, and its client sees the same at the other end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from scripts import client_env
from tests.client.serving import serving
from tests.connect.mlflow.moving import move, outcomes, take

from lineal import Client
from lineal.connect.mlflow.lineal_source import LinealSource
from lineal.connect.mlflow.places import open_source, open_target

pytestmark = [pytest.mark.clients, pytest.mark.slow]
HERE = Path(__file__).parent
Told = dict[str, Any]


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter that has MLflow."""
    found = client_env.python_of("mlflow")
    if not found.exists():
        pytest.skip("the client's environment is missing; `make clients` makes it")
    return found


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("MLFLOW_", "PYTHON", "LINEAL_"))
    }
    own = {
        "HOME": str(home), "SCRATCH": str(home / "scratch"), "GIT_PYTHON_REFRESH": "quiet", "PYTHONWARNINGS": "ignore",
        "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",
    }  # fmt: skip
    return kept | own | more


def script(python: Path, home: Path, name: str, uri: str, *words: str) -> Told:
    """Run one of the scripts beside this file and read the JSON that it prints last."""
    command = [str(python), str(HERE / name), *words]
    given = environment(home, MLFLOW_TRACKING_URI=uri)
    done = subprocess.run(command, env=given, cwd=home, capture_output=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("{")]
    found: Told = json.loads(lines[-1])
    return found


Tell = Callable[..., Told]


@pytest.fixture
def tell(python: Path, tmp_path: Path) -> Tell:
    """What MLflow's client sees at a URI."""
    return lambda uri, *words: script(python, tmp_path, "tell.py", uri, *words)


@pytest.fixture(scope="session")
def database(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database `mlflow.db` that MLflow filled, its artifacts, and an empty one `empty.db`."""
    home = tmp_path_factory.mktemp("mlflow")
    command = [str(python), "-m", "mlflow", "db", "upgrade", f"sqlite:///{home}/empty.db"]
    subprocess.run(command, env=environment(home), cwd=home, capture_output=True, timeout=120, check=True)
    script(python, home, "fill.py", f"sqlite:///{home}/mlflow.db")
    return home


@pytest.fixture(scope="session")
def mlruns(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that MLflow filled."""
    home = tmp_path_factory.mktemp("folder")
    script(python, home, "fill.py", str(home / "mlruns"), "folder")
    return home / "mlruns"


@contextmanager
def mlflow_server(python: Path, home: Path, database: Path) -> Iterator[str]:
    """A server of MLflow's own, which keeps artifacts behind it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{database}"]
    command += ["--artifacts-destination", str(home / "artifacts"), "--port", str(port), "--workers", "1"]
    given = environment(home)
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=given, cwd=home, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"nobody answers at {url}")


def without_files(told: Told) -> Told:
    return told | {"runs": {key: run | {"files": None} for key, run in told["runs"].items()}}


def test_a_database_is_moved_into_lineal(database: Path, store_url: str, tmp_path: Path, tell: Tell) -> None:
    where, root = f"sqlite:///{database}/mlflow.db", str(database / "mlruns")
    with Client(store_url, blobs=str(tmp_path / "files")) as client:
        source = open_source(where)
        report = take(source, client, roots=[root])
        source.close()
        assert report.complete
        assert not report.problems
    with serving(tmp_path / "data", store=store_url, blobs=str(tmp_path / "files"), doors=()) as url:
        assert tell(url, "files") == tell(where, "files")


def test_a_folder_is_moved_into_lineal(mlruns: Path, tmp_path: Path, tell: Tell) -> None:
    with Client(tmp_path / "data") as client:
        report = take(open_source(str(mlruns)), client)
        assert report.complete
        assert not report.problems
    with serving(tmp_path / "data", doors=()) as url:
        here, there = tell(url, "files"), tell(str(mlruns), "folder", "files")
    for told in (here, there):
        for run in told["runs"].values():
            # MLflow reads no step from a line that names a data set.
            run["latest"] = [point for point in run["latest"] if point[0] != "acc"]
            run["history"].pop("acc", None)
    there["models"] = here["models"] = {
        key: model | {"metrics": None} for key, model in here["models"].items()
    }
    assert here == there


def test_a_server_is_moved_into_lineal(python: Path, database: Path, tmp_path: Path, tell: Tell) -> None:
    where = tmp_path / "mlflow.db"
    where.write_bytes((database / "mlflow.db").read_bytes())
    with mlflow_server(python, tmp_path, where) as server:
        with Client(tmp_path / "data") as client:
            source = open_source(server)
            report = take(source, client)
            again = take(source, client)
            source.close()
        there = tell(server, "files")
    assert report.complete
    assert {outcome for counted in outcomes(again).values() for outcome in counted} == {"same"}
    assert outcomes(report)["artifacts"] == {"new": 4}
    with serving(tmp_path / "data", doors=()) as url:
        assert tell(url, "files") == there


def exported(database: Path, folder: Path) -> Client:
    """A store to which everything in the database was moved."""
    client = Client(folder / "data")
    source = open_source(f"sqlite:///{database}/mlflow.db")
    take(source, client, roots=[str(database / "mlruns")])
    source.close()
    return client


def test_a_database_that_was_exported_serves_mlflow(
    python: Path, database: Path, tmp_path: Path, tell: Tell
) -> None:
    where = tmp_path / "out.db"
    where.write_bytes((database / "empty.db").read_bytes())
    with exported(database, tmp_path) as client:
        for outcome in ("new", "same"):
            target = open_target(f"sqlite:///{where}", tmp_path / "artifacts")
            report = move(LinealSource(client), target)
            target.close()
            assert {each for counted in outcomes(report).values() for each in counted} == {outcome}
    there = tell(f"sqlite:///{database}/mlflow.db", "files")
    assert tell(f"sqlite:///{where}") == without_files(there)
    with mlflow_server(python, tmp_path, where) as server:
        assert tell(server, "files") == there


def test_a_folder_that_was_exported_is_read_by_mlflow(database: Path, tmp_path: Path, tell: Tell) -> None:
    with exported(database, tmp_path) as client:
        report = move(LinealSource(client), open_target(str(tmp_path / "mlruns"), None))
    assert report.complete
    here, there = (
        tell(str(tmp_path / "mlruns"), "folder", "files"),
        tell(f"sqlite:///{database}/mlflow.db", "files"),
    )
    for kind in ("datasets", "scorers"):
        there[kind] = {}
    for told in (here, there):
        # Of a model's metrics a folder tells only the latest.
        told["models"] = {key: model | {"metrics": None} for key, model in told["models"].items()}
    assert here == there


def test_a_server_gets_everything_under_ids_of_its_own(
    python: Path, database: Path, tmp_path: Path, tell: Tell
) -> None:
    where = tmp_path / "target.db"
    where.write_bytes((database / "empty.db").read_bytes())
    with exported(database, tmp_path) as client, mlflow_server(python, tmp_path, where) as server:
        for _ in range(2):
            report = move(LinealSource(client), open_target(server, None))
            assert report.complete
        assert {each for counted in outcomes(report).values() for each in counted} == {"same"}
        here, there = tell(server, "files"), tell(f"sqlite:///{database}/mlflow.db", "files")
    ids = {run["tags"]["lineal.id"]: number for number, run in here["runs"].items()}
    assert ids.keys() == there["runs"].keys()
    for number, run in there["runs"].items():
        moved = here["runs"][ids[number]]
        for field in ("name", "user", "status", "times", "state", "params", "history", "inputs", "files"):
            assert moved[field] == run[field], field
    assert here["registered"].keys() == there["registered"].keys()
    assert here["registered"]["churn"]["versions"].keys() == there["registered"]["churn"]["versions"].keys()
    assert here["registered"]["churn"]["aliases"] == there["registered"]["churn"]["aliases"]
    assert here["traces"].keys() == there["traces"].keys()
    for number, trace in there["traces"].items():
        assert here["traces"][number]["spans"] == trace["spans"]
    assert here["scorers"] == there["scorers"]
    assert [each["rows"] for each in here["datasets"].values()] == [
        each["rows"] for each in there["datasets"].values()
    ]


def test_an_import_that_was_killed_goes_on(database: Path, tmp_path: Path) -> None:
    where = grown(database, tmp_path, 400)
    command = [sys.executable, "-m", "lineal.cli", "import", "mlflow", f"sqlite:///{where}", "--data"]
    for attempt in range(6):
        with subprocess.Popen(
            [*command, str(tmp_path / "data")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            try:
                running.wait(0.6 + attempt / 5)
            except subprocess.TimeoutExpired:
                running.kill()
    assert (
        subprocess.run([*command, str(tmp_path / "data")], check=False, capture_output=True).returncode == 0
    )
    assert (
        subprocess.run([*command, str(tmp_path / "whole")], check=False, capture_output=True).returncode == 0
    )
    with Client(tmp_path / "data") as client, Client(tmp_path / "whole") as whole:
        assert client.counts() == whole.counts()
        for number in range(0, 400, 37):
            address = f"mlflow.run:{number:032x}"
            one, other = client.get(address), whole.get(address)
            assert (one.name, one.properties, one.metrics) == (other.name, other.properties, other.metrics)
            for key in one.metrics:
                assert client.series(address, key) == whole.series(address, key)
                assert len(client.series(address, key)) == 50


def grown(database: Path, folder: Path, runs: int) -> Path:
    """The database with many more runs."""
    import sqlite3

    where = folder / "grown.db"
    where.write_bytes((database / "mlflow.db").read_bytes())
    with sqlite3.connect(where) as db:
        for number in range(runs):
            run = f"{number:032x}"
            row = (
                run,
                f"run-{number}",
                "UNKNOWN",
                "",
                "",
                "ada",
                "FINISHED",
                number,
                number + 9,
                "",
                "active",
                "",
                1,
                None,
            )
            db.execute(f"INSERT INTO runs VALUES ({', '.join('?' * 14)})", row)
            points = [(f"m{key}", step / 7, step, run, step, 0) for key in range(5) for step in range(50)]
            db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", points)
            latest = [
                (key, value, time, step, 0, run) for key, value, time, _, step, _ in points if step == 49
            ]
            db.executemany("INSERT INTO latest_metrics VALUES (?, ?, ?, ?, ?, ?)", latest)
    return where
