"""Where versions come from: sources, copies, and what they leave in the lineage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told
from tests.protocols.mlflow.registry import (
    SOURCE,
    VERSIONS,
    add,
    delete,
    make,
    model,
    move,
    point,
    tags_of,
    version,
)

from lineal.catalog.session import Session
from lineal.graph.mlflow.registry import alias_ref, version_ref
from lineal.graph.model import ByName
from lineal.graph.query import Walk


class Logged:
    """A run that read data and logged a model, and a registered model to put versions of it into."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.experiment = client.experiment("e")
        self.run = client.run(self.experiment, run_name="training")
        data = {
            "name": "d",
            "digest": "1",
            "source_type": "local",
            "source": json.dumps({"uri": "s3://lake/d.csv"}),
        }
        client.post("runs/log-inputs", run_id=self.run, datasets=[{"dataset": data}])
        made = client.post("logged-models", experiment_id=self.experiment, name="lm", source_run_id=self.run)
        self.model = made["model"]["info"]["model_id"]
        self.model_uri = made["model"]["info"]["artifact_uri"]
        client.post("runs/outputs", run_id=self.run, models=[{"model_id": self.model}])
        self.run_uri = client.get("runs/get", run_id=self.run)["run"]["info"]["artifact_uri"]
        make(client, "m")

    def refused(self, source: str, **more: Any) -> str:
        status, code, message = self.client.refused(f"{VERSIONS}/create", name="m", source=source, **more)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        return message

    def download_uri(self, name: str, number: str) -> str:
        answer = self.client.get(f"{VERSIONS}/get-download-uri", name=name, version=number)
        return str(answer["artifact_uri"])


@pytest.fixture
def logged(client: Client) -> Logged:
    return Logged(client)


def upstream(session: Session, name: str, number: int) -> list[str]:
    entity = session.get(ByName("model", name))
    return sorted(
        node.name for node in session.lineage(Walk(version_ref(entity, number), direction="up")).nodes
    )


def test_a_version_of_a_run_hangs_below_it(logged: Logged, session: Session) -> None:
    made = add(logged.client, "m", f"runs:/{logged.run}/model", run_id=logged.run)
    assert made["run_id"] == logged.run
    assert upstream(session, "m", 1) == ["d.csv", "m", "m/1", "training"]


def test_a_version_of_a_logged_model_hangs_below_that(logged: Logged, session: Session) -> None:
    client = logged.client
    made = add(client, "m", f"models:/{logged.model}", model_id=logged.model)
    assert (made["source"], made["run_id"]) == (f"models:/{logged.model}", logged.run)
    assert logged.download_uri("m", "1") == logged.model_uri
    assert upstream(session, "m", 1) == ["d.csv", "lm", "m", "m/1", "training"]
    add(client, "m", f"models:/{logged.model}", model_id=logged.model, run_id=client.run(run_name="other"))
    assert upstream(session, "m", 2) == ["d.csv", "lm", "m", "m/2", "other", "training"]
    tags = tags_of(client.get(f"logged-models/{logged.model}")["model"]["info"])
    assert json.loads(tags["mlflow.modelVersions"]) == [
        {"name": "m", "version": 1},
        {"name": "m", "version": 2},
    ]


def test_what_serves_is_the_end_of_the_lineage(logged: Logged, session: Session) -> None:
    add(logged.client, "m", f"models:/{logged.model}", model_id=logged.model)
    point(logged.client, "m", "champion", "1")
    move(logged.client, "m", "1", "Production")
    entity = session.get(ByName("model", "m"))
    above = session.lineage(Walk(alias_ref(entity, "champion"), direction="up"))
    assert {node.name for node in above.nodes} == {"d.csv", "training", "lm", "m", "m/1", "m@champion"}
    below = session.lineage(Walk(ByName("dataset", "d.csv", "s3://lake"), direction="down"))
    assert {"m@champion", "m/Production"} <= {node.name for node in below.nodes}


