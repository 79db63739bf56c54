"""Spans by OpenTelemetry's protocol: what is taken, what a trace becomes of it, and in whichever order it comes."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import math
import random
import zlib
from typing import Any

import httpx
import pytest
from tests.protocols.mlflow.conftest import Client
from tests.protocols.mlflow.tracing import (
    PROTOBUF,
    START,
    V3,
    encoded,
    export,
    info,
    location,
    search,
    sent,
    span,
    spans_of,
    start,
    trace_id,
)

from lineal.catalog.catalog import Catalog
from lineal.server.app import build_app
from lineal.server.settings import Settings

T = trace_id(1)
JSON = "application/json"
USAGE, COST = "mlflow.chat.tokenUsage", "mlflow.llm.cost"


def as_json(**more: Any) -> dict[str, Any]:
    told = {
        "traceId": f"{1:032x}",
        "spanId": f"{1:016x}",
        "name": "root",
        "startTimeUnixNano": str(START),
        **more,
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [told]}]}]}


def sent_json(client: Client, document: Any) -> httpx.Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return sent(client, body, "0", content_type=JSON)


def detail(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["detail"]


# What is taken


def test_spans_come_back_as_they_were_sent(client: Client) -> None:
    told = {
        "text": "é\u2028'", "yes": True, "count": -5, "big": 2**63 - 1, "half": 0.5, "list": [1, "a", [True]],
        "map": {"a": {"b": []}}, "empty": "", "bytes": b"xy", "none": None,
    }  # fmt: skip
    export(
        client,
        span(
            1,
            1,
            "näme",
            attributes=told,
            events=[("boom", {"a": 1})],
            links=[(5, 6)],
            kind=3,
            code=2,
            message="why",
        ),
        span(1, 2**64 - 1, "kid", 1, code=0),
    )
    root, kid = spans_of(client, T)
    del told["none"]
    assert root["attributes"] == {**told, "bytes": "eHk=", "none": None, "mlflow.traceRequestId": T}
    assert root["name"] == "näme" and root["kind"] == "SPAN_KIND_CLIENT"
    assert root["status"] == {"code": "STATUS_CODE_ERROR", "message": "why"}
    assert root["start_time_unix_nano"] == START and root["end_time_unix_nano"] == START + 10**9
    event = {"name": "boom", "time_unix_nano": START, "attributes": [{"key": "a", "value": {"int_value": 1}}]}
    assert root["events"] == [event]
    assert root["links"] == [{"trace_id": "AAAAAAAAAAAAAAAAAAAABQ==", "span_id": "AAAAAAAAAAY="}]
    assert kid["span_id"] == "//////////8=" and kid["parent_span_id"] == "AAAAAAAAAAE="
    assert kid["status"] == {"code": "STATUS_CODE_UNSET"}


def test_text_that_holds_json_stands_for_what_it_holds(client: Client) -> None:
    told = {
        "map": '{"a": [1]}',
        "list": "[1]",
        "text": '"quoted"',
        "number": "5",
        "broken": "{5",
        "nan": "[NaN]",
    }
    export(client, span(1, attributes=told))
    found = spans_of(client, T)[0]["attributes"]
    assert found["map"] == {"a": [1]} and found["list"] == [1] and found["text"] == "quoted"
    assert found["number"] == "5" and found["broken"] == "{5" and found["nan"] == ["NaN"]


def test_numbers_that_json_does_not_have(client: Client) -> None:
    export(client, span(1, attributes={"nan": math.nan, "inf": [math.inf, -math.inf], "zero": -0.0}))
    found = spans_of(client, T)[0]["attributes"]
    assert (
        found["nan"] == "NaN" and found["inf"] == ["Infinity", "-Infinity"] and str(found["zero"]) == "-0.0"
    )


def test_characters_that_no_text_may_have_are_replaced(client: Client) -> None:
    export(client, span(1, 1, "a\x00b", attributes={"k\x00": "v\x00", "j": '["\\u0000", "\\ud800"]'}))
    found = spans_of(client, T)[0]
    assert found["name"] == "a\ufffdb" and found["attributes"]["k\ufffd"] == "v\ufffd"
    assert found["attributes"]["j"] == ["\ufffd", "?"]


def test_an_empty_answer_in_the_form_of_the_request(client: Client) -> None:
    answer = sent(client, encoded([span(1)]))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", PROTOBUF)
    answer = sent_json(client, as_json())
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, {}, JSON)


def test_json_as_opentelemetry_has_it(client: Client) -> None:
    attributes = [
        {"key": "a", "value": {"intValue": "5"}},
        {"key": "b", "value": {"kvlistValue": {"values": [{"key": "c", "value": {"boolValue": True}}]}}},
    ]
    document = as_json(
        endTimeUnixNano=START + 5, attributes=attributes, status={"code": 2}, unknown={"field": 1}
    )
    assert sent_json(client, document).status_code == 200
    found = spans_of(client, T)[0]
    assert found["attributes"] == {"a": 5, "b": {"c": True}, "mlflow.traceRequestId": T}
    assert found["end_time_unix_nano"] == START + 5 and info(client, T)["state"] == "ERROR"


def test_an_export_may_hold_no_spans(client: Client) -> None:
    assert sent(client, encoded([])).status_code == 200
    assert search(client) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_compressed_exports(client: Client, encoding: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}[encoding]
    assert sent(client, pack(encoded([span(1)])), content_encoding=encoding).status_code == 200
    assert len(spans_of(client, T)) == 1


# What is refused


def test_an_experiment_must_be_named(client: Client) -> None:
    status, told = detail(sent(client, encoded([span(1)]), None))
    assert (
        status == 422
        and told[0]["loc"] == ["header", "x-mlflow-experiment-id"]
        and told[0]["type"] == "missing"
    )


@pytest.mark.parametrize(("experiment", "status"), [("12345", 404), ("abc", 400), ("", 400), ("9" * 99, 400)])
def test_an_experiment_must_be_there(client: Client, experiment: str, status: int) -> None:
    answer = sent(client, encoded([span(1)]), experiment)
    assert answer.status_code == status and answer.json()["error_code"]
    assert client.send("GET", f"{V3}/{T}").status_code == 404


def test_an_experiment_must_not_be_deleted(client: Client) -> None:
    gone = client.experiment("gone")
    client.post("experiments/delete", experiment_id=gone)
    assert sent(client, encoded([span(1)]), gone).status_code == 400


BROKEN: list[tuple[str, bytes, dict[str, str], int]] = [
    ("another type", encoded([span(1)]), {"content_type": "text/plain"}, 400),
    ("nothing", b"", {}, 400),
    ("garbage", b"\xff\xfe garbage", {}, 400),
    ("cut off", encoded([span(1)])[:-3], {}, 400),
    ("not gzip", b"not gzip", {"content_encoding": "gzip"}, 400),
    ("cut off gzip", gzip.compress(encoded([span(1)]))[:-9], {"content_encoding": "gzip"}, 400),
    ("another encoding", encoded([span(1)]), {"content_encoding": "br"}, 400),
    ("no JSON", b"{nope", {"content_type": JSON}, 400),
    ("a list", b"[]", {"content_type": JSON}, 400),
    ("a number", b"5", {"content_type": JSON}, 400),
    ("null", b"null", {"content_type": JSON}, 400),
    ("no UTF-8", b'{"\xff": 1}', {"content_type": JSON}, 400),
    ("deeper", b"[" * 100_000, {"content_type": JSON}, 400),
    ("deep", b'{"resourceSpans": [], "x":' + b"[" * 5000 + b"]" * 5000 + b"}", {"content_type": JSON}, 400),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "headers", "status"), BROKEN, ids=[each[0] for each in BROKEN])
def test_what_is_no_export_is_refused(
    client: Client, name: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = detail(sent(client, body, "0", **headers))
    assert answer[0] == status and isinstance(answer[1], str)
    assert client.send("GET", f"{V3}/{T}").status_code == 404


def test_ids_of_nothing_but_zeros_are_ids(client: Client) -> None:
    assert sent(client, encoded([span(0, 0), span(1, 0), span(1, 1, "child", 2)])).status_code == 200
    assert len(spans_of(client, f"tr-{0:032x}")) == 1
    assert len(spans_of(client, T)) == 2


def test_one_bad_span_of_two_refuses_both(client: Client) -> None:
    good, bad = as_json(), as_json(traceId="")
    good["resourceSpans"] += bad["resourceSpans"]
    assert sent_json(client, good).status_code == 422
    assert client.send("GET", f"{V3}/{T}").status_code == 404


def test_a_coding_agent_is_named_on_the_first_span(client: Client) -> None:
    for trace, service in ((1, "gemini-cli"), (2, "mine")):
        export(client, span(trace), span(trace, 2, "child", 1), **{"service.name": service})
    (root, child), (other, _) = spans_of(client, T), spans_of(client, f"tr-{2:032x}")
    assert root["attributes"]["service.name"] == "gemini-cli"
    assert "service.name" not in child["attributes"] and "service.name" not in other["attributes"]


@pytest.mark.parametrize("bad", [
    {"traceId": "zz"}, {"traceId": ""}, {"traceId": 5}, {"traceId": "1" * 99}, {"spanId": None}, {"spanId": ""},
    {"startTimeUnixNano": "x"}, {"startTimeUnixNano": -1}, {"startTimeUnixNano": 2**64}, {"name": 5},
    {"name": "\ud800"}, {"attributes": {"a": 1}}, {"attributes": [{"key": "a", "value": {"intValue": 2**63}}]},
    {"attributes": [{"key": "a", "value": {"intValue": "1e999"}}]}, {"startTimeUnixNano": 2**63},
], ids=repr)  # fmt: skip
def test_what_is_no_span_is_refused(client: Client, bad: dict[str, Any]) -> None:
    answer = sent_json(client, as_json(**bad))
    assert answer.status_code in (400, 422) and isinstance(answer.json()["detail"], str), answer.text
    assert client.send("GET", f"{V3}/{T}").status_code == 404


def test_what_unpacks_to_too_much_is_refused(client: Client) -> None:
    bomb = gzip.compress(bytes(70 * 1024 * 1024), 9)
    assert len(bomb) < 100_000
    status, told = detail(sent(client, bomb, content_encoding="gzip"))
    assert status == 413 and "67108864" in told


def test_deep_attributes(client: Client) -> None:
    value: Any = 1
    for _ in range(40):
        value = [value]
    export(client, span(1, attributes={"a": value, "b": "[" * 500 + "]" * 500, "c": json.dumps([[value]])}))
    found = spans_of(client, T)[0]["attributes"]
    assert found["a"] == value and found["c"] == [[value]] and found["b"] == "[" * 500 + "]" * 500


def test_one_bad_span_and_nothing_is_kept(client: Client) -> None:
    other = client.experiment("other")
    export(client, span(2), experiment=other)
    answer = sent(client, encoded([span(1), span(2), span(3)]))
    assert answer.status_code == 400 and "already exists in another experiment" in answer.json()["message"]
    assert client.send("GET", f"{V3}/{T}").status_code == 404


# What a trace becomes


def test_a_trace_is_what_its_first_span_tells(client: Client) -> None:
    attributes = {
        "mlflow.spanInputs": {"q": "hi"}, "mlflow.spanOutputs": "fine", "session.id": "s1", "user.id": "ann",
        "mlflow.traceTag.color": "red",
    }  # fmt: skip
    resource = {"service.name": "svc", "count": 5, "telemetry.sdk.name": "x", "mlflow.bad": "y"}
    export(client, span(1, attributes=attributes, seconds=1.25), span(1, 2, "kid", 1), **resource)
    found = info(client, T)
    assert found["state"] == "OK" and found["execution_duration"] == "1.250s"
    assert found["request_time"] == "2023-11-14T22:13:20Z"
    assert found["request_preview"] == '{"q": "hi"}' and found["response_preview"] == '"fine"'
    assert found["trace_metadata"] == {"mlflow.trace.session": "s1", "mlflow.trace.user": "ann"}
    assert found["tags"] == {
        "color": "red", "service.name": "svc", "count": "5", "mlflow.trace.spansLocation": "TRACKING_STORE",
        "mlflow.artifactLocation": f"mlflow-artifacts:/0/traces/{T}/artifacts",
    }  # fmt: skip


def test_a_trace_without_its_first_span_goes_on(client: Client) -> None:
    export(client, span(1, 2, "kid", 1))
    assert info(client, T)["state"] == "IN_PROGRESS"
    export(client, span(1, code=2))
    assert info(client, T)["state"] == "ERROR"


def test_usage_and_cost_are_summed_up_once(client: Client) -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    cost = {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}
    told = {USAGE: usage, COST: cost}
    export(
        client,
        span(1),
        span(
            1, 2, "agent", 1, attributes={USAGE: {**usage, "input_tokens": 10, "cache_read_input_tokens": 7}}
        ),
        span(1, 3, "counted above", 2, attributes=told),
        span(1, 4, "alone", 1, attributes=told),
        span(1, 5, "lost", 99, attributes={USAGE: "junk", COST: {"total_cost": "x"}}),
    )
    metadata = info(client, T)["trace_metadata"]
    assert json.loads(metadata["mlflow.trace.tokenUsage"]) == {
        "input_tokens": 11, "output_tokens": 4, "total_tokens": 6, "cache_read_input_tokens": 7,
    }  # fmt: skip
    assert json.loads(metadata["mlflow.trace.cost"]) == {
        "input_cost": 0.5, "output_cost": 1.0, "total_cost": 1.5,
    }  # fmt: skip


def test_what_other_tools_call_things(client: Client) -> None:
    attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.provider.name": "p",
        "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4,
    }  # fmt: skip
    inference = {"openinference.span.kind": "RETRIEVER", "input.value": "q", "output.value": "a"}
    export(client, span(1, attributes=attributes), span(1, 2, "kid", 1, attributes=inference))
    root, kid = (each["attributes"] for each in spans_of(client, T))
    assert root["mlflow.spanType"] == "CHAT_MODEL" and root["mlflow.llm.model"] == "m"
    assert root[USAGE] == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert kid["mlflow.spanType"] == "RETRIEVER" and kid["mlflow.spanInputs"] == "q"
    assert json.loads(info(client, T)["trace_metadata"]["mlflow.trace.tokenUsage"])["total_tokens"] == 7


def test_a_run_gets_the_traces_that_it_made(client: Client, catalog: Catalog) -> None:
    run = client.run()
    export(client, span(1), span(2, 2, "kid", 1), run=run)
    assert search(client, f"run_id = '{run}'") == [T]
    assert sent(client, encoded([span(3)]), x_mlflow_run_id="none").status_code == 200


# In whichever order


def test_the_same_again_changes_nothing(client: Client, catalog: Catalog) -> None:
    told = [
        span(1, attributes={USAGE: {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}),
        span(1, 2, "k", 1),
    ]
    export(client, *told)
    before, log = info(client, T), catalog.store.read("SELECT COUNT(*) FROM change_log")
    for again in (told, told[:1], told[1:], told):
        export(client, *again)
    assert info(client, T) == before
    assert catalog.store.read("SELECT COUNT(*) FROM change_log") == log


def _pieces() -> list[list[dict[str, Any]]]:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    named = {"mlflow.spanInputs": "in", "mlflow.spanOutputs": "out", "session.id": "s"}
    return [
        [span(1, 1, "root", attributes=named, seconds=5)],
        [
            span(1, 2, "first", 1, attributes={USAGE: usage}),
            span(1, 3, "second", 2, attributes={USAGE: usage}),
        ],
        [span(1, 4, "third", 1, start=START - 10**9, attributes={USAGE: usage, "n": math.nan})],
    ]


def _told(client: Client) -> dict[str, Any]:
    return start(
        client, T, state="OK", execution_duration="9s", request_preview="told",
        trace_metadata={"a": "b", "mlflow.trace.sizeStats": '{"num_spans": 4}'}, tags={"t": "1"},
    )  # fmt: skip


def _whole(client: Client) -> Any:
    return info(client, T), sorted(spans_of(client, T), key=lambda each: str(each["span_id"]))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_pieces_in_any_order_make_the_same_trace(client: Client, order: tuple[int, ...]) -> None:
    for piece in order:
        export(client, *_pieces()[piece])
    told, found = _whole(client)
    assert len(found) == 4 and told["state"] == "OK" and told["execution_duration"] == "6s"
    assert json.loads(told["trace_metadata"]["mlflow.trace.tokenUsage"])["input_tokens"] == 2
    assert told["request_preview"] == '"in"' and told["trace_metadata"]["mlflow.trace.session"] == "s"


@pytest.mark.parametrize("when", range(4))
def test_what_is_told_of_the_whole_counts_whenever_it_comes(client: Client, when: int) -> None:
    for number, piece in enumerate(_pieces()):
        if number == when:
            _told(client)
        export(client, *piece)
    if when == 3:
        _told(client)
    told, found = _whole(client)
    assert (
        len(found) == 4
        and told["execution_duration"] == "9s"
        and told["request_time"] == "2023-11-14T22:13:20Z"
    )
    assert (
        told["request_preview"] == "told" and told["tags"]["t"] == "1" and told["trace_metadata"]["a"] == "b"
    )
    assert json.loads(told["trace_metadata"]["mlflow.trace.tokenUsage"])["input_tokens"] == 2


def test_many_at_once_lose_nothing(catalog: Catalog) -> None:
    """Thirty exports of one trace at the same time, and what is told of the whole in their midst."""
    app = build_app(catalog, Settings(doors=("mlflow",)))
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    told = [span(1), *(span(1, number, "kid", 1, attributes={USAGE: usage}) for number in range(2, 32))]
    random.Random(3).shuffle(told)
    whole = {"trace_id": T, "trace_location": location(), "state": "OK", "tags": {"t": "1"}}
    headers = {"content-type": PROTOBUF, "x-mlflow-experiment-id": "0"}

    async def all_at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as asked:
            exports = [asked.post("/v1/traces", content=encoded([each]), headers=headers) for each in told]
            exports.insert(15, asked.post(V3, json={"trace": {"trace_info": whole}}))
            return await asyncio.gather(*exports)

    with asyncio.Runner() as runner:
        answers = runner.run(all_at_once())
        client = Client(app, runner)
        assert [answer.status_code for answer in answers] == [200] * 32
        assert len(spans_of(client, T)) == 31
        found = info(client, T)
        assert found["state"] == "OK" and found["tags"]["t"] == "1"
        assert json.loads(found["trace_metadata"]["mlflow.trace.tokenUsage"])["total_tokens"] == 60
        app.close()
