"""A source of records that a test makes up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineal.connect.mlflow.files import Folder, Roots
from lineal.connect.mlflow.records import (
    EvaluationDataset,
    Experiment,
    Model,
    Registered,
    Run,
    Scorer,
    Trace,
)
from lineal.connect.mlflow.target import Owner
from lineal.connect.report import LeftOut
from lineal.graph.model import Point


class MemorySource:
    title = "memory"

    def __init__(
        self,
        experiments: Sequence[Experiment] = (),
        runs: Sequence[Run] = (),
        points: dict[str, list[Point]] | None = None,
        models: Sequence[Model] = (),
        registered: Sequence[Registered] = (),
        traces: Sequence[Trace] = (),
        datasets: Sequence[EvaluationDataset] = (),
        scorers: Sequence[Scorer] = (),
    ) -> None:
        self._experiments = experiments or [Experiment("1", "study", created=1)]
        self._runs, self._points, self._models = runs, points or {}, models
        self._registered, self._traces, self._datasets, self._scorers = registered, traces, datasets, scorers
        self.asked: list[str] = []
        for run in runs:
            series = sorted(self._points.get(run.id, []), key=lambda point: (point.step, point.time))
            run.latest = {point.key: point for point in series}

    def counts(self) -> dict[str, int]:
        return {"runs": len(self._runs)}

    def experiments(self) -> list[Experiment]:
        return list(self._experiments)

    def runs(self) -> Iterator[list[Run]]:
        for run in self._runs:
            yield [run]

    def points(self, runs: Sequence[Run]) -> Iterator[tuple[Run, list[Point]]]:
        for run in runs:
            self.asked.append(run.id)
            for point in self._points.get(run.id, []):
                yield run, [point]

    def models(self) -> Iterator[list[Model]]:
        yield list(self._models)

    def registered(self) -> Iterator[list[Registered]]:
        yield list(self._registered)

    def traces(self) -> Iterator[list[Trace]]:
        yield list(self._traces)

    def evaluation_datasets(self) -> Iterator[EvaluationDataset]:
        yield from self._datasets

    def scorers(self) -> Iterator[Scorer]:
        yield from self._scorers

    def holds(self, location: str, roots: Roots) -> bool:
        return roots.folder(location) is not None

    def folder(self, owner: Owner, location: str, roots: Roots) -> Folder | None:
        return roots.folder(location)

    def left_out(self) -> list[LeftOut]:
        return []

    def close(self) -> None: ...
