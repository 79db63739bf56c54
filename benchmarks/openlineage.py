"""OpenLineage: events with column lineage over HTTP, one a request and many; a classification that reaches far."""

import itertools
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from benchmarks.bench import Bench, Sample, Trial, Trials
from benchmarks.load import Client, drive, request
from benchmarks.servers import LINEAL, Server
from benchmarks.writes import measured_rate

API = "/api/v1"
FIGURES = ("openlineage", "openlineage-8", "openlineage-batch", "classify-100k")
"""Names of the figures that are told together."""
WAREHOUSE, LAKE = "postgres://warehouse:5432", "s3://lake"
JOBS, FIELDS, BATCH = 200, 14, 100
"""Jobs that run in turns, columns of each data set, events of a batch."""
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
WIDE = 1000
"""Columns of each of the data sets that a classification reaches."""
SOURCE = "shop.public.people"


def events(connections: int) -> Trials:
    """Events of some 6 KB: runs that begin and complete, each connection with jobs of its own."""
    return lambda bench: {LINEAL: _rate(bench, connections, 1)}


def batches(bench: Bench) -> Mapping[str, Trial]:
    """The same, many in a request."""
    return {LINEAL: _rate(bench, 1, BATCH)}


def _rate(bench: Bench, connections: int, together: int) -> Trial:
    """Of jobs whose data sets are known from a run before, as those of nightly jobs are."""
    server = bench.server(LINEAL)
    told = [_told(f"{connections}-{together}-{number}") for number in range(connections)]
    first = drive(server.port, [_sender(itertools.islice(each, 2 * JOBS), BATCH) for each in told])
    if first.errors:
        raise RuntimeError(first.last_error.decode())
    return lambda: measured_rate(bench, server, [_sender(each, together) for each in told], together)


def _sender(told: Iterator[dict[str, Any]], together: int) -> Client:
    while group := list(itertools.islice(told, together)):
        if together == 1:
            yield request("POST", f"{API}/lineage", msgspec.json.encode(group[0]))
        else:
            yield request("POST", f"{API}/lineage/batch", msgspec.json.encode(group))


def _told(owner: str) -> Iterator[dict[str, Any]]:
    """Runs of one job after another, for ever: each begins and completes."""
    for number in itertools.count():
        run = str(uuid.uuid4())
        for state, after in (("START", 0), ("COMPLETE", 1)):
            moment = BEGUN + timedelta(minutes=number, seconds=after)
            yield event(f"{owner}.{number % JOBS}", run, state, moment)


def event(job: str, run: str, state: str, moment: datetime) -> dict[str, Any]:
    """A run of a job that joins two tables into a third."""
    names = [f"column_{number}" for number in range(FIELDS)]
    sources = [f"shop.public.{job}_{side}" for side in ("left", "right")]
    lineage = {
        name: {"inputFields": [_field(sources[number % 2], name)]} for number, name in enumerate(names)
    }
    output = {"schema": _schema(names), "columnLineage": _facet(fields=lineage)}
    return {
        "eventType": state,
        "eventTime": moment.isoformat(),
        "producer": "https://example.com/producer",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run},
        "job": {"namespace": "nightly", "name": job},
        "inputs": [
            {"namespace": WAREHOUSE, "name": each, "facets": {"schema": _schema(names)}} for each in sources
        ],
        "outputs": [{"namespace": LAKE, "name": f"{job}.parquet", "facets": output}],
    }


def _schema(names: list[str]) -> dict[str, Any]:
    return _facet(fields=[{"name": name, "type": "varchar"} for name in names])


def _field(dataset: str, field: str) -> dict[str, Any]:
    way = {"type": "DIRECT", "subtype": "IDENTITY", "description": "", "masking": False}
    return {"namespace": WAREHOUSE, "name": dataset, "field": field, "transformations": [way]}


def _facet(**parts: Any) -> dict[str, Any]:
    return {
        "_producer": "https://example.com/producer",
        "_schemaURL": "https://example.com/Facet.json",
        **parts,
    }


def classify(bench: Bench) -> Mapping[str, Trial]:
    """Milliseconds until a classification of one column is seen at every column made of it."""
    server = bench.server(LINEAL)
    number = bench.once("reach", lambda: _load_reach(server, bench.scale.reach))
    rounds = itertools.count()

    def trial() -> Sample:
        label = f"pii-{next(rounds)}"
        put = {"op": "put_label", "ref": {"by": "id", "id": number}, "name": label}
        cpu, begun = server.cpu_seconds(), time.perf_counter()
        server.call("POST", f"{API}/changes", {"operations": [put]})
        seconds, cpu = time.perf_counter() - begun, server.cpu_seconds() - cpu
        _must_reach(server, label, bench.scale.reach)
        return Sample(seconds * 1e3, cpu * 1e6)

    return {LINEAL: trial}


def _load_reach(server: Server, columns: int) -> int:
    """The id of a column that many others are made of, as events told."""
    told = (_wide(number, min(WIDE, columns - number)) for number in range(0, columns, WIDE))
    load = drive(server.port, [_sender(told, 1)])
    if load.errors:
        raise RuntimeError(load.last_error.decode())
    name = {"field": "attribute", "name": "name"}
    where = {"expr": "compare", "field": name, "op": "=", "value": f"{SOURCE}#mail"}
    found = server.call("POST", f"{API}/find", {"kinds": ["column"], "where": where})
    return int(found["entities"][0]["id"])


def _wide(number: int, width: int) -> dict[str, Any]:
    """A data set all of whose columns are made of the one column of the source."""
    fields = {f"c{place}": {"inputFields": [_field(SOURCE, "mail")]} for place in range(width)}
    run, facets = str(uuid.uuid4()), {"columnLineage": _facet(fields=fields)}
    return {
        "eventType": "COMPLETE",
        "eventTime": BEGUN.isoformat(),
        "producer": "https://example.com/producer",
        "run": {"runId": run},
        "job": {"namespace": "nightly", "name": f"copy-{number}"},
        "outputs": [{"namespace": LAKE, "name": f"copy-{number}.parquet", "facets": facets}],
    }


def _must_reach(server: Server, label: str, columns: int) -> None:
    query = urlencode({"label": label, "kind": "column", "limit": 1})
    found = server.call("GET", f"{API}/entities?{query}")["total"]
    if found != columns + 1:
        raise AssertionError(f"{found} of {columns + 1} columns are classified")
