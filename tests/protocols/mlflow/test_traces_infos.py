"""Traces as a whole: told, shown, tagged, linked and deleted, in today's interface and the one before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told
from tests.protocols.mlflow.tracing import (
    V3,
    encoded,
    export,
    info,
    judge,
    location,
    search,
    sent,
    span,
    spans_of,
    start,
    trace_id,
)

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.change import Change, PutEntity, PutSpans
from lineal.graph.model import ByExternal, ById, Local, Span
from lineal.graph.query import Query

T = trace_id(1)
FULL: dict[str, Any] = {
    "client_request_id": "mine",
    "request_time": "2024-02-29T12:00:00.123Z",
    "execution_duration": "1.250s",
    "state": "ERROR",
    "request_preview": "asked",
    "response_preview": "answered",
    "trace_metadata": {"a": "b", "mlflow.trace.session": "s"},
    "tags": {"mlflow.traceName": "name", "t": "1"},
}


def refused(client: Client, **given: Any) -> tuple[int, str]:
    """Status and code of what is told of a trace and must be refused."""
    body = {"trace": {"trace_info": {"trace_id": T, "trace_location": location(), "state": 1, **given}}}
    headers = {"content-type": "application/json"}
    return told(client.send("POST", V3, content=json.dumps(body), headers=headers))[:2]


# Told and shown


def test_a_trace_is_told_and_shown(client: Client) -> None:
    made = start(client, T, **FULL)
    assert made == info(client, T)
    tags = made.pop("tags")
    assert tags == {**FULL["tags"], "mlflow.artifactLocation": f"mlflow-artifacts:/0/traces/{T}/artifacts"}
    metadata = made.pop("trace_metadata")
    assert metadata == {**FULL["trace_metadata"], "mlflow.trace.infoFinalized": "true"}
    rest = {key: value for key, value in FULL.items() if key not in ("tags", "trace_metadata")}
    assert made == {"trace_id": T, "trace_location": location(), **rest}


def test_what_is_told_again_changes_only_what_it_tells(client: Client) -> None:
    start(client, T, **FULL)
    again = start(
        client, T, state=1, request_time="2024-02-29T12:00:00Z", tags={"u": "2"}, trace_metadata={"a": "c"}
    )
    assert again == info(client, T)
    assert again["state"] == "OK" and again["request_preview"] == "asked"
    assert again["tags"]["t"] == "1" and again["tags"]["u"] == "2"
    assert again["trace_metadata"]["a"] == "c" and again["trace_metadata"]["mlflow.trace.session"] == "s"
    assert again == start(
        client, T, state=1, request_time="2024-02-29T12:00:00Z", tags={"u": "2"}, trace_metadata={"a": "c"}
    )


def test_assessments_come_along(client: Client) -> None:
    told_of = {
        "assessment_id": "a-1", "assessment_name": "q", "feedback": {"value": 5}, "rationale": "why",
        "source": {"source_type": "HUMAN", "source_id": "ann"},
        "create_time": "2020-01-01T00:00:00Z", "last_update_time": "2020-01-02T00:00:00Z",
    }  # fmt: skip
    made = start(client, T, assessments=[told_of])
    assert made == info(client, T)
    shown = {**told_of, "trace_id": T, "valid": True, "feedback": {"value": 5.0}}
    assert made["assessments"] == [shown]
    again = start(client, T, assessments=[{**told_of, "feedback": {"value": 6}}])
    assert [each["feedback"]["value"] for each in again["assessments"]] == [6.0]
    other = {"trace_id": "tr-2", "trace_location": location(), "assessments": [told_of]}
    assert told(client.send("POST", V3, json={"trace": {"trace_info": other}}))[0] == 400


@pytest.mark.parametrize("given", [
    {"trace_id": ""}, {"trace_id": "a/b"}, {"trace_id": ".."}, {"trace_id": "a%2fb"}, {"trace_id": "a?b"},
    {"trace_id": "a#b"}, {"trace_id": "a\\b"}, {"trace_id": "a\nb"}, {"trace_id": 5}, {"trace_location": None},
    {"trace_location": {}}, {"trace_location": location("x")}, {"trace_location": location("")},
    {"request_time": "yesterday"}, {"request_time": "9999999-01-01T00:00:00Z"}, {"request_time": 5},
    {"execution_duration": "soon"}, {"execution_duration": "9" * 40 + "s"}, {"execution_duration": "nans"},
    {"tags": {"k\x00": "v"}}, {"tags": {"k": 5}}, {"tags": {"mlflow.traceName": "x" * 5000}},
    {"trace_metadata": {"mlflow.trace.session": "x" * 300}}, {"trace_metadata": {"\ud800": "x"}},
    {"assessments": [{"assessment_name": "q"}]}, {"assessments": [{"feedback": {}, "expectation": {"value": 1}}]},
], ids=lambda given: ascii(given)[:60])  # fmt: skip
def test_what_is_no_trace_is_refused(client: Client, given: dict[str, Any]) -> None:
    assert refused(client, **given)[0] == 400
    assert search(client) == []


def test_an_experiment_that_is_not_there(client: Client) -> None:
    assert refused(client, trace_location=location("123")) == (404, "RESOURCE_DOES_NOT_EXIST")
    start(client, T)
    other = client.experiment("other")
    assert refused(client, trace_location=location(other)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("path", ["tr-none", "%00", "x" * 3000, "a%20b"])
def test_traces_that_are_not_there(client: Client, path: str) -> None:
    for way in (f"{V3}/{path}", f"/api/2.0/mlflow/traces/{path}/info", f"{V3}/get?trace_id={path}"):
        status, code, _ = told(client.send("GET", way))
        assert (status, code) in ((404, "RESOURCE_DOES_NOT_EXIST"), (400, "INVALID_PARAMETER_VALUE"))


def test_many_at_once(client: Client) -> None:
    export(client, span(1), span(2))
    start(client, "tr-x")
    asked = [trace_id(2), "tr-none", T, T]
    found = client.post(f"{V3}/batchGetInfos", trace_ids=asked)["trace_infos"]
    assert [each["trace_id"] for each in found] == [trace_id(2), T]
    whole = client.get(f"{V3}/batchGet", trace_ids=[*asked, "tr-x"])["traces"]
    assert [(each["trace_info"]["trace_id"], len(each["spans"])) for each in whole] == [
        (trace_id(2), 1),
        (T, 1),
    ]
    assert client.post(f"{V3}/batchGetInfos", trace_ids=["tr-none"]) == {}
    assert told(client.send("POST", f"{V3}/batchGetInfos", json={}))[0] == 400


def test_a_trace_is_whole_when_all_its_spans_are_there(client: Client) -> None:
    start(client, T, trace_metadata={"mlflow.trace.sizeStats": '{"num_spans": 2}'})
    export(client, span(1))
    assert client.get(f"{V3}/get", trace_id=T, allow_partial="true")["trace"]["spans"]
    assert client.get(f"{V3}/batchGet", trace_ids=[T]) == {}
    export(client, span(1, 2, "kid", 1))
    assert len(client.get(f"{V3}/get", trace_id=T)["trace"]["spans"]) == 2


def test_a_trace_without_spans_is_told_at_once(client: Client) -> None:
    start(client, T)
    status, code, message = told(client.send("GET", f"{V3}/get", params={"trace_id": T}))
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST") and "not fully exported" in message


def test_a_trace_that_another_tool_recorded(client: Client, catalog: Catalog) -> None:
    session = catalog.session(LOCAL, "test")
    put = PutEntity(
        kind="trace", name="theirs", home=ByExternal("mlflow.experiment", "0"), handle="t", started=5
    )
    made = session.commit(Change([put, PutSpans(Local("t"), [Span("a" * 16, "step", 5 * 10**6)])])).entities[
        0
    ]
    number = f"tr-{session.get(ById(made)).uuid}"
    assert search(client) == [number]
    assert info(client, number)["request_time"] == "1970-01-01T00:00:00.005Z"
    assert [each["name"] for each in spans_of(client, number)] == ["step"]
    client.send("PATCH", f"{V3}/{number}/tags", json={"key": "k", "value": "v"})
    judge(client, number, "q", True)
    found = client.post(f"{V3}/batchGetInfos", trace_ids=[number])["trace_infos"][0]
    assert found["tags"]["k"] == "v" and found["assessments"][0]["assessment_name"] == "q"


# Tags


@pytest.mark.parametrize("way", [f"{V3}/{T}/tags", f"/api/2.0/mlflow/traces/{T}/tags"])
def test_tags_are_set_and_deleted(client: Client, way: str) -> None:
    start(client, T)
    assert client.send("PATCH", way, json={"key": "k", "value": "x" * 9000}).json() == {}
    assert info(client, T)["tags"]["k"] == "x" * 4096
    client.send("PATCH", way, json={"key": "mlflow.traceName", "value": "new"})
    assert search(client, "name = 'new'") == [T]
    assert client.send("DELETE", way, json={"key": "k"}).json() == {}
    assert "k" not in info(client, T)["tags"]
    assert told(client.send("DELETE", way, json={"key": "k"}))[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("body", [
    {}, {"key": ""}, {"key": "a\x00", "value": "v"}, {"key": "mlflow.artifactLocation", "value": "v"},
    {"key": "mlflow.trace.spansLocation", "value": "v"}, {"key": "x" * 300, "value": "v"}, {"key": 5, "value": "v"},
], ids=lambda body: ascii(body)[:40])  # fmt: skip
def test_tags_that_may_not_be_set(client: Client, body: dict[str, Any]) -> None:
    start(client, T)
    before = info(client, T)
    assert told(client.send("PATCH", f"{V3}/{T}/tags", json=body))[0] == 400
    assert told(client.send("PATCH", f"{V3}/tr-none/tags", json={"key": "k", "value": "v"}))[0] == 404
    assert info(client, T) == before


# Links


def test_traces_are_linked_to_runs(client: Client, catalog: Catalog) -> None:
    run = client.run()
    start(client, T)
    late = trace_id(7)
    for _ in range(2):
        client.post("traces/link-to-run", run_id=run, trace_ids=[T, late])
    assert search(client, f"run_id = '{run}'") == [T]
    assert client.send("GET", f"{V3}/{late}").status_code == 404
    assert client.post(f"{V3}/batchGetInfos", trace_ids=[late]) == {}
    export(client, span(7))
    assert sorted(search(client, f"run_id = '{run}'")) == sorted([T, late])
    assert info(client, late)["state"] == "OK"
    session = catalog.session(LOCAL, "test")
    number = session.get(ByExternal("mlflow.run", run)).id
    assert [each.kind for each in session.edges([number], direction="out")] == ["output", "output"]


def test_links_that_lead_nowhere(client: Client) -> None:
    assert client.refused("traces/link-to-run", run_id="none", trace_ids=[T])[:2] == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
    )
    run = client.run()
    assert client.refused("traces/link-to-run", run_id=run, trace_ids=["x"] * 101)[0] == 400
    assert client.refused("traces/link-to-run", run_id=run, trace_ids=[])[0] == 400
    assert client.refused("traces/link-to-run", run_id=run, trace_ids=["a/b"])[0] == 400
    body = {"trace_id": T, "prompt_versions": [{"name": "p", "version": "1"}]}
    assert client.refused("traces/link-prompts", **body)[0] == 404


def test_traces_are_linked_to_prompts(client: Client, catalog: Catalog) -> None:
    start(client, T)
    start(client, "tr-other")
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    client.post("registered-models/create", name="p", tags=prompt)
    client.post("model-versions/create", name="p", source="dummy-source", tags=prompt)
    versions = [{"name": "p", "version": "1"}, {"name": "gone", "version": "2"}]
    client.post("traces/link-prompts", trace_id=T, prompt_versions=versions)
    assert search(client, "prompt = 'p/1'") == [T] == search(client, "prompt = 'gone/2'")
    assert search(client, "prompt = 'p/2'") == []
    session = catalog.session(LOCAL, "test")
    number = session.get(ByExternal("mlflow.trace", T)).id
    assert [each.kind for each in session.edges([number], direction="in")] == ["derived"]
    for bad in ("x", "-1", "1" * 40):
        body = {"trace_id": T, "prompt_versions": [{"name": "p", "version": bad}]}
        assert client.refused("traces/link-prompts", **body)[0] == 400


def test_the_run_and_the_model_that_a_trace_names(client: Client, catalog: Catalog) -> None:
    run = client.run()
    made = client.post("logged-models", experiment_id="0", name="m")
    model = made["model"]["info"]["model_id"]
    start(client, T, trace_metadata={"mlflow.sourceRun": run, "mlflow.modelId": model})
    start(client, "tr-lost", trace_metadata={"mlflow.sourceRun": "none", "mlflow.modelId": "none"})
    assert search(client, f"run_id = '{run}'") == [T]
    assert search(client, "run_id = 'none'") == ["tr-lost"]
    session = catalog.session(LOCAL, "test")
    number = session.get(ByExternal("mlflow.trace", T)).id
    assert sorted(each.kind for each in session.edges([number], direction="in")) == ["derived", "output"]


# Deleted


def test_traces_are_deleted_for_good(client: Client, catalog: Catalog) -> None:
    export(client, span(1), span(2))
    judge(client, T, "q", True)
    other = client.experiment("other")
    export(client, span(3), experiment=other)
    asked = {"experiment_id": "0", "request_ids": [T, "tr-none", trace_id(3)]}
    assert client.post("traces/delete-traces", **asked) == {"traces_deleted": 1}
    assert client.post("traces/delete-traces", **asked) == {"traces_deleted": 0}
    assert client.send("GET", f"{V3}/{T}").status_code == 404
    assert catalog.store.read("SELECT COUNT(*) FROM span") == [(2,)]
    kinds = [each.kind for each in catalog.session(LOCAL, "test").find(Query(kinds=["assessment"])).entities]
    assert kinds == [] and catalog.store.check() == []
    export(client, span(1))
    assert info(client, T)["state"] == "OK"


def test_the_oldest_are_deleted_first(client: Client) -> None:
    for number in range(5):
        start(client, f"tr-{number}", request_time=f"2020-01-0{number + 1}T00:00:00Z")
    until = {"experiment_id": "0", "max_timestamp_millis": 1578182400000 - 1}
    assert client.post("traces/delete-traces", **until, max_traces=1) == {"traces_deleted": 1}
    assert sorted(search(client)) == ["tr-1", "tr-2", "tr-3", "tr-4"]
    assert client.post("traces/delete-traces", **until) == {"traces_deleted": 3}
    assert search(client) == ["tr-4"]


@pytest.mark.parametrize("body", [
    {}, {"experiment_id": "0"}, {"experiment_id": "0", "request_ids": ["a"], "max_timestamp_millis": 1},
    {"experiment_id": "0", "request_ids": ["a"], "max_traces": 1}, {"request_ids": ["a"]},
    {"experiment_id": "0", "max_timestamp_millis": 1, "max_traces": 0},
    {"experiment_id": "0", "max_timestamp_millis": 2**70},
], ids=repr)  # fmt: skip
def test_deletions_that_ask_for_nothing_sensible(client: Client, body: dict[str, Any]) -> None:
    assert client.refused("traces/delete-traces", **body)[0] == 400


def test_traces_go_and_come_with_their_experiment(client: Client) -> None:
    other = client.experiment("other")
    export(client, span(1), experiment=other)
    client.post("experiments/delete", experiment_id=other)
    assert sent(client, encoded([span(1, 2, "kid", 1)]), other).status_code == 400
    client.post("experiments/restore", experiment_id=other)
    export(client, span(1, 2, "kid", 1), experiment=other)
    assert search(client, experiment=other) == [T] and len(spans_of(client, T)) == 2


# The interface before MLflow 3


def test_a_trace_of_an_older_client(client: Client) -> None:
    pairs = [{"key": "a", "value": "b"}], [{"key": "mlflow.traceName", "value": "old"}]
    made = client.post(
        "traces", experiment_id="0", timestamp_ms=1000, request_metadata=pairs[0], tags=pairs[1]
    )["trace_info"]
    number = made["request_id"]
    assert made["status"] == "IN_PROGRESS" and made["execution_time_ms"] == 0
    body = {
        "timestamp_ms": 2500,
        "status": "OK",
        "request_metadata": [{"key": "c", "value": "d"}],
        "tags": [],
    }
    ended = client.send("PATCH", f"/api/2.0/mlflow/traces/{number}", json=body).json()["trace_info"]
    assert ended["execution_time_ms"] == 1500 and ended["status"] == "OK" and ended["timestamp_ms"] == 1000
    assert ended["request_metadata"] == [{"key": "a", "value": "b"}, {"key": "c", "value": "d"}]
    assert client.get(f"traces/{number}/info")["trace_info"] == ended
    assert client.get("traces", experiment_ids=["0"], filter="name = 'old'")["traces"] == [ended]
    assert info(client, number)["execution_duration"] == "1.500s"
    bad = {"timestamp_ms": 1, "status": "NO"}
    assert client.send("PATCH", f"/api/2.0/mlflow/traces/{number}", json=bad).status_code == 400
    assert client.send("PATCH", "/api/2.0/mlflow/traces/none", json=body).status_code == 404
    assert client.refused("traces")[0] == 400


def test_the_spans_of_a_trace_as_a_file(client: Client) -> None:
    export(client, span(1, attributes={"mlflow.spanInputs": {"q": 1}}))
    for prefix in ("/ajax-api/2.0", "/ajax-api/3.0"):
        answer = client.send("GET", f"{prefix}/mlflow/get-trace-artifact", params={"request_id": T})
        assert answer.headers["content-disposition"] == "attachment; filename=traces.json"
        (told_of,) = answer.json()["spans"]
        assert told_of["name"] == "root" and json.loads(told_of["attributes"]["mlflow.spanInputs"]) == {
            "q": 1
        }
    missing = client.send("GET", "/ajax-api/2.0/mlflow/get-trace-artifact", params={"request_id": "tr-none"})
    assert missing.status_code == 404
    assert client.send("GET", "/ajax-api/2.0/mlflow/get-trace-artifact").status_code == 400


def test_the_file_that_an_older_client_uploads(client: Client) -> None:
    made = client.post("traces", experiment_id="0", timestamp_ms=1000)["trace_info"]
    number = made["request_id"]
    place = f"/api/2.0/mlflow-artifacts/artifacts/0/traces/{number}/artifacts/traces.json"
    asked = {"request_id": number}
    empty = client.send("GET", "/ajax-api/2.0/mlflow/get-trace-artifact", params=asked)
    assert empty.json() == {"spans": []}
    assert client.send("PUT", place, content=b'{"spans": [{}]}').status_code == 200
    answer = client.send("GET", "/ajax-api/2.0/mlflow/get-trace-artifact", params=asked)
    assert answer.json() == {"spans": [{}]}
