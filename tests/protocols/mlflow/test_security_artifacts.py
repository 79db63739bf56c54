"""Ways in that were published for artifact servers, each tried on this one. None may lead anywhere.

Traversal by path, by location and by source; requests forged through a location; unsafe deserialisation; archives;
stored scripts and headers; somebody else's files through a path of one's own.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import pickle
import re
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from tests.protocols.mlflow.conftest import Client, told

import lineal
from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.values import Grant
from lineal.graph.model import ByExternal
from lineal.server.app import build_app
from lineal.server.settings import Settings
from lineal.testing.protocol import Answer, Caller, Request

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts"
SECRET = "0wn3d-by-nobody"
DENIED = {400, 403, 404, 405, 501}


class Raw:
    """Sends paths exactly as they are written, which HTTP clients tidy up."""

    def __init__(self, client: Client) -> None:
        self._app, self._runner = client._app, client._runner

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        path, _, query = path.partition("?")
        return self._runner.run(self._send(method, path, query, body, headers))

    async def _send(self, method: str, path: str, query: str, body: Any, headers: dict[str, str]) -> Answer:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent: list[Any] = []

        left = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not left:
                await asyncio.sleep(60)
            return left.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        given = {"host": "localhost:5000", "content-type": "application/json", **headers}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [
                *(
                    (name.replace("_", "-").encode(), value.encode("latin-1"))
                    for name, value in given.items()
                ),
                (b"content-length", str(len(content)).encode()),
            ],
            "client": ("127.0.0.1", 1),
        }
        await self._app(scope, receive, send)
        data = b"".join(each.get("body", b"") for each in sent)
        return Answer(sent[0]["status"], sent[0]["headers"], data)


class Scene:
    """A run with a file, and secrets around it where a way out would lead."""

    def __init__(self, client: Client, catalog: Catalog, files: Path) -> None:
        self.client, self.catalog, self.files = client, catalog, files
        self.raw = Raw(client)
        self.experiment = client.experiment("e")
        self.run, self.other = client.run(self.experiment), client.run(self.experiment)
        self.model = str(
            client.post("logged-models", experiment_id=self.experiment, name="m")["model"]["info"]["model_id"]
        )
        self.put(self.run, "dir/mine.txt", b"mine")
        self.put(self.other, "secret.txt", SECRET.encode())
        for place in (files.parent, files, files / "ab"):
            place.mkdir(exist_ok=True)
            (place / "secret.txt").write_text(SECRET)
        self.before = self.tree()

    def put(self, run: str, path: str, content: bytes) -> None:
        url = f"{PROXY}/artifacts/{self.experiment}/{run}/artifacts/{path}"
        assert self.client.send("PUT", url, content=content).status_code == 200

    def folder(self, run: str) -> Path:
        uuid = self.catalog.session(LOCAL, "test").get(ByExternal("mlflow.run", run)).uuid
        return self.files / uuid[:2] / uuid

    def tree(self) -> dict[str, bytes]:
        """Every file that there is, the database's own excepted."""
        return {
            path.relative_to(self.files.parent).as_posix(): path.read_bytes()
            for path in sorted(self.files.parent.rglob("*"))
            if path.is_file() and not path.name.startswith("lineal.db") and ".incoming" not in path.parts
        }


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """One database will do: where files lie does not depend on it."""
    return f"sqlite:///{tmp_path}/lineal.db"


@pytest.fixture
def scene(client: Client, catalog: Catalog, tmp_path: Path) -> Scene:
    return Scene(client, catalog, tmp_path / "files")


# Traversal by path

WAYS_OUT = [
    "..", "../secret.txt", "../../secret.txt", "../../../../../../etc/passwd", "dir/../../secret.txt", "dir/..",
    "./../secret.txt", "dir/./../../x", "....//secret.txt/..", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt",
    ".%2e/x",
    "..%2f..%2fsecret.txt", "%252e%252e%252fsecret.txt", "%25252e%25252e%25252fsecret.txt",
    "%2e%2e%5csecret.txt", "..\\secret.txt", "dir\\..\\..\\secret.txt", "%5c..%5c..%5cx", "..%5csecret.txt",
    "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "%252fetc%252fpasswd", "/proc/self/environ",
    "C:/Windows/win.ini", "C:\\Windows\\win.ini", "C%3A%5CWindows%5Cwin.ini", "c:/x", "\\\\host\\share\\x",
    "%5c%5chost%5cshare", "//host/share", "file:///etc/passwd", "file:/etc/passwd", "FILE:///etc/passwd",
    "secret.txt%00.png", "dir%00/../secret.txt", "x\x01y", "x%0ay", "x%0d%0ay", "#/../secret.txt",
    "x%23/../../y",
    "dir/mine.txt#", "~root/.ssh/id_rsa",
]  # fmt: skip
UNUSUAL = [
    "%c0%ae%c0%ae/secret.txt",
    "\uff0e\uff0e/secret.txt", "\u2024\u2024/secret.txt", "..\u2215secret.txt", "..\uff0fsecret.txt",
    "\u202e../x",
    "..;/secret.txt", ".../secret.txt", ".. /secret.txt", "dir/mine.txt/../../x", "%%32%65%%32%65/secret.txt",
]  # fmt: skip
"""Names that look like a way out and may be plain names; then they lead to nothing outside."""


