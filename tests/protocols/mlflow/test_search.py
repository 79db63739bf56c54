"""Searching runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client
from tests.protocols.mlflow.tracing import export, span

from lineal.catalog.catalog import Catalog

RUNS: list[dict[str, Any]] = [
    {"name": "a", "start": 100, "params": {"lr": "0.1", "net": "Big"}, "metrics": {"loss": 0.3}},
    {"name": "b", "start": 300, "params": {"lr": "0.01"}, "metrics": {"loss": 0.1, "acc": 0.9}},
    {"name": "c", "start": 200, "params": {"lr": "0.1"}, "metrics": {"loss": "NaN"}, "tags": {"team": "red"}},
    {"name": "d", "start": 300, "params": {}, "metrics": {"loss": "-Infinity"}, "tags": {"team": "blue"}},
    {"name": "e", "start": 50, "params": {"lr": "1"}, "metrics": {}},
]


def given(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in values.items()]


@pytest.fixture
def experiment(client: Client) -> str:
    number = client.experiment("x")
    for each in RUNS:
        run = client.run(number, run_name=each["name"], start_time=each["start"], user_id="ann")
        metrics = [{**metric, "timestamp": 1} for metric in given(each["metrics"])]
        tags = given(each.get("tags", {}))
        client.post("runs/log-batch", run_id=run, params=given(each["params"]), metrics=metrics, tags=tags)
    return number


FILTERS = [
    ("", "abcde"),
    ("metrics.loss < 0.2", "bd"),
    ("metrics.loss != 0.1", "acd"),
    ("metrics.loss = 0.1", "b"),
    ("metrics.loss > -1e308", "ab"),
    ("params.lr = '0.1'", "ac"),
    ("params.lr != '0.1'", "be"),
    ("params.net LIKE 'B%'", "a"),
    ("params.net LIKE 'b%'", ""),
    ("params.net ILIKE 'b%'", "a"),
    ("tags.team IS NULL", "abe"),
    ("tags.team IS NOT NULL AND metrics.loss < 0", "d"),
    ("params.lr = '0.1' AND tags.team = 'red'", "c"),
    ("attributes.start_time >= 200", "bcd"),
    ("run_name = 'a'", "a"),
    ("tags.`mlflow.runName` LIKE 'b'", "b"),
    ("user_id = 'ann' AND status = 'RUNNING'", "abcde"),
    ("status = 'FINISHED'", ""),
    ("metrics.none > 0", ""),
]


def test_filters(client: Client, experiment: str) -> None:
    for query, names in FILTERS:
        assert sorted(client.found(experiment, query)) == list(names)


ORDERS = [
    (["metrics.loss"], "dbac e"),
    (["metrics.loss DESC"], "abdc e"),
    (["params.lr", "start_time"], "bace d"),
    (["params.lr DESC", "start_time ASC"], "eacb d"),
    (["start_time"], "eac"),
    (["attributes.run_name DESC"], "edcba"),
]


def test_values_come_first_then_nan_then_what_is_missing(client: Client, experiment: str) -> None:
    for order, names in ORDERS:
        found = "".join(client.found(experiment, order_by=order))
        assert found.startswith(names.replace(" ", ""))


def test_by_default_the_youngest_comes_first_and_ties_go_by_id(client: Client, experiment: str) -> None:
    found = client.post("runs/search", experiment_ids=[experiment])["runs"]
    keys = [(-run["info"]["start_time"], run["info"]["run_id"]) for run in found]
    assert keys == sorted(keys)


def test_runs_are_found_by_id_and_by_data(client: Client, experiment: str) -> None:
    one, two = (client.run(experiment, run_name=name) for name in ("one", "two"))
    data = {"name": "d", "digest": "1", "source_type": "code", "source": "{}"}
    context = [{"key": "mlflow.data.context", "value": "train"}]
    client.post("runs/log-inputs", run_id=one, datasets=[{"dataset": data, "tags": context}])
    client.post("runs/log-inputs", run_id=two, datasets=[{"dataset": {**data, "digest": "2"}}])
    assert client.found(experiment, f"run_id = '{one}'") == ["one"]
    assert sorted(client.found(experiment, f"run_id IN ('{one}', '{two}')")) == ["one", "two"]
    assert sorted(client.found(experiment, "dataset.name = 'd'")) == ["one", "two"]
    assert client.found(experiment, "dataset.digest != '1'") == ["two"]
    assert client.found(experiment, "datasets.context IN ('train', 'x') AND dataset.name LIKE 'd%'") == [
        "one"
    ]


def test_pages(client: Client, experiment: str) -> None:
    names: list[str] = []
    token: str | None = ""
    while token is not None:
        body = {"experiment_ids": [experiment], "max_results": 2, "page_token": token}
        page = client.post("runs/search", **body)
        names += [run["info"]["run_name"] for run in page["runs"]]
        token = page.get("next_page_token")
    assert sorted(names) == list("abcde")
    exact = client.post("runs/search", experiment_ids=[experiment], max_results=5)
    assert "next_page_token" not in exact


def test_states_and_several_experiments(client: Client, experiment: str) -> None:
    gone, elsewhere = client.run(experiment, run_name="gone"), client.experiment("y")
    client.post("runs/delete", run_id=gone)
    client.run(elsewhere, run_name="other")
    assert client.found(experiment, run_view_type="DELETED_ONLY") == ["gone"]
    assert len(client.found(experiment, run_view_type="ALL")) == 6
    both = client.post("runs/search", experiment_ids=[experiment, elsewhere, "999"])["runs"]
    assert len(both) == 6
    assert client.post("runs/search", experiment_ids=[]) == {}
    assert client.post("runs/search", experiment_ids=["999"]) == {}


SEARCHES: list[dict[str, Any]] = [
    {},
    {"filter": "metrics.loss < 1 and params.lr = '0.1'"},
    {"filter": "tags.team LIKE 'r%'", "order_by": ["metrics.acc DESC"]},
    {"order_by": ["params.lr", "attributes.start_time DESC"]},
]


def test_however_many_spans_there_are_a_search_of_runs_touches_none(
    client: Client, experiment: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        export(client, span(number, 1), span(number, 2, "child", 1), experiment=experiment)
    seen: list[tuple[str, Any]] = []
    kind: Any = type(catalog.store.reader())
    execute = kind.execute
    monkeypatch.setattr(
        kind, "execute", lambda cx, sql, params=(): seen.append((sql, params)) or execute(cx, sql, params)
    )
    for each in SEARCHES:
        client.found(experiment, each.get("filter", ""), order_by=each.get("order_by", []))
    tables = {table for sql, _ in seen for table in re.findall(r"(?:FROM|JOIN) (\w+)", sql)}
    assert {"entity", "property", "latest"} <= tables
    assert not {"span", "span_body", "span_name"} & tables
    cx = catalog.store.reader()
    if cx.dialect.name == "sqlite":
        plans = [row[3] for sql, params in seen for row in execute(cx, f"EXPLAIN QUERY PLAN {sql}", params)]
        assert any(plan.startswith("SEARCH e ") for plan in plans)
        assert [plan for plan in plans if re.match(r"SCAN (e|entity|p|property|l|latest)\b", plan)] == []


NONSENSE = [
    {"max_results": 0},
    {"max_results": 50_001},
    {"max_results": "x"},
    {"filter": "params.a = 1"},
    {"order_by": ["nothing"]},
    {"order_by": "start_time"},
    {"page_token": "garbage"},
    {"run_view_type": "SOME"},
    {"experiment_ids": ["abc"]},
]


def test_searches_that_make_no_sense(client: Client) -> None:
    for search in NONSENSE:
        body = {"experiment_ids": ["0"], **search}
        assert client.refused("runs/search", **body)[:2] == (400, "INVALID_PARAMETER_VALUE")
