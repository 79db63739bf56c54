"""Run with an unmodified MLflow: prints as JSON what its client sees at MLFLOW_TRACKING_URI, but for locations."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from typing import Any

import mlflow
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

client = mlflow.MlflowClient()
store = client._tracking_client.store
WITH_FILES = "files" in sys.argv[1:]
ONLY_FOLDER = "folder" in sys.argv[1:]


def number(value: float) -> float | str:
    if math.isfinite(value):
        # What MLflow's own database has for infinity.
        return ("-" if value < 0 else "") + "inf" if abs(value) > 1e308 else value
    return "nan" if math.isnan(value) else ("-" if value < 0 else "") + "inf"


def metric(found: Any) -> list[Any]:
    return [found.key, number(found.value), found.timestamp, found.step]


def run(info: Any) -> dict[str, Any]:
    found = client.get_run(info.run_id)
    keys = sorted(found.data.metrics)
    return {
        "experiment": found.info.experiment_id,
        "name": found.info.run_name,
        "user": found.info.user_id,
        "status": found.info.status,
        "times": [found.info.start_time, found.info.end_time],
        "state": found.info.lifecycle_stage,
        "params": found.data.params,
        "tags": found.data.tags,
        "latest": sorted((metric(each) for each in found.data._metric_objs), key=str),
        "history": {
            key: sorted(map(metric, client.get_metric_history(info.run_id, key)), key=str) for key in keys
        },
        "inputs": sorted(map(given, found.inputs.dataset_inputs)),
        "read": sorted(each.model_id for each in found.inputs.model_inputs),
        "made": sorted(
            [each.model_id, each.step] for each in (found.outputs.model_outputs if found.outputs else ())
        ),
        "files": files(info.run_id) if WITH_FILES and found.info.lifecycle_stage == "active" else None,
    }


def given(found: Any) -> str:
    tags = sorted((tag.key, tag.value) for tag in found.tags)
    return json.dumps([found.dataset.to_dictionary(), tags], sort_keys=True)


def files(run_id: str, path: str | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in client.list_artifacts(run_id, path):
        found |= files(run_id, each.path) if each.is_dir else {each.path: each.file_size}
    return found


def model(found: Any) -> dict[str, Any]:
    # MLflow's database has 0 for a model's NaN.
    metrics = [
        [*metric(each), each.run_id, each.dataset_name or None, each.dataset_digest or None]
        for each in found.metrics
    ]
    return {
        "experiment": found.experiment_id,
        "name": found.name,
        "times": [found.creation_timestamp, found.last_updated_timestamp],
        "status": str(found.status),
        "type": found.model_type or None,
        "run": found.source_run_id,
        "params": found.params,
        "tags": found.tags,
        "metrics": sorted((each for each in metrics if each[1] not in ("nan", 0.0)), key=str),
    }


def version(found: Any) -> dict[str, Any]:
    return {
        "times": [found.creation_timestamp, found.last_updated_timestamp],
        "stage": found.current_stage,
        "source": found.source,
        "run": found.run_id or None,
        "description": found.description or None,
        "tags": found.tags,
        "aliases": sorted(client.get_model_version(found.name, found.version).aliases),
    }


def registered(found: Any, prompts: bool) -> dict[str, Any]:
    more = " AND tags.`mlflow.prompt.is_prompt` = 'true'" if prompts else ""
    return {
        "times": [found.creation_timestamp, found.last_updated_timestamp],
        "description": found.description or None,
        "tags": found.tags,
        "aliases": {alias: str(number) for alias, number in found.aliases.items()},
        "versions": {
            str(each.version): version(each)
            for each in client.search_model_versions(f"name='{found.name}'{more}")
        },
        "latest": sorted(str(each.version) for each in found.latest_versions),
    }


def trace(found: Any) -> dict[str, Any]:
    hidden = {"mlflow.artifactLocation", "mlflow.trace.spansLocation"}
    return {
        "experiment": found.info.experiment_id,
        "times": [found.info.request_time, found.info.execution_duration],
        "state": str(found.info.state),
        "previews": [found.info.request_preview, found.info.response_preview],
        "tags": {key: value for key, value in found.info.tags.items() if key not in hidden},
        "metadata": found.info.trace_metadata,
        "spans": [
            [
                each.span_id,
                each.parent_id,
                each.name,
                each.span_type,
                str(each.status.status_code),
                each.start_time_ns,
                each.end_time_ns,
                each.inputs,
                each.outputs,
                [event.name for event in each.events],
            ]
            for each in sorted(found.data.spans, key=lambda span: span.start_time_ns)
        ],
        "assessments": sorted(
            # A server does not tell of a valid one that it is.
            json.dumps(each.to_dictionary() | {"valid": each.valid is not False}, sort_keys=True)
            for each in found.info.assessments
        ),
    }


KINDS = ("experiments", "runs", "models", "registered", "traces", "datasets", "scorers")
told: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
experiments = client.search_experiments(ViewType.ALL, max_results=1000)
numbers = [each.experiment_id for each in experiments]
for each in experiments:
    told["experiments"][each.experiment_id] = {
        "name": each.name,
        "state": each.lifecycle_stage,
        "times": [each.creation_time, each.last_update_time],
        "tags": each.tags,
    }
for each in client.search_runs(numbers, run_view_type=ViewType.ALL, max_results=5000):
    told["runs"][each.info.run_id] = run(each.info)
for each in client.search_logged_models(numbers):
    told["models"][each.model_id] = model(client.get_logged_model(each.model_id))
for prompts in (False, True):
    with contextlib.suppress(MlflowException):
        asked = "tags.`mlflow.prompt.is_prompt` = 'true'" if prompts else None
        for each in client.search_registered_models(asked):
            told["registered"][each.name] = registered(each, prompts)
active = [each.experiment_id for each in experiments if each.lifecycle_stage == "active"]
for each in client.search_traces(locations=active, include_spans=False):
    told["traces"][each.info.trace_id] = trace(client.get_trace(each.info.trace_id))
if not ONLY_FOLDER:
    from mlflow.genai import datasets

    for each in datasets.search_datasets(experiment_ids=active):
        rows = each.to_df()[["inputs", "expectations", "tags"]].to_dict("records")
        told["datasets"][each.dataset_id] = {
            "name": each.name,
            "tags": each.tags,
            "digest": each.digest,
            "schema": each.schema and json.loads(each.schema),
            "profile": each.profile and json.loads(each.profile),
            "experiments": sorted(each.experiment_ids),
            "rows": sorted(json.dumps(row, sort_keys=True) for row in rows),
        }
    for number in active:
        for each in store.list_scorers(number):
            versions = store.list_scorer_versions(number, each.scorer_name)
            texts = [[one.scorer_version, one._serialized_scorer] for one in versions]
            told["scorers"][f"{number}/{each.scorer_name}"] = texts
print(json.dumps(told))
