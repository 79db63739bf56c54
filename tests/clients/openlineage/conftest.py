"""A live server, and unmodified producers of OpenLineage that speak to it from an environment of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from scripts import client_env

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.values import Grant
from lineal.testing.serving import serving

HERE = Path(__file__).parent
Run = Callable[..., Any]


class Guarded(NamedTuple):
    """A server on which everybody signs in, and the token of a producer who may write."""

    url: str
    token: str


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter that has the producers."""
    found = client_env.python_of("openlineage")
    if not found.exists():
        pytest.skip("the client's environment is missing; `make clients` makes it")
    return found


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server on an empty store, once on each database."""
    data = tmp_path_factory.mktemp("data")
    with contextlib.closing(Catalog.open(store_url, blobs=str(data / "files"))) as catalog:
        local = catalog.session(LOCAL, "test")
        catalog.accounts.add_user(local, "producer", "a long password")
        catalog.accounts.add_grant(local, Grant(0, "producer", "editor", "store"))
        _, token = catalog.accounts.add_token(local, "producer", "events")
    with serving(data, "--store", store_url, "--accounts", "required") as url:
        yield Guarded(url, token)


@pytest.fixture
def run(python: Path, server: Guarded, tmp_path: Path) -> Run:
    """Run a command of the producers' environment, or a script of this folder, and read the JSON it prints last."""

    def run(command: str, *arguments: str, **variables: str) -> Any:
        environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("OPENLINEAGE", "PYTHON"))
            },
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            "OPENLINEAGE__TRANSPORT__TYPE": "http",
            "OPENLINEAGE__TRANSPORT__URL": server.url,
            "OPENLINEAGE__TRANSPORT__AUTH": json.dumps({"type": "api_key", "apiKey": server.token}),
            "OPENLINEAGE__TRANSPORT__COMPRESSION": "gzip",
            "OPENLINEAGE_NAMESPACE": "nightly",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "HOME": str(tmp_path),
            **variables,
        }
        program = (
            [str(python), str(HERE / command)] if command.endswith(".py") else [str(python.parent / command)]
        )
        done = subprocess.run(
            [*program, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            timeout=250,
            check=False,
        )
        told = done.stdout.decode()
        assert done.returncode == 0, told[-3000:] + done.stderr.decode()[-4000:]
        last = told.strip().splitlines()[-1:]
        return json.loads(last[0]) if last and last[0].startswith("{") else told + done.stderr.decode()

    return run
