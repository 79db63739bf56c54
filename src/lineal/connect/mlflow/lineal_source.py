"""Records out of Lineal: what MLflow's clients would see here, whoever wrote it."""

from __future__ import annotations

import contextlib
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from lineal.client import Client
from lineal.connect.lookup import PROPERTIES, find_all
from lineal.connect.mlflow import lineal_judged, translate
from lineal.connect.mlflow.files import Folder, Roots
from lineal.connect.mlflow.records import (
    EvaluationDataset,
    Experiment,
    Measure,
    Model,
    Registered,
    Run,
    Scorer,
    Trace,
)
from lineal.connect.mlflow.source import BATCH, PIECE
from lineal.connect.mlflow.target import Owner
from lineal.connect.report import LeftOut
from lineal.connect.sql import title as shown
from lineal.graph.mlflow import names
from lineal.graph.model import AnyRef, ById, Entity, Point
from lineal.graph.query import Attribute, Order, Part, Query, attribute

_PAGE = 1000


class LinealSource:
    """A store that a client reaches.

    Args:
        client: closed with the source.
    """

    def __init__(self, client: Client) -> None:
        self.title = shown(client.target)
        self._client = client
        self._refs: dict[str, AnyRef] = {}
        self._homes: dict[int, str] = {}
        self._roots: dict[str, str] = {}

    def close(self) -> None:
        self._client.close()

    def counts(self) -> dict[str, int]:
        counted = self._client.counts()
        kinds = {"runs": "run", "models": "logged_model", "registered": "model", "traces": "trace"}
        return {what: counted.get(kind, 0) for what, kind in kinds.items()}

    def left_out(self) -> list[LeftOut]:
        return []

    def _all(
        self,
        kind: str,
        parts: Sequence[Part],
        limit: int = _PAGE,
        state: Literal["active", "deleted", "all"] = "all",
    ) -> Iterator[list[Entity]]:
        """Everything of a kind, the older first, page by page."""
        query = Query(
            kinds=[kind], state=state, parts=list(parts), limit=limit, order=[Order(Attribute("id"))]
        )
        found: list[Entity] = []
        for entity in self._client.find_all(query):
            found.append(entity)
            if len(found) >= limit:
                yield found
                found = []
        yield found

    def experiments(self) -> list[Experiment]:
        found = [each for page in self._all("experiment", ("properties", "external")) for each in page]
        self._homes = {each.id: names.experiment_id(each) for each in found}
        records = [translate.experiment_of(each) for each in found]
        self._roots = {each.id: each.location or f"{names.DEFAULT_ROOT}/{each.id}" for each in records}
        return records

    def _home(self, entity: Entity) -> str:
        """The experiment of a run or model; what has none is shown in the one that is always there."""
        return self._homes.get(entity.home or 0, "0")

    def _root(self, experiment: str) -> str:
        """Where the artifacts of an experiment are."""
        return self._roots.get(experiment, f"{names.DEFAULT_ROOT}/{experiment}").rstrip("/")

    # Runs

    def runs(self) -> Iterator[list[Run]]:
        for page in self._all("run", (), BATCH):
            found = [self._client.around(each) for each in page]
            runs = [translate.run_of(each, self._home(each.entity)) for each in found]
            for run in runs:
                run.location = run.location or f"{self._root(run.experiment)}/{run.id}/artifacts"
            self._refs = {run.id: ById(each.entity.id) for run, each in zip(runs, found, strict=True)}
            yield runs

    def points(self, runs: Sequence[Run]) -> Iterator[tuple[Run, list[Point]]]:
        for run in runs:
            for key in run.latest:
                points = self._client.series(self._refs[run.id], key)
                for start in range(0, len(points), PIECE):
                    yield run, points[start : start + PIECE]

    # Logged models

    def models(self) -> Iterator[list[Model]]:
        for page in self._all("logged_model", ("properties", "metrics", "external"), BATCH):
            models = [translate.model_of(each, self._home(each), self._measures(each)) for each in page]
            for model in models:
                own = f"{self._root(model.experiment)}/models/{model.id}/artifacts"
                model.location = model.location or own
            yield models

    def _measures(self, model: Entity) -> list[Measure]:
        """What was measured of a model, in the order in which MLflow's own tables are read."""
        series = (
            self._client.series(ById(model.id), key) for key in model.metrics if names.is_qualified(key)
        )
        found = [translate.measure_of(point) for points in series for point in points]
        return sorted(found, key=lambda each: (each.key, each.step, each.time, each.run))

    # The registry

    def registered(self) -> Iterator[list[Registered]]:
        for page in self._all("model", ("properties",), BATCH, "active"):
            homes = [each.id for each in page]
            inside = attribute("home", "in", homes)
            versions = find_all(self._client, "model_version", inside, PROPERTIES, "active") if homes else []
            by_home: defaultdict[int | None, list[Entity]] = defaultdict(list)
            for version in versions:
                by_home[version.home].append(version)
            yield [translate.registered_of(each, by_home[each.id]) for each in page]

    # Traces and evaluation

    def traces(self) -> Iterator[list[Trace]]:
        for page in self._all("trace", ("properties", "external"), BATCH, "active"):
            yield lineal_judged.traces_of(self._client, page, self._home)

    def evaluation_datasets(self) -> Iterator[EvaluationDataset]:
        return lineal_judged.datasets_of(self._client)

    def scorers(self) -> Iterator[Scorer]:
        return lineal_judged.scorers_of(self._client, self._home)

    # Artifacts

    def holds(self, location: str, roots: Roots) -> bool:
        return not location or location.startswith(names.DEFAULT_ROOT)

    def folder(self, owner: Owner, location: str, roots: Roots) -> Folder | None:
        if not self.holds(location, roots):
            return None
        ref = names.model_ref(owner.id) if owner.kind == "logged_model" else self._refs[owner.id]
        return StoredFolder(self._client, ref)


class StoredFolder:
    """The files of an entity."""

    def __init__(self, client: Client, ref: AnyRef) -> None:
        self._client, self._ref = client, ref

    def files(self) -> Iterator[tuple[str, int]]:
        waiting = [""]
        while waiting:
            for each in self._client.files(self._ref, waiting.pop()):
                if each.is_folder:
                    waiting.append(each.path)
                else:
                    yield each.path, each.size

    @contextlib.contextmanager
    def local(self, path: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="lineal-") as scratch:
            yield self._client.download(self._ref, path, Path(scratch, "file"))
