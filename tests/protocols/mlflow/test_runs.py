"""Runs through the door."""

from __future__ import annotations

import json
import math
from typing import Any

from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEdge, PutEntity
from lineal.graph.model import ByExternal, ByName
from lineal.graph.query import Walk


def shown(client: Client, run: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get("runs/get", run_id=run)["run"]
    return found


def pairs(run: dict[str, Any], what: str) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in run["data"].get(what, [])}


def latest(run: dict[str, Any]) -> dict[str, Any]:
    return {metric["key"]: metric["value"] for metric in run["data"].get("metrics", [])}


DATA = {"name": "d", "digest": "1", "source_type": "local", "source": '{"uri": "/data/d.csv"}'}


def test_a_run_is_shown_as_it_was_made(client: Client) -> None:
    number = client.experiment("x")
    tags = [{"key": "mlflow.user", "value": "ann"}, {"key": "mlflow.parentRunId", "value": "7"}]
    body = {"experiment_id": number, "user_id": "ann", "start_time": 456, "run_name": "mine", "tags": tags}
    created = client.post("runs/create", **body)["run"]
    info = created["info"]
    assert info["run_id"] == info["run_uuid"]
    assert len(info["run_id"]) == 32
    assert (info["run_name"], info["experiment_id"], info["user_id"]) == ("mine", number, "ann")
    assert (info["status"], info["start_time"], info["lifecycle_stage"]) == ("RUNNING", 456, "active")
    assert info["artifact_uri"] == f"mlflow-artifacts:/{number}/{info['run_id']}/artifacts"
    assert "end_time" not in info
    assert pairs(created, "tags") == {
        "mlflow.runName": "mine",
        "mlflow.user": "ann",
        "mlflow.parentRunId": "7",
    }
    again = client.send("GET", "/ajax-api/2.0/mlflow/runs/get", params={"run_uuid": info["run_id"]}).json()[
        "run"
    ]
    assert again["info"] == info
    assert pairs(again, "tags") == pairs(created, "tags")


def test_a_run_without_a_name_gets_one(client: Client) -> None:
    run = shown(client, client.run())
    assert run["info"]["run_name"].count("-") == 2
    assert run["info"]["start_time"] == 0
    named = shown(client, client.run(tags=[{"key": "mlflow.runName", "value": "by tag"}]))
    assert named["info"]["run_name"] == "by tag"
    both = {"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}
    assert client.refused("runs/create", experiment_id="0", **both)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_an_experiments_own_location_is_the_runs(client: Client) -> None:
    number = client.experiment("x", artifact_location="s3://bucket/root")
    run = client.run(number)
    assert shown(client, run)["info"]["artifact_uri"] == f"s3://bucket/root/{run}/artifacts"
    status, code, _ = told(client.send("GET", "artifacts/list", params={"run_id": run}))
    assert (status, code) == (501, "NOT_IMPLEMENTED")


def test_updating(client: Client) -> None:
    run = client.run(run_name="a")
    info = client.post("runs/update", run_id=run, status="FINISHED", end_time=99, run_name="b")["run_info"]
    assert (info["status"], info["end_time"], info["run_name"]) == ("FINISHED", 99, "b")
    info = client.post("runs/update", run_id=run, run_name="c")["run_info"]
    assert (info["status"], info["run_name"]) == ("FINISHED", "c")
    assert pairs(shown(client, run), "tags")["mlflow.runName"] == "c"
    assert client.post("runs/update", run_id=run, status=4)["run_info"]["status"] == "FAILED"
    assert client.refused("runs/update", run_id=run, status="DONE")[0] == 400


def test_deleting_is_soft_and_may_be_repeated(client: Client) -> None:
    run = client.run()
    for _ in range(2):
        client.post("runs/delete", run_id=run)
    assert shown(client, run)["info"]["lifecycle_stage"] == "deleted"
    message = f"The run {run} must be in the 'active' state. Current state is deleted."
    for path, body in WRITES.items():
        assert client.refused(path, run_id=run, **body) == (400, "INVALID_PARAMETER_VALUE", message), path
    client.post("runs/restore", run_id=run)
    client.post("runs/set-tag", run_id=run, key="a", value="b")


WRITES: dict[str, dict[str, Any]] = {
    "runs/update": {"status": "FINISHED"},
    "runs/set-tag": {"key": "a", "value": "b"},
    "runs/delete-tag": {"key": "a"},
    "runs/log-parameter": {"key": "a", "value": "b"},
    "runs/log-metric": {"key": "a", "value": 1, "timestamp": 1},
    "runs/log-batch": {"params": [{"key": "a", "value": "b"}]},
    "runs/log-inputs": {"datasets": [{"dataset": DATA}]},
    "runs/log-model": {
        "model_json": json.dumps({"artifact_path": "m", "flavors": {}, "utc_time_created": "", "run_id": ""})
    },
}


PATHS = [*WRITES, "runs/delete", "runs/restore"]


def test_a_run_that_is_not_there(client: Client) -> None:
    for path in PATHS:
        expected = (404, "RESOURCE_DOES_NOT_EXIST", "Run with id=nope not found")
        assert client.refused(path, run_id="nope", **WRITES.get(path, {})) == expected


def test_parameters_never_change(client: Client) -> None:
    run = client.run()
    for _ in range(2):
        client.post("runs/log-parameter", run_id=run, key="lr", value="0.1")
    assert client.refused("runs/log-parameter", run_id=run, key="lr", value="0.2") == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' for run"
        f" ID='{run}'. Attempted logging new value '0.2'.",
    )
    batch = [{"key": "new", "value": "1"}, {"key": "lr", "value": "0.3"}]
    metrics = [{"key": "m", "value": 1, "timestamp": 1}]
    status, _, message = client.refused("runs/log-batch", run_id=run, params=batch, metrics=metrics)
    assert status == 400
    assert "[{'key': 'lr', 'old_value': '0.1', 'new_value': '0.3'}]" in message
    found = shown(client, run)
    assert pairs(found, "params") == {"lr": "0.1"}
    assert latest(found) == {}


