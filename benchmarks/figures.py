"""Every figure, a line each, in the order in which they are taken."""

from benchmarks import (
    artifacts,
    client,
    columns,
    floor,
    footprint,
    graph,
    marquez,
    mlmd,
    openlineage,
    reads,
    registry,
    traces,
    writes,
)
from benchmarks.bench import cost, rate, versus_mlflow, versus_sqlite

FIGURES = {
    # What a server takes before it has done anything.
    "startup": cost("start-up until /health answers", "s", footprint.each(footprint.startup)),
    "memory": cost("memory at rest", "MB", footprint.each(footprint.memory), rounds=1),
    "idle-cpu": cost("CPU at rest", "ms/s", footprint.each(footprint.idle_cpu), rounds=1),
    "install-size": cost("size of the base install", "MB", footprint.install_size, rounds=1),
    # Writing.
    "create-run": rate("create a run", "runs/s", versus_mlflow(writes.create_run)),
    "log-metric": rate("log one metric", "requests/s", versus_mlflow(writes.log_metric(1))),
    "log-batch": rate("log 1,000 metrics", "metrics/s", versus_mlflow(writes.log_batch(1))),
    "log-metric-8": rate("log one metric, 8 writers", "requests/s", versus_mlflow(writes.log_metric(8))),
    "log-batch-8": rate("log 1,000 metrics, 8 writers", "metrics/s", versus_mlflow(writes.log_batch(8))),
    "client": cost("`MlflowClient.log_metric`, unmodified", "ms", versus_mlflow(client.log_metric)),
    # Reading.
    "search": cost("search by metric and param", "ms", versus_mlflow(reads.search(reads.METRIC_AND_PARAM))),
    "search-3": cost("search by three clauses", "ms", versus_mlflow(reads.search(reads.THREE_CLAUSES))),
    "top-run": cost("the best run by a metric", "ms", versus_mlflow(reads.search(reads.TOP_RUN))),
    "history": cost("history of 10,000 points", "ms", versus_mlflow(reads.history)),
    # The registry, artifacts and traces.
    "versions": cost(
        "versions of one of 100 models", "ms", versus_mlflow(registry.search(registry.OF_ONE_MODEL))
    ),
    "versions-tag": cost("10,000 versions by tag", "ms", versus_mlflow(registry.search(registry.BY_TAG))),
    "versions-name": cost(
        "all 10,000 versions by name", "ms", versus_mlflow(registry.search(registry.BY_NAME))
    ),
    "versions-source": cost(
        "10,000 versions by source", "ms", versus_mlflow(registry.search(registry.BY_SOURCE))
    ),
    "models": cost("search registered models", "ms", versus_mlflow(registry.search(registry.MODELS))),
    "log-model": rate("log a model of five files", "models/s", versus_mlflow(registry.log_model)),
    "list-artifacts": cost("list a folder of 2,000 files", "ms", versus_mlflow(artifacts.listing)),
    "otlp": rate("spans through OTLP, ten a request", "spans/s", versus_mlflow(traces.ingest(1))),
    "otlp-8": rate("same, 8 exporters", "spans/s", versus_mlflow(traces.ingest(8))),
    "traces": cost("the newest 100 of 100,000 traces", "ms", versus_mlflow(traces.search(traces.NEWEST))),
    "traces-tag": cost("traces by state and tag", "ms", versus_mlflow(traces.search(traces.BY_TAG))),
    # ML Metadata's client over gRPC, beside ML Metadata's own store.
    "mlmd-put": rate("put an artifact", "1/s", mlmd.rate("put-one")),
    "mlmd-put-8": rate("same, 8 clients", "1/s", mlmd.rate("put-one", 8)),
    "mlmd-batch": rate("put 1,000 artifacts", "artifacts/s", mlmd.rate("put-many", per_call=1000)),
    "mlmd-batch-8": rate("same, 8 clients", "artifacts/s", mlmd.rate("put-many", 8, per_call=1000)),
    "mlmd-step": rate("`put_execution`, six artifacts", "1/s", mlmd.rate("put-execution")),
    "mlmd-step-8": rate("same, 8 clients", "1/s", mlmd.rate("put-execution", 8)),
    "mlmd-filter": cost("filter by two properties", "ms", mlmd.latency("by-property")),
    "mlmd-context": cost("filter by context and property", "ms", mlmd.latency("by-context")),
    "mlmd-type": cost("filter by type and property", "ms", mlmd.latency("by-type")),
    "mlmd-lineage": cost("lineage, 20 hops up", "ms", mlmd.latency("lineage")),
    # OpenLineage's events of 6 KB with column lineage, over HTTP.
    "openlineage": rate("take in an event", "events/s", openlineage.events(1)),
    "openlineage-8": rate("same, 8 producers", "events/s", openlineage.events(8)),
    "openlineage-batch": rate("events, 100 a request", "events/s", openlineage.batches),
    "classify-100k": cost("classify a column that 100,000 are made of", "ms", openlineage.classify),
    # Over HTTP, beside what SQLite itself does on the same disk.
    "floor-metric": rate("log one metric", "1/s", versus_sqlite(writes.log_metric(1), floor.single)),
    "floor-metric-32": rate("same, 32 writers", "1/s", versus_sqlite(writes.log_metric(32), floor.single)),
    "floor-batch": rate("log 1,000 metrics", "rows/s", versus_sqlite(writes.log_batch(1), floor.batches)),
    "floor-batch-8": rate("same, 8 writers", "rows/s", versus_sqlite(writes.log_batch(8), floor.batches)),
    # In process, a million entities with three million edges.
    "lineage": cost("lineage closure", "ms", graph.closure()),
    "lineage-hub": cost("lineage page of a hub, 300 nodes", "ms", graph.hub),
    "impact": cost("impact of one of a million columns", "ms", columns.dropped),
    "find": cost("full-text search, two words", "ms", graph.search),
    "lineage-analyzed": cost("lineage closure after ANALYZE", "ms", graph.closure(analyzed=True)),
    # Marquez's read API in process, 100,000 jobs; depth 5 and 20 lead to 149 and 569 nodes.
    "marquez-jobs": cost("a page of 25 jobs", "ms", marquez.answer(marquez.JOBS)),
    "marquez-lineage-5": cost("lineage, depth 5", "ms", marquez.answer(marquez.LINEAGE.format(depth=5))),
    "marquez-lineage-20": cost("lineage, depth 20", "ms", marquez.answer(marquez.LINEAGE.format(depth=20))),
}
