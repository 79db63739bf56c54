"""ML Metadata's unmodified client against Lineal and against ML Metadata's own store."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks import process
from benchmarks.bench import Bench, Sample, Trial, Trials
from benchmarks.servers import LINEAL, LINEAL_BIN, free_port

MLMD = "ml-metadata"
VENV = Path(os.environ.get("MLMD_VENV", ".venv-clients/mlmd"))
CLIENT, PEER = (str(Path(__file__).with_name(name)) for name in ("mlmd_client.py", "mlmd_peer.py"))
_PYTHON = f"{VENV}/bin/python"


class GrpcServer:
    """One of the two, on an empty store."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.port = free_port()
        directory.mkdir(parents=True)
        with (directory / "log").open("wb") as log:
            self._process = subprocess.Popen(self._command(directory), stdout=log, stderr=log)
        until = time.monotonic() + 60
        while not any(word in (directory / "log").read_text() for word in ("ready", "grpc_port")):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{name} did not start: {(directory / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _command(self, directory: Path) -> list[str]:
        if self.name == MLMD:
            return [_PYTHON, PEER, str(self.port), str(directory / "mlmd.db")]
        ports = ["--port", str(free_port()), "--grpc-port", str(self.port)]
        return [LINEAL_BIN, "serve", "--data", str(directory / "data"), *ports]

    def cpu_seconds(self) -> float:
        """CPU time of the server so far."""
        return process.cpu_seconds(self._process.pid)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()


def rate(action: str, threads: int = 1, per_call: int = 1) -> Trials:
    """How much is done in a second."""
    return _versus(action, threads, lambda told: told["rate"] * per_call, filled=False)


def latency(action: str) -> Trials:
    """Milliseconds of one call, in a graph of many nodes."""
    return _versus(action, 1, lambda told: told["median_ms"], filled=True)


def _versus(action: str, threads: int, value: object, filled: bool) -> Trials:
    assert callable(value)

    def trials(bench: Bench) -> Mapping[str, Trial]:
        return {
            name: _trial(bench, _server(bench, name, filled), action, threads, value)
            for name in (LINEAL, MLMD)
        }

    return trials


def _server(bench: Bench, name: str, filled: bool) -> GrpcServer:
    def start() -> GrpcServer:
        server = GrpcServer(name, bench.directory / f"{name}-{filled}")
        bench.at_end(server.stop)
        if filled:
            subprocess.run([_PYTHON, CLIENT, str(server.port), "fill", str(bench.scale.nodes)], check=True)
        return server

    return bench.once(("mlmd", name, filled), start)


def _trial(bench: Bench, server: GrpcServer, action: str, threads: int, value: object) -> Trial:
    assert callable(value)
    command = [
        _PYTHON,
        "-W",
        "ignore",
        CLIENT,
        str(server.port),
        action,
        str(threads),
        str(bench.scale.seconds),
    ]

    def trial() -> Sample:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as client:
            assert client.stdout is not None
            if client.stdout.readline() != "ready\n":
                raise RuntimeError(f"the ML Metadata client did not get on with {server.name}")
            before = server.cpu_seconds()
            output, _ = client.communicate("go\n")
        told = json.loads(output)
        return Sample(value(told), (server.cpu_seconds() - before) / told["calls"] * 1e6)

    return trial
