"""Deliveries: signed, filtered, repeated; and never to places that only the server can reach."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lineal.catalog import outbound
from lineal.catalog import webhooks as module
from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.outbound import Outcome, post
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.catalog.webhooks import Webhooks
from lineal.graph.change import Change, PutEntity, Remove
from lineal.graph.errors import Invalid
from lineal.graph.model import ById

URL = "http://listener.example/hook"


class Listener:
    """Stands for the network: remembers what was posted, and answers what it is told to."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any], Mapping[str, str], bytes]] = []
        self.outcomes: list[Outcome] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], allow_private: bool) -> Outcome:
        self.posts.append((url, json.loads(body), headers, body))
        return self.outcomes.pop(0) if self.outcomes else Outcome(200, "")

    def wait(self, count: int) -> None:
        until = time.monotonic() + 10
        while len(self.posts) < count:
            assert time.monotonic() < until, f"{len(self.posts)} of {count} arrived"
            time.sleep(0.01)

    @property
    def names(self) -> list[list[str]]:
        return [[event["name"] for event in body["events"]] for _, body, _, _ in self.posts]


@pytest.fixture
def session(catalog: Catalog) -> Session:
    return catalog.session(LOCAL, "native")


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def hooks(catalog: Catalog, listener: Listener) -> Webhooks:
    return Webhooks(catalog, False, listener)


