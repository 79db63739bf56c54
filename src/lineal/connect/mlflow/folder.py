"""Records out of a folder `mlruns`, in which MLflow keeps everything in small files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lineal.connect.mlflow.database import GONE_STAGE
from lineal.connect.mlflow.files import Folder, LocalFolder, Roots, Tree, local_path
from lineal.connect.mlflow.records import (
    DEFAULT_WORKSPACE,
    Assessment,
    Dataset,
    DatasetInput,
    EvaluationDataset,
    Experiment,
    Measure,
    Model,
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
from lineal.graph.errors import Invalid
from lineal.graph.mlflow.names import MODEL_STATUS, RUN_NAME_TAG, RUN_STATUS
from lineal.graph.model import ACTIVE, Point

META = "meta.yaml"
TRASH = ".trash"
MODELS = "models"
TRACE_INFO = "trace_info.yaml"
RESERVED = frozenset({"tags", "datasets", "traces", MODELS})

_NO_YAML = "reading a folder of MLflow's needs the package PyYAML: pip install 'lineal[yaml]'"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")

T = TypeVar("T")
Place = tuple[str, ...]
"""Names of folders from the root on."""


class FolderSource:
    """Everything in one folder.

    Args:
        where: the folder, or its `file:` URL.

    Raises:
        Invalid: it is none of MLflow's, or there is no YAML parser.
    """

    def __init__(self, where: str) -> None:
        self._tree = Tree(local_path(where) or where)
        self._own = Roots([str(self._tree.root)])
        self.title = str(self._tree.root)
        self._datasets: dict[Place, dict[str, Dataset]] = {}
        self._folders: dict[str, Place] = {}
        self._unread: list[LeftOut] = []
        load_yaml("{}")
        if not self._places() and not self._tree.folders(MODELS):
            raise Invalid(f"{where} is no folder of MLflow's: no folder in it has a file {META}")

    def close(self) -> None:
        """Nothing is held open."""

    def _places(self) -> list[Place]:
        """The folders of experiments, deleted ones in the trash."""
        active: list[Place] = [(name,) for name in self._tree.folders() if name not in (TRASH, MODELS)]
        deleted: list[Place] = [(TRASH, name) for name in self._tree.folders(TRASH)]
        return [place for place in (*active, *deleted) if self._tree.below(*place, META)]

    def _runs_of(self, place: Place) -> list[Place]:
        names = (name for name in self._tree.folders(*place) if name not in RESERVED)
        return [(*place, name) for name in names if self._tree.below(*place, name, META)]

    def _inner(self, folder: str) -> list[Place]:
        """What is in this folder of any experiment."""
        return [
            (*place, folder, name) for place in self._places() for name in self._tree.folders(*place, folder)
        ]

    def counts(self) -> dict[str, int]:
        return {
            "runs": sum(len(self._runs_of(place)) for place in self._places()),
            "models": len(self._inner(MODELS)),
            "registered": len(self._tree.folders(MODELS)),
            "traces": len(self._inner("traces")),
        }

    def holds(self, location: str, roots: Roots) -> bool:
        return (self._own.folder(location) or roots.folder(location)) is not None

    def folder(self, owner: Owner, location: str, roots: Roots) -> Folder | None:
        """The location, if it is in the folder; else where they would be in it, since it may have been moved."""
        inner = (MODELS, owner.id) if owner.kind == "logged_model" else (owner.id,)
        found = self._own.folder(location)
        for above in ((), (TRASH,)):
            place = self._tree.below(*above, owner.experiment, *inner, "artifacts")
            if place is not None and place.is_dir():
                return LocalFolder(place)
        return found or roots.folder(location)

    def left_out(self) -> list[LeftOut]:
        return self._unread

    def _readable(self, what: str, places: Sequence[Place], read: Callable[[Place], T]) -> Iterator[list[T]]:
        """What is read at these places, in batches; one that cannot be read is noted and left out."""
        found: list[T] = []
        for place in places:
            try:
                found.append(read(place))
            except (Invalid, LookupError, TypeError, ValueError, msgspec.DecodeError) as error:
                self._unread.append(LeftOut(f"{what} {place[-1]}", 1, f"it cannot be read: {error}"))
            if len(found) >= BATCH:
                yield found
                found = []
        yield found

    def _meta(self, *place: str, name: str = META) -> dict[str, Any]:
        """The fields in a YAML file; none when it is missing."""
        text = self._tree.text(*place, name)
        found = load_yaml(text) if text is not None else {}
        if not isinstance(found, dict):
            raise Invalid(f"{Path(self.title, *place, name)} does not hold fields")
        return found

    # Experiments

    def experiments(self) -> list[Experiment]:
        return [self._experiment(place) for place in self._places()]

    def _experiment(self, place: Place) -> Experiment:
        meta = self._meta(*place)
        return Experiment(
            str(meta.get("experiment_id", place[-1])),
            str(meta.get("name", place[-1])),
            _text(meta, "artifact_location"),
            "deleted" if place[0] == TRASH else _text(meta, "lifecycle_stage") or ACTIVE,
            meta.get("creation_time"),
            meta.get("last_update_time"),
            self._tree.texts(*place, "tags"),
            _text(meta, "workspace") or DEFAULT_WORKSPACE,
        )

    # Runs

    def runs(self) -> Iterator[list[Run]]:
        folders = [folder for place in self._places() for folder in self._runs_of(place)]
        self._folders = {folder[-1]: folder for folder in folders}
        return self._readable("run", folders, self._run)

    def _run(self, place: Place) -> Run:
        meta, tags = self._meta(*place), self._tree.texts(*place, "tags")
        run = Run(
            place[-1],
            place[-2],
            _text(meta, "run_name") or tags.get(RUN_NAME_TAG, ""),
            _text(meta, "user_id"),
            _status(meta.get("status")),
            meta.get("start_time"),
            meta.get("end_time"),
            "deleted" if place[0] == TRASH else _text(meta, "lifecycle_stage") or ACTIVE,
            _text(meta, "artifact_uri"),
            self._tree.texts(*place, "params"),
            {key: value for key, value in tags.items() if key != RUN_NAME_TAG},
            latest={points[0].key: max(points, key=_rank) for points in self._series(place)},
        )
        for name in self._tree.folders(*place, "inputs"):
            self._add_input(run, place, self._meta(*place, "inputs", name))
        for name in self._tree.folders(*place, "outputs"):
            meta = self._meta(*place, "outputs", name)
            run.made.append((str(meta.get("destination_id", name)), int(meta.get("step") or 0)))
        return run

    def _add_input(self, run: Run, place: Place, meta: dict[str, Any]) -> None:
        number = _text(meta, "source_id")
        if meta.get("source_type") == "MODEL":
            run.read.append(number)
        elif dataset := self._datasets_of(place[:-1]).get(number):
            tags = sorted((meta.get("tags") or {}).items())
            run.datasets.append(
                DatasetInput(dataset, tuple(Tag(str(key), str(value)) for key, value in tags))
            )

    def _datasets_of(self, experiment: Place) -> dict[str, Dataset]:
        if experiment not in self._datasets:
            names = self._tree.folders(*experiment, "datasets")
            metas = ((name, self._meta(*experiment, "datasets", name)) for name in names)
            self._datasets[experiment] = {name: _dataset(meta) for name, meta in metas}
        return self._datasets[experiment]

    def _series(self, place: Place) -> Iterator[list[Point]]:
        """The metrics of a run, each ordered by step, time and value."""
        for path, _ in sorted(self._tree.files(*place, "metrics")):
            if points := sorted(self._points(place, path), key=_rank):
                yield points

    def _points(self, place: Place, path: str) -> Iterator[Point]:
        file = self._tree.below(*place, "metrics", *path.split("/"))
        if file is None:
            return
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                # Time, value, step; a data set's name and digest may follow, which the logged model tells, too.
                parts = line.split(" ", 3)
                if len(parts) >= 2:
                    step = int(parts[2]) if len(parts) > 2 else 0
                    yield Point(path, float(parts[1]), int(parts[0]), step)

    def points(self, runs: Sequence[Run]) -> Iterator[tuple[Run, list[Point]]]:
        for run in runs:
            gathered: list[Point] = []
            for points in self._series(self._folders[run.id]):
                gathered += points
                if len(gathered) >= PIECE:
                    yield run, gathered
                    gathered = []
            if gathered:
                yield run, gathered

    # Logged models

    def models(self) -> Iterator[list[Model]]:
        return self._readable("logged model", self._inner(MODELS), self._model)

    def _model(self, place: Place) -> Model:
        meta = self._meta(*place)
        return Model(
            place[-1],
            place[-3],
            _text(meta, "name"),
            _text(meta, "artifact_location"),
            meta.get("creation_timestamp") or 0,
            meta.get("last_updated_timestamp") or 0,
            MODEL_STATUS.get(meta.get("status", 0), MODEL_STATUS[0]),
            _text(meta, "status_message"),
            "deleted" if place[0] == TRASH else _text(meta, "lifecycle_stage") or ACTIVE,
            _text(meta, "model_type"),
            _text(meta, "source_run_id"),
            self._tree.texts(*place, "params"),
            self._tree.texts(*place, "tags"),
            [
                _measure(key, line)
                for key, text in sorted(self._tree.texts(*place, "metrics").items())
                for line in text.splitlines()
            ],
        )

    # The registry

    def registered(self) -> Iterator[list[Registered]]:
        names = self._tree.folders(MODELS)
        places = [(MODELS, name) for name in names if self._tree.below(MODELS, name, META)]
        return self._readable("registered model", places, self._registered)

    def _registered(self, place: Place) -> Registered:
        meta, name = self._meta(*place), place[-1]
        numbers = sorted(
            int(each.removeprefix("version-"))
            for each in self._tree.folders(*place)
            if re.fullmatch(r"version-\d{1,9}", each)
        )
        versions = [self._version((*place, f"version-{number}"), number) for number in numbers]
        aliases = {alias: int(text) for alias, text in self._tree.texts(*place, "aliases").items()}
        return Registered(
            _text(meta, "name") or name,
            meta.get("creation_timestamp") or 0,
            meta.get("last_updated_timestamp") or 0,
            _text(meta, "description"),
            self._tree.texts(*place, "tags"),
            aliases,
            [version for version in versions if version.stage != GONE_STAGE],
            max(numbers, default=0),
            _text(meta, "workspace") or DEFAULT_WORKSPACE,
        )

    def _version(self, place: Place, number: int) -> Version:
        meta = self._meta(*place)
        source, location = _text(meta, "source"), _text(meta, "storage_location")
        return Version(
            number,
            meta.get("creation_timestamp") or 0,
            meta.get("last_updated_timestamp") or 0,
            _text(meta, "description"),
            _text(meta, "user_id"),
            _text(meta, "current_stage") or "None",
            source,
            location if location != source else "",
            _text(meta, "run_id"),
            _text(meta, "run_link"),
            _text(meta, "model_id"),
            _text(meta, "status") or "READY",
            _text(meta, "status_message"),
            self._tree.texts(*place, "tags"),
        )

    # Traces

    def traces(self) -> Iterator[list[Trace]]:
        places = [place for place in self._inner("traces") if self._tree.below(*place, TRACE_INFO)]
        return self._readable("trace", places, self._trace)

    def _trace(self, place: Place) -> Trace:
        meta = self._meta(*place, name=TRACE_INFO)
        spans = msgspec.json.decode(self._tree.text(*place, "artifacts", "traces.json") or '{"spans": []}')
        names = (path for path, _ in self._tree.files(*place, "assessments"))
        assessments = [assessment_of(self._meta(*place, "assessments", name=name)) for name in names]
        return Trace(
            place[-1],
            place[-3],
            meta["timestamp_ms"] if "timestamp_ms" in meta else moment(meta.get("request_time")),
            _milliseconds(meta),
            _text(meta, "state") or _text(meta, "status") or "STATE_UNSPECIFIED",
            _text(meta, "client_request_id"),
            _text(meta, "request_preview"),
            _text(meta, "response_preview"),
            self._tree.texts(*place, "tags"),
            self._tree.texts(*place, "request_metadata"),
            sorted(assessments, key=lambda each: (each.created, each.id)),
            spans.get("spans", []),
        )

    # MLflow keeps none of these in a folder

    def evaluation_datasets(self) -> Iterator[EvaluationDataset]:
        return iter(())

    def scorers(self) -> Iterator[Scorer]:
        return iter(())


def load_yaml(text: str) -> Any:
    """A YAML document of plain values, without aliases, by which a small one can mean a huge one.

    Raises:
        Invalid: it is something else, or there is no parser.
    """
    try:
        import yaml
    except ImportError:
        raise Invalid(_NO_YAML) from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if "*" in text and any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(text, Loader=loader)):
            raise Invalid("a file of MLflow's has no aliases in it")
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        raise Invalid(f"this is not YAML: {' '.join(str(error).split())}") from None


def moment(text: Any) -> int:
    """Milliseconds of a moment as protobuf's JSON has it."""
    if not isinstance(text, str):
        return 0
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _milliseconds(meta: dict[str, Any]) -> int | None:
    """A duration, which has been written in three ways."""
    for key in ("execution_duration_ms", "execution_time_ms"):
        if isinstance(meta.get(key), int):
            return int(meta[key])
    return duration(meta.get("execution_duration"))


