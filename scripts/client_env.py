"""Make the virtual environment of an unmodified vendor client: `python scripts/client_env.py [NAME …]`.

Vendor clients pin half the world, each another half, so each lives in `.venv-clients/NAME` and Lineal's own
environment never sees them. Without a name those are made that the ordinary tests need; with `--all` also the big
ones. One that is as wanted already is left alone. What happens is told on stderr; stdout gets the path of each
environment's Python, one a line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

BASE = Path(__file__).resolve().parent.parent / ".venv-clients"


class Environment(NamedTuple):
    """What an environment is made of."""

    steps: list[list[str]]
    """Calls of `pip install`, made in this order."""

    on: str = ""
    """Another environment, whose packages are seen here as well and are not installed again."""

    size: str = ""
    """How much it downloads, of one that the ordinary tests go without."""

    newest: tuple[int, int] | None = None
    """The newest Python that there are wheels for."""

    libc: tuple[int, int] | None = None
    """The oldest C library that there are wheels for; only Linux has them."""


MODEL_REGISTRY_TESTS = ["pytest==8.4.2", "pytest-asyncio==0.26.0", "requests==2.34.2", "boto3==1.43.117"]

ENVIRONMENTS = {
    # mlflow 3.18.0 was published without the mlflow-skinny and mlflow-tracing it asks for. Its wheel carries
    # the whole package, so it goes on top of 3.17.2, without its dependencies.
    "mlflow": Environment([["mlflow==3.17.2", "scikit-learn==1.9.1"], ["--no-deps", "mlflow==3.18.0"]]),
    # xgboost-cpu is xgboost without the code for GPUs: 6 MB instead of 130.
    "mlflow-boosting": Environment(
        [["xgboost-cpu==3.2.0", "lightgbm==4.7.0", "statsmodels==0.15.0"]], on="mlflow"
    ),
    # PyPI's torch for Linux brings CUDA along. An index with CPU builds in PIP_EXTRA_INDEX_URL saves most of it.
    "mlflow-lightning": Environment(
        [["torch==2.13.0", "lightning==2.6.6"]],
        on="mlflow",
        size="200 MB; several GB where torch brings CUDA",
    ),
    # Needs Java 17 as well.
    "mlflow-spark": Environment([["pyspark==4.2.0"]], on="mlflow", size="450 MB"),
    # MLflow's client for accounts imports its server, which asks for this.
    "mlflow-auth": Environment([["Flask-WTF==1.3.0"]], on="mlflow"),
    # dbt's integration of OpenLineage asks for neither jinja2 nor pyyaml, which dbt brings along.
    "openlineage": Environment(
        [
            [
                "openlineage-python==1.54.0",
                "openlineage-sql==1.54.0",
                "openlineage-integration-common==1.54.0",
                "openlineage-dbt==1.54.0",
                "dbt-core==1.10.15",
                "dbt-duckdb==1.10.0",
                "duckdb==1.4.2",
            ]
        ]
    ),
    # Marquez's client imports pytz and asks for it only in later versions.
    "marquez": Environment([["marquez-python==0.50.0", "pytz==2025.2"]]),
    # Kubeflow's old notebook library pins an ML Metadata of 2020, but runs on this one.
    "mlmd": Environment(
        [
            ["ml-metadata==1.17.1", "pytest==8.4.2", "retrying==1.4.2"],
            ["--no-deps", "kubeflow-metadata==0.3.1"],
        ],
        newest=(3, 11),
    ),
    "mlmd-1.21": Environment(
        [["ml-metadata==1.21.0", "pytest==8.4.2"]],
        newest=(3, 13),
        libc=(2, 39),
    ),
    # The last client of the registry's first generation and one of the later, with what the registry's own tests need.
    "kubeflow": Environment([["model-registry==0.3.14", *MODEL_REGISTRY_TESTS]]),
    "kubeflow-v1": Environment([["model-registry==0.3.18", *MODEL_REGISTRY_TESTS]]),
    # What MLflow's own tests need, which scripts/mlflow_tests.py runs.
    "mlflow-tests": Environment(
        [
            [
                "pytest==9.2.0",
                "pytest-asyncio",
                "pytest-timeout",
                "psutil",
                "httpx2",
                "Flask-WTF",
                "PyJWT",
                "opentelemetry-exporter-otlp-proto-http",
            ]
        ],
        on="mlflow",
        size="5 MB",
    ),
}


class TooNew(RuntimeError):
    """There are no wheels for this Python or this system."""


def python_of(name: str) -> Path:
    """The interpreter of an environment, made or not."""
    return BASE / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def packages_of(name: str) -> Path:
    """Where an environment that was made keeps its packages."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told = subprocess.run([str(python_of(name)), "-c", ask], check=True, capture_output=True, text=True)
    return Path(told.stdout.strip())