@contextmanager
def _working(hooks: Webhooks) -> Iterator[None]:
    """The worker, on an event loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    future = asyncio.run_coroutine_threadsafe(hooks.run(), loop)
    try:
        yield
    finally:
        future.cancel()
        time.sleep(0.05)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _put(session: Session, *names: str, kind: str = "dataset", namespace: str = "default") -> int:
    return session.commit(Change([PutEntity(kind=kind, name=name, namespace=namespace) for name in names])).id


def test_each_commit_is_one_signed_delivery(hooks: Webhooks, session: Session, listener: Listener) -> None:
    _put(session, "before")
    webhook, secret = hooks.add(session, URL, [], [], None)
    with _working(hooks):
        first, second = _put(session, "a", "b"), _put(session, "c")
        listener.wait(2)
    url, body, headers, raw = listener.posts[0]
    assert (url, body["webhook"], body["commit"]) == (URL, webhook.id, first)
    assert [event["action"] for event in body["events"]] == ["created", "created"]
    assert listener.names == [["a", "b"], ["c"]]
    assert headers["X-Lineal-Delivery"] == f"{webhook.id}-{first}"
    stamp = headers["X-Lineal-Timestamp"]
    assert abs(time.time() - int(stamp)) < 60
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    assert headers["X-Lineal-Signature"] == f"v1={signature}"
    deliveries = hooks.deliveries(session, webhook.id)
    assert [(each.commit, each.status, each.attempt) for each in deliveries] == [
        (second, "delivered", 1),
        (first, "delivered", 1),
    ]


def test_only_what_was_asked_for(hooks: Webhooks, session: Session, listener: Listener) -> None:
    hooks.add(session, URL, ["asset"], ["created"], None)
    with _working(hooks):
        _put(session, "data")
        _put(session, "run", kind="run")
        session.commit(Change([Remove(ById(1))]))
        session.commit(Change([PutEntity(kind="run", name="r"), PutEntity(kind="model", name="m")]))
        listener.wait(2)
        time.sleep(0.3)
    assert listener.names == [["data"], ["m"]]


def test_only_what_its_maker_may_see(
    hooks: Webhooks, session: Session, listener: Listener, catalog: Catalog
) -> None:
    catalog.accounts.add_user(session, "bob", "correct horse")
    catalog.accounts.add_grant(session, Grant(0, "bob", "admin", "store"))
    catalog.accounts.add_grant(session, Grant(0, "bob", "viewer", "namespace", "hidden", deny=True))
    bob = catalog.accounts.verify_password("bob", "correct horse")
    assert bob is not None
    hooks.add(catalog.session(bob, "native"), URL, [], [], None)
    with _working(hooks):
        _put(session, "secret", namespace="hidden")
        _put(session, "open")
        listener.wait(1)
        catalog.accounts.remove_user(session, "bob")
        _put(session, "after bob is gone")
        time.sleep(0.5)
    assert listener.names == [["open"]]


def test_a_failure_is_tried_again_until_it_is_given_up(
    hooks: Webhooks, session: Session, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0, 0))
    listener.outcomes = [Outcome(500, "answered with status 500"), Outcome(0, "timed out"), Outcome(204, "")]
    webhook, _ = hooks.add(session, URL, [], [], None)
    with _working(hooks):
        _put(session, "a")
        listener.wait(3)
        listener.outcomes = [Outcome(500, "answered with status 500")] * 3
        _put(session, "b")
        listener.wait(6)
        time.sleep(0.5)
    assert listener.names == [["a"]] * 3 + [["b"]] * 3
    gone, arrived = hooks.deliveries(session, webhook.id)
    assert (arrived.status, arrived.attempt, arrived.error) == ("delivered", 3, None)
    assert (gone.status, gone.attempt, gone.error) == ("failed", 3, "answered with status 500")


def test_the_pause_before_the_next_attempt_grows(
    hooks: Webhooks, session: Session, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(module.PAUSES) == sorted(module.PAUSES)
    monkeypatch.setattr(module, "PAUSES", (10, 60))
    listener.outcomes = [Outcome(500, "answered with status 500")]
    webhook, _ = hooks.add(session, URL, [], [], None)
    with _working(hooks):
        _put(session, "a")
        listener.wait(1)
        time.sleep(0.3)
    (waiting,) = hooks.deliveries(session, webhook.id)
    assert (waiting.status, waiting.attempt) == ("pending", 1)
    assert 8_000 < waiting.next_at - time.time() * 1000 <= 10_000


def test_what_happened_while_nobody_worked_is_delivered_later(
    hooks: Webhooks, session: Session, listener: Listener
) -> None:
    hooks.add(session, URL, [], [], None)
    for number in range(20):
        _put(session, str(number))
    with _working(hooks):
        listener.wait(20)
    assert listener.names == [[str(number)] for number in range(20)]


def test_a_slow_one_delays_only_itself(catalog: Catalog, session: Session) -> None:
    waiting, fast = threading.Event(), Listener()

    def network(url: str, body: bytes, headers: Mapping[str, str], allow_private: bool) -> Outcome:
        if "slow" in url:
            waiting.wait(10)
            return Outcome(200, "")
        return fast(url, body, headers, allow_private)

    hooks = Webhooks(catalog, False, network)
    slow, _ = hooks.add(session, "http://slow.example", [], [], None)
    hooks.add(session, "http://fast.example", [], [], None)
    with _working(hooks):
        for count in range(3):
            _put(session, str(count))
            fast.wait(count + 1)
        assert [each.status for each in hooks.deliveries(session, slow.id)] == ["pending"]
        waiting.set()
        time.sleep(0.5)
        assert [each.status for each in hooks.deliveries(session, slow.id)] == ["delivered"] * 3
    assert fast.names == [["0"], ["1"], ["2"]]


def test_two_workers_deliver_once(
    hooks: Webhooks, session: Session, listener: Listener, catalog: Catalog
) -> None:
    hooks.add(session, URL, [], [], None)
    with _working(hooks), _working(Webhooks(catalog, False, listener)):
        for number in range(10):
            _put(session, str(number))
        listener.wait(10)
        time.sleep(0.5)
    assert len(listener.posts) == 10


def test_a_test_delivery(hooks: Webhooks, session: Session, listener: Listener) -> None:
    webhook, _ = hooks.add(session, URL, [], [], "secret")
    listener.outcomes = [Outcome(0, "no route")]
    assert hooks.test(session, webhook.id).error == "no route"
    assert hooks.test(session, webhook.id).status == "delivered"
    assert listener.posts[0][1] == {"webhook": webhook.id, "commit": 0, "events": []}


def test_removing_ends_it(hooks: Webhooks, session: Session, listener: Listener) -> None:
    webhook, _ = hooks.add(session, URL, [], [], None)
    with _working(hooks):
        _put(session, "a")
        listener.wait(1)
        hooks.remove(session, webhook.id)
        _put(session, "b")
        time.sleep(0.4)
    assert listener.names == [["a"]]


@contextmanager
def _http(status: int, **headers: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A real listener on loopback; its URL and what it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(
                {"path": self.path, "body": body, "host": self.headers["Host"], "x": self.headers["X-A"]}
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class TestOutbound:
    def test_a_post(self) -> None:
        with _http(200) as (url, got):
            outcome = post(f"{url}/hook?x=1", b"hello", {"X-A": "b"}, allow_private=True)
        assert outcome == Outcome(200, "")
        assert got == [{"path": "/hook?x=1", "body": b"hello", "host": url.removeprefix("http://"), "x": "b"}]

    def test_redirects_are_not_followed(self) -> None:
        with _http(200) as (other, unseen), _http(302, Location=f"{other}/secret") as (url, _):
            outcome = post(url, b"", {}, allow_private=True)
        assert outcome == Outcome(302, "answered with status 302")
        assert unseen == []

    def test_nothing_is_sent_to_private_addresses(self) -> None:
        with _http(200) as (url, got):
            for name in ("127.0.0.1", "localhost", "127.1", "2130706433"):
                outcome = post(url.replace("127.0.0.1", name), b"", {}, allow_private=False)
                assert outcome.status == 0 and "not a public address" in outcome.error
        assert got == []

    def test_the_address_that_was_checked_is_the_one_connected_to(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name that resolves to a public address at first and to loopback afterwards gains nothing."""
        answers = ["93.184.216.34", "127.0.0.1"]
        connected: list[str] = []

        def resolve(host: str, port: int, **more: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

        def connect(address: tuple[str, int], timeout: float) -> socket.socket:
            connected.append(address[0])
            raise ConnectionRefusedError("refused")

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        monkeypatch.setattr(socket, "create_connection", connect)
        outcome = post("http://rebound.example/", b"", {}, allow_private=False)
        assert connected == ["93.184.216.34"]
        assert outcome == Outcome(0, "ConnectionRefusedError: refused")

    @pytest.mark.parametrize("second", ["10.0.0.1", "::1", "fe80::1%eth0", "not an address"])
    def test_one_private_address_among_several_is_enough(
        self, monkeypatch: pytest.MonkeyPatch, second: str
    ) -> None:
        def resolve(host: str, port: int, **more: object) -> list[Any]:
            return [(0, 0, 0, "", (address, port)) for address in ("93.184.216.34", second)]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert "not a public address" in post("http://mixed.example/", b"", {}, allow_private=False).error

    def test_nobody_there(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        assert "refused" in post(f"http://127.0.0.1:{port}/", b"", {}, allow_private=True).error

    @pytest.mark.parametrize(
        "url",
        [
            "", "x", "ftp://a.example", "http://", "http://:80", "file:///etc/passwd", "http://u:p@a.example",
            "http://a.example:0", "http://a.example:99999", "http://a.example/\n", "http://a example/",
            "http://ä.example", "http://a.example/" + "x" * 2000, "http://[::1", "http://127.0.0.1",
            "http://10.1.2.3", "http://169.254.169.254/latest", "http://[::1]/", "http://[fe80::1]/",
            "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://0.0.0.0",
            "http://224.0.0.1", "http://100.64.0.1", "http://[fc00::1]/",
        ],
    )  # fmt: skip
    def test_urls_that_are_refused(self, url: str) -> None:
        with pytest.raises(Invalid):
            outbound.check_url(url, allow_private=False)

    @pytest.mark.parametrize(
        "url",
        ["http://a.example", "https://a.example:8443/x?y=1", "http://93.184.216.34/", "http://[2600::1]/"],
    )
    def test_urls_that_are_not(self, url: str) -> None:
        assert outbound.check_url(url, allow_private=False).hostname

    def test_private_addresses_on_demand(self) -> None:
        assert outbound.check_url("http://127.0.0.1:9/", allow_private=True).port == 9
