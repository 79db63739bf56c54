"""A live server with gRPC, and scripts that unmodified clients run against it from environments of their own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts import client_env
from tests.connect.mlmd.conftest import Served, serving

HERE = Path(__file__).parent
RunScript = Callable[..., Any]


GENERATIONS = {"mlmd": {"passed": 106, "xfailed": 2}, "mlmd-1.21": {"passed": 99, "xfailed": 2}}
"""The last release that answers filters by itself, and the last of all, whose own server has given them up."""


@pytest.fixture(scope="session", params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    """The environment of a generation of the client."""
    return str(request.param)


@pytest.fixture(scope="session")
def python(generation: str) -> Path:
    """The interpreter that has ML Metadata."""
    return interpreter(generation)


def interpreter(name: str) -> Path:
    """That of an environment; without it the test is skipped."""
    if reason := client_env.missing(name):
        pytest.skip(reason)
    return client_env.python_of(name)


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on an empty store, once on each database."""
    with serving(tmp_path_factory.mktemp("data"), "--store", store_url) as served:
        yield served


def run(python: Path, *arguments: str, folder: Path, **environment: str) -> str:
    """What a program prints that must succeed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    done = subprocess.run(
        [str(python), *arguments],
        env=kept | quiet | {"HOME": str(folder)} | environment,
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
