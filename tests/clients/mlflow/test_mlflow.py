"""An unmodified MLflow client against a live server, and what other doors then see of it."""

from __future__ import annotations

import pytest
from tests.clients.mlflow.conftest import RunScript

from lineal.client import Client
from lineal.graph.query import Query

pytestmark = [pytest.mark.clients, pytest.mark.slow]


def test_tracking(run_script: RunScript, server: str) -> None:
    told = run_script("tracking.py")
    with Client(server) as client:
        run = client.get(f"mlflow.run:{told['run']}")
        assert (run.name, run.kind) == ("first", "run")
        assert run.properties["param.lr"] == "0.1"
        above = client.lineage(f"mlflow.run:{told['run']}", direction="up")
        assert {node.name for node in above.nodes} == {"first", "/data/iris.csv"}


def test_fluent(run_script: RunScript, server: str) -> None:
    told = run_script("fluent.py")
    with Client(server) as client:
        assert client.get(f"mlflow.run:{told['parent']}").state == "deleted"
        data = client.find(Query(kinds=["dataset"], parts=["facets"])).entities
        frame = next(each for each in data if each.namespace == "s3://lake")
        assert frame.name == "frame.parquet"
        assert [field["name"] for field in frame.facets["schema"]["fields"]] == ["x", "y"]


def test_autologging_and_models(run_script: RunScript, server: str) -> None:
    told = run_script("autolog.py")
    with Client(server) as client:
        model = client.get(f"mlflow.logged_model:{told['model']}", parts=["facets", "metrics"])
        names = [field["name"] for field in model.facets["signature"]["inputs"]]
        assert names[0] == "sepal length (cm)"
        assert "scikit-learn" in model.facets["environment"]["requirements"]
        assert model.metrics["accuracy"].value == pytest.approx(0.97)
        above = client.lineage(f"mlflow.logged_model:{told['model']}", direction="up")
        assert client.get(f"mlflow.run:{told['logged']}").id in {node.id for node in above.nodes}
