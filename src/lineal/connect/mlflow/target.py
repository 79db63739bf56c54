"""What every target of records takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from lineal.connect.mlflow.records import (
    EvaluationDataset,
    Experiment,
    Model,
    Registered,
    Run,
    Scorer,
    Trace,
)
from lineal.connect.report import Report
from lineal.graph.model import Point

EVERYTHING = frozenset({
    "experiments", "runs", "models", "registered", "traces", "evaluation data sets", "scorers",
})  # fmt: skip
"""The sorts of records."""


class Owner(NamedTuple):
    """A run or a logged model, as what artifacts belong to."""

    kind: str
    experiment: str
    id: str


class Target(Protocol):
    """Where records go. Putting the same ones again alters nothing.

    Attributes:
        title: what people call it, without secrets.
        report: what became of each record.
        takes: sorts of records that have a place here.
    """

    title: str
    report: Report
    takes: frozenset[str]

    def put_experiments(self, experiments: Sequence[Experiment]) -> None:
        """Take all of them; the first thing that is put."""
        ...

    def put_runs(self, runs: Sequence[Run]) -> list[Run]:
        """Take runs; answers those whose points are wanted."""
        ...

    def put_points(self, run: Run, points: Sequence[Point]) -> None:
        """Take points of a run that `put_runs` answered."""
        ...

    def put_models(self, models: Sequence[Model]) -> None:
        """Take logged models."""
        ...

    def put_links(self) -> None:
        """Relate runs and logged models, now that both are there."""
        ...

    def put_registered(self, models: Sequence[Registered]) -> None:
        """Take registered models and prompts."""
        ...

    def put_traces(self, traces: Sequence[Trace]) -> None:
        """Take traces."""
        ...

    def put_evaluation_dataset(self, dataset: EvaluationDataset) -> None:
        """Take an evaluation data set."""
        ...

    def put_scorer(self, scorer: Scorer) -> None:
        """Take a scorer with all its versions."""
        ...

    def location(self, owner: Owner) -> str:
        """Where the target keeps the files of a run or model; empty when it keeps none."""
        ...

    def files(self, owner: Owner) -> dict[str, int]:
        """The files that are there already, with their sizes."""
        ...

    def put_file(self, owner: Owner, path: str, file: Path) -> None:
        """Take a file, whole or not at all."""
        ...

    def flush(self) -> None:
        """Write what waits."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...
