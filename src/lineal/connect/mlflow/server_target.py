"""Records into a running MLflow server, through its REST interface.

A server gives experiments, runs and logged models ids of its own. Each bears the id that it has here in a tag, by
which another export finds it again. Traces keep their ids, versions of models their numbers.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lineal.connect.mlflow import otlp
from lineal.connect.mlflow.folder_target import assessment_message, moment_text
from lineal.connect.mlflow.records import (
    EvaluationDataset,
    Experiment,
    Measure,
    Model,
    Registered,
    Run,
    Scorer,
    Trace,
    Version,
)
from lineal.connect.mlflow.rest import API, API_3, Missing, Rest, segment
from lineal.connect.mlflow.target import EVERYTHING, Owner
from lineal.connect.report import Report
from lineal.graph.errors import Invalid, LinealError, NotFound
from lineal.graph.mlflow.registry import IS_PROMPT
from lineal.graph.mlflow.traces import MODEL_ID, SOURCE_RUN
from lineal.graph.model import ACTIVE, Point

ID_TAG = "lineal.id"
"""Bears the id that something has in Lineal."""

_METRICS, _PAIRS, _TRACES = 1000, 100, 100
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_PROXY = "mlflow-artifacts:"
_NOWHERE = "s3://deleted/version"
_PARENT = "mlflow.parentRunId"
_NEW_IDS = "a server gives them ids of its own; the ones that they have here are in the tag " + ID_TAG


class ServerTarget:
    """A server.

    Args:
        url: where it is.
    """

    takes = EVERYTHING

    def __init__(self, url: str) -> None:
        self._rest = Rest(url)
        self.title = self._rest.title
        self.report = Report()
        self.report.problem("ids", "of experiments, runs, logged models", _NEW_IDS)
        self._experiments: dict[str, str] = {}
        self._runs: dict[str, str] = {}
        self._models: dict[str, str] = {}
        self._locations: dict[tuple[str, str], str] = {}
        self._asleep: set[str] = set()
        self._open: list[tuple[str, Run]] = []
        self._links: list[Run] = []
        self._deleted: list[tuple[str, dict[str, str]]] = []

    def close(self) -> None:
        """Nothing is held open."""

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._rest.send("POST", f"{API}/{path}", body)

    # Experiments

    def put_experiments(self, experiments: Sequence[Experiment]) -> None:
        asked = {"max_results": 1000, "view_type": "ALL"}
        pages = self._rest.pages("POST", f"{API}/experiments/search", asked, "experiments")
        there = {each["name"]: each for page in pages for each in page}
        for experiment in experiments:
            self._put_experiment(experiment, there.get(experiment.name))

    def _put_experiment(self, experiment: Experiment, there: dict[str, Any] | None) -> None:
        tags = experiment.tags | {ID_TAG: experiment.id}
        if there is None:
            location = {"artifact_location": experiment.location} if experiment.location else {}
            made = self._post("experiments/create", name=experiment.name, tags=_listed(tags), **location)
            number = str(made["experiment_id"])
            self.report.add("experiments", "new")
        else:
            number = there["experiment_id"]
            if there.get("lifecycle_stage") != ACTIVE:
                self._asleep.add(number)
            stored = {each["key"]: each.get("value", "") for each in there.get("tags", ())}
            changed = {key: value for key, value in tags.items() if stored.get(key) != value}
            if number in self._asleep and experiment.state == ACTIVE:
                self._asleep.remove(number)
                self._post("experiments/restore", experiment_id=number)
            if changed:
                self._wake(number)
            for key, value in changed.items():
                self._post("experiments/set-experiment-tag", experiment_id=number, key=key, value=value)
            self.report.add("experiments", "changed" if changed else "same")
        self._experiments[experiment.id] = number
        if experiment.state != ACTIVE and number not in self._asleep:
            self._deleted.append(("experiments/delete", {"experiment_id": number}))
        self._learn(number)

    def _wake(self, number: str) -> None:
        """Restore a deleted experiment for as long as something is written to it."""
        if number in self._asleep:
            self._asleep.remove(number)
            self._post("experiments/restore", experiment_id=number)
            self._deleted.append(("experiments/delete", {"experiment_id": number}))

    def _learn(self, number: str) -> None:
        """Which runs and models of ours an experiment has already."""
        asked = {"experiment_ids": [number], "run_view_type": "ALL", "max_results": 1000}
        for page in self._rest.pages("POST", f"{API}/runs/search", asked, "runs"):
            for each in page:
                if own := _own_id(each.get("data", {}).get("tags", ())):
                    self._runs[own] = each["info"]["run_id"]
                    self._locations["run", own] = each["info"].get("artifact_uri", "")
        with contextlib.suppress(Missing):
            found = {"experiment_ids": [number], "max_results": 50}
            for page in self._rest.pages("POST", f"{API}/logged-models/search", found, "models"):
                for each in page:
                    if own := _own_id(each["info"].get("tags", ())):
                        self._models[own] = each["info"]["model_id"]
                        self._locations["logged_model", own] = each["info"].get("artifact_uri", "")

    # Runs

    def put_runs(self, runs: Sequence[Run]) -> list[Run]:
        self._settle()
        return [run for run in runs if run.experiment in self._experiments and self._put_run(run)]

    def _put_run(self, run: Run) -> bool:
        """Write a run but for its end; whether points of it may be missing."""
        number = self._runs.get(run.id)
        self._links.append(run)
        if number is not None and self._is_complete(run, number):
            self.report.add("runs", "same")
            return False
        self.report.add("runs", "new" if number is None else "changed")
        self._wake(self._experiments[run.experiment])
        if number is None:
            made = self._post(
                "runs/create",
                experiment_id=self._experiments[run.experiment],
                user_id=run.user,
                run_name=run.name,
                start_time=run.started or 0,
                tags=_listed(self._tags(run)),
            )["run"]["info"]
            number = self._runs[run.id] = made["run_id"]
            self._locations["run", run.id] = made.get("artifact_uri", "")
        else:
            self._post("runs/restore", run_id=number)
        for params in _parts(_listed(run.params), _PAIRS):
            self._post("runs/log-batch", run_id=number, params=params)
        self._log_inputs(run, number)
        self._open.append((number, run))
        return True

    def _tags(self, run: Run) -> dict[str, str]:
        """A run's tags, in which its parent is the one there, and its own id here."""
        parent = self._runs.get(run.tags.get(_PARENT, ""))
        return run.tags | ({_PARENT: parent} if parent else {}) | {ID_TAG: run.id}

    def _is_complete(self, run: Run, number: str) -> bool:
        """Whether a run has the newest point of each metric, and its end, which is written last."""
        found = self._rest.get(f"{API}/runs/get", {"run_id": number})["run"]
        info, latest = found["info"], found.get("data", {}).get("metrics", ())
        ended = int(info["end_time"]) if info.get("end_time") is not None else None
        known = {each["key"]: (int(each["timestamp"]), int(each.get("step") or 0)) for each in latest}
        wanted = {key: (point.time, point.step) for key, point in run.latest.items()}
        same_state = (info.get("lifecycle_stage") == ACTIVE) == (run.state == ACTIVE)
        return same_state and info.get("status") == run.status and ended == run.ended and known == wanted

    def _log_inputs(self, run: Run, number: str) -> None:
        given = [
            {
                "dataset": {
                    key: value
                    for key, value in {
                        "name": each.dataset.name,
                        "digest": each.dataset.digest,
                        "source_type": each.dataset.source_type,
                        "source": each.dataset.source,
                        "schema": each.dataset.schema,
                        "profile": each.dataset.profile,
                    }.items()
                    if value is not None
                },
                "tags": [{"key": tag.key, "value": tag.value} for tag in each.tags],
            }
            for each in run.datasets
        ]
        for datasets in _parts(given, _PAIRS):
            self._post("runs/log-inputs", run_id=number, datasets=datasets)

    def put_points(self, run: Run, points: Sequence[Point]) -> None:
        for some in _parts([_metric(point) for point in points], _METRICS):
            self._post("runs/log-batch", run_id=self._runs[run.id], metrics=some)
        self.report.add("points", "new", len(points))

    def _settle(self) -> None:
        """Give the runs that got their points their ends."""
        for number, run in self._open:
            end = {"end_time": run.ended} if run.ended is not None else {}
            self._post("runs/update", run_id=number, status=run.status, **end)
            if run.state != ACTIVE:
                self._deleted.insert(0, ("runs/delete", {"run_id": number}))
        self._open = []

    # Logged models

    def put_models(self, models: Sequence[Model]) -> None:
        self._settle()
        for model in models:
            if model.state != ACTIVE:
                # A server does not tell of them, so that another export would make them again.
                self.report.problem("models", model.id, "it is deleted")
            elif model.experiment in self._experiments:
                self._put_model(model)

    def _put_model(self, model: Model) -> None:
        number = self._models.get(model.id)
        self.report.add("models", "same" if number else "new")
        if number is None:
            made = self._post(
                "logged-models",
                experiment_id=self._experiments[model.experiment],
                name=model.name,
                model_type=model.type,
                source_run_id=self._runs.get(model.run, ""),
                params=_listed(model.params),
                tags=_listed(model.tags | {ID_TAG: model.id}),
            )["model"]["info"]
            number = self._models[model.id] = made["model_id"]
            self._locations["logged_model", model.id] = made.get("artifact_uri", "")
        if model.status.endswith(("READY", "FAILED")):
            body = {"model_id": number, "status": model.status}
            self._rest.send("PATCH", f"{API}/logged-models/{segment(number)}", body)
        self._log_measures(number, model.measures)

    def _log_measures(self, number: str, measures: Sequence[Measure]) -> None:
        by_run: dict[str, list[dict[str, Any]]] = {}
        for each in measures:
            about = {"model_id": number, "dataset_name": each.dataset, "dataset_digest": each.digest}
            metric = _metric(Point(*each[:4])) | {key: value for key, value in about.items() if value}
            by_run.setdefault(each.run, []).append(metric)
        for run, metrics in by_run.items():
            if run in self._runs:
                for some in _parts(metrics, _METRICS):
                    self._post("runs/log-batch", run_id=self._runs[run], metrics=some)

    def put_links(self) -> None:
        self._settle()
        for run in self._links:
            number = self._runs[run.id]
            read = [{"model_id": self._models[each]} for each in run.read if each in self._models]
            made = [
                {"model_id": self._models[each], "step": step}
                for each, step in run.made
                if each in self._models
            ]
            with contextlib.suppress(Invalid):
                if read:
                    self._post("runs/log-inputs", run_id=number, models=read)
                if made:
                    self._post("runs/outputs", run_id=number, models=made)
        self._links = []

    # The registry

    def put_registered(self, models: Sequence[Registered]) -> None:
        for model in models:
            try:
                self._put_registered(model)
            except (Invalid, NotFound) as error:
                self.report.failed("registered", model.name, str(error))

    def _put_registered(self, model: Registered) -> None:
        try:
            self._rest.get(f"{API}/registered-models/get", {"name": model.name})
            self.report.add("registered", "same")
        except NotFound:
            tags = _listed(model.tags)
            self._post("registered-models/create", name=model.name, description=model.description, tags=tags)
            self.report.add("registered", "new")
        by_number = {version.number: version for version in model.versions}
        for number in range(self._last(model) + 1, model.last + 1):
            self._put_version(model, number, by_number.get(number))
        for alias, number in model.aliases.items():
            body = {"name": model.name, "alias": alias, "version": str(number)}
            self._rest.send("POST", f"{API}/registered-models/alias", body)

    def _last(self, model: Registered) -> int:
        more = f" AND tags.`{IS_PROMPT}` = 'true'" if IS_PROMPT in model.tags else ""
        asked = {"filter": f"name='{model.name}'{more}", "max_results": 10_000}
        pages = self._rest.pages("GET", f"{API}/model-versions/search", asked, "model_versions")
        return max((int(each["version"]) for page in pages for each in page), default=0)

    def _put_version(self, model: Registered, number: int, version: Version | None) -> None:
        """A version, whose number is the next one; where one was deleted, one that is deleted at once."""
        given = version or Version(number, source=_NOWHERE)
        body = {
            "name": model.name,
            "source": self._source(given),
            "run_id": self._runs.get(given.run, ""),
            "model_id": self._models.get(given.model, ""),
            "run_link": given.run_link,
            "description": given.description,
            "tags": _listed(given.tags),
        }
        made = self._post("model-versions/create", **{key: value for key, value in body.items() if value})
        place = {"name": model.name, "version": made["model_version"]["version"]}
        if version is None:
            self._rest.send("DELETE", f"{API}/model-versions/delete", place)
        elif version.stage != "None":
            self._post("model-versions/transition-stage", stage=version.stage, **place)
        self.report.add("versions", "new" if version else "same")

    def _source(self, version: Version) -> str:
        """Where a version comes from, in the server's ids."""
        if version.model in self._models:
            return f"models:/{self._models[version.model]}"
        if version.run in self._runs:
            return version.source.replace(version.run, self._runs[version.run])
        return version.source

    # Traces

    def put_traces(self, traces: Sequence[Trace]) -> None:
        there = self._known([each.id for each in traces])
        for trace in traces:
            if trace.experiment not in self._experiments:
                continue
            if trace.id in there:
                self.report.add("traces", "same")
                continue
            try:
                self._put_trace(trace)
                self.report.add("traces", "new")
            except (Invalid, NotFound) as error:
                self.report.failed("traces", trace.id, str(error))

    def _known(self, numbers: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for some in _parts(numbers, _TRACES):
            with contextlib.suppress(LinealError):
                told = self._rest.send("POST", f"{API_3}/traces/batchGetInfos", {"trace_ids": list(some)})
                found |= {each["trace_id"] for each in told.get("trace_infos", ())}
        return found

    def _put_trace(self, trace: Trace) -> None:
        experiment = self._experiments[trace.experiment]
        headers = {"x-mlflow-experiment-id": experiment}
        if trace.spans:
            self._rest.send("POST", "/v1/traces", otlp.export(trace), headers)
        metadata = dict(trace.metadata)
        if metadata.get(SOURCE_RUN) in self._runs:
            metadata[SOURCE_RUN] = self._runs[metadata[SOURCE_RUN]]
        if metadata.get(MODEL_ID) in self._models:
            metadata[MODEL_ID] = self._models[metadata[MODEL_ID]]
        info = {
            "trace_id": trace.id,
            "trace_location": {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": experiment},
            },
            "request_time": moment_text(trace.time),
            "execution_duration": None if trace.duration is None else f"{trace.duration / 1000:.3f}s",
            "state": trace.status,
            "client_request_id": trace.client_request or None,
            "request_preview": trace.request_preview or None,
            "response_preview": trace.response_preview or None,
            "tags": trace.tags,
            "trace_metadata": metadata,
            "assessments": [assessment_message(trace.id, each) for each in trace.assessments],
        }
        given = {key: value for key, value in info.items() if value is not None}
        self._rest.send("POST", f"{API_3}/traces", {"trace": {"trace_info": given}})
        linked = [self._runs[run] for run in trace.runs if run in self._runs]
        for run in linked:
            self._post("traces/link-to-run", trace_ids=[trace.id], run_id=run)

    # Evaluation

    def put_evaluation_dataset(self, dataset: EvaluationDataset) -> None:
        homes = [self._experiments[each] for each in dataset.experiments if each in self._experiments]
        number = self._dataset(dataset, homes)
        self.report.add("evaluation data sets", "same" if number else "new")
        if number is None:
            body = {
                "name": dataset.name,
                "experiment_ids": homes,
                "tags": json.dumps(dataset.tags | {ID_TAG: dataset.id}),
            }
            made = self._rest.send("POST", f"{API_3}/datasets/create", body)
            number = made["dataset"]["dataset_id"]
        for some in _parts(dataset.records, _METRICS):
            rows = [
                {
                    key: value
                    for key, value in {
                        "inputs": row.inputs,
                        "outputs": row.outputs,
                        "expectations": row.expectations,
                        "tags": row.tags,
                        "source": row.source,
                    }.items()
                    if value
                }
                for row in some
            ]
            path = f"{API_3}/datasets/{segment(str(number))}/records"
            self._rest.send("POST", path, {"records": json.dumps(rows)})

    def _dataset(self, dataset: EvaluationDataset, homes: Sequence[str]) -> str | None:
        """The data set of ours that is there already."""
        asked = {"experiment_ids": list(homes), "max_results": 1000}
        for page in self._rest.pages("POST", f"{API_3}/datasets/search", asked, "datasets"):
            for each in page:
                if json.loads(each.get("tags") or "{}").get(ID_TAG) == dataset.id:
                    return str(each["dataset_id"])
        return None

    def put_scorer(self, scorer: Scorer) -> None:
        number = self._experiments.get(scorer.experiment)
        if number is None:
            return
        asked = {"experiment_id": number, "name": scorer.name}
        known = 0
        with contextlib.suppress(Invalid, NotFound):
            known = len(self._rest.get(f"{API_3}/scorers/versions", asked).get("scorers", ()))
        for _, text, _ in scorer.versions[known:]:
            body = {**asked, "serialized_scorer": text}
            try:
                self._rest.send("POST", f"{API_3}/scorers/register", body)
            except Invalid as error:
                self.report.problem("scorers", scorer.name, str(error))
        self.report.add("scorers", "new" if not known else "same")

    # Files

    def location(self, owner: Owner) -> str:
        found = self._locations.get((owner.kind, owner.id), "")
        # What is decided before the run is made: the server will have a place for it.
        return found or f"{_PROXY}/{owner.experiment}/{owner.id}/artifacts"

    def _path(self, owner: Owner) -> str:
        place = self._locations.get((owner.kind, owner.id), "")
        if not place.startswith(_PROXY):
            raise Invalid("the server does not take artifacts for clients, which must write to " + place)
        return place.removeprefix(_PROXY).lstrip("/")

    def files(self, owner: Owner) -> dict[str, int]:
        try:
            root = self._path(owner)
        except Invalid:
            return {}
        return dict(self._listed(root, ""))

    def _listed(self, root: str, inner: str) -> Iterator[tuple[str, int]]:
        path = f"{root}/{inner}".rstrip("/")
        for each in self._rest.get(_ARTIFACTS, {"path": path}).get("files", ()):
            name = f"{inner}/{each['path']}".lstrip("/")
            if each.get("is_dir"):
                yield from self._listed(root, name)
            else:
                yield name, int(each.get("file_size") or 0)

    def put_file(self, owner: Owner, path: str, file: Path) -> None:
        self._rest.upload(f"{_ARTIFACTS}/{quote(f'{self._path(owner)}/{path}')}", file)

    def flush(self) -> None:
        """Delete what is deleted here, now that nothing more is written to it."""
        self._settle()
        deleted, self._deleted = self._deleted, []
        for path, body in deleted:
            self._post(path, **body)


def _listed(pairs: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _own_id(tags: Sequence[dict[str, Any]]) -> str:
    return next((str(each.get("value", "")) for each in tags if each.get("key") == ID_TAG), "")


def _metric(point: Point) -> dict[str, Any]:
    value: float | str = point.value
    if point.value != point.value or point.value in (float("inf"), float("-inf")):
        value = "NaN" if point.value != point.value else "Infinity" if point.value > 0 else "-Infinity"
    return {"key": point.key, "value": value, "timestamp": point.time, "step": point.step}
