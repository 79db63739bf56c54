"""Written through ML Metadata, read through every other door, and the other way round."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from tests.matrix.conftest import Doors

from lineal.graph.mlmd.messages import message

SALES = "s3://lake/sales.parquet"
SOURCE = {"name": "sales", "digest": "abc", "source_type": "s3", "source": f'{{"uri": "{SALES}"}}'}


class Pipeline(NamedTuple):
    """A step of a pipeline that wrote data, and its ids."""

    artifact: int
    execution: int
    context: int


@pytest.fixture
def pipeline(doors: Doors) -> Pipeline:
    artifact_type = doors.mlmd(
        "PutArtifactType", artifact_type={"name": "Table", "properties": {"rows": 1}}
    ).type_id
    execution_type = doors.mlmd("PutExecutionType", execution_type={"name": "Extract"}).type_id
    context_type = doors.mlmd("PutContextType", context_type={"name": "PipelineRun"}).type_id
    artifact = message("Artifact")(type_id=artifact_type, name="sales", uri=SALES, external_id="t-1")
    artifact.properties["rows"].int_value = 5
    artifact.custom_properties["split"].string_value = "train"
    answer = doors.mlmd(
        "PutExecution",
        execution=message("Execution")(type_id=execution_type, name="extract sales", last_known_state=3),
        artifact_event_pairs=[{"artifact": artifact, "event": {"type": message("Event").OUTPUT}}],
        contexts=[message("Context")(type_id=context_type, name="monday")],
    )
    return Pipeline(answer.artifact_ids[0], answer.execution_id, answer.context_ids[0])


@pytest.fixture
def run(doors: Doors) -> str:
    """A run of MLflow that read the same data, and logged a model."""
    run = str(doors.mlflow("runs/create", experiment_id="0", run_name="able fox")["run"]["info"]["run_id"])
    doors.mlflow("runs/log-inputs", run_id=run, datasets=[{"tags": [], "dataset": SOURCE}])
    doors.mlflow("runs/log-parameter", run_id=run, key="depth", value="3")
    return run


def names(lineage: Any) -> set[str]:
    return {each["name"] for each in lineage["nodes"]}


class TestMlmdToNative:
    def test_an_artifact_is_whole(self, doors: Doors, pipeline: Pipeline) -> None:
        entity = doors.entity("mlmd.artifact:t-1")["entity"]
        assert (entity["id"], entity["kind"], entity["name"]) == (
            pipeline.artifact,
            "artifact.Table",
            "sales",
        )
        assert entity["properties"] == {"uri": SALES, "rows": 5, "custom.split": "train"}

    def test_its_lineage_and_its_context(self, doors: Doors, pipeline: Pipeline) -> None:
        lineage = doors.native(f"lineage/{pipeline.artifact}", direction="up")
        assert names(lineage) == {"sales", "extract sales"}
        entity = doors.entity(str(pipeline.execution))["entity"]
        assert (entity["kind"], entity["properties"]["mlmd.state"]) == ("execution.Extract", "COMPLETE")
        assert entity["ended"] is not None
        related = {"expr": "related", "kind": "member", "direction": "in"}
        inside = {
            "expr": "compare",
            "field": {"field": "attribute", "name": "name"},
            "op": "=",
            "value": "monday",
        }
        found = doors.native_post("find", {"where": {**related, "where": inside}})
        assert {each["id"] for each in found["entities"]} == {pipeline.artifact, pipeline.execution}

    def test_it_is_found_by_words(self, doors: Doors, pipeline: Pipeline) -> None:
        found = doors.native("entities", q="extract")["entities"]
        assert pipeline.execution in {each["id"] for each in found}

    def test_a_deleted_node_is_gone(self, doors: Doors, pipeline: Pipeline) -> None:
        put = {"op": "put_entity", "ref": {"by": "id", "id": pipeline.artifact}, "state": "deleted"}
        doors.native_post("changes", {"operations": [put]})
        assert doors.mlmd("GetArtifacts").artifacts == []
        assert doors.mlmd("GetArtifactsByID", artifact_ids=[pipeline.artifact]).artifacts == []
        remove = {"op": "remove", "ref": {"by": "id", "id": pipeline.execution}, "hard": True}
        doors.native_post("changes", {"operations": [remove]})
        assert doors.mlmd("GetExecutionsByID", execution_ids=[pipeline.execution]).executions == []
        assert doors.mlmd("GetEventsByArtifactIDs", artifact_ids=[pipeline.artifact]).events == []


class TestMlmdAndMlflow:
    def test_both_meet_at_a_place(self, doors: Doors, pipeline: Pipeline, run: str) -> None:
        upstream = doors.native(f"lineage/mlflow.run:{run}", direction="up")
        assert {"able fox", "sales.parquet", "extract sales"} <= names(upstream)
        downstream = doors.native(f"lineage/{pipeline.execution}", direction="down")
        assert {"sales", "able fox"} <= names(downstream)

    def test_mlmd_walks_into_the_run(self, doors: Doors, pipeline: Pipeline, run: str) -> None:
        options = {"starting_executions": {"filter_query": "name = 'able fox'"}}
        answer = doors.mlmd("GetLineageSubgraph", lineage_subgraph_query_options=options)
        runs = {each.id for each in answer.lineage_subgraph.executions}
        (shown,) = doors.mlmd(
            "GetExecutionsByID", execution_ids=sorted(runs - {pipeline.execution})
        ).executions
        assert (shown.name, shown.type) == ("able fox", "run")
        assert shown.custom_properties["param.depth"].string_value == "3"

    def test_a_run_is_of_the_type_run(self, doors: Doors, run: str) -> None:
        (found,) = doors.mlmd("GetExecutionsByType", type_name="run").executions
        assert found.name == "able fox"
        assert [each.name for each in doors.mlmd("GetContextsByType", type_name="experiment").contexts] == [
            "Default"
        ]

    def test_a_registered_model_is_an_artifact(self, doors: Doors) -> None:
        doors.mlflow("registered-models/create", name="fraud")
        (found,) = doors.mlmd("GetArtifactsByType", type_name="model").artifacts
        assert found.name == "fraud"


class TestNativeToMlmd:
    def test_a_data_set_and_a_job(self, doors: Doors) -> None:
        data = {
            "op": "put_entity",
            "kind": "dataset",
            "name": "d",
            "unique": True,
            "handle": "d",
            "properties": {"rows": 5},
        }
        job = {"op": "put_entity", "kind": "job", "name": "j", "unique": True, "handle": "j"}
        ends = {"source": {"by": "local", "handle": "d"}, "target": {"by": "local", "handle": "j"}}
        edge = {"op": "put_edge", "kind": "input", **ends}
        number, process = doors.native_post("changes", {"operations": [data, job, edge]})["entities"]
        (found,) = doors.mlmd("GetArtifactsByType", type_name="dataset").artifacts
        assert (found.id, found.custom_properties["rows"].int_value) == (number, 5)
        (event,) = doors.mlmd("GetEventsByExecutionIDs", execution_ids=[process]).events
        assert (event.artifact_id, event.type) == (number, message("Event").INPUT)
