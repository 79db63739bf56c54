"""Written through one door, read through the other: MLflow and the native API see one graph."""

from __future__ import annotations

from typing import Any

import pytest
from tests.matrix.conftest import Doors

S3 = {"name": "sales", "digest": "abc", "source_type": "s3", "source": '{"uri": "s3://lake/sales.parquet"}'}


@pytest.fixture
def experiment(doors: Doors) -> str:
    return str(doors.mlflow("experiments/create", name="forecasts")["experiment_id"])


@pytest.fixture
def run(doors: Doors, experiment: str) -> str:
    """A run with a parameter, a tag, two metrics and an input."""
    created = doors.mlflow("runs/create", experiment_id=experiment, run_name="able fox", start_time=1000)
    number = str(created["run"]["info"]["run_id"])
    doors.mlflow("runs/log-parameter", run_id=number, key="lr", value="0.1")
    doors.mlflow("runs/set-tag", run_id=number, key="team", value="blue")
    points = [
        {"key": "loss", "value": 1 / (step + 1), "timestamp": 1000 + step, "step": step} for step in range(40)
    ]
    doors.mlflow("runs/log-batch", run_id=number, metrics=points)
    doors.mlflow("runs/log-metric", run_id=number, key="acc", value="NaN", timestamp=5, step=0)
    doors.mlflow("runs/log-inputs", run_id=number, datasets=[{"tags": [], "dataset": S3}])
    return number


def commit(doors: Doors, *operations: dict[str, Any]) -> Any:
    return doors.native_post("changes", {"operations": list(operations)})


class TestMlflowToNative:
    def test_a_run_is_whole(self, doors: Doors, experiment: str, run: str) -> None:
        entity = doors.entity(f"mlflow.run:{run}")["entity"]
        home = doors.entity(f"mlflow.experiment:{experiment}")["entity"]
        assert (entity["kind"], entity["name"], entity["started"]) == ("run", "able fox", 1000)
        assert (entity["home"], home["name"]) == (home["id"], "forecasts")
        assert entity["properties"] == {"status": "RUNNING", "param.lr": "0.1", "tag.team": "blue"}
        assert entity["external"] == [{"protocol": "mlflow.run", "id": run}]
        assert entity["metrics"]["loss"] == ["loss", 1 / 40, 1039, 39]

    def test_every_point_of_a_metric_is_there(self, doors: Doors, run: str) -> None:
        series = f"entities/mlflow.run:{run}/series"
        expected = [["loss", 1 / (step + 1), 1000 + step, step] for step in range(40)]
        assert doors.native(f"{series}/loss")["points"] == expected
        assert doors.native(f"{series}/acc")["points"] == [["acc", "NaN", 5, 0]]

    def test_its_input_is_a_node_by_its_location(self, doors: Doors, run: str) -> None:
        lineage = doors.native(f"lineage/mlflow.run:{run}")
        nodes = {(node["kind"], node["namespace"], node["name"]) for node in lineage["nodes"]}
        assert nodes == {("run", "default", "able fox"), ("dataset", "s3://lake", "sales.parquet")}
        assert [edge["kind"] for edge in lineage["edges"]] == ["input"]

    def test_it_is_found_by_words_and_counted(self, doors: Doors, run: str) -> None:
        assert [entity["name"] for entity in doors.native("entities", q="fox")["entities"]] == ["able fox"]
        assert [entity["name"] for entity in doors.native("entities", q="blue")["entities"]] == ["able fox"]
        assert doors.native("counts")["kinds"]["run"] == 1

    def test_a_deletion_and_its_opposite_are_seen(self, doors: Doors, run: str) -> None:
        doors.mlflow("runs/delete", run_id=run)
        assert doors.entity(f"mlflow.run:{run}")["entity"]["state"] == "deleted"
        assert doors.native("entities", q="fox").get("entities", []) == []
        doors.mlflow("runs/restore", run_id=run)
        assert "state" not in doors.entity(f"mlflow.run:{run}")["entity"]
        assert len(doors.native("entities", q="fox")["entities"]) == 1

    def test_the_history_tells_the_door(self, doors: Doors, run: str) -> None:
        events = doors.native(f"entities/mlflow.run:{run}/history")["events"]
        assert {event["door"] for event in events} == {"mlflow"}
        assert events[-1]["action"] == "created"
        assert {"points", "updated", "linked"} <= {event["action"] for event in events}


