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


def test_traces(run_script: RunScript, server: str) -> None:
    told = run_script("traces.py")
    with Client(server) as client:
        trace = client.get(f"mlflow.trace:{told['good']}")
        assert (trace.kind, trace.name, trace.properties["status"]) == ("trace", "answer", "OK")
        assert trace.properties["tokens.total_tokens"] == 24
        above = client.lineage(f"mlflow.trace:{told['of_model']}", direction="up")
        assert client.get(f"mlflow.logged_model:{told['model']}").id in {node.id for node in above.nodes}
        assert client.get(f"mlflow.run:{told['run']}").id in {node.id for node in above.nodes}
        below = client.lineage(f"mlflow.run:{told['run']}", direction="down")
        assert trace.id in {node.id for node in below.nodes}


def test_evaluation(run_script: RunScript, server: str) -> None:
    told = run_script("evaluation.py")
    with Client(server) as client:
        data = client.get(f"mlflow.dataset:{told['dataset']}", parts=["facets"])
        assert (data.name, data.kind) == ("questions", "dataset")
        assert data.facets["statistics"] == {"row_count": 2}
        below = client.lineage(f"mlflow.dataset:{told['dataset']}", direction="down")
        assert {node.name for node in below.nodes} == {"questions", "evaluated"}
        assert client.get(f"mlflow.scorer:{told['scorer']}").name == "polite"


def test_models(run_script: RunScript, server: str) -> None:
    told = run_script("models.py")
    with Client(server) as client:
        iris = client.get(f"mlflow.logged_model:{told['sklearn']}", parts=["facets"]).facets
        assert iris["environment"]["requirements"][-2:] == ["scikit-learn", "numpy==2.4.6"]
        assert iris["input_example"]["rows"] == 3
        named = [(each["name"], each["type"]) for each in iris["input_example"]["fields"]]
        assert named[0] == ("sepal length (cm)", "double")
        assert "5.1" not in str(iris["input_example"])
        adder = client.get(f"mlflow.logged_model:{told['adder']}", parts=["facets"]).facets
        assert adder["signature"] == {"inputs": [{"type": "long", "name": "a", "required": True}]}
        assert "requests" in adder["environment"]["requirements"]
        assert (adder["input_example"]["type"], adder["input_example"]["rows"]) == ("dataframe", 2)