def reading(scene: Scene, path: str) -> Iterator[tuple[str, str, Any]]:
    """Every way to read by a path, with the path where it goes into the address and where into the query."""
    root, model = (
        f"{scene.experiment}/{scene.run}/artifacts",
        f"{scene.experiment}/models/{scene.model}/artifacts",
    )
    asked = quote(path, safe="")
    for address in (path, asked):
        for prefix in (f"{root}/", f"{model}/", f"{scene.experiment}/", ""):
            yield "GET", f"{PROXY}/artifacts/{prefix}{address}", None
            yield "GET", f"{PROXY}/presigned/{prefix}{address}", None
            yield "GET", f"{PROXY}/artifacts?path={prefix}{address}", None
    for address in (asked, quote(asked, safe="")):
        yield "GET", f"{API}/artifacts/list?run_id={scene.run}&path={address}", None
        yield (
            "GET",
            f"{API}/logged-models/{scene.model}/artifacts/directories?artifact_directory_path={address}",
            None,
        )
        files = f"/ajax-api/2.0/mlflow/logged-models/{scene.model}/artifacts/files"
        yield "GET", f"{files}?artifact_file_path={address}", None
        yield "GET", f"/get-artifact?run_id={scene.run}&path={address}", None
        yield "GET", f"/get-artifact?run_id={address}&path=secret.txt", None
        yield "GET", f"{API}/artifacts/list?run_id={address}", None
    yield "POST", f"{API}/artifacts/presigned-download-url", {"run_id": scene.run, "path": path}
    yield "POST", f"{API}/artifacts/presigned-download-url", {"run_id": path, "path": "secret.txt"}


def writing(scene: Scene, path: str) -> Iterator[tuple[str, str, Any]]:
    """Every way to write or to delete by a path."""
    root, asked = f"{scene.experiment}/{scene.run}/artifacts", quote(path, safe="")
    for address in (path, asked):
        for prefix in (f"{root}/", f"{scene.experiment}/", ""):
            yield "PUT", f"{PROXY}/artifacts/{prefix}{address}", b"overwritten"
            yield "DELETE", f"{PROXY}/artifacts/{prefix}{address}", None
            for step in ("create", "complete", "abort"):
                body = {"path": "f.bin", "num_parts": 1, "upload_id": path, "parts": [{"part_number": 1}]}
                yield "POST", f"{PROXY}/mpu/{step}/{prefix}{address}", body
                yield "POST", f"{PROXY}/mpu/{step}/{prefix}", body | {"path": path}
        yield "PUT", f"{PROXY}/mpu/parts/{address}/1?until=99999999999&signature={'0' * 64}", b"x"
        yield "PUT", f"{PROXY}/mpu/parts/{'0' * 32}/{address}?until=99999999999&signature={'0' * 64}", b"x"
    for address in (asked, quote(asked, safe="")):
        yield (
            "POST",
            f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={scene.run}&path={address}",
            b"overwritten",
        )
    yield "POST", f"{API}/artifacts/presigned-upload-url", {"run_id": scene.run, "path": path}


@pytest.mark.parametrize("path", WAYS_OUT)
def test_no_path_reads_what_lies_outside(scene: Scene, path: str) -> None:
    for method, address, body in reading(scene, path):
        answer = scene.raw.send(method, address, body)
        assert answer.status < 500 or answer.status == 501, (address, answer)
        assert SECRET.encode() not in answer.body, (address, answer)
        assert b"secret.txt" not in answer.body.replace(path.encode(), b"") or answer.status >= 400, (
            address,
            answer,
        )
        assert b"root:" not in answer.body


@pytest.mark.parametrize("path", [*WAYS_OUT, *UNUSUAL])
def test_no_path_changes_what_lies_outside(scene: Scene, path: str) -> None:
    own = {f"{scene.files.name}/{each.relative_to(scene.files).as_posix()}" for each in _own_folders(scene)}
    for method, address, body in writing(scene, path):
        answer = scene.raw.send(method, address, body)
        assert answer.status < 500 or answer.status == 501, (address, answer)
    after = scene.tree()
    outside = {name for name in scene.before if not any(name.startswith(f"{each}/") for each in own)}
    assert {name: after.get(name) for name in outside} == {name: scene.before[name] for name in outside}
    new = after.keys() - scene.before.keys()
    assert all(any(name.startswith(f"{each}/") for each in own) for name in new), new


def _own_folders(scene: Scene) -> list[Path]:
    """Folders of what a path that is plain may well write to: the run, and the experiments themselves."""
    session = scene.catalog.session(LOCAL, "test")
    refs = [("mlflow.run", scene.run), ("mlflow.experiment", scene.experiment), ("mlflow.experiment", "0")]
    uuids = [session.get(ByExternal(*each)).uuid for each in refs]
    return [scene.files / uuid[:2] / uuid for uuid in uuids]


