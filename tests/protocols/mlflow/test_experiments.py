"""Experiments through the door."""

from __future__ import annotations

import os

from tests.protocols.mlflow.conftest import Client, told


def names(client: Client, **search: object) -> list[str]:
    found = client.post("experiments/search", **{"max_results": 100, **search})
    return [each["name"] for each in found.get("experiments", [])]


def test_the_default_experiment_is_always_there(client: Client) -> None:
    shown = client.get("experiments/get", experiment_id="0")["experiment"]
    assert (shown["name"], shown["lifecycle_stage"]) == ("Default", "active")
    assert shown["artifact_location"] == "mlflow-artifacts:/0"


def test_an_experiment_is_shown_as_it_was_made(client: Client) -> None:
    tags = [{"key": "a", "value": "1"}, {"key": "empty", "value": ""}]
    number = client.experiment("first", artifact_location="s3://bucket/x", tags=tags)
    shown = client.get("experiments/get", experiment_id=number)["experiment"]
    assert shown["artifact_location"] == "s3://bucket/x"
    assert shown["tags"] == tags
    assert shown["creation_time"] == shown["last_update_time"] > 1_600_000_000_000
    assert client.get("experiments/get-by-name", experiment_name="first")["experiment"] == shown
    beside = client.experiment("beside", artifact_location="my_folder")
    location = client.get("experiments/get", experiment_id=beside)["experiment"]["artifact_location"]
    assert location == os.path.abspath("my_folder")
    other = client.experiment("second")
    location = client.get("experiments/get", experiment_id=other)["experiment"]["artifact_location"]
    assert location == f"mlflow-artifacts:/{other}"
    assert other.isdigit()


def test_a_name_is_taken_for_good(client: Client) -> None:
    number = client.experiment("x")
    status, code, message = client.refused("experiments/create", name="x")
    assert (status, code) == (400, "RESOURCE_ALREADY_EXISTS")
    assert message == "Experiment(name=x) already exists."
    client.post("experiments/delete", experiment_id=number)
    status, code, message = client.refused("experiments/create", name="x")
    assert (status, code) == (400, "RESOURCE_ALREADY_EXISTS")
    assert "deleted state" in message
    assert (
        client.get("experiments/get-by-name", experiment_name="x")["experiment"]["lifecycle_stage"]
        == "deleted"
    )


def test_deleting_takes_the_runs_along_and_restoring_brings_all_back(client: Client) -> None:
    number = client.experiment("x")
    deleted_before, run = client.run(number), client.run(number)
    client.post("runs/delete", run_id=deleted_before)
    client.post("experiments/delete", experiment_id=number)
    assert client.get("runs/get", run_id=run)["run"]["info"]["lifecycle_stage"] == "deleted"
    status, code, message = client.refused("runs/log-parameter", run_id=run, key="a", value="1")
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message == f"The run {run} must be in the 'active' state. Current state is deleted."
    client.post("experiments/restore", experiment_id=number)
    for each in (deleted_before, run):
        assert client.get("runs/get", run_id=each)["run"]["info"]["lifecycle_stage"] == "active"


