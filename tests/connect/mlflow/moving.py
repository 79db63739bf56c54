"""What tests of moving share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lineal import Client
from lineal.connect.mlflow.files import Roots
from lineal.connect.mlflow.lineal_target import LinealTarget
from lineal.connect.mlflow.move import Artifacts, Mover, Progress
from lineal.connect.mlflow.source import Source
from lineal.connect.mlflow.target import Target
from lineal.connect.report import Report


@contextmanager
def no_bar(title: str) -> Iterator[Progress]:
    yield lambda done, total: None


def move(source: Source, target: Target, artifacts: Artifacts = "copy", roots: Sequence[str] = ()) -> Report:
    Mover(source, target, no_bar, artifacts, Roots(roots)).run()
    return target.report


def take(source: Source, client: Client, artifacts: Artifacts = "copy", roots: Sequence[str] = ()) -> Report:
    """Import into a store."""
    return move(source, LinealTarget(client, source.title), artifacts, roots)


def outcomes(report: Report) -> dict[str, dict[str, int]]:
    return {what: dict(counted) for what, counted in report.outcomes.items()}


def commits(client: Client) -> int:
    """The number of the last commit."""
    last = 0
    while events := client.changes(last, 10_000):
        last = events[-1].commit
    return last


def everything(source: Source) -> dict[str, Any]:
    """All records of a source, by sort and id."""
    found: dict[str, Any] = {f"experiment {each.id}": each for each in source.experiments()}
    for runs in source.runs():
        found |= {f"run {each.id}": each for each in runs}
        for run, points in source.points(runs):
            found.setdefault(f"points {run.id}", []).extend(points)
    found |= {f"model {each.id}": each for models in source.models() for each in models}
    found |= {f"registered {each.name}": each for models in source.registered() for each in models}
    found |= {f"trace {each.id}": each for traces in source.traces() for each in traces}
    found |= {f"data set {each.id}": each for each in source.evaluation_datasets()}
    return found | {f"scorer {each.id}": each for each in source.scorers()}
