"""Large artifacts in parts, and links to an object store, through the door."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.change import Change, Remove
from lineal.graph.model import ByExternal

API = "/api/2.0/mlflow-artifacts"
MISSING = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"


def step(client: Client, name: str, place: str, /, **body: Any) -> httpx.Response:
    return client.send("POST", f"{API}/mpu/{name}/{place}", json=body)


def create(client: Client, path: str, file: str, parts: int, **headers: str) -> dict[str, Any]:
    body = {"path": file, "num_parts": parts}
    answer = client.send("POST", f"{API}/mpu/create/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    upload: dict[str, Any] = answer.json()
    return upload


def here(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def send_all(client: Client, upload: dict[str, Any], *data: bytes) -> list[dict[str, Any]]:
    """Put each part; what completing wants to be told of them."""
    sent = []
    for credential, each in zip(upload["credentials"], data, strict=True):
        answer = client.send("PUT", here(credential["url"]), content=each)
        assert answer.status_code == 200, answer.text
        sent.append({"part_number": credential["part_number"], "etag": answer.headers["etag"], "url": "x"})
    return sent


def test_a_file_arrives_in_parts(client: Client) -> None:
    run = client.run()
    place = f"0/{run}/artifacts/models/big"
    upload = create(client, place, "/home/ann/wéights 1.bin", 3)
    assert [each["part_number"] for each in upload["credentials"]] == [1, 2, 3]
    assert all(each["headers"] == {} for each in upload["credentials"])
    parts = send_all(client, upload, b"a" * 100_000, b"b" * 100_000, b"c")
    assert parts[2]["etag"] == f'"{hashlib.md5(b"c").hexdigest()}"'
    assert client.get("artifacts/list", run_id=run) == {"root_uri": f"mlflow-artifacts:/0/{run}/artifacts"}
    done = step(client, "complete", place, path="wéights 1.bin", upload_id=upload["upload_id"], parts=parts)
    assert (done.status_code, done.json()) == (200, {})
    fetched = client.send("GET", f"{API}/artifacts/{place}/w%C3%A9ights%201.bin")
    assert fetched.content == b"a" * 100_000 + b"b" * 100_000 + b"c"
    again = step(client, "complete", place, path="wéights 1.bin", upload_id=upload["upload_id"], parts=parts)
    assert told(again)[:2] == (404, MISSING)


def test_what_was_interrupted_goes_on(client: Client) -> None:
    run = client.run()
    place = f"0/{run}/artifacts"
    upload = create(client, place, "f", 2)
    first, second = (here(each["url"]) for each in upload["credentials"])
    tag = client.send("PUT", first, content=b"one").headers["etag"]
    named = [{"part_number": 1, "etag": tag}]
    missing = step(client, "complete", place, path="f", upload_id=upload["upload_id"], parts=named)
    assert told(missing)[:2] == (400, INVALID)
    assert "again" in told(missing)[2]
    assert client.send("HEAD", first).headers["etag"] == tag
    assert client.send("GET", first).json() == {"etag": tag.strip('"'), "size": 3}
    assert told(client.send("GET", second))[0] == 404
    named.append({"part_number": 2, "etag": client.send("PUT", second, content=b"two").headers["etag"]})
    done = step(client, "complete", place, path="f", upload_id=upload["upload_id"], parts=named)
    assert done.status_code == 200
    assert client.send("GET", f"{API}/artifacts/{place}/f").content == b"onetwo"


def test_what_is_given_up_is_forgotten(client: Client) -> None:
    run = client.run()
    upload = create(client, f"0/{run}/artifacts", "f", 1)
    parts = send_all(client, upload, b"x")
    for _ in range(2):
        answer = step(client, "abort", f"0/{run}/artifacts", path="f", upload_id=upload["upload_id"])
        assert (answer.status_code, answer.json()) == (200, {})
    late = step(
        client, "complete", f"0/{run}/artifacts", path="f", upload_id=upload["upload_id"], parts=parts
    )
    assert told(late)[:2] == (404, MISSING)
    refused = client.send("PUT", here(upload["credentials"][0]["url"]), content=b"x")
    assert told(refused)[:2] == (403, "PERMISSION_DENIED")


def test_links_lead_where_the_client_found_the_server(client: Client) -> None:
    place = f"0/{client.run()}/artifacts"
    for headers, origin in (
        ({}, "http://localhost:5000"),
        ({"host": "localhost:80"}, "http://localhost:80"),
        ({"x-forwarded-proto": "https"}, "https://localhost:5000"),
        ({"x-forwarded-proto": "javascript"}, "http://localhost:5000"),
    ):
        upload = create(client, place, "f", 1, **headers)
        assert upload["credentials"][0]["url"].startswith(f"{origin}{API}/mpu/parts/{upload['upload_id']}/1?")


def test_an_upload_is_of_one_file(client: Client) -> None:
    mine, other = f"0/{client.run()}/artifacts", f"0/{client.run()}/artifacts"
    upload = create(client, mine, "f", 1)
    parts = send_all(client, upload, b"secret")
    for place, name in ((other, "f"), (mine, "g"), (f"{mine}/sub", "f")):
        stolen = step(client, "complete", place, path=name, upload_id=upload["upload_id"], parts=parts)
        assert told(stolen)[:2] == (404, MISSING)
        assert step(client, "abort", place, path=name, upload_id=upload["upload_id"]).status_code == 200
    done = step(client, "complete", mine, path="f", upload_id=upload["upload_id"], parts=parts)
    assert done.status_code == 200


def test_a_run_that_was_removed_meanwhile(client: Client, catalog: Catalog) -> None:
    run = client.run()
    upload = create(client, f"0/{run}/artifacts", "f", 1)
    parts = send_all(client, upload, b"x")
    catalog.session(LOCAL, "test").commit(Change([Remove(ByExternal("mlflow.run", run), hard=True)]))
    late = step(
        client, "complete", f"0/{run}/artifacts", path="f", upload_id=upload["upload_id"], parts=parts
    )
    assert told(late)[:2] == (404, MISSING)


def test_wrong_uploads_are_refused(client: Client) -> None:
    run = client.run()
    place = f"0/{run}/artifacts"
    for body in (
        {},
        {"path": ""},
        {"path": ".."},
        {"path": "a/.."},
        {"path": "src%5C.."},
        {"path": "C%3A.."},
        {"path": "x%2F..%2F.."},
        {"path": "a\x01b"},
        {"path": "dir/"},
        {"path": "f", "num_parts": 0},
        {"path": "f", "num_parts": -3},
        {"path": "f", "num_parts": 10_001},
        {"path": "f", "num_parts": "many"},
        {"path": 7},
    ):
        assert told(step(client, "create", place, **body))[:2] == (400, INVALID), body
    for path in ("..%2fx", "0/%2e%2e%2f..", "%252e%252e/x"):
        assert told(step(client, "create", path, path="f", num_parts=1))[:2] == (400, INVALID)
    nobody = step(client, "create", f"0/{'0' * 32}/artifacts", path="f", num_parts=1)
    assert told(nobody)[:2] == (404, MISSING)
    for wrong in ({"path": "f"}, {"path": "f", "parts": [{"etag": "x"}]}, {"path": "f", "parts": 3}):
        assert told(step(client, "complete", place, upload_id="x", **wrong))[:2] == (400, INVALID), wrong


def test_old_clients_send_their_whole_path(client: Client) -> None:
    run = client.run()
    for file in ("/home/ann/big.bin", r"C:\data\big.bin", "./big.bin", "big.bin"):
        upload = create(client, f"0/{run}/artifacts", file, 1)
        parts = send_all(client, upload, file.encode())
        body = {"path": file, "upload_id": upload["upload_id"], "parts": parts}
        assert step(client, "complete", f"0/{run}/artifacts", **body).status_code == 200
        fetched = client.send("GET", f"{API}/artifacts/0/{run}/artifacts/big.bin")
        assert fetched.text == file


def test_what_the_server_says_it_can(client: Client) -> None:
    told_of = client.get("/api/3.0/mlflow/server-info")
    assert told_of["multipart_uploads_enabled"] is True
    for flag in (
        "multipart_downloads_enabled",
        "presigned_upload_run_id_supported",
        "presigned_upload_model_id_supported",
        "model_artifact_presigned_downloads_supported",
        "artifacts_presigned_only",
    ):
        assert told_of[flag] is False


def test_there_are_no_links_to_a_disk(client: Client) -> None:
    run = client.run()
    model = client.post("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    for place in (f"0/{run}", f"0/models/{model}"):
        assert client.send("PUT", f"{API}/artifacts/{place}/artifacts/f", content=b"x").status_code == 200
    refused = (501, "NOT_IMPLEMENTED")
    assert told(client.send("GET", f"{API}/presigned/0/{run}/artifacts/f"))[:2] == refused
    files = f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files"
    query = {"artifact_file_path": "f", "presigned": "true"}
    assert told(client.send("GET", files, params=query))[:2] == refused
    for way, named in (
        ("download", {"run_id": run}),
        ("upload", {"run_id": run}),
        ("upload", {"model_id": model}),
    ):
        assert client.refused(f"artifacts/presigned-{way}-url", path="f", **named)[:2] == refused


def test_wrong_links_are_refused(client: Client) -> None:
    run = client.run()
    assert client.send("PUT", f"{API}/artifacts/0/{run}/artifacts/d/f", content=b"x").status_code == 200
    for way in ("download", "upload"):
        for body in ({}, {"path": "f"}, {"run_id": run}, {"run_id": run, "path": "../f"}):
            assert client.refused(f"artifacts/presigned-{way}-url", **body)[:2] == (400, INVALID)
        for seconds in (0, -1, 604_801, "x"):
            body = {"run_id": run, "path": "d/f", "expiration": seconds}
            assert client.refused(f"artifacts/presigned-{way}-url", **body)[:2] == (400, INVALID)
        body = {"run_id": "0" * 32, "path": "f"}
        assert client.refused(f"artifacts/presigned-{way}-url", **body)[:2] == (404, MISSING)
    both = {"run_id": run, "model_id": "m-" + "0" * 32, "path": "f"}
    assert client.refused("artifacts/presigned-upload-url", **both)[:2] == (400, INVALID)
    for path, expected in (("none", (404, MISSING)), ("d", (400, INVALID))):
        assert told(client.send("GET", f"{API}/presigned/0/{run}/artifacts/{path}"))[:2] == expected
        assert client.refused("artifacts/presigned-download-url", run_id=run, path=path)[:2] == expected