def test_versions_are_copied_by_number_stage_alias_and_latest(logged: Logged, session: Session) -> None:
    client = logged.client
    add(client, "m", f"models:/{logged.model}", model_id=logged.model)
    add(client, "m")
    make(client, "copy")
    point(client, "m", "best", "1")
    move(client, "m", "1", "Staging")
    for number, source in enumerate(("m/1", "m@best", "m/Staging", "m/staging"), 1):
        made = add(client, "copy", f"models:/{source}")
        assert (made["version"], made["source"], made["run_id"]) == (str(number), "models:/m/1", logged.run)
        assert logged.download_uri("copy", str(number)) == logged.model_uri
    assert add(client, "copy", "models:/m/latest")["source"] == "models:/m/2"
    assert logged.download_uri("copy", "5") == SOURCE
    assert add(client, "copy", "models:/copy/1", run_id=logged.run)["source"] == "models:/copy/1"
    assert logged.download_uri("copy", "6") == logged.model_uri
    assert upstream(session, "copy", 1) == ["copy", "copy/1", "d.csv", "lm", "m", "m/1", "training"]


def test_copies_of_what_is_not_there_are_refused(logged: Logged) -> None:
    client = logged.client
    add(client, "m")
    for source in ("models:/m/9", "models:/none/1", "models:/m/Production"):
        assert client.refused(f"{VERSIONS}/create", name="m", source=source)[0] == 404
    for source in ("models:/", "models:/m/1/2", "models:/m@", "models://host/m/1", "models:/m@none"):
        assert logged.refused(source)
    assert "must match the referenced model version" in logged.refused("models:/m/1", run_id="other")
    assert "must match the referenced model version" in logged.refused("models:/m/1", model_id=logged.model)


def test_sources_must_belong_to_what_is_named_beside_them(logged: Logged) -> None:
    client, run, number = logged.client, logged.run, logged.model
    other = client.run()
    by_run = "The run_id request parameter must identify the resource that contains the source."
    by_model = "The model_id request parameter must identify the resource that contains the source."
    for source in (f"runs:/{run}/model", f"{logged.run_uri}/model"):
        add(client, "m", source, run_id=run)
        for more in ({}, {"run_id": other}, {"run_id": "none"}):
            assert by_run in logged.refused(source, **more)
        assert by_model in logged.refused(source, run_id=run, model_id=number)
    add(client, "m", f"{logged.model_uri}/sub", model_id=number)
    assert by_model in logged.refused(f"{logged.model_uri}x", model_id=number)
    assert by_model in logged.refused(f"models:/{number}")
    assert by_model in logged.refused(f"models:/{number}", model_id="m-other")
    assert by_run in logged.refused(f"runs://host/{run}/model", run_id=run)


@pytest.mark.parametrize(
    "source",
    [
        "https://host/api/2.0/mlflow-artifacts/artifacts/x",
        "http://host/x",
        "HTTP://u:p@host/x",
        "mlflow-artifacts://host/x",
    ],
)
def test_clients_are_sent_to_no_other_server(logged: Logged, source: str) -> None:
    assert "would send their credentials there" in logged.refused(source)
    assert "would send their credentials there" in logged.refused(source, run_id=logged.run)


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd", "file:///etc/passwd", "file://host/x", "relative", "s3://b/../x", "s3://b/%2e%2e/x", "s3://b",
        "s3://b/x/.", "s3:k", "mlflow-artifacts:/0/%252e%252e/x", "http://[", "s3://b/k%00",
    ],
)  # fmt: skip
def test_sources_that_lead_elsewhere_are_refused(logged: Logged, source: str) -> None:
    for more in ({}, {"run_id": logged.run}, {"model_id": logged.model}):
        assert logged.refused(source, **more)


@pytest.mark.parametrize(
    "source", ["s3://b/k", "gs://b/k/", "dbfs:/x", "hdfs://h/x", "abfss://c@h/x", "s3://a//b"]
)
def test_other_sources_are_kept(logged: Logged, source: str) -> None:
    assert add(logged.client, "m", source, run_id="of-another-server")["source"] == source


