"""Run with an unmodified MLflow: fills the store at MLFLOW_TRACKING_URI with one of everything, prints its ids.

`python fill.py` fills a database or a server; `python fill.py folder` only what a file store knows.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric

ONLY_FOLDER = sys.argv[1:] == ["folder"]
client = mlflow.MlflowClient()
store = client._tracking_client.store
told: dict[str, object] = {}

# Experiments and runs
churn = client.create_experiment("churn study", tags={"team": "growth", "mlflow.note.content": "Who leaves"})
mlflow.set_experiment(experiment_id=churn)
with mlflow.start_run(run_name="parent", description="the sweep", tags={"kind": "sweep"}) as parent:
    mlflow.log_params({"rate": 0.1, "größe": "ä" * 300, "deep/key": "x\ny"})
    mlflow.log_text("hello", "notes.txt")
    mlflow.log_dict({"a": [1, 2]}, "conf/deep/config.json")
    frame = pd.DataFrame({"x": [1, 2], "y": [0.5, 1.5]})
    mlflow.log_input(
        mlflow.data.from_pandas(frame, source="s3://lake/frame.parquet", name="frame"), "training"
    )
    for child in range(2):
        with mlflow.start_run(run_name=f"child-{child}", nested=True):
            mlflow.log_metric("train/loss", child, step=1)
number = parent.info.run_id
points = [Metric("loss", 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(40)]
points += [
    Metric("odd", value, 1_700_000_000_000 + at, -3 + at)
    for at, value in enumerate((math.inf, -math.inf, 2.5))
]
points += [Metric("odd", math.nan, 1_700_000_000_009, 9), Metric("again", 1, 5, 0), Metric("again", 2, 5, 0)]
client.log_batch(number, metrics=points)
for name, digest, context in (("code", "d1", "test"), ("code", "d2", None), ("frame", "other", "training")):
    source = (
        json.dumps({"uri": "s3://lake/frame.parquet"})
        if name == "frame"
        else json.dumps({"tags": {"a": "b"}})
    )
    given = Dataset(name, digest, "s3" if name == "frame" else "code", source, None, json.dumps({"rows": 2}))
    tags = [InputTag("mlflow.data.context", context)] if context else []
    client.log_inputs(number, datasets=[DatasetInput(given, tags)])
failed = client.create_run(churn, run_name="failed", start_time=1_600_000_000_000)
client.set_terminated(failed.info.run_id, "FAILED", end_time=1_600_000_060_000)
running = client.create_run("0", run_name="running", tags={"mlflow.user": "ada"})
gone = client.create_run(churn, run_name="gone", tags={"why": "a mistake"})
client.log_metric(gone.info.run_id, "m", 1, timestamp=7, step=0)
client.delete_run(gone.info.run_id)
old = client.create_experiment("old study")
client.create_run(old, run_name="of old")
client.delete_experiment(old)
told |= {"experiment": churn, "old": old, "parent": number, "failed": failed.info.run_id}
told |= {"running": running.info.run_id, "gone": gone.info.run_id}

# Logged models
model = client.create_logged_model(
    churn, "churner", number, tags={"stage": "candidate"}, params={"depth": "3"}, model_type="agent"
)
folder = Path(os.environ["SCRATCH"], "model")
(folder / "data").mkdir(parents=True, exist_ok=True)
(folder / "MLmodel").write_text("flavors: {}\n")
(folder / "data" / "weights.bin").write_bytes(bytes(range(256)) * 64)
client.log_model_artifacts(model.model_id, str(folder))
client.finalize_logged_model(model.model_id, "READY")
client.log_outputs(number, [LoggedModelOutput(model.model_id, 4)])
client.log_inputs(failed.info.run_id, models=[LoggedModelInput(model.model_id)])
for step, value in enumerate((0.5, math.nan, 0.75)):
    client.log_metric(
        number,
        "acc",
        value,
        step=step,
        timestamp=1000 + step,
        model_id=model.model_id,
        dataset_name="frame",
        dataset_digest="other",
    )
client.log_metric(failed.info.run_id, "acc", 0.25, step=1, timestamp=2000, model_id=model.model_id)
lost = client.create_logged_model(churn, "lost", number)
client.delete_logged_model(lost.model_id)
told |= {"model": model.model_id, "lost": lost.model_id}

# The registry and its prompts
client.create_registered_model("churn", tags={"owner": "ada"}, description="Leavers")
sources = [
    f"runs:/{number}/conf",
    f"models:/{model.model_id}",
    f"runs:/{number}/conf",
    f"runs:/{number}/conf",
]
for version, source in enumerate(sources, 1):
    of = model.model_id if source.startswith("models:") else None
    client.create_model_version(
        "churn", source, number, tags={"n": str(version)}, description=f"number {version}", model_id=of
    )
client.set_registered_model_alias("churn", "champion", "2")
client.set_registered_model_alias("churn", "challenger", "4")
client.transition_model_version_stage("churn", "1", "Archived")
client.transition_model_version_stage("churn", "4", "Production")
client.delete_model_version("churn", "3")
client.create_registered_model("empty")
if not ONLY_FOLDER:
    mlflow.genai.register_prompt("greet", "Hello {{name}}", commit_message="first", tags={"tone": "warm"})
    mlflow.genai.register_prompt("greet", "Good day {{name}}", commit_message="second")
    mlflow.genai.set_prompt_alias("greet", "formal", 2)

# Traces
mlflow.set_experiment(experiment_id=churn)


@mlflow.trace(span_type="RETRIEVER", attributes={"k": 3})
def find(question: str) -> list[str]:
    return [question, "ü"]


with mlflow.start_span("answer", span_type="CHAIN") as span:
    span.set_inputs({"question": "who?"})
    find("who?")
    with mlflow.start_span("fails") as inner:
        inner.add_event(mlflow.entities.SpanEvent("retry", attributes={"n": 1}))
        inner.set_status("ERROR")
    span.set_outputs({"answer": 42})
mlflow.flush_trace_async_logging()
trace = span.trace_id
client.set_trace_tag(trace, "reviewed", "yes")
mlflow.log_feedback(trace_id=trace, name="helpful", value=True, rationale="It was", metadata={"by": "ada"})
mlflow.log_expectation(trace_id=trace, name="wanted", value={"answer": 42})
told["trace"] = trace

# Evaluation data sets and scorers
if not ONLY_FOLDER:
    from mlflow.genai import datasets

    questions = datasets.create_dataset("questions", experiment_id=[churn], tags={"lang": "en"})
    questions.merge_records(
        [
            {"inputs": {"q": "a"}, "expectations": {"e": 1}, "tags": {"t": "1"}},
            {"inputs": {"q": "b", "deep": {"x": [1, None]}}},
        ]
    )
    told["questions"] = questions.dataset_id
    for text in ('{"name": "tone", "v": 1}', '{"name": "tone", "v": 2}'):
        store.register_scorer(churn, "tone", text)

print(json.dumps(told))
