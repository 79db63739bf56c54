"""A real S3 server, in a thread of the test's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The URL of a server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty bucket, which the environment gives access to."""
    import boto3
    from s3fs import S3FileSystem

    values = {
        "ENDPOINT_URL": s3_server,
        "ACCESS_KEY_ID": "a",
        "SECRET_ACCESS_KEY": "s",
        "DEFAULT_REGION": "us-east-1",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    S3FileSystem.clear_instance_cache()
    name = f"b{abs(hash(request.node.nodeid))}"
    boto3.client("s3").create_bucket(Bucket=name)
    yield f"s3://{name}/files"
    S3FileSystem.clear_instance_cache()
