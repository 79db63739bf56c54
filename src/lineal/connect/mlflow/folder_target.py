"""Records into a folder `mlruns`, file by file as MLflow keeps them, so that it can be read without any server."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lineal.connect.mlflow.copying import put_file, sizes
from lineal.connect.mlflow.files import is_plain
from lineal.connect.mlflow.folder import META, MODELS, TRACE_INFO, TRASH
from lineal.connect.mlflow.records import (
    Assessment,
    DatasetInput,
    EvaluationDataset,
    Experiment,
    Model,
    Registered,
    Run,
    Scorer,
    Trace,
    Version,
)
from lineal.connect.mlflow.target import EVERYTHING, Owner
from lineal.connect.report import Report
from lineal.graph.errors import Invalid
from lineal.graph.mlflow.names import MODEL_STATUS, RUN_NAME_TAG, RUN_STATUS
from lineal.graph.mlflow.traces import LOCATION_TAG, SPANS_TAG
from lineal.graph.model import ACTIVE, Point

_RUN_NUMBER = {name: number for number, name in RUN_STATUS.items()}
_MODEL_NUMBER = {name: number for number, name in MODEL_STATUS.items()}
_NOT_KEPT = "MLflow keeps none in a folder"
# What YAML does not take as it is, even in quotes.
_UNPRINTABLE = re.compile("[^\x09\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class FolderTarget:
    """A folder.

    Args:
        where: the folder, which is made if it is missing.
    """

    takes = EVERYTHING - {"evaluation data sets", "scorers"}

    def __init__(self, where: Path) -> None:
        where.mkdir(parents=True, exist_ok=True)
        self._root = Path(os.path.realpath(where))
        self.title = str(self._root)
        self.report = Report()
        for what in sorted(EVERYTHING - self.takes):
            self.report.problem(what, "all", _NOT_KEPT)
        self._places: dict[str, str] = {}
        self._begun: set[tuple[str, str]] = set()

    def flush(self) -> None:
        """Every file is written at once."""

    def close(self) -> None:
        """Nothing is held open."""

    # Files

    def _write(self, path: str, text: str) -> bool:
        """Put a text file; whether that altered anything. Invalid when the path leads elsewhere."""
        if not is_plain(path):
            raise Invalid(f"{path[:100]!r} cannot be the name of a file")
        place = Path(self._root, *path.split("/"))
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if place.read_text("utf-8") == text:
                return False
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name[:200]}.part")
        part.write_text(text, "utf-8")
        part.replace(place)
        return True

    def _yaml(self, path: str, fields: Mapping[str, Any]) -> bool:
        return self._write(
            path, "".join(f"{key}: {_scalar(value)}\n" for key, value in sorted(fields.items()))
        )

    def _texts(self, folder: str, texts: Mapping[str, str]) -> bool:
        """A file for each text, and none besides."""
        changed = False
        for key, text in texts.items():
            changed = self._write(f"{folder}/{key}", text) or changed
        for path in sizes(self._root, folder).keys() - texts.keys():
            Path(self._root, folder, path).unlink()
            changed = True
        return changed

    @contextlib.contextmanager
    def _each(self, what: str, number: str, place: str) -> Iterator[list[bool]]:
        """Count one record by what its writing altered; what the file system refuses is told."""
        altered: list[bool] = []
        there = (self._root / place).is_dir()
        try:
            yield altered
        except (Invalid, OSError) as error:
            self.report.failed(what, number, str(error))
        else:
            self.report.add(what, "new" if not there else "changed" if any(altered) else "same")

    # Experiments and runs

    def put_experiments(self, experiments: Sequence[Experiment]) -> None:
        for experiment in experiments:
            deleted = experiment.state != ACTIVE
            place = f"{TRASH}/{experiment.id}" if deleted else experiment.id
            self._settle(experiment.id, place)
            with self._each("experiments", experiment.id, place) as altered:
                fields = {
                    "artifact_location": experiment.location or str(self._root / experiment.id),
                    "creation_time": experiment.created,
                    "experiment_id": experiment.id,
                    "last_update_time": experiment.updated,
                    "lifecycle_stage": experiment.state,
                    "name": experiment.name,
                }
                altered.append(self._yaml(f"{place}/{META}", fields))
                altered.append(self._texts(f"{place}/tags", experiment.tags))
        (self._root / TRASH).mkdir(exist_ok=True)

    def _settle(self, number: str, place: str) -> None:
        """Move an experiment that was deleted or restored since the last export."""
        self._places[number] = place
        other = self._root / (number if place.startswith(TRASH) else f"{TRASH}/{number}")
        if other.is_dir() and is_plain(number):
            (self._root / place).parent.mkdir(exist_ok=True)
            other.rename(self._root / place)

    def put_runs(self, runs: Sequence[Run]) -> list[Run]:
        self._begun = set()
        return [run for run in runs if run.experiment in self._places and self._put_run(run)]

    def _put_run(self, run: Run) -> bool:
        place = f"{self._places[run.experiment]}/{run.id}"
        with self._each("runs", run.id, place) as altered:
            fields: dict[str, Any] = {
                "artifact_uri": run.location or self.location(Owner("run", run.experiment, run.id)),
                "end_time": run.ended,
                "entry_point_name": "",
                "experiment_id": run.experiment,
                "lifecycle_stage": run.state,
                "run_id": run.id,
                "run_name": run.name,
                "run_uuid": run.id,
                "source_name": "",
                "source_type": 4,
                "source_version": "",
                "start_time": run.started,
                "status": _RUN_NUMBER.get(run.status, 1),
                "tags": [],
                "user_id": run.user,
            }
            if run.state != ACTIVE:
                # MLflow's garbage collection asks when a run was deleted.
                fields["deleted_time"] = run.ended or run.started or int(time.time() * 1000)
            altered.append(self._yaml(f"{place}/{META}", fields))
            for folder in ("metrics", "params", "artifacts"):
                (self._root / place / folder).mkdir(exist_ok=True)
            tags = run.tags | ({RUN_NAME_TAG: run.name} if run.name else {})
            altered += [self._texts(f"{place}/params", run.params), self._texts(f"{place}/tags", tags)]
            altered += self._put_inputs(place, run)
        return bool(altered)

    def _put_inputs(self, place: str, run: Run) -> Iterator[bool]:
        for each in run.datasets:
            number = _hash(each.dataset.name, each.dataset.digest)
            experiment = self._places[run.experiment]
            yield self._yaml(f"{experiment}/datasets/{number}/{META}", msgspec.structs.asdict(each.dataset))
            yield self._link(f"{place}/inputs", number, run.id, "DATASET", each)
        for model in run.read:
            yield self._link(f"{place}/inputs", model, run.id, "MODEL", None)
        for model, step in run.made:
            fields = {
                "destination_id": model,
                "destination_type": "MODEL_OUTPUT",
                "source_id": model,
                "source_type": "RUN_OUTPUT",
                "step": step,
                "tags": {},
            }
            yield self._yaml(f"{place}/outputs/{model}/{META}", fields)

    def _link(self, folder: str, number: str, run: str, kind: str, given: DatasetInput | None) -> bool:
        fields = {
            "destination_id": number,
            "destination_type": "RUN",
            "source_id": number,
            "source_type": kind,
            "tags": {tag.key: tag.value for tag in given.tags} if given else {},
        }
        return self._yaml(f"{folder}/{_hash(number, run)}/{META}", fields)

    def put_points(self, run: Run, points: Sequence[Point]) -> None:
        """Write a metric's file anew with its first piece, and add the others."""
        series: dict[str, list[str]] = {}
        for point in points:
            series.setdefault(point.key, []).append(f"{point.time} {point.value} {point.step}\n")
        for key, lines in series.items():
            try:
                self._put_series(run, key, "".join(lines))
            except (Invalid, OSError) as error:
                self.report.failed("metrics", f"{run.id} {key}", str(error))
            else:
                self.report.add("points", "new", len(lines))

    def _put_series(self, run: Run, key: str, text: str) -> None:
        path = f"{self._places[run.experiment]}/{run.id}/metrics/{key}"
        if (run.id, key) in self._begun:
            with Path(self._root, path).open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            self._begun.add((run.id, key))
            self._write(path, text)

    # Logged models

    def put_models(self, models: Sequence[Model]) -> None:
        for model in models:
            if model.experiment in self._places:
                self._put_model(model)

    def _put_model(self, model: Model) -> None:
        place = f"{self._places[model.experiment]}/{MODELS}/{model.id}"
        with self._each("models", model.id, place) as altered:
            fields = {
                "artifact_location": model.location
                or self.location(Owner("logged_model", model.experiment, model.id)),
                "creation_timestamp": model.created,
                "experiment_id": model.experiment,
                "last_updated_timestamp": model.updated,
                "lifecycle_stage": model.state,
                "model_id": model.id,
                "model_type": model.type or None,
                "name": model.name,
                "source_run_id": model.run or None,
                "status": _MODEL_NUMBER.get(model.status, 0),
                "status_message": model.message or None,
            }
            altered.append(self._yaml(f"{place}/{META}", fields))
            for folder in ("metrics", "params"):
                (self._root / place / folder).mkdir(exist_ok=True)
            altered += [
                self._texts(f"{place}/params", model.params),
                self._texts(f"{place}/tags", model.tags),
            ]
            altered.append(self._texts(f"{place}/metrics", _measured(model)))

    def put_links(self) -> None:
        """They came with the runs."""

    # The registry

    def put_registered(self, models: Sequence[Registered]) -> None:
        for model in models:
            with self._each("registered", model.name, f"{MODELS}/{model.name}") as altered:
                altered += self._put_registered(model)

    def _put_registered(self, model: Registered) -> Iterator[bool]:
        if "/" in model.name or "%" in model.name:
            raise Invalid("its name cannot be that of a folder")
        place = f"{MODELS}/{model.name}"
        fields = {
            "aliases": {alias: str(number) for alias, number in model.aliases.items()},
            "creation_timestamp": model.created,
            "description": model.description or None,
            "last_updated_timestamp": model.updated,
            "name": model.name,
        }
        yield self._yaml(f"{place}/{META}", fields)
        yield self._texts(f"{place}/tags", model.tags)
        yield self._texts(f"{place}/aliases", {alias: str(each) for alias, each in model.aliases.items()})
        for version in model.versions:
            yield self._yaml(f"{place}/version-{version.number}/{META}", _version(model.name, version))
            yield self._texts(f"{place}/version-{version.number}/tags", version.tags)

    # Traces

    def put_traces(self, traces: Sequence[Trace]) -> None:
        for trace in traces:
            if trace.experiment in self._places:
                with self._each(
                    "traces", trace.id, f"{self._places[trace.experiment]}/traces/{trace.id}"
                ) as altered:
                    altered += self._put_trace(trace)

    def _put_trace(self, trace: Trace) -> Iterator[bool]:
        place = f"{self._places[trace.experiment]}/traces/{trace.id}"
        where = str(self._root / trace.experiment / "traces" / trace.id / "artifacts")
        yield self._yaml(f"{place}/{TRACE_INFO}", _trace(trace))
        tags = {key: text for key, text in trace.tags.items() if key != SPANS_TAG}
        yield self._texts(f"{place}/tags", tags | {LOCATION_TAG: where})
        yield self._texts(f"{place}/request_metadata", trace.metadata)
        spans = json.dumps({"spans": trace.spans}, ensure_ascii=False)
        yield self._write(f"{place}/artifacts/traces.json", spans)
        for each in trace.assessments:
            yield self._yaml(f"{place}/assessments/{each.id}.yaml", assessment_message(trace.id, each))

    def put_evaluation_dataset(self, dataset: EvaluationDataset) -> None:
        """There is no place for it."""

    def put_scorer(self, scorer: Scorer) -> None:
        """There is no place for it."""

    # Artifacts

    def location(self, owner: Owner) -> str:
        # Where it would be if its experiment was not deleted: that is what MLflow writes, too.
        below = f"{MODELS}/{owner.id}" if owner.kind == "logged_model" else owner.id
        return str(self._root / owner.experiment / below / "artifacts")

    def _inner(self, owner: Owner) -> str:
        below = f"{MODELS}/{owner.id}" if owner.kind == "logged_model" else owner.id
        return f"{self._places[owner.experiment]}/{below}/artifacts"

    def files(self, owner: Owner) -> dict[str, int]:
        return sizes(self._root, self._inner(owner))

    def put_file(self, owner: Owner, path: str, file: Path) -> None:
        put_file(self._root, f"{self._inner(owner)}/{path}", file)


