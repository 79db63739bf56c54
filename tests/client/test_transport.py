from __future__ import annotations

import http.server
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineal import Client
from lineal.graph import errors
from lineal.graph.change import Change, PutEntity
from lineal.graph.model import ByName

Reply = tuple[int, dict[str, str], bytes]
COMMIT = json.dumps({"id": 1, "at": 1}).encode()
COUNTS = b'{"kinds":{"run":3}}'


class Script:
    """A server that answers from a list, and remembers what it was asked and over which connections."""

    def __init__(self) -> None:
        self.replies: list[Reply | Callable[[socket.socket], None]] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections: set[int] = set()
        script = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                script.connections.add(self.client_address[1])

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                script.seen.append((self.command, self.path, dict(self.headers), body))
                reply = script.replies.pop(0) if len(script.replies) > 1 else script.replies[0]
                if callable(reply):
                    reply(self.connection)
                    self.close_connection = True
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = headers.get("Test") == "hang up"

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None: ...

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()


@pytest.fixture
def script() -> Iterator[Script]:
    found = Script()
    yield found
    found.server.shutdown()
    found.server.server_close()


def ok(body: bytes, **headers: str) -> Reply:
    return 200, headers, body


def cut(connection: socket.socket) -> None:
    """Hang up without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


def named(name: str) -> Change:
    return Change([PutEntity(ByName("dataset", name), kind="dataset")])


def test_calls_share_one_connection(script: Script) -> None:
    script.replies = [ok(COUNTS)]
    with Client(script.url) as client:
        for _ in range(5):
            assert client.counts() == {"run": 3}
    assert len(script.connections) == 1
    assert len(script.seen) == 5


def test_each_thread_has_its_own_connection(script: Script) -> None:
    script.replies = [ok(COUNTS)]
    with Client(script.url) as client:
        barrier = threading.Barrier(4)

        def work() -> None:
            barrier.wait()
            for _ in range(10):
                assert client.counts() == {"run": 3}

        threads = [threading.Thread(target=work) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert len(script.connections) == 4
    assert len(script.seen) == 40


def test_a_forked_process_does_not_share_the_connection(script: Script) -> None:
    script.replies = [ok(COUNTS)]
    client = Client(script.url)
    client.counts()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if client.counts() == {"run": 3} else 1
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert client.counts() == {"run": 3}
    assert len(script.connections) == 2


def test_a_write_survives_a_connection_that_the_server_closed_meanwhile(script: Script) -> None:
    script.replies = [(200, {"Test": "hang up"}, COUNTS), ok(COMMIT)]
    anonymous = Change([PutEntity(kind="run", name="train")])
    with Client(script.url) as client:
        client.counts()
        threading.Event().wait(0.1)
        assert client.commit(anonymous).id == 1
    assert [method for method, *_ in script.seen] == ["GET", "POST"]


@pytest.mark.parametrize("first", [(503, {}, b"busy"), (502, {}, b"<html>"), (429, {}, b""), cut])
def test_what_may_be_repeated_is_tried_again(script: Script, first: Reply) -> None:
    script.replies = [first, ok(COMMIT)]
    with Client(script.url) as client:
        assert client.commit(named("a")).id == 1
    assert len(script.seen) == 2


@pytest.mark.parametrize("first", [(503, {}, b"busy"), cut])
def test_what_would_be_done_twice_is_not(script: Script, first: Reply) -> None:
    script.replies = [first, ok(COMMIT)]
    with Client(script.url) as client, pytest.raises(errors.Unavailable):
        client.commit(Change([PutEntity(kind="run", name="train")]))
    assert len(script.seen) == 1


def test_it_gives_up_after_its_retries(script: Script) -> None:
    script.replies = [(503, {}, b'{"error":{"code":"unavailable","message":"the disk is full"}}')]
    with Client(script.url, retries=2) as client, pytest.raises(errors.Unavailable, match="the disk is full"):
        client.counts()
    assert len(script.seen) == 3


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        Client(f"http://127.0.0.1:{port}", retries=0) as client,
        pytest.raises(errors.Unavailable, match=f"127.0.0.1:{port}: Connection refused"),
    ):
        client.counts()


def test_a_server_that_never_answers(script: Script) -> None:
    script.replies = [lambda connection: threading.Event().wait(1) and None]
    with (
        Client(script.url, retries=0, timeout=0.2) as client,
        pytest.raises(errors.Unavailable, match="it took too long"),
    ):
        client.counts()


def test_an_upload_is_sent_whole_again(script: Script, tmp_path: Path) -> None:
    script.replies = [(503, {}, b""), ok(b"{}")]
    source = tmp_path / "weights.bin"
    source.write_bytes(b"0123456789" * 100_000)
    with Client(script.url) as client:
        client.upload(7, "weights.bin", source)
    assert [len(body) for *_, body in script.seen] == [1_000_000, 1_000_000]
    assert script.seen[1][2]["Content-Type"] == "application/octet-stream"


def test_a_download_that_breaks_off_leaves_no_file(script: Script, tmp_path: Path) -> None:
    script.replies = [(200, {"Content-Length": "1000", "Test": "hang up"}, b"only this")]
    with Client(script.url) as client, pytest.raises(errors.Unavailable, match="991 bytes are missing"):
        client.download(7, "a", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({}, None),
        ({"token": "secret"}, "Bearer secret"),
        ({"user": "ada", "password": "pässword"}, "Basic YWRhOnDDpHNzd29yZA=="),
    ],
)
def test_credentials(script: Script, options: dict[str, str], header: str | None) -> None:
    script.replies = [ok(COUNTS)]
    with Client(script.url, **options) as client:  # type: ignore[arg-type]
        client.counts()
    assert script.seen[0][2].get("Authorization") == header


def test_settings_come_from_the_environment(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    script.replies = [ok(COUNTS)]
    monkeypatch.setenv("LINEAL_URL", script.url + "/behind/a/proxy/")
    monkeypatch.setenv("LINEAL_TOKEN", "from-outside")
    with Client() as client:
        client.counts()
    _, path, headers, _ = script.seen[0]
    assert path == "/behind/a/proxy/api/v1/counts"
    assert headers["Authorization"] == "Bearer from-outside"


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, b'{"error":{"code":"not_found","message":"nothing at 7"}}', errors.NotFound, "nothing at 7"),
        (409, b'{"error":{"code":"conflict","message":"taken"}}', errors.Conflict, "taken"),
        (403, b'{"error":{"code":"denied","message":"no"}}', errors.Denied, "no"),
        (401, b'{"error":{"code":"unauthenticated","message":"who"}}', errors.Unauthenticated, "who"),
        (413, b'{"error":{"code":"too_large","message":"32 MiB"}}', errors.Invalid, "32 MiB"),
        (500, b'{"error":{"code":"internal","message":"oh"}}', errors.LinealError, "oh"),
        (403, b"<html>Forbidden</html>", errors.Denied, "HTTP status 403 from something that is not Lineal"),
        (500, b"<html>Oh</html>", errors.Unavailable, "HTTP status 500"),
    ],
)
def test_errors(script: Script, status: int, body: bytes, kind: type[Exception], words: str) -> None:
    script.replies = [(status, {}, body)]
    with Client(script.url, retries=0) as client, pytest.raises(errors.LinealError) as raised:
        client.counts()
    assert type(raised.value) is kind
    assert words in str(raised.value)


@pytest.mark.parametrize("target", ["http://", "https:///path"])
def test_urls_that_say_nothing(target: str) -> None:
    with pytest.raises(errors.Invalid, match="neither"):
        Client(target)