def test_what_is_not_there_or_not_in_the_right_state(client: Client) -> None:
    number = client.experiment("x")
    missing = (404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id=5 exists")
    for path in ("delete", "restore"):
        assert client.refused(f"experiments/{path}", experiment_id="5") == missing
    assert client.refused("experiments/update", experiment_id="5", new_name="y") == missing
    assert client.refused("experiments/set-experiment-tag", experiment_id="5", key="a") == missing
    assert told(client.send("GET", "experiments/get", params={"experiment_id": "5"})) == missing
    assert client.refused("experiments/restore", experiment_id=number)[0] == 404
    client.post("experiments/delete", experiment_id=number)
    assert client.refused("experiments/delete", experiment_id=number)[0] == 404
    assert client.refused("experiments/update", experiment_id=number, new_name="y")[:2] == (
        500,
        "INVALID_STATE",
    )
    status, _, message = client.refused(
        "experiments/set-experiment-tag", experiment_id=number, key="a", value="b"
    )
    assert (status, message) == (
        400,
        f"The experiment {number} must be in the 'active' state. Current state is deleted.",
    )
    assert client.refused("runs/create", experiment_id=number)[:2] == (400, "INVALID_PARAMETER_VALUE")
    status, _, message = told(client.send("GET", "experiments/get-by-name", params={"experiment_name": "no"}))
    assert (status, message) == (404, "Could not find experiment with name 'no'")


def test_renaming(client: Client) -> None:
    number, _ = client.experiment("x"), client.experiment("taken")
    client.post("experiments/update", experiment_id=number, new_name="y")
    client.post("experiments/update", experiment_id=number, new_name="y")
    assert client.get("experiments/get", experiment_id=number)["experiment"]["name"] == "y"
    assert client.refused("experiments/update", experiment_id=number, new_name="taken")[:2] == (
        400,
        "RESOURCE_ALREADY_EXISTS",
    )
    client.experiment("x")


def test_tags(client: Client) -> None:
    number = client.experiment("x")
    client.post("experiments/set-experiment-tag", experiment_id=number, key="a", value="1")
    client.post("experiments/set-experiment-tag", experiment_id=number, key="a", value="2\n2")
    assert client.get("experiments/get", experiment_id=number)["experiment"]["tags"] == [
        {"key": "a", "value": "2\n2"}
    ]
    client.post("experiments/delete-experiment-tag", experiment_id=number, key="a")
    assert "tags" not in client.get("experiments/get", experiment_id=number)["experiment"]
    status, code, message = client.refused("experiments/delete-experiment-tag", experiment_id=number, key="a")
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert message == f"No tag with name: a in experiment with id {number}"
    too_long = "x" * 20_001
    assert (
        client.refused("experiments/set-experiment-tag", experiment_id=number, key="a", value=too_long)[0]
        == 400
    )


def test_searching(client: Client) -> None:
    client.experiment("a", tags=[{"key": "k", "value": "value"}])
    client.experiment("ab", tags=[{"key": "k", "value": "vaLue"}])
    client.experiment("Abc")
    assert names(client, filter="attribute.name = 'a'") == ["a"]
    assert names(client, filter="name LIKE 'a%'", order_by=["name"]) == ["a", "ab"]
    assert names(client, filter="name ILIKE 'a%'", order_by=["name DESC"]) == ["ab", "a", "Abc"]
    assert names(client, filter="tags.k = 'value'") == ["a"]
    assert names(client, filter="tag.k != 'value'") == ["ab"]
    assert sorted(names(client, filter="tags.k IS NULL")) == ["Abc", "Default"]
    assert names(client, filter="experiment_id IN ('0')") == ["Default"]
    shown = client.send("GET", "experiments/search", params={"max_results": 2, "order_by": ["name"]}).json()
    assert [each["name"] for each in shown["experiments"]] == ["Abc", "Default"]
    rest = client.post(
        "experiments/search", max_results=2, order_by=["name"], page_token=shown["next_page_token"]
    )
    assert [each["name"] for each in rest["experiments"]] == ["a", "ab"]
    assert "next_page_token" not in rest


def test_searching_by_state(client: Client) -> None:
    client.post("experiments/delete", experiment_id=client.experiment("gone"))
    assert names(client) == ["Default"]
    assert names(client, view_type="DELETED_ONLY") == ["gone"]
    assert sorted(names(client, view_type=3)) == ["Default", "gone"]


NONSENSE = [
    {},
    {"max_results": 0},
    {"max_results": 50_001},
    {"max_results": 5, "view_type": 9},
    {"max_results": 5, "page_token": "garbage"},
    {"max_results": 5, "filter": "metrics.a > 1"},
    {"max_results": 5, "order_by": ["wrong"]},
]


def test_searches_that_make_no_sense(client: Client) -> None:
    for search in NONSENSE:
        assert client.refused("experiments/search", **search)[:2] == (400, "INVALID_PARAMETER_VALUE")


REFUSED_NAMES = ["  ", "x" * 501]


def test_names_that_are_refused(client: Client) -> None:
    for name in REFUSED_NAMES:
        assert client.refused("experiments/create", name=name)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_workspace_is_a_namespace(client: Client) -> None:
    client.send("POST", "/api/3.0/mlflow/workspaces", json={"name": "team"})
    headers = {"X-MLFLOW-WORKSPACE": "team"}
    made = client.send("POST", "experiments/create", json={"name": "x"}, headers=headers).json()[
        "experiment_id"
    ]
    assert client.experiment("x") != made
    body = {"max_results": 9}
    found = client.send("POST", "experiments/search", json=body, headers=headers).json()["experiments"]
    assert [each["experiment_id"] for each in found] == [made]
    by_name = client.send("GET", "experiments/get-by-name", params={"experiment_name": "x"}, headers=headers)
    assert by_name.json()["experiment"]["experiment_id"] == made


def test_data_sets_of_experiments(client: Client) -> None:
    number = client.experiment("x")
    data = {"name": "d", "digest": "1", "source_type": "local", "source": '{"uri": "/d"}'}
    context = [{"key": "mlflow.data.context", "value": "train"}]
    for run in (client.run(number), client.run(number)):
        client.post("runs/log-inputs", run_id=run, datasets=[{"dataset": data, "tags": context}])
    client.run("0")
    path = "/ajax-api/2.0/mlflow/experiments/search-datasets"
    expected = {"experiment_id": number, "name": "d", "digest": "1", "context": "train"}
    assert client.post(path, experiment_ids=[number, "0"])["dataset_summaries"] == [expected]
    assert client.post(path, experiment_ids=["0"])["dataset_summaries"] == []
    assert client.refused(path, experiment_ids=[])[2].startswith(
        "SearchDatasets request must specify at least one"
    )
    assert client.refused(path, experiment_ids=["1"] * 21)[0] == 400
