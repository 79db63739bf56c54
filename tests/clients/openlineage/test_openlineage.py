"""Unmodified producers against a live server: openlineage-python, openlineage-sql, and dbt on DuckDB."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.clients.openlineage.conftest import HERE, Guarded, Run

from lineal.client import Client
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Query

pytestmark = [pytest.mark.clients, pytest.mark.slow]


def named(client: Client, kind: str, namespace: str = "") -> dict[str, Entity]:
    """Entities of a kind by name."""
    where = Compare(Attribute("namespace"), "=", namespace) if namespace else None
    query = Query(kinds=[kind], where=where, limit=1000, parts=["properties", "facets", "labels"])
    return {each.name: each for each in client.find(query).entities}


def columns_above(client: Client, dataset: Entity, path: str) -> set[tuple[str, str]]:
    """Kind of edge and name of each column that one is made of."""
    column = next(each for each in named(client, "column").values() if each.name == f"{dataset.name}#{path}")
    found = client.lineage(column.id, direction="up", depth=1)
    names = {node.id: node.name for node in found.nodes}
    return {(edge.kind, names[edge.source]) for edge in found.edges if edge.target == column.id}


@pytest.mark.parametrize("transport", ["http", "async_http"])
def test_openlineage_python(run: Run, server: Guarded, transport: str) -> None:
    told = run("events.py", OPENLINEAGE__TRANSPORT__TYPE=transport)
    assert told["transport"].lower().startswith(transport.replace("_", ""))
    with Client(server.url, token=server.token) as client:
        done = client.get(f"openlineage.run:{told['run']}", parts=["properties", "facets"])
        assert (done.properties["status"], done.ended) == ("COMPLETED", (done.started or 0) + 2000)
        variables = done.facets["environmentVariables"]["environmentVariables"]
        assert {each["name"]: each["value"] for each in variables} == {
            "MY_PASSWORD": "[removed]",
            "LANG": "C.UTF-8",
        }
        assert client.get(f"openlineage.run:{told['parent']}").properties["status"] == "NEW"
        assert named(client, "job").keys() == {"dag", "dag.load", "planned"}
        lake = named(client, "dataset", "s3://lake")
        assert lake.keys() == {"people.parquet", "alone.parquet"}
        assert columns_above(client, lake["people.parquet"], "hash") == {
            ("masked", "shop.public.people#mail")
        }
        (version,) = [
            each for each in named(client, "dataset_version").values() if each.name == "people.parquet"
        ]
        assert version.facets["statistics"] == {"row_count": 12, "bytes": 345}


def test_a_wrong_token_is_refused(run: Run, server: Guarded) -> None:
    wrong = json.dumps({"type": "api_key", "apiKey": "wrong"})
    with pytest.raises(AssertionError, match="401"):
        run("events.py", OPENLINEAGE__TRANSPORT__AUTH=wrong)


def test_openlineage_sql(run: Run, server: Guarded) -> None:
    pytest.importorskip("sqlglot")
    assert run("queries.py")["inputs"] == ["customers", "orders"]
    with Client(server.url, token=server.token) as client:
        daily = named(client, "dataset")["shop.public.daily"]
        assert columns_above(client, daily, "day") == {
            ("derived", "shop.public.orders#day"),
        }
        assert columns_above(client, daily, "total") == {("derived", "shop.public.orders#amount")}
        assert columns_above(client, daily, "people") == {("masked", "shop.public.customers#mail")}


def test_dbt_on_duckdb(run: Run, server: Guarded, tmp_path: Path) -> None:
    shutil.copytree(HERE / "dbt", tmp_path / "dbt")
    place = ("--project-dir", str(tmp_path / "dbt"), "--profiles-dir", str(tmp_path / "dbt"))
    for command in ("seed", "run", "test"):
        told = run("dbt-ol", command, *place)
        assert "Emitted" in told and "Failed to send" not in told, told
    run("dbt", "docs", "generate", *place)
    run("dbt-ol", "run", *place)
    with Client(server.url, token=server.token) as client:
        data = named(client, "dataset")
        daily, orders = data["shop.main.daily"], data["shop.main.stg_orders"]
        assert {each.namespace for each in data.values()} == {"duckdb://shop.duckdb"}
        assert columns_above(client, daily, "total") == {("derived", "shop.main.stg_orders#amount")}
        assert columns_above(client, orders, "order_id") == {("derived", "shop.main.orders#id")}
        below = client.lineage(data["shop.main.orders"].id, direction="down", kinds=["dataset"])
        assert {node.name for node in below.nodes} >= {"shop.main.stg_orders", "shop.main.daily"}
        assert orders.properties["assertions.passed"] == 2 and orders.properties["assertions.failed"] == 0
        assert daily.properties["description"] == "Turnover by day"
        runs = named(client, "run")
        assert {each.properties["status"] for each in runs.values()} == {"COMPLETED"}
