"""The servers that are measured: how each is started, and a plain client for setting up fixtures."""

import json
import os
import shlex
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from typing import Any, Self

from benchmarks import process
from lineal.testing.serving import ServerProcess

LINEAL, MLFLOW, TUNED_MLFLOW = "lineal", "mlflow", "mlflow-tuned"
MLFLOW_VENV = Path(os.environ.get("MLFLOW_VENV", ".venv-clients/mlflow"))
QUIET_CPU, QUIET_SECONDS = 0.1, 3
"""A server is idle when it has used less than so much CPU in each of so many seconds."""
LINEAL_BIN = os.environ.get("LINEAL_BIN", ".venv/bin/lineal")

_MLFLOW_COMMAND = (
    f"{MLFLOW_VENV}/bin/mlflow server --host 127.0.0.1 --port {{port}} "
    "--backend-store-uri sqlite:///{dir}/mlflow.db --artifacts-destination {dir}/artifacts"
)
COMMANDS: Mapping[str, str] = {
    LINEAL: os.environ.get("LINEAL_SERVER_COMMAND", f"{LINEAL_BIN} serve --data {{dir}} --port {{port}}"),
    MLFLOW: _MLFLOW_COMMAND,
    TUNED_MLFLOW: f"env MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false {_MLFLOW_COMMAND} --workers 1",
}
_ENVIRONMENT = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}


def free_port() -> int:
    """A port that nothing listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One server on a fresh directory, in a process group of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.directory = Path(tempfile.mkdtemp(prefix=f"benchmark-{name}-"))
        self.port = 0
        self.startup_seconds = 0.0

    def start(self, patience: float = 120.0) -> Self:
        """Start, or start again on the same directory, and wait until /health answers."""
        self.port = free_port()
        command = shlex.split(COMMANDS[self.name].format(port=self.port, dir=self.directory))
        url, log = f"http://127.0.0.1:{self.port}", self.directory / "server.log"
        begun = time.perf_counter()
        self._running = ServerProcess(command, log, url=url, environment=_ENVIRONMENT, patience=patience)
        self.startup_seconds = time.perf_counter() - begun
        return self

    def settle(self, patience: float = 60.0) -> None:
        """Wait until what a server still does after /health first answers is over."""
        quiet, until = 0, time.perf_counter() + patience
        while quiet < QUIET_SECONDS and time.perf_counter() < until:
            before = self.cpu_seconds()
            time.sleep(1)
            quiet = quiet + 1 if self.cpu_seconds() - before < QUIET_CPU else 0

    def stop(self) -> None:
        """End every process of the server."""
        everyone = [pid for pid, _ in process.family(self._running.process.pid)]
        self._running.stop(patience=10)
        for pid in everyone:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self._remove()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def cpu_seconds(self) -> float:
        """CPU time of all processes so far."""
        return process.cpu_seconds(self._running.process.pid)

    def memory_bytes(self) -> int:
        """Memory of all processes."""
        return process.memory_bytes(self._running.process.pid)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One call of MLflow's API outside any measurement; raises unless it succeeds.

        A path that begins with a slash is taken as it is, any other stands below the tracking API's prefix.
        """
        url = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        payload = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(method, url, payload, headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status not in (200, 201):
            raise RuntimeError(f"{self.name}: {method} {path} answered {response.status}: {answer[:500]!r}")
        result: dict[str, Any] = json.loads(answer)
        return result

    def insert(self, tables: Mapping[str, Iterable[Sequence[object]]]) -> bool:
        """Put rows straight into MLflow's tables, named with their columns; false when the server is not MLflow's."""
        path = self.directory / "mlflow.db"
        if not path.exists():
            return False
        with closing(sqlite3.connect(path, timeout=60)) as database, database:
            for table, rows in tables.items():
                holes = ", ".join("?" * (table.count(",") + 1))
                database.executemany(f"INSERT INTO {table} VALUES ({holes})", rows)
        return True

    def create_experiment(self, name: str) -> str:
        """A new experiment's id."""
        return str(self.call("POST", "experiments/create", {"name": name})["experiment_id"])

    def create_run(self, experiment_id: str = "0") -> str:
        """A new run's id."""
        body = {"experiment_id": experiment_id, "start_time": 1_700_000_000_000}
        run: str = self.call("POST", "runs/create", body)["run"]["info"]["run_id"]
        return run
