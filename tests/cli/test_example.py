from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Lineal
from tests.client.serving import serving

from lineal import Client
from lineal.example.describe import Source, describe
from lineal.example.fill import NoExample, fill, find_python
from lineal.graph import errors

CHECKOUT = Path(__file__).resolve().parent.parent.parent / ".venv-clients" / "mlflow" / "bin" / "python"


@pytest.fixture
def mlflow_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the example find MLflow's client, or skips the test."""
    monkeypatch.chdir(CHECKOUT.parent.parent.parent.parent)
    try:
        find_python()
    except NoExample as error:
        pytest.skip(str(error))


def write_script(folder: Path, *lines: str) -> str:
    """A Python that, whatever script it is to run, does this instead."""
    script = folder / "python"
    script.write_text("\n".join([f"#!{sys.executable}", *lines]))
    script.chmod(0o755)
    return str(script)


@pytest.mark.clients
@pytest.mark.slow
def test_the_example_is_real(mlflow_python: None, lineal: Lineal, tmp_path: Path) -> None:
    with serving(tmp_path / "data", doors=()) as url, Client(url) as client:
        done = lineal("example", "--server", url, "--json")
        assert done.status == 0, done.err
        counts = client.counts()
        assert done.json == {"runs": counts["run"]}
        assert counts["experiment"] >= 5
        assert counts["run"] >= 15
        assert counts["logged_model"] == 15
        assert lineal("example", "--server", url).out.startswith("the store is not empty")
        _check_lineage(client)
        _check_curves(client)
        drawn = lineal("lineage", "breast_cancer.csv", "--direction", "down", "--server", url).out
        assert drawn.count("output breast_cancer-model logged_model ↳health data") == 3
        told = lineal("why", "diabetes: ridge", "--server", url).out
        assert "#age → member → …/diabetes_data_raw.csv.gz → input → diabetes: ridge" in told
        _check_warehouse(lineal, url)


def _check_lineage(client: Client) -> None:
    """The classification of the file, and of two columns of another, has reached what was made of them."""
    health = client.search(label="health data", kinds=["logged_model"])
    assert health.total == 7
    sensitive = client.search(label="personal data", kinds=["run"]).entities
    trained = {each.name.partition(":")[0] for each in sensitive if ":" in each.name}
    assert trained == {"breast_cancer", "diabetes", "risk"}
    [file] = client.search("breast_cancer", kinds=["dataset"]).entities
    assert file.owner == "W. H. Wolberg"
    below = client.lineage(file, direction="down")
    assert {each.kind for each in below.nodes} == {"dataset", "run", "logged_model"}


def _check_warehouse(lineal: Lineal, url: str) -> None:
    """One lineage leads from a file through SQL jobs and a training to the model that serves."""
    drawn = lineal("origin", "diabetes-risk@champion", "--server", url).out
    for step in (
        "risk: ridge run",
        "produces features",
        "input patients dataset",
        "diabetes_data_raw.csv.gz",
    ):
        assert step in drawn
    models = lineal("models", "--trained-on", "health data", "--server", url).lines
    assert models[0] == "diabetes-risk/1 serves as champion"
    assert any("diabetes_data_raw.csv.gz#bmi → derived → patients#bmi → derived" in line for line in models)
    impact = lineal("impact", "patients#sex", "--server", url).lines
    assert impact[2].startswith("progress_by_sex#sex")
    assert not any("champion" in line for line in impact)


def _check_curves(client: Client) -> None:
    [run] = client.search("breast_cancer: gradient boosting", kinds=["run"], limit=1).entities
    losses = [point.value for point in client.series(run, "test_loss")]
    assert len(losses) == 60
    assert losses[-1] < losses[0]


def test_describing_twice_alters_nothing(tmp_path: Path) -> None:
    columns = [{"name": name, "type": "float64"} for name in ("age", "sex", "bmi")]
    sources = [
        Source("diabetes", "/data/diabetes.csv", 442, columns),
        Source("iris", "/data/iris.csv", 150, []),
    ]
    with Client(tmp_path / "data") as client:
        describe(client, sources)
        newest = client.changes()[-1].commit
        describe(client, sources)
        assert client.changes(newest) == []
        assert client.counts() == {"column": 3, "dataset": 2, "person": 2}
        labels = client.get("name:dataset:file/%2Fdata%2Fdiabetes.csv").labels
        assert {each.name for each in labels} == {"health data", "personal data"}


def test_without_mlflow_the_way_out_is_told(
    lineal: Lineal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEAL_EXAMPLE_PYTHON", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with serving(tmp_path / "data") as url:
        told = lineal("example", "--server", url)
    assert told.status == 1
    assert told.err.endswith("pip install 'lineal[example]'\n")


def test_a_failing_script_is_one_line(
    lineal: Lineal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = write_script(tmp_path, "print('noise'); raise SystemExit('no room\\nthe disk is full')")
    monkeypatch.setenv("LINEAL_EXAMPLE_PYTHON", python)
    with serving(tmp_path / "data") as url:
        told = lineal("example", "--server", url)
    assert (told.status, told.err) == (1, "error: training failed: the disk is full\n")


def test_progress_and_sources_are_read_from_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = {"name": "iris", "path": "/data/iris.csv", "rows": 150, "columns": []}
    told = [{"done": 1, "total": 2}, {"done": 2, "total": 2}, {"sources": [source]}]
    lines = [f"print({json.dumps(json.dumps(each))})" for each in told]
    environment = "from os import environ; assert environ['MLFLOW_TRACKING_TOKEN'] == 'secret'"
    environment += "; assert 'MLFLOW_X' not in environ"
    monkeypatch.setenv("LINEAL_EXAMPLE_PYTHON", write_script(tmp_path, environment, "print('noise')", *lines))
    monkeypatch.setenv("MLFLOW_X", "elsewhere")
    seen: list[tuple[int, int]] = []
    with serving(tmp_path / "data") as url, Client(url) as client:
        fill(client, lambda done, total: seen.append((done, total)), "secret")
        assert client.get("name:dataset:file/%2Fdata%2Firis.csv").properties["rows"] == 150
    assert seen == [(1, 2), (2, 2)]


def test_in_process_there_is_nothing_for_mlflow_to_speak_to(tmp_path: Path) -> None:
    with Client(tmp_path / "data") as client, pytest.raises(errors.Invalid, match="needs a running server"):
        fill(client, lambda done, total: None)
