"""Unmodified clients of ML Metadata: a pipeline with a training in MLflow, a notebook, many writers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.clients.mlmd.conftest import HERE, RunScript, Served, interpreter

from lineal import Client


def test_a_pipeline_and_a_training_in_mlflow_are_one_lineage(
    run_script: RunScript, server: Served, tmp_path: Path
) -> None:
    told = run_script(
        "pipeline.py", str(interpreter("mlflow")), str(HERE / "training.py"), server.url, str(tmp_path)
    )
    assert told["upstream"] == ["generate", "iris", "train", "tree"]
    assert sorted(told["paths"]) == [["examples"], ["model"]]
    client = Client(server.url)
    down = {(each.kind, each.name) for each in client.lineage(told["generate"], direction="down").nodes}
    assert {
        ("execution.system.ContainerExecution", "train"),
        ("artifact.system.Model", "tree"),
        ("dataset", str(tmp_path / "iris.csv")),
        ("run", "train tree"),
        ("logged_model", "tree"),
    } <= down
    up = {each.name for each in client.lineage(f"mlflow.run:{told['run']}", direction="up").nodes}
    assert {"generate", "train tree"} <= up
    inside = {each.id for each in client.lineage(told["model"], direction="up").nodes}
    assert {told["dataset"], told["generate"], told["train"]} <= inside


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


@pytest.fixture
def written(run_script: RunScript) -> Any:
    return run_script("writers.py")


def test_writers_with_contexts_in_common_lose_nothing(written: Any) -> None:
    steps = 8 * 15
    assert written["written"] == written["executions"] == written["artifacts"] == written["events"] == steps
    assert written["members"] == {f"g{number}": [steps * 3 // 5] * 2 for number in range(5)}
    assert written["types"] == 1
