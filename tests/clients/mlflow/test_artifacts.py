"""Files by an unmodified MLflow client, on a server with a disk and on one with an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.clients.mlflow.conftest import RunScript

from lineal.testing.serving import serving

pytestmark = [pytest.mark.clients, pytest.mark.slow]


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that speaks S3, with a bucket; the environment gives access to it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "{}:{}".format(*server.get_host_and_port())
    values = {"ENDPOINT_URL": f"http://{address}", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "s"}
    for name, value in {**values, "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    boto3.client("s3").create_bucket(Bucket="bucket")
    yield address
    server.stop()


@pytest.fixture(params=["disk", "object store"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server whose files are kept in one of several ways."""
    data = tmp_path_factory.mktemp("data")
    options: list[str] = []
    if request.param == "object store":
        request.getfixturevalue("object_store")
        options = ["--blobs", "s3://bucket/lineal", "--direct-files"]
    with serving(data, *options) as url:
        yield url
        assert left_in(data) == []


def left_in(data: Path) -> list[str]:
    """What is still on its way."""
    incoming = data / "files/.incoming"
    return sorted(os.listdir(incoming)) if incoming.exists() else []


def test_artifacts(run_script: RunScript, server: str, request: pytest.FixtureRequest) -> None:
    told = run_script("artifacts.py")
    in_store = "object store" in request.node.name
    where = request.getfixturevalue("object_store") if in_store else urlsplit(server).netloc
    assert told["links"] == [where]
