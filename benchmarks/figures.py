"""Every figure, a line each, in the order in which they are taken."""

from benchmarks import client, floor, footprint, graph, reads, writes
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
    # Over HTTP, beside what SQLite itself does on the same disk.
    "floor-metric": rate("log one metric", "1/s", versus_sqlite(writes.log_metric(1), floor.single)),
    "floor-metric-32": rate("same, 32 writers", "1/s", versus_sqlite(writes.log_metric(32), floor.single)),
    "floor-batch": rate("log 1,000 metrics", "rows/s", versus_sqlite(writes.log_batch(1), floor.batches)),
    "floor-batch-8": rate("same, 8 writers", "rows/s", versus_sqlite(writes.log_batch(8), floor.batches)),
    # In process, a million entities with three million edges.
    "lineage": cost("lineage closure", "ms", graph.closure()),
    "lineage-hub": cost("lineage page of a hub, 300 nodes", "ms", graph.hub),
    "find": cost("full-text search, two words", "ms", graph.search),
    "lineage-analyzed": cost("lineage closure after ANALYZE", "ms", graph.closure(analyzed=True)),
}
