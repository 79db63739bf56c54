"""The process that uses the unmodified ML Metadata client. Run by ML Metadata's own Python, it imports nothing here.

It says "ready", waits for a line, does one thing for a while, and prints how often and the median time.
"""

import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ml_metadata import ListOptions, MetadataStore  # type: ignore[import-not-found, unused-ignore]
from ml_metadata.proto import metadata_store_pb2 as messages  # type: ignore[import-not-found, unused-ignore]

BATCH, STEPS = 1000, 2000
"""Artifacts of a batch; executions of the graph that reads are about, each with an artifact read and two written."""
Action = Callable[[Any], object]


def connect(port: int) -> Any:
    """A client."""
    config = messages.MetadataStoreClientConfig(host="127.0.0.1", port=port)
    config.channel_arguments.max_receive_message_length = 100_000_000
    return MetadataStore(config)


class Kinds:
    """A type of each sort."""

    def __init__(self, store: Any) -> None:
        integer, text = messages.INT, messages.STRING
        artifact = messages.ArtifactType(name="Data", properties={"number": integer, "word": text})
        self.artifact = store.put_artifact_type(artifact)
        self.execution = store.put_execution_type(
            messages.ExecutionType(name="Train", properties={"number": integer})
        )
        self.context = store.put_context_type(messages.ContextType(name="Run"))


def artifact(kinds: Kinds, number: int) -> Any:
    """An artifact with two properties and one of its own."""
    made = messages.Artifact(
        type_id=kinds.artifact, uri=f"/data/{number}", name=f"{number}-{random.random()}"
    )
    made.properties["number"].int_value = number
    made.properties["word"].string_value = f"w{number % 100}"
    made.custom_properties["own"].double_value = number / 7
    return made


def put_one(kinds: Kinds) -> Action:
    return lambda store: store.put_artifacts([artifact(kinds, 1)])


def put_many(kinds: Kinds) -> Action:
    return lambda store: store.put_artifacts([artifact(kinds, number) for number in range(BATCH)])


def put_execution(kinds: Kinds) -> Action:
    """A step of a pipeline: three artifacts read, three written, a context used again."""

    def put(store: Any) -> None:
        execution = messages.Execution(type_id=kinds.execution, last_known_state=messages.Execution.COMPLETE)
        execution.properties["number"].int_value = 1
        kinds_of_events = [messages.Event.INPUT] * 3 + [messages.Event.OUTPUT] * 3
        pairs = [(artifact(kinds, at), messages.Event(type=kind)) for at, kind in enumerate(kinds_of_events)]
        context = messages.Context(type_id=kinds.context, name=f"run-{random.randrange(1000)}")
        store.put_execution(execution, pairs, [context], reuse_context_if_already_exist=True)

    return put


def by_property(kinds: Kinds) -> Action:
    query = "properties.word.string_value = 'w7' AND properties.number.int_value < 500"
    return lambda store: store.get_artifacts(ListOptions(limit=100, filter_query=query))


def by_context(kinds: Kinds) -> Action:
    query = "contexts_a.name = 'context-3' AND properties.number.int_value > 10"
    return lambda store: store.get_artifacts(ListOptions(limit=100, filter_query=query))


def by_type(kinds: Kinds) -> Action:
    query = "type = 'Data' AND properties.number.int_value > 10"
    return lambda store: store.get_artifacts(ListOptions(limit=100, filter_query=query))


def lineage(kinds: Kinds) -> Action:
    options = messages.LineageSubgraphQueryOptions(
        max_num_hops=20, direction=messages.LineageSubgraphQueryOptions.UPSTREAM
    )
    options.starting_artifacts.filter_query = f"uri = '/chain/{STEPS // 2}'"
    return lambda store: store.get_lineage_subgraph(options)


ACTIONS: dict[str, Callable[[Kinds], Action]] = {
    "put-one": put_one,
    "put-many": put_many,
    "put-execution": put_execution,
    "by-property": by_property,
    "by-context": by_context,
    "by-type": by_type,
    "lineage": lineage,
}


def fill(store: Any, kinds: Kinds, nodes: int) -> None:
    """Chains of executions, each reading what the one before wrote, until there are so many nodes."""
    contexts = [messages.Context(type_id=kinds.context, name=f"context-{at}") for at in range(20)]
    store.put_contexts(contexts)
    for start in range(0, nodes // 3, STEPS):
        _put_chain(store, kinds, start)


def _put_chain(store: Any, kinds: Kinds, start: int) -> None:
    executions = [messages.Execution(type_id=kinds.execution) for _ in range(STEPS)]
    artifacts = []
    for at in range(2 * STEPS):
        made = artifact(kinds, start + at)
        made.uri = f"/chain/{at // 2}" if start == 0 and at % 2 == 0 else f"/side/{start}/{at}"
        artifacts.append(made)
    edges = [edge for at in range(STEPS) for edge in _edges(at)]
    context = messages.Context(type_id=kinds.context, name=f"context-{start // STEPS % 20}")
    store.put_lineage_subgraph(executions, artifacts, [context], edges, reuse_context_if_already_exist=True)


def _edges(at: int) -> Iterator[tuple[int, int, Any]]:
    if at:
        yield at, 2 * (at - 1), messages.Event(type=messages.Event.INPUT)
    yield at, 2 * at, messages.Event(type=messages.Event.OUTPUT)
    yield at, 2 * at + 1, messages.Event(type=messages.Event.OUTPUT)


def measure(port: int, name: str, threads: int, seconds: float) -> dict[str, float]:
    """Do one thing with several clients at once for a while."""
    kinds = Kinds(connect(port))
    latencies: list[float] = []

    def work() -> None:
        store, action = connect(port), ACTIONS[name](kinds)
        while (begun := time.perf_counter()) < until:
            action(store)
            latencies.append(time.perf_counter() - begun)

    ACTIONS[name](kinds)(connect(port))
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    until = start + seconds
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - start
    return {
        "calls": len(latencies),
        "rate": len(latencies) / elapsed,
        "median_ms": statistics.median(latencies) * 1e3,
    }


if __name__ == "__main__":
    port, name, *more = sys.argv[1:]
    if name == "fill":
        fill(connect(int(port)), Kinds(connect(int(port))), int(more[0]))
    else:
        print(json.dumps(measure(int(port), name, int(more[0]), float(more[1]))))
