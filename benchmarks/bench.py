"""How a figure is taken: contenders take turns in rounds, the median of the rounds counts."""

import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self, TypeVar

from benchmarks.servers import LINEAL, MLFLOW, TUNED_MLFLOW, Server

SQLITE = "sqlite"


T = TypeVar("T")


class Sample(NamedTuple):
    """One contender's result in one round."""

    value: float
    cpu_us: float | None = None
    """CPU of the server per request, in microseconds: steadier than wall time on a shared machine."""
    errors: int = 0


Trial = Callable[[], Sample]
Trials = Callable[["Bench"], Mapping[str, Trial]]
ServerFigure = Callable[["Bench", Server], Trial]


@dataclass(frozen=True)
class Scale:
    """Sizes of fixtures and of the windows in which requests are counted."""

    seconds: float = 2.0
    rounds: int = 3
    runs: int = 10_000
    points: int = 10_000
    versions: int = 10_000
    traces: int = 100_000
    files: int = 2_000
    nodes: int = 50_000
    entities: int = 1_000_000
    edges: int = 3_000_000
    reach: int = 100_000


FULL = Scale()
QUICK = Scale(
    seconds=0.5,
    rounds=1,
    runs=500,
    points=2_000,
    versions=500,
    traces=500,
    files=100,
    nodes=6_000,
    entities=20_000,
    edges=60_000,
    reach=2_000,
)


class Bench:
    """What one run of the benchmarks shares: the scale, servers started once, fixtures loaded once."""

    def __init__(self, scale: Scale = FULL) -> None:
        self.scale = scale
        self._servers: dict[str, Server] = {}
        self._fixtures: dict[object, Any] = {}
        self._stack = ExitStack()
        self._directory = TemporaryDirectory(prefix="benchmark-")
        self.directory = Path(self._directory.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_servers()
        self._directory.cleanup()

    def server(self, name: str) -> Server:
        """The shared server of that name, started when first asked for."""
        if name not in self._servers:
            self._servers[name] = self._stack.enter_context(Server(name))
            self._servers[name].settle()
        return self._servers[name]

    def stop_servers(self) -> None:
        """Stop all servers, so that what follows has the machine to itself."""
        self._stack.close()
        self._servers.clear()

    def at_end(self, stop: Callable[[], None]) -> None:
        """Call this when the servers are stopped."""
        self._stack.callback(stop)

    def once(self, key: object, make: Callable[[], T]) -> T:
        """A fixture, made when first asked for."""
        if key not in self._fixtures:
            self._fixtures[key] = make()
        fixture: T = self._fixtures[key]
        return fixture


@dataclass(frozen=True)
class Figure:
    """One line of the table: who is measured how, and whether a larger value is the better one."""

    title: str
    unit: str
    trials: Trials
    more_is_better: bool
    rounds: int | None

    def take(self, bench: Bench) -> dict[str, Sample]:
        """The median of each contender over interleaved rounds; Lineal is the first of them."""
        trials = self.trials(bench)
        samples: dict[str, list[Sample]] = {name: [] for name in trials}
        for _ in range(min(self.rounds or bench.scale.rounds, bench.scale.rounds)):
            for name, trial in trials.items():
                samples[name].append(trial())
        return {name: _median(taken) for name, taken in samples.items()}

    def ratio(self, ours: float, theirs: float) -> float:
        """How many times better ours is."""
        return ours / theirs if self.more_is_better else theirs / ours


def _median(samples: list[Sample]) -> Sample:
    cpu = [sample.cpu_us for sample in samples if sample.cpu_us is not None]
    return Sample(
        statistics.median(sample.value for sample in samples),
        statistics.median(cpu) if cpu else None,
        sum(sample.errors for sample in samples),
    )


def rate(title: str, unit: str, trials: Trials, rounds: int | None = None) -> Figure:
    """A figure of which more is better."""
    return Figure(title, unit, trials, True, rounds)


def cost(title: str, unit: str, trials: Trials, rounds: int | None = None) -> Figure:
    """A figure of which less is better."""
    return Figure(title, unit, trials, False, rounds)


def versus_mlflow(figure: ServerFigure) -> Trials:
    """The same measurement on Lineal and on both set-ups of MLflow."""
    return lambda bench: {name: figure(bench, bench.server(name)) for name in (LINEAL, MLFLOW, TUNED_MLFLOW)}


def versus_sqlite(figure: ServerFigure, floor: Callable[[Bench], Trial]) -> Trials:
    """Lineal over HTTP beside bare SQLite in this process."""
    return lambda bench: {LINEAL: figure(bench, bench.server(LINEAL)), SQLITE: floor(bench)}
