"""Written through Kubeflow's Model Registry, read through every other door, and the other way round."""

from __future__ import annotations

from typing import Any

import pytest
from tests.matrix.conftest import Doors

from lineal.graph.mlmd.messages import message


def text(**values: str) -> dict[str, Any]:
    return {
        name: {"string_value": value, "metadataType": "MetadataStringValue"} for name, value in values.items()
    }


def whole(value: int) -> dict[str, Any]:
    return {"int_value": str(value), "metadataType": "MetadataIntValue"}


@pytest.fixture
def model(doors: Doors) -> str:
    """A model with two versions, as a client of Kubeflow registers them."""
    made = doors.kubeflow(
        "registered_models",
        name="churn",
        description="who leaves",
        customProperties={**text(team="blue"), "size": whole(3)},
    )
    for name in ("1", "nightly"):
        version = doors.kubeflow(f"registered_models/{made['id']}/versions", name=name, author="ann")
        uri = f"s3://models/churn/{name}"
        doors.kubeflow(
            f"model_versions/{version['id']}/artifacts", artifactType="model-artifact", name="w", uri=uri
        )
    return str(made["id"])


@pytest.fixture
def registered(doors: Doors) -> int:
    """A model with a version of a run, as a client of MLflow registers it; the number of the version."""
    doors.mlflow(
        "registered-models/create",
        name="fraud",
        description="who steals",
        tags=[{"key": "team", "value": "red"}],
    )
    run = doors.mlflow("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    version = doors.mlflow(
        "model-versions/create", name="fraud", source=f"runs:/{run}/model", run_id=run, description="first",
        tags=[{"key": "a", "value": "b"}],
    )  # fmt: skip
    return int(version["model_version"]["version"])


