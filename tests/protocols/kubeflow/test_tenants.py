"""Tenants by the name that the server is called by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.change import Change, PutEntity
from lineal.graph.model import ByName
from lineal.server.app import build_app
from lineal.server.settings import Settings


class Tenants:
    """Sends requests as different tenants do."""

    def __init__(self, catalog: Catalog, runner: asyncio.Runner) -> None:
        self._app = build_app(catalog, Settings(), trusted=True)
        self._runner = runner

    def close(self) -> None:
        self._app.close()

    def send(self, tenant: str, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{tenant}") as client:
                return await client.request(method, f"/api/model_registry/v1/{path}", **more)

        return self._runner.run(send())


@pytest.fixture
def tenants(catalog: Catalog) -> Iterator[Tenants]:
    puts = [PutEntity(ByName("workspace", name, name), kind="workspace") for name in ("team-a", "team-b")]
    catalog.session(LOCAL, "test").commit(Change(list(puts)))
    with asyncio.Runner() as runner:
        found = Tenants(catalog, runner)
        yield found
        found.close()


HOSTS = ("team-a.example", "team-b.example:8080", "other.example", "127.0.0.1:5000")


def test_each_tenant_has_names_and_external_ids_of_its_own(tenants: Tenants) -> None:
    body = {"name": "m", "externalId": "x"}
    made = [tenants.send(host, "POST", "registered_models", json=body).json()["id"] for host in HOSTS[:3]]
    assert len(set(made)) == 3
    for host, number in zip(HOSTS, [*made, made[2]], strict=True):
        listed = tenants.send(host, "GET", "registered_models").json()["items"]
        assert [each["id"] for each in listed] == [number]
        for asked in ({"name": "m"}, {"externalId": "x"}):
            found = tenants.send(host, "GET", "registered_model", params=asked).json()
            assert (found["id"], found["externalId"]) == (number, "x")
        query = {"filterQuery": "externalId = 'x'"}
        assert len(tenants.send(host, "GET", "registered_models", params=query).json()["items"]) == 1


def test_what_is_anothers_is_not_found(tenants: Tenants) -> None:
    number = tenants.send(HOSTS[0], "POST", "registered_models", json={"name": "m"}).json()["id"]
    for host in HOSTS[1:]:
        assert tenants.send(host, "GET", f"registered_models/{number}").status_code == 404
        assert tenants.send(host, "PATCH", f"registered_models/{number}", json={}).status_code == 404
        body = {"name": "v", "registeredModelId": number}
        assert tenants.send(host, "POST", "model_versions", json=body).status_code == 404
    made = tenants.send(HOSTS[0], "POST", "model_versions", json={"name": "1", "registeredModelId": number})
    assert made.status_code == 201
