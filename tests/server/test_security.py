"""Attempts to get in from outside: pages of other sites, names bound to this machine, addresses to be called."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.server.app import build_app
from lineal.server.settings import Settings

from .conftest import Caller

EVIL = "https://evil.example"
EVENTS = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]
WRITES = [
    ("POST", "/api/v1/changes", {"operations": [{"op": "put_entity", "kind": "dataset", "name": "planted"}]}),
    ("POST", "/api/v1/users", {"name": "eve", "password": "correct horse"}),
    ("POST", "/api/v1/webhooks", {"url": "https://evil.example"}),
    ("POST", "/api/2.0/mlflow/experiments/create", {"name": "planted"}),
    ("POST", "/ajax-api/2.0/mlflow/users/create", {"username": "eve", "password": "correct horse"}),
    ("POST", "/api/2.0/mlflow/webhooks", {"name": "hook", "url": EVIL, "events": EVENTS}),
    ("POST", "/api/3.0/mlflow/workspaces", {"name": "planted"}),
    ("DELETE", "/api/2.0/mlflow/users/delete", {"username": "ann"}),
    ("PATCH", "/api/2.0/mlflow/users/update-admin", {"username": "ann", "is_admin": True}),
]
READS = ["/api/v1/changes", "/api/v1/users", "/api/2.0/mlflow/users/list", "/api/3.0/mlflow/workspaces"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return Settings(data=settings.data, port=0)


class TestOtherSites:
    """A page of another site, open in a browser on this machine, while nobody has to sign in."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": EVIL},
            {"Origin": "null"},
            {"Origin": "http://localhost:8888"},
            {"Origin": "http://localhost.evil.example:5000"},
            {"Origin": "http://localhost:5000.evil.example"},
            {"Origin": "http://localhost:5000@evil.example"},
            {"Origin": ""},
            {"Origin": "http://["},
            {"Origin": "localhost:5000"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": EVIL, "Content-Type": "text/plain"},
            {"Origin": EVIL, "Content-Type": "application/x-www-form-urlencoded"},
            {"Origin": EVIL, "X-Forwarded-Host": "evil.example"},
        ],
        ids=str,
    )
    @pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=[path for _, path, _ in WRITES])
    def test_plants_nothing(
        self, call: Caller, catalog: Catalog, headers: dict[str, str], method: str, path: str, body: Any
    ) -> None:
        before = catalog.session(LOCAL, "test").newest()
        answer = call(method, path, json=body, headers=headers)
        assert answer.status_code == 403
        assert catalog.session(LOCAL, "test").newest() == before

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://localhost:5000"},
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
        ],
    )
    def test_but_clients_and_own_pages_do(self, call: Caller, headers: dict[str, str]) -> None:
        assert (
            call(
                "POST", "/api/2.0/mlflow/experiments/create", json={"name": "x"}, headers=headers
            ).status_code
            == 200
        )

    def test_nothing_allows_other_sites_to_read(self, call: Caller) -> None:
        for path in READS:
            for method in ("GET", "OPTIONS"):
                answer = call(method, path, headers={"Origin": EVIL, "Access-Control-Request-Method": "POST"})
                assert not [name for name in answer.headers if name.lower().startswith("access-control")]


class TestRebinding:
    """A name of somebody else's that resolves to this machine, so that a browser takes its page for one of ours."""

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.evil.example", "localhost.",
            "127.0.0.1.nip.io:5000", "localhost@evil.example", "evil.example#localhost", "127.0.0.2", "0.0.0.0:5000",
            "[::1].evil.example", "[::ffff:127.0.0.1]:5000", "2130706433", "localhost:5000:evil.example", "10.0.0.1",
        ],
    )  # fmt: skip
    def test_is_told_nothing_and_plants_nothing(self, call: Caller, catalog: Catalog, host: str) -> None:
        before = catalog.session(LOCAL, "test").newest()
        own = {"Host": host, "Origin": f"http://{host}"}
        for path in READS:
            assert call("GET", path, headers=own).status_code == 403, path
        for method, path, body in WRITES:
            assert call(method, path, json=body, headers=own).status_code == 403, path
        assert catalog.session(LOCAL, "test").newest() == before


