"""Attempts to get more than was granted, by each operation of the door, and by pages of other sites."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.protocols.strangers import admin
from tests.protocols.test_stranger import MlflowDoor

from lineal.catalog.accounts import Accounts
from lineal.catalog.values import Grant, Role
from lineal.protocols.base import Route
from lineal.testing.protocol import OWNER, STRANGER, Answer, Request, Served, Stored, paths, words_told

EVIL = "https://evil.example"


class Attempts(MlflowDoor):
    """The filled store of the stranger test, asked by others than strangers."""

    test_every_operation_is_asked = None  # type: ignore[assignment]
    test_a_stranger_is_told_nothing_and_changes_nothing = None  # type: ignore[assignment]
    test_an_owner_is_answered_and_told = None  # type: ignore[assignment]

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        if all(name in stored.values for name in _variables(route)):
            yield from super().requests(route, stored)

    def let_in(self, served: Served, role: Role) -> None:
        """Grant a role on the whole store."""
        served.catalog.accounts.add_grant(served.session, Grant(0, STRANGER, role, "store"))

    def tried(
        self, served: Served, stored: Stored, who: str, **headers: str
    ) -> Iterator[tuple[Request, Answer]]:
        caller = served.caller(who)
        for route in self.routes():
            for request in self.requests(route, stored):
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                yield request, caller.send(request._replace(headers=named))


def _variables(route: Route) -> list[str]:
    names = [each[1:-1].removesuffix(":path") for each in route.path.split("/") if each.startswith("{")]
    return names


def everything(served: Served) -> Any:
    """Who there is and what they may do, and who is told of what."""
    accounts: Accounts = served.catalog.accounts
    hooks = served.app.webhooks.all(served.session)
    return accounts.users(served.session), accounts.grants(served.session), hooks


class TestViewer(Attempts):
    """Sees everything, and may change nothing."""

    def test_changes_nothing_by_any_operation(self, served: Served, stored: Stored) -> None:
        self.let_in(served, "viewer")
        before, held = served.session.newest(), everything(served)
        broken = [
            (request, answer) for request, answer in self.tried(served, stored, STRANGER) if answer.broken
        ]
        assert broken == []
        assert served.session.changes(before) == []
        assert everything(served) == held


class TestEditor(Attempts):
    """Changes everything but who may do what."""

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        path = route.path.partition("/mlflow/")[2]
        if not path.startswith(("users", "roles", "workspaces", "webhooks")):
            return
        for each in paths(route, stored):
            for username in (STRANGER, OWNER, "quibblenix", "newcomer"):
                for kind, pattern, permission in self.wishes():
                    wish = {
                        "username": username, "resource_type": kind, "resource_id": pattern, "permission": permission,
                        "resource_pattern": pattern, "is_admin": username == STRANGER, "workspace": "default",
                        "password": "another password", "name": "mine",
                    }  # fmt: skip
                    asked = admin.arguments(self.made, route) | wish
                    flat = {key: value for key, value in asked.items() if not isinstance(value, list)}
                    yield Request(route.method, each, flat, None if route.method == "GET" else asked)

    def wishes(self) -> list[tuple[str, str, str]]:
        number = self.made["experiment"]
        return [("experiment", number, "MANAGE"), ("experiment", "*", "MANAGE"), ("workspace", "*", "MANAGE")]

    @pytest.mark.parametrize("role", ["viewer", "contributor", "editor"])
    def test_gains_nothing_and_takes_nothing_from_others(
        self, served: Served, stored: Stored, role: Role
    ) -> None:
        self.let_in(served, role)
        held = everything(served)
        before = served.session.newest()
        told = [
            (request.path, answer)
            for request, answer in self.tried(served, stored, STRANGER)
            if answer.broken or words_told(request, answer, admin.WORDS - {"grimblefort", "snazzlewick"})
        ]
        assert told == []
        assert everything(served) == held
        assert served.session.changes(before) == []


class TestWorkspaceHeader(Attempts):
    """To name a workspace lets nobody into it."""

    @pytest.mark.parametrize("workspace", ["grimblefort", "default", "none", "No!"])
    def test_a_stranger_is_told_nothing(self, served: Served, stored: Stored, workspace: str) -> None:
        before = served.session.newest()
        told = [
            (request, answer)
            for request, answer in self.tried(served, stored, STRANGER, X_MLFLOW_WORKSPACE=workspace)
            if answer.broken or words_told(request, answer, stored.words - {workspace})
        ]
        assert told == []
        assert served.session.changes(before) == []

    def test_what_there_is_and_what_there_is_not_are_answered_alike(
        self, served: Served, stored: Stored
    ) -> None:
        answers = []
        for workspace in ("grimblefort", "nonexistent"):
            found = self.tried(served, stored, STRANGER, X_MLFLOW_WORKSPACE=workspace)
            answers.append(
                [answer.text().replace("grimblefort", "x").replace("nonexistent", "x") for _, answer in found]
            )
        assert answers[0] == answers[1]


class TestOtherSites(Attempts):
    """A page of another site makes the browser of somebody who has signed in send something."""

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        if route.method != "GET" and not route.public:
            yield from super().requests(route, stored)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": EVIL},
            {"Origin": "null"},
            {"Origin": "http://localhost:8888"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Origin": EVIL, "Sec_Fetch_Site": "same-origin"},
            {"Origin": EVIL, "Content_Type": "text/plain"},
            {},
        ],
        ids=str,
    )
    def test_changes_nothing_with_the_cookie(
        self, served: Served, stored: Stored, headers: dict[str, str]
    ) -> None:
        _, secret = served.catalog.accounts.add_token(served.session, OWNER, "browser")
        before, held = served.session.newest(), everything(served)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with Browser(served, secret) as browser:
            statuses = {
                browser.send(request, sent)
                for route in self.routes()
                for request in self.requests(route, stored)
            }
        assert statuses == {403}
        assert served.session.changes(before) == []
        assert everything(served) == held

    def test_its_own_pages_do(self, served: Served, stored: Stored) -> None:
        _, secret = served.catalog.accounts.add_token(served.session, OWNER, "browser")
        made = Request("POST", "/api/2.0/mlflow/experiments/create", body={"name": "mine"})
        with Browser(served, secret) as browser:
            assert browser.send(made, {"Origin": "http://localhost:5000"}) == 200

    def test_to_read_changes_nothing(self, served: Served, stored: Stored) -> None:
        before, held = served.session.newest(), everything(served)
        caller = served.caller(OWNER)
        for route in self.routes():
            if route.method == "GET" and all(name in stored.values for name in _variables(route)):
                for path in paths(route, stored):
                    caller.send(Request("GET", path, {"max_results": 5}))
        assert served.session.changes(before) == []
        assert everything(served) == held


class Browser:
    """Sends requests with a cookie and whatever headers a browser adds, and with no other credentials."""

    def __init__(self, served: Served, secret: str) -> None:
        self._served = served
        self._cookie = f"lineal={secret}"
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(served.app), base_url="http://localhost:5000"
        )

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *error: object) -> None:
        self._served.runner.run(self._client.aclose())

    def send(self, request: Request, headers: dict[str, str]) -> int:
        """The status of the answer."""
        body = request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()
        named = {"Content-Type": "application/json", **headers, "Cookie": self._cookie}
        sending = self._client.request(request.method, request.path, content=body, headers=named)
        return self._served.runner.run(sending).status_code
