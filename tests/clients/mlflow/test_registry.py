"""The registry under an unmodified MLflow client against a live server, and the lineage that it leaves."""

from __future__ import annotations

import pytest
from tests.clients.mlflow.conftest import RunScript

from lineal.client import Client
from lineal.graph.query import Query

pytestmark = [pytest.mark.clients, pytest.mark.slow]


def test_registry(run_script: RunScript, server: str) -> None:
    told = run_script("registry.py")
    with Client(server) as client:
        names = {each.name: each for each in client.find(Query(kinds=["alias"])).entities}
        assert set(names) == {"fraud@champion", "fraud/Production"}
        above = client.lineage(names["fraud/Production"].uuid, direction="up")
        assert {node.name for node in above.nodes} >= {"table.npy", "classifier", "fraud", "fraud/2"}
        assert client.get(f"mlflow.run:{told['run']}").id in {node.id for node in above.nodes}
        copies = client.lineage(names["fraud@champion"].uuid, direction="up")
        assert client.get(f"mlflow.logged_model:{told['model']}").id in {node.id for node in copies.nodes}
        below = client.lineage(f"mlflow.logged_model:{told['model']}", direction="down")
        assert {"fraud/2", "production/1", "fraud@champion"} <= {node.name for node in below.nodes}
        gone = client.find(Query(kinds=["model"], state="deleted")).entities
        assert {each.name.partition(" ")[0] for each in gone} == {"renamed", "greeting"}
