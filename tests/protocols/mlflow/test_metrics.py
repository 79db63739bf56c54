"""Histories of metrics."""

from __future__ import annotations

from typing import Any

from tests.protocols.mlflow.conftest import Client, told

BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"


def logged(client: Client, count: int) -> str:
    run = client.run()
    metrics = [
        {"key": "m", "value": step / 2, "timestamp": 1000 + step, "step": step} for step in range(count)
    ]
    client.post("runs/log-batch", run_id=run, metrics=metrics)
    return run


def steps(answer: Any) -> list[int]:
    return [metric["step"] for metric in answer.get("metrics", [])]


def test_a_whole_history(client: Client) -> None:
    run = logged(client, 3)
    history = client.get("metrics/get-history", run_id=run, metric_key="m")
    assert history["metrics"][1] == {"key": "m", "value": 0.5, "timestamp": 1001, "step": 1}
    assert "next_page_token" not in history


def test_what_is_unknown_has_an_empty_history(client: Client) -> None:
    run = client.run()
    assert client.get("metrics/get-history", run_id=run, metric_key="none") == {}
    assert client.get("metrics/get-history", run_id="none", metric_key="m") == {}


def test_pages(client: Client) -> None:
    run = logged(client, 10)
    found: list[int] = []
    query: dict[str, Any] = {"run_id": run, "metric_key": "m", "max_results": 4}
    while True:
        page = client.get("metrics/get-history", **query)
        found += steps(page)
        if "next_page_token" not in page:
            break
        query["page_token"] = page["next_page_token"]
    assert found == list(range(10))


NO_HISTORY = [{"max_results": 0}, {"max_results": -1}, {"page_token": "invalid_token"}, {"metric_key": ""}]


def test_histories_that_make_no_sense(client: Client) -> None:
    for wrong in NO_HISTORY:
        query = {"run_id": "r", "metric_key": "m", **wrong}
        assert told(client.send("GET", "metrics/get-history", params=query))[:2] == (
            400,
            "INVALID_PARAMETER_VALUE",
        )


def test_one_metric_of_many_runs(client: Client) -> None:
    first, second = sorted([logged(client, 3), logged(client, 2)])
    found = client.get(BULK, run_id=[second, first, "none"], metric_key="m")["metrics"]
    assert [metric["run_id"] for metric in found] == sorted(metric["run_id"] for metric in found)
    assert len(found) == 5
    assert len(client.get(BULK, run_id=[first, second], metric_key="m", max_results=2)["metrics"]) == 2


NO_BULK = [
    ({"metric_key": "m"}, "must specify at least one run_id"),
    ({"run_id": ["r"] * 101, "metric_key": "m"}, "cannot specify more than 100 run_ids"),
    ({"run_id": "r"}, "must specify a metric_key"),
    ({"run_id": "r", "metric_key": "m", "max_results": "x"}, "max_results"),
]


def test_bulk_requests_that_make_no_sense(client: Client) -> None:
    for query, message in NO_BULK:
        status, code, text = told(client.send("GET", BULK, params=query))
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert message in text


def test_a_sample_of_each_run(client: Client) -> None:
    run, other = logged(client, 10), logged(client, 20)
    path = "metrics/get-history-bulk-interval"
    found = client.get(path, run_ids=[run, other], metric_key="m", max_results=5)["metrics"]
    assert [metric["step"] for metric in found if metric["run_id"] == run] == [0, 2, 4, 6, 9]
    assert [metric["step"] for metric in found if metric["run_id"] == other] == [0, 4, 8, 12, 19]
    part = client.get(path, run_ids=run, metric_key="m", start_step=2, end_step=4)
    assert steps(part) == [2, 3, 4]


NO_SAMPLE = [
    {"run_ids": []},
    {"run_ids": ["r"] * 101},
    {"max_results": 0},
    {"max_results": 2501},
    {"start_step": 1},
    {"start_step": 2, "end_step": 1},
    {"metric_key": ""},
]


def test_samples_that_make_no_sense(client: Client) -> None:
    for query in NO_SAMPLE:
        asked = {"run_ids": ["r"], "metric_key": "m", **query}
        answer = client.send("GET", "metrics/get-history-bulk-interval", params=asked)
        assert told(answer)[:2] == (400, "INVALID_PARAMETER_VALUE")
