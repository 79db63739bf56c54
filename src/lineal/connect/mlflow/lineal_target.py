"""Records into Lineal, as native changes: ids, times and lifecycles stay what they were.

What is there already is looked up first, so that a second import sends only what is new. Nothing else is kept of an
import: one that was killed goes on where the store shows that it ended.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from lineal.client import Client
from lineal.connect.conflicts import NOTE, is_own
from lineal.connect.difference import difference
from lineal.connect.lookup import find_all, there_by_id
from lineal.connect.mlflow import translate
from lineal.connect.mlflow.lineal_evaluation import EvaluationWriter
from lineal.connect.mlflow.lineal_registry import RegistryWriter
from lineal.connect.mlflow.lineal_traces import TraceWriter
from lineal.connect.mlflow.records import (
    DatasetInput,
    EvaluationDataset,
    Experiment,
    Model,
    Registered,
    Run,
    Scorer,
    Trace,
)
from lineal.connect.mlflow.target import EVERYTHING, Owner
from lineal.connect.mlflow.translate import Home
from lineal.connect.report import Report
from lineal.connect.sql import title as shown
from lineal.connect.writing import Writing
from lineal.graph.change import AnyOperation, AppendPoints, PutEdge, PutEntity, PutFacet
from lineal.graph.errors import NotFound
from lineal.graph.mlflow import data, names
from lineal.graph.model import AnyRef, ByExternal, ByName, Entity, External, Point
from lineal.graph.names import Place
from lineal.graph.query import Part

_WHOLE: tuple[Part, ...] = ("properties", "metrics", "external")
_PRODUCER = "mlflow"
_ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})


class Link(NamedTuple):
    """A relation of a run and a logged model that waits until both are there."""

    kind: str
    run: str
    model: str
    step: int | None


class LinealTarget:
    """A store that a client reaches.

    Args:
        client: closed with the target.
        source: title of where the records come from, for the history.
    """

    takes = EVERYTHING

    def __init__(self, client: Client, source: str) -> None:
        self.title = shown(client.target)
        self.report = Report()
        self._client = client
        self._writing = Writing(client, self.report, NOTE + source)
        self._homes: dict[str, Home] = {}
        self._registry = RegistryWriter(client, self._writing, self.report)
        self._traces = TraceWriter(client, self._writing, self.report, self._homes.get)
        self._evaluation = EvaluationWriter(client, self._writing, self.report, self._homes.get)
        self._places: set[Place] = set()
        self._links: list[Link] = []
        self._stored: dict[str, Entity] = {}
        self._known: tuple[str, str, set[tuple[int, int, float | None]]] = ("", "", set())

    def flush(self) -> None:
        self._writing.flush()

    def close(self) -> None:
        self._client.close()

    # Experiments

    def put_experiments(self, experiments: Sequence[Experiment]) -> None:
        by_id = {
            names.experiment_id(each): each for each in find_all(self._client, "experiment", None, _WHOLE)
        }
        by_name = {(each.namespace, each.name): each for each in by_id.values()}
        for experiment in experiments:
            number = self._number(experiment, by_id)
            there = by_id.get(number)
            ref: AnyRef = names.experiment_ref(number)
            namesake = by_name.get((experiment.workspace, experiment.name))
            if there is None and namesake is not None:
                there, ref, experiment = self._beside(experiment, number, namesake)
            put = translate.put_experiment(experiment, ref)
            if isinstance(ref, ByName):
                put = msgspec.structs.replace(put, external=[External(names.EXPERIMENT, number)])
            self._homes[experiment.id] = Home(names.experiment_ref(number), experiment.workspace)
            self._put("experiments", experiment.id, put, there)
        self.flush()

    def _number(self, experiment: Experiment, by_id: dict[str, Entity]) -> str:
        """The experiment's id; another one, always the same, when that is taken by one from elsewhere."""
        there = by_id.get(experiment.id)
        if there is None or experiment.id == "0" or _is_same(experiment, there):
            return experiment.id
        seed = f"{experiment.id} {experiment.created or experiment.name}"
        number = str(10**17 + int(hashlib.sha256(seed.encode()).hexdigest(), 16) % (9 * 10**17))
        why = f"its id is that of {there.name!r} here already, so it has become {number}"
        self.report.problem("experiments", experiment.id, why)
        return number

    def _beside(
        self, experiment: Experiment, number: str, namesake: Entity
    ) -> tuple[Entity | None, AnyRef, Experiment]:
        """Where an experiment goes whose name is taken: into one without an id of MLflow's, else beside it."""
        if names.outside_id(namesake, names.EXPERIMENT) is None:
            return namesake, ByName("experiment", experiment.name, experiment.workspace), experiment
        name = f"{experiment.name} ({number})"
        self.report.problem(
            "experiments", experiment.id, f"its name is taken here, so it has become {name!r}"
        )
        return None, names.experiment_ref(number), msgspec.structs.replace(experiment, name=name)

    def _put(self, what: str, number: str, put: PutEntity, there: Entity | None, *more: AnyOperation) -> bool:
        """Put an entity unless it is so already, with more that is always put; whether the entity is new."""
        change: PutEntity | None = put if there is None else difference(put, there, translate.is_own)
        kept = there is not None and change is not None and not is_own(self._client, there)
        if kept:
            change = None
            self.report.problem(what, number, "it was changed here since, and stays as it is")
        self.report.add(what, "kept" if kept else "new" if there is None else "changed" if change else "same")
        self._writing.add(what, number, [*([change] if change else []), *more])
        return there is None

    # Runs

    def put_runs(self, runs: Sequence[Run]) -> list[Run]:
        self._stored = there_by_id(self._client, "run", names.RUN, [run.id for run in runs], _WHOLE)
        wanted = [run for run in runs if self._put_run(run, self._stored.get(run.id))]
        return wanted

    def _put_run(self, run: Run, there: Entity | None) -> bool:
        """Write a run; whether points of it may be missing."""
        home = self._homes.get(run.experiment)
        if home is None:
            self.report.failed("runs", run.id, f"its experiment {run.experiment} is gone")
            return False
        put = translate.put_run(run, home)
        self._put("runs", run.id, put, there, *self._reads(run, there))
        self._links += [Link("input", run.id, model, None) for model in run.read]
        self._links += [Link("output", run.id, model, step) for model, step in run.made]
        return there is None or not _is_settled(run, there)

    def _reads(self, run: Run, there: Entity | None) -> list[AnyOperation]:
        """The edges from the data sets that a run read."""
        if not run.datasets:
            return []
        known = self._edges(there) if there else {}
        operations: list[AnyOperation] = []
        by_place: defaultdict[Place, list[DatasetInput]] = defaultdict(list)
        for each in run.datasets:
            by_place[data.place_of(each.dataset)].append(each)
        for place, inputs in by_place.items():
            before = detail = known.get(place, {})
            for each in inputs:
                detail = data.with_input(detail, each)
            if detail != before:
                source = ByName("dataset", place.name, place.namespace)
                operations += self._describe(place, inputs)
                operations.append(PutEdge("input", source, names.run_ref(run.id), detail))
        return operations

    def _edges(self, run: Entity) -> dict[Place, dict[str, object]]:
        """What is known of the data sets that a stored run read."""
        found = self._client.around(run)
        others = {each.id: Place(each.namespace, each.name) for each in found.neighbours}
        return {
            others[edge.source]: edge.detail
            for edge in found.edges
            if edge.kind == "input" and edge.target == found.entity.id and edge.source in others
        }

    def _describe(self, place: Place, inputs: Sequence[DatasetInput]) -> list[AnyOperation]:
        """Make a data set that is not there, and tell its fields if nobody did."""
        if place in self._places:
            return []
        self._places.add(place)
        ref = ByName("dataset", place.name, place.namespace)
        operations: list[AnyOperation] = []
        try:
            facets = self._client.get(ref, ("facets",)).facets
        except NotFound:
            facets = {}
            operations.append(PutEntity(ref, kind="dataset"))
        schema = next((found for each in inputs if (found := data.schema_of(each.dataset))), None)
        if schema is not None and "schema" not in facets:
            operations.append(PutFacet(ref, "schema", schema, _PRODUCER))
        return operations

    def put_points(self, run: Run, points: Sequence[Point]) -> None:
        there = self._stored.get(run.id)
        missing = list(points) if there is None else self._missing(there, points)
        if missing:
            self.report.add("points", "new", len(missing))
            self._writing.add("points", run.id, [AppendPoints(names.run_ref(run.id), missing)])

    def _missing(self, there: Entity, points: Sequence[Point]) -> list[Point]:
        """Those of the points that a stored run has not."""
        missing: list[Point] = []
        for point in points:
            if point.key not in there.metrics:
                missing.append(point)
                continue
            if self._known[:2] != (there.uuid, point.key):
                stored = self._client.series(there, point.key)
                self._known = (there.uuid, point.key, {translate.identity(each) for each in stored})
            if translate.identity(point) not in self._known[2]:
                missing.append(point)
        return missing

    # Logged models

    def put_models(self, models: Sequence[Model]) -> None:
        stored = there_by_id(
            self._client, "logged_model", names.MODEL, [model.id for model in models], _WHOLE
        )
        for model in models:
            home = self._homes.get(model.experiment)
            if home is None:
                self.report.failed("models", model.id, f"its experiment {model.experiment} is gone")
                continue
            there = stored.get(model.id)
            self._put("models", model.id, translate.put_model(model, home), there)
            points = translate.model_points(model.measures)
            missing = points if there is None else self._missing(there, points)
            ref = names.model_ref(model.id)
            self._writing.add("models", model.id, [AppendPoints(ref, missing)] if missing else [])
            if model.run:
                self._links.append(Link("output", model.run, model.id, None))

    def put_links(self) -> None:
        self.flush()
        links, self._links = self._links, []
        for start in range(0, len(links), 1000):
            some = links[start : start + 1000]
            runs = there_by_id(self._client, "run", names.RUN, {each.run for each in some}, ())
            models = there_by_id(self._client, "logged_model", names.MODEL, {each.model for each in some}, ())
            for link in some:
                if link.run in runs and link.model in models:
                    self._writing.add("links", link.run, [_edge(link)])
        self.flush()

    # What has a writer of its own

    def put_registered(self, models: Sequence[Registered]) -> None:
        self._registry.put(models)

    def put_traces(self, traces: Sequence[Trace]) -> None:
        self._traces.put(traces)

    def put_evaluation_dataset(self, dataset: EvaluationDataset) -> None:
        self._evaluation.put_dataset(dataset)

    def put_scorer(self, scorer: Scorer) -> None:
        self._evaluation.put_scorer(scorer)

    # Files

    def location(self, owner: Owner) -> str:
        home = self._homes.get(owner.experiment)
        if home is None or not isinstance(home.ref, ByExternal):
            return ""
        below = f"models/{owner.id}" if owner.kind == "logged_model" else owner.id
        return f"{names.DEFAULT_ROOT}/{home.ref.id}/{below}/artifacts"

    def files(self, owner: Owner) -> dict[str, int]:
        found: dict[str, int] = {}
        folders = [""]
        while folders:
            for each in self._client.files(_ref(owner), folders.pop()):
                if each.is_folder:
                    folders.append(each.path)
                else:
                    found[each.path] = each.size
        return found

    def put_file(self, owner: Owner, path: str, file: Path) -> None:
        self._client.upload(_ref(owner), path, file)


def _ref(owner: Owner) -> AnyRef:
    return names.model_ref(owner.id) if owner.kind == "logged_model" else names.run_ref(owner.id)


def _edge(link: Link) -> PutEdge:
    run, model = names.run_ref(link.run), names.model_ref(link.model)
    detail = {"model_id": link.model} | ({"step": link.step} if link.step is not None else {})
    return (
        PutEdge("input", model, run, detail)
        if link.kind == "input"
        else PutEdge("output", run, model, detail)
    )


def _is_same(experiment: Experiment, there: Entity) -> bool:
    """Whether an experiment of the same id is the same one: made at the same moment, which renaming leaves."""
    if experiment.created is None:
        return experiment.name == there.name
    return experiment.created == there.created


def _is_settled(run: Run, there: Entity) -> bool:
    """Whether a run that has ended has all its points: the newest of each series, which are written last, are there."""
    ended = run.status in _ENDED and there.properties.get("status") == run.status and run.ended == there.ended
    return ended and all(
        key in there.metrics and translate.identity(there.metrics[key]) == translate.identity(point)
        for key, point in run.latest.items()
    )
