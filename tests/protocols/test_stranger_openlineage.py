"""Every operation of OpenLineage's door, asked by somebody who was granted nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lineal.protocols.base import Route
from lineal.testing.protocol import ProtocolSuite, Request, Served, Stored, paths

RUN = "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e6f"
WORDS = {
    "zorblax",
    "vexillard",
    "quindle",
    "mizzlewort",
    "plonkery",
    "grobsnap",
    "fravity",
    "snorkbert",
    "hufflet",
    "wibbertag",
    "brumble",
    "skelp",
}
VALUES = {
    "namespace": ["vexillard", "s3://zorblax"],
    "dataset": ["quindle", "snorkbert"],
    "field": ["plonkery", "hufflet"],
    "job": ["mizzlewort"],
    "tag": ["wibbertag"],
    "source": ["brumble"],
    "id": [RUN],
}
PARAMETERS: dict[str, list[dict[str, str]]] = {
    "/lineage": [{"nodeId": "job:vexillard:mizzlewort"}, {"nodeId": "dataset:s3://zorblax:quindle"}],
    "/column-lineage": [
        {"nodeId": "dataset:s3://zorblax:snorkbert"},
        {"nodeId": "datasetField:s3://zorblax:quindle:plonkery", "withDownstream": "true"},
    ],
    "/runlineage/upstream": [{"runId": RUN}],
    "/search": [{"q": "quin"}, {"q": "izzle"}, {"q": "s"}],
    "/search/jobs": [{"q": "mizzle"}],
    "/search/datasets": [{"q": "plonkery"}, {"q": "nork"}],
    "/facets": [{"type": "run"}, {"type": "job"}],
    "/jobs": [{}, {"lastRunStates": "COMPLETED"}],
    "/events/lineage": [{}, {"sortDirection": "asc"}],
    **{f"/stats/{name}": [{"period": "DAY"}] for name in ("lineage-events", "jobs", "datasets", "sources")},
}
BODIES: dict[str, Any] = {
    "/namespaces/{namespace}": {"ownerName": "new"},
    "/sources/{source}": {"type": "NEW", "connectionUrl": "http://new"},
    "/tags/{tag}": {"description": "new"},
    "/datasets/{dataset}": {"type": "DB_TABLE", "physicalName": "new", "sourceName": "brumble"},
    "/jobs/{job}": {"type": "BATCH", "inputs": [], "outputs": []},
    "/runs": {},
}


def event(kind: str, **other: Any) -> dict[str, Any]:
    """A run of a job that reads one data set and writes another."""
    columns = {"fields": [{"name": "plonkery", "type": "grobsnap"}]}
    lineage = {
        "hufflet": {"inputFields": [{"namespace": "s3://zorblax", "name": "quindle", "field": "plonkery"}]}
    }
    return {
        "eventType": kind,
        "eventTime": "2026-03-01T10:00:00Z",
        "producer": "https://example.com",
        "run": {"runId": RUN},
        "job": {
            "namespace": "vexillard",
            "name": "mizzlewort",
            "facets": {"documentation": {"description": "fravity"}, "tags": {"tags": [{"key": "wibbertag"}]}},
        },
        "inputs": [{"namespace": "s3://zorblax", "name": "quindle", "facets": {"schema": columns}}],
        "outputs": [
            {
                "namespace": "s3://zorblax",
                "name": "snorkbert",
                "facets": {"columnLineage": {"fields": lineage}},
            }
        ],
        **other,
    }


def ending(path: str, table: dict[str, Any], default: Any) -> Any:
    """What a table has for the longest ending of a path."""
    found = [each for each in table if path.endswith(each)]
    return table[max(found, key=len)] if found else default


class OpenLineageDoor(ProtocolSuite):
    """Filled with events, which the receiver tells nobody of, and asked by Marquez's API, which does."""

    doors = ("openlineage",)
    telling = 39
    answering = 49

    def fill(self, served: Served) -> Stored:
        tell = served.owner.json
        tell("POST", "/api/v1/lineage", body=event("COMPLETE"))
        tell("PUT", "/api/v1/namespaces/vexillard", body={"ownerName": "skelp"})
        tell("PUT", "/api/v1/tags/wibbertag", body={"description": "fravity"})
        source = {"type": "SKELP", "connectionUrl": "http://grobsnap", "description": "fravity"}
        tell("PUT", "/api/v1/sources/brumble", body=source)
        versions = [
            tell("GET", f"/api/v1/namespaces/{path}/versions")["versions"][0]["version"]
            for path in ("s3%3A%2F%2Fzorblax/datasets/snorkbert", "vexillard/jobs/mizzlewort")
        ]
        return Stored(WORDS, {**VALUES, "version": versions})

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        if route.method == "POST" and "/lineage" in route.path:
            yield from self._events(route)
            return
        body = ending(route.path, BODIES, None) if route.method in ("PUT", "POST") else None
        for path in paths(route, stored):
            for query in ending(route.path, PARAMETERS, [{}]):
                yield Request(route.method, path, query, body)

    def _events(self, route: Route) -> Iterator[Request]:
        alone = {"namespace": "s3://zorblax", "name": "snorkbert", "facets": {"x": {}}}
        told = [
            event("START", eventTime="2026-03-01T11:00:00Z"),
            event("START", job={"namespace": "new", "name": "new"}, run={"runId": "new"}),
            event(
                "START", job={"namespace": "new", "name": "new"}, run={"runId": "new"}, inputs=[], outputs=[]
            ),
            {
                "eventTime": "2026-03-01T10:00:00Z",
                "producer": "p",
                "schemaURL": "#/$defs/DatasetEvent",
                "dataset": alone,
            },
        ]
        if route.path.endswith("/batch"):
            yield Request(route.method, route.path, body=told)
        else:
            yield from (Request(route.method, route.path, body=each) for each in told)


class TestOpenLineage(OpenLineageDoor):
    """On SQLite."""


@pytest.mark.postgres
class TestOpenLineageOnPostgres(OpenLineageDoor):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
