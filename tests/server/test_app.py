"""From request to door and back: methods, errors, the UI, what operators ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from lineal.catalog.catalog import Catalog
from lineal.graph.errors import Unavailable
from lineal.protocols.base import Call, Reply, Route
from lineal.server.app import Refused, load_doors
from lineal.server.asgi import App
from lineal.server.settings import Settings
from lineal.server.static import StaticFiles

from .conftest import Caller


class Door:
    """Answers what the test wants, and says its failures in its own words."""

    name = "test"

    def __init__(self) -> None:
        self.handler: Callable[[Call], Reply] = lambda call: Reply()

    def routes(self) -> Sequence[Route]:
        async def waiting(call: Call) -> Reply:
            return self.handler(call)

        def blocking(call: Call) -> Reply:
            return self.handler(call)

        return [
            Route("POST", "/test/waiting", waiting),
            Route("POST", "/test/pooled", blocking),
            Route("POST", "/test/inline", blocking, inline=True),
            Route("GET", "/test/named/{name}", blocking),
            Route("HEAD", "/test/head", blocking),
            Route("GET", "/test/public", blocking, public=True),
        ]

    def failure(self, error: Exception, call: Call | None) -> Reply:
        return Reply(
            503 if isinstance(error, Unavailable) else 500, f"failed: {type(error).__name__}".encode()
        )


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def call(catalog: Catalog, settings: Settings, door: Door) -> Iterator[Caller]:
    app = App(catalog, settings, [door, *load_doors(["native"])], False)
    with asyncio.Runner() as runner:
        yield Caller(app, runner)
        app.close()


@pytest.mark.parametrize("path", ["/test/waiting", "/test/pooled", "/test/inline"])
def test_a_handler_gets_the_whole_request(call: Caller, door: Door, path: str) -> None:
    seen: list[Call] = []
    door.handler = lambda one: seen.append(one) or Reply(202, b'{"ok":true}')
    answer = call("POST", f"{path}?a=1&b=%20", content=b"body", headers={"X-Thing": "7"})
    assert (answer.status_code, answer.json()) == (202, {"ok": True})
    (one,) = seen
    assert (one.method, one.path, one.query, one.body) == ("POST", path, "a=1&b=%20", b"body")
    assert one.headers["x-thing"] == "7"
    assert one.client == "127.0.0.1"
    assert (one.session.principal.name, one.session.door) == ("local", "test")
    assert one.host is call.app


def test_variables_reach_the_handler(call: Caller, door: Door) -> None:
    door.handler = lambda one: Reply(200, one.path_params["name"].encode(), "text/plain")
    assert call("GET", "/test/named/a%2Fb").text == "a/b"


@pytest.mark.parametrize("path", ["/test/waiting", "/test/pooled", "/test/inline"])
def test_a_defect_is_told_in_the_doors_words_and_logged_without_its_own(
    call: Caller, door: Door, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(one: Call) -> Reply:
        raise KeyError("a secret of the caller")

    door.handler = broken
    with caplog.at_level(logging.INFO, "lineal"):
        answer = call("POST", path, content=b"body", headers={"Authorization": "Bearer very-secret"})
    assert (answer.status_code, answer.text) == (500, "failed: KeyError")
    (record,) = caplog.records
    assert record.fields["request_id"] == answer.headers["x-request-id"]
    assert record.fields["error"] == "KeyError"
    assert "secret" not in str(record.fields)


def test_what_we_worded_ourselves_is_logged(
    call: Caller, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    def closed(one: Call) -> Reply:
        raise Unavailable("the disk is full")

    door.handler = closed
    assert call("POST", "/test/pooled").status_code == 503
    assert caplog.records[0].fields["words"] == "the disk is full"
    assert caplog.records[0].exc_info is None


def test_slashes_at_the_beginning_are_one(call: Caller, door: Door) -> None:
    assert call("GET", "http://localhost:5000//health").text == "OK"
    assert call("GET", "http://localhost:5000///nowhere/at/all.json").status_code == 404


def test_head_follows_from_get_unless_a_door_serves_it(call: Caller, door: Door) -> None:
    door.handler = lambda one: Reply(200, one.method.encode(), "text/plain")
    answer = call("HEAD", "/test/named/x")
    assert (answer.status_code, answer.text, answer.headers["content-length"]) == (200, "", "4")
    assert call("HEAD", "/test/head").status_code == 200


def test_other_methods(call: Caller) -> None:
    answer = call("DELETE", "/test/waiting")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert answer.text == "failed: WrongMethod"
    answer = call("OPTIONS", "/test/named/x")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_a_lost_path_is_told_in_the_words_of_the_door_it_belongs_to(call: Caller) -> None:
    assert call("GET", "/test/waiting/more").status_code == 500
    assert call("GET", "/test/nothing").text == "failed: Unserved"
    assert call("GET", "/api/v1/nothing").json()["error"]["code"] == "not_found"
    assert call("POST", "/nobody/knows").status_code == 404


def test_a_public_operation_sees_nothing(call: Caller, door: Door, catalog: Catalog) -> None:
    door.handler = lambda one: Reply(200, one.session.principal.name.encode(), "text/plain")
    assert call("GET", "/test/public").text == "nobody"


@pytest.mark.parametrize("path", ["/test/named/a%00b", "/test/public?q=%00"])
def test_nul_in_an_address(call: Caller, path: str) -> None:
    assert call("GET", path).text == "failed: Invalid"


def test_too_large_a_body(catalog: Catalog, door: Door) -> None:
    app = App(catalog, Settings(max_body=10), [door], False)
    with asyncio.Runner() as runner:
        answer = Caller(app, runner)("POST", "/test/waiting", content=b"x" * 11)
        app.close()
    assert answer.text == "failed: TooLarge"


def test_health_ready_and_metrics(call: Caller) -> None:
    assert call("GET", "/health").text == "OK"
    assert call("GET", "/ready").json() == {"ready": True}
    operations = [{"op": "put_entity", "kind": "dataset", "name": "d"}]
    assert call("POST", "/api/v1/changes", json={"operations": operations}).status_code == 201
    call("GET", "/api/v1/nothing")
    lines = call("GET", "/metrics").text.splitlines()
    assert 'lineal_http_requests_total{door="native",status="2xx"} 1' in lines
    assert 'lineal_http_requests_total{door="native",status="4xx"} 1' in lines
    assert 'lineal_http_request_seconds_count{door="native"} 2' in lines
    assert 'lineal_entities{kind="dataset"} 1' in lines
    assert any(line.startswith("lineal_commits_total ") for line in lines)
    assert all(line.startswith("#") or line.rsplit(" ", 1)[1].replace(".", "", 1).isdigit() for line in lines)


def test_not_ready_without_a_database(
    call: Caller, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(sql: str) -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(catalog.store, "read", lost)
    answer = call("GET", "/ready")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)


class TestUi:
    """The pages of the browser."""

    @pytest.fixture
    def ui(self, call: Caller, tmp_path: Path) -> Path:
        folder = tmp_path / "static"
        (folder / "assets").mkdir(parents=True)
        (folder / "index.html").write_text("<!doctype html><p>front page")
        (folder / "assets" / "app-1a2b.js").write_text("let x = 1;" * 100)
        (folder / ".ui-hash").write_text("stamp")
        call.app._static = StaticFiles(folder)
        return folder

    @pytest.mark.parametrize("path", ["/", "/search", "/entity/0123", "/search?q=a.b"])
    def test_every_page_is_the_front_page(self, call: Caller, ui: Path, path: str) -> None:
        answer = call("GET", path)
        assert (answer.status_code, answer.text) == (200, "<!doctype html><p>front page")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_assets_are_kept_for_ever_and_sent_compressed(self, call: Caller, ui: Path) -> None:
        answer = call("GET", "/assets/app-1a2b.js")
        assert answer.text == "let x = 1;" * 100
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        plain = call("GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.headers["etag"] != answer.headers["etag"]

    def test_what_is_known_is_not_sent_again(self, call: Caller, ui: Path) -> None:
        tag = call("GET", "/").headers["etag"]
        answer = call("GET", "/", headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content) == (304, b"")

    @pytest.mark.parametrize(
        "path", ["/assets/none.js", "/favicon.ico", "/.ui-hash", "/../conftest.py", "/%2e%2e/conftest.py"]
    )
    def test_files_that_are_not_there(self, call: Caller, ui: Path, path: str) -> None:
        assert call("GET", path).status_code == 404

    def test_head(self, call: Caller, ui: Path) -> None:
        answer = call("HEAD", "/")
        assert (answer.status_code, answer.content) == (200, b"")

    def test_nothing_else_than_reading(self, call: Caller, ui: Path) -> None:
        assert call("POST", "/search").status_code == 404

    def test_without_a_build_a_page_says_how_to_make_one(self, call: Caller, tmp_path: Path) -> None:
        call.app._static = StaticFiles(tmp_path / "none")
        answer = call("GET", "/search")
        assert answer.status_code == 200
        assert "make ui" in answer.text


def test_unknown_doors_are_refused() -> None:
    with pytest.raises(Refused, match="unknown doors: carrier-pigeon"):
        load_doors(["carrier-pigeon"])
