"""Issues over MLflow's protocol."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity, Remove
from lineal.graph.model import ByExternal, Local

HERE = "/api/3.0/mlflow/issues"
NO_ISSUES = [
    {"name": "n" * 251}, {"name": ""}, {"description": ""}, {"status": "nope"}, {"severity": "nope"}, {"severity": ""},
    {"categories": ["c" * 251]}, {"categories": [""]}, {"categories": "x"}, {"categories": ["c"] * 101},
    {"metadata": {"a": 1}}, {"metadata": [1]}, {"metadata": {"": "x"}}, {"metadata": {"k" * 251: "x"}},
    {"metadata": {"k": "v" * 65_537}}, {"metadata": {str(n): "" for n in range(101)}}, {"issue_id": "foo"},
    {"issue_id": "iss-" + "a" * 33}, {"issue_id": "iss-a\n"}, {"last_seen_timestamp": -1},
    {"last_seen_timestamp": "x"}, {"last_seen_timestamp": True}, {"last_seen_timestamp": 2**63},
    {"last_seen_timestamp": 1.5}, {"created_by": "c" * 256},
]  # fmt: skip


def answer(client: Client, method: str, path: str, /, body: Any = None) -> Any:
    found = client.send(method, f"{HERE}{path}", **({"json": body} if body is not None else {}))
    assert found.status_code == 200, found.text
    return found.json()


def refused(client: Client, method: str, path: str, /, body: Any = None) -> tuple[int, str]:
    return told(client.send(method, f"{HERE}{path}", **({"json": body} if body is not None else {})))[:2]


def create(client: Client, experiment: str, /, **more: Any) -> dict[str, Any]:
    body = {"experiment_id": experiment, "name": "n", "description": "d", **more}
    found: dict[str, Any] = answer(client, "POST", "", body)["issue"]
    return found


def update(client: Client, number: str, /, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer(client, "PATCH", f"/{number}", {"issue_id": number, **more})["issue"]
    return found


def names(client: Client, /, **body: Any) -> list[str]:
    return [each["name"] for each in answer(client, "POST", "/search", body).get("issues", [])]


def test_an_issue_comes_back_as_it_was_made(client: Client) -> None:
    experiment = client.experiment("e")
    run = client.run(experiment)
    given = {
        "issue_id": "iss-mine_1",
        "status": "resolved",
        "severity": "low",
        "root_causes": ["a", "b"],
        "source_run_id": run,
        "created_by": "ann",
        "categories": ["Cat", "dog", "Cat"],
        "metadata": {"k": "v"},
    }
    made = create(client, experiment, **given, last_seen_timestamp="123")
    told_of = given | {"last_seen_timestamp": 123, "last_updated_by": "ann", "experiment_id": experiment}
    assert {key: made[key] for key in told_of} == told_of
    assert (made["name"], made["description"]) == ("n", "d")
    assert made["created_timestamp"] == made["last_updated_timestamp"]
    assert answer(client, "GET", "/iss-mine_1")["issue"] == made
    body = {"experiment_id": experiment, "name": "n", "description": "d", "issue_id": "iss-mine_1"}
    assert refused(client, "POST", "", body) == (400, "RESOURCE_ALREADY_EXISTS")


def test_little_is_enough(client: Client) -> None:
    made = create(client, client.experiment("e"))
    assert made["issue_id"].startswith("iss-") and made["status"] == "pending"
    assert made["last_seen_timestamp"] == made["created_timestamp"]
    absent = (
        "severity",
        "root_causes",
        "source_run_id",
        "created_by",
        "categories",
        "metadata",
        "trace_count",
    )
    assert not made.keys() & set(absent)


@pytest.mark.parametrize("more", NO_ISSUES, ids=lambda each: str(each)[:40])
def test_what_is_no_issue_is_refused(client: Client, more: dict[str, Any]) -> None:
    experiment = client.experiment("e")
    body = {"experiment_id": experiment, "name": "n", "description": "d", **more}
    assert refused(client, "POST", "", body) == (400, "INVALID_PARAMETER_VALUE")
    assert names(client) == []


def test_an_issue_is_about_its_own_experiment(client: Client) -> None:
    first, second = client.experiment("a"), client.experiment("b")
    run = client.run(second)
    body = {"name": "n", "description": "d", "experiment_id": first}
    assert refused(client, "POST", "", body | {"source_run_id": run})[0] == 400
    assert refused(client, "POST", "", body | {"source_run_id": "none"})[0] == 404
    assert refused(client, "POST", "", body | {"experiment_id": "999999"})[0] == 404
    assert refused(client, "POST", "", body | {"experiment_id": "abc"})[0] == 400
    client.post("experiments/delete", experiment_id=first)
    assert refused(client, "POST", "", body) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_what_is_given_changes(client: Client) -> None:
    made = create(
        client,
        client.experiment("e"),
        categories=["Cat"],
        metadata={"k": "v", "l": "w"},
        last_seen_timestamp=1000,
        root_causes=["a"],
    )
    number = made["issue_id"]
    assert update(client, number) == made
    found = update(
        client,
        number,
        name="New",
        description="",
        status="rejected",
        severity="high",
        categories=["x", "x", "Y"],
        last_seen_timestamp=100,
        last_updated_by="eve",
        metadata={"m": "1", "l": "2"},
        delete_metadata_keys=["k", "none"],
    )
    assert (found["name"], found["description"], found["status"]) == ("New", "", "rejected")
    assert (found["severity"], found["categories"], found["last_updated_by"]) == ("high", ["x", "Y"], "eve")
    assert (found["last_seen_timestamp"], found["metadata"]) == (1000, {"m": "1", "l": "2"})
    assert found["root_causes"] == ["a"]
    assert update(client, number, last_seen_timestamp=2000)["last_seen_timestamp"] == 2000
    assert "categories" not in update(client, number, categories=[])
    assert (names(client, categories=["cat"]), names(client, categories=["X"])) == ([], [])
    assert names(client, name="new") == ["New"]


def test_what_cannot_change_is_refused(client: Client) -> None:
    number = create(client, client.experiment("e"))["issue_id"]
    bad = [each for each in NO_ISSUES if not each.keys() & {"issue_id", "created_by", "description"}]
    bad += [
        {"metadata": {"m": "2"}, "delete_metadata_keys": ["m"]},
        {"delete_metadata_keys": [""]},
        {"last_updated_by": "c" * 256},
    ]
    for each in bad:
        body = {"issue_id": number, **each}
        assert refused(client, "PATCH", f"/{number}", body) == (400, "INVALID_PARAMETER_VALUE"), each
    assert refused(client, "PATCH", f"/{number}", {"name": "x"})[0] == 400
    assert refused(client, "PATCH", "/none", {"issue_id": "none"})[0] == 404
    assert refused(client, "GET", "/none") == (404, "RESOURCE_DOES_NOT_EXIST")
    update(client, number, metadata={str(each): "" for each in range(100)})
    assert (
        refused(client, "PATCH", f"/{number}", {"issue_id": number, "metadata": {"one more": ""}})[0] == 400
    )


def test_metadata_changed_at_once_is_all_there(client: Client, catalog: Catalog) -> None:
    import json

    from lineal.catalog.catalog import LOCAL
    from lineal.protocols.base import Call
    from lineal.protocols.mlflow.evaluation import issues

    number = create(client, client.experiment("e"))["issue_id"]
    barrier = threading.Barrier(4)

    def one(place: int) -> None:
        barrier.wait()
        for turn in range(5):
            body = {"issue_id": number, "metadata": {f"{place}.{turn}": "x"}}
            session = catalog.session(LOCAL, "mlflow")
            call = Call(
                session, "PATCH", "", path_params={"issue_id": number}, body=json.dumps(body).encode()
            )
            issues.update(call)

    threads = [threading.Thread(target=one, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answer(client, "GET", f"/{number}")["issue"]["metadata"]) == 20


@pytest.fixture
def several(client: Client) -> Client:
    """Issues in an experiment, which are the only ones."""
    experiment = client.experiment("e")
    run = client.run(experiment, run_name="r")
    create(
        client,
        experiment,
        name="n1",
        severity="low",
        status="pending",
        source_run_id=run,
        last_seen_timestamp=9,
    )
    create(client, experiment, name="Beta_1", severity="high", status="resolved", categories=["cat "])
    create(client, experiment, name="alpha", severity="medium", status="rejected", categories=["dog"])
    create(client, experiment, name="Gamma 50%", last_seen_timestamp=5)
    return client


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, ["Beta_1", "alpha", "n1", "Gamma 50%"]),
        ({"name": "A"}, ["Beta_1", "alpha", "Gamma 50%"]),
        ({"name": "_"}, ["Beta_1"]),
        ({"name": "%"}, ["Gamma 50%"]),
        ({"statuses": ["resolved", "rejected"]}, ["Beta_1", "alpha"]),
        ({"severities": ["high", "low"]}, ["Beta_1", "n1"]),
        ({"categories": ["CAT", "none"]}, ["Beta_1"]),
        ({"statuses": ["resolved"], "categories": ["dog"]}, []),
        ({"filter_string": "status = 'pending'"}, ["n1", "Gamma 50%"]),
        ({"filter_string": "status != 'pending' AND status != 'rejected'"}, ["Beta_1"]),
        ({"filter_string": "source_run_id != 'x'"}, ["n1"]),
        ({"order_by": ["name"]}, ["alpha", "Beta_1", "Gamma 50%", "n1"]),
        ({"order_by": ["name desc", "name"]}, ["n1", "Gamma 50%", "Beta_1", "alpha"]),
        ({"order_by": ["severity"]}, ["Gamma 50%", "n1", "alpha", "Beta_1"]),
        ({"order_by": ["status", "name DESC"]}, ["n1", "Gamma 50%", "alpha", "Beta_1"]),
        ({"order_by": ["created_timestamp"]}, ["n1", "Beta_1", "alpha", "Gamma 50%"]),
        ({"order_by": ["last_seen_timestamp"]}, ["Gamma 50%", "n1", "Beta_1", "alpha"]),
        ({"order_by": ["last_updated_timestamp DESC"]}, ["Gamma 50%", "alpha", "Beta_1", "n1"]),
        ({"experiment_id": "999999"}, []),
    ],
)
def test_search(several: Client, body: dict[str, Any], found: list[str]) -> None:
    assert names(several, **body) == found


@pytest.mark.parametrize(
    "body",
    [
        {"experiment_id": "abc"}, {"view": "nope"}, {"name": "n" * 251}, {"statuses": ["nope"]},
        {"statuses": ["pending"] * 101}, {"severities": ["nope"]}, {"categories": [""]}, {"order_by": ["foo"]},
        {"order_by": ["name FOO"]}, {"order_by": [""]}, {"order_by": ["name ASC DESC"]}, {"max_results": 0},
        {"max_results": -1}, {"max_results": 60_000}, {"page_token": "garbage"}, {"page_token": "ü"},
        {"filter_string": "severity = 'low'"}, {"filter_string": "status > 'a'"}, {"filter_string": "garbage"},
        {"filter_string": "status LIKE 'p%'"}, {"filter_string": "attributes.status = 'pending'"},
        {"filter_string": "status = 'a' OR status = 'b'"},
    ],
    ids=lambda each: str(each)[:60],
)  # fmt: skip
def test_a_search_that_makes_no_sense_is_refused(several: Client, body: dict[str, Any]) -> None:
    assert refused(several, "POST", "/search", body) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("more", [{}, {"order_by": ["name"]}, {"name": "_"}, {"include_trace_count": True}])
def test_a_search_page_by_page(several: Client, more: dict[str, Any]) -> None:
    experiment = several.experiment("many")
    for number in range(5):
        create(several, experiment, name=f"m_{number}")
    body = {"experiment_id": experiment, "max_results": 2, "include_total_count": True, **more}
    found, token = [], ""
    while True:
        page = answer(several, "POST", "/search", body | {"page_token": token})
        assert page["total_count"] == 5
        found += [each["name"] for each in page["issues"]]
        token = page["next_page_token"]
        if not token:
            break
        other = body | {"page_token": token, "statuses": ["pending"]}
        assert refused(several, "POST", "/search", other) == (400, "INVALID_PARAMETER_VALUE")
    assert sorted(found) == [f"m_{number}" for number in range(5)]
    assert found[0] == ("m_0" if "order_by" in more else "m_4")


def test_what_may_be_long_is_left_out(client: Client) -> None:
    create(client, client.experiment("e"), root_causes=["a"], metadata={"k": "v"}, categories=["c"])
    basic = answer(client, "POST", "/search", {"view": "basic"})["issues"][0]
    assert basic["description"] == "" and basic["categories"] == ["c"]
    assert not basic.keys() & {"root_causes", "metadata"}
    assert answer(client, "POST", "/search", {"view": "full"})["issues"][0]["metadata"] == {"k": "v"}


def judge(session: Session, trace: str, issue: str, count: int = 1) -> None:
    """Say of a trace that an issue shows in it."""
    for _ in range(count):
        put = PutEntity(ByExternal("mlflow.trace", trace), kind="trace", handle="t")
        told_of = PutEntity(kind="assessment", name=issue, home=Local("t"), properties={"type": "issue"})
        session.commit(Change([put, told_of]))


def test_traces_in_which_an_issue_shows_are_counted(client: Client, session: Session) -> None:
    experiment = client.experiment("e")
    often = create(client, experiment, name="often", severity="low")["issue_id"]
    worse = create(client, experiment, name="worse", severity="high")["issue_id"]
    create(client, experiment, name="never", severity="low")
    for trace, issue, count in (("t1", often, 2), ("t2", often, 1), ("t2", worse, 1), ("t3", "other", 1)):
        judge(session, trace, issue, count)

    def counts(**more: Any) -> dict[str, int]:
        body = {"include_trace_count": True, **more}
        found = answer(client, "POST", "/search", body)["issues"]
        return {each["name"]: each["trace_count"] for each in found}

    assert list(counts().items()) == [("worse", 1), ("often", 2), ("never", 0)]
    assert list(counts(order_by=["name"])) == ["never", "often", "worse"]
    assert names(client) == ["worse", "never", "often"]
    session.commit(Change([Remove(ByExternal("mlflow.trace", "t1"), cascade=True)]))
    assert counts()["often"] == 1


def test_an_issue_leads_to_the_run_that_found_it(several: Client, session: Session) -> None:
    found = answer(several, "POST", "/search", {"name": "n1"})["issues"][0]
    issue = session.get(ByExternal("mlflow.issue", found["issue_id"]))
    run = session.get(ByExternal("mlflow.run", found["source_run_id"]))
    assert (issue.kind, issue.home) == ("issue", run.home)
    edge = session.edges([issue.id])[0]
    assert (edge.kind, edge.source, edge.target) == ("describes", issue.id, run.id)
