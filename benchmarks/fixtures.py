"""Data that figures need before they can be taken, the same for every contender."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.load import Client, drive, request
from benchmarks.servers import Server
from benchmarks.writes import API, START, STEPS, batch_bodies

PARAMS = METRICS = 20
LOADERS = 8
STATE = ("RUNNING", "active", "someone")


@dataclass(frozen=True)
class Run:
    """One run of the search fixture."""

    name: str
    start_time: int
    params: dict[str, str]
    metrics: dict[str, float]


def runs(count: int) -> Iterator[Run]:
    """Runs with 20 params of ten values each and 20 metrics between 0 and 1."""
    rng = random.Random(7)
    for i in range(count):
        params = {f"p{k}": f"v{rng.randrange(10)}" for k in range(PARAMS)}
        metrics = {f"m{k}": round(rng.random(), 6) for k in range(METRICS)}
        yield Run(f"run-{i:06}", START + i * 1000, params, metrics)


def searchable_experiment(bench: Bench, server: Server) -> str:
    """An experiment full of runs; its id. Loaded once on each server."""
    return bench.once(("search", server), lambda: _load_runs(server, list(runs(bench.scale.runs))))


def _load_runs(server: Server, rows: list[Run]) -> str:
    experiment = server.create_experiment("search")
    if not server.insert(_rows_of_mlflow(experiment, rows)):
        drive(server.port, [_logging(experiment, rows[i::LOADERS]) for i in range(LOADERS)])
    return experiment


def _logging(experiment: str, rows: Iterable[Run]) -> Client:
    """Log runs over HTTP, as a training process would."""
    for run in rows:
        info = {"experiment_id": experiment, "run_name": run.name, "start_time": run.start_time}
        answer = yield request("POST", API + "runs/create", json.dumps(info).encode())
        batch = {
            "run_id": json.loads(answer)["run"]["info"]["run_id"],
            "params": [{"key": key, "value": value} for key, value in run.params.items()],
            "metrics": [
                {"key": key, "value": value, "timestamp": run.start_time, "step": 0}
                for key, value in run.metrics.items()
            ],
        }
        yield request("POST", API + "runs/log-batch", json.dumps(batch).encode())


def _rows_of_mlflow(experiment: str, rows: list[Run]) -> dict[str, Iterable[Sequence[object]]]:
    """The rows that logging leaves in MLflow's tables: its API would take most of an hour."""
    artifacts = f"mlflow-artifacts:/{experiment}"
    named = [(f"{i:032x}", run) for i, run in enumerate(rows)]
    return {
        "runs (run_uuid, name, start_time, experiment_id, status, lifecycle_stage, user_id, artifact_uri)": (
            (id, run.name, run.start_time, experiment, *STATE, f"{artifacts}/{id}/artifacts")
            for id, run in named
        ),
        "tags (run_uuid, key, value)": ((id, "mlflow.runName", run.name) for id, run in named),
        "params (run_uuid, key, value)": ((id, *pair) for id, run in named for pair in run.params.items()),
        "metrics (run_uuid, key, value, timestamp, step, is_nan)": _points(named),
        "latest_metrics (run_uuid, key, value, timestamp, step, is_nan)": _points(named),
    }


def _points(named: list[tuple[str, Run]]) -> Iterator[tuple[object, ...]]:
    return ((id, key, value, run.start_time, 0, 0) for id, run in named for key, value in run.metrics.items())


def run_with_history(bench: Bench, server: Server) -> str:
    """A run whose ten metrics have as many points each as the scale says; its id."""
    return bench.once(("history", server), lambda: _load_history(server, bench.scale.points))


def _load_history(server: Server, points: int) -> str:
    run = server.create_run()
    batches = batch_bodies()[: points // STEPS]
    drive(server.port, [_posting(run, batches)])
    return run


def _posting(run: str, batches: Iterable[bytes]) -> Client:
    for tail in batches:
        yield request("POST", API + "runs/log-batch", f'{{"run_id":"{run}",'.encode() + tail)
