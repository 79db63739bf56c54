"""The folder `mlruns`, well-formed and not."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import pytest
from tests.connect.mlflow.moving import everything, outcomes, take

from lineal import Client
from lineal.connect.mlflow.files import Roots
from lineal.connect.mlflow.folder import FolderSource, load_yaml
from lineal.connect.mlflow.target import Owner
from lineal.graph.errors import Invalid

RUN = "a" * 32


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def mlruns(tmp_path: Path) -> Path:
    """Two experiments, of which one is in the trash, a run, and a registered model."""
    root = tmp_path / "mlruns"
    write(
        root / "5" / "meta.yaml",
        f"experiment_id: '5'\nname: study\nartifact_location: file://{root}/5\ncreation_time: 7\n",
    )
    write(root / "5" / "tags" / "team", "growth")
    write(
        root / "5" / RUN / "meta.yaml",
        f"run_id: {RUN}\nexperiment_id: '5'\nartifact_uri: file://{root}/5/{RUN}/artifacts\nstatus: 3\nstart_time: 10\n"
        "end_time: 20\nlifecycle_stage: active\nuser_id: ada\nrun_name: null\n",
    )
    write(root / "5" / RUN / "tags" / "mlflow.runName", "first")
    write(root / "5" / RUN / "params" / "deep" / "rate", "0.1")
    write(
        root / "5" / RUN / "metrics" / "train" / "loss",
        "10 0.5 0\n30 nan 2\n20 0.25 1 my data set d1\n5 -inf -3\n",
    )
    write(root / "5" / RUN / "metrics" / "old", "10 1.5\n")
    write(root / "5" / RUN / "artifacts" / "notes.txt", "hello")
    write(root / ".trash" / "6" / "meta.yaml", "experiment_id: 6\nname: gone\nlifecycle_stage: deleted\n")
    write(root / "models" / "churn" / "meta.yaml", "name: churn\ndescription: \"who: 'leaves'\"\n")
    write(
        root / "models" / "churn" / "version-3" / "meta.yaml",
        "version: 3\nsource: s3://b/m\ncurrent_stage: Production\n",
    )
    write(root / "models" / "churn" / "aliases" / "champion", "3")
    return root


def test_it_is_read(mlruns: Path) -> None:
    found = everything(FolderSource(str(mlruns)))
    run = found[f"run {RUN}"]
    assert (run.name, run.status, run.params, run.user) == ("first", "FINISHED", {"deep/rate": "0.1"}, "ada")
    assert found["experiment 6"].state == "deleted"
    assert found["experiment 5"].tags == {"team": "growth"}
    loss = [point for point in found[f"points {RUN}"] if point.key == "train/loss"]
    assert [(point.step, point.time) for point in loss] == [(-3, 5), (0, 10), (1, 20), (2, 30)]
    assert loss[0].value == -math.inf
    assert math.isnan(run.latest["train/loss"].value)
    model = found["registered churn"]
    assert (model.description, model.aliases, model.last) == ("who: 'leaves'", {"champion": 3}, 3)


def test_it_is_taken_with_its_artifacts(mlruns: Path, local: Client) -> None:
    report = take(FolderSource(f"file://{mlruns}"), local)
    assert report.complete
    assert outcomes(report)["artifacts"] == {"new": 1}
    assert b"".join(local.read(f"mlflow.run:{RUN}", "notes.txt")) == b"hello"


def test_one_that_was_moved_is_read_where_it_is(mlruns: Path, local: Client, tmp_path: Path) -> None:
    shutil.move(mlruns, tmp_path / "elsewhere")
    report = take(FolderSource(str(tmp_path / "elsewhere")), local)
    assert outcomes(report)["artifacts"] == {"new": 1}


def test_links_that_lead_out_are_not_followed(mlruns: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret", "secret")
    os.symlink(tmp_path / "secret", mlruns / "5" / RUN / "params" / "stolen")
    os.symlink(tmp_path, mlruns / "7")
    os.symlink("/etc", mlruns / "5" / RUN / "artifacts" / "etc")
    run = everything(FolderSource(str(mlruns)))[f"run {RUN}"]
    assert "stolen" not in run.params
    folder = FolderSource(str(mlruns)).folder(owner(), run.location, roots())
    assert folder is not None
    assert dict(folder.files()) == {"notes.txt": 5}


def owner() -> Owner:
    return Owner("run", "5", RUN)


def roots() -> Roots:
    return Roots([])


def test_what_cannot_be_read_is_told_and_left_out(mlruns: Path, local: Client) -> None:
    write(mlruns / "5" / ("b" * 32) / "meta.yaml", "a: [unclosed")
    write(mlruns / "5" / ("c" * 32) / "meta.yaml", "- a list\n")
    write(mlruns / "5" / ("d" * 32) / "meta.yaml", "status: 3\n")
    write(mlruns / "5" / ("d" * 32) / "metrics" / "m", "no number at all\n")
    report = take(FolderSource(str(mlruns)), local)
    assert outcomes(report)["runs"] == {"new": 1}
    assert [left.what for left in report.left_out] == [f"run {each * 32}" for each in "bcd"]
    assert local.get(f"mlflow.run:{RUN}").name == "first"


def test_yaml_is_plain() -> None:
    assert load_yaml("a: '1'\nb: [1, null]\n") == {"a": "1", "b": [1, None]}
    for text in ("a: &x [1]\nb: *x\n", "!!python/object/apply:os.system ['true']", "a: [", "!unknown x"):
        with pytest.raises(Invalid):
            load_yaml(text)


def test_what_is_no_folder_of_mlflow(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no folder of MLflow's"):
        FolderSource(str(tmp_path))
    with pytest.raises(Invalid, match="no folder of MLflow's"):
        FolderSource(str(tmp_path / "nowhere"))


def test_without_a_yaml_parser(mlruns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(Invalid, match=r"pip install 'lineal\[yaml\]'"):
        FolderSource(str(mlruns))
