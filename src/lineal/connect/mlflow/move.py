"""Carrying everything from a source to a target, in an order in which whatever is spoken of is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, TypeVar

from lineal.connect.mlflow.files import Folder, Roots, is_place, is_plain, normal
from lineal.connect.mlflow.records import Experiment, Model, Registered, Run, Version
from lineal.connect.mlflow.source import Source
from lineal.connect.mlflow.target import Owner, Target
from lineal.graph.errors import Invalid, NotFound

Progress = Callable[[int, int], None]
Bar = Callable[[str], AbstractContextManager[Progress]]
"""Makes a bar of a title; what it gives is called with how much is done, and how much there is."""
Artifacts = Literal["copy", "pointer", "none"]
T = TypeVar("T")

_PROXY = "mlflow-artifacts:"


class Load(NamedTuple):
    """Artifacts that are to be copied."""

    owner: Owner
    folder: Folder


class Mover:
    """One move.

    Args:
        source, target: closed by the caller.
        bar: for each stage.
        artifacts: `copy` those that are reached and leave the others where they are, leave all where they are
            and only tell where (`pointer`), or forget them (`none`).
        roots: where artifacts may be read, beside what the source keeps itself.
    """

    def __init__(self, source: Source, target: Target, bar: Bar, artifacts: Artifacts, roots: Roots) -> None:
        self._source, self._target, self._bar = source, target, bar
        self._artifacts, self._roots = artifacts, roots
        self._counts = source.counts()
        self._loads: list[Load] = []
        self._moved: dict[str, str] = {}
        self._unreached = 0

    def run(self) -> None:
        """Move all that the target takes; its report tells what became of it."""
        source, target = self._source, self._target
        target.put_experiments([self._experiment(each) for each in source.experiments()])
        self._each("runs", source.runs(), self._put_runs)
        self._each("models", source.models(), self._put_models)
        target.put_links()
        self._each("registered", source.registered(), self._put_registered)
        self._each("traces", source.traces(), target.put_traces)
        self._one_by_one("evaluation data sets", source.evaluation_datasets(), target.put_evaluation_dataset)
        self._one_by_one("scorers", source.scorers(), target.put_scorer)
        target.flush()
        self._copy_artifacts()
        target.report.left_out += source.left_out()
        if self._unreached:
            why = "they are behind the old server: name its folder with --artifact-root"
            target.report.problem("artifacts", f"of {self._unreached} runs and models", why)

    def _each(self, what: str, batches: Iterable[Sequence[T]], put: Callable[[Sequence[T]], object]) -> None:
        if what not in self._target.takes:
            return
        done = 0
        with self._bar(what.capitalize()) as progress:
            for batch in batches:
                put(batch)
                done += len(batch)
                progress(done, max(done, self._counts.get(what, 0)))

    def _one_by_one(self, what: str, records: Iterator[T], put: Callable[[T], None]) -> None:
        self._each(what, ([each] for each in records), lambda some: put(some[0]))

    def _put_runs(self, runs: Sequence[Run]) -> None:
        for run in runs:
            run.location = self._relocated(Owner("run", run.experiment, run.id), run.location)
        for run, points in self._source.points(self._target.put_runs(runs)):
            self._target.put_points(run, points)

    def _put_models(self, models: Sequence[Model]) -> None:
        for model in models:
            model.location = self._relocated(
                Owner("logged_model", model.experiment, model.id), model.location
            )
        self._target.put_models(models)

    def _put_registered(self, models: Sequence[Registered]) -> None:
        for model in models:
            for version in model.versions:
                version.location = self._new_place(version)
        self._target.put_registered(models)

    # Artifacts

    def _experiment(self, experiment: Experiment) -> Experiment:
        """An experiment whose new runs keep their artifacts where its old ones have them now."""
        reached = self._artifacts == "none" or (
            self._artifacts == "copy" and self._source.holds(experiment.location, self._roots)
        )
        if reached or experiment.location.startswith(_PROXY):
            experiment.location = ""
        return experiment

    def _relocated(self, owner: Owner, location: str) -> str:
        """Where the artifacts of a run or model will be: nothing to tell when in the target's own place."""
        if self._artifacts == "none":
            return ""
        folder = self._source.folder(owner, location, self._roots) if self._artifacts == "copy" else None
        place = self._target.location(owner) if folder is not None else ""
        if folder is not None and place:
            self._loads.append(Load(owner, folder))
            if is_place(location):
                self._moved[normal(location)] = place
            return ""
        if location.startswith(_PROXY):
            self._unreached += 1
            return ""
        return location

    def _new_place(self, version: Version) -> str:
        """Where a version's files are, when they were copied along with their run or model; else as before."""
        location = version.location or version.source
        if not is_place(location):
            return version.location
        above, below = normal(location), ""
        while "/" in above:
            if above in self._moved:
                return f"{self._moved[above]}{below}"
            above, _, last = above.rpartition("/")
            below = f"/{last}{below}"
        return version.location

    def _copy_artifacts(self) -> None:
        if not self._loads:
            return
        with self._bar("Artifacts") as progress:
            for done, load in enumerate(self._loads, 1):
                self._copy(load)
                progress(done, len(self._loads))

    def _copy(self, load: Load) -> None:
        """Copy the files that are not there yet, or not whole."""
        report, there = self._target.report, None
        for path, size in load.folder.files():
            there = self._target.files(load.owner) if there is None else there
            if there.get(path) == size:
                report.add("artifacts", "same")
                continue
            try:
                self._copy_file(load, path)
                report.add("artifacts", "changed" if path in there else "new")
            except (Invalid, NotFound, OSError) as error:
                report.failed("artifacts", f"{load.owner.id}/{path}", str(error))

    def _copy_file(self, load: Load, path: str) -> None:
        if not is_plain(path):
            raise Invalid("its path leads elsewhere")
        with load.folder.local(path) as file:
            self._target.put_file(load.owner, path, file)
