"""A live server, and scripts that an unmodified MLflow client runs against it from an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts import client_env

from lineal.testing.serving import serving

HERE = Path(__file__).parent
RunScript = Callable[..., Any]


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter that has MLflow."""
    found = client_env.python_of("mlflow")
    if not found.exists():
        pytest.skip("the client's environment is missing; `make clients` makes it")
    return found


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server on an empty store, once on each database."""
    with serving(tmp_path_factory.mktemp("data"), "--store", store_url) as url:
        yield url


@pytest.fixture
def run_script(python: Path, server: str, tmp_path: Path) -> RunScript:
    """Run a script of this folder against the server and read the JSON that it prints last."""

    def run(name: str) -> Any:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))},
            "MLFLOW_TRACKING_URI": server,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # Some refusals are a 500 in this protocol, which the client would repeat for two minutes.
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
            "GIT_PYTHON_REFRESH": "quiet",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            [str(python), str(HERE / name)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-4000:]
        return json.loads(done.stdout.decode().strip().splitlines()[-1])

    return run
