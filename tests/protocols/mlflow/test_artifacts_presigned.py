"""Links to an object store, on a server that was told that clients reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.catalog import Catalog
from lineal.server.app import build_app
from lineal.server.settings import Settings

API = "/api/2.0/mlflow-artifacts"


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """The URL of a server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def client(s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """An application whose files are in a bucket that clients reach."""
    import boto3
    from s3fs import S3FileSystem

    values = {"ENDPOINT_URL": s3_server, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "s"}
    for name, value in {**values, "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    S3FileSystem.clear_instance_cache()
    boto3.client("s3").create_bucket(Bucket="bucket")
    catalog = Catalog.open(f"sqlite:///{tmp_path}/lineal.db", blobs="s3://bucket/files", direct_files=True)
    app = build_app(catalog, Settings(doors=("mlflow",)))
    with asyncio.Runner() as runner:
        yield Client(app, runner)
        app.close()
    catalog.close()
    S3FileSystem.clear_instance_cache()


def seconds_of(url: str) -> int:
    """For how long a link was made."""
    return int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])


def test_the_server_says_that_it_gives_links(client: Client) -> None:
    told_of = client.get("/api/3.0/mlflow/server-info")
    for flag in (
        "multipart_uploads_enabled",
        "multipart_downloads_enabled",
        "presigned_upload_run_id_supported",
        "presigned_upload_model_id_supported",
        "model_artifact_presigned_downloads_supported",
    ):
        assert told_of[flag] is True, flag
    assert told_of["artifacts_presigned_only"] is False


def test_a_file_is_read_by_a_link(client: Client, s3_server: str) -> None:
    run = client.run()
    url = f"{API}/artifacts/0/{run}/artifacts/d/f%20%C3%BC.txt"
    assert client.send("PUT", url, content=b"0123456789").status_code == 200
    link = client.get(url.replace("/artifacts/0/", "/presigned/0/"))
    assert link.keys() == {"url", "headers", "file_size"}
    assert (link["headers"], link["file_size"]) == ({}, 10)
    assert link["url"].startswith(f"{s3_server}/bucket/")
    assert httpx.get(link["url"], headers={"Range": "bytes=3-5"}).content == b"345"
    assert seconds_of(link["url"]) == 300
    asked = client.post("artifacts/presigned-download-url", run_id=run, path="d/f ü.txt", expiration=77)
    assert asked.keys() == {"presigned_url", "headers", "file_size"}
    assert httpx.get(asked["presigned_url"]).content == b"0123456789"
    assert seconds_of(asked["presigned_url"]) == 77


def test_a_file_is_written_by_a_link(client: Client) -> None:
    run = client.run()
    model = client.post("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    for named, place in (({"run_id": run}, f"0/{run}"), ({"model_id": model}, f"0/models/{model}")):
        link = client.post("artifacts/presigned-upload-url", path="new/f.bin", **named)
        assert link.keys() == {"presigned_url", "headers"}
        assert seconds_of(link["presigned_url"]) == 900
        httpx.put(link["presigned_url"], content=b"written").raise_for_status()
        assert client.send("GET", f"{API}/artifacts/{place}/artifacts/new/f.bin").content == b"written"


def test_a_models_file_is_read_by_a_link(client: Client) -> None:
    model = client.post("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    url = f"{API}/artifacts/0/models/{model}/artifacts/MLmodel"
    assert client.send("PUT", url, content=b"flavors: {}").status_code == 200
    files = f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files"
    link = client.get(files, artifact_file_path="MLmodel", presigned="true")
    assert httpx.get(link["url"]).content == b"flavors: {}"
    assert client.send("GET", files, params={"artifact_file_path": "MLmodel"}).content == b"flavors: {}"


def test_there_is_no_link_to_what_is_not_there(client: Client) -> None:
    run = client.run()
    url = f"{API}/artifacts/0/{run}/artifacts/d/f"
    assert client.send("PUT", url, content=b"x").status_code == 200
    for path, expected in (
        ("none", (404, "RESOURCE_DOES_NOT_EXIST")),
        ("d", (400, "INVALID_PARAMETER_VALUE")),
        ("..%2f..%2fx", (400, "INVALID_PARAMETER_VALUE")),
    ):
        assert told(client.send("GET", f"{API}/presigned/0/{run}/artifacts/{path}"))[:2] == expected


def test_parts_go_to_the_store_itself(client: Client, s3_server: str) -> None:
    run = client.run()
    place = f"0/{run}/artifacts"
    made = client.post(f"{API}/mpu/create/{place}", path="big.bin", num_parts=2)
    data = [b"a" * 5 * 2**20, b"b"]
    parts = []
    for credential, each in zip(made["credentials"], data, strict=True):
        assert credential["url"].startswith(s3_server)
        answer = httpx.put(credential["url"], content=each).raise_for_status()
        parts.append({"part_number": credential["part_number"], "etag": answer.headers["etag"]})
    body = {"path": "big.bin", "upload_id": made["upload_id"]}
    wrong = client.send("POST", f"{API}/mpu/complete/{place}", json={**body, "parts": parts[1:]})
    assert told(wrong)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert client.post(f"{API}/mpu/complete/{place}", **body, parts=parts) == {}
    listed = client.get("artifacts/list", run_id=run)["files"]
    assert listed == [{"path": "big.bin", "is_dir": False, "file_size": 5 * 2**20 + 1}]
    again = client.send("POST", f"{API}/mpu/complete/{place}", json={**body, "parts": parts})
    assert told(again)[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
