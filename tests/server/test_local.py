"""Requests of this process on a data folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from lineal.server.local import LocalTransport, Response


def _post(transport: LocalTransport, path: str, body: object) -> Response:
    return transport.request("POST", f"/api/v1{path}", body=msgspec.json.encode(body))


def _get(transport: LocalTransport, path: str, query: str = "") -> object:
    response = transport.request("GET", f"/api/v1{path}", query)
    assert response.status == 200
    return msgspec.json.decode(response.body)


def test_what_is_written_is_read_and_kept(tmp_path: Path) -> None:
    first = LocalTransport(tmp_path)
    change = {"operations": [{"op": "put_entity", "kind": "dataset", "name": "a"}]}
    assert _post(first, "/changes", change).status == 201
    first.close()
    second = LocalTransport(str(tmp_path))
    assert _get(second, "/counts") == {"kinds": {"dataset": 1}}
    second.close()
    second.close()


def test_whoever_has_the_folder_may_do_everything(tmp_path: Path) -> None:
    transport = LocalTransport(tmp_path)
    assert _post(transport, "/users", {"name": "ann", "password": "correct horse"}).status == 201
    me = {"principal": "local", "everything": True, "accounts": True, "admin": True}
    assert _get(transport, "/me") == me
    transport.close()


def test_files_and_headers(tmp_path: Path) -> None:
    transport = LocalTransport(tmp_path)
    _post(transport, "/changes", {"operations": [{"op": "put_entity", "kind": "dataset", "name": "a"}]})
    path = "/api/v1/entities/1/files/some%20file.txt"
    content = b"0123456789" * 300_000
    assert transport.request("PUT", path, body=content).status == 200
    status, headers, body = transport.request("GET", path, headers={"Range": "bytes=5-14"})
    assert (status, body) == (206, b"5678901234")
    assert headers["content-range"] == f"bytes 5-14/{len(content)}"
    assert transport.request("GET", path).body == content
    assert transport.request("PUT", "/api/v1/entities/1/files/empty").status == 200
    assert transport.request("GET", "/api/v1/entities/1/files/empty").body == b""
    transport.close()


def test_several_threads_at_once(tmp_path: Path) -> None:
    transport = LocalTransport(tmp_path)

    def put(number: int) -> int:
        change = {"operations": [{"op": "put_entity", "kind": "dataset", "name": str(number)}]}
        return _post(transport, "/changes", change).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(put, range(100))) == {201}
    assert _get(transport, "/counts") == {"kinds": {"dataset": 100}}
    transport.close()


def test_errors_are_answers(tmp_path: Path) -> None:
    transport = LocalTransport(tmp_path)
    assert transport.request("GET", "/api/v1/entities/7").status == 404
    assert transport.request("POST", "/api/v1/changes", body=b"{").status == 400
    transport.close()
