"""The door for Kubeflow's Model Registry in a server without a socket, over an empty store on each database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lineal.catalog.catalog import Catalog
from lineal.server.app import build_app
from lineal.server.asgi import App
from lineal.server.settings import Settings

FIRST, LATER = "v1alpha3", "v1"
TYPES = {str: "String", int: "Int", float: "Double", bool: "Bool"}


class Registry:
    """Speaks one generation of the protocol to an application."""

    def __init__(self, app: App, runner: asyncio.Runner, generation: str = FIRST) -> None:
        self._app = app
        self._runner = runner
        self._generation = generation

    def of(self, generation: str) -> Registry:
        """The same in another generation."""
        return Registry(self._app, self._runner, generation)

    def send(self, method: str, path: str, /, **more: Any) -> httpx.Response:
        """The answer as it is."""
        return self._runner.run(self._send(method, path, more))

    def get(self, path: str, /, **query: Any) -> Any:
        return _json(self.send("GET", path, params=query))

    def post(self, path: str, /, **body: Any) -> Any:
        return _json(self.send("POST", path, json=body))

    def patch(self, path: str, /, **body: Any) -> Any:
        return _json(self.send("PATCH", path, json=body))

    def refused(self, method: str, path: str, /, **body: Any) -> tuple[int, str]:
        """Status and message of a request that must fail, in the protocol's own shape."""
        more = {"params": body} if method == "GET" else {"json": body}
        return told(self.send(method, path, **more))

    def found(self, path: str, query: str = "", /, **more: Any) -> list[str]:
        """Names of what a filter finds, in order."""
        return [each["name"] for each in self.get(path, filterQuery=query, **more)["items"]]

    # What most tests need

    def model(self, name: str = "m", /, **more: Any) -> str:
        return str(self.post("registered_models", name=name, **more)["id"])

    def version(self, model: str, name: str = "v", /, **more: Any) -> str:
        return str(self.post("model_versions", registeredModelId=model, name=name, **more)["id"])

    def experiment(self, name: str = "e", /, **more: Any) -> str:
        return str(self.post("experiments", name=name, **more)["id"])

    def run(self, experiment: str, /, **more: Any) -> str:
        return str(self.post("experiment_runs", experimentId=experiment, **more)["id"])

    def environment(self, name: str = "env", /) -> str:
        return str(self.post("serving_environments", name=name)["id"])

    def log(self, run: str, kind: str, name: str, value: Any, /, **more: Any) -> Any:
        """A metric or a parameter of a run."""
        return self.post(
            f"experiment_runs/{run}/artifacts", artifactType=kind, name=name, value=value, **more
        )

    async def _send(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        url = path if path.startswith("/") else f"/api/model_registry/{self._generation}/{path}"
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as client:
            return await client.request(method, url, **more)


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and message of a failure."""
    body = answer.json()
    assert answer.status_code >= 400 and body.keys() == {"code", "message"}, answer.text
    return answer.status_code, body["message"]


def _json(answer: httpx.Response) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def custom(**values: Any) -> dict[str, Any]:
    """Custom properties of the types that Python values have."""
    return {name: typed(value) for name, value in values.items()}


def typed(value: Any) -> dict[str, Any]:
    kind = TYPES[type(value)]
    return {
        f"{kind.lower()}_value": str(value) if kind == "Int" else value,
        "metadataType": f"Metadata{kind}Value",
    }


@pytest.fixture
def registry(catalog: Catalog) -> Iterator[Registry]:
    app = build_app(catalog, Settings())
    with asyncio.Runner() as runner:
        yield Registry(app, runner)
        app.close()
