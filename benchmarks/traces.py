"""Traces of applications: taking in spans through OTLP, searching many traces."""

import json
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.bench import Bench, Sample, ServerFigure, Trial
from benchmarks.load import Client, drive, request
from benchmarks.reads import latency, must_agree
from benchmarks.servers import Server
from benchmarks.writes import START, measured_rate

TRACES = "/api/3.0/mlflow/traces"
SPANS = 10
"""Of one trace, in one request, as an exporter sends them when a call of an application has ended."""
LOADERS = 8
TRACE_ID, SPAN_ID = b"T" * 16, b"S" * 7
STATES = ("OK", "OK", "OK", "ERROR")


def ingest(connections: int) -> ServerFigure:
    """Traces of ten spans each, a request for each trace."""

    def figure(bench: Bench, server: Server) -> Trial:
        experiment = server.create_experiment(f"spans {connections}")
        template = _export()

        def trial() -> Sample:
            clients = [_exporting(experiment, template) for _ in range(connections)]
            return measured_rate(bench, server, clients, SPANS)

        return trial

    return figure


def _exporting(experiment: str, template: bytes) -> Client:
    """Each trace has ids of its own, in the places of the template's."""
    while True:
        body = template.replace(TRACE_ID, os.urandom(16)).replace(SPAN_ID, os.urandom(7))
        yield request("POST", "/v1/traces", body, "application/x-protobuf", x_mlflow_experiment_id=experiment)


def _export() -> bytes:
    """A request of OTLP with one trace: a root and the steps below it."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    for i in range(SPANS):
        attributes = {
            "mlflow.traceRequestId": json.dumps(f"tr-{TRACE_ID.hex()}"),
            "mlflow.spanType": json.dumps("CHAIN" if i == 0 else "TOOL"),
            "mlflow.spanInputs": json.dumps({"question": "what is metadata? " * 10}),
            "mlflow.spanOutputs": json.dumps({"answer": "data about data. " * 10}),
        }
        if i == 0:
            del attributes["mlflow.traceRequestId"]
        span = spans.add(
            trace_id=TRACE_ID,
            span_id=SPAN_ID + bytes([i]),
            parent_span_id=SPAN_ID + b"\0" if i else b"",
            name="answer" if i == 0 else f"step {i}",
            start_time_unix_nano=START * 10**6 + i * 10**6,
            end_time_unix_nano=START * 10**6 + (2 * SPANS - i) * 10**6,
        )
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    encoded: bytes = message.SerializeToString()
    return encoded


class Trace(NamedTuple):
    """A trace of the fixture."""

    number: int
    state: str
    tag: str
    duration: int

    @property
    def id(self) -> str:
        """Its address."""
        return f"tr-{self.number:032x}"


def traces(count: int) -> Iterator[Trace]:
    """Traces a second apart, one in four failed, with a tag of a hundred values."""
    rng = random.Random(23)
    for i in range(count):
        yield Trace(i, rng.choice(STATES), f"v{rng.randrange(100)}", rng.randrange(1, 5000))


NEWEST = {"max_results": 100, "order_by": ["timestamp_ms DESC"]}
BY_TAG = {**NEWEST, "filter": "trace.status = 'ERROR' AND tags.env = 'v3'"}


def search(question: dict[str, object]) -> ServerFigure:
    """Search one experiment of many traces. Every contender must find the same in the same order."""

    def figure(bench: Bench, server: Server) -> Trial:
        experiment = bench.once(("traces", server), lambda: _load(server, list(traces(bench.scale.traces))))
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
        body = {"locations": [place], **question}
        found = [each["trace_id"] for each in server.call("POST", f"{TRACES}/search", body)["traces"]]
        must_agree(bench, json.dumps(question), server, found)
        message = request("POST", f"{TRACES}/search", json.dumps(body).encode())
        return lambda: latency(bench, server, message)

    return figure


def _load(server: Server, rows: list[Trace]) -> str:
    experiment = server.create_experiment("traces")
    if not server.insert(_rows_of_mlflow(experiment, rows)):
        drive(server.port, [_starting(experiment, rows[i::LOADERS]) for i in range(LOADERS)])
    return experiment


def _starting(experiment: str, rows: Iterable[Trace]) -> Client:
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    for row in rows:
        info = {
            "trace_id": row.id,
            "trace_location": place,
            "request_time": _moment(row),
            "execution_duration": f"{row.duration / 1000:.3f}s",
            "state": row.state,
            "request_preview": "what is metadata?",
            "response_preview": "data about data",
            "trace_metadata": {"mlflow.source.type": "LOCAL"},
            "tags": {"mlflow.traceName": "answer", "env": row.tag},
        }
        yield request("POST", TRACES, json.dumps({"trace": {"trace_info": info}}).encode())


def _moment(row: Trace) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(START / 1000 + row.number, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _rows_of_mlflow(experiment: str, rows: list[Trace]) -> dict[str, Iterable[Sequence[object]]]:
    """What traces leave in MLflow's tables."""
    return {
        "trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, request_preview,"
        " response_preview, trace_name)": (
            (row.id, experiment, START + row.number * 1000, row.duration, row.state, "what is metadata?",
             "data about data", "answer")
            for row in rows
        ),
        "trace_tags (key, value, request_id)": (
            (key, value, row.id) for row in rows for key, value in (("mlflow.traceName", "answer"), ("env", row.tag))
        ),
        "trace_request_metadata (key, value, request_id)": (
            ("mlflow.source.type", "LOCAL", row.id) for row in rows
        ),
    }  # fmt: skip