def missing(name: str) -> str:
    """Why an environment cannot be used, for those who skip what needs it; empty when it is there."""
    if python_of(name).exists():
        return ""
    return too_new(name) or f"the client's environment is missing; `scripts/client_env.py {name}` makes it"


def too_new(name: str) -> str:
    """Why an environment cannot be made with this Python or on this system; empty when it can."""
    newest, libc = ENVIRONMENTS[name].newest, ENVIRONMENTS[name].libc
    if libc is not None and system_libc() < libc:
        return f"{name} has wheels for a C library of {libc[0]}.{libc[1]} or newer only"
    if newest is None or sys.version_info[:2] <= newest:
        return ""
    own = ".".join(map(str, sys.version_info[:2]))
    return f"{name} has no wheels for Python {own}, the newest is {newest[0]}.{newest[1]}"


def system_libc() -> tuple[int, ...]:
    """The version of glibc; 0 where there is another."""
    kind, version = platform.libc_ver()
    return tuple(map(int, version.split("."))) if kind == "glibc" else (0,)


def ensure(name: str) -> Path:
    """Make the environment unless it is there with the same contents; return its interpreter.

    Raises:
        TooNew: there are no wheels for this Python or this system.
    """
    if reason := too_new(name):
        raise TooNew(reason)
    if on := ENVIRONMENTS[name].on:
        ensure(on)
    stamp, wanted = BASE / name / ".content-hash", content_hash(name)
    with locked(name):
        if not (stamp.is_file() and stamp.read_text() == wanted and python_of(name).exists()):
            make(name)
            stamp.write_text(wanted)
    return python_of(name)


def content_hash(name: str) -> str:
    """What an environment and those below it are made of, as one hash."""
    steps, on = ENVIRONMENTS[name][:2]
    below = [content_hash(on)] if on else []
    return hashlib.sha256(json.dumps([steps, sys.version_info[:2], *below]).encode()).hexdigest()


def make(name: str) -> None:
    """Make the environment anew."""
    started = time.monotonic()
    shutil.rmtree(BASE / name, ignore_errors=True)
    steps, on, size = ENVIRONMENTS[name][:3]
    say(f"{name}: a new environment in {BASE / name} ({size or 'a minute or two'}, once)")
    subprocess.run([sys.executable, "-m", "venv", str(BASE / name)], check=True)
    if on:
        (packages_of(name) / "below.pth").write_text(f"{packages_of(on)}\n")
    for step in steps:
        say(f"{name}: pip install {' '.join(step)}")
        pip = [str(python_of(name)), "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
        subprocess.run([*pip, *step], check=True)
    say(f"{name}: ready after {time.monotonic() - started:.0f} s")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Keep two processes from making the same environment at once."""
    BASE.mkdir(exist_ok=True)
    with (BASE / f".{name}.lock").open("w") as file:
        if os.name != "nt":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell on stderr what is happening."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Make the environments that were named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    known = ", ".join(ENVIRONMENTS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {known}")
    parser.add_argument("--all", action="store_true", help="every environment, the big ones too")
    arguments = parser.parse_args()
    wanted = [name for name, each in ENVIRONMENTS.items() if arguments.all or not each.size]
    names = arguments.names or wanted
    if unknown := set(names) - set(ENVIRONMENTS):
        parser.error(f"no such environment: {', '.join(sorted(unknown))}; there are: {known}")
    for name in names:
        try:
            print(ensure(name))
        except TooNew as reason:
            say(f"{name}: left out; {reason}")
        except subprocess.CalledProcessError as error:
            sys.exit(f"{name}: {' '.join(error.cmd)} failed with status {error.returncode}")


if __name__ == "__main__":
    main()
