"""The graph at scale, in process: lineage through a million nodes, search over a million entities."""

import functools
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from benchmarks import lineal_graph, neutral
from benchmarks.bench import Bench, Sample, Trial, Trials
from benchmarks.lineal_graph import LinealGraph
from benchmarks.servers import LINEAL

T = TypeVar("T")
QUESTIONS = 200
WHOLE, PAGE = 10_000, 300


def closure(*, analyzed: bool = False) -> Trials:
    """Milliseconds for everything downstream of an early dataset of a project: one to two hundred nodes."""

    def trials(bench: Bench) -> Mapping[str, Trial]:
        graph = _graph(bench)
        if analyzed:
            graph.analyze()
        starts = list(_early_datasets(bench.scale.entities))
        ask = functools.partial(graph.downstream, most=WHOLE)
        return {LINEAL: lambda: _median_time(ask, starts)}

    return trials


def _early_datasets(count: int) -> Iterator[int]:
    rng = random.Random(13)
    for _ in range(QUESTIONS):
        yield neutral.PROJECT * rng.randrange(1, count // neutral.PROJECT) + 2 * rng.randrange(1, 30)


def hub(bench: Bench) -> Mapping[str, Trial]:
    """Milliseconds for the first page of what is downstream of the most used datasets."""
    ask = functools.partial(_graph(bench).downstream, most=PAGE)
    return {LINEAL: lambda: _median_time(ask, range(0, 2 * neutral.HUBS, 2))}


def search(bench: Bench) -> Mapping[str, Trial]:
    """Milliseconds to find the twenty best matches for two rare words that occur together."""
    graph = _graph(bench)
    questions = list(_rare_words(bench.scale.entities))
    return {LINEAL: lambda: _median_time(graph.find, questions)}


def _rare_words(count: int) -> Iterator[str]:
    every = max(1, count // QUESTIONS)
    for number, entity in enumerate(neutral.entities(count)):
        if number % every == 0:
            yield " ".join(sorted(set(entity["description"].split()))[-2:])


def _graph(bench: Bench) -> LinealGraph:
    """The loaded fixture; servers are stopped, so that it has the machine to itself."""
    bench.stop_servers()
    nodes, links = bench.scale.entities, bench.scale.edges
    directory = bench.directory / "graph"
    return bench.once(
        "graph", lambda: lineal_graph.load(directory, neutral.entities(nodes), neutral.edges(nodes, links))
    )


def _median_time(ask: Callable[[T], int], questions: Iterable[T]) -> Sample:
    times = []
    cpu = time.process_time()
    for question in questions:
        start = time.perf_counter()
        if not ask(question):
            raise AssertionError(f"no answer to {question!r}")
        times.append(time.perf_counter() - start)
    return Sample(statistics.median(times) * 1e3, (time.process_time() - cpu) / len(times) * 1e6)