class TestNativeToMlflow:
    def test_an_experiment_and_its_run_are_shown(self, doors: Doors) -> None:
        experiment = {"by": "name", "kind": "experiment", "name": "elsewhere"}
        commit(
            doors,
            {"op": "put_entity", "kind": "experiment", "name": "elsewhere", "unique": True},
            {
                "op": "put_entity", "kind": "run", "name": "foreign", "home": experiment, "handle": "r",
                "properties": {"param.lr": "0.2", "tag.team": "red"},
            },
            {"op": "append_points", "ref": {"by": "local", "handle": "r"}, "points": [["loss", 0.25, 7, 3]]},
        )  # fmt: skip
        found = doors.mlflow_get("experiments/get-by-name", experiment_name="elsewhere")["experiment"]
        runs = doors.mlflow("runs/search", experiment_ids=[found["experiment_id"]])["runs"]
        [shown] = runs
        assert shown["info"]["run_name"] == "foreign"
        assert shown["data"]["params"] == [{"key": "lr", "value": "0.2"}]
        assert {"key": "team", "value": "red"} in shown["data"]["tags"]
        metric = shown["data"]["metrics"][0]
        assert (metric["key"], metric["value"], int(metric["timestamp"]), int(metric["step"])) == (
            "loss",
            0.25,
            7,
            3,
        )
        again = doors.mlflow_get("runs/get", run_id=shown["info"]["run_id"])["run"]
        assert again["info"]["run_name"] == "foreign"

    def test_a_property_put_natively_is_a_tag_there(self, doors: Doors, run: str) -> None:
        commit(
            doors,
            {
                "op": "put_entity",
                "ref": {"by": "external", "protocol": "mlflow.run", "id": run},
                "properties": {"tag.team": "green", "param.extra": "1"},
            },
        )
        data = doors.mlflow_get("runs/get", run_id=run)["run"]["data"]
        assert {"key": "team", "value": "green"} in data["tags"]
        assert {"key": "extra", "value": "1"} in data["params"]


class TestTogether:
    def test_a_data_set_that_two_tools_name_is_one_node(self, doors: Doors, run: str) -> None:
        place = {"by": "name", "kind": "dataset", "namespace": "s3://lake", "name": "sales.parquet"}
        put = {"op": "put_entity", "ref": place, "kind": "dataset", "properties": {"rows": 5}}
        raw = {"by": "name", "kind": "dataset", "namespace": "postgres://db:5432", "name": "shop.sales"}
        answer = commit(
            doors,
            put,
            {"op": "put_entity", "ref": raw, "kind": "dataset"},
            {"op": "put_edge", "kind": "derived", "source": raw, "target": place},
        )
        assert answer["created"] == [False, True]
        assert doors.native("counts")["kinds"]["dataset"] == 2
        names = {node["name"] for node in doors.native(f"lineage/mlflow.run:{run}")["nodes"]}
        assert names == {"able fox", "sales.parquet", "shop.sales"}

    def test_a_classification_of_the_source_reaches_the_run(self, doors: Doors, run: str) -> None:
        place = {"by": "name", "kind": "dataset", "namespace": "s3://lake", "name": "sales.parquet"}
        commit(doors, {"op": "put_label", "ref": place, "name": "personal"})
        entity = doors.entity(f"mlflow.run:{run}")["entity"]
        assert [label["name"] for label in entity["labels"]] == ["personal"]
        later = doors.mlflow("runs/create", experiment_id="0", run_name="later")["run"]["info"]["run_id"]
        doors.mlflow("runs/log-inputs", run_id=later, datasets=[{"tags": [], "dataset": S3}])
        assert [label["name"] for label in doors.entity(f"mlflow.run:{later}")["entity"]["labels"]] == [
            "personal"
        ]
        [path] = doors.native(f"entities/mlflow.run:{later}/why", label="personal")["paths"]
        assert path["edges"] == ["input"]
