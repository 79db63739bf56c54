"""What people, models and code judge traces to be."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told
from tests.protocols.mlflow.tracing import SOURCE, V3, info, judge, search, start

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.model import ByExternal

T = "tr-1"
WAY = f"{V3}/{T}/assessments"
JSON = {"serialization_format": "JSON_FORMAT"}


@pytest.fixture
def traced(client: Client) -> Client:
    start(client, T)
    return client


def create(client: Client, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.post(WAY, assessment=given)["assessment"]
    return made


def get(client: Client, number: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{WAY}/{number}")["assessment"]
    return found


def update(client: Client, number: str, mask: str, **given: Any) -> dict[str, Any]:
    answer = client.send("PATCH", f"{WAY}/{number}", json={"assessment": given, "update_mask": mask})
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()["assessment"]
    return changed


def refused(client: Client, method: str, way: str, body: Any) -> tuple[int, str]:
    headers = {"content-type": "application/json"}
    return told(client.send(method, way, content=json.dumps(body), headers=headers))[:2]


def test_an_assessment_is_made_and_shown(traced: Client) -> None:
    given = {
        "assessment_name": "q", "feedback": {"value": True}, "source": SOURCE, "rationale": "why", "span_id": "abc",
        "metadata": {"k": "v"}, "create_time": "2020-01-01T00:00:00Z", "last_update_time": "2020-01-02T00:00:00.5Z",
    }  # fmt: skip
    made = create(traced, **given)
    number = made["assessment_id"]
    assert number.startswith("a-") and len(number) == 34
    shown = {**given, "assessment_id": number, "trace_id": T, "valid": True}
    assert {**made, "last_update_time": shown["last_update_time"]} == shown
    assert get(traced, number) == made and info(traced, T)["assessments"] == [made]


@pytest.mark.parametrize("value", [
    True, 5.0, 0.1, "text", "yes", "", None, [1.0, "a", None], {"a": {"b": [True]}}, 1e300, "é\u2028'\"",
])  # fmt: skip
def test_values_come_back(traced: Client, value: Any) -> None:
    number = create(traced, assessment_name="q", feedback={"value": value}, source=SOURCE)["assessment_id"]
    assert get(traced, number)["feedback"] == {"value": value}


def test_expectations(traced: Client) -> None:
    plain = create(traced, assessment_name="e", expectation={"value": "x"}, source=SOURCE)
    assert plain["expectation"] == {"value": "x"}
    serialized = {"serialization_format": "JSON_FORMAT", "value": '{"a": [1, 2]}'}
    whole = create(traced, assessment_name="e", expectation={"serialized_value": serialized}, source=SOURCE)
    assert whole["expectation"] == {"serialized_value": serialized}
    assert search(traced, "expectation.e = 'x'") == [T]


def test_an_error_in_place_of_a_value(traced: Client) -> None:
    error = {"error_code": "RATE", "error_message": "too fast", "stack_trace": "…"}
    made = create(traced, assessment_name="q", feedback={"error": error}, source={"source_type": 2})
    assert made["feedback"] == {"value": None, "error": error}
    assert made["source"] == {"source_type": "LLM_JUDGE"}


def test_issues(traced: Client) -> None:
    made = create(traced, assessment_name="i-1", issue={"issue_name": "slow"}, source=SOURCE)
    assert made["issue"] == {"issue_name": "slow"}
    assert search(traced, "issue.id = 'i-1'") == [T]


def test_one_takes_the_place_of_another(traced: Client) -> None:
    first = judge(traced, T, "q", 1)
    updated = get(traced, first)["last_update_time"]
    second = judge(traced, T, "q", 2, "feedback", overrides=first)
    assert get(traced, first)["valid"] is False and get(traced, first)["last_update_time"] == updated
    assert get(traced, second)["overrides"] == first
    assert search(traced, "feedback.q = '1'") == [] and search(traced, "feedback.q = '2'") == [T]
    assert traced.send("DELETE", f"{WAY}/{second}").json() == {}
    assert get(traced, first)["valid"] is True and search(traced, "feedback.q = '1'") == [T]
    body = {"assessment": {"assessment_name": "q", "feedback": {"value": 1}, "overrides": "a-none"}}
    assert refused(traced, "POST", WAY, body) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_the_parts_that_the_mask_names_are_changed(traced: Client) -> None:
    number = create(
        traced, assessment_name="q", feedback={"value": 1}, source=SOURCE, rationale="why",
        metadata={"k": "v", "l": "w"},
    )["assessment_id"]  # fmt: skip
    told_of = {
        "assessment_name": "new",
        "feedback": {"value": 2},
        "rationale": "because",
        "metadata": {"k": "x"},
    }
    changed = update(traced, number, "feedback", **told_of)
    assert (changed["feedback"]["value"], changed["rationale"], changed["assessment_name"]) == (
        2.0,
        "why",
        "q",
    )
    changed = update(traced, number, "assessmentName,rationale", **told_of)
    assert (changed["assessment_name"], changed["rationale"], changed["metadata"]) == (
        "new",
        "because",
        {"k": "v", "l": "w"},
    )
    changed = update(traced, number, "metadata", **told_of)
    assert changed["metadata"] == {"k": "x", "l": "w"} and changed == get(traced, number)
    assert update(traced, number, "valid", valid=False)["valid"] is False
    assert search(traced, "feedback.new IS NOT NULL") == []
    assert changed["create_time"] <= get(traced, number)["last_update_time"]


@pytest.mark.parametrize("body", [
    {}, {"assessment": {}}, {"assessment": {}, "update_mask": ""}, {"update_mask": "feedback"},
    {"assessment": {"expectation": {"value": 1}}, "update_mask": "expectation"},
    {"assessment": {"feedback": {"value": 1}, "expectation": {"value": 1}}, "update_mask": "feedback,expectation"},
    {"assessment": {"feedback": 5}, "update_mask": "feedback"},
    {"assessment": {"rationale": "\x00"}, "update_mask": "rationale"},
], ids=ascii)  # fmt: skip
def test_changes_that_are_refused(traced: Client, body: Any) -> None:
    number = judge(traced, T, "q", 1)
    before = get(traced, number)
    assert refused(traced, "PATCH", f"{WAY}/{number}", body)[0] == 400
    assert get(traced, number) == before


@pytest.mark.parametrize("given", [
    {}, {"assessment_name": "q"}, {"assessment_name": "q", "feedback": {}, "expectation": {"value": 1}},
    {"assessment_name": "q", "expectation": {}}, {"assessment_name": "\x00", "feedback": {}},
    {"assessment_name": "q", "feedback": {"value": "\ud800"}}, {"assessment_name": "q", "feedback": {"value": 10**400}},
    {"assessment_name": "q", "feedback": {"value": "\x00"}}, {"assessment_name": 5, "feedback": {}},
    {"assessment_name": "q", "feedback": {"value": json.loads("[" * 500 + "]" * 500)}},
    {"assessment_name": "q", "feedback": {"value": 1}, "create_time": "x"},
    {"assessment_name": "q", "feedback": {"value": 1}, "metadata": {"k": 5}},
    {"assessment_name": "q", "feedback": {"value": 1}, "metadata": {"k\x00": "v"}},
    {"assessment_name": "q", "feedback": {"value": 1}, "assessment_id": "a\x00"},
    {"assessment_name": "q", "feedback": {"value": 1}, "assessment_id": "x" * 5000},
    {"assessment_name": "q", "feedback": {"value": math.nan}},
    {"assessment_name": "q", "expectation": {"serialized_value": {"serialization_format": "X", "value": "1"}}},
    {"assessment_name": "q", "expectation": {"serialized_value": {**JSON, "value": "["}}},
], ids=lambda given: ascii(given)[:70])  # fmt: skip
def test_what_is_no_assessment_is_refused(traced: Client, given: Any) -> None:
    assert refused(traced, "POST", WAY, {"assessment": given})[0] == 400
    assert "assessments" not in info(traced, T)


def test_what_is_not_there(traced: Client) -> None:
    body = {"assessment": {"assessment_name": "q", "feedback": {"value": 1}}}
    gone = (404, "RESOURCE_DOES_NOT_EXIST")
    assert refused(traced, "POST", f"{V3}/tr-none/assessments", body) == gone
    start(traced, "tr-2")
    number = judge(traced, "tr-2", "q", 1)
    for way in (f"{V3}/tr-none/assessments/a-1", f"{WAY}/a-none", f"{WAY}/{number}"):
        assert refused(traced, "GET", way, {}) == gone
        assert refused(traced, "PATCH", way, {**body, "update_mask": "feedback"}) == gone
        assert traced.send("DELETE", way).status_code == 200
    assert len(info(traced, "tr-2")["assessments"]) == 1


def test_an_id_is_given_once(traced: Client) -> None:
    given = {"assessment_id": "a-mine", "assessment_name": "q", "feedback": {"value": 1}, "source": SOURCE}
    assert create(traced, **given)["assessment_id"] == "a-mine"
    assert refused(traced, "POST", WAY, {"assessment": given}) == (400, "RESOURCE_ALREADY_EXISTS")


def test_an_assessment_is_at_home_in_its_trace(traced: Client, catalog: Catalog) -> None:
    number = judge(traced, T, "q", 0.5)
    session = catalog.session(LOCAL, "test")
    entity = session.get(ByExternal("mlflow.assessment", number))
    assert (entity.kind, entity.name) == ("assessment", "q") and entity.properties["number"] == 0.5
    assert entity.home == session.get(ByExternal("mlflow.trace", T)).id
    assert entity.started == session.get(ByExternal("mlflow.trace", T)).started
    start(traced, T, request_time="2001-01-01T00:00:00Z")
    moved = session.get(ByExternal("mlflow.assessment", number))
    assert moved.started == session.get(ByExternal("mlflow.trace", T)).started