def test_long_values_are_cut_not_refused(client: Client) -> None:
    run = client.run()
    client.post("runs/log-parameter", run_id=run, key="p", value="x" * 7000)
    client.post("runs/set-tag", run_id=run, key="t", value="y" * 9000)
    client.post("runs/log-batch", run_id=run, params=[{"key": "q", "value": "z" * 7000}])
    found = shown(client, run)
    assert {key: len(value) for key, value in pairs(found, "params").items()} == {"p": 6000, "q": 6000}
    assert len(pairs(found, "tags")["t"]) == 8000


def test_tags(client: Client) -> None:
    run = client.run()
    client.send("POST", "runs/set-tag", json={"run_uuid": run, "key": "a", "value": ""})
    assert pairs(shown(client, run), "tags")["a"] == ""
    client.post("runs/set-tag", run_id=run, key="mlflow.runName", value="renamed")
    assert shown(client, run)["info"]["run_name"] == "renamed"
    client.post("runs/delete-tag", run_id=run, key="a")
    assert client.refused("runs/delete-tag", run_id=run, key="a") == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"No tag with name: a in run with id {run}",
    )


def test_the_latest_metric_is_that_of_the_last_step(client: Client) -> None:
    run = client.run()
    for value, time, step in ((1.0, 5, 1), (3.0, 1, 3), (2.0, 9, 2), (3.5, 1, 3), (3.5, 1, 3)):
        client.post("runs/log-metric", run_id=run, key="m", value=value, timestamp=time, step=step)
    assert latest(shown(client, run)) == {"m": 3.5}
    history = client.get("metrics/get-history", run_id=run, metric_key="m")["metrics"]
    assert [each["value"] for each in history] == [3.0, 3.5, 1.0, 2.0]


def test_numbers_that_json_lacks(client: Client) -> None:
    run = client.run()
    metrics = [{"key": value, "value": value, "timestamp": "1"} for value in ("NaN", "Infinity", "-Infinity")]
    client.post("runs/log-batch", run_id=run, metrics=metrics)
    assert latest(shown(client, run)) == {value: value for value in ("NaN", "Infinity", "-Infinity")}
    assert math.isnan(float(latest(shown(client, run))["NaN"]))


def test_a_batch_is_all_or_nothing(client: Client) -> None:
    run = client.run()
    metric = {"key": "m", "value": 1, "timestamp": 1}
    tag, param = {"key": "t", "value": "v"}, {"key": "p", "value": "v"}
    too_large: list[dict[str, Any]] = [
        {"metrics": [metric] * 1001},
        {"params": [{"key": f"p{number}", "value": "v"} for number in range(101)]},
        {"tags": [{"key": f"t{number}", "value": "v"} for number in range(101)]},
        {"metrics": [metric] * 1000, "tags": [tag]},
        {"params": [param, param]},
        {"metrics": [metric], "params": [{"key": "a//b", "value": "v"}]},
        {"metrics": [metric, {"key": "../b", "value": 1, "timestamp": 1}]},
    ]
    for body in too_large:
        assert client.refused("runs/log-batch", run_id=run, **body)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert shown(client, run)["data"].get("metrics") is None
    client.post(
        "runs/log-batch",
        run_id=run,
        metrics=[metric] * 900,
        params=[param],
        tags=[tag, {**tag, "value": "w"}],
    )
    found = shown(client, run)
    assert (latest(found), pairs(found, "params"), pairs(found, "tags")["t"]) == ({"m": 1.0}, {"p": "v"}, "w")
    client.post("runs/log-batch", run_id=run)