class TestKubeflowToMlflow:
    def test_a_model_is_one(self, doors: Doors, model: str) -> None:
        found = doors.mlflow_get("registered-models/get", name="churn")["registered_model"]
        assert found["description"] == "who leaves"
        assert {"key": "team", "value": "blue"} in found["tags"]
        listed = doors.mlflow_get("registered-models/search")["registered_models"]
        assert [each["name"] for each in listed] == ["churn"]

    def test_a_version_called_by_a_number_has_it(self, doors: Doors, model: str) -> None:
        version = doors.mlflow_get("model-versions/get", name="churn", version="1")["model_version"]
        assert (version["name"], version["version"], version["current_stage"]) == ("churn", "1", "None")
        doors.mlflow("registered-models/alias", name="churn", alias="champion", version="1")
        by_alias = doors.mlflow_get("registered-models/alias", name="churn", alias="champion")[
            "model_version"
        ]
        assert by_alias["version"] == "1"
        found = doors.mlflow_get("model-versions/search", filter="name = 'churn'")["model_versions"]
        assert len(found) == 2

    def test_mlflow_goes_on_counting(self, doors: Doors, model: str) -> None:
        made = doors.mlflow("model-versions/create", name="churn", source="s3://models/churn/next")[
            "model_version"
        ]
        assert made["version"] == "2"
        names = [each["name"] for each in doors.kubeflow_get(f"registered_models/{model}/versions")["items"]]
        assert names == ["1", "nightly", "2"]
        by_name = doors.kubeflow_get("model_version", name="2", parentResourceId=model)
        newest = doors.mlflow_get("registered-models/get", name="churn")["registered_model"][
            "latest_versions"
        ]
        assert [each["version"] for each in newest] == ["2"]
        assert doors.kubeflow_get(f"model_versions/{by_name['id']}") == by_name

    def test_a_number_that_mlflow_gave_is_taken(self, doors: Doors, registered: int) -> None:
        model = doors.kubeflow_get("registered_model", name="fraud")["id"]
        with pytest.raises(AssertionError, match="already exists"):
            doors.kubeflow("model_versions", registeredModelId=model, name=str(registered))
        later = doors.kubeflow("model_versions", registeredModelId=model, name="7")
        assert later["name"] == "7"
        made = doors.mlflow("model-versions/create", name="fraud", source="s3://models/next")["model_version"]
        assert made["version"] == "8"

    def test_a_number_is_never_given_twice(self, doors: Doors, model: str) -> None:
        doors._json("DELETE", "/api/2.0/mlflow/model-versions/delete", json={"name": "churn", "version": "1"})
        again = doors.kubeflow("model_versions", registeredModelId=model, name="1")
        assert doors.kubeflow_get("model_version", name="1", parentResourceId=model)["id"] == again["id"]
        with pytest.raises(AssertionError, match="not found"):
            doors.mlflow_get("model-versions/get", name="churn", version="1")
        found = doors.mlflow_get("model-versions/get", name="churn", version=again["id"])["model_version"]
        assert found["name"] == "churn"

    def test_a_run_with_what_was_logged(self, doors: Doors) -> None:
        experiment = doors.kubeflow("experiments", name="trees", customProperties=text(note="n"))["id"]
        run = doors.kubeflow(
            "experiment_runs", experimentId=experiment, name="r", startTimeSinceEpoch="1000"
        )["id"]
        path = f"experiment_runs/{run}/artifacts"
        for step in range(3):
            doors.kubeflow(
                path, artifactType="metric", name="loss", value=1 / (step + 1), step=step, timestamp=str(step)
            )
        doors.kubeflow(path, artifactType="parameter", name="depth", value="3")
        doors.kubeflow_patch(f"experiment_runs/{run}", status="FINISHED", endTimeSinceEpoch="2000")
        there = doors.mlflow_get("experiments/get-by-name", experiment_name="trees")["experiment"]
        (found,) = doors.mlflow("runs/search", experiment_ids=[there["experiment_id"]])["runs"]
        info, data = found["info"], found["data"]
        assert (info["status"], info["start_time"], info["end_time"]) == ("FINISHED", 1000, 2000)
        assert data["params"] == [{"key": "depth", "value": "3"}]
        assert [(each["key"], each["value"], each["step"]) for each in data["metrics"]] == [
            ("loss", 1 / 3, 2)
        ]
        history = doors.mlflow_get("metrics/get-history", run_id=info["run_id"], metric_key="loss")["metrics"]
        assert [each["value"] for each in history] == [1.0, 0.5, 1 / 3]

    def test_where_an_artifact_is_mlflow_finds_the_version(self, doors: Doors, model: str) -> None:
        def places() -> list[str]:
            known = {"name": "churn", "version": "1"}
            found = doors.mlflow_get("model-versions/get", **known)["model_version"]["source"]
            return [found, doors.mlflow_get("model-versions/get-download-uri", **known)["artifact_uri"]]

        assert places() == ["s3://models/churn/1"] * 2
        version = doors.kubeflow_get("model_version", name="1", parentResourceId=model)["id"]
        path = f"model_versions/{version}/artifacts"
        (artifact,) = doors.kubeflow_get(path)["items"]
        doors.kubeflow_patch(f"model_artifacts/{artifact['id']}", uri="s3://models/moved")
        doors.kubeflow(path, artifactType="model-artifact", name="more", uri="s3://models/more")
        assert places() == ["s3://models/moved"] * 2
        found = doors.mlflow_get("model-versions/search", filter="source_path = 's3://models/moved'")
        assert [each["version"] for each in found["model_versions"]] == ["1"]

    def test_versions_tell_both_what_they_are(self, doors: Doors, model: str) -> None:
        version = doors.kubeflow_get("model_version", name="1", parentResourceId=model)["id"]
        more = {**text(stage="late"), "size": whole(3)}
        doors.kubeflow_patch(f"model_versions/{version}", description="good", customProperties=more)
        doors.kubeflow_patch(f"model_versions/{version}", state="ARCHIVED")
        known = {"name": "churn", "version": "1"}
        found = doors.mlflow_get("model-versions/get", **known)["model_version"]
        assert found["description"] == "good" and {"key": "stage", "value": "late"} in found["tags"]
        doors.mlflow("model-versions/set-tag", **known, key="stage", value="later")
        doors.mlflow(
            "model-versions/transition-stage", **known, stage="Production", archive_existing_versions=False
        )
        again = doors.kubeflow_get(f"model_versions/{version}")
        assert again["customProperties"] == {**text(stage="later"), "size": whole(3)}
        assert (again["description"], again["state"], again["author"]) == ("good", "ARCHIVED", "ann")


