"""The server's life, over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from lineal.catalog.catalog import LOCAL
from lineal.server.app import Refused, Server, open_catalog
from lineal.server.settings import Settings


class Running:
    """A server on a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(settings)))
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self, settings: Settings) -> None:
        self.server = Server(settings)
        self.loop = asyncio.get_running_loop()
        try:
            await self.server.start()
        finally:
            self._ready.set()
        await self.server.wait()
        await self.server.stop()

    @property
    def url(self) -> str:
        return self.server.url

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.request_stop)
        self._thread.join(15)
        assert not self._thread.is_alive()


@pytest.fixture
def running(settings: Settings) -> Iterator[Running]:
    server = Running(settings)
    yield server
    server.stop()


def _put(url: str, name: str) -> int:
    body = {"operations": [{"op": "put_entity", "kind": "dataset", "name": name}]}
    answer = httpx.post(f"{url}/api/v1/changes", json=body)
    assert answer.status_code == 201
    return int(answer.json()["id"])


def test_it_answers_as_soon_as_it_has_started(running: Running) -> None:
    assert httpx.get(f"{running.url}/health").text == "OK"
    _put(running.url, "a")
    assert httpx.get(f"{running.url}/api/v1/counts").json() == {"kinds": {"dataset": 1}}
    assert "server" not in httpx.get(f"{running.url}/health").headers


def test_what_was_answered_is_there_after_a_restart(settings: Settings) -> None:
    server = Running(settings)
    number = _put(server.url, "kept")
    server.stop()
    server = Running(settings)
    events = httpx.get(f"{server.url}/api/v1/changes").json()["events"]
    server.stop()
    assert [(event["commit"], event["name"]) for event in events] == [(number, "kept")]


def test_percent_encoded_addresses(running: Running) -> None:
    put = {"op": "put_entity", "kind": "dataset", "namespace": "s3://b", "name": "x/y z", "unique": True}
    assert httpx.post(f"{running.url}/api/v1/changes", json={"operations": [put]}).status_code == 201
    answer = httpx.get(f"{running.url}/api/v1/entities/name:dataset:s3%3A%2F%2Fb%2Fx%2Fy%20z/history")
    assert answer.status_code == 200
    assert answer.json()["events"][0]["name"] == "x/y z"


def test_large_files_come_and_go_in_pieces(running: Running) -> None:
    _put(running.url, "a")
    url = f"{running.url}/api/v1/entities/1/files/data.bin"
    content = os.urandom(3_000_000)
    pieces = (content[start : start + 65_536] for start in range(0, len(content), 65_536))
    assert httpx.put(url, content=pieces).json() == {
        "path": "data.bin",
        "is_folder": False,
        "size": len(content),
    }
    answer = httpx.get(url)
    assert answer.content == content
    assert answer.headers["content-length"] == str(len(content))
    assert httpx.get(url, headers={"Range": "bytes=100-199"}).content == content[100:200]


def _head(host: str, path: str, length: int) -> bytes:
    start = f"PUT /api/v1/entities/1/files/{path} HTTP/1.1"
    return f"{start}\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n".encode()


def test_an_interrupted_upload_leaves_nothing(running: Running) -> None:
    _put(running.url, "a")
    parts = urlsplit(running.url)
    with socket.create_connection((parts.hostname, parts.port)) as sock:
        sock.sendall(_head(parts.netloc, "half.bin", 1000) + b"x" * 500)
        time.sleep(0.2)
    time.sleep(0.3)
    assert httpx.get(f"{running.url}/api/v1/entities/1/files").json() == {"files": []}
    assert httpx.get(f"{running.url}/health").text == "OK"


def _lines(response: http.client.HTTPResponse, count: int) -> list[str]:
    return [response.readline().decode().rstrip("\n") for _ in range(count)]