def duration(text: Any) -> int | None:
    """Milliseconds of a duration as protobuf's JSON has it, such as `0.113s`."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    return round(float(match[1]) * 1000) if match else None


def assessment_of(found: dict[str, Any]) -> Assessment:
    """An assessment in the form of MLflow's messages."""
    source = found.get("source") or {}
    kind = next((each for each in ("feedback", "expectation", "issue") if each in found), "feedback")
    body = found.get(kind) or {}
    value = body.get("value")
    if serialized := body.get("serialized_value"):
        value = msgspec.json.decode(serialized["value"])
    return Assessment(
        _text(found, "assessment_id"),
        _text(found, "assessment_name"),
        kind,
        value,
        body.get("error"),
        moment(found.get("create_time")),
        moment(found.get("last_update_time")),
        _text(source, "source_type"),
        _text(source, "source_id"),
        _text(found, "run_id"),
        _text(found, "span_id"),
        _text(found, "rationale"),
        _text(found, "overrides"),
        bool(found.get("valid", True)),
        {key: str(value) for key, value in (found.get("metadata") or {}).items()},
    )


def _text(meta: dict[str, Any], key: str) -> str:
    value = meta.get(key)
    return "" if value is None else str(value)


def _status(value: Any) -> str:
    return RUN_STATUS.get(value, "RUNNING") if isinstance(value, int) else str(value or "RUNNING")


def _dataset(meta: dict[str, Any]) -> Dataset:
    return Dataset(
        _text(meta, "name"), _text(meta, "digest"), _text(meta, "source_type"), _text(meta, "source"),
        meta.get("schema"), meta.get("profile"),
    )  # fmt: skip


def _rank(point: Point) -> tuple[int, int, bool, float]:
    """The order of a series; NaN is the greatest."""
    nan = point.value != point.value
    return point.step, point.time, nan, 0.0 if nan else point.value


def _measure(key: str, line: str) -> Measure:
    """A line of a model's metric: time, value, step, run, and perhaps name and digest of a data set."""
    time, value, step, run, *dataset = line.split(" ")
    name, digest = (" ".join(dataset[:-1]), dataset[-1]) if len(dataset) > 1 else ("", "")
    return Measure(key, float(value), int(time), int(step), run, name, digest)


def is_folder(where: str) -> bool:
    """Whether a text names a folder that is there."""
    return os.path.isdir(where.removeprefix("file://"))
