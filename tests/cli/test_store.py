from __future__ import annotations

import json
import tarfile
import urllib.request
from pathlib import Path

import pytest
from tests.cli.conftest import Lineal
from tests.client.serving import serving

from lineal import Client
from lineal.graph import errors


def test_backup_and_restore_elsewhere(lineal: Lineal, data: Path, tmp_path: Path) -> None:
    with Client(data) as client:
        client.upload("name:model:default/churn", "weights/w.bin", b"0" * 3_000_000)
    file, other = tmp_path / "all.tar", tmp_path / "other"
    assert lineal("backup", file, "--data", data).out.startswith(f"wrote {file}: the store and 1 files, 3,")
    assert lineal("restore", file, "--data", other).out == f"restored {file}: the store and 1 files\n"
    assert lineal("search", "--json", "--data", other).json == lineal("search", "--json", "--data", data).json
    with Client(other) as client:
        assert b"".join(client.read("name:model:default/churn", "weights/w.bin")) == b"0" * 3_000_000
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all.tar", "data", "other"]


def test_a_backup_without_files(lineal: Lineal, data: Path, tmp_path: Path) -> None:
    with Client(data) as client:
        client.upload("name:model:default/churn", "w.bin", b"0")
    assert lineal("backup", tmp_path / "a.tar", "--no-files", "--data", data, "--json").json["files"] == 0
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert archive.getnames() == ["lineal.json", "store"]


def test_backup_and_restore_while_serving(lineal: Lineal, data: Path, tmp_path: Path) -> None:
    with serving(data) as url, Client(url) as client:
        kept = client.put("dataset", "kept", properties={"rows": 1})
        assert lineal("backup", tmp_path / "a.tar", "--data", data).status == 0
        gone = client.put("dataset", "gone", namespace="namespace-gone", properties={"key-gone": 1})
        client.put("dataset", "kept", properties={"rows": 2})
        client.label(gone, "label-gone")
        assert lineal("restore", tmp_path / "a.tar", "--yes", "--data", data).status == 0
        assert client.get(kept).properties == {"rows": 1}
        with pytest.raises(errors.NotFound):
            client.get(gone)
        after = client.put("dataset", "after", namespace="namespace-new", properties={"key-new": 1})
        client.label(after, "label-new")
        read = client.get(after)
        assert (read.namespace, read.properties) == ("namespace-new", {"key-new": 1})
        assert [label.name for label in read.labels] == ["label-new"]
        assert client.search("", namespace="namespace-gone").total == 0


@pytest.mark.postgres
def test_a_backup_moves_a_store_to_postgresql(
    lineal: Lineal, data: Path, tmp_path: Path, postgres_url: str
) -> None:
    file, files = tmp_path / "all.tar", tmp_path / "files"
    with Client(data) as client:
        client.upload("name:model:default/churn", "w.bin", b"weights")
    assert lineal("backup", file, "--data", data).status == 0
    moved = lineal("restore", file, "--yes", "--store", postgres_url, "--blobs", files)
    assert moved.status == 0, moved.err
    assert lineal("check", "--store", postgres_url) == (0, "no damage found\n", "")
    assert lineal("upgrade", "--store", postgres_url).out == "the store is up to date\n"
    with serving(tmp_path / "other", store=postgres_url, blobs=str(files)) as url, Client(url) as client:
        assert client.search("orders").entities[0].owner == "ada"
        assert b"".join(client.read("name:model:default/churn", "w.bin")) == b"weights"
        assert [path.edges for path in client.why_label("name:model:default/churn", "personal data")] == [
            ["input", "output"]
        ]
    back = lineal("backup", tmp_path / "back.tar", "--store", postgres_url, "--blobs", files)
    assert back.status == 0, back.err
    assert lineal("restore", tmp_path / "back.tar", "--data", tmp_path / "sqlite").status == 0
    assert lineal("search", "--data", tmp_path / "sqlite").out == lineal("search", "--data", data).out


def test_restore_asks_before_it_replaces(lineal: Lineal, data: Path, tmp_path: Path) -> None:
    lineal("backup", tmp_path / "a.tar", "--data", data)
    with Client(data) as client:
        client.put("dataset", "newer")
    asked = lineal("restore", tmp_path / "a.tar", "--data", data)
    assert asked.status == 1
    with Client(data) as client:
        assert client.get("name:dataset:default/newer").name == "newer"


