"""Records out of MLflow's database, whatever version of MLflow made it: a table that is missing is an empty one."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lineal.connect import sql
from lineal.connect.mlflow.files import Folder, Roots
from lineal.connect.mlflow.records import (
    DEFAULT_WORKSPACE,
    Assessment,
    Dataset,
    DatasetInput,
    EvaluationDataset,
    Experiment,
    Measure,
    Model,
    Record,
    Registered,
    Run,
    Scorer,
    Tag,
    Trace,
    Version,
)
from lineal.connect.mlflow.source import BATCH, PIECE
from lineal.connect.mlflow.target import Owner
from lineal.connect.report import LeftOut
from lineal.graph.mlflow.names import MODEL_STATUS, RUN_NAME_TAG
from lineal.graph.mlflow.traces import COST_KEYS, COSTS, NAME_TAG, SESSION, TOKEN_KEYS, TOKEN_USAGE
from lineal.graph.model import ACTIVE, Point

LARGEST = 1.7976931348623157e308
"""What MLflow writes for infinity."""
GONE_STAGE = "Deleted_Internal"

_UNSUPPORTED = {
    "webhooks": ("webhooks", "make them anew with `lineal.Client().webhooks`; their secrets are encrypted"),
    "secrets": ("gateway secrets", "they are encrypted with a key of the old server"),
    "endpoints": ("gateway endpoints", "Lineal is no gateway"),
    "budget_policies": ("gateway budgets", "Lineal is no gateway"),
    "guardrails": ("guardrails", "Lineal is no gateway"),
    "jobs": ("jobs", "they belong to the old server"),
    "issues": ("issues", "Lineal has none"),
    "label_schemas": ("label schemas", "Lineal has none"),
    "review_queues": ("review queues", "Lineal has none"),
    "mcp_servers": ("MCP servers", "Lineal has no registry of them"),
    "skills": ("skills", "Lineal has no registry of them"),
    "online_scoring_configs": ("online scorings", "Lineal runs no scorers"),
}
_COUNTED = {
    "runs": "runs",
    "models": "logged_models",
    "registered": "registered_models",
    "traces": "trace_info",
    "evaluation data sets": "evaluation_datasets",
    "scorers": "scorers",
}


class DatabaseSource:
    """Everything in one database, as of the moment it was opened.

    Args:
        db: closed with the source.
        title: what people call it.
    """

    def __init__(self, db: sql.Database, title: str) -> None:
        self._db = db
        self.title = title

    @classmethod
    def open(cls, where: str) -> DatabaseSource:
        """Open a database by its URL, as MLflow takes it, for reading."""
        return cls(sql.connect(where), sql.title(where))

    def close(self) -> None:
        self._db.close()

    def counts(self) -> dict[str, int]:
        return {what: self._count(table) for what, table in _COUNTED.items()}

    def _count(self, table: str) -> int:
        if table not in self._db.columns:
            return 0
        [(count,)] = self._db.rows(f'SELECT COUNT(*) FROM "{table}"')
        return int(count)

    def left_out(self) -> list[LeftOut]:
        found = [LeftOut(what, self._count(table), why) for table, (what, why) in _UNSUPPORTED.items()]
        return [each for each in found if each.count]

    def holds(self, location: str, roots: Roots) -> bool:
        return roots.folder(location) is not None

    def folder(self, owner: Owner, location: str, roots: Roots) -> Folder | None:
        return roots.folder(location)

    # Reading tables

    def select(
        self, table: str, columns: Sequence[str], where: str = "", params: Sequence[Any] = ()
    ) -> Iterator[sql.Row]:
        """Rows of a table that may not be there, with NULL for columns that are not."""
        known = self._db.columns.get(table)
        if known is None:
            return iter(())
        chosen = ", ".join(f'"{each}"' if each in known else "NULL" for each in columns)
        return self._db.rows(f'SELECT {chosen} FROM "{table}" {where}', params)

    def among(
        self, table: str, columns: Sequence[str], key: str, ids: Sequence[Any], also: str = ""
    ) -> Iterator[sql.Row]:
        """The same for the rows whose key is one of these."""
        if not ids:
            return iter(())
        return self.select(table, columns, f'WHERE "{key}" IN ({_marks(ids)}) {also}', ids)

    def _order(self, table: str, *columns: str) -> str:
        """The clause that orders by those of the columns that there are."""
        known = self._db.columns.get(table, {})
        return "ORDER BY " + ", ".join(f'"{each}"' for each in columns if each in known)

    def _pairs(
        self, table: str, owner: str, ids: Sequence[Any], key: str = "key", value: str = "value"
    ) -> defaultdict[Any, dict[str, str]]:
        """Tags or parameters of each owner."""
        found: defaultdict[Any, dict[str, str]] = defaultdict(dict)
        for of, name, text in self.among(table, (owner, key, value), owner, ids):
            found[of][name] = text or ""
        return found

    def _ids(self, table: str, key: str, order: str) -> Iterator[list[Any]]:
        """Keys of a table, batch by batch. All are read first, since a database streams one answer at a time."""
        found = [row[0] for row in self.select(table, (key,), self._order(table, order, key))]
        for start in range(0, len(found), BATCH):
            yield found[start : start + BATCH]

    # Experiments

    def experiments(self) -> list[Experiment]:
        columns = (
            "experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time",
            "last_update_time", "workspace",
        )  # fmt: skip
        rows = list(self.select("experiments", columns, 'ORDER BY "experiment_id"'))
        tags = self._pairs("experiment_tags", "experiment_id", [row[0] for row in rows])
        return [
            Experiment(
                str(number), name, location or "", state or ACTIVE, created, updated, tags[number],
                workspace or DEFAULT_WORKSPACE,
            )
            for number, name, location, state, created, updated, workspace in rows
        ]  # fmt: skip

    # Runs

    def runs(self) -> Iterator[list[Run]]:
        for ids in self._ids("runs", "run_uuid", "start_time"):
            yield self.runs_of(ids)

    def runs_of(self, ids: Sequence[str]) -> list[Run]:
        """Those of the runs that are there."""
        columns = (
            "run_uuid", "experiment_id", "name", "user_id", "status", "start_time", "end_time",
            "lifecycle_stage", "artifact_uri",
        )  # fmt: skip
        found = {row[0]: _run(row) for row in self.among("runs", columns, "run_uuid", ids)}
        for number, values in self._pairs("params", "run_uuid", ids).items():
            found[number].params = values
        for number, values in self._pairs("tags", "run_uuid", ids).items():
            found[number].name = found[number].name or values.get(RUN_NAME_TAG, "")
            found[number].tags = {key: value for key, value in values.items() if key != RUN_NAME_TAG}
        self._add_latest(found)
        self._add_datasets(found)
        self._add_models(found)
        return [found[number] for number in ids if number in found]

    def _add_latest(self, runs: dict[str, Run]) -> None:
        columns = ("run_uuid", "key", "value", "timestamp", "step", "is_nan")
        for number, key, value, time, step, nan in self.among(
            "latest_metrics", columns, "run_uuid", list(runs)
        ):
            runs[number].latest[key] = Point(key, _value(value, nan), time or 0, step)

    def _add_datasets(self, runs: dict[str, Run]) -> None:
        if "inputs" not in self._db.columns or not runs:
            return
        rows = list(self._db.rows(_DATASETS.format(marks=_marks(runs)), list(runs)))
        tags: defaultdict[str, list[Tag]] = defaultdict(list)
        names = ("input_uuid", "name", "value")
        for number, key, value in self.among("input_tags", names, "input_uuid", [row[1] for row in rows]):
            tags[number].append(Tag(key, value))
        for run, number, *dataset in rows:
            runs[run].datasets.append(DatasetInput(Dataset(*dataset), tuple(tags[number])))

    def _add_models(self, runs: dict[str, Run]) -> None:
        """Models that runs read and made; MLflow before 3.0 knows none."""
        columns = ("source_id", "destination_id", "step", "destination_type")
        also = "AND destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT')"
        for run, model, step, kind in self.among("inputs", columns, "source_id", list(runs), also):
            if kind == "MODEL_INPUT":
                runs[run].read.append(model)
            else:
                runs[run].made.append((model, step or 0))

    def points(self, runs: Sequence[Run]) -> Iterator[tuple[Run, list[Point]]]:
        columns = ("run_uuid", "key", "value", "timestamp", "step", "is_nan")
        by_id = {run.id: run for run in runs}
        order = self._order("metrics", "run_uuid", "key", "step", "timestamp", "value")
        current, points = "", list[Point]()
        for number, key, value, time, step, nan in self.among(
            "metrics", columns, "run_uuid", list(by_id), order
        ):
            if number != current or len(points) >= PIECE:
                if points:
                    yield by_id[current], points
                current, points = number, []
            if nan or not -LARGEST < value < LARGEST:
                value = _value(value, nan)
            points.append(Point(key, value, time, step or 0))
        if points:
            yield by_id[current], points

    # Logged models

    def models(self) -> Iterator[list[Model]]:
        for ids in self._ids("logged_models", "model_id", "creation_timestamp_ms"):
            yield self.models_of(ids)

    def models_of(self, ids: Sequence[str]) -> list[Model]:
        """Those of the logged models that are there."""
        if not ids:
            return []
        columns = (
            "model_id", "experiment_id", "name", "artifact_location", "creation_timestamp_ms",
            "last_updated_timestamp_ms", "status", "status_message", "lifecycle_stage", "model_type",
            "source_run_id",
        )  # fmt: skip
        found = {row[0]: _model(row) for row in self.among("logged_models", columns, "model_id", ids)}
        params = self._pairs("logged_model_params", "model_id", ids, "param_key", "param_value")
        tags = self._pairs("logged_model_tags", "model_id", ids, "tag_key", "tag_value")
        measures: defaultdict[str, list[Measure]] = defaultdict(list)
        for number, key, value, time, step, nan, *of in self._db.rows(
            _MEASURES.format(marks=_marks(ids)), ids
        ):
            told = (each or "" for each in of)
            measures[number].append(Measure(key, _value(value, nan or value is None), time, step, *told))
        for number, model in found.items():
            model.params, model.tags, model.measures = params[number], tags[number], measures[number]
        return [found[number] for number in ids if number in found]

    # The registry

    def registered(self) -> Iterator[list[Registered]]:
        for names in self._ids("registered_models", "name", "creation_time"):
            # The same name in several workspaces comes once for each.
            yield self.registered_of(list(dict.fromkeys(names)))

    def registered_of(self, names: Sequence[str]) -> list[Registered]:
        """The models of these names that are there, in every workspace."""
        columns = ("workspace", "name", "creation_time", "last_updated_time", "description")
        found = {
            (workspace, name): Registered(
                name, created or 0, updated or 0, description or "", {}, {}, [], 0, workspace
            )
            for workspace, name, created, updated, description in self._in_workspaces(
                "registered_models", columns, names
            )
        }
        for key, tag, value in self._of_models("registered_model_tags", ("key", "value"), names):
            found[key].tags[tag] = value or ""
        for key, alias, version in self._of_models("registered_model_aliases", ("alias", "version"), names):
            found[key].aliases[alias] = version
        self._add_versions(found, names)
        return list(found.values())

    def _in_workspaces(self, table: str, columns: Sequence[str], names: Sequence[str]) -> Iterator[sql.Row]:
        for workspace, *rest in self.among(table, columns, "name", names):
            yield workspace or DEFAULT_WORKSPACE, *rest

    def _of_models(
        self, table: str, columns: Sequence[str], names: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        for workspace, name, *rest in self._in_workspaces(table, ("workspace", "name", *columns), names):
            yield (workspace, name), *rest

    def _add_versions(self, models: dict[tuple[str, str], Registered], names: Sequence[str]) -> None:
        columns = (
            "version", "creation_time", "last_updated_time", "description", "user_id", "current_stage",
            "source", "storage_location", "run_id", "run_link", "status", "status_message",
        )  # fmt: skip
        tags: defaultdict[Any, dict[str, str]] = defaultdict(dict)
        for key, version, tag, value in self._of_models(
            "model_version_tags", ("version", "key", "value"), names
        ):
            tags[key, version][tag] = value or ""
        for key, *row in self._of_models("model_versions", columns, names):
            model = models[key]
            model.last = max(model.last, row[0])
            if row[5] != GONE_STAGE:
                model.versions.append(version_of(row, tags[key, row[0]]))
        for model in models.values():
            model.versions.sort(key=lambda version: version.number)

    # Traces

    def traces(self) -> Iterator[list[Trace]]:
        for ids in self._ids("trace_info", "request_id", "timestamp_ms"):
            yield self.traces_of(ids)

    def traces_of(self, ids: Sequence[str]) -> list[Trace]:
        """Those of the traces that are there."""
        found = {row[0]: _trace(row) for row in self.among("trace_info", _TRACE, "request_id", ids)}
        for number, tags in self._pairs("trace_tags", "request_id", ids).items():
            found[number].tags = tags | found[number].tags
        for number, metadata in self._pairs("trace_request_metadata", "request_id", ids).items():
            found[number].metadata = metadata | found[number].metadata
        order = 'ORDER BY "trace_id", "start_time_unix_nano"'
        for number, content in self.among("spans", ("trace_id", "content"), "trace_id", ids, order):
            found[number].spans.append(_json(content))
        order = 'ORDER BY "created_timestamp"'
        for number, *row in self.among("assessments", ("trace_id", *_ASSESSMENT), "trace_id", ids, order):
            found[number].assessments.append(_assessment(row))
        self._add_links(found)
        return [found[number] for number in ids if number in found]

    def _add_links(self, traces: dict[str, Trace]) -> None:
        columns = ("source_id", "destination_type", "destination_id")
        also = "AND source_type = 'trace' ORDER BY \"destination_id\""
        for number, kind, other in self.among(
            "entity_associations", columns, "source_id", list(traces), also
        ):
            if kind == "run":
                traces[number].runs.append(other)
            elif kind == "prompt_version":
                traces[number].prompts.append(other)

    # Evaluation

    def evaluation_datasets(self) -> Iterator[EvaluationDataset]:
        for ids in self._ids("evaluation_datasets", "dataset_id", "created_time"):
            for number in ids:
                if (found := self.evaluation_dataset_of(number)) is not None:
                    yield found

    def evaluation_dataset_of(self, number: str) -> EvaluationDataset | None:
        """An evaluation data set, if it is there."""
        columns = (
            "dataset_id", "name", "created_time", "last_update_time", "created_by", "last_updated_by",
            "digest", "schema", "profile",
        )  # fmt: skip
        rows = list(self.among("evaluation_datasets", columns, "dataset_id", [number]))
        if not rows:
            return None
        row = rows[0]
        found = EvaluationDataset(
            *row[:2], *(each or 0 for each in row[2:4]), *(each or "" for each in row[4:])
        )
        found.tags = self._pairs("evaluation_dataset_tags", "dataset_id", [number])[number]
        also = "AND source_type = 'evaluation_dataset' AND destination_type = 'experiment'"
        linked = self.among("entity_associations", ("destination_id",), "source_id", [number], also)
        found.experiments = sorted(row[0] for row in linked)
        order = 'ORDER BY "created_time", "dataset_record_id"'
        records = self.among("evaluation_dataset_records", _RECORD, "dataset_id", [number], order)
        found.records = list(map(_record, records))
        return found

    def scorers(self) -> Iterator[Scorer]:
        columns = ("scorer_id", "experiment_id", "scorer_name")
        found = [Scorer(number, str(of), name) for number, of, name in self.select("scorers", columns)]
        columns = ("scorer_version", "serialized_scorer", "creation_time")
        for scorer in found:
            order = 'ORDER BY "scorer_version"'
            rows = self.among("scorer_versions", columns, "scorer_id", [scorer.id], order)
            scorer.versions = [(version, text, time or 0) for version, text, time in rows]
            yield scorer


_DATASETS = (
    "SELECT i.destination_id, i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source,"
    " d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id"
    " WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN ({marks})"
    " ORDER BY d.name, d.digest"
)
# A model's own table has 0 for NaN; the run's tells.
_MEASURES = (
    "SELECT m.model_id, m.metric_name, m.metric_value, m.metric_timestamp_ms, m.metric_step,"
    ' EXISTS (SELECT 1 FROM metrics r WHERE r."key" = m.metric_name AND r.timestamp = m.metric_timestamp_ms'
    " AND r.step = m.metric_step AND r.run_uuid = m.run_id AND r.is_nan AND m.metric_value = 0),"
    " m.run_id, m.dataset_name, m.dataset_digest FROM logged_model_metrics m WHERE m.model_id IN ({marks})"
    " ORDER BY m.model_id, m.metric_name, m.metric_step, m.metric_timestamp_ms, m.run_id"
)
_TRACE = (
    "request_id", "experiment_id", "timestamp_ms", "execution_time_ms", "status", "client_request_id",
    "request_preview", "response_preview", "trace_name", "session_id", *TOKEN_KEYS, *COST_KEYS,
)  # fmt: skip
_ASSESSMENT = (
    "assessment_id", "name", "assessment_type", "value", "error", "created_timestamp",
    "last_updated_timestamp", "source_type", "source_id", "run_id", "span_id", "rationale", "overrides",
    "valid", "assessment_metadata",
)  # fmt: skip
_RECORD = (
    "dataset_record_id", "inputs", "outputs", "expectations", "tags", "source", "created_time",
    "last_update_time", "created_by", "last_updated_by",
)  # fmt: skip


def _marks(values: Sequence[Any] | dict[str, Any]) -> str:
    return ", ".join("?" * len(values))


def _value(value: float | None, nan: Any) -> float:
    if nan or value is None:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else float(value)


def _json(value: Any) -> Any:
    """A JSON column, which some databases hand over as text."""
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value


def _run(row: sql.Row) -> Run:
    number, experiment, name, user, status, started, ended, state, location = row
    return Run(
        number, str(experiment), name or "", user or "", status or "RUNNING", started, ended,
        state or ACTIVE, location or "",
    )  # fmt: skip


def _model(row: sql.Row) -> Model:
    number, experiment, name, location, created, updated, status, message, state, kind, run = row
    return Model(
        number, str(experiment), name, location or "", created or 0, updated or 0,
        MODEL_STATUS.get(status, MODEL_STATUS[0]), message or "", state or ACTIVE, kind or "", run or "",
    )  # fmt: skip


def version_of(row: Sequence[Any], tags: dict[str, str]) -> Version:
    """A row of `model_versions` as a record; the logged model that it was made from is told by its source."""
    number, created, updated, description, user, stage, source, location, run, link, status, message = row
    model = (source or "").removeprefix("models:/") if (source or "").startswith("models:/m-") else ""
    return Version(
        number, created or 0, updated or 0, description or "", user or "", stage or "None", source or "",
        location if location and location != source else "", run or "", link or "", model, status or "READY",
        message or "", tags,
    )  # fmt: skip


def _trace(row: sql.Row) -> Trace:
    """A row of `trace_info`, which in newer databases has columns for some tags and metadata."""
    number, experiment, time, duration, status, client, request, response, name, session, *numbers = row
    tokens, costs = numbers[: len(TOKEN_KEYS)], numbers[len(TOKEN_KEYS) :]
    told = {SESSION: session, TOKEN_USAGE: _object(TOKEN_KEYS, tokens), COSTS: _object(COST_KEYS, costs)}
    return Trace(
        number, str(experiment), time, duration, status, client or "", request or "", response or "",
        {NAME_TAG: name} if name is not None else {},
        {key: value for key, value in told.items() if value is not None},
    )  # fmt: skip


def _object(keys: Sequence[str], values: Sequence[Any]) -> str | None:
    """Numbers as JSON text; None when there are none."""
    found = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
    return json.dumps(found) if found else None


def _assessment(row: Sequence[Any]) -> Assessment:
    number, name, kind, value, error, created, updated, *about = row
    source_type, source_id, run, span, rationale, overrides, valid, metadata = about
    return Assessment(
        number, name, kind, _json(value), _json(error), created, updated, source_type or "", source_id or "",
        run or "", span or "", rationale or "", overrides or "", bool(valid), _json(metadata) or {},
    )  # fmt: skip


def _record(row: Sequence[Any]) -> Record:
    number, inputs, outputs, expectations, tags, source, created, updated, created_by, updated_by = row
    return Record(
        number, _json(inputs), _unwrapped(_json(outputs)), _json(expectations), _json(tags) or {},
        _json(source), created or 0, updated or 0, created_by or "", updated_by or "",
    )  # fmt: skip


def _unwrapped(outputs: Any) -> Any:
    """Outputs, which MLflow keeps inside an object of its own; an empty one stands for none."""
    if isinstance(outputs, dict) and outputs.keys() == {"mlflow_wrapped"}:
        outputs = outputs["mlflow_wrapped"]
    return None if outputs == {} else outputs