class TestMlflowToKubeflow:
    def test_a_version_is_its_own_artifact(self, doors: Doors) -> None:
        doors.mlflow("registered-models/create", name="spam")
        doors.mlflow("model-versions/create", name="spam", source="s3://models/spam")
        model = doors.kubeflow_get("registered_model", name="spam")["id"]
        version = doors.kubeflow_get("model_version", name="1", parentResourceId=model)["id"]
        path = f"model_versions/{version}/artifacts"
        found = doors.kubeflow_get("model_artifact", name="spam", parentResourceId=version)
        assert (found["uri"], found["state"], found["id"]) == ("s3://models/spam", "LIVE", version)
        assert doors.kubeflow_get(path)["items"] == doors.kubeflow_get(path, name="spam")["items"] == [found]
        assert doors.kubeflow_get(f"artifacts/{version}") == found
        assert doors.kubeflow_get(f"model_artifacts/{version}") == found
        assert doors.kubeflow_get(path, artifactType="metric")["items"] == []
        made = doors.kubeflow(path, artifactType="model-artifact", name="spam", uri="s3://models/other")
        assert doors.kubeflow_get(path)["items"] == [made]
        assert doors.kubeflow_get("model_artifact", name="spam", parentResourceId=version) == made
        known = {"name": "spam", "version": "1"}
        assert (
            doors.mlflow_get("model-versions/get", **known)["model_version"]["source"] == "s3://models/spam"
        )

    def test_a_model_with_its_version(self, doors: Doors, registered: int) -> None:
        found = doors.kubeflow_get("registered_model", name="fraud")
        assert (found["description"], found["customProperties"]) == ("who steals", text(team="red"))
        (version,) = doors.kubeflow_get(f"registered_models/{found['id']}/versions")["items"]
        assert (version["name"], version["description"]) == (str(registered), "first")
        assert version["customProperties"]["a"] == text(a="b")["a"]

    def test_a_change_is_seen_by_mlflow(self, doors: Doors, registered: int) -> None:
        found = doors.kubeflow_get("registered_model", name="fraud")
        doors.kubeflow_patch(
            f"registered_models/{found['id']}",
            description="who stole",
            customProperties=text(other="tag"),
            state="ARCHIVED",
        )
        model = doors.mlflow_get("registered-models/get", name="fraud")["registered_model"]
        assert (model["description"], model["tags"]) == ("who stole", [{"key": "other", "value": "tag"}])

    def test_what_mlflow_deletes_is_gone(self, doors: Doors, registered: int) -> None:
        number = doors.kubeflow_get("registered_model", name="fraud")["id"]
        doors._json("DELETE", "/api/2.0/mlflow/registered-models/delete", json={"name": "fraud"})
        assert doors.kubeflow_get("registered_models")["items"] == []
        with pytest.raises(AssertionError, match="Not Found"):
            doors.kubeflow_get(f"registered_models/{number}")
        assert doors.kubeflow("registered_models", name="fraud")["id"] != number

    def test_a_run_keeps_its_tags_and_tells_its_metrics(self, doors: Doors) -> None:
        tags = [{"key": "mlflow.runName", "value": "able fox"}, {"key": "team", "value": "red"}]
        run = doors.mlflow("runs/create", experiment_id="0", start_time=5, tags=tags)["run"]["info"]["run_id"]
        for step in range(2):
            doors.mlflow("runs/log-metric", run_id=run, key="acc", value=step, timestamp=step + 1, step=step)
        (found,) = doors.kubeflow_get("experiment_runs")["items"]
        assert (found["name"], found["status"], found["startTimeSinceEpoch"]) == ("able fox", "RUNNING", "5")
        history = doors.kubeflow_get(f"experiment_runs/{found['id']}/metric_history")["items"]
        assert [(each["name"], each["value"], each["step"]) for each in history] == [
            ("acc", 0.0, 0),
            ("acc", 1.0, 1),
        ]
        doors.kubeflow_patch(
            f"experiment_runs/{found['id']}", customProperties=text(other="tag"), status="FAILED"
        )
        there = doors.mlflow_get("runs/get", run_id=run)["run"]
        assert there["info"]["status"] == "FAILED" and there["info"]["run_name"] == "able fox"
        names = {each["key"] for each in there["data"]["tags"]}
        assert "mlflow.runName" in names and "other" in names and "team" not in names


