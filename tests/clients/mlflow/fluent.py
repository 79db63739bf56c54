"""Runs under MLflow's fluent API: nested runs, files, batches in the background, tables."""

from __future__ import annotations

import json

import mlflow
import pandas as pd

mlflow.set_experiment("fluent")
frame = pd.DataFrame({"x": [1, 2, 3], "y": [0.1, 0.2, 0.3]})
with mlflow.start_run(run_name="parent", tags={"kind": "sweep"}, description="about it") as parent:
    mlflow.log_params({"a": 1, "b": "two"})
    mlflow.log_input(
        mlflow.data.from_pandas(frame, source="s3://lake/frame.parquet", name="frame"), "training"
    )
    mlflow.log_dict({"k": [1, 2]}, "conf/config.json")
    mlflow.log_text("hello", "notes.txt")
    mlflow.log_table({"q": ["a"], "r": [1]}, "table.json")
    for child in range(3):
        with mlflow.start_run(nested=True, run_name=f"child-{child}"):
            for step in range(50):
                mlflow.log_metric("loss", 1 / (step + child + 1), step=step, synchronous=False)
            mlflow.flush_async_logging()
            mlflow.log_metrics({"acc": child / 10, "f1": child / 20}, step=1)

number = parent.info.run_id
children = mlflow.search_runs(
    experiment_names=["fluent"],
    filter_string=f"tags.mlflow.parentRunId = '{number}' AND metrics.acc >= 0.1",
    order_by=["metrics.acc DESC"],
)
assert list(children["tags.mlflow.runName"]) == ["child-2", "child-1"]
history = mlflow.MlflowClient().get_metric_history(children["run_id"][0], "loss")
assert [metric.step for metric in history] == list(range(50))
found = mlflow.get_run(number)
assert found.info.status == "FINISHED"
assert found.data.tags["mlflow.note.content"] == "about it"
given = found.inputs.dataset_inputs[0]
assert (given.dataset.name, given.dataset.source_type) == ("frame", "s3"), given
assert mlflow.artifacts.load_dict(f"runs:/{number}/conf/config.json") == {"k": [1, 2]}
assert mlflow.artifacts.load_text(f"{found.info.artifact_uri}/notes.txt") == "hello"
assert list(mlflow.load_table("table.json", run_ids=[number])["q"]) == ["a"]

with mlflow.start_run(run_id=number):
    mlflow.log_metric("late", 1)
mlflow.delete_run(number)

print(json.dumps({"parent": number, "children": list(children["run_id"])}))
