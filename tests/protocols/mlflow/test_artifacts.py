"""Artifacts through the door."""

from __future__ import annotations

from typing import Any

from tests.protocols.mlflow.conftest import Client, told

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


def put(client: Client, run: str, path: str, content: bytes = b"hello") -> None:
    answer = client.send("PUT", f"{PROXY}/0/{run}/artifacts/{path}", content=content)
    assert (answer.status_code, answer.json()) == (200, {})


def listed(client: Client, run: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("artifacts/list", run_id=run, **query).get("files", [])
    return found


def test_what_was_put_is_listed_and_fetched(client: Client) -> None:
    run = client.run()
    put(client, run, "a.txt")
    put(client, run, "dir/b%20%C3%BC.txt", b"x" * 3_000_000)
    answer = client.get("artifacts/list", run_id=run)
    assert answer["root_uri"] == f"mlflow-artifacts:/0/{run}/artifacts"
    assert answer["files"] == [
        {"path": "a.txt", "is_dir": False, "file_size": 5},
        {"path": "dir", "is_dir": True},
    ]
    assert listed(client, run, path="dir") == [
        {"path": "dir/b ü.txt", "is_dir": False, "file_size": 3_000_000}
    ]
    by_proxy = client.get(PROXY, path=f"0/{run}/artifacts/dir")["files"]
    assert [file["path"] for file in by_proxy] == ["b ü.txt"]
    fetched = client.send("GET", f"{PROXY}/0/{run}/artifacts/dir/b%20%C3%BC.txt")
    assert len(fetched.content) == 3_000_000
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert fetched.headers["content-disposition"] == "attachment; filename*=UTF-8''b%20%C3%BC.txt"
    assert client.send("GET", "/get-artifact", params={"run_uuid": run, "path": "a.txt"}).text == "hello"
    part = client.send("GET", f"{PROXY}/0/{run}/artifacts/a.txt", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.text) == (206, "ell")


def test_what_is_not_there(client: Client) -> None:
    run = client.run()
    assert listed(client, run, path="none") == []
    assert client.get(PROXY, path="0/none") == {}
    put(client, run, "dir/a")
    for path, expected in (("none", 404), ("dir", 400)):
        assert told(client.send("GET", f"{PROXY}/0/{run}/artifacts/{path}"))[0] == expected
        assert told(client.send("GET", "/get-artifact", params={"run_id": run, "path": path}))[0] == expected
    nobody = "0" * 32
    assert told(client.send("GET", f"{PROXY}/0/{nobody}/artifacts/a"))[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert told(client.send("PUT", f"{PROXY}/0/{nobody}/artifacts/a", content=b"x"))[0] == 404
    assert (
        told(client.send("GET", "artifacts/list", params={"run_id": nobody}))[2]
        == f"Run with id={nobody} not found"
    )


def test_deleting(client: Client) -> None:
    run = client.run()
    put(client, run, "dir/a")
    put(client, run, "b")
    assert client.send("DELETE", f"{PROXY}/0/{run}/artifacts/dir").status_code == 200
    assert [file["path"] for file in listed(client, run)] == ["b"]
    other = client.run()
    put(client, other, "kept")
    assert client.send("DELETE", f"{PROXY}/0/{run}/artifacts/").status_code == 200
    assert listed(client, run) == []
    assert [file["path"] for file in listed(client, other)] == ["kept"]


def test_a_root_of_its_own(client: Client) -> None:
    """Wherever an experiment says that its artifacts are, those of a run are the run's."""
    for number, location in enumerate(("mlflow-artifacts:/", "mlflow-artifacts:/a/b", "mlflow-artifacts:/7")):
        experiment = client.experiment(f"e{number}", artifact_location=location)
        run = client.run(experiment)
        root = client.get("artifacts/list", run_id=run)["root_uri"]
        path = root.removeprefix("mlflow-artifacts:/").lstrip("/")
        assert path.endswith(f"{run}/artifacts")
        assert client.send("PUT", f"{PROXY}/{path}/a.txt", content=b"x").status_code == 200
        assert [file["path"] for file in listed(client, run)] == ["a.txt"]
        assert [file["path"] for file in client.get(PROXY, path=path)["files"]] == ["a.txt"]


WAYS_OUT = ["../x", "a/%2e%2e/%2e%2e/b", "%252e%252e%252fx", "%2Fetc%2Fpasswd"]


def test_no_path_leads_out(client: Client) -> None:
    for path in WAYS_OUT:
        run = client.run()
        invalid = (400, "INVALID_PARAMETER_VALUE", "Invalid path")
        assert told(client.send("GET", "artifacts/list", params={"run_id": run, "path": path})) == invalid
        assert told(client.send("GET", "/get-artifact", params={"run_id": run, "path": path})) == invalid
        assert told(client.send("GET", PROXY, params={"path": path})) == invalid


def test_files_of_an_experiment_itself(client: Client) -> None:
    number = client.experiment("x")
    assert client.send("PUT", f"{PROXY}/{number}/notes/a.md", content=b"n").status_code == 200
    assert client.send("GET", f"/ajax-api/2.0/mlflow-artifacts/artifacts/{number}/notes/a.md").text == "n"


def test_a_browser_uploads(client: Client) -> None:
    run, url = client.run(), "/ajax-api/2.0/mlflow/upload-artifact"
    query = {"run_uuid": run, "path": "a/b.txt"}
    assert client.send("POST", url, params=query, content=b"text").status_code == 200
    assert client.send("GET", "/get-artifact", params=query).text == "text"
    for wrong in ({}, {"run_uuid": run}, {"run_uuid": run, "path": "../x"}, query):
        assert told(client.send("POST", url, params=wrong))[:2] == (400, "INVALID_PARAMETER_VALUE")
