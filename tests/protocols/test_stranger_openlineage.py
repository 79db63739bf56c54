"""Every operation of OpenLineage's door, asked by somebody who was granted nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lineal.protocols.base import Route
from lineal.testing.protocol import ProtocolSuite, Request, Served, Stored

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
            "facets": {"documentation": {"description": "fravity"}},
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


class OpenLineageDoor(ProtocolSuite):
    """Filled and asked with events; the receiver tells nobody anything."""

    doors = ("openlineage",)
    telling = 0
    answering = 2

    def fill(self, served: Served) -> Stored:
        served.owner.json("POST", "/api/v1/lineage", body=event("COMPLETE"))
        return Stored(WORDS, {})

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
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