def _scalar(value: Any) -> str:
    """A value in YAML, of which JSON is nearly a part."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _measured(model: Model) -> dict[str, str]:
    lines: dict[str, str] = {}
    for each in model.measures:
        dataset = f" {each.dataset} {each.digest}" if each.dataset and each.digest else ""
        line = f"{each.time} {each.value} {each.step} {each.run or '-'}{dataset}\n"
        lines[each.key] = lines.get(each.key, "") + line
    return lines


def _version(model: str, version: Version) -> dict[str, Any]:
    return {
        "creation_timestamp": version.created,
        "current_stage": version.stage,
        "description": version.description or None,
        "last_updated_timestamp": version.updated,
        "model_id": version.model or None,
        "name": model,
        "run_id": version.run or None,
        "run_link": version.run_link or None,
        "source": version.source,
        "status": version.status,
        "status_message": version.message or None,
        "storage_location": version.location or version.source,
        "user_id": version.user or None,
        "version": version.number,
    }


def _trace(trace: Trace) -> dict[str, Any]:
    place = {
        "type": "MLFLOW_EXPERIMENT",
        "mlflow_experiment": {"experiment_id": trace.experiment},
    }
    found = {
        "trace_id": trace.id,
        "trace_location": place,
        "request_time": moment_text(trace.time),
        "execution_duration_ms": trace.duration,
        "state": trace.status,
        "client_request_id": trace.client_request,
        "request_preview": trace.request_preview,
        "response_preview": trace.response_preview,
    }
    return {key: value for key, value in found.items() if value not in (None, "")}


def assessment_message(trace: str, given: Assessment) -> dict[str, Any]:
    """An assessment as one of MLflow's messages."""
    body: dict[str, Any] = {"value": given.value}
    if given.kind == "expectation" and isinstance(given.value, list | dict):
        serialized = {"serialization_format": "JSON_FORMAT", "value": json.dumps(given.value)}
        body = {"serialized_value": serialized}
    if given.error is not None:
        body["error"] = given.error
    found = {
        "assessment_id": given.id,
        "assessment_name": given.name,
        "trace_id": trace,
        given.kind: body,
        "create_time": moment_text(given.created),
        "last_update_time": moment_text(given.updated),
        "source": {"source_type": given.source_type, "source_id": given.source_id or "default"},
        "run_id": given.run,
        "span_id": given.span,
        "rationale": given.rationale,
        "overrides": given.overrides,
        "valid": given.valid,
        "metadata": given.metadata,
    }
    return {key: value for key, value in found.items() if value not in ("", {})}


def moment_text(milliseconds: int) -> str:
    """A moment as protobuf's JSON has it."""
    text = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _hash(*parts: str) -> str:
    """As MLflow makes ids of data sets and inputs."""
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