@pytest.mark.parametrize("path", WAYS_OUT[:30])
def test_ways_out_are_refused_as_such(scene: Scene, path: str) -> None:
    for address in (
        f"{API}/artifacts/list?run_id={scene.run}&path={quote(path, safe='')}",
        f"{PROXY}/artifacts?path={quote(path, safe='')}",
        f"/get-artifact?run_id={scene.run}&path={quote(path, safe='')}",
    ):
        answer = scene.raw.send("GET", address)
        assert answer.status == 400, (address, answer)


@pytest.mark.parametrize("path", UNUSUAL)
def test_unusual_names_are_names_or_refused(scene: Scene, path: str) -> None:
    url = f"{PROXY}/artifacts/{scene.experiment}/{scene.run}/artifacts/{quote(path)}"
    put = scene.raw.send("PUT", url, b"named so")
    got = scene.raw.send("GET", url)
    assert (put.status, got.status) in {(200, 200), (400, 400)}, (put, got)
    assert got.body == b"named so" or put.status == 400


# Links in the folder, which only somebody with the disk itself can have made


@pytest.mark.parametrize("kind", ["file", "folder", "chain", "loop", "relative"])
def test_links_that_lead_out_are_not_followed(scene: Scene, kind: str) -> None:
    folder, link = scene.folder(scene.run), scene.folder(scene.run) / "link"
    targets = {
        "file": scene.files / "secret.txt",
        "folder": scene.files,
        "chain": folder / "dir" / "second",
        "loop": link,
        "relative": Path("../../secret.txt"),
    }
    link.symlink_to(targets[kind])
    (folder / "dir" / "second").symlink_to(scene.files / "secret.txt")
    listed = scene.client.get("artifacts/list", run_id=scene.run)["files"]
    assert [each["path"] for each in listed] == ["dir"]
    root = f"{scene.experiment}/{scene.run}/artifacts"
    for path in ("link", "link/secret.txt", "dir/second"):
        for address in (
            f"{PROXY}/artifacts/{root}/{path}",
            f"/get-artifact?run_id={scene.run}&path={path}",
            f"{PROXY}/artifacts?path={root}/{path}",
        ):
            answer = scene.raw.send("GET", address)
            assert SECRET.encode() not in answer.body
            assert b"secret" not in answer.body.replace(path.encode(), b""), answer
        scene.raw.send("PUT", f"{PROXY}/artifacts/{root}/{path}", b"overwritten")
        scene.raw.send("POST", f"{PROXY}/mpu/create/{root}/link", {"path": "secret.txt", "num_parts": 1})
    for path in ("link/secret.txt", "link", "dir/second"):
        scene.raw.send("DELETE", f"{PROXY}/artifacts/{root}/{path}")
    for place in (scene.files.parent, scene.files, scene.files / "ab"):
        assert (place / "secret.txt").read_text() == SECRET


# Traversal and forged requests by location and source

LOCATIONS = [
    "file:///etc", "file:///etc/", "file://localhost/etc", "file:/etc", "file:etc", "/etc", "/", "..",
    "../..", "../../../etc",
    "etc", "./x", "~", "C:\\Windows", "\\\\host\\share", "file:///{files}", "{files}", "{files}/..",
    "file://{files}",
    "runs:/{run}/..", "runs:/../", "models:/m/1", "mlflow-artifacts:/../..", "mlflow-artifacts:/%2e%2e/%2e%2e",
    "mlflow-artifacts:/{experiment}/{other}/artifacts", "mlflow-artifacts:/x#/../../..",
    "mlflow-artifacts:/x?a=/../../..",
    "mlflow-artifacts:/x;/../..", "mlflow-artifacts:/x%23/../..", "http://host/#/../../../../../etc/",
    "http:///#/../../../../../../../etc", "https:///?/../../../../../etc", "file:///tmp#/../../etc",
    "s3://bucket/../..",
    "dbfs:/etc", "ftp://host/etc", "gs://b/x", "data:text/html,x", "javascript:alert(1)", "jar:file:/etc",
    "x" * 5000,
    "http://[::1", "mlflow-artifacts://a@b:c/x", "sqlite:///x", "file:///proc/self", "\x00/etc",
    "file:///etc%00",
]  # fmt: skip


@pytest.mark.parametrize("location", LOCATIONS)
def test_no_location_leads_to_what_lies_outside(scene: Scene, location: str) -> None:
    given = location.format(files=scene.files, run=scene.run, other=scene.other, experiment=scene.experiment)
    made = scene.raw.send("POST", f"{API}/experiments/create", {"name": "trap", "artifact_location": given})
    assert made.status in (200, 400), made
    if made.status == 400:
        assert json.loads(made.body)["error_code"] == "INVALID_PARAMETER_VALUE"
        return
    experiment = json.loads(made.body)["experiment_id"]
    run = scene.client.run(experiment)
    model = scene.client.post("logged-models", experiment_id=experiment, name="m")["model"]["info"][
        "model_id"
    ]
    told_root = scene.client.get("runs/get", run_id=run)["run"]["info"]["artifact_uri"]
    inside = urlsplit(told_root).path.lstrip("/")
    for path in ("", "secret.txt", "passwd", "environ"):
        for method, address, body in (
            ("GET", f"{API}/artifacts/list?{urlencode({'run_id': run, 'path': path})}", None),
            ("GET", f"/get-artifact?{urlencode({'run_id': run, 'path': path})}", None),
            ("GET", f"{API}/logged-models/{model}/artifacts/directories", None),
            (
                "GET",
                f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files?artifact_file_path={path}",
                None,
            ),
            ("GET", f"{PROXY}/artifacts/{quote(inside)}/{path}", None),
            ("GET", f"{PROXY}/artifacts?{urlencode({'path': f'{inside}/{path}'})}", None),
            ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=planted.txt", b"planted"),
            ("PATCH", f"{API}/logged-models/{model}", {"model_id": model, "status": "LOGGED_MODEL_READY"}),
        ):
            answer = scene.raw.send(method, address, body)
            assert answer.status < 500 or answer.status == 501, (address, answer)
            assert SECRET.encode() not in answer.body, (address, answer)
            assert b"root:" not in answer.body
            assert b'"secret.txt"' not in answer.body, (address, answer)
    after = scene.tree()
    assert {name: after.get(name) for name in scene.before} == scene.before
    assert not Path("/etc/planted.txt").exists()


