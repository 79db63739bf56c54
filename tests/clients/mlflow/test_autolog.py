"""MLflow's autologging of each framework against a live server, and what Lineal's own client then reads.

Each script trains on a data set that scikit-learn brings along and checks what MLflow's client reads back; here the
same run, its model and its data sets are looked at from the other side. Frameworks that take long to download are
tried where their environment is there: `make clients-all` makes it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from scripts import client_env
from tests.clients.mlflow.conftest import RunScript

from lineal.client import Client
from lineal.graph.model import Entity

pytestmark = [pytest.mark.clients, pytest.mark.slow]

MEASURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def within(environment: str) -> pytest.MarkDecorator:
    """Run a test's scripts with the interpreter of this environment."""
    return pytest.mark.parametrize("python", [environment], indirect=True, ids=[""])


@pytest.fixture
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of the environment that a test named."""
    found = client_env.python_of(request.param)
    if not found.exists():
        pytest.skip(f"{request.param} is not here; `make clients CLIENTS={request.param}` makes it")
    return found


@within("mlflow-boosting")
def test_boosting(run_script: RunScript, server: str) -> None:
    told = run_script("autolog_boosting.py")
    with Client(server) as client:
        found = {name: check_run(client, name, each) for name, each in told.items()}
        for name, metric in (("xgboost", "test-logloss"), ("lightgbm", "test-binary_logloss")):
            points = client.series(f"mlflow.run:{told[name]['run']}", metric)
            assert [[point.step, point.value] for point in points] == told[name]["history"]
            assert told[name]["inputs"] == [["eval", "test"], ["eval", "train"], ["train", "dataset"]]
            model = check_model(client, told[name], "train", "test", "dataset")
            assert model.facets["signature"]["inputs"][0]["name"] == "mean radius"
            assert any(line.startswith(name) for line in model.facets["environment"]["requirements"])
        assert found["xgboost"].properties["param.eta"] == "0.3"
        assert found["lightgbm"].properties["param.num_leaves"] == "7"
        assert found["statsmodels"].properties["param.cov_type"] == "HC1"
        assert found["statsmodels"].metrics["rsquared"].value == pytest.approx(0.5177, abs=1e-4)
        model = check_model(client, told["statsmodels"])
        assert any(line.startswith("statsmodels") for line in model.facets["environment"]["requirements"])


@within("mlflow-lightning")
def test_lightning(run_script: RunScript, server: str) -> None:
    told = run_script("autolog_lightning.py")
    with Client(server) as client:
        run = check_run(client, "lightning", told)
        assert (run.properties["param.optimizer_name"], run.properties["param.lr"]) == ("Adam", "0.01")
        for key, values in told["history"].items():
            points = client.series(f"mlflow.run:{told['run']}", key)
            assert [point.value for point in points] == values
            assert [point.step for point in points] == sorted({point.step for point in points})
        model = check_model(client, told)
        requirements = model.facets["environment"]["requirements"]
        assert {"torch", "lightning"} <= {line.split("==")[0] for line in requirements}


@within("mlflow-spark")
def test_spark(run_script: RunScript, server: str) -> None:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, and there is none on the PATH")
    told = run_script("autolog_spark.py")
    with Client(server) as client:
        run = check_run(client, "spark", told)
        assert run.properties["param.DecisionTreeClassifier.maxDepth"] == "3"
        assert run.metrics["accuracy_flowers"].value > 0.9
        above = client.lineage(f"mlflow.run:{told['run']}", direction="up").nodes
        data = [node for node in above if node.kind == "dataset"]
        assert len(data) == len(told["inputs"]) == 2
        schema = client.get(data[0].id, parts=["facets"]).facets["schema"]
        assert [field["name"] for field in schema["fields"]][:4] == MEASURES
        for child in told["children"]:
            assert client.get(f"mlflow.run:{child}").properties["tag.mlflow.parentRunId"] == told["searched"]


def check_run(client: Client, name: str, told: dict[str, Any]) -> Entity:
    """The run as the graph has it; it must hold what MLflow's client read of it."""
    run = client.get(f"mlflow.run:{told['run']}", parts=["properties", "metrics"])
    assert (run.name, run.kind, run.properties["status"]) == (name, "run", "FINISHED")
    params = {key.removeprefix("param."): value for key, value in run.properties.items() if "param." in key}
    assert params == told["params"]
    assert {key: point.value for key, point in run.metrics.items()} == told["metrics"]
    return run


def check_model(client: Client, told: dict[str, Any], *data: str) -> Entity:
    """The model as the graph has it; above it must be its run and data sets of just these names."""
    address = f"mlflow.logged_model:{told['model']}"
    above = client.lineage(address, direction="up").nodes
    assert client.get(f"mlflow.run:{told['run']}").id in {node.id for node in above}
    named = {str(node.name).partition("@")[0] for node in above if node.kind == "dataset"}
    assert named == set(data)
    return client.get(address, parts=["facets"])
