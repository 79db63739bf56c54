"""Reading over HTTP: search in an experiment of many runs, the history of a metric. Medians per call."""

import json
import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks import fixtures
from benchmarks.bench import Bench, Sample, ServerFigure, Trial
from benchmarks.load import drive, repeat, request
from benchmarks.servers import Server
from benchmarks.writes import API

METRIC_AND_PARAM = {"filter": "metrics.m1 > 0.9 and params.p2 = 'v7'", "max_results": 100}
THREE_CLAUSES = {"filter": "metrics.m1 > 0.5 and metrics.m3 < 0.5 and params.p4 = 'v1'", "max_results": 100}
TOP_RUN = {"order_by": ["metrics.m5 DESC"], "max_results": 1}


def search(query: Mapping[str, Any]) -> ServerFigure:
    """Search one experiment. Every contender must find the same runs in the same order."""

    def figure(bench: Bench, server: Server) -> Trial:
        experiment = fixtures.searchable_experiment(bench, server)
        body = {"experiment_ids": [experiment], **query}
        found = [run["info"]["run_name"] for run in server.call("POST", "runs/search", body)["runs"]]
        must_agree(bench, json.dumps(query), server, found)
        message = request("POST", API + "runs/search", json.dumps(body).encode())
        return lambda: latency(bench, server, message)

    return figure


def history(bench: Bench, server: Server) -> Trial:
    """All points of one metric of one run."""
    path = f"metrics/get-history?run_id={fixtures.run_with_history(bench, server)}&metric_key=metric_0"
    points = [(point["step"], point["value"]) for point in server.call("GET", path)["metrics"]]
    must_agree(bench, "history", server, points)
    message = request("GET", API + path)
    return lambda: latency(bench, server, message)


def latency(bench: Bench, server: Server, message: bytes) -> Sample:
    """Milliseconds until the whole answer to a request is there, one request after another."""
    before = server.cpu_seconds()
    load = drive(server.port, [repeat(message)], bench.scale.seconds)
    cpu = server.cpu_seconds() - before
    if not load.done:
        raise RuntimeError(f"{server.name} failed: {load.last_error!r}")
    return Sample(statistics.median(load.latencies) * 1e3, cpu / load.done * 1e6, load.errors)


def must_agree(bench: Bench, question: str, server: Server, answer: list[Any]) -> None:
    """Raise unless all contenders give the same answer to a question."""
    if not answer or answer != bench.once(("answer", question), lambda: answer):
        raise AssertionError(f"{server.name} answers {question} differently: {answer[:5]} …")
