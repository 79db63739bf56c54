"""Bad input gets a clear answer, never a defect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Api

BIG = 2**63
PUT = {"op": "put_entity", "kind": "dataset", "name": "a"}


def _change(*operations: dict[str, Any]) -> bytes:
    return json.dumps({"operations": operations}).encode()


def _nested(depth: int) -> dict[str, Any]:
    where: dict[str, Any] = {"expr": "labelled", "name": "x"}
    for _ in range(depth):
        where = {"expr": "not", "part": where}
    return {"where": where}


BODIES: list[tuple[str, bytes]] = [
    ("/changes", b""),
    ("/changes", b"{"),
    ("/changes", b"[]"),
    ("/changes", b"null"),
    ("/changes", b"\xff"),
    ("/changes", b'{"operations": [], "note": "\xff"}'),
    ("/changes", rb'{"operations": [], "note": "\ud800"}'),
    ("/changes", rb'{"operations": [], "note": "\u0000"}'),
    ("/changes", b'{"operations": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    ("/changes", b'{"operations": [], "unknown": 1}'),
    ("/changes", _change({"op": "explode"})),
    ("/changes", _change(PUT | {"unknown": 1})),
    ("/changes", _change(PUT | {"kind": "spaceship"})),
    ("/changes", _change(PUT | {"kind": "entity"})),
    ("/changes", _change(PUT | {"properties": {"x": BIG}})),
    ("/changes", _change(PUT | {"properties": {"x": -BIG - 1}})),
    ("/changes", _change(PUT | {"created": BIG})),
    ("/changes", _change(PUT | {"ref": {"by": "id", "id": BIG}})),
    ("/changes", _change(PUT | {"unique": True, "name": "x" * 10_000})),
    ("/changes", _change(PUT | {"name": 5})),
    (
        "/changes",
        _change({"op": "append_points", "ref": {"by": "id", "id": 1}, "points": [["k", "much", 1, 1]]}),
    ),
    (
        "/changes",
        _change({"op": "append_points", "ref": {"by": "id", "id": 1}, "points": [["k", 1.0, BIG, 1]]}),
    ),
    ("/changes", _change({"op": "append_points", "ref": {"by": "id", "id": 1}, "points": [["k", "NaN", 1]]})),
    ("/changes", _change({"op": "remove", "ref": {"by": "local", "handle": "none"}})),
    (
        "/changes",
        _change(
            PUT, {"op": "put_type", "definition": {"category": "kind", "name": "k", "supertypes": ["none"]}}
        ),
    ),
    (
        "/changes",
        _change(
            {
                "op": "put_type",
                "definition": {
                    "category": "struct",
                    "name": "deep",
                    "attributes": [{"name": "a", "type": "array<" * 5000 + "int" + ">" * 5000}],
                },
            }
        ),
    ),
    ("/find", b'{"limit": -1}'),
    ("/find", b'{"limit": 0}'),
    ("/find", b'{"limit": 1000000}'),
    ("/find", b'{"limit": 9223372036854775808}'),
    ("/find", b'{"cursor": "nonsense"}'),
    ("/find", b'{"cursor": ""}'),
    ("/find", b'{"state": "liquid"}'),
    ("/find", b'{"parts": ["colour"]}'),
    ("/find", b'{"facets": ["colour"]}'),
    ("/find", b'{"order": [{"field": {"field": "attribute", "name": "colour"}}]}'),
    (
        "/find",
        b'{"where": {"expr": "compare", "op": "=", "value": 9223372036854775808,'
        b' "field": {"field": "property", "key": "x"}}}',
    ),
    ("/find", json.dumps(_nested(65)).encode()),
    ("/find", json.dumps(_nested(450)).encode()),
    ("/users", b'{"name": ""}'),
    ("/users", b'{"name": "a:b", "password": "correct horse"}'),
    ("/users", b'{"name": "ann", "password": "short"}'),
    ("/users", b'{"name": "ann", "password": "correct horse", "category": "robot"}'),
    ("/webhooks", b'{"url": "ftp://example.com"}'),
    ("/webhooks", b'{"url": "http://"}'),
    ("/webhooks", b'{"url": "http://user:word@example.com/"}'),
    ("/webhooks", b'{"url": "http://127.0.0.1/"}'),
    ("/webhooks", b'{"url": "http://[::1]:70000/"}'),
    ("/webhooks", b'{"url": "http://example.com/", "kinds": ["spaceship"]}'),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_bodies(api: Api, path: str, body: bytes) -> None:
    error = api.refused("POST", path, 400, content=body)
    assert error["code"] == "invalid"
    assert error["message"]
    assert api.get("/counts") == {"kinds": {}}


@pytest.mark.parametrize(
    "path",
    [
        "/activity?before=null",
        "/entities?as_of=null",
        "/entities?limit=0",
        "/entities?limit=-1",
        "/entities?limit=x",
        "/entities?limit=99999999999999999999",
        "/entities?unknown=1",
        "/entities?q=a&q=b",
        "/entities?q=%00",
        "/entities?cursor=nonsense",
        "/suggest?limit=1000",
        "/lineage/1?direction=sideways",
        "/lineage/1?depth=-1",
        "/lineage/1?limit=0",
        "/lineage/1?edge=spaceship",
        "/changes?since=-1",
        "/changes?since=9223372036854775808",
        "/changes?limit=0",
        "/entities/1?as_of=9223372036854775808",
        "/entities/1/history?limit=0",
        "/entities/1/series/x?buckets=0",
        "/entities/1/series/x?offset=-1",
        "/entities/1/series/x?from_step=9223372036854775808",
        "/entities/1/why?principal=ann&role=king",
        "/entities/%00",
        "/feed?since=-1",
        "/webhooks/x/deliveries",
        "/entities?" + "&".join(f"kind={number}" for number in range(1001)),
    ],
)
def test_queries(api: Api, path: str) -> None:
    api.put("a")
    error = api.refused("GET", path, 400)
    assert error["code"] == "invalid"


@pytest.mark.parametrize(
    "text", ["x" * 60_000, '"', "*", "a AND (", "NEAR(", "-", "%", "\\", "'", "€ ä 漢字", "  ", "^a:b"]
)
def test_any_words_can_be_searched_for(api: Api, text: str) -> None:
    api.put("plain")
    assert api.get("/entities", q=text)["total"] >= 0
    assert isinstance(api.get("/suggest", q=text)["entities"], list)


def test_large_integers_live_in_documents_and_escaped_text(api: Api) -> None:
    number = api.put("a")
    document = {"rows": 2**70, "text": "\\u0000", "date": "20260101000000000000"}
    api.change({"op": "put_facet", "ref": {"by": "id", "id": number}, "name": "f", "document": document})
    api.put("b", properties={"x": BIG - 1, "y": -BIG, "z": "20260101000000000000"})
    assert api.get(f"/entities/{number}", parts="facets")["entity"]["facets"]["f"]["text"] == "\\u0000"
    assert api.get("/entities", q="b")["entities"][0]["properties"]["x"] == BIG - 1


def test_what_the_graph_refuses(api: Api) -> None:
    number = api.put("a")
    missing = {"op": "put_label", "ref": {"by": "id", "id": 999}, "name": "x"}
    assert api.refused("POST", "/changes", 404, content=_change(missing))["code"] == "not_found"
    rule = {
        "op": "expect",
        "ref": {"by": "id", "id": number},
        "that": {"is": "at_revision", "revision": 7},
        "code": "r",
    }
    error = api.refused("POST", "/changes", 409, content=_change(rule))
    assert error["code"] == "expectation_failed"
    assert (error["detail"]["code"], error["detail"]["actual"]) == ("r", 1)
    built_in = {"op": "put_type", "definition": {"category": "kind", "name": "dataset"}}
    assert api.refused("POST", "/changes", 409, content=_change(built_in))["code"] == "conflict"


def test_too_large(api: Api) -> None:
    error = api.refused(
        "POST", "/changes", 413, content=b'{"operations": [], "note": "' + b"x" * (33 << 20) + b'"}'
    )
    assert error["code"] == "too_large"


def test_no_such_operation(api: Api) -> None:
    assert api.refused("GET", "/spaceship", 404)["code"] == "not_found"
    answer = api.send("PATCH", "/changes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert answer.json()["error"]["code"] == "invalid"