def test_local_paths_must_lie_below_the_run(client: Client) -> None:
    experiment = client.experiment("local", artifact_location="/data/mlruns")
    run = client.run(experiment)
    make(client, "m")
    assert add(client, "m", f"/data/mlruns/{run}/artifacts/model", run_id=run)["version"] == "1"
    outside = client.refused(f"{VERSIONS}/create", name="m", source="/data/mlruns/other", run_id=run)
    assert "the local path has to be contained within the artifact directory" in outside[2]


def test_a_logged_model_that_is_not_there_cannot_be_registered(logged: Logged) -> None:
    client = logged.client
    client.send("DELETE", f"logged-models/{logged.model}")
    for source in (f"models:/{logged.model}", "s3://b/k"):
        told_of = client.refused(f"{VERSIONS}/create", name="m", source=source, model_id=logged.model)
        assert told_of == (
            404,
            "RESOURCE_DOES_NOT_EXIST",
            f"Logged model with ID '{logged.model}' not found.",
        )
    assert "latest_versions" not in model(client, "m")


def test_files_of_versions_are_sent(logged: Logged) -> None:
    client, proxy = logged.client, "/api/2.0/mlflow-artifacts/artifacts"
    places = {f"{logged.run_uri}/model/MLmodel": b"run", f"{logged.model_uri}/MLmodel": b"logged"}
    for uri, content in places.items():
        path = uri.removeprefix("mlflow-artifacts:")
        assert client.send("PUT", f"{proxy}{path}", content=content).status_code == 200
    add(client, "m", f"runs:/{logged.run}/model", run_id=logged.run)
    add(client, "m", f"{logged.run_uri}/model", run_id=logged.run)
    add(client, "m", f"models:/{logged.model}", model_id=logged.model)
    add(client, "m", "models:/m/3")
    add(client, "m", SOURCE)
    path = "/model-versions/get-artifact"
    sent = [
        client.send("GET", path, params={"name": "m", "version": number, "path": "MLmodel"})
        for number in "1234"
    ]
    assert [answer.content for answer in sent] == [b"run", b"run", b"logged", b"logged"]
    assert "attachment" in sent[0].headers["content-disposition"]
    for number, file, status in (
        ("1", "none", 404),
        ("1", "../x", 400),
        ("9", "MLmodel", 404),
        ("5", "x", 501),
    ):
        answer = client.send("GET", path, params={"name": "m", "version": number, "path": file})
        assert answer.status_code == status, answer.text
    linked = client.send(
        "GET", path, params={"name": "m", "version": "1", "path": "MLmodel", "presigned": "true"}
    )
    assert told(linked)[:2] == (501, "NOT_IMPLEMENTED")


def test_a_prompt_has_no_source(client: Client) -> None:
    make(client, "p", tags=[{"key": "mlflow.prompt.is_prompt", "value": "true"}])
    tags = [
        {"key": "mlflow.prompt.is_prompt", "value": "true"},
        {"key": "mlflow.prompt.text", "value": "Hi {{x}}"},
    ]
    assert add(client, "p", "dummy-source", tags=tags)["version"] == "1"
    assert tags_of(version(client, "p", "1"))["mlflow.prompt.text"] == "Hi {{x}}"
    bad = client.refused(f"{VERSIONS}/create", name="p", source="s3://b/k", tags=tags)
    assert bad[2] == "Invalid prompt source: 's3://b/k'. Prompt sources must use an MLflow placeholder."
    make(client, "m")
    copied = client.refused(f"{VERSIONS}/create", name="m", source="models:/p/1")
    assert "Prompt versions cannot be used as model version sources." in copied[2]
    assert client.refused(f"{VERSIONS}/create", name="m", source="dummy-source")[0] == 400
    delete(client, f"{VERSIONS}/delete", name="p", version="1")