class TestKubeflowToNative:
    def test_a_model_and_its_versions(self, doors: Doors, model: str) -> None:
        entity = doors.entity(model)["entity"]
        assert (entity["kind"], entity["name"]) == ("model", "churn")
        assert entity["properties"]["description"] == "who leaves"
        assert entity["properties"]["tag.team"] == "blue" and entity["properties"]["custom.size"] == 3
        lineage = doors.native(f"lineage/{model}", direction="down")
        assert sorted(each["name"] for each in lineage["nodes"]) == ["churn", "churn/1", "nightly"]

    def test_it_is_found_by_words(self, doors: Doors, model: str) -> None:
        found = doors.native("entities", q="churn")["entities"]
        assert model in {str(each["id"]) for each in found}

    def test_the_data_at_an_artifacts_place_is_upstream_of_its_version(
        self, doors: Doors, model: str
    ) -> None:
        lineage = doors.native("lineage/name:dataset:s3%3A%2F%2Fmodels%2Fchurn%2Fnightly", direction="down")
        kinds = {each["kind"] for each in lineage["nodes"]}
        assert "model_version" in kinds


class TestNativeToKubeflow:
    def test_a_model_that_the_native_client_put(self, doors: Doors) -> None:
        put = {
            "op": "put_entity",
            "kind": "model",
            "name": "m",
            "unique": True,
            "properties": {"tag.a": "b", "n": 1},
        }
        number = doors.native_post("changes", {"operations": [put]})["entities"][0]
        found = doors.kubeflow_get("registered_model", name="m")
        assert (found["id"], found["state"], found["customProperties"]) == (str(number), "LIVE", text(a="b"))
        assert doors.kubeflow_get("registered_models", filterQuery="state = 'LIVE'")["size"] == 1


class TestKubeflowAndMlmd:
    def test_mlmd_shows_where_an_artifact_is(self, doors: Doors, model: str) -> None:
        answer = doors.mlmd("GetArtifactsByURI", uris=["s3://models/churn/nightly"])
        (found,) = answer.artifacts
        assert (found.uri, found.name, found.type) == ("s3://models/churn/nightly", "w", "artifact")
        (listed,) = doors.kubeflow_get("model_artifacts", filterQuery="uri = 's3://models/churn/nightly'")[
            "items"
        ]
        assert listed["id"] == str(found.id)

    def test_a_state_is_one(self, doors: Doors, model: str) -> None:
        number = doors.kubeflow_get("model_artifacts")["items"][0]["id"]
        doors.kubeflow_patch(f"model_artifacts/{number}", state="MARKED_FOR_DELETION")
        (found,) = doors.mlmd("GetArtifactsByID", artifact_ids=[int(number)]).artifacts
        assert found.state == message("Artifact").MARKED_FOR_DELETION

    def test_kubeflow_shows_what_a_pipeline_wrote(self, doors: Doors) -> None:
        kind = doors.mlmd("PutArtifactType", artifact_type={"name": "Model"}).type_id
        node = message("Artifact")(type_id=kind, name="trained", uri="s3://models/out", state=2)
        node.custom_properties["framework"].string_value = "sklearn"
        node.custom_properties["layers"].int_value = 3
        (number,) = doors.mlmd("PutArtifacts", artifacts=[node]).artifact_ids
        found = doors.kubeflow_get(f"artifacts/{number}")
        assert (found["name"], found["uri"], found["state"]) == ("trained", "s3://models/out", "LIVE")
        assert found["customProperties"] == {**text(framework="sklearn"), "layers": whole(3)}

    def test_a_pipeline_and_a_registered_model_meet_at_a_place(self, doors: Doors, model: str) -> None:
        kind = doors.mlmd("PutArtifactType", artifact_type={"name": "Model"}).type_id
        step = doors.mlmd("PutExecutionType", execution_type={"name": "Trainer"}).type_id
        artifact = message("Artifact")(type_id=kind, uri="s3://models/churn/nightly")
        pair = {"artifact": artifact, "event": {"type": message("Event").OUTPUT}}
        execution = message("Execution")(type_id=step, name="train")
        doors.mlmd("PutExecution", execution=execution, artifact_event_pairs=[pair])
        version = doors.kubeflow_get("model_version", name="nightly", parentResourceId=model)["id"]
        lineage = doors.native(f"lineage/{version}", direction="up")
        assert "train" in {each["name"] for each in lineage["nodes"]}