def test_backup_does_not_write_over_a_file(lineal: Lineal, data: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("precious")
    refused = lineal("backup", tmp_path / "a.tar", "--data", data)
    assert refused.status == 1
    assert "exists; choose a new name" in refused.err
    assert (tmp_path / "a.tar").read_text() == "precious"


def test_restore_refuses_what_is_no_backup(lineal: Lineal, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("no archive at all")
    refused = lineal("restore", tmp_path / "a.tar", "--data", tmp_path / "data")
    assert refused.status == 1
    assert "is not a backup that `lineal backup` wrote" in refused.err
    assert not (tmp_path / "data" / "lineal.db").exists()


def test_restore_refuses_a_damaged_store(lineal: Lineal, data: Path, tmp_path: Path) -> None:
    lineal("backup", tmp_path / "a.tar", "--no-files", "--data", data)
    content = bytearray((tmp_path / "a.tar").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = b"\xff" * 20_000
    (tmp_path / "a.tar").write_bytes(content)
    before = lineal("search", "--json", "--data", data).out
    refused = lineal("restore", tmp_path / "a.tar", "--yes", "--data", data)
    assert refused.status == 1
    assert refused.err.startswith("error: nothing was changed: ")
    assert f"{tmp_path / 'a.tar'} is" in refused.err
    assert lineal("search", "--json", "--data", data).out == before


def test_restore_never_leaves_its_folder(lineal: Lineal, data: Path, tmp_path: Path) -> None:
    lineal("backup", tmp_path / "a.tar", "--no-files", "--data", data)
    evil = tmp_path / "evil.txt"
    evil.write_text("evil")
    with tarfile.open(tmp_path / "a.tar", "a") as archive:
        archive.add(evil, "files/../../planted.txt")
    refused = lineal("restore", tmp_path / "a.tar", "--yes", "--data", tmp_path / "new" / "data")
    assert refused.status == 1
    assert "outside its folder" in refused.err
    assert not list(tmp_path.rglob("planted.txt"))


def test_check(lineal: Lineal, data: Path) -> None:
    assert lineal("check", "--data", data) == (0, "no damage found\n", "")
    assert lineal("check", "--data", data, "--json").json == []
    file = data / "lineal.db"
    content = bytearray(file.read_bytes())
    content[8192:60_000] = b"\xff" * (60_000 - 8192)
    file.write_bytes(content)
    damaged = lineal("check", "--data", data)
    assert damaged.status == 1
    assert damaged.out.strip().endswith("; restore the newest backup: lineal restore FILE")
    assert damaged.out.strip().endswith("; restore the newest backup: lineal restore FILE")


def test_upgrade(lineal: Lineal, data: Path) -> None:
    assert lineal("upgrade", "--data", data).out == "the store is up to date\n"
    assert json.loads(lineal("upgrade", "--data", data, "--json").out) == []


@pytest.mark.parametrize("command", ["backup all.tar", "check", "upgrade", "search"])
def test_a_data_folder_that_is_not_there(lineal: Lineal, tmp_path: Path, command: str) -> None:
    told = lineal(*command.split(), "--data", tmp_path / "nowhere")
    assert told.status == 1
    assert told.err.startswith(f"error: there is no data folder {tmp_path / 'nowhere'}; ")
    assert not (tmp_path / "nowhere").exists()


def test_files_in_s3(lineal: Lineal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.server import ThreadedMotoServer

    s3 = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    address = f"http://{host}:{port}"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    urllib.request.urlopen(urllib.request.Request(f"{address}/bucket", method="PUT")).close()
    try:
        with serving(tmp_path / "data", blobs="s3://bucket/lineal") as url, Client(url) as client:
            model = client.put("model", "churn")
            client.upload(model, "weights/w.bin", b"0" * 7_000_000)
            assert [(each.path, each.size) for each in client.files(model, "weights")] == [
                ("weights/w.bin", 7_000_000)
            ]
            assert b"".join(client.read(model, "weights/w.bin")) == b"0" * 7_000_000
        where = ("--data", tmp_path / "data", "--blobs", "s3://bucket/lineal")
        assert lineal("backup", tmp_path / "a.tar", *where, "--json").json["files"] == 0
    finally:
        s3.stop()
