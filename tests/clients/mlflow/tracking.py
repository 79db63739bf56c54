"""Runs under MLflow's own client: everything that a run may hold goes there and comes back the same."""

from __future__ import annotations

import json
import math
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

client = MlflowClient()


def refused(code: str, call, *arguments, **named) -> None:
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused")


experiment = client.create_experiment("tracking", tags={"team": "red"})
assert client.get_experiment(experiment).tags == {"team": "red"}
assert client.get_experiment_by_name("tracking").experiment_id == experiment
assert client.get_experiment_by_name("nothing") is None
refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, "tracking")
client.rename_experiment(experiment, "renamed")
assert {each.name for each in client.search_experiments()} == {"Default", "renamed"}

run = client.create_run(experiment, start_time=5, tags={"mlflow.user": "ann"}, run_name="first").info.run_id
client.log_param(run, "lr", 0.1)
refused("INVALID_PARAMETER_VALUE", client.log_param, run, "lr", 0.2)
for step in range(20):
    client.log_metric(run, "loss", 1 / (step + 1), timestamp=1000 + step, step=step)
client.log_metric(run, "nan", math.nan)
client.log_batch(
    run, [Metric("acc", 0.5, 1, 0), Metric("acc", 0.7, 2, 1)], [Param("deep", "")], [RunTag("t", "v")]
)
client.set_tag(run, "note", "line\nline")
client.delete_tag(run, "t")
data = Dataset("iris", "abc", "local", json.dumps({"uri": "/data/iris.csv"}), "{}", "{}")
client.log_inputs(run, [DatasetInput(data, [InputTag("mlflow.data.context", "train")])])
client.set_terminated(run, "FINISHED", 99)

found = client.get_run(run)
assert found.data.params == {"lr": "0.1", "deep": ""}
assert math.isnan(found.data.metrics.pop("nan"))
assert found.data.metrics == {"loss": 0.05, "acc": 0.7}
assert found.data.tags == {"mlflow.user": "ann", "note": "line\nline", "mlflow.runName": "first"}
info = found.info
assert (info.status, info.start_time, info.end_time, info.user_id) == ("FINISHED", 5, 99, "ann"), info
assert found.inputs.dataset_inputs[0].dataset == data
history = client.get_metric_history(run, "loss")
assert [(metric.step, metric.value) for metric in history] == [(step, 1 / (step + 1)) for step in range(20)]

Path("folder/deep").mkdir(parents=True)
Path("folder/a.txt").write_text("hello")
Path("folder/deep/b.bin").write_bytes(bytes(range(256)) * 40_000)
client.log_artifacts(run, "folder", "there")
client.log_artifact(run, "folder/a.txt")
assert [file.path for file in client.list_artifacts(run)] == ["a.txt", "there"]
assert [(file.path, file.is_dir) for file in client.list_artifacts(run, "there")] == [
    ("there/a.txt", False),
    ("there/deep", True),
]
fetched = Path(client.download_artifacts(run, "there", "."))
assert (fetched / "deep/b.bin").read_bytes() == Path("folder/deep/b.bin").read_bytes()

others = [client.create_run(experiment, start_time=10 + number).info.run_id for number in range(7)]
for number, each in enumerate(others):
    client.log_batch(each, [Metric("loss", number, 1, 0)], [Param("lr", str(number % 2))])
best = client.search_runs(
    [experiment], "params.lr = '1' AND metrics.loss < 4", order_by=["metrics.loss DESC"]
)
assert [each.info.run_id for each in best] == [others[3], others[1]]
pages, token = [], None
while True:
    page = client.search_runs([experiment], max_results=3, page_token=token)
    pages.append(len(page))
    token = page.token
    if not token:
        break
assert pages == [3, 3, 2]
client.delete_run(others[0])
assert len(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)) == 1
client.restore_run(others[0])
refused("RESOURCE_DOES_NOT_EXIST", client.get_run, "0" * 32)
refused("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], "metrics.loss > 'x'")

client.delete_experiment(experiment)
assert client.get_run(run).info.lifecycle_stage == "deleted"
refused("INVALID_PARAMETER_VALUE", client.log_param, run, "x", "y")
client.restore_experiment(experiment)
assert client.get_run(run).info.lifecycle_stage == "active"

print(json.dumps({"mlflow": mlflow.__version__, "experiment": experiment, "run": run}))
