"""Large files pass through a real server without being held in its memory, and arrive though it was killed."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/status").exists(), reason="needs /proc to tell the memory of a process"
    ),
]

MIB = 2**20
SIZE = 300 * MIB
PIECE = bytes(range(256)) * 4096
API = "/api/2.0/mlflow-artifacts"
MOST = 32 * MIB
"""How much more memory than at rest a server may ever have taken for one file."""


class Serving:
    """A server of its own process on a data folder."""

    def __init__(self, data: Path) -> None:
        data.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "lineal.cli", "serve", "--data", str(data), "--port", "0"]
        self._log = data / "log"
        self._log.write_text("")
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.client = httpx.Client(base_url=self._url(), timeout=60)

    def json(self, method: str, path: str, **more: Any) -> Any:
        return self.client.request(method, path, **more).raise_for_status().json()

    def run(self) -> str:
        body = {"experiment_id": "0"}
        return str(self.json("POST", "/api/2.0/mlflow/runs/create", json=body)["run"]["info"]["run_id"])

    def peak(self) -> int:
        """The most memory that the process ever had, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024

    def kill(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait(20)

    def _url(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            words = self._log.read_text().split()
            told = [word.removeprefix("url=") for word in words if word.startswith("url=http")]
            if told:
                with urllib.request.urlopen(f"{told[0]}/health", timeout=10):
                    return told[0]
            time.sleep(0.05)
        pytest.fail(f"the server did not start: {self._log.read_text()}")


@contextlib.contextmanager
def serving(data: Path) -> Iterator[Serving]:
    server = Serving(data)
    try:
        yield server
    finally:
        server.kill()


def pieces(size: int = SIZE) -> Iterator[bytes]:
    for _ in range(size // len(PIECE)):
        yield PIECE


def digest() -> str:
    found = hashlib.sha256()
    for piece in pieces():
        found.update(piece)
    return found.hexdigest()


def fetched(server: Serving, path: str) -> str:
    """The digest of a file, of which the client holds no more than a piece either."""
    found = hashlib.sha256()
    with server.client.stream("GET", path) as answer:
        assert answer.headers["content-length"] == str(SIZE)
        for piece in answer.iter_raw(MIB):
            found.update(piece)
    return found.hexdigest()


def test_a_large_file_in_one_piece(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        path = f"{API}/artifacts/0/{server.run()}/artifacts/large.bin"
        server.client.put(path, content=PIECE).raise_for_status()
        at_rest = server.peak()
        server.client.put(path, content=pieces()).raise_for_status()
        assert fetched(server, path) == digest()
        assert server.peak() - at_rest < MOST


def test_a_large_file_in_parts(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        place, at_rest = f"0/{server.run()}/artifacts", server.peak()
        body: dict[str, Any] = {"path": "large.bin", "num_parts": 3}
        upload = server.json("POST", f"{API}/mpu/create/{place}", json=body)
        parts = []
        for credential in upload["credentials"]:
            answer = server.client.put(credential["url"], content=pieces(SIZE // 3)).raise_for_status()
            parts.append({"part_number": credential["part_number"], "etag": answer.headers["etag"]})
        body = {"path": "large.bin", "upload_id": upload["upload_id"], "parts": parts}
        server.json("POST", f"{API}/mpu/complete/{place}", json=body)
        assert fetched(server, f"{API}/artifacts/{place}/large.bin") == digest()
        assert server.peak() - at_rest < MOST


def test_a_server_that_is_killed_goes_on_with_the_parts_it_has(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        place = f"0/{server.run()}/artifacts"
        body: dict[str, Any] = {"path": "f.bin", "num_parts": 4}
        upload = server.json("POST", f"{API}/mpu/create/{place}", json=body)
        links = [
            each["url"].removeprefix(str(server.client.base_url).rstrip("/"))
            for each in upload["credentials"]
        ]
        for link in links[:2]:
            server.client.put(link, content=PIECE).raise_for_status()

        def broken() -> Iterator[bytes]:
            yield PIECE
            server.process.kill()
            yield from pieces(64 * MIB)

        with pytest.raises(httpx.TransportError):
            server.client.put(links[2], content=broken())
    with serving(tmp_path / "data") as server:
        arrived = [server.client.get(link).status_code for link in links]
        assert arrived == [200, 200, 404, 404]
        for link in links[2:]:
            server.client.put(link, content=PIECE).raise_for_status()
        tags = [server.json("GET", link)["etag"] for link in links]
        parts = [{"part_number": number, "etag": tag} for number, tag in enumerate(tags, 1)]
        body = {"path": "f.bin", "upload_id": upload["upload_id"], "parts": parts}
        server.json("POST", f"{API}/mpu/complete/{place}", json=body)
        assert server.client.get(f"{API}/artifacts/{place}/f.bin").content == PIECE * 4
