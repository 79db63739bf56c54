"""The table of operations tells the truth."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.protocols.mlflow.conftest import Client, told

import lineal.protocols.mlflow
from lineal.protocols.mlflow import door

TABLE = Path(lineal.protocols.mlflow.__file__).with_name("operations.toml")
OPERATIONS = tomllib.loads(TABLE.read_text("utf-8"))["operation"]


def plain(name: str) -> str:
    return name.replace(":path}", "}")


def test_what_the_table_calls_served_is_what_is_served() -> None:
    told = {plain(each["name"]) for each in OPERATIONS if "refused" not in each and "by" not in each}
    served = {plain(f"{route.method} {route.path}") for route in door.routes()}
    twins = {name for name in served if name.replace("/ajax-api/", "/api/") in served - {name}}
    assert told == served - twins


def test_every_operation_stands_under_the_browsers_prefix_too() -> None:
    served = {(route.method, route.path) for route in door.routes()}
    for method, path in served:
        if path.startswith("/api/"):
            assert (method, path.replace("/api/", "/ajax-api/", 1)) in served


def test_nothing_is_told_twice_or_refused_without_a_reason() -> None:
    names = [each["name"] for each in OPERATIONS]
    assert len(names) == len(set(names)) > 300
    assert all(each.get("refused", "reason") for each in OPERATIONS)


def test_who_asks_for_a_refused_operation_is_told_why(client: Client) -> None:
    for each in OPERATIONS:
        method, path = each["name"].split()
        if "refused" in each and path.startswith(("/api/", "/ajax-api/")):
            answer = client.send(method, re.sub(r"\{[^}]+\}", "x", path))
            if answer.status_code == 405:
                continue  # another operation, with a variable there, has this path
            status, code, message = told(answer)
            assert (status, code) == (404, "ENDPOINT_NOT_FOUND"), each
            assert each["refused"] in message
    nowhere = "/api/2.0/mlflow/nowhere"
    assert told(client.send("POST", nowhere)) == (
        404,
        "ENDPOINT_NOT_FOUND",
        f"nothing is served at {nowhere}",
    )
