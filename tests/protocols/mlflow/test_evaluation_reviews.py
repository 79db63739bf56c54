"""Label schemas and review queues over MLflow's protocol."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import Change, PutEntity
from lineal.graph.model import ByExternal, External
from lineal.protocols.base import Call
from lineal.protocols.mlflow.evaluation import label_schemas, review_items, review_queues

SCHEMAS, QUEUES, ITEMS = "label-schemas", "review-queues", "review-queues/items"
TEXT: dict[str, Any] = {"text": {}}


def answer(client: Client, method: str, path: str, /, **given: Any) -> Any:
    url = f"/api/3.0/mlflow/{path}"
    found = client.send(method, url, **{"params" if method == "GET" else "json": given})
    assert found.status_code == 200, found.text
    return found.json()


def refused(client: Client, method: str, path: str, /, **given: Any) -> tuple[int, str]:
    url = f"/api/3.0/mlflow/{path}"
    return told(client.send(method, url, **{"params" if method == "GET" else "json": given}))[:2]


# Label schemas


def schema(client: Client, experiment: str, name: str, /, **more: Any) -> dict[str, Any]:
    given = {"type": "FEEDBACK", "input": TEXT, **more}
    made = answer(client, "POST", f"{SCHEMAS}/create", experiment_id=experiment, name=name, **given)
    found: dict[str, Any] = made["label_schema"]
    return found


def schemas(client: Client, experiment: str, /, **more: Any) -> list[str]:
    found = answer(client, "GET", f"{SCHEMAS}/list", experiment_id=experiment, **more)
    return [each["name"] for each in found["label_schemas"]]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (TEXT, TEXT),
        ({"text": {"max_length": 7}}, {"text": {"max_length": 7}}),
        ({"numeric": {"min_value": 0, "max_value": 1.5}}, {"numeric": {"min_value": 0.0, "max_value": 1.5}}),
        ({"numeric": {}}, {"numeric": {}}),
        (
            {"categorical": {"options": ["b", "a"]}},
            {"categorical": {"options": ["b", "a"], "multi_select": False}},
        ),
        (
            {"pass_fail": {"positive_label": "yes", "negative_label": "no"}},
            {"pass_fail": {"positive_label": "yes", "negative_label": "no"}},
        ),
        ({"text": {}, "numeric": {}}, {"text": {}}),
    ],
)
def test_a_schema_comes_back_as_it_was_made(client: Client, given: Any, kept: Any) -> None:
    experiment = client.experiment("e")
    made = schema(
        client, experiment, "Is it right?", type=2, input=given, instruction="look", enable_comment=True
    )
    assert made["schema_id"].startswith("ls-") and made["created_at"] == made["last_updated_at"]
    told_of = {
        "experiment_id": experiment, "name": "Is it right?", "type": "EXPECTATION", "input": kept,
        "instruction": "look", "enable_comment": True, "is_default": False,
    }  # fmt: skip
    assert {key: made[key] for key in told_of} == told_of
    by_id = answer(client, "GET", f"{SCHEMAS}/get", schema_id=made["schema_id"])
    by_name = answer(client, "GET", f"{SCHEMAS}/get-by-name", experiment_id=experiment, name="Is it right?")
    assert by_id["label_schema"] == by_name["label_schema"] == made


NO_SCHEMAS = [
    {"name": ""}, {"name": "n" * 251}, {"name": "feedback "}, {"instruction": "i" * 1001}, {"input": {}},
    {"input": None},
    {"input": {"text": {"max_length": 0}}}, {"input": {"numeric": {"min_value": 2, "max_value": 1}}},
    {"input": {"numeric": {"min_value": 1, "max_value": 1}}}, {"input": {"categorical": {}}},
    {"input": {"categorical": {"options": ["a", "a"]}}}, {"input": {"categorical": {"options": ["", "b"]}}},
    {"input": {"categorical": {"options": ["x" * 65]}}}, {"input": {"categorical": {"options": list("abcdefghijk")}}},
    {"input": {"pass_fail": {"positive_label": "a", "negative_label": "a"}}}, {"input": "text"},
    {"input": {"pass_fail": {"positive_label": "a"}}},
    {"input": {"pass_fail": {"positive_label": "x" * 65, "negative_label": "b"}}},
]  # fmt: skip


@pytest.mark.parametrize("more", [*NO_SCHEMAS, {"type": "NOPE"}, {"type": 0}, {"type": None}])
def test_what_is_no_schema_is_refused(client: Client, more: dict[str, Any]) -> None:
    experiment = client.experiment("e")
    given = {"experiment_id": experiment, "name": "n", "type": "FEEDBACK", "input": TEXT, **more}
    assert refused(client, "POST", f"{SCHEMAS}/create", **given) == (400, "INVALID_PARAMETER_VALUE")
    assert schemas(client, experiment) == ["Feedback"]


def test_names_are_unique_in_an_experiment(client: Client) -> None:
    first, second = client.experiment("a"), client.experiment("b")
    number = schema(client, first, "q")["schema_id"]
    other = schema(client, first, "Q")["schema_id"]
    schema(client, second, "q")
    given = {"experiment_id": first, "name": "q", "type": 1, "input": TEXT}
    assert refused(client, "POST", f"{SCHEMAS}/create", **given) == (400, "RESOURCE_ALREADY_EXISTS")
    taken = refused(client, "PATCH", f"{SCHEMAS}/update", schema_id=other, name="q")
    assert taken == (400, "RESOURCE_ALREADY_EXISTS")
    answer(client, "PATCH", f"{SCHEMAS}/update", schema_id=number, name="new")
    answer(client, "PATCH", f"{SCHEMAS}/update", schema_id=other, name="q")
    assert schemas(client, first) == ["q", "new", "Feedback"] or sorted(schemas(client, first)) == [
        "Feedback",
        "new",
        "q",
    ]
    answer(client, "DELETE", f"{SCHEMAS}/delete", schema_id=other)
    schema(client, first, "q")


def test_what_is_given_of_a_schema_changes(client: Client) -> None:
    experiment = client.experiment("e")
    options = {"categorical": {"options": ["a", "b"], "multi_select": True}}
    made = schema(client, experiment, "q", input=options, instruction="look", enable_comment=True)
    number = made["schema_id"]
    assert answer(client, "PATCH", f"{SCHEMAS}/update", schema_id=number)["label_schema"] == made
    more = {"categorical": {"options": ["c"], "multi_select": True}}
    changed = answer(
        client,
        "PATCH",
        f"{SCHEMAS}/update",
        schema_id=number,
        name="new",
        instruction="",
        enable_comment=False,
        input=more,
    )["label_schema"]
    assert (changed["name"], changed["instruction"], changed["enable_comment"]) == ("new", "", False)
    assert (changed["input"], changed["type"]) == (more, "FEEDBACK")
    fixed = [{"input": TEXT}, {"input": {"categorical": {"options": ["c"]}}}]
    for each in [*(each for each in NO_SCHEMAS if each.get("input", 1) is not None), *fixed]:
        assert refused(client, "PATCH", f"{SCHEMAS}/update", schema_id=number, **each)[0] == 400, each
    assert refused(client, "PATCH", f"{SCHEMAS}/update", schema_id="none", name="x")[0] == 404
    assert refused(client, "PATCH", f"{SCHEMAS}/update", name="x")[0] == 400


def test_every_experiment_has_a_question_that_stays(client: Client) -> None:
    experiment = client.experiment("e")
    found = answer(client, "GET", f"{SCHEMAS}/list", experiment_id=experiment)["label_schemas"]
    assert answer(client, "GET", f"{SCHEMAS}/list", experiment_id=experiment)["label_schemas"] == found
    assert [(each["name"], each["is_default"], each["input"]) for each in found] == [("Feedback", True, TEXT)]
    number = found[0]["schema_id"]
    assert refused(client, "PATCH", f"{SCHEMAS}/update", schema_id=number, name="x")[0] == 400
    assert refused(client, "DELETE", f"{SCHEMAS}/delete", schema_id=number)[0] == 400
    for each in ("none", schema(client, experiment, "q")["schema_id"]):
        assert answer(client, "DELETE", f"{SCHEMAS}/delete", schema_id=each) == {}
    assert schemas(client, experiment) == ["Feedback"]


def test_schemas_page_by_page(client: Client) -> None:
    experiment = client.experiment("e")
    for name in "abcd":
        schema(client, experiment, name)
    found, token = [], ""
    while True:
        page = answer(
            client, "GET", f"{SCHEMAS}/list", experiment_id=experiment, max_results=2, page_token=token
        )
        found += [each["name"] for each in page["label_schemas"]]
        token = page["next_page_token"]
        if not token:
            break
    assert found[1:] == ["d", "c", "b", "a"] or found == ["Feedback", "d", "c", "b", "a"]
    for more in ({"max_results": 0}, {"max_results": 60_000}, {"page_token": "x"}):
        assert refused(client, "GET", f"{SCHEMAS}/list", experiment_id=experiment, **more)[0] == 400
    for number, status in (("999999", 404), ("abc", 400), ("", 400)):
        assert refused(client, "GET", f"{SCHEMAS}/list", experiment_id=number)[0] == status
    client.post("experiments/delete", experiment_id=experiment)
    assert refused(client, "GET", f"{SCHEMAS}/list", experiment_id=experiment)[0] == 404


def test_who_may_only_look_is_answered_without_the_question(
    client: Client, catalog: Catalog, session: Session
) -> None:
    experiment = client.experiment("e")
    schema(client, experiment, "q")
    catalog.accounts.add_user(session, "ann", "correct horse")
    uuid = session.get(ByExternal("mlflow.experiment", experiment)).uuid
    catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "entity", uuid))
    for grant in catalog.accounts.grants(session):
        if grant.role == "owner":
            catalog.accounts.remove_grant(session, grant.id)
    ann = catalog.accounts.verify_password("ann", "correct horse")
    assert ann is not None
    call = Call(catalog.session(ann, "mlflow"), "GET", "", query=f"experiment_id={experiment}")
    found = json.loads(label_schemas.list_all(call).body)["label_schemas"]
    assert [each["name"] for each in found] == ["q"]


# Review queues


def queue(client: Client, experiment: str, name: str, /, **more: Any) -> dict[str, Any]:
    given = {"experiment_id": experiment, "name": name, "queue_type": "CUSTOM", **more}
    found: dict[str, Any] = answer(client, "POST", f"{QUEUES}/create", **given)["review_queue"]
    return found


def queues(client: Client, experiment: str, /, **more: Any) -> list[str]:
    found = answer(client, "GET", f"{QUEUES}/list", experiment_id=experiment, **more)
    return [each["name"] for each in found.get("review_queues", [])]


def trace(session: Session, experiment: str, number: str) -> str:
    home = ByExternal("mlflow.experiment", experiment)
    session.commit(Change([PutEntity(kind="trace", home=home, external=[External("mlflow.trace", number)])]))
    return number


def test_a_queue_comes_back_as_it_was_made(client: Client) -> None:
    experiment = client.experiment("e")
    asked = [schema(client, experiment, name)["schema_id"] for name in "ab"]
    made = queue(
        client,
        experiment,
        " Mine ",
        users=["Zed", "ann", "ANN "],
        schema_ids=[*asked, asked[0]],
        created_by="me",
    )
    assert made["queue_id"].startswith("rq-") and made["creation_time_ms"] == made["last_update_time_ms"]
    told_of = {
        "experiment_id": experiment, "name": "Mine", "queue_type": "CUSTOM", "users": ["ann", "zed"],
        "schema_ids": sorted(asked),
    }  # fmt: skip
    assert {key: made[key] for key in told_of} == told_of and "created_by" not in made
    by_id = answer(client, "GET", f"{QUEUES}/get", queue_id=made["queue_id"])
    by_name = answer(client, "GET", f"{QUEUES}/get-by-name", experiment_id=experiment, name="mINE")
    assert by_id["review_queue"] == by_name["review_queue"] == made
    for path, given in (
        ("get", {"queue_id": "none"}),
        ("get-by-name", {"experiment_id": experiment, "name": "x"}),
    ):
        assert refused(client, "GET", f"{QUEUES}/{path}", **given) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(
    "more",
    [
        {"name": " "}, {"name": "n" * 251}, {"name": "Default"}, {"queue_type": "NOPE"}, {"queue_type": 0},
        {"users": [f"u{n}" for n in range(11)]}, {"users": [" "]}, {"users": ["u" * 251]}, {"schema_ids": ["none"]},
        {"schema_ids": [""]}, {"schema_ids": ["s" * 37]}, {"queue_type": "USER", "users": ["ann"]},
    ],
    ids=lambda each: str(each)[:40],
)  # fmt: skip
def test_what_is_no_queue_is_refused(client: Client, more: dict[str, Any]) -> None:
    experiment = client.experiment("e")
    given = {"experiment_id": experiment, "name": "Bob", "queue_type": "CUSTOM", **more}
    assert refused(client, "POST", f"{QUEUES}/create", **given) == (400, "INVALID_PARAMETER_VALUE")
    assert queues(client, experiment) == []


def test_a_queue_asks_the_questions_of_its_experiment(client: Client) -> None:
    first, second = client.experiment("a"), client.experiment("b")
    number = schema(client, second, "q")["schema_id"]
    given = {"experiment_id": first, "name": "n", "queue_type": "CUSTOM", "schema_ids": [number]}
    assert refused(client, "POST", f"{QUEUES}/create", **given)[0] == 400
    mine = {"experiment_id": second, "name": "bob", "queue_type": "USER", "schema_ids": [number]}
    assert refused(client, "POST", f"{QUEUES}/create", **mine)[0] == 400
    client.post("experiments/delete", experiment_id=second)
    assert refused(client, "POST", f"{QUEUES}/create", **mine | {"schema_ids": []})[0] == 404


def test_names_of_queues_are_unique_whatever_their_case(client: Client) -> None:
    experiment = client.experiment("e")
    number = queue(client, experiment, "Mine")["queue_id"]
    queue(client, experiment, "other")
    taken = (400, "RESOURCE_ALREADY_EXISTS")
    given = {"experiment_id": experiment, "name": "MINE", "queue_type": "CUSTOM"}
    assert refused(client, "POST", f"{QUEUES}/create", **given) == taken
    assert refused(client, "POST", f"{QUEUES}/update", queue_id=number, name="OTHER") == taken
    assert (
        refused(client, "POST", f"{QUEUES}/get-or-create-user", experiment_id=experiment, user="mine")
        == taken
    )
    changed = answer(client, "POST", f"{QUEUES}/update", queue_id=number, name="MINE")["review_queue"]
    assert changed["name"] == "MINE"
    answer(client, "POST", f"{QUEUES}/update", queue_id=number, name="new")
    queue(client, experiment, "mine")
    answer(client, "POST", f"{QUEUES}/delete", queue_id=number)
    queue(client, experiment, "NEW")


def test_a_user_has_one_queue(client: Client) -> None:
    experiment = client.experiment("e")
    made = answer(client, "POST", f"{QUEUES}/get-or-create-user", experiment_id=experiment, user=" Bob ")
    again = answer(client, "POST", f"{QUEUES}/get-or-create-user", experiment_id=experiment, user="bob")
    found = made["review_queue"]
    assert made == again
    assert (found["name"], found["users"], found["queue_type"], found["created_by"]) == (
        "bob",
        ["bob"],
        "USER",
        "bob",
    )
    answer(client, "POST", f"{QUEUES}/get-or-create-user", experiment_id=experiment, user="default")
    for given in ({"name": "x"}, {"new_owner": "x"}, {"update_users": True}):
        assert refused(client, "POST", f"{QUEUES}/update", queue_id=found["queue_id"], **given)[0] == 400
    for user in (" ", "u" * 251):
        asked = refused(client, "POST", f"{QUEUES}/get-or-create-user", experiment_id=experiment, user=user)
        assert asked == (400, "INVALID_PARAMETER_VALUE")


def test_one_queue_is_made_for_a_user_who_asks_at_once(client: Client, catalog: Catalog) -> None:
    experiment = client.experiment("e")
    barrier, got = threading.Barrier(4), []

    def one() -> None:
        barrier.wait()
        body = json.dumps({"experiment_id": experiment, "user": "bob"}).encode()
        headers = {"content-type": "application/json"}
        call = Call(catalog.session(LOCAL, "mlflow"), "POST", "", headers=headers, body=body)
        got.append(json.loads(review_queues.get_or_create_user(call).body)["review_queue"]["queue_id"])

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 4 and len(set(got)) == 1


def test_what_is_given_of_a_queue_changes(client: Client) -> None:
    experiment = client.experiment("e")
    asked = schema(client, experiment, "q")["schema_id"]
    made = queue(client, experiment, "n", users=["ann"], schema_ids=[asked])
    number = made["queue_id"]

    def update(**given: Any) -> Any:
        return answer(client, "POST", f"{QUEUES}/update", queue_id=number, **given)["review_queue"]

    assert update() == update(users=["x"], schema_ids=[]) == made
    changed = update(update_users=True, users=["eve", "Bob"], new_owner=" Me ")
    assert (changed["users"], changed["created_by"], changed["schema_ids"]) == (["bob", "eve"], "Me", [asked])
    assert "schema_ids" not in update(update_schema_ids=True)
    for given in ({"name": ""}, {"name": "default"}, {"new_owner": " "}):
        assert refused(client, "POST", f"{QUEUES}/update", queue_id=number, **given)[0] == 400
    bad = refused(
        client, "POST", f"{QUEUES}/update", queue_id=number, update_schema_ids=True, schema_ids=["none"]
    )
    assert bad == (400, "INVALID_PARAMETER_VALUE")
    assert refused(client, "POST", f"{QUEUES}/update", queue_id="none")[0] == 404


def test_queues_are_listed(client: Client, session: Session) -> None:
    experiment = client.experiment("e")
    for name, users in (("a", ["ann"]), ("b", ["bob", "ann"]), ("c", [])):
        number = queue(client, experiment, name, users=users)["queue_id"]
    item = trace(session, experiment, "tr-1")
    answer(client, "POST", f"{ITEMS}/add", queue_id=number, item_ids=[item])
    assert queues(client, experiment) == ["c", "b", "a"]
    assert queues(client, experiment, user=" ANN") == ["b", "a"]
    assert (queues(client, experiment, item_id=item), queues(client, experiment, item_id="none")) == (
        ["c"],
        [],
    )
    page = answer(client, "GET", f"{QUEUES}/list", experiment_id=experiment, max_results=2)
    assert queues(client, experiment, max_results=2, page_token=page["next_page_token"]) == ["a"]
    for given, status in (
        ({"experiment_id": "999999"}, 404),
        ({"experiment_id": experiment, "max_results": 0}, 400),
        ({"experiment_id": experiment, "page_token": "x"}, 400),
    ):
        assert refused(client, "GET", f"{QUEUES}/list", **given)[0] == status


# Items


@pytest.fixture
def reviewed(client: Client, session: Session) -> str:
    """A queue with three traces, `t1` to `t3`; `t4` is not in it, `other` is of another experiment."""
    experiment = client.experiment("e")
    for number in ("t1", "t2", "t3", "t4"):
        trace(session, experiment, number)
    trace(session, client.experiment("f"), "other")
    number = str(queue(client, experiment, "q")["queue_id"])
    for ids in (["t1"], ["t2", " t2 "], ["t3", "t1"]):
        answer(client, "POST", f"{ITEMS}/add", queue_id=number, item_ids=ids)
    return number


def items(client: Client, number: str, /, **more: Any) -> list[str]:
    found = answer(client, "GET", f"{ITEMS}/list", queue_id=number, **more)
    return [each["item_id"] for each in found.get("items", [])]


def status(client: Client, number: str, item: str, word: str, user: str | None = None) -> dict[str, Any]:
    given = {"queue_id": number, "item_id": item, "status": word, "completed_by": user}
    found: dict[str, Any] = answer(client, "POST", f"{ITEMS}/set-status", **given)["item"]
    return found


def test_traces_wait_in_a_queue(client: Client, reviewed: str) -> None:
    assert items(client, reviewed) == ["t3", "t2", "t1"]
    added = answer(
        client, "POST", f"{ITEMS}/add", queue_id=reviewed, item_ids=["t4", "t1"], item_type="TRACE"
    )["items"]
    assert [(each["item_id"], each["status"], each["item_type"]) for each in added] == [
        ("t4", "PENDING", "TRACE"),
        ("t1", "PENDING", "TRACE"),
    ]
    assert added[0]["creation_time_ms"] == added[0]["last_update_time_ms"]
    answer(client, "POST", f"{ITEMS}/remove", queue_id=reviewed, item_ids=["t4", "t2", "none"])
    assert items(client, reviewed) == ["t3", "t1"]
    page = answer(client, "GET", f"{ITEMS}/list", queue_id=reviewed, max_results=1)
    assert items(client, reviewed, max_results=1, page_token=page["next_page_token"]) == ["t1"]
    asked = refused(
        client, "GET", f"{ITEMS}/list", queue_id=reviewed, status=1, page_token=page["next_page_token"]
    )
    assert asked == (400, "INVALID_PARAMETER_VALUE")


def test_who_was_first_is_kept(client: Client, reviewed: str) -> None:
    done = status(client, reviewed, "t1", "COMPLETE", " Ann ")
    assert (done["status"], done["completed_by"]) == ("COMPLETE", "ann")
    assert done["completed_time_ms"] == done["last_update_time_ms"] >= done["creation_time_ms"]
    assert status(client, reviewed, "t1", "COMPLETE", "bob") == done
    assert status(client, reviewed, "t1", "DECLINED", "bob")["completed_by"] == "bob"
    assert items(client, reviewed, status="DECLINED") == ["t1"]
    assert items(client, reviewed, status=1) == ["t3", "t2"]
    again = status(client, reviewed, "t1", "PENDING")
    assert not again.keys() & {"completed_by", "completed_time_ms"}
    assert items(client, reviewed, status="NOPE") == ["t3", "t2", "t1"]


def test_a_queue_is_not_updated_by_its_items(client: Client, reviewed: str) -> None:
    before = answer(client, "GET", f"{QUEUES}/get", queue_id=reviewed)
    status(client, reviewed, "t1", "COMPLETE", "ann")
    answer(client, "POST", f"{ITEMS}/remove", queue_id=reviewed, item_ids=["t2"])
    assert answer(client, "GET", f"{QUEUES}/get", queue_id=reviewed) == before


def test_questions_are_fixed_while_traces_wait(client: Client, reviewed: str) -> None:
    asked = refused(client, "POST", f"{QUEUES}/update", queue_id=reviewed, update_schema_ids=True)
    assert asked == (400, "INVALID_PARAMETER_VALUE")
    answer(client, "POST", f"{ITEMS}/remove", queue_id=reviewed, item_ids=["t1", "t2", "t3"])
    answer(client, "POST", f"{QUEUES}/update", queue_id=reviewed, update_schema_ids=True)


@pytest.mark.parametrize(
    ("path", "given", "code"),
    [
        ("add", {}, 400), ("add", {"item_ids": [" "]}, 400), ("add", {"item_ids": ["i" * 51]}, 400),
        ("add", {"item_ids": ["none"]}, 404), ("add", {"item_ids": ["t4", "other"]}, 404),
        ("add", {"item_ids": ["t4"], "queue_id": "none"}, 404), ("remove", {}, 400),
        ("remove", {"item_ids": ["t1"], "queue_id": "none"}, 404), ("set-status", {"item_id": "t1"}, 400),
        ("set-status", {"item_id": "t1", "status": "NOPE"}, 400), ("set-status", {"status": "PENDING"}, 400),
        ("set-status", {"item_id": "t1", "status": "COMPLETE"}, 400),
        ("set-status", {"item_id": "t1", "status": "COMPLETE", "completed_by": " "}, 400),
        ("set-status", {"item_id": "t1", "status": "COMPLETE", "completed_by": "u" * 251}, 400),
        ("set-status", {"item_id": "t1", "status": "PENDING", "completed_by": "ann"}, 400),
        ("set-status", {"item_id": "t4", "status": "PENDING"}, 404),
        ("set-status", {"item_id": "none", "status": "PENDING"}, 404),
        ("set-status", {"item_id": "t1", "status": "PENDING", "queue_id": "none"}, 404),
    ],
)  # fmt: skip
def test_what_cannot_be_done_to_items_is_refused(
    client: Client, reviewed: str, path: str, given: Any, code: int
) -> None:
    assert refused(client, "POST", f"{ITEMS}/{path}", **{"queue_id": reviewed} | given)[0] == code
    assert items(client, reviewed) == ["t3", "t2", "t1"]
    assert refused(client, "GET", f"{ITEMS}/list", queue_id="none")[0] == 404


def test_of_those_who_complete_at_once_the_first_counts(
    client: Client, catalog: Catalog, reviewed: str
) -> None:
    barrier, got = threading.Barrier(4), []

    def one(user: str) -> None:
        barrier.wait()
        given = {"queue_id": reviewed, "item_id": "t1", "status": "COMPLETE", "completed_by": user}
        headers = {"content-type": "application/json"}
        call = Call(
            catalog.session(LOCAL, "mlflow"), "POST", "", headers=headers, body=json.dumps(given).encode()
        )
        got.append(json.loads(review_items.set_status(call).body)["item"])

    threads = [threading.Thread(target=one, args=(user,)) for user in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 4 and all(each == got[0] for each in got)


def test_items_are_edges_to_traces(client: Client, session: Session, reviewed: str) -> None:
    found = session.get(ByExternal("mlflow.review_queue", reviewed))
    assert found.kind == "review_queue"
    edges = session.edges([found.id], direction="out")
    assert {edge.kind for edge in edges} == {"member"} and len(edges) == 3
    answer(client, "POST", f"{QUEUES}/delete", queue_id=reviewed)
    assert session.get(ByExternal("mlflow.trace", "t1")).state == "active"
    for _ in range(2):
        assert answer(client, "POST", f"{QUEUES}/delete", queue_id=reviewed) == {}
