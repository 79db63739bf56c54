"""Records out of Lineal, whoever wrote them, into folders and databases."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

import pytest
from tests.connect.mlflow.memory import MemorySource
from tests.connect.mlflow.moving import everything, move, outcomes, take
from tests.connect.mlflow.tables import LATER, execute, fill, make, sqlite_url
from tests.connect.mlflow.test_import import R1, R2, curve, run, whole

from lineal import Client
from lineal.connect import sql
from lineal.connect.mlflow.database import DatabaseSource
from lineal.connect.mlflow.database_target import DatabaseTarget
from lineal.connect.mlflow.folder import FolderSource
from lineal.connect.mlflow.folder_target import FolderTarget
from lineal.connect.mlflow.lineal_source import LinealSource
from lineal.connect.mlflow.places import open_source, open_target
from lineal.connect.mlflow.records import Dataset, DatasetInput, Experiment, Run
from lineal.connect.report import Report
from lineal.graph.errors import Invalid
from lineal.graph.model import Point

TABLES = {
    "experiments": "experiment_id INTEGER PRIMARY KEY, name VARCHAR(256), artifact_location VARCHAR(256),"
    " lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT",
    **{table: columns for table, columns in LATER.items() if table != "experiments"},
    "datasets": "dataset_uuid VARCHAR(36), experiment_id INTEGER, name VARCHAR(500), digest VARCHAR(36),"
    " dataset_source_type VARCHAR(36), dataset_source TEXT, dataset_schema TEXT,"
    " dataset_profile TEXT, PRIMARY KEY (experiment_id, name, digest)",
    "inputs": "input_uuid VARCHAR(36), source_type VARCHAR(36), source_id VARCHAR(36), destination_type VARCHAR(36),"
    " destination_id VARCHAR(36), PRIMARY KEY (source_type, source_id, destination_type, destination_id)",
    "input_tags": "input_uuid VARCHAR(36), name VARCHAR(255), value VARCHAR(500), PRIMARY KEY (input_uuid, name)",
}


def empty(where: str) -> str:
    """A database as MLflow 2 sets it up."""
    make(where, TABLES)
    for table in LATER:
        execute(where, f'DELETE FROM "{table}"')
    return where


def export(client: Client, where: str, root: Path | None = None) -> Report:
    target = DatabaseTarget(where, root)
    try:
        return move(LinealSource(client), target)
    finally:
        target.close()


def study() -> MemorySource:
    """What fits into any database of MLflow's."""
    data = DatasetInput(Dataset("frame", "1", "s3", '{"uri": "s3://lake/frame.csv"}'))
    runs = [
        run(datasets=[data], params={"rate": "ü" * 200}, tags={"a": "1"}),
        run(R2, state="deleted", ended=None),
    ]
    points = {R1: [*curve(0, 1, 2), Point("odd", math.nan, 5, 5), Point("odd", -math.inf, 4, 4)]}
    return MemorySource(
        [Experiment("7", "study", created=5, updated=6, tags={"t": "1"})],
        [_in(each) for each in runs],
        points,
    )


def _in(each: Run) -> Run:
    each.experiment = "7"
    return each


def test_what_was_imported_comes_out_again(database_url: str, local: Client) -> None:
    take(study(), local)
    first = export(local, empty(database_url))
    with closing(DatabaseSource.open(database_url)) as source:
        found = everything(source)
    assert first.complete
    assert found["experiment 7"].tags == {"t": "1"}
    assert (found[f"run {R1}"].status, found[f"run {R1}"].tags) == ("FINISHED", {"a": "1"})
    assert found[f"run {R1}"].location == f"mlflow-artifacts:/7/{R1}/artifacts"
    assert found[f"run {R2}"].state == "deleted"
    points = sorted(map(str, found[f"points {R1}"]))
    assert points == sorted(map(str, study()._points[R1]))
    assert [each.dataset.digest for each in found[f"run {R1}"].datasets] == ["1"]
    again = export(local, database_url)
    assert {outcome for counted in outcomes(again).values() for outcome in counted} == {"same"}


def test_long_texts_are_cut_where_the_database_minds(database_url: str, local: Client) -> None:
    long = study()
    long._runs[0].params["rate"] = "ü" * 300
    take(long, local)
    report = export(local, empty(database_url))
    with closing(DatabaseSource.open(database_url)) as source:
        found = everything(source)
    cut = len(found[f"run {R1}"].params["rate"]) == 250
    assert cut == (not database_url.startswith("sqlite"))
    assert cut == any(problem.what == "texts" for problem in report.problems)


def test_the_newest_values_win(tmp_path: Path, local: Client) -> None:
    where = empty(sqlite_url(tmp_path))
    take(study(), local)
    export(local, where)
    later = study()
    later._runs[0].tags, later._runs[0].status = {"b": "2"}, "KILLED"
    take(later, local)
    report = export(local, where)
    assert outcomes(report)["runs"] == {"changed": 1, "same": 1}
    with closing(DatabaseSource.open(where)) as source:
        found = everything(source)[f"run {R1}"]
    assert (found.tags, found.status) == ({"b": "2"}, "KILLED")


