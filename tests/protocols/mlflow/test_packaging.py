"""What the files beside a model tell of an example of its input: names, types and rows, and no values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.model import ByExternal
from lineal.protocols.mlflow import packaging

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
INFO = """flavors:
  sklearn:
    code: null
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  serving_input_path: serving_input_example.json
  type: {type}
utc_time_created: '2026-11-25'
"""
SIGNATURE = """signature:
  inputs: '[{"type": "double", "name": "x", "required": true}, {"type": "long", "name":
    "y"}]'
"""


def example(content: Any, kind: str = "dataframe", more: str = "") -> Any:
    files = {"MLmodel": INFO.format(type=kind) + more, "input_example.json": json.dumps(content)}
    return packaging.described(files)["input_example"]


def test_a_data_frame_with_a_signature() -> None:
    frame = {"columns": ["x", "y"], "data": [[0.5, 1], [1.5, 2], [2.5, 3]]}
    assert example(frame, more=SIGNATURE) == {
        "path": "input_example.json",
        "type": "dataframe",
        "fields": [{"name": "x", "type": "double"}, {"name": "y", "type": "long"}],
        "rows": 3,
    }


@pytest.mark.parametrize(
    ("content", "fields", "rows"),
    [
        ({"columns": ["a", "b"], "data": [["s", None]]}, [("a", "string"), ("b", "any")], 1),
        ({"columns": ["a", "b"], "data": []}, [("a", "any"), ("b", "any")], 0),
        ({"columns": ["a"], "data": "x"}, [("columns", "array"), ("data", "string")], 1),
        ([[1, 2], [3, 4]], None, 2),
        (["one", "two", "three"], None, 3),
        (
            {"a": 1, "b": True, "c": {}, "d": 0.5},
            [("a", "long"), ("b", "boolean"), ("c", "object"), ("d", "double")],
            1,
        ),
        ({"t": [1, 2], "u": [3, 4]}, [("t", "array"), ("u", "array")], 2),
        ({"t": [1, 2], "u": [3]}, [("t", "array"), ("u", "array")], 1),
        ("text", None, None),
        (None, None, None),
    ],
)
def test_without_a_signature(content: Any, fields: list[tuple[str, str]] | None, rows: int | None) -> None:
    found = example(content, "json_object")
    assert (found["path"], found["type"]) == ("input_example.json", "json_object")
    assert [(each["name"], each["type"]) for each in found.get("fields", [])] == (fields or [])
    assert found.get("rows") == rows


def test_parameters_are_set_apart() -> None:
    wrapped = {"inputs": {"columns": ["x"], "data": [[1], [2]]}, "params": {"k": 1}}
    mlmodel = INFO.format(type="dataframe").replace("  pandas", "  params: 'true'\n  pandas")
    files = {"MLmodel": mlmodel, "input_example.json": json.dumps(wrapped)}
    found = packaging.described(files)["input_example"]
    assert (found["rows"], found["fields"]) == (2, [{"name": "x", "type": "long"}])


def test_an_example_that_is_missing_or_broken_is_still_declared() -> None:
    declared = {"path": "input_example.json", "type": "ndarray"}
    mlmodel = INFO.format(type="ndarray")
    for files in ({}, {"input_example.json": "{"}, {"input_example.json": "[" * 5000}):
        assert packaging.described({"MLmodel": mlmodel, **files})["input_example"] == declared
    for silent in ({"MLmodel": "saved_input_example_info: null\n"}, {"input_example.json": "[1]"}):
        assert packaging.described(silent) == {"signature": None, "input_example": None, "environment": None}


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "!!python/name:os.system", "a b", "x" * 300]
)
def test_only_a_plain_name_is_a_path(path: str) -> None:
    files = {
        "MLmodel": INFO.format(type="x").replace(
            "artifact_path: input_example.json", f"artifact_path: {path}"
        )
    }
    assert "path" not in (packaging.described(files)["input_example"] or {})


def test_a_model_that_is_ready_is_described(client: Client, catalog: Catalog) -> None:
    model = client.post("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    secret = "4929-1234-5678-9012"
    frame = {"columns": ["x", "y"], "data": [[secret, 1], [secret, 2]]}
    for name, content in (
        ("MLmodel", INFO.format(type="dataframe") + SIGNATURE),
        ("input_example.json", json.dumps(frame)),
    ):
        url = f"{PROXY}/0/models/{model}/artifacts/{name}"
        assert client.send("PUT", url, content=content.encode()).status_code == 200
    body = {"model_id": model, "status": "LOGGED_MODEL_READY"}
    assert client.send("PATCH", f"logged-models/{model}", json=body).status_code == 200
    facets = catalog.session(LOCAL, "test").get(ByExternal("mlflow.logged_model", model), ["facets"]).facets
    assert facets["input_example"]["rows"] == 2
    assert [each["name"] for each in facets["signature"]["inputs"]] == ["x", "y"]
    assert secret not in json.dumps(facets)


@pytest.mark.parametrize(
    "inputs", ["[" * 400 + "]" * 400, '["\\u0000"]', '{"a": 1e999}', '["\\ud800"]', "[" * 100_000]
)
def test_a_model_with_odd_files_gets_ready_all_the_same(client: Client, inputs: str) -> None:
    model = client.post("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    content = f"signature:\n  inputs: '{inputs}'\n".encode()
    url = f"{PROXY}/0/models/{model}/artifacts/MLmodel"
    assert client.send("PUT", url, content=content).status_code == 200
    body = {"model_id": model, "status": "LOGGED_MODEL_READY"}
    assert client.send("PATCH", f"logged-models/{model}", json=body).status_code == 200
    assert client.get(f"logged-models/{model}")["model"]["info"]["status"] == "LOGGED_MODEL_READY"


def test_a_file_that_is_replaced_later_is_told_anew(client: Client, catalog: Catalog) -> None:
    model = client.post("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    root = f"{PROXY}/0/models/{model}/artifacts"

    def put(name: str, content: str) -> dict[str, Any]:
        assert client.send("PUT", f"{root}/{name}", content=content.encode()).status_code == 200
        entity = catalog.session(LOCAL, "test").get(ByExternal("mlflow.logged_model", model), ["facets"])
        return entity.facets

    assert put("requirements.txt", "numpy") == {}
    body = {"model_id": model, "status": "LOGGED_MODEL_READY"}
    assert client.send("PATCH", f"logged-models/{model}", json=body).status_code == 200
    assert put("requirements.txt", "numpy\npandas")["environment"] == {"requirements": ["numpy", "pandas"]}
    assert put("MLmodel", SIGNATURE)["signature"]["inputs"][0]["name"] == "x"
    assert "signature" not in put("MLmodel", "flavors: {}")
    assert put("data/requirements.txt", "other")["environment"] == {"requirements": ["numpy", "pandas"]}
