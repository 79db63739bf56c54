"""Fill a server with the example: train with MLflow, then describe what MLflow cannot say."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from lineal.client import Client
from lineal.example.describe import Source, describe
from lineal.graph.errors import Invalid, LinealError

Progress = Callable[[int, int], None]

SCRIPT = Path(__file__).with_name("train.py")


class NoExample(LinealError):
    """The example cannot be made here."""


def fill(client: Client, progress: Progress, token: str | None = None) -> int:
    """Make the example on a server.

    Args:
        client: of the server.
        progress: called with steps done and in all.
        token: with which MLflow's client speaks to the server.

    Returns:
        How many runs there are now.

    Raises:
        Invalid: the client works in-process, where MLflow cannot follow.
        NoExample: there is no MLflow, or training failed.
    """
    if "://" not in client.target:
        raise Invalid("the example needs a running server: start one with `lineal serve --example`")
    describe(client, _train(client.target, progress, token))
    return client.counts().get("run", 0)


def find_python() -> str:
    """A Python that has mlflow and scikit-learn: LINEAL_EXAMPLE_PYTHON, this one, or a checkout's.

    Raises:
        NoExample: there is none.
    """
    if chosen := os.environ.get("LINEAL_EXAMPLE_PYTHON"):
        return chosen
    if importlib.util.find_spec("mlflow") and importlib.util.find_spec("sklearn"):
        return sys.executable
    checkout = Path(".venv-clients", "mlflow", "bin", "python").absolute()
    if checkout.exists():
        return str(checkout)
    raise NoExample("the example is trained by MLflow, which is not here: pip install 'lineal[example]'")


def _train(url: str, progress: Progress, token: str | None) -> list[Source]:
    with tempfile.TemporaryFile("w+") as errors, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [find_python(), str(SCRIPT), url],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=_environment(token),
        )
        atexit.register(process.terminate)  # a server that stops does not leave it behind
        with process:
            sources = _follow(process, progress)
        atexit.unregister(process.terminate)
        if process.returncode != 0:
            raise NoExample(f"training failed: {_last_line(errors)}")
    return sources


def _environment(token: str | None) -> dict[str, str]:
    """Ours without what would make MLflow's client look elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
    kept["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    return kept | ({"MLFLOW_TRACKING_TOKEN": token} if token else {})


def _follow(process: subprocess.Popen[str], progress: Progress) -> list[Source]:
    """Read what the script tells; whatever else is printed is passed over."""
    sources: list[Source] = []
    for line in process.stdout or ():
        if line.startswith("{"):
            told: dict[str, Any] = json.loads(line)
            if "done" in told:
                progress(told["done"], told["total"])
            sources += [Source(**each) for each in told.get("sources", [])]
    return sources


def _last_line(errors: IO[str]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors if line.strip()]
    return lines[-1] if lines else "it said nothing"
