"""Artifacts listed: all of them, streamed when there are many; or page by page."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.catalog import Catalog
from lineal.graph.model import ByExternal

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


def fill(client: Client, catalog: Catalog, files: Path, count: int) -> str:
    """A run with a folder of many files, put there behind the server's back since that is faster."""
    from lineal.catalog.catalog import LOCAL

    run = client.run()
    uuid = catalog.session(LOCAL, "test").get(ByExternal("mlflow.run", run)).uuid
    folder = files / uuid[:2] / uuid / "many"
    (folder / "sub").mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:05}.txt").write_bytes(b"x" * (number % 7))
    return run


def test_many_files_are_streamed(client: Client, catalog: Catalog, tmp_path: Path) -> None:
    run = fill(client, catalog, tmp_path / "files", 5000)
    answer = client.send("GET", "artifacts/list", params={"run_id": run, "path": "many"})
    assert "content-length" not in answer.headers
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"root_uri", "files"}
    assert body["root_uri"] == f"mlflow-artifacts:/0/{run}/artifacts"
    assert [each["path"] for each in body["files"]] == [
        *(f"many/{number:05}.txt" for number in range(5000)),
        "many/sub",
    ]
    assert body["files"][6] == {"path": "many/00006.txt", "is_dir": False, "file_size": 6}
    assert body["files"][-1] == {"path": "many/sub", "is_dir": True}
    by_proxy = client.get(PROXY, path=f"0/{run}/artifacts/many")
    assert by_proxy.keys() == {"files"}
    assert [each["path"] for each in by_proxy["files"]][-2:] == ["04999.txt", "sub"]


def test_a_listing_comes_in_pages_if_wanted(client: Client, catalog: Catalog, tmp_path: Path) -> None:
    run = fill(client, catalog, tmp_path / "files", 25)
    for path, query in (
        ("artifacts/list", {"run_id": run, "path": "many"}),
        (PROXY, {"path": f"0/{run}/artifacts/many"}),
    ):
        whole = client.get(path, **query)["files"]
        assert len(whole) == 26
        found, token, pages = [], "", 0
        while True:
            page = client.get(path, **query, max_results=10, **({"page_token": token} if token else {}))
            found += page["files"]
            pages += 1
            token = page.get("next_page_token", "")
            if not token:
                break
        assert (found, pages) == (whole, 3)
        exact = client.get(path, **query, max_results=26)
        assert (len(exact["files"]), exact.get("next_page_token")) == (26, None)


def test_a_page_token_alone_asks_for_a_page(client: Client, catalog: Catalog, tmp_path: Path) -> None:
    run = fill(client, catalog, tmp_path / "files", 1500)
    first = client.get("artifacts/list", run_id=run, path="many", max_results=100)
    rest = client.get("artifacts/list", run_id=run, path="many", page_token=first["next_page_token"])
    assert rest["files"][0]["path"] == "many/00100.txt"
    assert len(rest["files"]) == 1000
    assert rest["next_page_token"]


def test_wrong_pages_are_refused(client: Client) -> None:
    run = client.run()
    for query in (
        {"page_token": "!"},
        {"page_token": "é"},
        {"page_token": base64.b64encode(b"\xff\xfe").decode()},
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": 10**6},
        {"max_results": "x"},
    ):
        answer = client.send("GET", "artifacts/list", params={"run_id": run, **query})
        assert told(answer)[:2] == (400, "INVALID_PARAMETER_VALUE"), query
    foreign = base64.urlsafe_b64encode(b"../../etc/passwd").decode()
    assert client.get("artifacts/list", run_id=run, page_token=foreign).get("files", []) == []


def test_a_logged_models_files_are_listed_in_pages(client: Client) -> None:
    model = client.post("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    for name in "abc":
        assert (
            client.send("PUT", f"{PROXY}/0/models/{model}/artifacts/{name}", content=b"x").status_code == 200
        )
    path = f"logged-models/{model}/artifacts/directories"
    first = client.get(path, max_results=2)
    assert [each["path"] for each in first["files"]] == ["a", "b"]
    second = client.get(path, max_results=2, page_token=first["next_page_token"])
    assert [each["path"] for each in second["files"]] == ["c"]
    assert "next_page_token" not in second
