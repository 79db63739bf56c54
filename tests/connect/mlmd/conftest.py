"""Stores of ML Metadata that its own library fills and reads, and a running Lineal."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from scripts import client_env

from lineal import Client
from lineal.connect.mlmd.lineal_target import LinealTarget
from lineal.connect.mlmd.move import Progress, move
from lineal.connect.mlmd.places import open_source
from lineal.connect.mlmd.service import Secrets
from lineal.connect.report import Report
from lineal.testing.serving import start_lineal

HERE = Path(__file__).parent


class Library:
    """ML Metadata's own library, in an environment of its own."""

    def fill(self, place: str, *how: str) -> None:
        self._run("fill.py", place, *how)

    def tell(self, place: str, *how: str) -> Any:
        """All that is in a store."""
        return json.loads(self._run("tell.py", place, *how).splitlines()[-1])

    def _run(self, script: str, *arguments: str) -> str:
        command = [str(client_env.python_of("mlmd")), str(HERE / script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


@pytest.fixture
def library() -> Library:
    if reason := client_env.missing("mlmd"):
        pytest.skip(reason)
    return Library()


class Served(NamedTuple):
    """Where a server answers over HTTP and over gRPC."""

    url: str
    grpc_port: int


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on an empty store, once on each database."""
    with serving(tmp_path_factory.mktemp("data"), "--store", store_url) as served:
        yield served


@contextmanager
def serving(data: Path, *options: str) -> Iterator[Served]:
    process = start_lineal(data, *options, "--grpc-port", "0")
    try:
        told = re.search(r"grpc_port=(\d+)", process.log())
        assert told is not None, process.log()
        yield Served(process.url, int(told[1]))
    finally:
        process.stop()


@contextmanager
def no_bar(title: str) -> Iterator[Progress]:
    yield lambda done, total: None


NO_SECRETS = Secrets()


def take(
    where: str, client: Client, name: str = "", namespace: str = "default", secrets: Secrets = NO_SECRETS
) -> Report:
    """Import a store."""
    source = open_source(where, secrets)
    try:
        target = LinealTarget(client, source.title, name, namespace)
        move(source, target, no_bar)
        return target.report
    finally:
        source.close()


def outcomes(report: Report) -> dict[str, dict[str, int]]:
    return {what: dict(counted) for what, counted in report.outcomes.items()}


def only(report: Report, outcome: str) -> Sequence[str]:
    """What came out otherwise."""
    return [what for what, counted in outcomes(report).items() if set(counted) != {outcome}]
