"""Databases of each kind and of several versions of MLflow."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.connect.mlflow.moving import everything, outcomes, take
from tests.connect.mlflow.tables import FIRST, LATER, OTHER, RUN, fill, make, sqlite_url

from lineal import Client
from lineal.connect import sql
from lineal.connect.errors import Outside
from lineal.connect.mlflow.database import DatabaseSource
from lineal.graph.errors import Invalid
from lineal.graph.model import Point


def opened(where: str) -> DatabaseSource:
    return DatabaseSource.open(where)


def test_an_early_database(database_url: str) -> None:
    make(database_url, FIRST)
    source = opened(database_url)
    found = everything(source)
    source.close()
    assert set(found) == {"experiment 0", "experiment 7", f"run {RUN}", f"run {OTHER}", f"points {RUN}"}
    assert found[f"run {RUN}"].name == "first"
    assert "mlflow.runName" not in found[f"run {RUN}"].tags
    assert found[f"run {RUN}"].tags["why"] == "ünïcode 'quoted' \"twice\" \\ %s ?"
    assert found["experiment 7"].state == "deleted"
    assert {point.step for point in found[f"points {RUN}"]} == {0}


def test_a_database_of_mlflow_1_with_a_registry(database_url: str, local: Client) -> None:
    make(database_url, LATER)
    source = opened(database_url)
    report = take(source, local)
    source.close()
    assert outcomes(report)["runs"] == {"new": 2}
    assert report.complete
    run = local.get(f"mlflow.run:{RUN}")
    assert (run.name, run.owner, run.started, run.ended) == ("first", "ada", 1000, 2000)
    assert run.properties["param.rate"] == "0.1"
    assert local.series(run, "loss") == [Point("loss", 0.5, 10, 0), Point("loss", 0.25, 20, 1)]
    odd = local.series(run, "odd")
    assert odd[0] == Point("odd", -math.inf, 10, -5)
    assert math.isnan(odd[1].value)
    assert local.get(f"mlflow.run:{OTHER}").state == "deleted"
    model = local.get("name:model:default/churn")
    assert model.properties["last_version"] == 3
    version = local.get(f"mlflow.model_version:{model.uuid}/2")
    assert version.properties["stage"] == "Production"
    assert version.properties["tag.n"] == "2"
    assert {node.name for node in local.lineage(f"mlflow.run:{OTHER}", direction="down").nodes} >= {"churn/2"}


def test_what_an_import_cannot_take_is_told(tmp_path: Path, local: Client) -> None:
    where = sqlite_url(tmp_path)
    make(where, LATER | {"webhooks": "webhook_id VARCHAR(256) PRIMARY KEY, url VARCHAR(500)"})
    fill(where, {"webhooks": [{"webhook_id": "w", "url": "https://secret.example.com"}]})
    report = take(opened(where), local)
    [left] = report.left_out
    assert (left.what, left.count) == ("webhooks", 1)
    assert "example.com" not in left.why


def test_points_of_one_run_come_together_however_many(
    tmp_path: Path, local: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineal.connect.mlflow.database.PIECE", 3)
    where = sqlite_url(tmp_path)
    make(where, LATER)
    metrics = [
        {"key": "many", "value": step, "timestamp": step, "run_uuid": RUN, "step": step, "is_nan": 0}
        for step in range(10)
    ]
    fill(where, {"metrics": metrics})
    take(opened(where), local)
    assert [point.step for point in local.series(f"mlflow.run:{RUN}", "many")] == list(range(10))


def test_text_that_is_not_utf8_is_taken_as_far_as_it_goes(tmp_path: Path, local: Client) -> None:
    import sqlite3

    where = sqlite_url(tmp_path)
    make(where, LATER)
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("INSERT INTO params VALUES ('bytes', CAST(x'41FF42' AS TEXT), ?)", (RUN,))
    take(opened(where), local)
    assert local.get(f"mlflow.run:{RUN}").properties["param.bytes"] == "A\ufffdB"


def test_reading_changes_nothing(tmp_path: Path) -> None:
    where = sqlite_url(tmp_path)
    make(where, LATER)
    before = (tmp_path / "mlflow.db").read_bytes()
    everything(opened(where))
    assert (tmp_path / "mlflow.db").read_bytes() == before
    with pytest.raises(Outside, match="readonly"):
        sql.connect(where).many("DELETE FROM runs", [()])


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("sqlite:////nowhere/mlflow.db", "there is no database /nowhere/mlflow.db"),
        ("mssql+pyodbc://host/db", "databases of the kind mssql are not supported"),
        ("postgresql://user:pa/ss:word@host/db", "malformed"),
    ],
)
def test_what_is_no_database(where: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as error:
        opened(where)
    assert "word@" not in str(error.value)


def test_a_server_that_is_away_and_its_password() -> None:
    with pytest.raises(Outside, match="the database says") as error:
        opened("postgresql://user:hush@127.0.0.1:1/db")
    assert "hush" not in str(error.value)
    assert (
        sql.title("postgresql+psycopg2://user:hush@host:5/db?sslkey=hush")
        == "postgresql+psycopg2://user@host:5/db"
    )


def test_missing_drivers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *more: object, **named: object) -> object:
        if name in ("pymysql", "psycopg"):
            raise ImportError(name)
        return real(name, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Invalid, match=r"pip install 'lineal\[mysql\]'"):
        opened("mysql://u@h/d")
    with pytest.raises(Invalid, match=r"pip install 'lineal\[postgres\]'"):
        opened("postgresql://u@h/d")
