"""`lineal import mlmd`, `lineal export mlmd`, and `lineal remove` of what came."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.cli.conftest import Lineal

from lineal import Client
from lineal.connect.mlmd import schema


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A database of MLMD's: two steps, one of which has written an artifact."""
    with sqlite3.connect(tmp_path / "mlmd.db") as connection:
        for statement in schema.statements():
            connection.execute(statement)
        connection.executescript("""
            INSERT INTO Type (id, name, type_kind) VALUES (10, 'Table', 1), (11, 'Step', 0);
            INSERT INTO Artifact (id, type_id, name, uri, create_time_since_epoch, last_update_time_since_epoch)
            VALUES (1, 10, 'sales', 's3://lake/sales', 1000, 1000);
            INSERT INTO Execution (id, type_id, name, create_time_since_epoch, last_update_time_since_epoch)
            VALUES (1, 11, 'extract', 1000, 2000), (2, 11, 'load', 1000, 2000);
            INSERT INTO Event VALUES (1, 1, 1, 4, 1500), (2, 7, 2, 3, 1500);
        """)
    connection.close()
    return f"sqlite:///{tmp_path}/mlmd.db"


def test_there_and_back(lineal: Lineal, source: str, tmp_path: Path) -> None:
    told = lineal("import", "mlmd", source, "--data", tmp_path / "data")
    assert told.status == 1, "an event of an artifact that is not there cannot be taken"
    assert ["artifacts", "1"] in [line.split() for line in told.lines]
    assert "7 of 2" in told.out
    with Client(tmp_path / "data") as client:
        up = client.lineage("mlmd.artifact.id:1", direction="up")
        assert {each.name for each in up.nodes} == {"sales", "extract"}
    out = tmp_path / "out.db"
    told = lineal("export", "mlmd", f"sqlite:///{out}", "--data", tmp_path / "data", "--json")
    assert told.json["moved"]["events"] == {"new": 1}
    with sqlite3.connect(out) as connection:
        assert connection.execute("SELECT name, uri FROM Artifact").fetchall() == [
            ("sales", "s3://lake/sales")
        ]
    connection.close()
    refused = lineal("export", "mlmd", str(out), "--data", tmp_path / "data")
    assert (refused.status, "already" in refused.err) == (1, True)


def test_remove(lineal: Lineal, source: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    lineal("import", "mlmd", source, "--data", data)
    old = ["--kind", "execution.Step", "--unchanged-for", "30"]
    assert lineal("remove", *old, "--dry-run", "--data", data).lines == ["would remove 2 entities"]
    assert lineal("remove", *old, "--where", "rows=3", "--data", data).lines == ["removed 0 entities"]
    assert lineal("remove", *old, "--data", data).lines == ["removed 2 entities"]
    assert lineal("remove", *old, "--data", data).lines == ["removed 0 entities"]
    assert lineal("remove", "mlmd.artifact.id:1", "--for-good", "--data", data).lines == [
        "removed 1 entity for good"
    ]
    with Client(data) as client:
        assert client.get("mlmd.execution.id:1").state == "deleted"
        assert not client.search("sales", kinds=["artifact.Table"]).entities


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "say what to remove"),
        (["sales", "--kind", "run"], "either REF"),
        (["--kind", "run", "--where", "x"], "KEY=VALUE"),
    ],
)
def test_what_cannot_be_removed(lineal: Lineal, tmp_path: Path, words: list[str], why: str) -> None:
    with Client(tmp_path / "data") as client:
        client.put("person", "ann")
    told = lineal("remove", *words, "--data", tmp_path / "data")
    assert (told.status, why in told.err) == (1, True)
