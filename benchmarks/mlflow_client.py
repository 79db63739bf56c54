"""The process that uses the unmodified MLflow client. Run by MLflow's own Python, it imports nothing here.

It says "ready", waits for a line, logs single metrics for a while, and prints how many and the median time.
"""

import json
import statistics
import sys
import time

from mlflow import MlflowClient  # type: ignore[import-not-found, unused-ignore]


def main(url: str, seconds: float) -> None:
    """Log single metrics for a while."""
    client = MlflowClient(url)
    run = client.create_run("0").info.run_id
    client.log_metric(run, "loss", 0.0)
    print("ready", flush=True)
    sys.stdin.readline()
    latencies: list[float] = []
    start = time.perf_counter()
    while (begun := time.perf_counter()) - start < seconds:
        client.log_metric(run, "loss", 0.5, step=len(latencies))
        latencies.append(time.perf_counter() - begun)
    print(json.dumps({"calls": len(latencies), "median_ms": statistics.median(latencies) * 1e3}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