def test_the_feed_arrives_and_resumes(running: Running) -> None:
    parts = urlsplit(running.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", "/api/v1/feed?since=0")
    response = connection.getresponse()
    assert response.headers["content-type"] == "text/event-stream"
    assert _lines(response, 2) == ["retry: 2000", ""]
    number = _put(running.url, "a")
    lines = _lines(response, 4)
    assert lines[:2] == [f"id: {number}", "event: change"]
    assert json.loads(lines[2].removeprefix("data: "))["name"] == "a"
    connection.close()

    later = _put(running.url, "b")
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", "/api/v1/feed?since=0", headers={"Last-Event-ID": str(number)})
    assert _lines(connection.getresponse(), 3)[2] == f"id: {later}"
    connection.close()


def test_clients_that_hang_up_are_no_error(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    parts = urlsplit(running.url)
    request = f"GET /api/v1/types HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    for _ in range(50):
        with socket.create_connection((parts.hostname, parts.port)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(request * 3)
    time.sleep(0.3)
    assert httpx.get(f"{running.url}/health").text == "OK"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_it_stops_although_somebody_follows_the_feed(settings: Settings) -> None:
    server = Running(settings)
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", "/api/v1/feed")
    response = connection.getresponse()
    response.readline()
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 5
    assert response.read().endswith(b"\n")


def test_a_running_upload_is_finished_before_it_stops(settings: Settings) -> None:
    server = Running(settings)
    _put(server.url, "a")
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port)) as sock:
        sock.sendall(_head(parts.netloc, "f", 10) + b"x" * 5)
        time.sleep(0.2)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.3)
        sock.sendall(b"y" * 5)
        assert b"200 OK" in sock.recv(1000)
        stopping.join()


@pytest.mark.parametrize("accounts", ["auto", "required"])
def test_strangers_are_not_let_in(settings: Settings, accounts: str) -> None:
    host = "0.0.0.0" if accounts == "auto" else "127.0.0.1"
    exposed = msgspec.structs.replace(settings, host=host, accounts=accounts)
    with pytest.raises(Refused, match=r"lineal user add NAME --admin --data .*data"):
        asyncio.run(Server(exposed).start())
    with closing(open_catalog(settings)) as catalog:
        catalog.accounts.add_user(catalog.session(LOCAL, "native"), "ann", "correct horse")
    server = Running(exposed)
    url = server.url.replace("0.0.0.0", "127.0.0.1")
    statuses = [
        httpx.get(f"{url}/api/v1/me", auth=auth).status_code for auth in (None, ("ann", "correct horse"))
    ]
    server.stop()
    assert statuses == [401, 200]


def test_a_taken_port(running: Running, settings: Settings, tmp_path: Path) -> None:
    port = urlsplit(running.url).port
    other = msgspec.structs.replace(settings, data=str(tmp_path / "other"), port=port)
    with pytest.raises(Refused, match="cannot listen on"):
        asyncio.run(Server(other).start())


def test_grpc_is_served_only_where_it_is_asked_for(settings: Settings) -> None:
    async def port(asked: int | None) -> int | None:
        server = Server(msgspec.structs.replace(settings, grpc_port=asked))
        await server.start()
        await server.stop()
        return server.grpc_port

    assert asyncio.run(port(None)) is None
    assert asyncio.run(port(0))


_SCRIPT = """
import sys
from lineal.server.run import serve
from lineal.server.settings import Settings
settings = Settings(data=sys.argv[1], port=0, doors=("native",), log_format="json")
serve(settings, lambda url: print(url, flush=True))
print("ended", flush=True)
"""


def test_a_signal_stops_it_in_order(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert httpx.get(f"{url}/health").text == "OK"
    process.send_signal(signal.SIGTERM)
    out, logs = process.communicate(timeout=15)
    assert (process.returncode, out) == (0, "ended\n")
    lines = [json.loads(line) for line in logs.splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [("info", "serving"), ("info", "stopping")]
    assert lines[0]["url"] == url
