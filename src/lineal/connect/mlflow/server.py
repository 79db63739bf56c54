"""Records out of a running MLflow server, through its REST interface.

It tells less than its database: which logged models were deleted, and what else a client cannot ask for.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from lineal.connect.mlflow.database import LARGEST
from lineal.connect.mlflow.files import Folder, Roots, local_path
from lineal.connect.mlflow.folder import assessment_of, duration, moment
from lineal.connect.mlflow.records import (
    DEFAULT_WORKSPACE,
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
from lineal.connect.mlflow.rest import AJAX, API, API_3, Missing, Rest, segment
from lineal.connect.mlflow.source import BATCH
from lineal.connect.mlflow.target import Owner
from lineal.connect.report import LeftOut
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.mlflow.names import RUN_NAME_TAG
from lineal.graph.model import ACTIVE, Point

_PROMPT = "tags.`mlflow.prompt.is_prompt` = 'true'"
_BULK_RUNS, _BULK_POINTS = 100, 25_000
_THREADS = 8
_PROXY = "mlflow-artifacts:"


class ServerSource:
    """Everything that a server tells.

    Args:
        url: where it is.
    """

    def __init__(self, url: str) -> None:
        self._rest = Rest(url)
        self.title = self._rest.title
        self._experiments = self._all_experiments()
        self._pool = ThreadPoolExecutor(_THREADS, "mlflow")
        self._bulk = True

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def counts(self) -> dict[str, int]:
        return {}

    def left_out(self) -> list[LeftOut]:
        return []

    def _optional(
        self, method: str, path: str, asked: dict[str, Any], key: str
    ) -> Iterator[list[dict[str, Any]]]:
        """Pages of what an older server may not know, or refuses to tell of deleted experiments."""
        with contextlib.suppress(Missing, Invalid):
            yield from self._rest.pages(method, path, asked, key)

    # Experiments

    def _all_experiments(self) -> list[Experiment]:
        asked = {"max_results": 1000, "view_type": "ALL", "order_by": ["experiment_id ASC"]}
        pages = self._rest.pages("POST", f"{API}/experiments/search", asked, "experiments")
        return [_experiment(each) for page in pages for each in page]

    def experiments(self) -> list[Experiment]:
        return self._experiments

    # Runs

    def runs(self) -> Iterator[list[Run]]:
        for experiment in self._experiments:
            asked = {
                "experiment_ids": [experiment.id],
                "run_view_type": "ALL",
                "max_results": BATCH,
                "order_by": ["attributes.start_time ASC"],
            }
            for page in self._rest.pages("POST", f"{API}/runs/search", asked, "runs"):
                yield list(self._pool.map(self._whole, page)) if self._has_models else list(map(_run, page))

    @cached_property
    def _has_models(self) -> bool:
        """Whether there is any logged model."""
        asked = {"experiment_ids": [each.id for each in self._experiments], "max_results": 1}
        pages = self._optional("POST", f"{API}/logged-models/search", asked, "models")
        return any(next(pages, ()))

    def _whole(self, found: dict[str, Any]) -> Run:
        """A run with the models that it read, which a search does not tell."""
        asked = {"run_id": found["info"]["run_id"]}
        return _run(self._rest.get(f"{API}/runs/get", asked).get("run", found))

    def points(self, runs: Sequence[Run]) -> Iterator[tuple[Run, list[Point]]]:
        for start in range(0, len(runs), _BULK_RUNS):
            some = {run.id: run for run in runs[start : start + _BULK_RUNS]}
            having: defaultdict[str, list[str]] = defaultdict(list)
            for run in some.values():
                for key in run.latest:
                    having[key].append(run.id)
            for found in self._pool.map(self._history, having.values(), having):
                for number, points in found.items():
                    yield some[number], sorted(points, key=lambda point: (point.step, point.time))

    def _history(self, runs: Sequence[str], key: str) -> dict[str, list[Point]]:
        """One metric of several runs, asked for together if the server can and if it is not too much."""
        found: defaultdict[str, list[Point]] = defaultdict(list)
        if self._bulk and len(runs) > 1:
            asked = {"run_id": list(runs), "metric_key": key, "max_results": _BULK_POINTS}
            try:
                points = self._rest.get(f"{AJAX}/metrics/get-history-bulk", asked).get("metrics") or []
            except Missing:
                self._bulk, points = False, []
            if points and len(points) < _BULK_POINTS:
                for each in points:
                    found[each["run_id"]].append(_point(each))
                return found
        for run in runs:
            asked = {"run_id": run, "metric_key": key}
            for page in self._rest.pages("GET", f"{API}/metrics/get-history", asked, "metrics"):
                found[run] += map(_point, page)
        return found

    # Logged models

    def models(self) -> Iterator[list[Model]]:
        for experiment in self._experiments:
            asked = {"experiment_ids": [experiment.id], "max_results": 50}
            for page in self._optional("POST", f"{API}/logged-models/search", asked, "models"):
                yield [_model(each) for each in page]

    # The registry

    def registered(self) -> Iterator[list[Registered]]:
        path = f"{API}/registered-models/search"
        for asked in ({}, {"filter": _PROMPT}):
            with contextlib.suppress(Invalid):
                for page in self._rest.pages("GET", path, {"max_results": 100, **asked}, "registered_models"):
                    yield [self._registered(each, bool(asked)) for each in page]

    def _registered(self, found: dict[str, Any], prompt: bool) -> Registered:
        name = str(found["name"])
        quoted = f'"{name}"' if "'" in name else f"'{name}'"
        asked = {"filter": f"name={quoted}" + (f" AND {_PROMPT}" if prompt else ""), "max_results": 10_000}
        pages = self._rest.pages("GET", f"{API}/model-versions/search", asked, "model_versions")
        versions = [self._version(each, prompt) for page in pages for each in page]
        versions.sort(key=lambda version: version.number)
        return Registered(
            name,
            _number(found, "creation_timestamp"),
            _number(found, "last_updated_timestamp"),
            found.get("description", ""),
            _pairs(found, "tags"),
            {each["alias"]: int(each["version"]) for each in found.get("aliases", ())},
            versions,
            versions[-1].number if versions else 0,
        )

    def _version(self, found: dict[str, Any], prompt: bool) -> Version:
        source = found.get("source", "")
        asked = {"name": found["name"], "version": found["version"]}
        location = source
        if not prompt:
            with contextlib.suppress(NotFound, Invalid):
                told = self._rest.get(f"{API}/model-versions/get-download-uri", asked)
                location = told.get("artifact_uri", source)
        return Version(
            int(found["version"]),
            _number(found, "creation_timestamp"),
            _number(found, "last_updated_timestamp"),
            found.get("description", ""),
            found.get("user_id", ""),
            found.get("current_stage", "None"),
            source,
            location if location != source else "",
            found.get("run_id", ""),
            found.get("run_link", ""),
            source.removeprefix("models:/") if source.startswith("models:/m-") else "",
            found.get("status", "READY"),
            found.get("status_message", ""),
            _pairs(found, "tags"),
        )

    # Traces

    def traces(self) -> Iterator[list[Trace]]:
        for experiment in self._experiments:
            place = {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": experiment.id},
            }
            asked = {"locations": [place], "max_results": 100, "order_by": ["timestamp_ms ASC"]}
            for page in self._optional("POST", f"{API_3}/traces/search", asked, "traces"):
                yield list(self._pool.map(self._trace, page))

    def _trace(self, info: dict[str, Any]) -> Trace:
        trace = _trace(info)
        with contextlib.suppress(Missing, NotFound):
            asked = {"request_id": trace.id}
            found = self._rest.get(f"{AJAX}/get-trace-artifact", asked)
            trace.spans = found.get("spans") or []
        return trace

    # Evaluation

    def evaluation_datasets(self) -> Iterator[EvaluationDataset]:
        seen: set[str] = set()
        for experiment in self._experiments:
            asked = {"experiment_ids": [experiment.id], "max_results": 1000}
            for page in self._optional("POST", f"{API_3}/datasets/search", asked, "datasets"):
                for each in page:
                    if each["dataset_id"] not in seen:
                        seen.add(each["dataset_id"])
                        yield self._evaluation_dataset(each)

    def _evaluation_dataset(self, found: dict[str, Any]) -> EvaluationDataset:
        path = f"{API_3}/datasets/{segment(found['dataset_id'])}"
        asked = {"max_results": 1000}
        pages = self._rest.pages("GET", f"{path}/records", asked, "records")
        listed = [each for page in pages for each in _documents(page)]
        return EvaluationDataset(
            found["dataset_id"],
            found["name"],
            _number(found, "created_time"),
            _number(found, "last_update_time"),
            found.get("created_by", ""),
            found.get("last_updated_by", ""),
            found.get("digest", ""),
            found.get("schema", ""),
            found.get("profile", ""),
            _decoded(found.get("tags")) or {},
            sorted(self._rest.get(f"{path}/experiment-ids").get("experiment_ids", [])),
            list(map(_record, listed)),
        )

    def scorers(self) -> Iterator[Scorer]:
        for experiment in self._experiments:
            asked = {"experiment_id": experiment.id}
            with contextlib.suppress(Missing, Invalid):
                for each in self._rest.get(f"{API_3}/scorers/list", asked).get("scorers", ()):
                    name = each["scorer_name"]
                    told = self._rest.get(f"{API_3}/scorers/versions", {**asked, "name": name})
                    versions = [
                        (int(one["scorer_version"]), one["serialized_scorer"], _number(one, "creation_time"))
                        for one in told.get("scorers", ())
                    ]
                    yield Scorer(each.get("scorer_id", ""), experiment.id, name, sorted(versions))

    # Artifacts

    def holds(self, location: str, roots: Roots) -> bool:
        return _is_served(location) or roots.folder(location) is not None

    def folder(self, owner: Owner, location: str, roots: Roots) -> Folder | None:
        """A root, if it is in one; else through the server what it serves, but not what is in an object store."""
        return roots.folder(location) or (ServedFolder(self._rest, owner) if _is_served(location) else None)


class ServedFolder:
    """Artifacts that a server hands out."""

    def __init__(self, rest: Rest, owner: Owner) -> None:
        self._rest = rest
        if owner.kind == "logged_model":
            below = f"logged-models/{segment(owner.id)}/artifacts"
            self._list, self._file = f"{API}/{below}/directories", f"{AJAX}/{below}/files"
            self._asked, self._folder, self._path = {}, "artifact_directory_path", "artifact_file_path"
        else:
            self._list, self._file = f"{API}/artifacts/list", "/get-artifact"
            self._asked, self._folder, self._path = {"run_id": owner.id}, "path", "path"

    def files(self) -> Iterator[tuple[str, int]]:
        waiting = [""]
        while waiting:
            path = waiting.pop()
            asked = self._asked | ({self._folder: path} if path else {})
            for page in self._rest.pages("GET", self._list, asked, "files"):
                for each in page:
                    # A folder that leads up would be looked into without end.
                    if each.get("is_dir") and each["path"].startswith(f"{path}/" if path else ""):
                        waiting.append(each["path"])
                    elif not each.get("is_dir"):
                        yield each["path"], int(each.get("file_size") or 0)

    @contextlib.contextmanager
    def local(self, path: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="lineal-") as scratch:
            place = Path(scratch, "file")
            self._rest.download(self._file, self._asked | {self._path: path}, place)
            yield place


def _is_served(location: str) -> bool:
    """Whether the server must be asked for what is at a location: it is behind it, or on its disk."""
    return location.startswith(_PROXY) or local_path(location) is not None


def _experiment(found: dict[str, Any]) -> Experiment:
    return Experiment(
        found["experiment_id"],
        found["name"],
        found.get("artifact_location", ""),
        found.get("lifecycle_stage", ACTIVE),
        _optional_number(found, "creation_time"),
        _optional_number(found, "last_update_time"),
        _pairs(found, "tags"),
        found.get("workspace") or DEFAULT_WORKSPACE,
    )


def _run(found: dict[str, Any]) -> Run:
    info, data = found["info"], found.get("data", {})
    inputs, outputs = found.get("inputs") or {}, found.get("outputs") or {}
    tags = _pairs(data, "tags")
    return Run(
        info["run_id"],
        info["experiment_id"],
        info.get("run_name") or tags.get(RUN_NAME_TAG, ""),
        info.get("user_id", ""),
        info.get("status", "RUNNING"),
        _optional_number(info, "start_time"),
        _optional_number(info, "end_time"),
        info.get("lifecycle_stage", ACTIVE),
        info.get("artifact_uri", ""),
        _pairs(data, "params"),
        {key: value for key, value in tags.items() if key != RUN_NAME_TAG},
        [_input(each) for each in inputs.get("dataset_inputs", ())],
        [each["model_id"] for each in inputs.get("model_inputs", ())],
        [(each["model_id"], _number(each, "step")) for each in outputs.get("model_outputs", ())],
        {each["key"]: _point(each) for each in data.get("metrics", ())},
    )


def _input(found: dict[str, Any]) -> DatasetInput:
    told = found["dataset"]
    dataset = Dataset(
        told.get("name", ""), told.get("digest", ""), told.get("source_type", ""), told.get("source", ""),
        told.get("schema"), told.get("profile"),
    )  # fmt: skip
    return DatasetInput(dataset, tuple(Tag(key, value) for key, value in _pairs(found, "tags").items()))


def _value(given: Any) -> float:
    value = float(given if given is not None else 0)
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value


def _point(found: dict[str, Any]) -> Point:
    return Point(
        found["key"], _value(found.get("value")), _number(found, "timestamp"), _number(found, "step")
    )


def _model(found: dict[str, Any]) -> Model:
    info, data = found["info"], found.get("data") or {}
    return Model(
        info["model_id"],
        info["experiment_id"],
        info.get("name", ""),
        info.get("artifact_uri", ""),
        _number(info, "creation_timestamp_ms"),
        _number(info, "last_updated_timestamp_ms"),
        info.get("status", ""),
        info.get("status_message", ""),
        ACTIVE,
        info.get("model_type", ""),
        info.get("source_run_id", ""),
        _pairs(data, "params"),
        _pairs(info, "tags"),
        [
            Measure(
                *_point(each),
                each.get("run_id", ""),
                each.get("dataset_name", ""),
                each.get("dataset_digest", ""),
            )
            for each in data.get("metrics", ())
        ],
    )


def _trace(info: dict[str, Any]) -> Trace:
    place = info.get("trace_location") or {}
    return Trace(
        info["trace_id"],
        str((place.get("mlflow_experiment") or {}).get("experiment_id", "")),
        moment(info.get("request_time")),
        duration(info.get("execution_duration")),
        info.get("state", "STATE_UNSPECIFIED"),
        info.get("client_request_id", ""),
        info.get("request_preview", ""),
        info.get("response_preview", ""),
        dict(info.get("tags") or {}),
        dict(info.get("trace_metadata") or {}),
        [assessment_of(each) for each in info.get("assessments") or ()],
    )


def _documents(page: Any) -> list[dict[str, Any]]:
    """Records, which travel as JSON text of a list."""
    found = _decoded(page)
    return found if isinstance(found, list) else []


def _record(found: dict[str, Any]) -> Record:
    return Record(
        found["dataset_record_id"],
        found["inputs"],
        found.get("outputs"),
        found.get("expectations"),
        found.get("tags") or {},
        found.get("source"),
        _number(found, "created_time"),
        _number(found, "last_update_time"),
        found.get("created_by") or "",
        found.get("last_updated_by") or "",
    )


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) and value else value


def _pairs(found: dict[str, Any], key: str) -> dict[str, str]:
    return {each["key"]: each.get("value", "") for each in found.get(key) or ()}


def _number(found: dict[str, Any], key: str) -> int:
    return int(found.get(key) or 0)


def _optional_number(found: dict[str, Any], key: str) -> int | None:
    return int(found[key]) if found.get(key) is not None else None
