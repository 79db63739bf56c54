"""A server on which everybody signs in, and some who do."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.server.app import build_app
from lineal.server.asgi import App
from lineal.server.settings import Settings

PASSWORD = "correct horse battery"
V3 = "/api/3.0/mlflow"


class Person:
    """Somebody who asks, by name and password."""

    def __init__(self, app: App, runner: asyncio.Runner, name: str, workspace: str | None = None) -> None:
        self._app = app
        self._runner = runner
        self.name = name
        self._workspace = workspace
        self.password = PASSWORD

    def within(self, workspace: str) -> Person:
        """The same, in a workspace."""
        return Person(self._app, self._runner, self.name, workspace)

    def send(
        self, method: str, path: str, /, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """The answer as it is. A path `3/…` is one of MLflow's newer ones, without a slash one of its older ones."""
        url = (
            f"{V3}/{path[2:]}"
            if path.startswith("3/")
            else path
            if path[0] == "/"
            else f"/api/2.0/mlflow/{path}"
        )
        sent = {"Authorization": "Basic " + b64encode(f"{self.name}:{self.password}".encode()).decode()}
        if self._workspace is not None:
            sent["X-MLFLOW-WORKSPACE"] = self._workspace
        return self._runner.run(self._send(method, url, {**sent, **(headers or {})}, more))

    async def _send(
        self, method: str, url: str, headers: dict[str, str], more: dict[str, Any]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://lineal.example") as client:
            return await client.request(method, url, headers=headers, **more)

    def get(self, path: str, /, **query: Any) -> Any:
        return _done(self.send("GET", path, params=query))

    def post(self, path: str, /, **body: Any) -> Any:
        return _done(self.send("POST", path, json=body))

    def patch(self, path: str, /, **body: Any) -> Any:
        return _done(self.send("PATCH", path, json=body))

    def delete(self, path: str, /, **body: Any) -> Any:
        return _done(self.send("DELETE", path, json=body))

    def refused(self, method: str, path: str, /, **given: Any) -> tuple[int, str]:
        """Status and code of what must fail."""
        answer = self.send(method, path, **({"params": given} if method == "GET" else {"json": given}))
        body = answer.json()
        assert answer.status_code >= 400, body
        return answer.status_code, body["error_code"]

    def experiment(self, name: str) -> str:
        return str(self.post("experiments/create", name=name)["experiment_id"])

    def seen(self) -> set[str]:
        """Names of the experiments that a search finds."""
        found = self.post("experiments/search", max_results=100).get("experiments", [])
        return {each["name"] for each in found}

    def grant(self, username: str, kind: str, number: str, permission: str) -> Any:
        return self.post(
            "3/users/permissions/grant",
            username=username, resource_type=kind, resource_id=number, permission=permission,
        )  # fmt: skip


def _done(answer: httpx.Response) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


class People:
    """An admin, and whom it lets in."""

    def __init__(self, app: App, runner: asyncio.Runner) -> None:
        self.app = app
        self.runner = runner
        self.admin = Person(app, runner, "admin")

    def add(self, name: str) -> Person:
        """A new account, which may do nothing."""
        self.admin.post("users/create", username=name, password=PASSWORD)
        return Person(self.app, self.runner, name)

    def role(self, name: str, *permissions: tuple[str, str, str], workspace: str = "default") -> int:
        """A new role with these permissions: type, pattern, permission."""
        number = int(self.admin.post("3/roles/create", name=name, workspace=workspace)["role"]["id"])
        for kind, pattern, permission in permissions:
            self.admin.post(
                "3/roles/permissions/add",
                role_id=number, resource_type=kind, resource_pattern=pattern, permission=permission,
            )  # fmt: skip
        return number

    def assign(self, username: str, workspace: str, name: str) -> None:
        """Give somebody a role of a workspace."""
        roles = self.admin.get("3/roles/list", workspace=workspace)["roles"]
        number = next(role["id"] for role in roles if role["name"] == name)
        self.admin.post("3/roles/assign", username=username, role_id=number)


@pytest.fixture
def people(catalog: Catalog) -> Iterator[People]:
    """A server on each database, with one account: an admin."""
    local = catalog.session(LOCAL, "test")
    catalog.accounts.add_user(local, "admin", PASSWORD, owner=True)
    settings = Settings(doors=("mlflow", "native"), accounts="required", allow_private_webhooks=True)
    app = build_app(catalog, settings)
    with asyncio.Runner() as runner:
        yield People(app, runner)
        app.close()
