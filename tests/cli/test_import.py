"""`lineal import` and `lineal export`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Lineal
from tests.client.serving import serving
from tests.connect.mlflow.tables import LATER, OTHER, RUN, make

from lineal import Client


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A database of MLflow's."""
    where = f"sqlite:///{tmp_path}/mlflow.db"
    make(where, LATER)
    return where


def test_import_into_a_new_folder_and_again(lineal: Lineal, source: str, tmp_path: Path) -> None:
    told = lineal("import", "mlflow", source, "--data", tmp_path / "data")
    assert told.status == 0, told.err
    assert told.lines[0].startswith(f"{source} → ")
    assert ["runs", "2"] in [line.split() for line in told.lines]
    again = lineal("import", "mlflow", source, "--data", tmp_path / "data", "--json")
    assert again.json["moved"]["runs"] == {"same": 2}
    with Client(tmp_path / "data") as client:
        assert client.get(f"mlflow.run:{RUN}").name == "first"


def test_import_into_a_server(lineal: Lineal, source: str, tmp_path: Path) -> None:
    with serving(tmp_path / "data") as url:
        assert lineal("import", "mlflow", source, "--server", url).status == 0
        with Client(url) as client:
            assert client.get(f"mlflow.run:{OTHER}").state == "deleted"
            # The server's own experiment of that id is the same one.
            assert client.get("mlflow.experiment:0").properties["tag.team"] == "growth"


def test_import_into_a_store(lineal: Lineal, source: str, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    told = lineal("import", "mlflow", source, "--store", store, "--blobs", tmp_path / "blobs")
    assert told.status == 0, told.err
    with Client(store) as client:
        assert client.get(f"mlflow.run:{RUN}").name == "first"


def test_what_was_not_taken_is_told_with_the_reason(lineal: Lineal, tmp_path: Path) -> None:
    where = f"sqlite:///{tmp_path}/mlflow.db"
    make(where, LATER | {"jobs": "id INTEGER"})
    from tests.connect.mlflow.tables import fill

    fill(where, {"jobs": [{"id": 1}], "params": [{"key": "a\0b", "value": "1", "run_uuid": RUN}]})
    told = lineal("import", "mlflow", where, "--data", tmp_path / "data")
    assert told.status == 1
    assert "they belong to the old server" in told.out
    assert f"runs  {RUN}" in " ".join(told.out.split()).replace(f"runs {RUN}", f"runs  {RUN}")


def test_export_and_back(lineal: Lineal, source: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert lineal("import", "mlflow", source, "--data", data).status == 0
    told = lineal("export", "mlflow", tmp_path / "mlruns", "--data", data)
    assert told.status == 0, told.err
    assert "MLflow keeps none in a folder" in told.out
    assert lineal("import", "mlflow", tmp_path / "mlruns", "--data", tmp_path / "other").status == 0
    with Client(tmp_path / "other") as client:
        assert [point.value for point in client.series(f"mlflow.run:{RUN}", "loss")] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("import mlflow nowhere", "is no folder of MLflow's"),
        ("import mlflow sqlite:///nowhere.db", "there is no database nowhere.db"),
        ("import mlflow http://127.0.0.1:1", "no answer from http://127.0.0.1:1"),
        ("import mlflow http://user:hush@127.0.0.1:1", "no answer from http://127.0.0.1:1"),
        ("export mlflow sqlite:///nowhere.db", "there is no database nowhere.db"),
    ],
)
def test_what_cannot_be_opened(lineal: Lineal, tmp_path: Path, words: str, error: str) -> None:
    told = lineal(*words.split(), "--data", tmp_path / "data")
    assert told.status == 1
    assert error in told.err
    assert "hush" not in told.err
    assert "lineal serve" not in told.err


def test_export_from_a_folder_that_is_not_there(lineal: Lineal, tmp_path: Path) -> None:
    told = lineal("export", "mlflow", tmp_path / "mlruns", "--data", tmp_path / "nowhere")
    assert told.status == 1
    assert "there is no data folder" in told.err
