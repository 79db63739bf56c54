"""Registered models through the door."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told
from tests.protocols.mlflow.registry import (
    MODELS,
    PROMPT,
    SOURCE,
    VERSIONS,
    add,
    change,
    delete,
    follow,
    latest,
    make,
    model,
    move,
    no,
    point,
    tags_of,
    version,
    versions_found,
)

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.model import ById, ByName
from lineal.graph.query import Query


def refused(client: Client, **body: Any) -> str:
    """Message of a creation that must fail as a bad request."""
    status, code, message = client.refused(f"{MODELS}/create", **body)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    return message


def test_a_model_is_shown_as_it_was_made(client: Client) -> None:
    twice = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}, {"key": "b"}]
    made = make(client, "m", description="what it does", tags=twice)
    assert made["name"] == "m" and made["description"] == "what it does"
    assert tags_of(made) == {"a": "2", "b": ""}
    assert made["creation_timestamp"] == made["last_updated_timestamp"] > 1_700_000_000_000
    assert "latest_versions" not in made
    assert model(client, "m") == made
    assert make(client, "bare").keys() == {"name", "creation_timestamp", "last_updated_timestamp"}


def test_a_name_is_given_once(client: Client) -> None:
    make(client, "m")
    make(client, "p", tags=[PROMPT])
    assert client.refused(f"{MODELS}/create", name="m") == (
        400, "RESOURCE_ALREADY_EXISTS", "Registered Model (name=m) already exists.",
    )  # fmt: skip
    assert client.refused(f"{MODELS}/create", name="p", tags=[PROMPT])[2] == "Prompt (name=p) already exists."
    mixed = client.refused(f"{MODELS}/create", name="p")
    assert mixed[2].startswith(
        "Tried to create a registered model with name 'p', but the name is already taken by"
    )


@pytest.mark.parametrize("name", ["a/b", "a:b", "..", ".", "./x", "", " ", 3, None])
def test_names_that_would_lead_elsewhere_are_refused(client: Client, name: Any) -> None:
    assert refused(client, name=name)


@pytest.mark.parametrize("name", ["ünï ✓", "with 'quote'", 'with "quotes"', "per%cent", " a", "b " * 100])
def test_other_names_are_not(client: Client, name: str) -> None:
    make(client, name)
    assert model(client, name)["name"] == name
    assert add(client, name)["name"] == name


def test_ill_formed_tags_are_refused(client: Client) -> None:
    for key in ("", "a//b", "a$b", "..", "k" * 251):
        assert refused(client, name="m", tags=[{"key": key, "value": ""}])
    assert refused(client, name="m", tags=[{"key": "k", "value": "v" * 100_001}]).startswith(
        "'value' exceeds"
    )
    assert no(client.send("GET", f"{MODELS}/get", params={"name": "m"})) == (404, "RESOURCE_DOES_NOT_EXIST")
    make(client, "m", tags=[{"key": "k" * 250, "value": "v" * 100_000}])


def test_what_is_not_there_is_told(client: Client) -> None:
    told_of = "Registered Model with name=none not found"
    for method, path, more in (
        ("GET", "get", {}), ("PATCH", "update", {"description": "x"}), ("POST", "rename", {"new_name": "x"}),
        ("DELETE", "delete", {}), ("POST", "set-tag", {"key": "k"}), ("DELETE", "delete-tag", {"key": "k"}),
        ("GET", "get-latest-versions", {}), ("DELETE", "alias", {"alias": "a"}), ("GET", "alias", {"alias": "a"}),
    ):  # fmt: skip
        given = {"name": "none", **more}
        answer = client.send(method, f"{MODELS}/{path}", **{"params" if method == "GET" else "json": given})
        assert told(answer) == (404, "RESOURCE_DOES_NOT_EXIST", told_of), path


def test_a_description_is_changed_and_taken_away(client: Client) -> None:
    make(client, "m", description="old")
    changed = change(client, "PATCH", f"{MODELS}/update", name="m", description="new")["registered_model"]
    assert changed["description"] == "new" and changed == model(client, "m")
    assert "description" not in change(client, "PATCH", f"{MODELS}/update", name="m")["registered_model"]


def test_tags_do_not_make_a_model_newer(client: Client) -> None:
    made = make(client, "m")
    client.post(f"{MODELS}/set-tag", name="m", key="k", value="v")
    client.post(f"{MODELS}/set-tag", name="m", key="k", value="w")
    tagged = model(client, "m")
    assert tags_of(tagged) == {"k": "w"}
    assert tagged["last_updated_timestamp"] == made["last_updated_timestamp"]
    for _ in range(2):
        delete(client, f"{MODELS}/delete-tag", name="m", key="k")
    assert model(client, "m") == made


def test_a_renamed_model_keeps_all_it_has(client: Client, session: Session) -> None:
    make(client, "old")
    for _ in range(2):
        add(client, "old")
    point(client, "old", "best", "1")
    move(client, "old", "2", "Production")
    renamed = client.post(f"{MODELS}/rename", name="old", new_name="new")["registered_model"]
    assert renamed["name"] == "new" and renamed["aliases"] == [{"alias": "best", "version": "1"}]
    assert {each["name"] for each in renamed["latest_versions"]} == {"new"}
    assert follow(client, "new", "best") == "1"
    assert version(client, "new", "2")["current_stage"] == "Production"
    assert add(client, "new")["version"] == "3"
    assert versions_found(client, "name = 'old'") == []
    inside = {each.name for each in session.find(Query(kinds=["model_version", "alias"])).entities}
    assert inside == {"new/1", "new/2", "new/3", "new@best", "new/Production"}
    assert no(client.send("GET", f"{MODELS}/get", params={"name": "old"})) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_model_is_not_renamed_to_what_is_there(client: Client) -> None:
    before = make(client, "a"), make(client, "b")
    assert client.refused(f"{MODELS}/rename", name="a", new_name="b") == (
        400, "RESOURCE_ALREADY_EXISTS", "Registered Model (name=b) already exists.",
    )  # fmt: skip
    assert (model(client, "a"), model(client, "b")) == before
    assert client.refused(f"{MODELS}/rename", name="a", new_name="b/c")[1] == "INVALID_PARAMETER_VALUE"
    assert client.refused(f"{MODELS}/rename", name="a", new_name=" ")[2].startswith("Missing value")
    assert client.post(f"{MODELS}/rename", name="a", new_name="a")["registered_model"]["name"] == "a"


def test_a_deleted_model_leaves_its_name_free_and_its_history_there(client: Client, session: Session) -> None:
    make(client, "m")
    add(client, "m")
    point(client, "m", "best", "1")
    gone = session.get(ByName("model", "m"))
    delete(client, f"{MODELS}/delete", name="m")
    assert no(client.send("GET", f"{VERSIONS}/get", params={"name": "m", "version": "1"}))[0] == 404
    assert versions_found(client) == []
    make(client, "m")
    assert add(client, "m", "s3://bucket/other")["version"] == "1"
    assert client.send("GET", f"{MODELS}/alias", params={"name": "m", "alias": "best"}).status_code == 400
    kept = session.get(ById(gone.id))
    assert (kept.state, kept.properties) == ("deleted", gone.properties)
    inside = session.find(Query(kinds=["model_version", "alias"], state="deleted")).entities
    assert {each.name for each in inside} == {"m/1", "m@best"}
    assert [event.action for event in session.history(ById(gone.id), 1)] == ["deleted"]


def test_a_model_that_was_deleted_otherwise_stands_in_nobodys_way(client: Client, session: Session) -> None:
    for name in ("m", "n"):
        make(client, name)
        session.commit(Change([PutEntity(ByName("model", name), kind="model", state="deleted")]))
    assert no(client.send("GET", f"{MODELS}/get", params={"name": "m"}))[0] == 404
    make(client, "m")
    client.post(f"{MODELS}/rename", name="m", new_name="n")
    assert model(client, "n")["name"] == "n"
    with pytest.raises(NotFound):
        session.get(ByName("model", "m"))


def test_a_model_of_another_tool_is_shown(client: Client, session: Session) -> None:
    put = PutEntity(
        kind="model", name="theirs", unique=True, properties={"team": "red"}, owner="ann", handle="m"
    )
    made = session.commit(Change([put]))
    one, two = (
        session.commit(Change([PutEntity(kind="model_version", name=name, home=ById(made.entities[0]))]))
        for name in ("first", "second")
    )
    numbers = [str(one.entities[0]), str(two.entities[0])]
    shown = model(client, "theirs")
    assert shown["user_id"] == "ann"
    assert [each["version"] for each in shown["latest_versions"]] == numbers[1:]
    assert version(client, "theirs", numbers[0])["name"] == "theirs"
    assert sorted(versions_found(client, "name = 'theirs'")) == [f"theirs/{each}" for each in numbers]
    client.post(f"{VERSIONS}/set-tag", name="theirs", version=numbers[0], key="k", value="v")
    point(client, "theirs", "best", numbers[0])
    assert follow(client, "theirs", "best") == numbers[0]
    own = add(client, "theirs", SOURCE)["version"]
    assert int(own) == int(numbers[1]) + 1
    assert follow(client, "theirs", "latest") == own
    client.post(f"{MODELS}/rename", name="theirs", new_name="ours")
    assert version(client, "ours", numbers[0])["name"] == "ours"
    delete(client, f"{VERSIONS}/delete", name="ours", version=numbers[0])
    assert sorted(versions_found(client, "name = 'ours'")) == [f"ours/{numbers[1]}", f"ours/{own}"]


def test_a_version_of_another_tool_in_our_model_is_the_newest(client: Client, session: Session) -> None:
    make(client, "m")
    home = session.get(ByName("model", "m")).id
    put = PutEntity(kind="model_version", name="v1", home=ById(home), properties={"source": SOURCE})
    number = session.commit(Change([put])).entities[0]
    assert [each["version"] for each in model(client, "m")["latest_versions"]] == [str(number)]
    assert follow(client, "m", "latest") == str(number)
    move(client, "m", str(number), "Staging")
    assert latest(client, "m") == {"Staging": str(number)}
    assert len(model(client, "m")["latest_versions"]) == 1
    own = add(client, "m")["version"]
    assert int(own) == number + 1
    assert latest(client, "m") == {"None": own, "Staging": str(number)}
