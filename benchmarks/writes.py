"""Writing over HTTP: runs, single metrics, batches of a thousand."""

import functools
import itertools
import json
import random
from collections.abc import Callable

from benchmarks.bench import Bench, Sample, ServerFigure, Trial
from benchmarks.load import Client, drive, repeat, request
from benchmarks.servers import Server

API = "/api/2.0/mlflow/"
START = 1_700_000_000_000
KEYS, STEPS = 10, 100
BATCH = KEYS * STEPS
RUNS_PER_WRITER = 4
MakeClient = Callable[[list[str]], Client]


def create_run(bench: Bench, server: Server) -> Trial:
    """New runs, one after another."""
    experiment = server.create_experiment("created runs")
    body = json.dumps({"experiment_id": experiment, "start_time": START}).encode()
    message = request("POST", API + "runs/create", body)
    return lambda: measured_rate(bench, server, [repeat(message)])


def log_metric(connections: int) -> ServerFigure:
    """Single metrics; each connection writes to a run of its own."""
    return _writers(connections, _single_metrics, points_per_request=1)


def log_batch(connections: int) -> ServerFigure:
    """Batches of 1,000 metrics (10 keys, 100 steps); each connection writes to runs of its own."""
    return _writers(connections, _batches, points_per_request=BATCH)


def _writers(connections: int, client: MakeClient, points_per_request: int) -> ServerFigure:
    def figure(bench: Bench, server: Server) -> Trial:
        def trial() -> Sample:
            runs = [[server.create_run() for _ in range(RUNS_PER_WRITER)] for _ in range(connections)]
            return measured_rate(bench, server, [client(ids) for ids in runs], points_per_request)

        return trial

    return figure


def measured_rate(bench: Bench, server: Server, clients: list[Client], per_request: float = 1) -> Sample:
    """How much is done in a second, where each request does so much of it."""
    before = server.cpu_seconds()
    load = drive(server.port, clients, bench.scale.seconds)
    cpu = server.cpu_seconds() - before
    if not load.done:
        raise RuntimeError(f"{server.name} answered no request: {load.last_error!r}")
    return Sample(load.rate * per_request, cpu / load.done * 1e6, load.errors)


def _single_metrics(runs: list[str]) -> Client:
    head = f'{{"run_id":"{runs[0]}","key":"loss","value":0.25,"timestamp":{START},"step":'
    for step in itertools.count():
        yield request("POST", API + "runs/log-metric", f"{head}{step}}}".encode())


def _batches(runs: list[str]) -> Client:
    """Every body differs, since an equal one would add nothing to a run."""
    for run in runs:
        for tail in batch_bodies():
            yield request("POST", API + "runs/log-batch", f'{{"run_id":"{run}",'.encode() + tail)


@functools.cache
def batch_bodies(count: int = 200) -> tuple[bytes, ...]:
    """Bodies of successive batches without their first field, the run."""
    rng = random.Random(1)
    return tuple(_batch_body(rng, first_step=i * STEPS) for i in range(count))


def _batch_body(rng: random.Random, first_step: int) -> bytes:
    metrics = [
        {"key": f"metric_{key}", "value": rng.random(), "timestamp": START + step, "step": step}
        for step in range(first_step, first_step + STEPS)
        for key in range(KEYS)
    ]
    return b'"metrics":' + json.dumps(metrics).encode() + b"}"
