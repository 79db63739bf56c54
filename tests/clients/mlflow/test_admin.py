"""Accounts, roles, workspaces and webhooks under unmodified clients, and what Lineal's own client then sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts import client_env
from tests.clients.mlflow.conftest import RunScript

from lineal.client import Client
from lineal.testing.serving import serving

pytestmark = [pytest.mark.clients, pytest.mark.slow]


@pytest.fixture
def python() -> Path:
    """The interpreter that has MLflow with what its client for accounts imports."""
    found = client_env.python_of("mlflow-auth")
    if not found.exists():
        pytest.skip("mlflow-auth is not here; `make clients CLIENTS=mlflow-auth` makes it")
    return found


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server that also calls this machine, on an empty store, once on each database."""
    with serving(tmp_path_factory.mktemp("data"), "--store", store_url, "--allow-private-webhooks") as url:
        yield url


def test_accounts_workspaces_and_webhooks(run_script: RunScript, server: str) -> None:
    told = run_script("admin.py")
    password = "correct horse battery"
    with Client(server, user="ada", password=password) as ada:
        shared = ada.get(f"mlflow.experiment:{told['experiment']}")
        red = ada.get(f"mlflow.experiment:{told['red']}")
        assert (shared.namespace, red.namespace, shared.name, red.name) == (
            "default",
            "team-red",
            "shared",
            "shared",
        )
        assert {user.name: user.groups for user in ada.accounts.users() if user.category == "user"} == {
            "ada": [],
            "bob": ["team-red/admin"],
        }
    with Client(server, user="bob", password=password) as bob:
        assert bob.get(f"mlflow.experiment:{told['red']}").name == "shared"
        assert bob.why_access(f"mlflow.experiment:{told['red']}", "bob", "owner").allowed
