"""SQL jobs that tell of themselves by OpenLineage, and a training by MLflow on what they wrote.

A table of patients is filled from a file that scikit-learn brings, features and a report are made of it by SQL, and a
model is trained on the features and serves. It is part of the training script and knows nothing of Lineal: events are
plain JSON over HTTP, as any producer sends them.
"""

from __future__ import annotations

import getpass
import json
import os
import sqlite3
import tempfile
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import Ridge

MODEL, ALIAS = "diabetes-risk", "champion"
_PRODUCER = "https://openlineage.io/producer/lineal-example"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACET = "https://openlineage.io/spec/facets/1-0-0/BaseFacet.json"
_COPIED, _MEAN = ("DIRECT", "IDENTITY"), ("DIRECT", "AGGREGATION")
_FILTER, _GROUP = ("INDIRECT", "FILTER"), ("INDIRECT", "GROUP_BY")

Way = tuple[str, str]
Columns = dict[str, dict[str, Way]]
"""For each column that is written, how columns that are read went into it."""


class Data(NamedTuple):
    """Where data is, as OpenLineage names it."""

    namespace: str
    name: str


class Job(NamedTuple):
    """A job that reads one thing and writes another."""

    name: str
    source: Data
    target: Data
    columns: Columns
    sql: str = ""


FEATURES_SQL = "SELECT bmi, bp, s5, target FROM patients WHERE age >= 18"
REPORT_SQL = "SELECT sex, AVG(target) AS progression FROM patients GROUP BY sex"


class Warehouse:
    """A database and a file of features, in a folder of the user's own that stays the same."""

    def __init__(self, uri: str, source: Path, frame: pd.DataFrame) -> None:
        """Say where to tell of the jobs, which file the patients come from, and who they are."""
        self._uri = uri
        self._frame = frame
        self._folder = Path(tempfile.gettempdir(), f"lineal-example-{getpass.getuser()}")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self.features = self._folder / "features.csv"
        self._database = self._folder / "hospital.db"
        where = f"sqlite://{self._database}"
        patients = Data(where, "patients")
        everyone = {str(name): {str(name): _COPIED} for name in frame.columns}
        chosen = {name: {name: _COPIED, "age": _FILTER} for name in ("bmi", "bp", "s5", "target")}
        grouped: Columns = {"sex": {"sex": _COPIED}, "progression": {"target": _MEAN, "sex": _GROUP}}
        report = Data(where, "progress_by_sex")
        self._load = Job("load patients", Data("file", str(source)), patients, everyone)
        self._choose = Job("features", patients, Data("file", str(self.features)), chosen, FEATURES_SQL)
        self._report = Job("report", patients, report, grouped, REPORT_SQL)

    def fill(self) -> None:
        """Run the three jobs."""
        self._run(self._load, lambda: self._write(self._frame, "patients"))
        self._run(self._choose, lambda: self._query(FEATURES_SQL).to_csv(self.features, index=False))
        self._run(self._report, lambda: self._write(self._query(REPORT_SQL), "progress_by_sex"))

    def _write(self, frame: pd.DataFrame, table: str) -> None:
        with closing(sqlite3.connect(self._database)) as database:
            frame.to_sql(table, database, index=False, if_exists="replace")

    def _query(self, sql: str) -> pd.DataFrame:
        with closing(sqlite3.connect(self._database)) as database:
            return pd.read_sql(sql, database)

    def _run(self, job: Job, work: Callable[[], Any]) -> None:
        with _told(self._uri, job):
            work()


def train(warehouse: Warehouse) -> None:
    """Train on the features and let the model serve."""
    mlflow.set_experiment("Diabetes risk")
    frame = pd.read_csv(warehouse.features)
    inputs, target = frame.drop(columns="target"), frame["target"]
    with mlflow.start_run(run_name="risk: ridge"):
        data = mlflow.data.from_pandas(
            frame, source=str(warehouse.features), name="features", targets="target"
        )
        mlflow.log_input(data, context="training")
        model = Ridge(alpha=0.5).fit(inputs, target)
        mlflow.log_metric("train_r2", float(model.score(inputs, target)))
        mlflow.sklearn.log_model(
            model,
            name="risk-model",
            signature=infer_signature(inputs, model.predict(inputs)),
            registered_model_name=MODEL,
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
    mlflow.MlflowClient().set_registered_model_alias(MODEL, ALIAS, "1")


@contextmanager
def _told(uri: str, job: Job) -> Iterator[None]:
    """Tell that a job begins, and how it ends."""
    run = str(uuid.uuid4())
    _send(uri, _event("START", run, job))
    try:
        yield
    except BaseException:
        _send(uri, _event("FAIL", run, job))
        raise
    _send(uri, _event("COMPLETE", run, job))


def _event(kind: str, run: str, job: Job) -> dict[str, Any]:
    facets = {"sourceCodeLocation": _facet(type="file", url=f"file://{__file__}", path=Path(__file__).name)}
    if job.sql:
        facets["sql"] = _facet(query=job.sql, dialect="sqlite")
    return {
        "eventType": kind,
        "eventTime": datetime.now(UTC).isoformat(),
        "producer": _PRODUCER,
        "schemaURL": _SPEC,
        "run": {"runId": run, "facets": {}},
        "job": {"namespace": "hospital", "name": job.name, "facets": facets},
        "inputs": [job.source._asdict()],
        "outputs": [{**job.target._asdict(), "facets": _written(job)}] if kind == "COMPLETE" else [],
    }


def _written(job: Job) -> dict[str, Any]:
    """The columns of what was written, and what each is made of."""
    fields = [{"name": name, "type": "double"} for name in job.columns]
    made = {name: {"inputFields": list(_made_of(job.source, ways))} for name, ways in job.columns.items()}
    return {"schema": _facet(fields=fields), "columnLineage": _facet(fields=made)}


def _made_of(source: Data, ways: dict[str, Way]) -> Iterator[dict[str, Any]]:
    for field, (kind, subtype) in ways.items():
        way = {"type": kind, "subtype": subtype, "description": "", "masking": False}
        yield {**source._asdict(), "field": field, "transformations": [way]}


def _facet(**parts: Any) -> dict[str, Any]:
    return {"_producer": _PRODUCER, "_schemaURL": _FACET, **parts}


def _send(uri: str, event: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(event).encode()
    urllib.request.urlopen(urllib.request.Request(f"{uri}/api/v1/lineage", body, headers), timeout=30)
