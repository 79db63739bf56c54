"""The native API over a catalog, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.server.app import build_app
from lineal.server.asgi import App
from lineal.server.settings import Settings

PREFIX = "/api/v1"


class Api:
    """Sends requests as one principal; answers are decoded JSON."""

    def __init__(self, app: App, runner: asyncio.Runner, headers: dict[str, str] | None = None) -> None:
        self.app = app
        self._runner = runner
        self._headers = headers or {}

    def by(self, token: str) -> Api:
        """The same as somebody else."""
        return Api(self.app, self._runner, {"Authorization": f"Bearer {token}"})

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._send(method, path, more))

    def get(self, address: str, **query: Any) -> Any:
        return self._json("GET", address, 200, params=query)

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        return self._json("POST", path, status, json=body)

    def delete(self, path: str) -> None:
        self._json("DELETE", path, 204)

    def change(self, *operations: dict[str, Any]) -> dict[str, Any]:
        commit: dict[str, Any] = self.post("/changes", {"operations": list(operations)}, 201)
        return commit

    def put(self, name: str, kind: str = "dataset", **more: Any) -> int:
        """An entity known by its name; its id."""
        namespace = more.get("namespace", "default")
        ref = {"by": "name", "kind": kind, "name": name, "namespace": namespace}
        operation = {"op": "put_entity", "ref": ref, "kind": kind, "name": name, "unique": True, **more}
        return int(self.change(operation)["entities"][0])

    def refused(self, method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
        """The error with which a request is answered."""
        error: dict[str, Any] = self._json(method, path, status, **more)["error"]
        return error

    def _json(self, method: str, path: str, status: int, **more: Any) -> Any:
        answer = self.send(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def _send(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = self._headers | more.pop("headers", {})
            return await client.request(method, PREFIX + path, headers=headers, **more)


@pytest.fixture
def api(catalog: Catalog) -> Iterator[Api]:
    """Nobody has to sign in as long as there is no account."""
    app = build_app(catalog, Settings(doors=("native",)))
    with asyncio.Runner() as runner:
        yield Api(app, runner)
        app.close()


@pytest.fixture
def account(api: Api, catalog: Catalog) -> Callable[[str], Api]:
    """Adds a user and answers the API as that one sees it. The first one owns the store."""
    owner = catalog.session(LOCAL, "native")

    def add(name: str) -> Api:
        first = not catalog.accounts.exist()
        catalog.accounts.add_user(owner, name, "correct horse")
        if first:
            from lineal.catalog.values import Grant

            catalog.accounts.add_grant(owner, Grant(0, name, "owner", "store"))
        _, secret = catalog.accounts.add_token(owner, name, "test")
        api.app.forget()
        return api.by(secret)

    return add