class Target:
    """A server on this machine that nobody outside should be able to reach."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.answers: list[tuple[int, dict[str, str]]] = []


@pytest.fixture
def target() -> Iterator[tuple[Target, int]]:
    """A server on loopback, and its port."""
    found = Target()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.append(self.path)
            status, headers = found.answers.pop(0) if found.answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"the secret of the house")

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found, server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PRIVATE = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0",
    "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "any.localhost", "10.0.0.1", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "2852039166", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
]  # fmt: skip


class TestAddressesToBeCalled:
    """Webhooks are asked to call what only this machine reaches."""

    def _hook(self, call: Caller, url: str) -> Any:
        return call("POST", "/api/2.0/mlflow/webhooks", json={"name": "hook", "url": url, "events": EVENTS})

    @pytest.mark.parametrize("host", PRIVATE)
    def test_private_addresses_are_refused_however_they_are_spelt(
        self, call: Caller, host: str, target: tuple[Target, int]
    ) -> None:
        found, port = target
        for url in (f"http://{host}:{port}/", f"https://{host}/"):
            answer = self._hook(call, url)
            assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), url
            assert call("POST", "/api/v1/webhooks", json={"url": url}).status_code == 400
        made = self._hook(call, "https://listener.example/").json()["webhook"]["webhook_id"]
        changed = call("PATCH", f"/api/2.0/mlflow/webhooks/{made}", json={"url": f"http://{host}:{port}/"})
        assert changed.status_code == 400
        assert found.requests == []

    @pytest.mark.parametrize(
        "url", ["file:///etc/passwd", "gopher://a.example", "ftp://a.example", "//a.example", "a"]
    )
    def test_other_schemes_are_refused(self, call: Caller, url: str) -> None:
        assert self._hook(call, url).status_code == 400

    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%1"]
    )
    def test_a_name_that_leads_to_one_is_not_called(
        self, call: Caller, target: tuple[Target, int], address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found, port = target
        made = self._hook(call, f"http://inside.example:{port}/").json()["webhook"]["webhook_id"]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: [(0, 0, 0, "", (address, port))])
        tried = call("POST", f"/api/2.0/mlflow/webhooks/{made}/test", json={}).json()["result"]
        assert "not a public address" in tried["error_message"]
        assert "success" not in tried or not tried["success"]
        assert "response_body" not in tried
        assert found.requests == []

    def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(
        self, call: Caller, target: tuple[Target, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found, port = target
        made = self._hook(call, f"http://rebound.example:{port}/").json()["webhook"]["webhook_id"]
        answers = ["93.184.216.34", "127.0.0.1", "127.0.0.1"]
        called = []

        def connect(address: tuple[str, int], timeout: float) -> socket.socket:
            called.append(address[0])
            raise ConnectionRefusedError("refused")

        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *given, **more: [(0, 0, 0, "", (answers.pop(0), port))]
        )
        monkeypatch.setattr(socket, "create_connection", connect)
        call("POST", f"/api/2.0/mlflow/webhooks/{made}/test", json={})
        assert called == ["93.184.216.34"]
        assert found.requests == []

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_redirects_lead_nowhere(self, catalog: Catalog, target: tuple[Target, int], status: int) -> None:
        found, port = target
        found.answers = [(status, {"Location": f"http://127.0.0.1:{port}/secret"})]
        app = build_app(catalog, Settings(allow_private_webhooks=True))
        with asyncio.Runner() as runner:
            call = Caller(app, runner)
            made = self._hook(call, f"http://127.0.0.1:{port}/hook").json()["webhook"]["webhook_id"]
            tried = call("POST", f"/api/2.0/mlflow/webhooks/{made}/test", json={}).json()["result"]
            app.close()
        assert found.requests == ["/hook"]
        assert tried["response_status"] == status
        assert tried.get("success", False) is False

    def test_only_admins_have_something_called(self, call: Caller, ann: str, catalog: Catalog) -> None:
        owner = {"Authorization": f"Bearer {ann}"}
        call("POST", "/api/v1/users", json={"name": "bob", "password": "correct horse"}, headers=owner)
        made = call(
            "POST", "/api/2.0/mlflow/webhooks", headers=owner,
            json={"name": "hook", "url": "https://listener.example", "events": EVENTS},
        ).json()["webhook"]["webhook_id"]  # fmt: skip
        _, secret = catalog.accounts.add_token(catalog.session(LOCAL, "test"), "bob", "t")
        bob = {"Authorization": f"Bearer {secret}"}
        body = {"name": "hook", "url": "https://listener.example", "events": EVENTS}
        for method, path in (
            ("POST", "webhooks"), ("GET", "webhooks"), ("GET", f"webhooks/{made}"), ("PATCH", f"webhooks/{made}"),
            ("DELETE", f"webhooks/{made}"), ("POST", f"webhooks/{made}/test"), ("GET", "webhooks/99"),
        ):  # fmt: skip
            answer = call(method, f"/api/2.0/mlflow/{path}", json=body, headers=bob)
            assert answer.status_code == 403, (method, path)
