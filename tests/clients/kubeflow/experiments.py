"""Runs of an experiment, by the unmodified client of the registry's first generation: `experiments.py PORT`."""

import json
import sys

from model_registry import ModelRegistry

registry = ModelRegistry("http://127.0.0.1", int(sys.argv[1]), author="ann", is_secure=False)
with registry.start_experiment_run(experiment_name="trees") as run:
    run.log_param("depth", 3)
    for step in range(3):
        run.log_metric("loss", 1 / (step + 1), step=step, timestamp=str(1000 + step))
    run.log_dataset(name="iris", source_type="local", uri="s3://data/iris.csv")
    with registry.start_experiment_run(experiment_name="trees", nested=True) as inner:
        inner.log_metric("loss", 0.5, step=0, timestamp="1")

experiments = [each.name for each in registry.get_experiments()]
runs = list(registry.get_experiment_runs(experiment_name="trees"))
logs = registry.get_experiment_run_logs(run_id=run.info.id)


async def history():
    async with registry._api.get_client() as api:
        return (await api.get_experiment_runs_metric_history(name="loss")).items


print(
    json.dumps(
        {
            "experiments": experiments,
            "runs": [each.id for each in runs],
            "deep": run.info.id,
            "inner": inner.info.id,
            "logs": sorted(each.name for each in logs.page_size(2)),
            "loss": run.get_log("metrics", "loss").value,
            "history": [
                [each.experiment_run_id, each.step, each.value] for each in registry.async_runner(history())
            ],
        }
    )
)
