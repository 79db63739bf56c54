"""MLflow's door in a server without a socket, over an empty store."""

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


class Client:
    """Speaks MLflow's protocol to an application."""

    def __init__(self, app: App, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def send(self, method: str, path: str, /, **more: Any) -> httpx.Response:
        """The answer as it is; a path without a slash stands below MLflow's own prefix."""
        return self._runner.run(self._send(method, path, more))

    def get(self, path: str, /, **query: Any) -> Any:
        return _json(self.send("GET", path, params=query))

    def post(self, path: str, /, **body: Any) -> Any:
        return _json(self.send("POST", path, json=body))

    def refused(self, path: str, /, **body: Any) -> tuple[int, str, str]:
        """Status, code and message of a POST that must fail."""
        return told(self.send("POST", path, json=body))

    def experiment(self, name: str, /, **more: Any) -> str:
        return str(self.post("experiments/create", name=name, **more)["experiment_id"])

    def run(self, experiment: str = "0", /, **more: Any) -> str:
        created = self.post("runs/create", experiment_id=experiment, **more)
        return str(created["run"]["info"]["run_id"])

    def found(self, experiment: str, query: str = "", /, **more: Any) -> list[str]:
        """Names of the runs that a search finds, in order."""
        answer = self.post("runs/search", experiment_ids=[experiment], filter=query, **more)
        return [run["info"]["run_name"] for run in answer.get("runs", [])]

    async def _send(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        url = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as client:
            return await client.request(method, url, **more)


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a failure."""
    body = answer.json()
    return answer.status_code, body["error_code"], body["message"]


def _json(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def client(catalog: Catalog) -> Iterator[Client]:
    """An application on each database, in which nobody has to sign in."""
    app = build_app(catalog, Settings(doors=("mlflow",)))
    with asyncio.Runner() as runner:
        yield Client(app, runner)
        app.close()