@pytest.mark.parametrize(
    "location",
    [
        "mlflow-artifacts:/x#y", "file:///x#/../etc", "http://h/x;y", "mlflow-artifacts:/x?a=/../..", "runs:/x",
        "mlflow-artifacts:/x?a=%2e%2e", "mlflow-artifacts:/x?a=%252e%252e", "s3://b/x#", "x" * 3000,
    ],
)  # fmt: skip
def test_tricks_in_a_location_are_refused(client: Client, location: str) -> None:
    refused = client.refused("experiments/create", name="x", artifact_location=location)
    assert refused[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert client.post("experiments/search", max_results=10)["experiments"][0]["name"] == "Default"


class Listening:
    """A server that should never be spoken to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.heard = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.heard += 1
            connection.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def listening() -> Iterator[Listening]:
    server = Listening()
    yield server
    server.close()


def test_nothing_is_ever_fetched_from_where_a_stranger_says(client: Client, listening: Listening) -> None:
    """Neither a location nor a source makes the server speak to anybody."""
    where = listening.address
    locations = [
        f"http://{where}/x", f"https://{where}/x", f"mlflow-artifacts://{where}/x", f"ftp://{where}/x", f"sftp://{where}/x",
        f"hdfs://{where}/x", f"s3://{where}/x", f"wasbs://c@{where}/x", f"abfss://c@{where}/x", f"r2://b@{where}/x",
        f"http://{where}/api/2.0/mlflow-artifacts/artifacts/x", f"http://user:pass@{where}/x", f"//{where}/x",
    ]  # fmt: skip
    client.post("registered-models/create", name="m")
    for number, location in enumerate(locations):
        client.send("POST", "model-versions/create", json={"name": "m", "source": location})
        query = {"name": "m", "version": str(number + 1)}
        client.send("GET", "/model-versions/get-artifact", params=query | {"path": "x"})
        client.send("GET", "model-versions/get-download-uri", params=query)
        made = client.send(
            "POST", "experiments/create", json={"name": f"e{number}", "artifact_location": location}
        )
        if made.status_code != 200:
            continue
        experiment = made.json()["experiment_id"]
        run = client.run(experiment)
        model = client.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]["model_id"]
        client.send("GET", "artifacts/list", params={"run_id": run})
        client.send("GET", "/get-artifact", params={"run_id": run, "path": "x"})
        client.send("GET", f"logged-models/{model}/artifacts/directories")
        client.send(
            "PATCH", f"logged-models/{model}", json={"model_id": model, "status": "LOGGED_MODEL_READY"}
        )
        client.send("POST", "experiments/delete", json={"experiment_id": experiment})
    data = {
        "name": "d",
        "digest": "1",
        "source_type": "http",
        "source": json.dumps({"url": f"http://{where}/d.csv"}),
    }
    client.post("runs/log-inputs", run_id=client.run(), datasets=[{"dataset": data}])
    assert listening.heard == 0


@pytest.mark.parametrize("scheme", ["http", "https", "mlflow-artifacts"])
def test_clients_are_not_sent_elsewhere_with_their_credentials(client: Client, scheme: str) -> None:
    """MLflow's client sends its token along to wherever such a location leads."""
    refused = client.refused("experiments/create", name="x", artifact_location=f"{scheme}://evil.example/x")
    assert refused[:2] == (400, "INVALID_PARAMETER_VALUE")
    for host in ("evil.example", "localhost:5000"):
        answer = client.send(
            "POST",
            "experiments/create",
            json={"name": "x", "artifact_location": f"{scheme}://{host}/x"},
            headers={"host": host},
        )
        assert answer.status_code in (400, 403)


SOURCES = [
    "file:///etc", "/etc", "..", "../../etc", "runs:/../", "runs:/{other}/x", "runs:/{run}/../../{other}",
    "runs:/{run}/%2e%2e",
    "mlflow-artifacts:/{experiment}/{run}/artifacts/../../{other}/artifacts", "runs://host/{run}/x",
    "models:/../x",
    "mlflow-artifacts:/{experiment}/{other}/artifacts",
    "mlflow-artifacts:/{experiment}/{run}/artifacts%2f..%2f..%2f{other}",
    "mlflow-artifacts:/../{run}", "file:///{files}", "{files}",
    "http://h/api/2.0/mlflow-artifacts/artifacts/../../x",
    "http://h/#/../../../etc", "runs:/{run}/x#/../../{other}", "runs:/{run}/x?/../../{other}",
    "mlflow-artifacts:/x?..",
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_no_source_of_a_version_leads_to_other_files(scene: Scene, source: str) -> None:
    given = source.format(files=scene.files, run=scene.run, other=scene.other, experiment=scene.experiment)
    scene.client.post("registered-models/create", name="m")
    made = scene.client.send(
        "POST", "model-versions/create", json={"name": "m", "source": given, "run_id": scene.run}
    )
    assert made.status_code in DENIED | {200}, made.text
    if made.status_code != 200:
        return
    for path in ("secret.txt", "passwd", "../secret.txt", "x"):
        query = {"name": "m", "version": "1", "path": path}
        answer = scene.client.send("GET", "/model-versions/get-artifact", params=query)
        assert answer.status_code in DENIED, answer.text
        assert SECRET not in answer.text
        assert "root:" not in answer.text


# Unsafe deserialisation, and archives


class _Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


def test_what_a_model_holds_is_never_run(scene: Scene, tmp_path: Path) -> None:
    marker = tmp_path / "exploded"
    pickled = pickle.dumps(_Bomb(marker))
    command = f"touch {marker}"
    hostile = f"""!!python/object/apply:os.system ["{command}"]
artifact_path: !!python/object/new:os.system ["{command}"]
flavors:
  python_function:
    loader_module: os
    python_version: !!python/object/apply:subprocess.Popen [["touch", "{marker}"]]
  sklearn: {{pickled_model: model.pkl}}
signature:
  inputs: !!python/object/apply:os.system ["{command}"]
  outputs: '[{{"type": "!!python/name:os.system"}}]'
saved_input_example_info: !!python/object/apply:os.system ["{command}"]
a: &a ["x","x","x","x","x","x","x","x","x"]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
"""
    files = {
        "MLmodel": hostile.encode(),
        "conda.yaml": hostile.encode(),
        "python_env.yaml": hostile.encode(),
        "requirements.txt": f"; {command}\n--index-url http://evil\n$({command})".encode(),
        "input_example.json": pickled,
        "model.pkl": pickled,
        "python_model.pkl": pickled,
    }
    root = f"{PROXY}/artifacts/{scene.experiment}/models/{scene.model}/artifacts"
    for name, content in files.items():
        assert scene.client.send("PUT", f"{root}/{name}", content=content).status_code == 200
    body = {"model_id": scene.model, "status": "LOGGED_MODEL_READY"}
    assert scene.client.send("PATCH", f"logged-models/{scene.model}", json=body).status_code == 200
    for name, content in files.items():
        assert scene.client.send("GET", f"{root}/{name}").content == content
    assert scene.client.get(f"logged-models/{scene.model}")["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    assert not marker.exists()


def test_the_server_has_nothing_that_could_run_it() -> None:
    """No part of the server unpickles, evaluates, loads YAML or unpacks an archive that came from outside."""
    rooms = Path(lineal.__file__).parent
    dangerous = re.compile(
        r"^\s*(?:import|from) (?:pickle|cloudpickle|dill|joblib|marshal|shelve|yaml|tarfile|zipfile|subprocess)\b"
        r"|\b(?:eval|exec|unpack_archive|os\.system|extractall)\(",
        re.MULTILINE,
    )
    found = {
        path.relative_to(rooms).as_posix()
        for room in ("catalog", "graph", "protocols", "server", "store")
        for path in (rooms / room).rglob("*.py")
        if dangerous.search(path.read_text("utf-8"))
    }
    assert found == set()


def test_archives_are_files_like_others(scene: Scene) -> None:
    outside = io.BytesIO()
    with tarfile.open(fileobj=outside, mode="w:gz") as archive:
        entry = tarfile.TarInfo("../../../planted.txt")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"no"))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as packed:
        packed.writestr("../../../planted.txt", "no")
    for name, content in (("a.tar.gz", outside.getvalue()), ("a.zip", zipped.getvalue())):
        scene.put(scene.run, f"dir/{name}", content)
    listed = scene.client.get("artifacts/list", run_id=scene.run, path="dir")["files"]
    assert [each["path"] for each in listed] == ["dir/a.tar.gz", "dir/a.zip", "dir/mine.txt"]
    assert [name for name in scene.tree() if "planted" in name] == []


def test_a_compressed_body_is_unpacked_once_and_no_more(scene: Scene) -> None:
    """A bomb is written as it streams; a broken one leaves nothing."""
    import gzip

    url = f"{PROXY}/artifacts/{scene.experiment}/{scene.run}/artifacts/dir/z"
    answer = scene.raw.send("PUT", url, gzip.compress(b"x" * 1000)[:-9], content_encoding="gzip")
    assert answer.status == 400
    assert scene.raw.send("GET", url).status == 404


# Stored scripts, and headers out of names

SCRIPT = b"<html><script>alert(document.cookie)</script><svg onload=alert(1)>"


@pytest.mark.parametrize(
    "name",
    [
        "x.html",
        "x.htm",
        "x.svg",
        "x.xml",
        "x.xhtml",
        "x.js",
        "x.pdf",
        "x.mht",
        "x",
        "x.html.txt",
        "x.png",
        "MLmodel",
        "x.HTML",
    ],
)
def test_no_browser_runs_an_artifact(scene: Scene, name: str) -> None:
    scene.put(scene.run, name, SCRIPT)
    for address in (
        f"{PROXY}/artifacts/{scene.experiment}/{scene.run}/artifacts/{name}",
        f"/ajax-api/2.0/mlflow-artifacts/artifacts/{scene.experiment}/{scene.run}/artifacts/{name}",
        f"/get-artifact?run_uuid={scene.run}&path={name}",
    ):
        answer = scene.raw.send("GET", address)
        headers = {key.decode(): value.decode() for key, value in answer.headers}
        assert answer.body == SCRIPT
        assert headers["content-disposition"].startswith("attachment;"), headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("sandbox;")
        assert "allow-scripts" not in headers["content-security-policy"]


NAMES = [
    'a"b.txt', "a'b.txt", "a;filename=evil.exe", "a b.txt", "größe.txt", "数据.html", "a\u2028b.txt", "a%b.txt",
    'x"; filename="evil.html', "a,b.txt", "a=b.txt", "é" * 80, "<script>alert(1)</script>.html",
    "'><img src=x>", "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_name_becomes_a_header(scene: Scene, name: str) -> None:
    path = quote(name.replace("/", "_"), safe="")
    url = f"{PROXY}/artifacts/{scene.experiment}/{scene.run}/artifacts/{path}"
    put = scene.raw.send("PUT", url, b"x")
    assert put.status in (200, 400)
    answer = scene.raw.send("GET", url)
    values = [value.decode("latin-1") for key, value in answer.headers if key == b"content-disposition"]
    if put.status == 200:
        assert len(values) == 1
        plain = r"attachment; (filename=[A-Za-z0-9+._-]+|filename\*=UTF-8''[A-Za-z0-9%._~-]+)"
        assert re.fullmatch(plain, values[0]), values
    names = [key for key, _ in answer.headers]
    assert len(names) == len(set(names))
    listed = scene.raw.send("GET", f"{API}/artifacts/list?run_id={scene.run}")
    assert (b"content-type", b"application/json") in listed.headers


@pytest.mark.parametrize(
    "name", ["a%0d%0aSet-Cookie:%20x=1", "a%0aLocation:%20//evil", "a%0d%0a%0d%0a<script>", "a%e2%80%a8b%0d"]
)
def test_line_breaks_in_a_name_are_refused(scene: Scene, name: str) -> None:
    url = f"{PROXY}/artifacts/{scene.experiment}/{scene.run}/artifacts/{name}"
    for method in ("PUT", "GET", "DELETE"):
        answer = scene.raw.send(method, url, b"x" if method == "PUT" else None)
        assert answer.status == 400
        assert not {b"set-cookie", b"location"} & {key for key, _ in answer.headers}
        assert (b"content-type", b"application/json") in answer.headers


def test_line_breaks_in_a_host_reach_no_link(scene: Scene) -> None:
    body = {"path": "f", "num_parts": 1}
    url = f"{PROXY}/mpu/create/{scene.experiment}/{scene.run}/artifacts"
    answer = scene.raw.send("POST", url, body, x_forwarded_proto="https\r\nSet-Cookie: x=1")
    link = json.loads(answer.body)["credentials"][0]["url"]
    assert re.fullmatch(r"http://localhost:5000/[\w/.\-]+\?until=\d+&signature=[0-9a-f]+", link), link


# Somebody else's files through a path of one's own


class Shared:
    """Two experiments; ann may edit the first, and knows every id of the second."""

    def __init__(self, catalog: Catalog) -> None:
        settings = Settings(doors=("mlflow",), accounts="required")
        self.app, self.runner = build_app(catalog, settings), asyncio.Runner()
        local = catalog.session(LOCAL, "test")
        for name in ("owner", "ann"):
            catalog.accounts.add_user(local, name, "a long password")
        catalog.accounts.add_grant(local, Grant(0, "owner", "owner", "store"))
        self.owner, self.ann = self._caller(catalog, "owner"), self._caller(catalog, "ann")
        self.mine, self.theirs = (self._experiment(name) for name in ("mine", "theirs"))
        uuid = local.get(ByExternal("mlflow.experiment", self.mine["experiment"])).uuid
        catalog.accounts.add_grant(local, Grant(0, "ann", "editor", "entity", uuid))

    def _caller(self, catalog: Catalog, name: str) -> Caller:
        _, secret = catalog.accounts.add_token(catalog.session(LOCAL, "test"), name, "test")
        return Caller(self.app, self.runner, secret)

    def _experiment(self, name: str) -> dict[str, str]:
        experiment = self.owner.json("POST", f"{API}/experiments/create", body={"name": name})[
            "experiment_id"
        ]
        run = self.owner.json("POST", f"{API}/runs/create", body={"experiment_id": experiment})
        body = {"experiment_id": experiment, "name": "m"}
        model = self.owner.json("POST", f"{API}/logged-models", body=body)["model"]["info"]["model_id"]
        found = {"experiment": experiment, "run": run["run"]["info"]["run_id"], "model": model}
        for place in (f"{experiment}/{found['run']}", f"{experiment}/models/{model}"):
            self.owner.json("PUT", f"{PROXY}/artifacts/{place}/artifacts/f.txt", body=name.encode())
        self.owner.json("PUT", f"{PROXY}/artifacts/{experiment}/notes.txt", body=name.encode())
        return found

    def close(self) -> None:
        self.runner.close()
        self.app.close()


@pytest.fixture
def shared(catalog: Catalog) -> Iterator[Shared]:
    found = Shared(catalog)
    yield found
    found.close()


def detours(mine: dict[str, str], theirs: dict[str, str]) -> Iterator[str]:
    """Paths that begin with what is ann's and mean what is not."""
    run, model, own = theirs["run"], theirs["model"], mine["experiment"]
    for file in ("f.txt", "./f.txt", "/f.txt", "f.txt/"):
        yield f"{theirs['experiment']}/{run}/artifacts/{file}"
        yield f"{own}/{run}/artifacts/{file}"
        yield f"{own}/models/{model}/artifacts/{file}"
        yield f"{own}/./{run}/artifacts/{file}"
        yield f"{own}//{run}//artifacts//{file}"
        yield f"{own}/x/y/{run}/artifacts/{file}"
        yield f"workspaces/default/{own}/{run}/artifacts/{file}"
        yield f"{run}/artifacts/{file}"
    yield f"{theirs['experiment']}/notes.txt"
    yield f"./{theirs['experiment']}/notes.txt"
    yield f"{own}/../{theirs['experiment']}/notes.txt"
    yield f"{own}/%2e%2e/{theirs['experiment']}/notes.txt"
    yield f"{own}/{mine['run']}/artifacts/../../../{theirs['experiment']}/{run}/artifacts/f.txt"


def test_ann_reads_her_own(shared: Shared) -> None:
    place = f"{shared.mine['experiment']}/{shared.mine['run']}/artifacts"
    assert shared.ann.send(Request("GET", f"{PROXY}/artifacts/{place}/f.txt")).body == b"mine"
    assert shared.ann.send(Request("PUT", f"{PROXY}/artifacts/{place}/g.txt", body=b"new")).status == 200


def test_nobody_reads_or_changes_anothers_files_by_a_detour(shared: Shared) -> None:
    for path in detours(shared.mine, shared.theirs):
        address = quote(path)
        for request in (
            Request("GET", f"{PROXY}/artifacts/{address}"),
            Request("GET", f"{PROXY}/presigned/{address}"),
            Request("GET", f"{PROXY}/artifacts", {"path": path}),
            Request("GET", f"{PROXY}/artifacts", {"path": path.rpartition("/")[0]}),
            Request("PUT", f"{PROXY}/artifacts/{address}", body=b"changed"),
            Request("DELETE", f"{PROXY}/artifacts/{address}"),
            *(
                Request(
                    "POST",
                    f"{PROXY}/mpu/{step}/{address}",
                    body={"path": "f.txt", "num_parts": 1, "parts": [{"part_number": 1}]},
                )
                for step in ("create", "complete", "abort")
            ),
        ):
            answer = shared.ann.send(request)
            assert b"theirs" not in answer.body, (request, answer)
            assert b"f.txt" not in answer.body or answer.status >= 400, (request, answer)
            assert b"notes.txt" not in answer.body or answer.status >= 400, (request, answer)
    theirs = shared.theirs
    for place in (
        f"{theirs['experiment']}/{theirs['run']}/artifacts/f.txt",
        f"{theirs['experiment']}/models/{theirs['model']}/artifacts/f.txt",
        f"{theirs['experiment']}/notes.txt",
    ):
        assert shared.owner.send(Request("GET", f"{PROXY}/artifacts/{place}")).body == b"theirs"


def test_nobody_reads_anothers_files_by_id(shared: Shared) -> None:
    run, model = shared.theirs["run"], shared.theirs["model"]
    for request in (
        Request("GET", f"{API}/artifacts/list", {"run_id": run}),
        Request("GET", "/get-artifact", {"run_id": run, "path": "f.txt"}),
        Request("GET", "/get-artifact", {"run_uuid": run, "path": "f.txt"}),
        Request("GET", f"{API}/logged-models/{model}/artifacts/directories"),
        Request(
            "GET",
            f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files",
            {"artifact_file_path": "f.txt"},
        ),
        Request(
            "POST", "/ajax-api/2.0/mlflow/upload-artifact", {"run_uuid": run, "path": "f.txt"}, b"changed"
        ),
        Request("POST", f"{API}/artifacts/presigned-download-url", body={"run_id": run, "path": "f.txt"}),
        Request("POST", f"{API}/artifacts/presigned-upload-url", body={"run_id": run, "path": "f.txt"}),
        Request("POST", f"{API}/artifacts/presigned-upload-url", body={"model_id": model, "path": "f.txt"}),
    ):
        answer = shared.ann.send(request)
        assert answer.status == 404, (request, answer)
        assert b"theirs" not in answer.body


def test_a_location_that_means_anothers_run_gives_nothing(shared: Shared) -> None:
    """An experiment of one's own, whose artifacts are said to lie where those of another run are."""
    theirs = shared.theirs
    for number, root in enumerate(
        (
            f"mlflow-artifacts:/{theirs['experiment']}",
            f"mlflow-artifacts:/{theirs['experiment']}/{theirs['run']}/artifacts",
            f"mlflow-artifacts:/{theirs['experiment']}/{theirs['run']}/artifacts/x",
        )
    ):
        body = {"name": f"trap-{number}", "artifact_location": root}
        made = shared.ann.send(Request("POST", f"{API}/experiments/create", body=body))
        if made.status != 200:
            continue
        experiment = json.loads(made.body)["experiment_id"]
        run = shared.ann.json("POST", f"{API}/runs/create", body={"experiment_id": experiment})
        run = run["run"]["info"]["run_id"]
        listed = shared.ann.json("GET", f"{API}/artifacts/list", query={"run_id": run})
        assert "files" not in listed
        for path in ("f.txt", "../f.txt", f"../../{theirs['run']}/artifacts/f.txt"):
            answer = shared.ann.send(Request("GET", "/get-artifact", {"run_id": run, "path": path}))
            assert b"theirs" not in answer.body


def test_a_viewer_reads_and_does_not_write(shared: Shared, catalog: Catalog) -> None:
    local = catalog.session(LOCAL, "test")
    uuid = local.get(ByExternal("mlflow.experiment", shared.theirs["experiment"])).uuid
    catalog.accounts.add_grant(local, Grant(0, "ann", "viewer", "entity", uuid))
    catalog.changed_access()
    place = f"{shared.theirs['experiment']}/{shared.theirs['run']}/artifacts"
    assert shared.ann.send(Request("GET", f"{PROXY}/artifacts/{place}/f.txt")).body == b"theirs"
    body = {"path": "f.txt", "num_parts": 1, "parts": [{"part_number": 1}], "upload_id": "0" * 32}
    for request in (
        Request("PUT", f"{PROXY}/artifacts/{place}/f.txt", body=b"changed"),
        Request("DELETE", f"{PROXY}/artifacts/{place}/f.txt"),
        Request("DELETE", f"{PROXY}/artifacts/{place}"),
        *(
            Request("POST", f"{PROXY}/mpu/{step}/{place}", body=body)
            for step in ("create", "complete", "abort")
        ),
        Request(
            "POST",
            "/ajax-api/2.0/mlflow/upload-artifact",
            {"run_uuid": shared.theirs["run"], "path": "f.txt"},
            b"x",
        ),
        Request(
            "POST",
            f"{API}/artifacts/presigned-upload-url",
            body={"run_id": shared.theirs["run"], "path": "f"},
        ),
    ):
        assert shared.ann.send(request).status == 403, request
    assert shared.owner.send(Request("GET", f"{PROXY}/artifacts/{place}/f.txt")).body == b"theirs"


def test_a_link_to_a_part_gives_no_more_than_that_part(shared: Shared) -> None:
    """Whoever has the link may send the part without an account, and can do nothing else with it."""
    place = f"{shared.theirs['experiment']}/{shared.theirs['run']}/artifacts"
    upload = shared.owner.json("POST", f"{PROXY}/mpu/create/{place}", body={"path": "f.txt", "num_parts": 2})
    first, second = (urlsplit(each["url"]) for each in upload["credentials"])
    nobody = Caller(shared.app, shared.runner, "lineal_no_such_token")
    ticket = dict(pair.split("=") for pair in first.query.split("&"))
    assert nobody.send(Request("PUT", first.path, ticket, b"part")).status == 200
    assert nobody.send(Request("PUT", second.path, ticket, b"part")).status == 403
    assert nobody.send(Request("PUT", first.path, {}, b"part")).status == 403
    got = nobody.send(Request("GET", first.path, ticket))
    assert json.loads(got.body).keys() == {"etag", "size"}
    parts = [{"part_number": 1, "etag": json.loads(got.body)["etag"]}]
    mine = f"{shared.mine['experiment']}/{shared.mine['run']}/artifacts"
    body = {"path": "f.txt", "upload_id": upload["upload_id"], "parts": parts}
    assert shared.ann.send(Request("POST", f"{PROXY}/mpu/complete/{place}", body=body)).status == 404
    assert shared.ann.send(Request("POST", f"{PROXY}/mpu/complete/{mine}", body=body)).status == 404
    assert shared.owner.send(Request("GET", f"{PROXY}/artifacts/{place}/f.txt")).body == b"theirs"


def test_a_refusal_tells_no_more_than_it_must(scene: Scene) -> None:
    """No answer names a place on the server's disk."""
    for path in WAYS_OUT:
        for method, address, body in [*reading(scene, path), *writing(scene, path)]:
            answer = scene.raw.send(method, address, body)
            assert str(scene.files).encode() not in answer.body, (address, answer)
    refused = scene.client.send("GET", f"{PROXY}/artifacts/{scene.experiment}/{scene.run}/artifacts/none")
    assert told(refused) == (404, "RESOURCE_DOES_NOT_EXIST", "No such artifact: 'none'")
