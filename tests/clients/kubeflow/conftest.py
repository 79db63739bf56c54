"""A live server, and scripts that unmodified clients of the Model Registry run against it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from scripts import client_env

from lineal.testing.serving import serving

HERE = Path(__file__).parent
RunScript = Callable[..., Any]


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server on an empty store, once on each database."""
    with serving(tmp_path_factory.mktemp("data"), "--store", store_url) as url:
        yield url


@pytest.fixture
def run_script(server: str, tmp_path: Path) -> RunScript:
    """Run a script of this folder in an environment, with the server's port, and read the JSON that it prints."""

    def run(environment: str, name: str, *arguments: str) -> Any:
        if reason := client_env.missing(environment):
            pytest.skip(reason)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("KF_", "PYTHON"))}
        command = [str(client_env.python_of(environment)), str(HERE / name), str(urlsplit(server).port)]
        done = subprocess.run(
            [*command, *arguments],
            env={**kept, "HOME": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run
