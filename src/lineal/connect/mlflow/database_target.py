"""Records into a database that MLflow has set up, ids and all: what its server itself would never let one choose.

Rows are put by their keys, so that doing it again changes nothing; a batch is in the database whole or not at all.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lineal.connect import sql
from lineal.connect.mlflow import judged
from lineal.connect.mlflow.copying import put_file, sizes
from lineal.connect.mlflow.database import GONE_STAGE, LARGEST, DatabaseSource
from lineal.connect.mlflow.records import (
    DEFAULT_WORKSPACE,
    EvaluationDataset,
    Experiment,
    Model,
    Registered,
    Run,
    Scorer,
    Trace,
    Version,
    same,
)
from lineal.connect.mlflow.target import EVERYTHING, Owner
from lineal.connect.report import Report
from lineal.graph.errors import Invalid
from lineal.graph.mlflow.names import DEFAULT_ROOT, MODEL_STATUS, RUN_NAME_TAG
from lineal.graph.mlflow.traces import LOCATION_TAG, SPANS_HERE, SPANS_TAG
from lineal.graph.model import ACTIVE, Point

_STATUS_NUMBER = {name: number for number, name in MODEL_STATUS.items()}
_TABLES = {
    "experiments": "experiments",
    "runs": "runs",
    "models": "logged_models",
    "registered": "registered_models",
    "traces": "spans",
    "evaluation data sets": "evaluation_datasets",
    "scorers": "scorers",
}


class DatabaseTarget:
    """A database of MLflow's.

    Args:
        where: its URL.
        root: the folder that the server will keep artifacts in; None leaves them behind.
        location: what the database says where that is: `mlflow-artifacts:` when the server hands them out.

    Raises:
        Invalid: MLflow has not set the database up.
    """

    def __init__(self, where: str, root: Path | None, location: str = DEFAULT_ROOT) -> None:
        self._db = sql.connect(where, write=True)
        self.title = sql.title(where)
        if "experiments" not in self._db.columns:
            self._db.close()
            raise Invalid(
                f"{self.title} holds no tables of MLflow's: `mlflow db upgrade {self.title}` makes them"
            )
        self.takes = frozenset(what for what, table in _TABLES.items() if table in self._db.columns)
        self.report = Report()
        for what in sorted(EVERYTHING - self.takes):
            self.report.problem(what, "all", "this version of MLflow's database has no place for them")
        self._there = DatabaseSource(self._db, self.title)
        self._root, self._location = root, location.rstrip("/")
        self._numbers: dict[str, int] = {}
        self._runs: set[str] = set()
        self._cut = 0

    def flush(self) -> None:
        self._db.commit()
        if self._cut:
            self.report.problem(
                "texts", str(self._cut), "they were longer than the database allows, and are cut"
            )
            self._cut = 0

    def close(self) -> None:
        self._db.close()

    def _insert(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], keys: Sequence[str] = ()
    ) -> None:
        """Put rows, without the columns that an older MLflow does not know; without a table there are none."""
        known = self._db.columns.get(table)
        if known is None:
            return
        places = [(place, known[name]) for place, name in enumerate(columns) if name in known]
        fitting = [tuple(self._fit(row[place], longest) for place, longest in places) for row in rows]
        if fitting:
            chosen = [columns[place] for place, _ in places]
            self._db.many(self._db.insertion(table, chosen, [key for key in keys if key in known]), fitting)

    def _clear(self, tables: Sequence[str], key: str, ids: Iterable[str]) -> None:
        """Remove what hangs off things that are written anew, so that what is gone there goes here, too."""
        rows = [(each,) for each in ids]
        for table in tables:
            if rows and table in self._db.columns:
                self._db.many(f'DELETE FROM "{table}" WHERE "{key}" = ?', rows)

    def _fit(self, value: Any, longest: int | None) -> Any:
        if longest is None or not isinstance(value, str) or len(value) <= longest:
            return value
        self._cut += 1
        return value[:longest]

    # Experiments

    def put_experiments(self, experiments: Sequence[Experiment]) -> None:
        there = {each.id: each for each in self._there.experiments()}
        by_name = {(each.workspace, each.name): each.id for each in there.values()}
        for experiment in experiments:
            workspace = self._workspace(experiment.workspace)
            number, name = self._place(experiment, workspace, there, by_name)
            self._numbers[experiment.id] = number
            location = experiment.location or f"{self._location}/{number}"
            record = msgspec.structs.replace(
                experiment, id=str(number), name=name, workspace=workspace, location=location
            )
            self._count("experiments", record, there.get(record.id))
            there[record.id], by_name[workspace, name] = record, record.id
            self._put_experiment(record)
        self._db.commit()

    def _workspace(self, namespace: str) -> str:
        """A workspace of that name if the server knows one, else the usual one."""
        known = {row[0] for row in self._there.select("workspaces", ("name",))}
        return namespace if namespace in known else DEFAULT_WORKSPACE

    def _place(
        self,
        experiment: Experiment,
        workspace: str,
        there: dict[str, Experiment],
        by_name: dict[tuple[str, str], str],
    ) -> tuple[int, str]:
        """The number and the name that an experiment gets: its own, unless they are taken or do not fit."""
        number, name = int(experiment.id), experiment.name
        for each in (name, f"{name} ({experiment.id})"):
            holder = there.get(by_name.get((workspace, each), ""))
            if holder is not None and _is_same(experiment, holder):
                return int(holder.id), each
            name = each
            if holder is None or holder.id == experiment.id:
                break
        if name != experiment.name:
            self.report.problem(
                "experiments", experiment.id, f"its name is taken there; it has become {name!r}"
            )
        taken = experiment.id in there and not _is_same(experiment, there[experiment.id])
        if taken or not 0 <= number <= self._db.largest_id:
            number = 1 + max((int(each) for each in there), default=0)
            self.report.problem(
                "experiments", experiment.id, f"its id is taken or too large; it is now {number}"
            )
        return number, name

    def _put_experiment(self, experiment: Experiment) -> None:
        row = (
            int(experiment.id), experiment.name, experiment.location, experiment.state, experiment.created,
            experiment.updated, experiment.workspace,
        )  # fmt: skip
        self._insert("experiments", _EXPERIMENT, [row], ["experiment_id"])
        tags = [(key, value, int(experiment.id)) for key, value in experiment.tags.items()]
        self._insert("experiment_tags", ("key", "value", "experiment_id"), tags, ("key", "experiment_id"))

    def _count(self, what: str, record: Any, there: Any) -> None:
        self.report.add(what, "new" if there is None else "same" if same(there, record) else "changed")

    # Runs

    def put_runs(self, runs: Sequence[Run]) -> list[Run]:
        known = [run for run in runs if run.experiment in self._numbers]
        records = [self._run_here(run) for run in known]
        there = {run.id: run for run in self._there.runs_of([run.id for run in records])}
        for record in records:
            self._count("runs", record, there.get(record.id))
        changed = [each.id for each in records if each.id in there and not same(there[each.id], each)]
        self._clear(("params", "tags", "latest_metrics"), "run_uuid", changed)
        self._insert("runs", _RUN, map(_run_row, records), ["run_uuid"])
        self._insert("params", _PAIR, _pairs_of(records, "params"), ("key", "run_uuid"))
        self._insert("tags", _PAIR, _tags_of(records), ("key", "run_uuid"))
        latest = ((run.id, point) for run in records for point in run.latest.values())
        self._insert("latest_metrics", _METRIC, (_metric_row(*each) for each in latest), ("key", "run_uuid"))
        self._put_datasets(records)
        self._put_model_links(records)
        self._runs.update(run.id for run in records)
        self._db.commit()
        return [
            run
            for run, record in zip(known, records, strict=True)
            if record.id not in there or not same(there[record.id], record)
        ]

    def _run_here(self, run: Run) -> Run:
        """A run as it will be in the database."""
        number = self._numbers[run.experiment]
        own = f"{self._location}/{number}/{run.id}/artifacts"
        return msgspec.structs.replace(
            run,
            experiment=str(number),
            location=run.location or own,
            datasets=sorted(run.datasets, key=lambda each: (each.dataset.name, each.dataset.digest)),
            read=sorted(run.read),
            made=sorted(run.made),
        )

    def _put_datasets(self, runs: Sequence[Run]) -> None:
        of = [(int(run.experiment), each) for run in runs for each in run.datasets]
        rows = {
            (experiment, each.dataset.name, each.dataset.digest): (
                _hash(str(experiment), each.dataset.name, each.dataset.digest),
                experiment,
                *msgspec.structs.astuple(each.dataset),
            )
            for experiment, each in of
        }
        self._insert("datasets", _DATASET, rows.values())
        numbers = self._dataset_numbers({experiment for experiment, *_ in rows})
        links, tags = [], []
        for run in runs:
            for each in run.datasets:
                number = numbers[int(run.experiment), each.dataset.name, each.dataset.digest]
                link = _hash(number, run.id)
                links.append((link, "DATASET", number, "RUN", run.id, 0))
                tags += [(link, tag.key, tag.value) for tag in each.tags]
        self._insert("inputs", _INPUT, links)
        self._insert("input_tags", ("input_uuid", "name", "value"), tags, ("input_uuid", "name"))

    def _dataset_numbers(self, experiments: Iterable[int]) -> dict[tuple[int, str, str], str]:
        columns = ("experiment_id", "name", "digest", "dataset_uuid")
        rows = self._there.among("datasets", columns, "experiment_id", list(experiments))
        return {(experiment, name, digest): number for experiment, name, digest, number in rows}

    def _put_model_links(self, runs: Sequence[Run]) -> None:
        rows = [
            (_hash(run.id, model), "RUN_INPUT", run.id, "MODEL_INPUT", model, 0)
            for run in runs
            for model in run.read
        ]
        rows += [
            (_hash(run.id, model, str(step)), "RUN_OUTPUT", run.id, "MODEL_OUTPUT", model, step)
            for run in runs
            for model, step in run.made
        ]
        self._insert("inputs", _INPUT, rows)

    def put_points(self, run: Run, points: Sequence[Point]) -> None:
        self.report.add("points", "new", len(points))
        self._insert("metrics", _METRIC, (_metric_row(run.id, point) for point in points))
        self._db.commit()

    # Logged models

    def put_models(self, models: Sequence[Model]) -> None:
        records = [self._model_here(model) for model in models if model.experiment in self._numbers]
        there = {model.id: model for model in self._there.models_of([model.id for model in records])}
        for record in records:
            self._count("models", record, there.get(record.id))
        changed = [each.id for each in records if each.id in there and not same(there[each.id], each)]
        self._clear(("logged_model_tags",), "model_id", changed)
        self._insert("logged_models", _MODEL, map(_model_row, records), ["model_id"])
        params = [
            (model.id, int(model.experiment), key, value)
            for model in records
            for key, value in model.params.items()
        ]
        tags = [
            (model.id, int(model.experiment), key, value)
            for model in records
            for key, value in model.tags.items()
        ]
        self._insert("logged_model_params", _MODEL_PARAM, params, ("model_id", "param_key"))
        self._insert("logged_model_tags", _MODEL_TAG, tags, ("model_id", "tag_key"))
        self._insert("logged_model_metrics", _MEASURE, self._measures(records))
        self._db.commit()

    def _model_here(self, model: Model) -> Model:
        number = self._numbers[model.experiment]
        own = f"{self._location}/{number}/models/{model.id}/artifacts"
        return msgspec.structs.replace(model, experiment=str(number), location=model.location or own)

    def _measures(self, models: Iterable[Model]) -> Iterator[tuple[Any, ...]]:
        """Rows of what was measured of models, as far as the run is known, which MLflow wants."""
        for model in models:
            for each in model.measures:
                if each.run in self._runs:
                    value, _ = _stored(each.value)
                    dataset = (each.dataset or None, each.digest or None)
                    place = int(model.experiment)
                    yield model.id, each.key, each.time, each.step, value, place, each.run, *dataset

    def put_links(self) -> None:
        """They came with the runs."""

    # The registry

    def put_registered(self, models: Sequence[Registered]) -> None:
        records = [self._registered_here(model) for model in models]
        there = {
            (each.workspace, each.name): each
            for each in self._there.registered_of([record.name for record in records])
        }
        for record in records:
            self._count("registered", record, there.get((record.workspace, record.name)))
        changed = [
            each.name for each in records if there.get((each.workspace, each.name)) not in (None, each)
        ]
        tables = ("registered_model_tags", "registered_model_aliases", "model_version_tags")
        self._clear(tables, "name", changed)
        self._put_models(records)
        self._put_versions(records)
        self._db.commit()

    def _registered_here(self, model: Registered) -> Registered:
        return msgspec.structs.replace(model, workspace=self._workspace(model.workspace))

    def _put_models(self, models: Sequence[Registered]) -> None:
        rows = [
            (each.name, each.created, each.updated, each.description or None, each.workspace)
            for each in models
        ]
        self._insert("registered_models", _REGISTERED, rows, ("workspace", "name"))
        tags = [
            (key, value, each.name, each.workspace) for each in models for key, value in each.tags.items()
        ]
        keys = ("workspace", "key", "name")
        self._insert("registered_model_tags", ("key", "value", "name", "workspace"), tags, keys)
        aliases = [
            (alias, number, each.name, each.workspace)
            for each in models
            for alias, number in each.aliases.items()
        ]
        keys = ("workspace", "name", "alias")
        self._insert("registered_model_aliases", ("alias", "version", "name", "workspace"), aliases, keys)

    def _put_versions(self, models: Sequence[Registered]) -> None:
        rows = [(model, version) for model in models for version in (*model.versions, *_gone(model))]
        keys = ("workspace", "name", "version")
        self._insert("model_versions", _VERSION, (_version_row(*each) for each in rows), keys)
        tags = [
            (key, value, model.name, version.number, model.workspace)
            for model, version in rows
            for key, value in version.tags.items()
        ]
        columns = ("key", "value", "name", "version", "workspace")
        self._insert("model_version_tags", columns, tags, ("workspace", "key", "name", "version"))

    # Traces and evaluation

    def put_traces(self, traces: Sequence[Trace]) -> None:
        records = [self._trace_here(trace) for trace in traces if trace.experiment in self._numbers]
        there = {trace.id: trace for trace in self._there.traces_of([trace.id for trace in records])}
        for record in records:
            self._count("traces", record, there.get(record.id))
        for table, columns, keys, rows in judged.trace_rows(
            records, "session_id" in self._db.columns["trace_info"]
        ):
            self._insert(table, columns, rows, keys)
        self._db.commit()

    def _trace_here(self, trace: Trace) -> Trace:
        number = self._numbers[trace.experiment]
        tags = trace.tags | {LOCATION_TAG: f"{self._location}/{number}/traces/{trace.id}/artifacts"}
        if trace.spans:
            tags[SPANS_TAG] = SPANS_HERE
        spans = sorted(trace.spans, key=lambda span: span["start_time_unix_nano"])
        return msgspec.structs.replace(
            trace, experiment=str(number), tags=tags, spans=spans, runs=sorted(trace.runs)
        )

    def put_evaluation_dataset(self, dataset: EvaluationDataset) -> None:
        numbers = sorted(str(self._numbers[each]) for each in dataset.experiments if each in self._numbers)
        rows = sorted(dataset.records, key=lambda row: row.id)
        record = msgspec.structs.replace(dataset, experiments=numbers, records=rows)
        there = self._there.evaluation_dataset_of(dataset.id)
        if there is not None:
            there.records.sort(key=lambda row: row.id)
        self._count("evaluation data sets", record, there)
        for table, columns, keys, values in judged.dataset_rows(record):
            self._insert(table, columns, values, keys)
        self._db.commit()

    def put_scorer(self, scorer: Scorer) -> None:
        if scorer.experiment not in self._numbers:
            return
        record = msgspec.structs.replace(scorer, experiment=str(self._numbers[scorer.experiment]))
        there = {(each.experiment, each.name): each for each in self._there.scorers()}
        known = there.get((record.experiment, record.name))
        self._count("scorers", record, known)
        if known is not None:
            record.id = known.id
        for table, columns, keys, rows in judged.scorer_rows(record):
            self._insert(table, columns, rows, keys)
        self._db.commit()

    # Files

    def location(self, owner: Owner) -> str:
        if self._root is None or owner.experiment not in self._numbers:
            return ""
        return f"{self._location}/{self._inner(owner)}"

    def _inner(self, owner: Owner) -> str:
        below = f"models/{owner.id}" if owner.kind == "logged_model" else owner.id
        return f"{self._numbers[owner.experiment]}/{below}/artifacts"

    def files(self, owner: Owner) -> dict[str, int]:
        return sizes(self._root, self._inner(owner))

    def put_file(self, owner: Owner, path: str, file: Path) -> None:
        put_file(self._root, f"{self._inner(owner)}/{path}", file)


_EXPERIMENT = (
    "experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time",
    "workspace",
)  # fmt: skip
_RUN = (
    "run_uuid", "name", "source_type", "source_name", "entry_point_name", "user_id", "status", "start_time",
    "end_time", "source_version", "lifecycle_stage", "artifact_uri", "experiment_id", "deleted_time",
)  # fmt: skip
_REGISTERED = ("name", "creation_time", "last_updated_time", "description", "workspace")
_VERSION = (
    "name", "version", "creation_time", "last_updated_time", "description", "user_id", "current_stage",
    "source", "run_id", "status", "status_message", "run_link", "storage_location", "workspace",
)  # fmt: skip
_PAIR = ("key", "value", "run_uuid")
_METRIC = ("key", "value", "timestamp", "run_uuid", "step", "is_nan")
_DATASET = (
    "dataset_uuid", "experiment_id", "name", "digest", "dataset_source_type", "dataset_source",
    "dataset_schema", "dataset_profile",
)  # fmt: skip
_INPUT = ("input_uuid", "source_type", "source_id", "destination_type", "destination_id", "step")
_MODEL = (
    "model_id", "experiment_id", "name", "artifact_location", "creation_timestamp_ms",
    "last_updated_timestamp_ms", "status", "lifecycle_stage", "model_type", "source_run_id", "status_message",
)  # fmt: skip
_MODEL_PARAM = ("model_id", "experiment_id", "param_key", "param_value")
_MODEL_TAG = ("model_id", "experiment_id", "tag_key", "tag_value")
_MEASURE = (
    "model_id", "metric_name", "metric_timestamp_ms", "metric_step", "metric_value", "experiment_id",
    "run_id", "dataset_name", "dataset_digest",
)  # fmt: skip


def _run_row(run: Run) -> tuple[Any, ...]:
    # MLflow's garbage collection asks when a run was deleted.
    deleted = None if run.state == ACTIVE else int(time.time() * 1000)
    return (
        run.id, run.name, "UNKNOWN", "", "", run.user, run.status, run.started, run.ended, "", run.state,
        run.location, int(run.experiment), deleted,
    )  # fmt: skip


def _model_row(model: Model) -> tuple[Any, ...]:
    return (
        model.id, int(model.experiment), model.name, model.location, model.created, model.updated,
        _STATUS_NUMBER.get(model.status, 0), model.state, model.type or None, model.run or None,
        model.message or None,
    )  # fmt: skip


def _gone(model: Registered) -> list[Version]:
    """The last number if its version is deleted, so that MLflow does not give it again."""
    if not model.last or any(version.number == model.last for version in model.versions):
        return []
    return [Version(model.last, model.updated, model.updated, stage=GONE_STAGE)]


def _version_row(model: Registered, version: Version) -> tuple[Any, ...]:
    return (
        model.name, version.number, version.created, version.updated, version.description or None,
        version.user or None, version.stage, version.source or None, version.run or None, version.status,
        version.message or None, version.run_link or None, version.location or version.source or None,
        model.workspace,
    )  # fmt: skip


def _pairs_of(runs: Iterable[Run], field: str) -> Iterator[tuple[str, str, str]]:
    for run in runs:
        for key, value in getattr(run, field).items():
            yield key, value, run.id


def _tags_of(runs: Sequence[Run]) -> Iterator[tuple[str, str, str]]:
    yield from _pairs_of(runs, "tags")
    yield from ((RUN_NAME_TAG, run.name, run.id) for run in runs if run.name)


def _metric_row(run: str, point: Point) -> tuple[Any, ...]:
    value, nan = _stored(point.value)
    return point.key, value, point.time, run, point.step, nan


def _stored(value: float) -> tuple[float, bool]:
    """A number as MLflow keeps it, and whether it stands for NaN."""
    if math.isnan(value):
        return 0.0, True
    return min(max(value, -LARGEST), LARGEST), False


def _hash(*parts: str) -> str:
    """An id made of other ones, always the same."""
    return hashlib.md5("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


def _is_same(experiment: Experiment, there: Experiment) -> bool:
    """Whether two experiments of one id are one: the one that every store has, or made at the same moment."""
    return experiment.id == there.id == "0" or experiment.created == there.created
