"""What a server takes before it has done anything: time to start, memory, CPU at rest, room on the disk."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Sample, Trial, Trials
from benchmarks.servers import LINEAL, MLFLOW, MLFLOW_VENV, TUNED_MLFLOW, Server

REST_SECONDS = 10.0
SIZE_SCRIPT = Path(__file__).with_name("installed_size.py")


def startup(name: str) -> Sample:
    """Seconds until /health answers, on an empty directory."""
    with Server(name) as server:
        return Sample(server.startup_seconds)


def memory(name: str) -> Sample:
    """Megabytes of a server that has just started and has nothing to do."""
    with Server(name) as server:
        server.settle()
        return Sample(server.memory_bytes() / 1e6)


def idle_cpu(name: str) -> Sample:
    """Milliseconds of CPU per second that a server with nothing to do uses."""
    with Server(name) as server:
        server.settle()
        before = server.cpu_seconds()
        time.sleep(REST_SECONDS)
        return Sample((server.cpu_seconds() - before) / REST_SECONDS * 1e3)


def each(measure: Callable[[str], Sample]) -> Trials:
    """The same measurement on a server of each kind that is started for it."""
    return lambda _: {name: partial(measure, name) for name in (LINEAL, MLFLOW, TUNED_MLFLOW)}


def install_size(_: Bench) -> Mapping[str, Trial]:
    """Megabytes of a package with everything that it needs, without compiled bytecode."""
    return {LINEAL: _lineal_size, MLFLOW: lambda: _installed_size(MLFLOW_VENV, "mlflow")}


def _lineal_size() -> Sample:
    """Build the wheel and install it into a fresh environment, as a user does."""
    with tempfile.TemporaryDirectory(prefix="benchmark-install-") as directory:
        venv, wheels = Path(directory, "venv"), Path(directory, "wheels")
        _run(sys.executable, "-m", "venv", str(venv))
        pip = (f"{venv}/bin/python", "-m", "pip", "--disable-pip-version-check", "-q")
        _run(*pip, "wheel", "--no-deps", "-w", str(wheels), ".")
        _run(*pip, "install", *map(str, wheels.glob("*.whl")))
        return _installed_size(venv, "lineal")


def _installed_size(venv: Path, package: str) -> Sample:
    return Sample(int(_run(f"{venv}/bin/python", str(SIZE_SCRIPT), package)) / 1e6)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
