"""An application without a socket, over a store of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.server.app import build_app, open_catalog
from lineal.server.asgi import App
from lineal.server.settings import Settings

LOCALHOST = "http://localhost:5000"


class Caller:
    """Sends requests to an application, all on one event loop."""

    def __init__(self, app: App, runner: asyncio.Runner) -> None:
        self.app = app
        self.run = runner.run

    def __call__(self, method: str, path: str, base: str = LOCALHOST, **more: Any) -> httpx.Response:
        return self.run(self._send(method, path, base, more))

    async def _send(self, method: str, path: str, base: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **more)


MakeCaller = Callable[..., Caller]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path / "data"), port=0, doors=("native",))


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    opened = open_catalog(settings)
    yield opened
    opened.close()


@pytest.fixture
def call(catalog: Catalog, settings: Settings) -> Iterator[Caller]:
    """An application without accounts, on loopback."""
    app = build_app(catalog, settings)
    with asyncio.Runner() as runner:
        yield Caller(app, runner)
        app.close()


@pytest.fixture
def ann(catalog: Catalog, call: Caller) -> str:
    """A token of the first account, which owns the store; from now on one has to sign in."""
    answer = call("POST", "/api/v1/users", json={"name": "ann", "password": "correct horse"})
    assert answer.status_code == 201
    _, secret = catalog.accounts.add_token(catalog.session(LOCAL, "native"), "ann", "test")
    return secret
