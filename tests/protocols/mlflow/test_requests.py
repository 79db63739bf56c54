"""From requests to messages: what is well-formed, and what MLflow says of the rest."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import pytest

from lineal.catalog.session import Session
from lineal.protocols.base import Call
from lineal.protocols.mlflow import wire
from lineal.protocols.mlflow.errors import Refused
from lineal.protocols.mlflow.requests import Body, Parameters

METRIC = Body(wire.LogMetric)
BATCH = Body(wire.LogBatch)
HISTORY = Parameters(wire.GetHistory)
WHOLE = {"run_id": "r", "key": "k", "value": 1.5, "timestamp": 3}


def posted(body: Any, content_type: str = "application/json") -> Call:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Call(cast(Session, None), "POST", "/", body=raw, headers={"content-type": content_type})


def asked(query: str) -> Call:
    return Call(cast(Session, None), "GET", "/", query=query)


def test_numbers_may_travel_as_text() -> None:
    message = METRIC(posted({**WHOLE, "value": "-Infinity", "timestamp": "12", "step": "-7"}))
    assert (message.value, message.timestamp, message.step) == (-math.inf, 12, -7)
    assert math.isnan(METRIC(posted({**WHOLE, "value": "NaN"})).value)
    assert math.isnan(METRIC(posted(b'{"run_id":"r","key":"k","value":NaN,"timestamp":1}')).value)


def test_unknown_fields_and_nulls_do_not_matter() -> None:
    assert METRIC(posted({**WHOLE, "step": None, "colour": {"red": 1}})).step == 0


def test_names_may_be_in_camel_case() -> None:
    message = METRIC(posted({"runId": "r", "key": "k", "value": 1, "timestamp": 2, "modelId": "m-1"}))
    assert (message.run_id, message.model_id) == ("r", "m-1")
    item = {"key": "k", "value": 1, "timestamp": 2, "datasetName": "d"}
    assert BATCH(posted({"run_id": "r", "metrics": [item]})).metrics[0].dataset_name == "d"
    with pytest.raises(Refused, match="both 'run_id' and 'runId'"):
        METRIC(posted({**WHOLE, "runId": "x"}))


def test_old_clients_are_understood() -> None:
    assert METRIC(posted(json.dumps(WHOLE))).key == "k"
    assert (
        METRIC(posted({**{key: WHOLE[key] for key in ("key", "value", "timestamp")}, "run_uuid": "r"})).run_id
        == "r"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run_id": None}, "Missing value for required parameter 'run_id'."),
        ({"run_id": ""}, "Missing value for required parameter 'run_id'."),
        ({"run_id": 31}, "Invalid value 31 for parameter 'run_id' supplied"),
        ({"step": "foo"}, "Invalid value \"foo\" for parameter 'step' supplied"),
        ({"timestamp": -1}, "Invalid value -1 for parameter 'timestamp' supplied"),
        ({"timestamp": 2**63}, "Invalid value 9223372036854775808 for parameter 'timestamp' supplied"),
        ({"value": True}, "Invalid value true for parameter 'value' supplied"),
        ({"value": ""}, "Missing value for required parameter 'value'."),
        ({"step": 1.5}, "Invalid value 1.5 for parameter 'step' supplied"),
    ],
)
def test_the_wrong_field_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as caught:
        METRIC(posted({**WHOLE, **change}))
    assert str(caught.value).startswith(message)
    assert caught.value.code == "INVALID_PARAMETER_VALUE"


def test_the_wrong_item_is_named() -> None:
    with pytest.raises(Refused, match=r"parameter 'metrics\[1\]\.timestamp'"):
        BATCH(
            posted(
                {
                    "run_id": "r",
                    "metrics": [{"key": "a", "value": 1, "timestamp": 1}, {"key": "b", "value": 1}],
                }
            )
        )
    with pytest.raises(Refused, match=r"Invalid value \"foo\" for parameter 'tags'"):
        BATCH(posted({"run_id": "r", "tags": "foo"}))
    with pytest.raises(Refused, match=r"parameter 'params\[0\]'"):
        BATCH(posted({"run_id": "r", "params": [5]}))


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'"{"', b"\xff", b'{"run_id":"\xff"}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        METRIC(posted(body))


def test_a_body_must_say_that_it_is_json() -> None:
    assert METRIC(posted(WHOLE, "application/json; charset=utf-8")).key == "k"
    with pytest.raises(Refused, match="Content-Type"):
        METRIC(posted(WHOLE, "text/plain"))


def test_a_query_is_read_like_a_body() -> None:
    message = HISTORY(asked("run_uuid=r&metric_key=a%20b&max_results=5&colour=red"))
    assert (message.run_id, message.metric_key, message.max_results) == ("r", "a b", 5)
    assert Parameters(wire.SearchExperiments)(asked("order_by=a&order_by=b&max_results=1")).order_by == [
        "a",
        "b",
    ]
    with pytest.raises(Refused, match="Invalid value \"x\" for parameter 'max_results'"):
        HISTORY(asked("run_id=r&metric_key=k&max_results=x"))
