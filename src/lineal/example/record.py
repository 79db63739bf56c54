"""Run the example's pipeline: ML Metadata's own client records it, and its training logs to MLflow."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lineal.example.fill import NoExample, find_python

HERE = Path(__file__).parent


def record(url: str, port: int) -> dict[str, Any]:
    """Run the pipeline against a server of this machine.

    Args:
        url: of its HTTP.
        port: of its gRPC.

    Returns:
        Ids of what was recorded: `generate`, `train` (executions), `dataset`, `model` (artifacts), `run` (MLflow's).

    Raises:
        NoExample: there is no ml-metadata or no MLflow, or a step failed.
    """
    with tempfile.TemporaryDirectory(prefix="lineal-pipeline-") as folder:
        script = [find_recorder(), str(HERE / "pipeline.py"), str(port), find_python()]
        done = subprocess.run(
            [*script, str(HERE / "steps.py"), url, folder],
            capture_output=True, text=True, check=False, cwd=folder, env=_environment(folder),
        )  # fmt: skip
    if done.returncode != 0:
        raise NoExample(
            f"the pipeline failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}"
        )
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def find_recorder() -> str:
    """A Python that has ml-metadata: LINEAL_PIPELINE_PYTHON, this one, or a checkout's.

    Raises:
        NoExample: there is none.
    """
    if chosen := os.environ.get("LINEAL_PIPELINE_PYTHON"):
        return chosen
    if importlib.util.find_spec("ml_metadata"):
        return sys.executable
    checkout = Path(".venv-clients", "mlmd", "bin", "python").absolute()
    if checkout.exists():
        return str(checkout)
    raise NoExample(
        "the pipeline is recorded by ml-metadata, which is not here: name a Python that has it (3.11 or older)"
        " in LINEAL_PIPELINE_PYTHON; in a checkout, python scripts/client_env.py mlmd"
    )


def _environment(folder: str) -> dict[str, str]:
    """Ours without what would make MLflow's client look elsewhere, or Python for other packages."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
    return kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet", "HOME": folder}
