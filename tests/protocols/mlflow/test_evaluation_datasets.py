"""Evaluation data sets and their records over MLflow's protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity
from lineal.graph.mlflow.evaluation import facet_of, record_key, schema_of
from lineal.graph.model import ByExternal, External
from lineal.graph.query import Walk
from lineal.protocols.mlflow.evaluation import fields, records
from lineal.protocols.mlflow.evaluation.settle import settled

HERE = "/api/3.0/mlflow/datasets"


def answer(client: Client, method: str, path: str, /, body: Any = None, **query: Any) -> Any:
    """The JSON of a successful answer."""
    more = {"json": body} if body is not None else {"params": query}
    found = client.send(method, f"{HERE}/{path}", **more)
    assert found.status_code == 200, found.text
    return found.json()


def refused(client: Client, method: str, path: str, /, body: Any = None, **query: Any) -> tuple[int, str]:
    """Status and code of a failure."""
    more = {"json": body} if body is not None else {"params": query}
    return told(client.send(method, f"{HERE}/{path}", **more))[:2]


def create(client: Client, name: str, /, *experiments: str, **tags: str) -> str:
    body = {"name": name, "experiment_ids": list(experiments), "tags": json.dumps(tags)}
    return str(answer(client, "POST", "create", body)["dataset"]["dataset_id"])


def put(client: Client, dataset: str, *rows: dict[str, Any]) -> tuple[int, int]:
    """How many rows were inserted and updated."""
    found = answer(client, "POST", f"{dataset}/records", {"records": json.dumps(rows)})
    return found["inserted_count"], found["updated_count"]


def rows_of(client: Client, dataset: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(answer(client, "GET", f"{dataset}/records", **query)["records"])
    return found


def dataset_of(client: Client, number: str) -> dict[str, Any]:
    found: dict[str, Any] = answer(client, "GET", number)["dataset"]
    return found


def names(client: Client, **body: Any) -> list[str]:
    """Names of the data sets that a search finds, in order."""
    return [each["name"] for each in answer(client, "POST", "search", body).get("datasets", [])]


def test_a_data_set_comes_back_as_it_was_made(client: Client) -> None:
    experiment = client.experiment("e")
    body = {
        "name": "mine",
        "experiment_ids": [experiment],
        "tags": json.dumps({"a": "b", "n": 5, "mlflow.user": "ann"}),
    }
    made = answer(client, "POST", "create", body)["dataset"]
    assert made["experiment_ids"] == [experiment]
    found = dataset_of(client, made["dataset_id"])
    assert found == {key: value for key, value in made.items() if key != "experiment_ids"}
    assert found["dataset_id"].startswith("d-") and len(found["dataset_id"]) == 34
    assert json.loads(found["tags"]) == {"a": "b", "n": "5", "mlflow.user": "ann"}
    assert (found["created_by"], found["last_updated_by"]) == ("ann", "ann")
    assert found["created_time"] == found["last_update_time"]
    assert len(found["digest"]) == 8 and "schema" not in found and "profile" not in found
    assert answer(client, "GET", f"{made['dataset_id']}/experiment-ids") == {"experiment_ids": [experiment]}


def test_two_data_sets_may_have_one_name(client: Client) -> None:
    assert create(client, "same") != create(client, "same")
    assert names(client, filter_string="name = 'same'") == ["same", "same"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": ""}, 400),
        ({"name": 5}, 400),
        ({"name": "a" * 256}, 400),
        ({"name": "a\x00"}, 400),
        ({"name": "a", "tags": "x"}, 400),
        ({"name": "a", "tags": "[1]"}, 400),
        ({"name": "a", "tags": {"a": "b"}}, 400),
        ({"name": "a", "tags": json.dumps({"": "b"})}, 400),
        ({"name": "a", "tags": json.dumps({"k" * 256: "b"})}, 400),
        ({"name": "a", "tags": json.dumps({"k": "b" * 5001})}, 400),
        ({"name": "a", "tags": json.dumps({"k": "\x00"})}, 400),
        ({"name": "a", "tags": "[" * 5000 + "]" * 5000}, 400),
        ({"name": "a", "experiment_ids": "x"}, 400),
        ({"name": "a", "experiment_ids": ["999999"]}, 404),
        ({"name": "a", "experiment_ids": ["x"]}, 404),
    ],
)
def test_what_is_no_data_set_is_refused(client: Client, body: Any, status: int) -> None:
    assert refused(client, "POST", "create", body)[0] == status
    assert names(client) == []


def test_rows_of_equal_inputs_are_merged(client: Client) -> None:
    number = create(client, "d")
    first = {
        "inputs": {"q": "a", "n": 1},
        "expectations": {"e": "x", "f": 1.5},
        "tags": {"t": "1", "mlflow.user": "bob"},
        "source": {"source_type": "human", "source_data": {"source_id": "s9"}},
    }
    again = {"inputs": {"n": 1, "q": "a"}, "expectations": {"e": "y"}, "outputs": [1], "tags": {"u": "2"}}
    other = {"inputs": {"q": "b"}, "outputs": {"r": None}}
    assert put(client, number, first, other, again) == (2, 1)
    one, two = rows_of(client, number)
    assert one.pop("dataset_record_id").startswith("dr-") and one.pop("dataset_id") == number
    assert one.pop("created_time") <= one.pop("last_update_time")
    assert one == {
        "inputs": {"q": "a", "n": 1},
        "outputs": [1],
        "expectations": {"e": "y", "f": 1.5},
        "tags": {"t": "1", "mlflow.user": "bob", "u": "2"},
        "source": {"source_type": "HUMAN", "source_data": {"source_id": "s9"}},
        "source_id": "s9",
        "source_type": "HUMAN",
        "created_by": "bob",
        "last_updated_by": "bob",
    }
    assert (two["outputs"], two["tags"]) == ({"r": None}, {})
    assert put(client, number, {"inputs": {"q": "b"}, "outputs": None, "tags": {"mlflow.user": "eve"}}) == (
        0,
        1,
    )
    changed = rows_of(client, number)[1]
    assert "outputs" not in changed and changed["last_updated_by"] == "eve" and "created_by" not in changed
    assert changed["dataset_record_id"] == two["dataset_record_id"]


def test_a_data_set_tells_of_its_rows(client: Client, session: Session) -> None:
    number = create(client, "d", **{"mlflow.user": "ann"})
    before = dataset_of(client, number)
    put(client, number, {"inputs": {"q": "a", "n": 1, "x": None, "y": True}, "outputs": "text"})
    put(client, number, {"inputs": {"l": [1], "o": {}}, "outputs": {"r": 1}, "expectations": {"e": 1.5}})
    found = dataset_of(client, number)
    assert json.loads(found["schema"]) == {
        "inputs": {
            "q": "string", "n": "integer", "x": "null", "y": "boolean", "l": "array", "o": "object",
        },
        "outputs": "string",
        "expectations": {"e": "float"},
        "version": "1.0",
    }  # fmt: skip
    assert json.loads(found["profile"]) == {"num_records": 2}
    assert found["digest"] != before["digest"] and found["last_update_time"] > before["last_update_time"]
    assert "last_updated_by" not in found and found["created_by"] == "ann"
    entity = session.get(ByExternal("mlflow.dataset", number), ("facets",))
    assert entity.facets["statistics"] == {"row_count": 2}
    groups = {each["name"]: each for each in entity.facets["schema"]["fields"]}
    assert groups["expectations"]["fields"] == [{"name": "e", "type": "float"}]
    keys = [row["dataset_record_id"] for row in rows_of(client, number)]
    answer(client, "DELETE", f"{number}/records", {"dataset_record_ids": keys[:1]})
    assert json.loads(dataset_of(client, number)["profile"]) == {"num_records": 1}
    answer(client, "DELETE", f"{number}/records", {"dataset_record_ids": keys})
    assert dataset_of(client, number)["profile"] == "null"


def test_numbers_that_json_has_not_are_kept(client: Client) -> None:
    number = create(client, "d")
    text = '[{"inputs": {"x": NaN, "y": -Infinity, "z": 12345678901234567890123}}]'
    answer(client, "POST", f"{number}/records", {"records": text})
    assert '"x": NaN, "y": -Infinity, "z": 12345678901234567890123' in str(
        answer(client, "GET", f"{number}/records")["records"]
    )
    assert put(client, number, {"inputs": json.loads(text)[0]["inputs"]}) == (0, 1)


def test_rows_are_read_page_by_page(client: Client) -> None:
    number = create(client, "d")
    put(client, number, *({"inputs": {"n": place}} for place in range(5)))
    found, token = [], ""
    while True:
        page = answer(client, "GET", f"{number}/records", max_results=2, page_token=token)
        found += [row["inputs"]["n"] for row in json.loads(page["records"])]
        token = page.get("next_page_token")
        if not token:
            break
    assert found == [0, 1, 2, 3, 4]
    assert len(rows_of(client, number, max_results=5)) == len(rows_of(client, number, max_results=0)) == 5
    assert "next_page_token" not in answer(client, "GET", f"{number}/records", max_results=5)
    for query in ({"max_results": -1}, {"max_results": "x"}, {"page_token": "garbage!"}, {"page_token": "ü"}):
        assert refused(client, "GET", f"{number}/records", **query) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "text",
    [
        "x", "{}", "[1]", '[{"inputs": [1]}]', '[{"inputs": null}]', '[{"inputs": {}, "tags": 5}]',
        '[{"inputs": {}, "expectations": []}]', '[{"inputs": {}, "source": "x"}]',
        '[{"inputs": {}, "source": {"source_type": "nope"}}]', '[{"inputs": {}, "source": {"source_data": 1}}]',
        '[{"inputs": {"a": "\\u0000"}}]', '[{"inputs": {"a": "\\ud800"}}]', "[" * 5000 + "]" * 5000,
        '[{"inputs": {"a": ' + "[" * 500 + "]" * 500 + "}}]",
    ],
)  # fmt: skip
def test_ill_formed_rows_are_refused_and_none_is_stored(client: Client, text: str) -> None:
    number = create(client, "d")
    good = '{"inputs": {"good": 1}}'
    batch = text if not text.startswith("[{") else f"[{good}, {text[1:]}"
    assert refused(client, "POST", f"{number}/records", {"records": batch}) == (
        400,
        "INVALID_PARAMETER_VALUE",
    )
    assert rows_of(client, number) == []
    assert "profile" not in dataset_of(client, number)


def test_what_is_not_there_has_no_rows(client: Client) -> None:
    body = {"records": "[]"}
    assert refused(client, "POST", "none/records", body) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert rows_of(client, "none") == []
    gone = answer(client, "DELETE", "none/records", {"dataset_record_ids": ["dr-1"]})
    assert gone == {"deleted_count": 0}
    number = create(client, "d")
    put(client, number, {"inputs": {}})
    for given in ([], ["dr-none", "", "dr-" + "0" * 32]):
        body = {"dataset_record_ids": given}
        assert answer(client, "DELETE", f"{number}/records", body) == {"deleted_count": 0}


def test_tags(client: Client) -> None:
    number = create(client, "d", a="1", b="2")
    before = dataset_of(client, number)
    given = json.dumps({"a": "3", "c": 4, "d": None})
    assert answer(client, "PATCH", f"{number}/tags", {"tags": given}) == {}
    assert json.loads(dataset_of(client, number)["tags"]) == {"a": "3", "b": "2", "c": "4"}
    for _ in range(2):
        assert answer(client, "DELETE", f"{number}/tags/a") == {}
    assert json.loads(dataset_of(client, number)["tags"]) == {"b": "2", "c": "4"}
    assert dataset_of(client, number)["last_update_time"] == before["last_update_time"]
    for text in ("", "x", "[]"):
        assert refused(client, "PATCH", f"{number}/tags", {"tags": text})[0] == 400
    assert refused(client, "PATCH", "none/tags", {"tags": "{}"})[0] == 404
    assert answer(client, "DELETE", "none/tags/a") == {}


def test_a_data_set_is_in_several_experiments(client: Client) -> None:
    first, second, third = (client.experiment(name) for name in "abc")
    number = create(client, "d", first)
    answer(client, "POST", f"{number}/add-experiments", {"experiment_ids": [second, first, third]})
    found = answer(client, "GET", f"{number}/experiment-ids")["experiment_ids"]
    assert found == [first, second, third]
    answer(client, "POST", f"{number}/remove-experiments", {"experiment_ids": [second, "999999"]})
    assert answer(client, "GET", f"{number}/experiment-ids") == {"experiment_ids": [first, third]}
    assert names(client, experiment_ids=[third]) == ["d"]
    assert names(client, experiment_ids=[second]) == names(client, experiment_ids=["999999", "x"]) == []
    for given, path in ((["999999"], number), (["x"], number), ([first], "none")):
        body = {"experiment_ids": given}
        assert refused(client, "POST", f"{path}/add-experiments", body) == (404, "RESOURCE_DOES_NOT_EXIST")
    body = {"experiment_ids": [first]}
    assert refused(client, "POST", "none/remove-experiments", body)[0] == 404
    assert answer(client, "GET", "none/experiment-ids") == {}


@pytest.fixture
def several(client: Client) -> Client:
    for name, tags in (("d1", {"k": "v", "mlflow.user": "ann"}), ("D2", {"k": "w"}), ("d3", {"n": "5"})):
        create(client, name, **tags)
    return client


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["d3", "D2", "d1"]),
        ("name = 'd1'", ["d1"]),
        ("name != 'd1'", ["d3", "D2"]),
        ("name LIKE 'd%'", ["d3", "d1"]),
        ("name ILIKE 'd%'", ["d3", "D2", "d1"]),
        ("name IN ('d1', 'x', 'D2')", ["D2", "d1"]),
        ("tags.k = 'w'", ["D2"]),
        ("tags.k != 'w'", ["d1"]),
        ("tags.`k` LIKE '_' AND name = 'd1'", ["d1"]),
        ("created_by = 'ann'", ["d1"]),
        ("last_updated_by != 'eve'", ["d1"]),
        ("created_time > 0 AND last_update_time < 99999999999999", ["d3", "D2", "d1"]),
    ],
)
def test_search(several: Client, text: str, found: list[str]) -> None:
    assert names(several, filter_string=text) == found


@pytest.mark.parametrize(
    "text",
    [
        "name NOT IN ('d1')", "tag.k = 'w'", "tags.k IN ('w')", "attributes.name = 'd1'", "name = 5", "foo = 'x'",
        "name = 'd1' OR name = 'x'", "(name = 'd1')", "name IS NULL", "tags.k IS NULL", "garbage",
        "created_time > 'a'",
    ],
)  # fmt: skip
def test_a_search_that_makes_no_sense_is_refused(several: Client, text: str) -> None:
    body = {"filter_string": text}
    assert refused(several, "POST", "search", body) == (400, "INVALID_PARAMETER_VALUE")


def test_the_order_of_a_search(several: Client) -> None:
    assert names(several, order_by=["name"]) == ["D2", "d1", "d3"]
    assert names(several, order_by=["name DESC", "name"]) == ["d3", "d1", "D2"]
    assert names(several, order_by=["last_update_time ASC"]) == ["d1", "D2", "d3"]
    for given in ("foo", "tags.k", "created_by", "name FOO", ""):
        assert refused(several, "POST", "search", {"order_by": [given]})[0] == 400


def test_a_search_page_by_page(several: Client) -> None:
    found, token = [], ""
    while True:
        page = answer(several, "GET", "search", max_results=2, order_by=["name ASC"], page_token=token)
        found += [each["name"] for each in page["datasets"]]
        token = page.get("next_page_token")
        if not token:
            break
    assert found == ["D2", "d1", "d3"]
    for body in ({"max_results": 0}, {"max_results": -1}, {"max_results": 60_000}, {"page_token": "x"}):
        assert refused(several, "POST", "search", body) == (400, "INVALID_PARAMETER_VALUE")


def test_a_deleted_data_set_is_gone_with_its_rows(client: Client, session: Session) -> None:
    number = create(client, "d", client.experiment("e"))
    put(client, number, {"inputs": {}})
    for _ in range(2):
        assert answer(client, "DELETE", number) == {}
    assert refused(client, "GET", number) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert (rows_of(client, number), names(client)) == ([], [])
    assert refused(client, "POST", f"{number}/records", {"records": "[]"})[0] == 404
    kept = session.get(ByExternal("mlflow.dataset", number))
    assert (kept.state, session.count_records(ByExternal("mlflow.dataset", number))) == ("deleted", 0)


def test_traces_lead_to_the_data_set_that_was_made_of_them(client: Client, session: Session) -> None:
    session.commit(Change([PutEntity(kind="trace", name="t", external=[External("mlflow.trace", "tr-1")])]))
    number = create(client, "d")
    sources = [{"source_type": "TRACE", "source_data": {"trace_id": each}} for each in ("tr-1", "tr-2")]
    put(client, number, *({"inputs": {"n": n}, "source": source} for n, source in enumerate(sources)))
    above = session.lineage(Walk(ByExternal("mlflow.dataset", number), "up"))
    assert {node.name for node in above.nodes} == {"d", "t"}


def test_a_run_that_read_it_leads_to_it(client: Client, session: Session) -> None:
    number = create(client, "d")
    put(client, number, {"inputs": {"q": "a"}})
    run = client.run(run_name="r")
    found = dataset_of(client, number)
    data = {
        "name": "d",
        "digest": found["digest"],
        "source_type": "mlflow_evaluation_dataset",
        "source": json.dumps({"dataset_id": number}),
    }
    client.post("runs/log-inputs", run_id=run, datasets=[{"dataset": data}])
    below = session.lineage(Walk(ByExternal("mlflow.dataset", number), "down"))
    assert {node.name for node in below.nodes} == {"d", "r"}
    inputs = client.get("runs/get", run_id=run)["run"]["inputs"]["dataset_inputs"]
    assert [each["dataset"] for each in inputs] == [data]


def at_once(count: int, work: Callable[[int], None]) -> None:
    """Do something in several threads that start together; the first error of one is raised."""
    barrier, failures = threading.Barrier(count), []

    def one(place: int) -> None:
        barrier.wait()
        try:
            work(place)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


def test_who_puts_one_row_at_once_merges_it(client: Client, catalog: Catalog) -> None:
    from lineal.catalog.catalog import LOCAL
    from lineal.protocols.base import Call
    from lineal.protocols.mlflow.evaluation import dataset_records

    number = create(client, "d")

    def one(place: int) -> None:
        for turn in range(5):
            row = {"inputs": {"q": "a"}, "expectations": {f"e{place}.{turn}": place}}
            own = {"inputs": {"own": place, "turn": turn}}
            body = json.dumps({"records": json.dumps([row, own])}).encode()
            headers, values = {"content-type": "application/json"}, {"dataset_id": number}
            session = catalog.session(LOCAL, "mlflow")
            dataset_records.upsert(Call(session, "POST", "", headers=headers, path_params=values, body=body))

    at_once(4, one)
    found = rows_of(client, number)
    assert len(found) == 21
    assert len(found[0]["expectations"]) == 20
    assert json.loads(dataset_of(client, number)["profile"]) == {"num_records": 21}


# What needs no server


def test_the_id_of_a_row_is_its_inputs_and_its_data_set() -> None:
    key = record_key("d-1", {"a": 1, "b": [2]})
    assert key == record_key("d-1", {"b": [2], "a": 1})
    others = [
        ("d-2", {"a": 1, "b": [2]}),
        ("d-1", {"a": 1.0, "b": [2]}),
        ("d-1", {"a": "1", "b": [2]}),
        ("d-1", {}),
    ]
    assert len({key, *(record_key(dataset, each) for dataset, each in others)}) == 5
    assert records.keys_among([key, "x", key, "dr-" + "g" * 32]) == [key]


def test_a_schema_is_the_facet_and_back() -> None:
    schemas = [
        fields.grown(None, [{"inputs": {}}]),
        fields.grown(None, [{"inputs": {"a.b": 1, "": "x"}, "outputs": {"r": 1}}]),
        fields.grown(None, [{"inputs": {"a": 1}, "outputs": 5}, {"inputs": {}, "outputs": {"r": 1}}]),
    ]
    for schema in schemas:
        assert schema is not None
        assert schema_of(facet_of(schema)) == schema
    assert fields.grown(None, []) is None
    for foreign in (
        None,
        {},
        {"fields": [{"name": "inputs", "type": "string"}]},
        {"fields": [{"name": "x"}]},
    ):
        assert schema_of(foreign) is None


def test_a_decision_that_others_always_forestall_is_given_up(session: Session) -> None:
    from lineal.graph.change import Absent, Expect
    from lineal.graph.errors import Unavailable

    ref = ByExternal("t", "1")
    session.commit(Change([PutEntity(kind="trace", external=[External("t", "1")])]))
    with pytest.raises(Unavailable):
        settled(session, lambda: ([Expect(ref, Absent(), "again")], None))
