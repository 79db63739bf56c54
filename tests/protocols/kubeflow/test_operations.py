"""The table of operations tells the truth."""

from __future__ import annotations

import tomllib
from pathlib import Path

import lineal.protocols.kubeflow
from lineal.protocols.kubeflow import door

TABLE = Path(lineal.protocols.kubeflow.__file__).with_name("operations.toml")


def test_every_published_operation_of_both_generations_is_served() -> None:
    told = [each["name"] for each in tomllib.loads(TABLE.read_text("utf-8"))["operation"]]
    assert set(told) == {f"{route.method} {route.path}" for route in door.routes()}
    counts = [sum(f"/{generation}/" in name for name in told) for generation in ("v1alpha3", "v1")]
    assert counts == [56, 40] and len(set(told)) == len(told)


def test_the_later_generation_has_no_experiments() -> None:
    paths = {route.path for route in door.routes() if "experiment" in route.path}
    assert paths and all("/v1alpha3/" in path for path in paths)