def test_the_wrong_item_of_a_batch_is_named(client: Client) -> None:
    run, good = client.run(), {"key": "m", "value": 1, "timestamp": 1}
    metrics = [good, good, {**good, "key": "../b"}]
    _, _, message = client.refused("runs/log-batch", run_id=run, metrics=metrics)
    assert message.startswith("Invalid value \"../b\" for parameter 'metrics[2].name' supplied")
    tags = [{"key": "a", "value": "b"}, {"key": "a?", "value": "b"}]
    _, _, message = client.refused("runs/log-batch", run_id=run, tags=tags)
    assert message.startswith("Invalid value \"a?\" for parameter 'tags[1].key' supplied")


def test_inputs_come_back_as_they_were_sent(client: Client) -> None:
    run = client.run()
    schema = json.dumps({"mlflow_colspec": [{"name": "a", "type": "long", "required": True}]})
    first = {**DATA, "schema": schema, "profile": '{"num_rows": 2}'}
    second, third = {**DATA, "digest": "2"}, {**DATA, "name": "code", "source_type": "code", "source": "{}"}
    tags = [{"key": "foo", "value": "baz"}, {"key": "mlflow.data.context", "value": "train"}]
    given = [
        {"dataset": first, "tags": tags},
        {"dataset": second, "tags": []},
        {"dataset": third, "tags": tags},
    ]
    client.post("runs/log-inputs", run_id=run, datasets=given)
    client.post("runs/log-inputs", run_id=run, datasets=[{"dataset": first, "tags": []}])
    assert shown(client, run)["inputs"]["dataset_inputs"] == given
    found = client.post("runs/search", experiment_ids=["0"])["runs"]
    assert found[0]["inputs"]["dataset_inputs"] == given


def test_inputs_are_nodes_that_other_doors_know(client: Client, session: Session) -> None:
    run = client.run()
    schema = json.dumps({"mlflow_colspec": [{"name": "a", "type": "long"}]})
    client.post("runs/log-inputs", run_id=run, datasets=[{"dataset": {**DATA, "schema": schema}}])
    data = session.get(ByName("dataset", "/data/d.csv", "file"), ("facets",))
    assert data.facets["schema"] == {"fields": [{"name": "a", "type": "long"}]}
    lineage = session.lineage(Walk(ByExternal("mlflow.run", run), "up"))
    assert data.id in {node.id for node in lineage.nodes}


def test_what_other_tools_say_of_runs_is_shown(client: Client, session: Session) -> None:
    home = ByName("experiment", "nightly")
    changes = [
        PutEntity(home, kind="experiment"),
        PutEntity(
            ByName("run", "build 7"), kind="run", home=home, started=1, ended=2, properties={"param.n": 3}
        ),
        PutEntity(ByName("dataset", "t", "postgres://db:5432"), kind="dataset"),
        PutEdge("input", ByName("dataset", "t", "postgres://db:5432"), ByName("run", "build 7")),
    ]
    commit = session.commit(Change(changes))
    experiment = str(commit.entities[0])
    assert client.get("experiments/get", experiment_id=experiment)["experiment"]["name"] == "nightly"
    found = client.post("runs/search", experiment_ids=[experiment])["runs"][0]
    assert (found["info"]["run_name"], found["info"]["status"]) == ("build 7", "FINISHED")
    assert found["info"]["experiment_id"] == experiment
    assert found["inputs"]["dataset_inputs"][0]["dataset"]["name"] == "t"
    assert shown(client, found["info"]["run_id"]) == found
    assert client.run(experiment)


REFUSED_INPUTS = [
    [{}],
    [{"dataset": {"name": "d"}}],
    [{"dataset": {**DATA, "digest": "x" * 37}}],
    "d",
    [{"dataset": 5}],
]


def test_inputs_that_are_refused(client: Client) -> None:
    for datasets in REFUSED_INPUTS:
        refused = client.refused("runs/log-inputs", run_id=client.run(), datasets=datasets)
        assert refused[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_old_clients_tell_of_models(client: Client) -> None:
    run = client.run()
    model = {
        "artifact_path": "m",
        "flavors": {"sklearn": {}},
        "utc_time_created": "now",
        "run_id": run,
        "more": 1,
    }
    for path in ("a", "b"):
        client.post("runs/log-model", run_id=run, model_json=json.dumps({**model, "artifact_path": path}))
    history = json.loads(pairs(shown(client, run), "tags")["mlflow.log-model.history"])
    assert [each["artifact_path"] for each in history] == ["a", "b"]
    for wrong in ("{", "[]", "{}"):
        assert client.refused("runs/log-model", run_id=run, model_json=wrong)[0] == 400


def test_unknown_operations_let_clients_fall_back(client: Client) -> None:
    status, code, _ = told(client.send("GET", "/api/3.0/mlflow/gateway/secrets/get"))
    assert (status, code) == (404, "ENDPOINT_NOT_FOUND")
    assert client.send("GET", "runs/create").status_code == 405


def test_what_a_client_asks_first(client: Client) -> None:
    assert client.send("GET", "/version").text == "3.18.0"
    for prefix in ("api", "ajax-api"):
        info = client.get(f"/{prefix}/3.0/mlflow/server-info")
        assert info["store_type"] == "SqlStore"
        assert info["multipart_uploads_enabled"] is True
