"""What every source of records can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

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

BATCH = 200
"""Records that are read, and looked up, together."""
PIECE = 50_000
"""Points of one run that are handed over together."""


class Source(Protocol):
    """Where records come from. What it yields in batches is read as it is asked for.

    Attributes:
        title: what people call it, without secrets.
    """

    title: str

    def counts(self) -> dict[str, int]:
        """How many `runs`, `models`, `registered`, `traces` … there are, as far as that is cheap to know."""
        ...

    def experiments(self) -> list[Experiment]:
        """All of them, deleted ones, too."""
        ...

    def runs(self) -> Iterator[list[Run]]:
        """All of them, the older ones first."""
        ...

    def points(self, runs: Sequence[Run]) -> Iterator[tuple[Run, list[Point]]]:
        """Histories of all metrics of these runs.

        A run's points come together, in pieces; those of one series are ordered by step, time and value.
        """
        ...

    def models(self) -> Iterator[list[Model]]:
        """Logged models."""
        ...

    def registered(self) -> Iterator[list[Registered]]:
        """Registered models and prompts."""
        ...

    def traces(self) -> Iterator[list[Trace]]:
        """Traces with spans and assessments."""
        ...

    def evaluation_datasets(self) -> Iterator[EvaluationDataset]:
        """Evaluation data sets with their records."""
        ...

    def scorers(self) -> Iterator[Scorer]:
        """Registered scorers."""
        ...

    def holds(self, location: str, roots: Roots) -> bool:
        """Whether the artifacts at an experiment's location can be read."""
        ...

    def folder(self, owner: Owner, location: str, roots: Roots) -> Folder | None:
        """The artifacts of a run or model at this location, when they can be read."""
        ...

    def left_out(self) -> list[LeftOut]:
        """What there is that has no record, or could not be read; asked for at the end."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...
