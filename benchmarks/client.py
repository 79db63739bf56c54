"""What a user of MLflow sees: its unmodified client against each server."""

import json
import os
import subprocess
from pathlib import Path

from benchmarks.bench import Bench, Sample, Trial
from benchmarks.servers import MLFLOW_VENV, Server

SCRIPT = Path(__file__).with_name("mlflow_client.py")


def log_metric(bench: Bench, server: Server) -> Trial:
    """Milliseconds per `MlflowClient.log_metric`, in a process of its own."""
    command = [f"{MLFLOW_VENV}/bin/python", "-W", "ignore", str(SCRIPT), f"http://127.0.0.1:{server.port}"]

    def trial() -> Sample:
        with subprocess.Popen(
            [*command, str(bench.scale.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        ) as client:
            assert client.stdout is not None
            if client.stdout.readline() != "ready\n":
                raise RuntimeError(f"the MLflow client did not get on with {server.name}")
            before = server.cpu_seconds()
            output, _ = client.communicate("go\n")
        result = json.loads(output)
        cpu = server.cpu_seconds() - before
        return Sample(result["median_ms"], cpu / result["calls"] * 1e6)

    return trial
