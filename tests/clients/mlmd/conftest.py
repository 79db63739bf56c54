"""A live server with gRPC, and scripts that unmodified clients run against it from environments of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from scripts import client_env

from lineal.testing.serving import start_lineal

HERE = Path(__file__).parent
RunScript = Callable[..., Any]


class Served(NamedTuple):
    """Where a server answers over HTTP and over gRPC."""

    url: str
    grpc_port: int


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter that has ML Metadata."""
    return interpreter("mlmd")


def interpreter(name: str) -> Path:
    """That of an environment; without it the test is skipped."""
    if reason := client_env.missing(name):
        pytest.skip(reason)
    return client_env.python_of(name)


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on an empty store, once on each database."""
    process = start_lineal(tmp_path_factory.mktemp("data"), "--store", store_url, "--grpc-port", "0")
    try:
        told = re.search(r"grpc_port=(\d+)", process.log())
        assert told is not None, process.log()
        yield Served(process.url, int(told[1]))
    finally:
        process.stop()


def run(python: Path, *arguments: str, folder: Path) -> str:
    """What a program prints that must succeed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
    done = subprocess.run(
        [str(python), *arguments],
        env={**kept, "HOME": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture
def run_script(python: Path, server: Served, tmp_path: Path) -> RunScript:
    """Run a script of this folder with the port of gRPC and read the JSON that it prints last."""

    def answer(name: str, *arguments: str) -> Any:
        printed = run(python, str(HERE / name), str(server.grpc_port), *arguments, folder=tmp_path)
        return json.loads(printed.strip().splitlines()[-1])

    return answer
