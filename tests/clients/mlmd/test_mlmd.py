"""Unmodified clients of ML Metadata: a pipeline with a training in MLflow, a notebook, many writers at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.clients.mlmd.conftest import HERE, RunScript, Served, interpreter, run

from lineal import Client
from lineal.example.record import record

HOW_TO = HERE.parents[2] / "docs" / "how-to" / "ml-metadata.md"


@pytest.mark.parametrize("generation", ["mlmd"], indirect=True)
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_pipeline_and_a_training_in_mlflow_are_one_lineage(
    python: Path, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAL_PIPELINE_PYTHON", str(python))
    monkeypatch.setenv("LINEAL_EXAMPLE_PYTHON", str(interpreter("mlflow")))
    told = record(server.url, server.grpc_port)
    assert told["upstream"] == ["generate", "iris", "train", "tree"]
    client = Client(server.url)
    down = {
        (each.kind, each.name.rpartition("/")[2])
        for each in client.lineage(told["generate"], direction="down").nodes
    }
    assert {
        ("execution.system.ContainerExecution", "train"),
        ("artifact.system.Model", "tree"),
        ("dataset", "iris.csv"),
        ("run", "train tree"),
        ("logged_model", "tree"),
    } <= down
    up = {each.name for each in client.lineage(f"mlflow.run:{told['run']}", direction="up").nodes}
    assert {"generate", "train tree"} <= up
    inside = {each.id for each in client.lineage(told["model"], direction="up").nodes}
    assert {told["dataset"], told["generate"], told["train"]} <= inside
    events = [event for edge in client.around(told["train"]).edges for event in edge.detail.values()]
    assert sorted(event["path"] for event in events if "path" in event) == [["examples"], ["model"]]


@pytest.mark.parametrize("generation", ["mlmd"], indirect=True)
def test_kubeflows_old_notebook_library(run_script: RunScript, server: Served) -> None:
    told = run_script("notebook.py")
    assert told["same"] and told["context"][0] == told["context"][1]
    ((model,), (data,), (metrics,)) = (told[each] for each in ("models", "data", "metrics"))
    assert (model["name"], model["version"], model["hyperparameters"]) == (
        "digits",
        "2",
        {"layers": [10, 3, 1], "rate": 0.5},
    )
    assert (data["query"], data["run"], data["workspace"]) == ("SELECT 1", "first run", "ws")
    assert metrics["values"] == {"accuracy": 0.95}
    execution, dataset, digits, _ = told["ids"]
    lineage = Client(server.url).lineage(digits, direction="up")
    assert {execution, dataset} <= {each.id for each in lineage.nodes}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_first_sample_of_the_how_to(python: Path, server: Served, tmp_path: Path) -> None:
    (sample,) = re.findall(r"```python record.py\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    (tmp_path / "record.py").write_text(sample)
    printed = run(python, str(tmp_path / "record.py"), folder=tmp_path, PORT=str(server.grpc_port))
    assert printed == "['sales']\n"
    up = Client(server.url).lineage("name:dataset:s3%3A%2F%2Flake/sales.parquet", direction="up")
    assert "extract sales" in {each.name for each in up.nodes}


@pytest.fixture
def written(run_script: RunScript) -> Any:
    return run_script("writers.py")


def test_writers_with_contexts_in_common_lose_nothing(written: Any) -> None:
    steps = 8 * 15
    assert written["written"] == written["executions"] == written["artifacts"] == written["events"] == steps
    assert written["members"] == {f"g{number}": [steps * 3 // 5] * 2 for number in range(5)}
    assert written["types"] == 1
