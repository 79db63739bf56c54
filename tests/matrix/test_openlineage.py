"""Events, MLflow and the native API see one graph."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.matrix.conftest import Doors

RUN = "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e6f"
TABLE = "name:dataset:postgres://db:5432/shop.public.people"
SALES = {
    "name": "sales",
    "digest": "abc",
    "source_type": "s3",
    "source": '{"uri": "s3://lake/sales.parquet"}',
}


def event(**more: Any) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-03-01T10:00:00Z",
        "producer": "https://example.com",
        "run": {"runId": RUN},
        "job": {"namespace": "nightly", "name": "load"},
        **more,
    }


@pytest.fixture
def loaded(doors: Doors) -> Doors:
    """A job wrote what a run of MLflow reads."""
    field = {"namespace": "postgres://db:5432", "name": "shop.public.people", "field": "mail"}
    lineage = {"fields": {"mail": {"inputFields": [field]}}}
    facets = {"schema": {"fields": [{"name": "mail", "type": "text"}]}, "columnLineage": lineage}
    outputs = [{"namespace": "s3://lake", "name": "sales.parquet", "facets": facets}]
    inputs = [{"namespace": "postgres://db", "name": "shop.public.people"}]
    post(doors, event(inputs=inputs, outputs=outputs))
    experiment = doors.mlflow("experiments/create", name="forecasts")["experiment_id"]
    run = doors.mlflow("runs/create", experiment_id=experiment, run_name="able fox", start_time=1000)["run"][
        "info"
    ]
    doors.mlflow("runs/log-inputs", run_id=run["run_id"], datasets=[{"tags": [], "dataset": SALES}])
    return doors


def post(doors: Doors, told: dict[str, Any]) -> None:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(doors._app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as client:
            return await client.post("/api/v1/lineage", json=told)

    answer = doors._runner.run(send())
    assert answer.status_code == 201, answer.text


def test_one_lineage_from_a_table_through_a_file_to_a_training(loaded: Doors) -> None:
    found = loaded.native(f"lineage/{quote(TABLE, safe='')}", direction="down")
    named = {(node["kind"], node["name"]) for node in found["nodes"]}
    assert named >= {("job", "load"), ("run", RUN), ("dataset", "sales.parquet"), ("run", "able fox")}


def test_a_classification_of_a_column_reaches_the_training(loaded: Doors) -> None:
    column = "name:column:postgres%3A%2F%2Fdb%3A5432/shop.public.people%23mail"
    label = {"op": "put_label", "ref": {"by": "name", "kind": "column", "name": "shop.public.people#mail",
             "namespace": "postgres://db:5432"}, "name": "personal"}  # fmt: skip
    loaded.native_post("changes", {"operations": [label]})
    assert [each["name"] for each in loaded.entity(column)["entity"]["labels"]] == ["personal"]
    found = loaded.native("entities", label="personal")["entities"]
    assert {each["name"] for each in found} == {
        "shop.public.people#mail", "shop.public.people", "sales.parquet#mail", "sales.parquet", "able fox",
    } | {each["name"] for each in found if each["kind"] in ("job", "run", "dataset_version")}  # fmt: skip


def test_the_native_api_answers_beside_it(loaded: Doors) -> None:
    assert loaded.native("entities", q="sales")["entities"]
    assert loaded.native(f"lineage/openlineage.run:{RUN}")["nodes"]
    assert loaded.entity(f"openlineage.run:{RUN}")["entity"]["properties"]["status"] == "COMPLETED"
