"""The servers that are measured: how each is started, and a plain client for setting up fixtures."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from typing import Any, Self

from benchmarks import process

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
        begun = time.perf_counter()
        with open(self.directory / "server.log", "ab") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | _ENVIRONMENT, stdout=log, stderr=log, start_new_session=True
            )
        while not self._healthy():
            if self._process.poll() is not None or time.perf_counter() - begun > patience:
                self.stop()
                raise RuntimeError(f"{self.name} did not start:\n{self.log()}")
            time.sleep(0.005)
        self.startup_seconds = time.perf_counter() - begun
        return self

    def log(self) -> str:
        """The end of what the server has printed."""
        return (self.directory / "server.log").read_text()[-2000:]

    def _healthy(self) -> bool:
        with suppress(OSError):
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        return False

    def settle(self, patience: float = 60.0) -> None:
        """Wait until what a server still does after /health first answers is over."""
        quiet, until = 0, time.perf_counter() + patience
        while quiet < QUIET_SECONDS and time.perf_counter() < until:
            before = self.cpu_seconds()
            time.sleep(1)
            quiet = quiet + 1 if self.cpu_seconds() - before < QUIET_CPU else 0

    def stop(self) -> None:
        """End every process of the server."""
        everyone = [pid for pid, _ in process.family(self._process.pid)]
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        for pid in everyone:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

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
        return process.cpu_seconds(self._process.pid)

    def memory_bytes(self) -> int:
        """Memory of all processes."""
        return process.memory_bytes(self._process.pid)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One call of the tracking API outside any measurement; raises unless it succeeds."""
        payload = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(method, f"/api/2.0/mlflow/{path}", payload, headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{self.name}: {method} {path} answered {response.status}: {answer[:500]!r}")
        result: dict[str, Any] = json.loads(answer)
        return result

    def create_experiment(self, name: str) -> str:
        """A new experiment's id."""
        return str(self.call("POST", "experiments/create", {"name": name})["experiment_id"])

    def create_run(self, experiment_id: str = "0") -> str:
        """A new run's id."""
        body = {"experiment_id": experiment_id, "start_time": 1_700_000_000_000}
        run: str = self.call("POST", "runs/create", body)["run"]["info"]["run_id"]
        return run