def test_what_other_tools_made_gets_ids_of_mlflow(database_url: str, local: Client) -> None:
    experiment = local.put("experiment", "native")
    made = local.put("run", "of ours", home=experiment, properties={"param.rate": 0.1}, started=5)
    alone = local.put("run", "alone", started=6)
    local.log(made, {"loss": 1.0}, step=3)
    local.link(local.put("dataset", "/lake/x.csv", namespace="file"), "input", made)
    report = export(local, empty(database_url))
    assert report.complete
    with closing(DatabaseSource.open(database_url)) as source:
        found = everything(source)
    run = found[f"run {made.uuid}"]
    assert (run.experiment, run.params, run.status) == (str(experiment.id), {"rate": "0.1"}, "RUNNING")
    assert [point.value for point in found[f"points {made.uuid}"]] == [1.0]
    assert [each.dataset.name for each in run.datasets] == ["/lake/x.csv"]
    # MLflow knows no run without an experiment.
    assert (f"run {alone.uuid}" in found) == ("experiment 0" in found)


def test_ids_that_do_not_fit_or_are_taken_are_told(
    tmp_path: Path, local: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql._Sqlite, "largest_id", 2**31 - 1)
    where = empty(sqlite_url(tmp_path))
    fill(
        where,
        {
            "experiments": [
                {"experiment_id": 7, "name": "theirs", "lifecycle_stage": "active", "creation_time": 1}
            ]
        },
    )
    experiments = [Experiment("7", "ours", created=5), Experiment(str(10**17), "large", created=6)]
    experiments.append(Experiment("9", "theirs", created=7))
    take(MemorySource(experiments, [run()]), local)
    report = export(local, where)
    with closing(DatabaseSource.open(where)) as source:
        found = {each.name: each.id for each in source.experiments()}
    assert found == {"theirs": "7", "ours": "8", "large": "9", "theirs (9)": "10"}
    assert {problem.id for problem in report.problems if problem.what == "experiments"} >= {
        "7",
        str(10**17),
        "9",
    }
    assert {outcome for each in outcomes(export(local, where)).values() for outcome in each} == {"same"}


def test_artifacts_go_where_the_server_keeps_them(tmp_path: Path, local: Client) -> None:
    take(study(), local)
    local.upload(f"mlflow.run:{R1}", "deep/a.txt", b"hello")
    where = empty(sqlite_url(tmp_path))
    report = export(local, where, tmp_path / "root")
    assert outcomes(report)["artifacts"] == {"new": 1}
    assert (tmp_path / "root" / "7" / R1 / "artifacts" / "deep" / "a.txt").read_bytes() == b"hello"
    left = export(local, where)
    assert any(problem.what == "artifacts" for problem in left.problems)


def test_a_folder_and_back(local: Client, tmp_path: Path) -> None:
    take(whole(), local)
    local.upload(f"mlflow.run:{R1}", "a.txt", b"hello")
    target = FolderTarget(tmp_path / "mlruns")
    first = move(LinealSource(local), target)
    assert outcomes(first)["runs"] == {"new": 1}
    with Client(tmp_path / "other") as other:
        take(FolderSource(str(tmp_path / "mlruns")), other)
        before, after = everything(LinealSource(local)), everything(LinealSource(other))
        assert b"".join(other.read(f"mlflow.run:{R1}", "a.txt")) == b"hello"
    for left in ("data set d-1", "scorer s-1"):
        del before[left]
    before["registered churn"].last = after["registered churn"].last
    assert {key: str(value) for key, value in after.items()} == {
        key: str(value) for key, value in before.items()
    }
    second = move(LinealSource(local), FolderTarget(tmp_path / "mlruns"))
    assert outcomes(second)["runs"] == {"same": 1}
    assert {each.what for each in second.problems} == {"evaluation data sets", "scorers"}


def test_deleted_experiments_move_to_the_trash_and_back(local: Client, tmp_path: Path) -> None:
    for state in ("active", "deleted", "active"):
        take(MemorySource([Experiment("5", "study", created=5, updated=6, state=state)]), local)
        move(LinealSource(local), FolderTarget(tmp_path / "mlruns"))
        [found] = FolderSource(str(tmp_path / "mlruns")).experiments()
        assert found.state == state


def test_names_that_no_file_can_have_are_told(local: Client, tmp_path: Path) -> None:
    local.put("run", "bad", properties={"param.../../planted": "x"}, home=local.put("experiment", "e"))
    local.put(
        "run",
        "good",
        home=local.put("experiment", "e"),
        properties={"tag.text": "\x7f\u2028\ufeff: #'\"\n\t"},
    )
    local.put("model", "a%2f..")
    report = move(LinealSource(local), FolderTarget(tmp_path / "out" / "mlruns"))
    assert outcomes(report)["runs"] == {"failed": 1, "new": 1}
    assert outcomes(report)["registered"] == {"failed": 1}
    assert not list(tmp_path.rglob("planted"))
    found = everything(FolderSource(str(tmp_path / "out" / "mlruns")))
    assert "\x7f\u2028\ufeff: #'\"\n\t" in {
        text for each in found.values() if hasattr(each, "tags") for text in each.tags.values()
    }


def test_places(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="`mlflow db upgrade"):
        make(sqlite_url(tmp_path), {"something": "id INTEGER"})
        open_target(sqlite_url(tmp_path), None)
    with pytest.raises(Invalid, match="this is none of"):
        open_source("s3://bucket/mlruns")
    with pytest.raises(Invalid, match="this is none of"):
        open_target("dbfs://x", None)
