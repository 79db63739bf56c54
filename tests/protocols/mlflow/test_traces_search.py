"""Search of traces: what each clause finds, in which order, page by page; and figures over what is there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told
from tests.protocols.mlflow.tracing import (
    SECOND,
    START,
    V3,
    export,
    found,
    info,
    judge,
    location,
    search,
    span,
    start,
    trace_id,
)

MS, LATER = START // 10**6, START + SECOND
NAMES = {trace_id(1): "a", trace_id(2): "b", trace_id(3): "c", "tr-d": "d"}
LLM = {"mlflow.spanType": "LLM", "mlflow.llm.model": "m", "mlflow.llm.provider": "p"}
USAGE = {"mlflow.chat.tokenUsage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}
COST = {"mlflow.llm.cost": {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}}


@pytest.fixture
def filled(client: Client) -> Client:
    """Four traces, a second apart: `a` and `b` with more spans, `c` failed, `d` without spans and going on."""
    attributes = {
        "mlflow.spanType": "AGENT",
        "mlflow.spanInputs": {"question": "Why is it?"},
        "session.id": "s1",
    }
    export(
        client,
        span(1, 1, "root", attributes={**attributes, "n": 5, "yes": True, "a.b": "dotted", "text": "x y"}),
        span(1, 2, "ask", 1, attributes={**LLM, **USAGE, **COST}, seconds=0.5),
        env="prod",
    )
    export(
        client,
        span(2, 1, "root", attributes={"mlflow.spanType": "CHAIN", "session.id": "s1"}, start=LATER, seconds=2),
        span(2, 2, "other", 1, code=2, attributes={**LLM, "mlflow.llm.model": "m2"}, start=LATER, seconds=0.25),
        env="test",
    )  # fmt: skip
    export(client, span(3, 1, "single", code=2, start=START + 2 * SECOND, seconds=3))
    start(
        client, "tr-d", request_time="2023-11-14T22:13:23Z", state="IN_PROGRESS", client_request_id="mine",
        tags={"mlflow.traceName": "named", "env": "prod'1", "odd key": "v"},
        trace_metadata={"k": "v", "mlflow.trace.tokenUsage": '{"input_tokens": 5}'},
    )  # fmt: skip
    judge(client, trace_id(1), "score", 5)
    judge(client, trace_id(2), "score", 0.5, "feedback", rationale="low")
    judge(client, trace_id(1), "good", True)
    judge(client, trace_id(2), "good", "no")
    judge(client, trace_id(3), "answer", "forty two", "expectation")
    judge(client, trace_id(3), "good", "yes", "feedback", valid=False)
    return client


def which(client: Client, filter: str, **more: Any) -> str:
    return "".join(NAMES[number] for number in search(client, filter, **more))


FILTERS = [
    ("", "dcba"),
    ("status = 'OK'", "ba"), ("trace.status = \"OK\"", "ba"), ("attributes.status != 'OK'", "dc"),
    ("status IN ('OK', 'ERROR')", "cba"), ("status NOT IN ('OK')", "dc"), ("status LIKE 'E%'", "c"),
    ("status ILIKE 'e%'", "c"), ("status RLIKE '^(OK|ERROR)$'", "cba"), ("attribute.status = 'IN_PROGRESS'", "d"),
    (f"timestamp > {MS}", "dcb"), (f"timestamp_ms >= {MS + 2000}", "dc"), (f"trace.timestamp = {MS}", "a"),
    (f"timestamp_ms < {MS + 1000} AND timestamp_ms >= {MS}", "a"), (f"timestamp > {MS + 0.5}", "dcb"),
    ("execution_time > 1000", "cb"), ("execution_time_ms = 1000", "a"), ("trace.execution_time <= 2000", "ba"),
    (f"end_time = {MS + 1000}", "a"), (f"end_time_ms >= {MS + 3000}", "dcb"),
    ("name = 'named'", "d"), ("trace.name LIKE 'n%'", "d"), ("name != 'x'", "d"), ("name IS NULL", "cba"),
    ("name IS NOT NULL", "d"), ("name RLIKE 'am'", "d"),
    ("request_id = 'tr-d'", "d"), ("request_id IN ('tr-d', 'tr-x')", "d"), ("request_id LIKE 'tr-0%'", "cba"),
    ("client_request_id = 'mine'", "d"), ("client_request_id LIKE 'm%'", "d"),
    ("tags.env = 'prod'", "a"), ("tag.`env` != 'prod'", "db"), ("tags.env LIKE 'prod%'", "da"),
    ("tags.env ILIKE 'PROD%'", "da"), ("tags.env RLIKE '^(prod|test)$'", "ba"), ("tags.env IS NULL", "c"),
    ("tags.env IS NOT NULL", "dba"), ("tags.`odd key` = 'v'", "d"), ("tags.env = 'prod''1'", "d"),
    ("tags.mlflow.traceName = 'named'", "d"),
    ("metadata.k = 'v'", "d"), ("request_metadata.`k` LIKE '%'", "d"), ("metadata.k IS NULL", "cba"),
    ("metadata.`mlflow.trace.session` = 's1'", "ba"), ("request_metadata.mlflow.trace.session IS NOT NULL", "ba"),
    ("metadata.`mlflow.trace.tokenUsage` IS NOT NULL", "da"),
    ("metadata.`mlflow.trace.tokenUsage` = '{\"input_tokens\": 5}'", "d"),
    ("span.name = 'root'", "ba"), ("span.name != 'root'", "cba"), ("span.name LIKE 's%'", "c"),
    ("span.name ILIKE 'R%'", "ba"), ("span.name IN ('ask', 'single')", "ca"), ("span.name RLIKE '^(ask|other)$'", "ba"),
    ("span.type = 'LLM'", "ba"), ("span.type = 'LLM' AND span.name = 'ask'", "a"),
    ("span.type = 'AGENT' AND span.name = 'ask'", ""), ("span.status = 'ERROR'", "cb"), ("span.status = 'error'", "cb"),
    ("span.type = 'LLM' AND span.status = 'OK'", "a"), ("span.name = 'root' AND status = 'OK'", "ba"),
    ("span.attributes.text = 'x y'", "a"), ("span.attributes.n = '5'", "a"), ("span.attributes.yes = 'true'", "a"),
    ("span.attributes.a.b LIKE 'dot%'", "a"), ("span.attributes.`a.b` = 'dotted'", "a"),
    ("span.attributes.mlflow.spanInputs LIKE '%Why%'", "a"), ("span.attributes.mlflow.llm.model RLIKE '^m.$'", "b"),
    ("span.attributes.none LIKE '%'", ""), ("span.content LIKE '%Why is%'", "a"),
    ("span.content ILIKE '%WHY IS%'", "a"),
    ("trace.text LIKE '%Why is%'", "a"), ("text ILIKE '%single%'", "c"), ("trace.text LIKE '%nowhere%'", ""),
    ("feedback.score = '5'", "a"), ("feedback.score = '5.0'", "a"), ("feedback.score > 1", "a"),
    ("feedback.score <= 5", "ba"), ("feedback.score != '5'", "b"), ("feedback.good = 'true'", "a"),
    ("feedback.good = 'no'", "b"), ("feedback.good = 'yes'", ""), ("feedback.good LIKE '%n%'", "b"),
    ("feedback.score IS NULL", "dc"), ("feedback.score IS NOT NULL", "ba"), ("feedback.none IS NOT NULL", ""),
    ("feedback.answer IS NOT NULL", ""), ("expectation.answer = 'forty two'", "c"),
    ("expectation.answer RLIKE 'two'", "c"), ("expectation.score IS NOT NULL", ""),
    ("run_id = 'none'", ""), ("prompt = 'p/1'", ""), ("issue.id = 'i'", ""),
    ("feedback.score > 1 AND span.name = 'ask' AND status = 'OK' AND tags.env = 'prod'", "a"),
]  # fmt: skip


def test_each_clause_finds_what_it_should(filled: Client) -> None:
    for text, expected in FILTERS:
        assert which(filled, text) == expected, text


REFUSED = [
    "status = 1", "status IS NULL", "status > 'OK'", "timestamp = 'x'", "timestamp LIKE '5'",
    "execution_time IN (1)", "prompt LIKE 'p'", "prompt = 'p'", "text = 'x'", "text RLIKE 'x'", "tags.t > '1'",
    "tags.t = 1", "tags. = 'x'", "span.duration > 5", "span.name > 'a'", "span.content = 'x'", "span.attributes. = 'x'",
    "feedback. = '5'", "feedback.q IN ('5')", "feedback.q = 5", "feedback.q > 'x'", "issue.id != 'i'",
    "issue.name = 'i'",
    "status = 'OK' OR name = 'x'", "NOT status = 'OK'", "(status = 'OK')", "status = 'OK' AND", "AND status = 'OK'",
    "status", "status =", "= 'OK'", "status == 'OK'", "foo = 'x'", "foo.bar = 'x'", "trace.foo = 'x'", "status = OK",
    "'OK' = status", "status = 'OK", "name RLIKE '('", "name RLIKE '(a)\\1'", "name RLIKE 'a{1,999}{1,999}'",
    "name RLIKE '" + "a" * 2000 + "'", "tags.k LIKE '" + "%" * 20_000 + "'", "request_preview LIKE '%'", ";",
    "\\", "``",
    "status = 'a\x00'", "span.attributes.`` = 'x'", "tags.`a = 'x'",
    "metadata.`mlflow.trace.tokenUsage` LIKE '%'", " AND ".join(["status = 'OK'"] * 2000),
]  # fmt: skip


def test_what_is_no_filter_is_refused(filled: Client) -> None:
    for text in REFUSED:
        body = {"locations": [location()], "filter": text}
        answer = filled.send("POST", f"{V3}/search", json=body)
        assert answer.status_code == 400, text
        assert told(answer)[1] == "INVALID_PARAMETER_VALUE", text


ORDERS = [
    (["timestamp ASC"], "abcd"), (["timestamp_ms"], "abcd"), (["timestamp DESC"], "dcba"),
    (["execution_time DESC"], "cbad"), (["execution_time_ms"], "abcd"), (["status", "timestamp"], "cdab"),
    (["request_id"], "abcd"), (["request_id DESC"], "dcba"), (["tags.env", "timestamp"], "adbc"),
    (["tags.env DESC", "timestamp"], "bdac"), (["metadata.`mlflow.trace.session`", "timestamp"], "abcd"),
    (["name", "timestamp"], "dabc"), (["end_time"], "abcd"), (["experiment_id", "timestamp DESC"], "dcba"),
    ([], "dcba"),
]  # fmt: skip


def test_the_order_that_is_asked_for(filled: Client) -> None:
    for order, expected in ORDERS:
        assert which(filled, "", order_by=order) == expected, order
    for bad in ("foo", "span.name", "feedback.score", "text", "timestamp WAT", "", "tags.", "metrics.a"):
        body = {"locations": [location()], "order_by": [bad]}
        assert filled.send("POST", f"{V3}/search", json=body).status_code == 400, bad


def test_pages_follow_one_another(filled: Client) -> None:
    seen: list[str] = []
    token = ""
    for _ in range(4):
        page = found(filled, max_results=1, page_token=token, order_by=["execution_time"])
        seen += [each["trace_id"] for each in page["traces"]]
        token = page.get("next_page_token", "")
    assert [NAMES[number] for number in seen] == ["a", "b", "c", "d"] and token == ""
    for bad in ({"max_results": 0}, {"max_results": 501}, {"max_results": -1}, {"page_token": "nonsense"}):
        answer = filled.send("POST", f"{V3}/search", json={"locations": [location()], **bad})
        assert answer.status_code == 400, bad


def test_a_search_shows_what_each_trace_shows(filled: Client) -> None:
    for _ in range(2):
        for each in found(filled)["traces"]:
            assert each == info(filled, each["trace_id"])
        judge(filled, "tr-d", "late", 1)
        filled.send("PATCH", f"{V3}/{trace_id(1)}/tags", json={"key": "env", "value": "changed"})
    shown = {each["trace_id"]: each for each in found(filled)["traces"]}
    assert shown[trace_id(1)]["tags"]["env"] == "changed" and len(shown["tr-d"]["assessments"]) == 2


def test_only_the_experiments_that_are_asked_about(filled: Client) -> None:
    other = filled.experiment("other")
    export(filled, span(9), experiment=other)
    assert search(filled, experiment=other) == [trace_id(9)]
    both = filled.post(f"{V3}/search", locations=[location("0"), location(other)])["traces"]
    assert len(both) == 5
    assert filled.post(f"{V3}/search", locations=[location("999")]) == {}
    assert filled.post(f"{V3}/search", locations=[]) == {}


def test_an_assessment_of_a_whole_session_counts_for_each_of_its_traces(filled: Client) -> None:
    judge(filled, trace_id(1), "mood", "fine", "feedback", metadata={"mlflow.trace.session": "s1"})
    assert which(filled, "feedback.mood = 'fine'") == "ba"
    assert which(filled, "feedback.mood IS NULL") == "dc"


# Figures


def figures(client: Client, view: str, metric: str, *kinds: str | float, **more: Any) -> list[dict[str, Any]]:
    """The points of an answer."""
    asked = [
        {"aggregation_type": kind} if isinstance(kind, str) else
        {"aggregation_type": "PERCENTILE", "percentile_value": kind}
        for kind in kinds
    ]  # fmt: skip
    body = {"experiment_ids": ["0"], "view_type": view, "metric_name": metric, "aggregations": asked, **more}
    points: list[dict[str, Any]] = client.post(f"{V3}/metrics", **body).get("data_points", [])
    return points


def values(*args: Any, **more: Any) -> dict[Any, dict[str, float]]:
    """Values by dimensions."""
    return {tuple(each.get("dimensions", {}).values()): each["values"] for each in figures(*args, **more)}


def test_figures_of_traces(filled: Client) -> None:
    assert values(filled, "TRACES", "trace_count", "COUNT") == {(): {"COUNT": 4.0}}
    assert values(filled, "TRACES", "trace_count", "COUNT", dimensions=["trace_status"]) == {
        ("ERROR",): {"COUNT": 1.0},
        ("IN_PROGRESS",): {"COUNT": 1.0},
        ("OK",): {"COUNT": 2.0},
    }
    spread = values(filled, "TRACES", "latency", "AVG", "MIN", "MAX", 50, 95.5)
    assert spread == {(): {"AVG": 2000.0, "MIN": 1000.0, "MAX": 3000.0, "P50.0": 2000.0, "P95.5": 2910.0}}
    assert values(filled, "TRACES", "input_tokens", "SUM", "AVG") == {(): {"SUM": 6.0, "AVG": 3.0}}
    assert values(filled, "TRACES", "session_count", "COUNT") == {(): {"COUNT": 1.0}}
    ok = ["trace.status = 'OK'", "trace.tag.env = 'prod'"]
    assert values(filled, "TRACES", "trace_count", "COUNT", filters=ok) == {(): {"COUNT": 1.0}}
    session = ["trace.metadata.`mlflow.trace.session` = 's1'"]
    assert values(filled, "TRACES", "trace_count", "COUNT", filters=session) == {(): {"COUNT": 2.0}}


def test_figures_by_time(filled: Client) -> None:
    within = {"time_interval_seconds": 2, "start_time_ms": MS, "end_time_ms": MS + 2500}
    assert values(filled, "TRACES", "trace_count", "COUNT", **within) == {
        ("2023-11-14T22:13:20+00:00",): {"COUNT": 2.0},
        ("2023-11-14T22:13:22+00:00",): {"COUNT": 1.0},
    }
    assert values(filled, "TRACES", "trace_count", "COUNT", start_time_ms=MS + 1) == {(): {"COUNT": 3.0}}


def test_figures_of_spans(filled: Client) -> None:
    assert values(filled, "SPANS", "span_count", "COUNT", dimensions=["span_type", "span_status"]) == {
        ("AGENT", "OK"): {"COUNT": 1.0}, ("CHAIN", "OK"): {"COUNT": 1.0}, ("LLM", "ERROR"): {"COUNT": 1.0},
        ("LLM", "OK"): {"COUNT": 1.0},
    }  # fmt: skip
    assert values(filled, "SPANS", "latency", "MAX", dimensions=["span_name"])[("ask",)] == {"MAX": 500.0}
    assert values(filled, "SPANS", "total_cost", "SUM", dimensions=["span_model_name"]) == {
        ("m",): {"SUM": 0.75}
    }
    named = ["span.name = 'root'", "trace.status = 'OK'"]
    assert values(filled, "SPANS", "span_count", "COUNT", filters=named) == {(): {"COUNT": 2.0}}


def test_figures_of_assessments(filled: Client) -> None:
    counts = values(filled, "ASSESSMENTS", "assessment_count", "COUNT", dimensions=["assessment_name"])
    assert counts == {("answer",): {"COUNT": 1.0}, ("good",): {"COUNT": 2.0}, ("score",): {"COUNT": 2.0}}
    means = values(filled, "ASSESSMENTS", "assessment_value", "AVG", dimensions=["assessment_name"])
    assert means == {("good",): {"AVG": 0.5}, ("score",): {"AVG": 2.75}}
    kind = ["assessment.type = 'expectation'"]
    assert values(filled, "ASSESSMENTS", "assessment_count", "COUNT", filters=kind) == {(): {"COUNT": 1.0}}


@pytest.mark.parametrize("asked", [
    {"metric_name": "none"}, {"view_type": "NONE"}, {"view_type": None}, {"aggregations": []}, {"experiment_ids": []},
    {"aggregations": [{"aggregation_type": "SUM"}]}, {"aggregations": [{"aggregation_type": "WAT"}]},
    {"metric_name": "latency", "aggregations": [{"aggregation_type": "PERCENTILE"}]},
    {"metric_name": "latency", "aggregations": [{"aggregation_type": "PERCENTILE", "percentile_value": 101}]},
    {"metric_name": "latency", "aggregations": [{"aggregation_type": "AVG", "percentile_value": 5}]},
    {"dimensions": ["none"]}, {"filters": ["nonsense"]}, {"filters": ["span.name = 'x'"]},
    {"filters": ["trace.status != 'x'"]}, {"time_interval_seconds": 5}, {"max_results": -1}, {"max_results": 2**31},
    {"time_interval_seconds": -5, "start_time_ms": 1, "end_time_ms": 2},
    {"time_interval_seconds": 2**62, "start_time_ms": 1, "end_time_ms": 2}, {"start_time_ms": 2**64},
], ids=repr)  # fmt: skip
def test_figures_that_cannot_be_told(client: Client, asked: dict[str, Any]) -> None:
    plain = {
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": [{"aggregation_type": "COUNT"}],
    }
    answer = client.send("POST", f"{V3}/metrics", json={"experiment_ids": ["0"], **plain, **asked})
    assert told(answer)[:2] == (400, "INVALID_PARAMETER_VALUE")


def correlation(client: Client, first: str, second: str, **more: Any) -> dict[str, Any]:
    asked = {"experiment_ids": ["0"], "filter_string1": first, "filter_string2": second, **more}
    answer: dict[str, Any] = client.post(f"{V3}/calculate-filter-correlation", **asked)
    return answer


def test_how_much_two_filters_go_together(filled: Client) -> None:
    same = correlation(filled, "status = 'OK'", "span.name = 'root'")
    assert same["npmi"] == pytest.approx(1) and (
        same["filter1_count"],
        same["joint_count"],
        same["total_count"],
    ) == (
        2,
        2,
        4,
    )
    apart = correlation(filled, "status = 'OK'", "status = 'ERROR'")
    assert apart["npmi"] == -1.0 and apart["joint_count"] == 0 and -1 < apart["npmi_smoothed"] < 0
    partly = correlation(filled, "status = 'OK'", "tags.env IS NOT NULL")
    assert 0 < partly["npmi"] < 1 and partly["filter2_count"] == 3
    nothing = correlation(filled, "status = 'OK'", "name = 'none'")
    assert "npmi" not in nothing and nothing["filter2_count"] == 0
    within = correlation(filled, "status = 'OK'", "name = 'none'", base_filter="tags.env = 'prod'")
    assert within["total_count"] == 1
    for bad in ({"filter_string1": "nonsense"}, {"filter_string2": ""}, {"experiment_ids": []}):
        body = {
            "experiment_ids": ["0"],
            "filter_string1": "name = 'x'",
            "filter_string2": "name = 'x'",
            **bad,
        }
        assert filled.send("POST", f"{V3}/calculate-filter-correlation", json=body).status_code == 400
