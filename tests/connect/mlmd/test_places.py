"""The same store in MySQL, and behind a service: ML Metadata's own, over gRPC."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from scripts import client_env
from tests.connect.mlmd.conftest import Library, only, serving, take

from lineal import Client
from lineal.connect.errors import Outside

SERVER = Path(__file__).parents[3] / "benchmarks" / "mlmd_peer.py"
"""The store of ML Metadata's wheel behind grpcio, since no package holds its official server."""


def moved(source: str, place: str, library: Library, folder: Path) -> None:
    """Import a source, which its own library finds at a place; everything must be there."""
    library.fill(place)
    with serving(folder / "data") as server:
        client = Client(server.url)
        assert take(source, client).complete
        assert library.tell(f"grpc:{server.grpc_port}") == library.tell(place)
        assert only(take(source, client), "same") == []


def test_mysql(mysql_url: str, library: Library, tmp_path: Path) -> None:
    parts = urlsplit(mysql_url)
    (path,) = parse_qs(parts.query)["unix_socket"]
    moved(mysql_url, f"mysql:{path}:{parts.path.strip('/')}", library, tmp_path)


@pytest.fixture
def service(library: Library, tmp_path: Path) -> Iterator[int]:
    """The port of a service."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [str(client_env.python_of("mlmd")), str(SERVER), str(port), str(tmp_path / "mlmd.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            yield port
        finally:
            process.kill()


def test_a_service(service: int, library: Library, tmp_path: Path) -> None:
    moved(f"grpc://127.0.0.1:{service}", f"grpc:{service}", library, tmp_path)


def test_a_service_that_is_not_there(local: Client) -> None:
    with pytest.raises(Outside, match="answers GetArtifactTypes with UNAVAILABLE"):
        take("grpc://127.0.0.1:1", local)
