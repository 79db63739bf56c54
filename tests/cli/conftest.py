from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lineal import Client
from lineal.cli.app import run


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.out.splitlines()]


Lineal = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "DATA", "TOKEN", "STORE", "BLOBS", "PASSWORD", "DEBUG"):
        monkeypatch.delenv(f"LINEAL_{name}", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def lineal(capsys: pytest.CaptureFixture[str]) -> Lineal:
    """Runs a command line in this process."""

    def ran(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        status = run([str(each) for each in arguments])
        return Ran(status, *capsys.readouterr())

    return ran


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a small story: orders are read by two runs, of which one writes a model."""
    folder = tmp_path / "data"
    with Client(folder) as client:
        orders = client.put("dataset", "/lake/raw/shop/orders/orders.csv", namespace="file", owner="ada")
        experiment = client.put("experiment", "churn study")
        for number, rate in enumerate((0.1, 0.2)):
            made = client.put(
                "run", f"run {number}", home=experiment, properties={"param.rate": rate}, started=number + 1
            )
            client.log(made, {"loss": 1 - rate, "accuracy": rate})
            client.link(orders, "input", made)
        model = client.put("model", "churn")
        client.link(made, "output", model)
        client.label(orders, "personal data")
    return folder
