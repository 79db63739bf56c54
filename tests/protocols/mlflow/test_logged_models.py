"""Logged models through the door."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.session import Session
from lineal.graph.model import ByExternal
from lineal.graph.query import Walk


def create(client: Client, experiment: str = "0", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.post("logged-models", experiment_id=experiment, **more)["model"]
    return made


def number_of(model: dict[str, Any]) -> str:
    return str(model["info"]["model_id"])


def found(client: Client, experiment: str, **search: Any) -> list[str]:
    answer = client.post("logged-models/search", experiment_ids=[experiment], **search)
    return [model["info"]["name"] for model in answer.get("models", [])]


def test_a_model_is_shown_as_it_was_made(client: Client) -> None:
    run = client.run()
    params, tags = [{"key": "p", "value": "1"}], [{"key": "t", "value": "2"}]
    made = create(client, name="m", model_type="LLM", source_run_id=run, params=params, tags=tags)
    number, info = number_of(made), made["info"]
    assert number.startswith("m-")
    assert (info["name"], info["model_type"], info["source_run_id"]) == ("m", "LLM", run)
    assert info["status"] == "LOGGED_MODEL_PENDING"
    assert info["artifact_uri"] == f"mlflow-artifacts:/0/models/{number}/artifacts"
    assert (made["data"]["params"], info["tags"]) == (params, tags)
    assert client.get(f"logged-models/{number}")["model"] == made


def test_a_model_without_a_name_or_with_an_unknown_run(client: Client) -> None:
    assert create(client)["info"]["name"]
    assert create(client, source_run_id="123")["info"]["source_run_id"] == "123"
    assert client.refused("logged-models", experiment_id="0", name="a/b")[0] == 400
    assert client.refused("logged-models", experiment_id="5")[0] == 404


def test_finalizing_tells_what_the_files_say(client: Client, session: Session) -> None:
    number = number_of(create(client))
    files = {
        "MLmodel": 'signature:\n  inputs: \'[{"name": "a", "type": "long"}]\'\n  outputs: null\n',
        "requirements.txt": "numpy==2.0\n",
        "python_env.yaml": "python: 3.12.1\n",
        "data/big.bin": "x",
    }
    for path, text in files.items():
        url = f"/api/2.0/mlflow-artifacts/artifacts/0/models/{number}/artifacts/{path}"
        assert client.send("PUT", url, content=text.encode()).status_code == 200
    ready = client.send(
        "PATCH", f"logged-models/{number}", json={"model_id": number, "status": "LOGGED_MODEL_READY"}
    )
    assert ready.json()["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    facets = session.get(ByExternal("mlflow.logged_model", number), ("facets",)).facets
    assert facets["signature"] == {"inputs": [{"name": "a", "type": "long"}]}
    assert facets["environment"] == {"python": "3.12.1", "requirements": ["numpy==2.0"]}
    listed = client.get(f"logged-models/{number}/artifacts/directories")
    assert [file["path"] for file in listed["files"]] == [
        "MLmodel",
        "data",
        "python_env.yaml",
        "requirements.txt",
    ]
    url = f"/ajax-api/2.0/mlflow/logged-models/{number}/artifacts/files"
    assert client.send("GET", url, params={"artifact_file_path": "data/big.bin"}).text == "x"
    assert told(client.send("GET", url))[:2] == (400, "BAD_REQUEST")


def test_params_and_tags(client: Client) -> None:
    number = number_of(create(client))
    client.post(f"logged-models/{number}/params", params=[{"key": "p", "value": "1"}])
    assert client.refused(f"logged-models/{number}/params", params=[{"key": "p", "value": "2"}])[0] == 400
    for value in ("1", "2"):
        client.send("PATCH", f"logged-models/{number}/tags", json={"tags": [{"key": "a/b", "value": value}]})
    model = client.get(f"logged-models/{number}")["model"]
    assert model["info"]["tags"] == [{"key": "a/b", "value": "2"}]
    assert model["data"]["params"] == [{"key": "p", "value": "1"}]
    assert client.send("DELETE", f"logged-models/{number}/tags/a%2Fb").status_code == 200
    status, code, message = told(client.send("DELETE", f"logged-models/{number}/tags/a%2Fb"))
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert message == f"No tag with key 'a/b' found for model with ID {number!r}."


def test_deleting_hides(client: Client) -> None:
    number = number_of(create(client))
    for _ in range(2):
        assert client.send("DELETE", f"logged-models/{number}").status_code == 200
    missing = (404, "RESOURCE_DOES_NOT_EXIST", f"Logged model with ID '{number}' not found.")
    assert told(client.send("GET", f"logged-models/{number}")) == missing
    assert client.get(f"logged-models/{number}", allow_deleted="true")["model"]["info"]["model_id"] == number
    assert found(client, "0") == []
    assert told(client.send("DELETE", "logged-models/m-none"))[0] == 404
    assert told(client.send("PATCH", "logged-models/m-none", json={"status": 2}))[0] == 404


def test_metrics_tell_run_and_data(client: Client) -> None:
    run, number = client.run(), number_of(create(client))
    metric = {"key": "acc", "value": 0.5, "timestamp": 9, "step": 1, "model_id": number}
    client.post("runs/log-metric", run_id=run, dataset_name="d", dataset_digest="1", **metric)
    client.post(
        "runs/log-batch", run_id=run, metrics=[{**metric, "step": step, "value": step} for step in (2, 3)]
    )
    shown = client.get(f"logged-models/{number}")["model"]["data"]["metrics"]
    on_data = {**metric, "dataset_name": "d", "dataset_digest": "1", "run_id": run}
    assert on_data in shown
    assert [each["value"] for each in shown if "dataset_name" not in each] == [2.0, 3.0]
    assert len(client.get("metrics/get-history", run_id=run, metric_key="acc")["metrics"]) == 3
    unknown = client.refused("runs/log-metric", run_id=run, key="a", value=1, timestamp=1, model_id="m-none")
    assert unknown == (404, "RESOURCE_DOES_NOT_EXIST", "Logged model with ID 'm-none' not found.")


def test_runs_make_and_read_models(client: Client, session: Session) -> None:
    maker, reader, number = client.run(), client.run(), number_of(create(client))
    client.post("runs/outputs", run_id=maker, models=[{"model_id": number, "step": 3}])
    client.post("runs/log-inputs", run_id=reader, models=[{"model_id": number}])
    made = client.get("runs/get", run_id=maker)["run"]["outputs"]["model_outputs"]
    assert made == [{"model_id": number, "step": 3}]
    assert client.get("runs/get", run_id=reader)["run"]["inputs"]["model_inputs"] == [{"model_id": number}]
    upstream = session.lineage(Walk(ByExternal("mlflow.run", reader), "up")).nodes
    assert {node.kind for node in upstream} >= {"run", "logged_model"}
    assert client.refused("runs/outputs", run_id=maker, models=[{"model_id": "m-none"}])[0] == 404
    assert client.refused("runs/outputs", run_id=maker, models=[])[0] == 400


@pytest.fixture
def models(client: Client) -> str:
    """An experiment with three models, `b` and `c` measured, `b` on two data sets."""
    experiment = client.experiment("x")
    run = client.run(experiment)
    for name in "abc":
        create(
            client,
            experiment,
            name=name,
            model_type="T" if name == "a" else "",
            params=[{"key": "p", "value": name}],
        )
    numbers = {
        model["info"]["name"]: number_of(model)
        for model in client.post("logged-models/search", experiment_ids=[experiment])["models"]
    }
    for name, value, data in (("b", 0.1, "d1"), ("b", 0.9, "d2"), ("c", 0.5, "d1")):
        metric = {"key": "acc", "value": value, "timestamp": 1, "model_id": numbers[name]}
        client.post("runs/log-metric", run_id=run, dataset_name=data, dataset_digest="1", **metric)
    return experiment


def by_name(field: str, ascending: bool = True, **more: str) -> list[dict[str, Any]]:
    return [{"field_name": field, "ascending": ascending, **more}]


def test_searching(client: Client, models: str) -> None:
    order = by_name("name")
    assert found(client, models, order_by=order) == ["a", "b", "c"]
    assert found(client, models, filter="name IN ('a', 'c')", order_by=by_name("name", False)) == ["c", "a"]
    assert found(client, models, filter="model_type = 'T' AND status = 'PENDING'") == ["a"]
    assert found(client, models, filter="params.p = 'b'") == ["b"]
    assert found(client, models, filter="metrics.acc < 0.7") == ["c"]
    assert found(client, models, order_by=by_name("metrics.acc", False)) == ["b", "c", "a"]


def test_searching_on_data_sets(client: Client, models: str) -> None:
    first, second = {"dataset_name": "d1"}, {"dataset_name": "d2", "dataset_digest": "1"}
    order = by_name("name")
    assert found(client, models, datasets=[first], order_by=order) == ["b", "c"]
    assert found(client, models, datasets=[second]) == ["b"]
    assert found(client, models, datasets=[{**second, "dataset_digest": "9"}]) == []
    assert found(client, models, datasets=[first], filter="metrics.acc > 0.3") == ["c"]
    on_first = by_name("metrics.acc", True, dataset_name="d1")
    assert found(client, models, order_by=on_first) == ["b", "c", "a"]
    page = client.post("logged-models/search", experiment_ids=[models], order_by=on_first, max_results=2)
    rest = {"experiment_ids": [models], "order_by": on_first, "max_results": 2}
    assert found(client, models, order_by=on_first, max_results=2, page_token=page["next_page_token"]) == [
        "a"
    ]
    assert client.refused("logged-models/search", **rest, page_token="x.y")[0] == 400


def test_a_page_token_belongs_to_one_search(client: Client, models: str) -> None:
    page = client.post("logged-models/search", experiment_ids=[models], max_results=2)
    token = page["next_page_token"]
    assert len(found(client, models, max_results=2, page_token=token)) == 1
    other = {"experiment_ids": [models], "filter": "name = 'a'", "page_token": token}
    assert client.refused("logged-models/search", **other)[:2] == (400, "INVALID_PARAMETER_VALUE")


NONSENSE = [
    {"filter": "metrics.acc > 'x'"},
    {"filter": "wrong = 'x'"},
    {"order_by": [{"field_name": "wrong"}]},
    {"datasets": [{"dataset_digest": "1"}]},
    {"experiment_ids": []},
    {"max_results": -1},
    {"filter": "metrics.acc LIKE 'x'", "datasets": [{"dataset_name": "d"}]},
]


def test_searches_that_make_no_sense(client: Client) -> None:
    for search in NONSENSE:
        body = {"experiment_ids": ["0"], **search}
        assert client.refused("logged-models/search", **body)[:2] == (400, "INVALID_PARAMETER_VALUE")
