"""Writing and reading the graph."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api


def _edge(kind: str, source: int, target: int, **detail: Any) -> dict[str, Any]:
    ends = {"source": {"by": "id", "id": source}, "target": {"by": "id", "id": target}}
    return {"op": "put_edge", "kind": kind, **ends, "detail": detail}


def _points(entity: int, *points: list[Any]) -> dict[str, Any]:
    return {"op": "append_points", "ref": {"by": "id", "id": entity}, "points": list(points)}


def _names(entities: list[dict[str, Any]]) -> list[str]:
    return [entity["name"] for entity in entities]


def test_a_change_is_answered_with_its_commit(api: Api) -> None:
    put = {"op": "put_entity", "kind": "dataset", "name": "a", "handle": "a"}
    commit = api.change(put, {"op": "put_label", "ref": {"by": "local", "handle": "a"}, "name": "PII"})
    assert commit["created"] == [True]
    assert len(commit["uuids"][0]) == 32
    entity = api.get(f"/entities/{commit['uuids'][0]}")["entity"]
    assert (entity["id"], entity["name"], entity["labels"][0]["name"]) == (commit["entities"][0], "a", "PII")


def test_every_form_of_address(api: Api) -> None:
    external = [{"protocol": "mlflow.run", "id": "abc/def"}]
    number = api.put("x/y z", namespace="s3://bucket", external=external)
    uuid = api.get(f"/entities/{number}")["entity"]["uuid"]
    addresses = (str(number), uuid, "mlflow.run:abc%2Fdef", "name:dataset:s3%3A%2F%2Fbucket%2Fx%2Fy%20z")
    assert {api.get(f"/entities/{each}")["entity"]["id"] for each in addresses} == {number}


@pytest.mark.parametrize("ref", ["x", "-1", "name:dataset:x", "99999999999999999999", "%20", ":", "a:"])
def test_what_is_no_address(api: Api, ref: str) -> None:
    assert api.refused("GET", f"/entities/{ref}", 400)["code"] == "invalid"


@pytest.mark.parametrize("ref", ["1", "f" * 32, "mlflow.run:x", "name:dataset:default/x"])
def test_an_address_where_nothing_stands(api: Api, ref: str) -> None:
    ref = ref.replace("/", "%2F")
    for path in ("", "/history", "/series", "/series/loss", "/files", "/files/x", "/why?label=x"):
        assert api.refused("GET", f"/entities/{ref}{path}", 404)["code"] == "not_found"
    assert api.refused("GET", f"/lineage/{ref}", 404)["code"] == "not_found"


def test_parts(api: Api) -> None:
    number = api.put("a", properties={"rows": 5}, external=[{"protocol": "p", "id": "1"}])
    facet = {"op": "put_facet", "ref": {"by": "id", "id": number}, "name": "note", "document": {"a": [1]}}
    api.change(facet, _points(number, ["loss", 0.5, 1, 1]))
    plain = api.get(f"/entities/{number}")["entity"]
    assert (plain["properties"], plain["external"]) == ({"rows": 5}, [{"protocol": "p", "id": "1"}])
    assert "facets" not in plain and "metrics" not in plain
    whole = api.get(f"/entities/{number}", parts="facets,metrics")["entity"]
    assert (whole["facets"], whole["metrics"]) == ({"note": {"a": [1]}}, {"loss": ["loss", 0.5, 1, 1]})
    assert "properties" not in whole
    assert "properties" not in api.get(f"/entities/{number}", parts="")["entity"]
    assert "unknown part" in api.refused("GET", f"/entities/{number}?parts=properties,colour", 400)["message"]


def test_edges_come_with_the_neighbours_at_their_other_ends(api: Api) -> None:
    data, run = api.put("data"), api.put("train", "run")
    api.change(_edge("input", data, run, role="training"))
    around = api.get(f"/entities/{data}", parts="edges")
    assert [(edge["kind"], edge["source"], edge["target"]) for edge in around["edges"]] == [
        ("input", data, run)
    ]
    assert around["edges"][0]["detail"] == {"role": "training"}
    assert _names(around["neighbours"]) == ["train"]
    assert "edges" not in api.get(f"/entities/{data}")


def test_as_it_was(api: Api) -> None:
    number = api.put("a", properties={"x": 1})
    moment = api.get(f"/entities/{number}")["entity"]["updated"]
    while api.put("a", properties={"x": 2}) and api.get(f"/entities/{number}")["entity"]["updated"] == moment:
        api.put("a", properties={"x": 1})
    assert api.get(f"/entities/{number}", as_of=moment)["entity"]["properties"]["x"] in (1, 2)
    assert api.get(f"/entities/{number}", as_of=2**62)["entity"]["properties"] == {"x": 2}
    assert api.refused("GET", f"/entities/{number}?as_of=1", 404)["code"] == "not_found"


def test_numbers_that_json_lacks(api: Api) -> None:
    number = api.put("a", "run")
    words = ["NaN", "Infinity", "-Infinity"]
    points = [["loss", word, step, step] for step, word in enumerate(words)]
    api.change(_points(number, *points, ["loss", 1.5, 9, 9]), _points(number, ["odd", "NaN", 1, 1]))
    assert api.get(f"/entities/{number}/series/loss")["points"] == [*points, ["loss", 1.5, 9, 9]]
    latest = {"loss": ["loss", 1.5, 9, 9], "odd": ["odd", "NaN", 1, 1]}
    assert api.get(f"/entities/{number}/series") == {"series": latest}
    assert api.get(f"/entities/{number}", parts="metrics")["entity"]["metrics"] == latest
    found = api.post("/find", {"kinds": ["run"], "parts": ["metrics"]})
    assert found["entities"][0]["metrics"] == latest


def test_pieces_of_a_series(api: Api) -> None:
    number = api.put("a", "run")
    api.change(_points(number, *[["a/b c", float(step), step, step] for step in range(100)]))
    path = f"/entities/{number}/series/a%2Fb%20c"

    def steps(**query: int) -> list[int]:
        return [point[3] for point in api.get(path, **query)["points"]]

    assert steps() == list(range(100))
    assert steps(limit=2, offset=5) == [5, 6]
    assert steps(from_step=97) == [97, 98, 99]
    assert steps(to_step=1) == [0, 1]
    assert steps(from_step=3, to_step=4) == [3, 4]
    few = steps(buckets=5)
    assert few[0] == 0 and few[-1] == 99 and len(few) <= 12
    assert api.get(f"/entities/{number}/series/none") == {"points": []}


def test_find(api: Api) -> None:
    for rows in range(5):
        api.put(f"d{rows}", properties={"rows": rows})
    where = {
        "expr": "compare",
        "field": {"field": "property", "key": "rows"},
        "op": ">=",
        "value": 2,
    }
    order = [{"field": {"field": "property", "key": "rows"}, "descending": True}]
    query = {"kinds": ["dataset"], "where": where, "order": order, "limit": 2, "count": True}
    page = api.post("/find", query)
    assert (_names(page["entities"]), page["total"]) == (["d4", "d3"], 3)
    rest = api.post("/find", query | {"cursor": page["cursor"]})
    assert (_names(rest["entities"]), "cursor" in rest) == (["d2"], False)


def test_matches_are_skipped(api: Api) -> None:
    for rows in range(5):
        api.put(f"d{rows}")
    query = {"order": [{"field": {"field": "attribute", "name": "name"}}], "limit": 2, "offset": 1}
    page = api.post("/find", query)
    assert _names(page["entities"]) == ["d1", "d2"]
    rest = api.post("/find", query | {"cursor": page["cursor"]})
    assert _names(rest["entities"]) == ["d3", "d4"]
    assert api.post("/find", query | {"offset": 9})["entities"] == []
    assert api.refused("POST", "/find", 400, json=query | {"offset": -1})["code"] == "invalid"


def test_rows_have_only_what_is_shown(api: Api) -> None:
    number = api.put("a", "run", properties={"status": "FINISHED", "param.a": 1, "param.b": 2, "tag.c": 3})
    api.change(_points(number, *[[key, 1.0, 1, 1] for key in ("loss", "other")]))
    query = {"kinds": ["run"], "count": True, "parts": ["labels"]}
    wanted = {"query": query, "properties": ["status", "param.*"], "metrics": ["loss"]}
    page = api.post("/rows", wanted)
    (row,) = page["entities"]
    assert row["properties"] == {"status": "FINISHED", "param.a": 1, "param.b": 2}
    assert (list(row["metrics"]), page["total"]) == (["loss"], 1)
    assert "properties" not in api.post("/rows", {"query": query})["entities"][0]


def test_many_series_at_once(api: Api) -> None:
    first, second, bare = (api.put(name, "run") for name in "abc")
    for number in (first, second):
        api.change(_points(number, *[[key, 1.0 * step, step, step] for key in "xy" for step in range(50)]))
    asked = {"refs": [str(first), str(second), str(bare), "999"], "keys": ["y", "x", "none"], "buckets": 5}
    found = api.post("/series", asked)["series"]
    assert [(each["entity"], each["key"]) for each in found] == [
        (first, "y"),
        (first, "x"),
        (second, "y"),
        (second, "x"),
    ]
    assert all(2 <= len(each["points"]) <= 12 for each in found)
    assert api.refused("POST", "/series", 400, json={"refs": [], "keys": ["x"]})["code"] == "invalid"


def test_an_alias_moves_with_a_reason(api: Api) -> None:
    model = api.put("churn", "model")
    uuid = api.get(f"/entities/{model}")["entity"]["uuid"]
    versions = [
        api.put(
            f"churn/{at}",
            "model_version",
            properties={"version": at},
            external=[{"protocol": "mlflow.model_version", "id": f"{uuid}/{at}"}],
        )
        for at in (1, 2)
    ]
    path = f"/entities/{model}/aliases/champion"
    for at in (1, 2, 2):
        api.send("PUT", path, json={"version": at, "reason": "better recall"}).raise_for_status()
    assert api.get(f"/entities/{model}")["entity"]["properties"]["alias.champion"] == 2
    alias = api.post("/find", {"kinds": ["alias"]})["entities"][0]
    edges = api.get(f"/entities/{alias['id']}", parts="edges")["edges"]
    assert [(each["source"], each["kind"]) for each in edges] == [(versions[1], "deployed_as")]
    assert api.get(f"/entities/{model}/history")["events"][0]["note"] == "better recall"
    api.send("PUT", path, json={}).raise_for_status()
    assert not api.get(f"/entities/{model}")["entity"].get("properties")
    assert api.post("/find", {"kinds": ["alias"]})["entities"] == []
    assert api.refused("PUT", path, 404, json={"version": 3})["code"] == "not_found"
    wrong = f"/entities/{versions[0]}/aliases/x"
    assert api.refused("PUT", wrong, 400, json={"version": 1})["code"] == "invalid"


def test_search_and_suggest(api: Api) -> None:
    api.put("sales orders", namespace="shop", owner="ann")
    customers = api.put("sales customers", namespace="shop")
    api.put("weather")
    api.change({"op": "put_label", "ref": {"by": "id", "id": customers}, "name": "PII"})
    page = api.get("/entities", q="sales")
    assert page["total"] == 2
    assert page["facets"]["namespace"] == {"shop": 2}
    assert page["facets"]["label"] == {"PII": 1}
    assert _names(api.get("/entities", q="sales", owner="ann")["entities"]) == ["sales orders"]
    assert _names(api.get("/entities", q="sales", label="PII")["entities"]) == ["sales customers"]
    assert api.get("/entities", q="sales", kind=["model", "run"])["entities"] == []
    assert len(api.get("/entities", kind=["model", "dataset"], namespace="shop")["entities"]) == 2
    assert _names(api.get("/suggest", q="wea")["entities"]) == ["weather"]


def test_a_kind_that_is_not_there_has_no_entities(api: Api) -> None:
    api.put("a")
    assert api.get("/entities", kind="spaceship")["entities"] == []
    assert api.post("/find", {"kinds": ["spaceship"], "count": True}) == {"entities": [], "total": 0}
    assert len(api.get("/entities", kind=["spaceship", "dataset"])["entities"]) == 1


def test_counts_and_types(api: Api) -> None:
    api.put("a")
    api.put("b", "model")
    assert api.get("/counts") == {"kinds": {"dataset": 1, "model": 1}}
    api.change(
        {"op": "put_type", "definition": {"category": "kind", "name": "cake", "supertypes": ["asset"]}}
    )
    categories = {(each["category"], each["name"]) for each in api.get("/types")["definitions"]}
    assert {("kind", "cake"), ("kind", "dataset"), ("edge", "input")} <= categories


def test_lineage(api: Api) -> None:
    raw, run, model = api.put("raw"), api.put("train", "run"), api.put("m", "model")
    api.change(_edge("input", raw, run), _edge("output", run, model))
    whole = api.get(f"/lineage/{model}", direction="up")
    assert {node["name"] for node in whole["nodes"]} == {"raw", "train", "m"}
    assert {(edge["source"], edge["target"]) for edge in whole["edges"]} == {(raw, run), (run, model)}
    assert {node["name"] for node in api.get(f"/lineage/{model}", direction="up", depth=1)["nodes"]} == {
        "train",
        "m",
    }
    assert [node["name"] for node in api.get(f"/lineage/{model}", direction="down")["nodes"]] == ["m"]
    assert api.get(f"/lineage/{raw}", limit=2)["truncated"] is True


def test_history_and_changes(api: Api) -> None:
    first, second = api.put("a"), api.put("b")
    api.put("a", properties={"x": 1})
    events = api.get(f"/entities/{first}/history")["events"]
    assert [event["action"] for event in events] == ["updated", "created"]
    assert {event["door"] for event in events} == {"native"}
    assert len(api.get(f"/entities/{first}/history", limit=1)["events"]) == 1
    page = api.get("/changes", limit=1)
    assert (page["events"][0]["entity"], page["last"]) == (first, page["events"][0]["commit"])
    rest = api.get("/changes", since=page["last"])
    assert [event["entity"] for event in rest["events"]] == [second, first]
    assert api.get("/changes", since=rest["last"]) == {"events": [], "last": rest["last"]}


def test_activity_comes_newest_first(api: Api) -> None:
    numbers = [api.put(f"d{at}") for at in range(5)]
    api.change(
        *({"op": "put_entity", "ref": {"by": "id", "id": each}, "properties": {"a": 1}} for each in numbers)
    )
    page = api.get("/activity", limit=2)
    first, second = page["commits"]
    assert (first["total"], first["entities"], first["events"][0]["action"]) == (5, 5, "updated")
    assert [event["name"] for event in second["events"]] == ["d4"]
    rest = api.get("/activity", before=page["before"])["commits"]
    assert [done["events"][0]["name"] for done in rest][:4] == ["d3", "d2", "d1", "d0"]
    made = api.get("/activity", action="created", kind="dataset")["commits"]
    assert [done["events"][0]["name"] for done in made] == ["d4", "d3", "d2", "d1", "d0"]
    assert api.get("/activity", principal="nobody") == {"commits": []}


def test_why(api: Api) -> None:
    raw, run = api.put("raw"), api.put("train", "run")
    api.change(_edge("input", raw, run), {"op": "put_label", "ref": {"by": "id", "id": raw}, "name": "PII"})
    (path,) = api.get(f"/entities/{run}/why", label="PII")["paths"]
    assert (path["root"], path["path"], path["edges"], path["put_by"]) == (
        raw,
        [raw, run],
        ["input"],
        "local",
    )
    assert api.get(f"/entities/{run}/why", principal="local")["allowed"] is True
    for query in ("", "?label=PII&principal=local"):
        assert api.refused("GET", f"/entities/{run}/why{query}", 400)["code"] == "invalid"


def test_files(api: Api) -> None:
    number = api.put("a")
    base = f"/entities/{number}/files"
    for path in ("model/weights.bin", "model/readme.md", "top.html"):
        answer = api.send("PUT", f"{base}/{path}", content=f"<b>{path}".encode())
        assert answer.json() == {"path": path, "is_folder": False, "size": len(path) + 3}
    top = [
        {"path": "model", "is_folder": True, "size": 0},
        {"path": "top.html", "is_folder": False, "size": 11},
    ]
    assert api.get(base)["files"] == top
    assert [each["path"] for each in api.get(base, path="model")["files"]] == [
        "model/readme.md",
        "model/weights.bin",
    ]
    page = api.send("GET", f"{base}/top.html")
    assert (page.text, page.headers["content-type"]) == ("<b>top.html", "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("sandbox")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert api.send("HEAD", f"{base}/top.html").headers["content-length"] == "11"
    api.delete(f"{base}/model")
    api.delete(f"{base}/model")
    assert [each["path"] for each in api.get(base)["files"]] == ["top.html"]


@pytest.mark.parametrize(
    ("asked", "status", "content", "described"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=4-2", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=0-9", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges_of_a_file(api: Api, asked: str, status: int, content: bytes, described: str | None) -> None:
    number = api.put("a")
    path = f"/entities/{number}/files/x"
    api.send("PUT", path, content=b"0123456789")
    answer = api.send("GET", path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == described


@pytest.mark.parametrize("path", ["..%2Fx", "a%2F..%2F..%2Fx"])
def test_no_path_leads_out_of_the_folder(api: Api, path: str) -> None:
    number = api.put("a")
    for method in ("GET", "PUT", "DELETE"):
        error = api.refused(method, f"/entities/{number}/files/{path}", 400)
        assert error["code"] == "invalid"
