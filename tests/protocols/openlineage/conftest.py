"""OpenLineage's door in a server without a socket, over an empty store on each database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.model import AnyRef, ByName, Edge, Entity
from lineal.graph.query import Attribute, Compare, Query
from lineal.protocols.openlineage import intake
from lineal.server.app import build_app
from lineal.server.asgi import App
from lineal.server.settings import Settings

WAREHOUSE = "postgres://warehouse:5432"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
PRODUCER = "https://example.com/producer"
RUN = "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e6f"
OTHER = "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e70"


def facet(**parts: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": "https://example.com/facet.json", **parts}


def schema(*columns: str) -> dict[str, Any]:
    """A schema facet of columns given as `name` or `name type`."""
    parts = [each.partition(" ") for each in columns]
    return facet(fields=[{"name": name, "type": kind or "text"} for name, _, kind in parts])


def data(name: str, namespace: str = WAREHOUSE, **facets: Any) -> dict[str, Any]:
    """A data set; `inputFacets` and `outputFacets` go beside its facets."""
    beside = {key: facets.pop(key) for key in ("inputFacets", "outputFacets") if key in facets}
    return {"namespace": namespace, "name": name, "facets": facets, **beside}


def lineage(**fields: Sequence[tuple[str, str] | tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    """A columnLineage facet: for each field the data set, field and transformation it is made of."""
    return facet(
        fields={
            field: {
                "inputFields": [
                    {
                        "namespace": WAREHOUSE,
                        "name": given[0],
                        "field": given[1],
                        "transformations": [
                            given[2] if len(given) > 2 else {"type": "DIRECT", "subtype": "IDENTITY"}
                        ],
                    }
                    for given in sources
                ]
            }
            for field, sources in fields.items()
        }
    )


def at(second: float) -> str:
    return f"2026-03-01T10:{int(second) // 60:02}:{second % 60:06.3f}Z"


def run_event(
    kind: str | None = "COMPLETE",
    second: float = 0,
    *,
    run: str = RUN,
    job: str = "load",
    inputs: Sequence[Any] = (),
    outputs: Sequence[Any] = (),
    run_facets: dict[str, Any] | None = None,
    job_facets: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        **({"eventType": kind} if kind else {}),
        "eventTime": at(second),
        "producer": PRODUCER,
        "schemaURL": f"{SCHEMA}RunEvent",
        "run": {"runId": run, "facets": run_facets or {}},
        "job": {"namespace": "nightly", "name": job, "facets": job_facets or {}},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def dataset_event(told: dict[str, Any], second: float = 0) -> dict[str, Any]:
    return {
        "eventTime": at(second),
        "producer": PRODUCER,
        "schemaURL": f"{SCHEMA}DatasetEvent",
        "dataset": told,
    }


def job_event(second: float = 0, **more: Any) -> dict[str, Any]:
    event = run_event(None, second, **more)
    del event["run"]
    return {**event, "schemaURL": f"{SCHEMA}JobEvent"}


class Receiver:
    """Sends events, and looks at what came of them."""

    def __init__(self, app: App, runner: asyncio.Runner, session: Session) -> None:
        self.session = session
        self._app = app
        self._runner = runner

    def send(self, path: str, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return self._runner.run(self._send(path, content, headers or {}))

    async def _send(self, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 1))
        headers = {"content-type": "application/json", **headers}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as client:
            return await client.post(f"/api/v1/{path}", content=content, headers=headers)

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """The answer of any operation; `path` follows `/api/`."""
        return self._runner.run(self._ask(method, path, body))

    async def _ask(self, method: str, path: str, body: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as client:
            return await client.request(method, f"/api/{path}", json=body)

    def post(self, *events: dict[str, Any], **headers: str) -> None:
        """Events, one after another, each of which must be taken."""
        for event in events:
            answer = self.send("lineage", json.dumps(event).encode(), headers)
            assert (answer.status_code, answer.content) == (201, b""), answer.text

    def batch(self, events: Sequence[Any], **headers: str) -> Any:
        """The answer to a batch: None when all was taken."""
        answer = self.send("lineage/batch", json.dumps(list(events)).encode(), headers)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.content else None

    def refused(self, event: Any, **headers: str) -> tuple[int, str]:
        """Status and message of an event that must be refused, with nothing written."""
        before = self.session.newest()
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        answer = self.send("lineage", content, headers)
        told = answer.json()
        assert told.keys() == {"code", "message"} and told["code"] == answer.status_code, answer.text
        assert self.session.newest() == before
        return answer.status_code, told["message"]

    def forget(self) -> None:
        """As if the server had been started anew."""
        intake._INTAKES.clear()

    # What came of them

    def get(self, ref: AnyRef) -> Entity:
        return self.session.get(ref, ("properties", "facets", "labels", "external"))

    def dataset(self, name: str, namespace: str = WAREHOUSE) -> Entity:
        return self.get(names.dataset_ref(namespace, name))

    def job(self, name: str = "load") -> Entity:
        return self.get(names.job_ref("nightly", name))

    def run(self, number: str = RUN) -> Entity:
        return self.get(names.run_ref(number))

    def columns(self, dataset: str, state: Any = "active") -> dict[str, Entity]:
        """Columns of a data set by path."""
        where = Compare(Attribute("home"), "=", self.dataset(dataset).id)
        page = self.session.find(
            Query(kinds=["column"], where=where, state=state, parts=["properties", "labels"])
        )
        return {names.field_of(each.name): each for each in page.entities}

    def versions(self, dataset: str) -> list[Entity]:
        """Versions of a data set in the order in which they came."""
        where = Compare(Attribute("home"), "=", self.dataset(dataset).id)
        page = self.session.find(
            Query(kinds=["dataset_version"], where=where, parts=["properties", "facets", "external"])
        )
        return sorted(page.entities, key=lambda each: each.id)

    def edges(self, *kinds: str) -> set[tuple[str, str, str]]:
        """Edges by kind and the names of their ends; a run is called `run`."""
        return {(kind, source, target) for kind, source, target, _ in self.detailed(*kinds)}

    def detailed(self, *kinds: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        page = self.session.find(Query(state="all", limit=1000))
        called = {each.id: "run" if each.kind == "run" else each.name for each in page.entities}
        found: list[Edge] = self.session.edges(list(called), kinds, "out", 10_000)
        return [(each.kind, called[each.source], called[each.target], each.detail) for each in found]

    def named(self, kind: str, name: str) -> Entity:
        return self.get(ByName(kind, name))


@pytest.fixture
def receiver(catalog: Catalog, session: Session) -> Iterator[Receiver]:
    app = build_app(catalog, Settings())
    with asyncio.Runner() as runner:
        yield Receiver(app, runner, session)
        app.close()
