"""One store behind every door."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from lineal.catalog.catalog import Catalog
from lineal.graph.mlmd.messages import message
from lineal.server.app import build_app
from lineal.server.asgi import App
from lineal.server.settings import Settings

REGISTRY = "/api/model_registry/v1alpha3"


class Doors:
    """Speaks each protocol to one application without a socket, on loopback without accounts."""

    def __init__(self, app: App, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def mlflow(self, path: str, /, **body: Any) -> Any:
        """A POST below MLflow's prefix."""
        return self._json("POST", f"/api/2.0/mlflow/{path}", json=body)

    def mlflow_get(self, path: str, /, **query: Any) -> Any:
        return self._json("GET", f"/api/2.0/mlflow/{path}", params=query)

    def kubeflow(self, path: str, /, **body: Any) -> Any:
        """A POST to Kubeflow's Model Registry."""
        return self._json("POST", f"{REGISTRY}/{path}", json=body)

    def kubeflow_get(self, path: str, /, **query: Any) -> Any:
        return self._json("GET", f"{REGISTRY}/{path}", params=query)

    def kubeflow_patch(self, path: str, /, **body: Any) -> Any:
        return self._json("PATCH", f"{REGISTRY}/{path}", json=body)

    def mlmd(self, name: str, /, **fields: Any) -> Any:
        """A call of ML Metadata's service, as gRPC-Web."""
        sent = message(f"{name}Request")(**fields).SerializeToString()
        framed = struct.pack(">BI", 0, len(sent)) + sent
        headers = {"content-type": "application/grpc-web+proto"}
        path = f"/ml_metadata.MetadataStoreService/{name}"
        answer = self._runner.run(self._send("POST", path, {"content": framed, "headers": headers}))
        flags, length = struct.unpack_from(">BI", answer.content)
        assert flags == 0, answer.content
        return message(f"{name}Response").FromString(answer.content[5 : 5 + length])

    def native(self, path: str, /, **query: Any) -> Any:
        """A GET below the native prefix."""
        return self._json("GET", f"/api/v1/{path}", params=query)

    def native_post(self, path: str, /, body: Any) -> Any:
        return self._json("POST", f"/api/v1/{path}", json=body)

    def entity(self, ref: str, parts: str = "properties,metrics,labels,external") -> Any:
        """An entity as the native door tells it; the address as text."""
        return self.native(f"entities/{quote(ref, safe='')}", parts=parts)

    def _json(self, method: str, path: str, **more: Any) -> Any:
        answer = self._runner.run(self._send(method, path, more))
        assert 200 <= answer.status_code < 300, answer.text
        return answer.json()

    async def _send(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as client:
            return await client.request(method, path, **more)


@pytest.fixture
def doors(catalog: Catalog) -> Iterator[Doors]:
    app = build_app(catalog, Settings())
    with asyncio.Runner() as runner:
        yield Doors(app, runner)
        app.close()
