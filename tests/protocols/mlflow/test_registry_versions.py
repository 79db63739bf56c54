"""Versions of models, their aliases and stages through the door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from tests.protocols.mlflow.conftest import Client, told
from tests.protocols.mlflow.registry import (
    MODELS,
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
)

from lineal.catalog.session import Session
from lineal.graph.mlflow.registry import alias_ref, stage_ref, version_ref
from lineal.graph.model import ById, ByName
from lineal.protocols.base import Call
from lineal.protocols.mlflow.registry import versions


def test_a_version_is_shown_as_it_was_made(client: Client) -> None:
    make(client, "m")
    bare = add(client, "m")
    assert {key: bare[key] for key in ("name", "version", "source", "run_id", "status", "current_stage")} == {
        "name": "m", "version": "1", "source": SOURCE, "run_id": "", "status": "READY", "current_stage": "None",
    }  # fmt: skip
    tags = [{"key": "k", "value": "v"}, {"key": "k", "value": "w"}]
    full = add(client, "m", run_id="r1", run_link="http://x", description="d", tags=tags)
    assert (full["run_id"], full["run_link"], full["description"]) == ("r1", "http://x", "d")
    assert tags_of(full) == {"k": "w"}
    assert version(client, "m", "2") == full
    assert model(client, "m")["latest_versions"] == [full]
    assert client.get(f"{VERSIONS}/get-download-uri", name="m", version="2") == {"artifact_uri": SOURCE}


def test_a_number_is_never_given_twice(client: Client) -> None:
    make(client, "m")
    assert [add(client, "m")["version"] for _ in range(3)] == ["1", "2", "3"]
    delete(client, f"{VERSIONS}/delete", name="m", version="3")
    assert add(client, "m")["version"] == "4"


def test_versions_made_at_once_get_numbers_of_their_own(client: Client, session: Session) -> None:
    make(client, "m")
    body = msgspec.json.encode({"name": "m", "source": SOURCE})

    def create(_: int) -> str:
        call = Call(session, "POST", "/", headers={"content-type": "application/json"}, body=body)
        return str(msgspec.json.decode(versions.create(call).body)["model_version"]["version"])

    with ThreadPoolExecutor(12) as pool:
        numbers = sorted(map(int, pool.map(create, range(48))))
    assert numbers == list(range(1, 49))
    assert follow(client, "m", "latest") == "48"


def test_what_is_not_there_is_told(client: Client) -> None:
    make(client, "m")
    add(client, "m")
    for name, number in (("m", "2"), ("m", "-1"), ("m", "9" * 30), ("none", "1")):
        answer = client.send("GET", f"{VERSIONS}/get", params={"name": name, "version": number})
        expected = f"Model Version (name={name}, version={number}) not found"
        assert told(answer) == (404, "RESOURCE_DOES_NOT_EXIST", expected)
    bad = client.send("GET", f"{VERSIONS}/get", params={"name": "m", "version": "1.0"})
    assert told(bad)[2] == "Parameter 'version' must be an integer, got '1.0'."
    assert client.refused(f"{VERSIONS}/create", name="none", source=SOURCE)[:2] == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
    )
    bare = client.send("GET", f"{VERSIONS}/get-download-uri")
    assert told(bare)[2] == "Missing value for required parameter 'name'."


def test_a_description_makes_a_version_newer_and_tags_do_not(client: Client) -> None:
    make(client, "m")
    made = add(client, "m", description="d")
    client.post(f"{VERSIONS}/set-tag", name="m", version="1", key="k", value="v")
    tagged = version(client, "m", "1")
    assert tags_of(tagged) == {"k": "v"}
    assert tagged["last_updated_timestamp"] == made["last_updated_timestamp"]
    delete(client, f"{VERSIONS}/delete-tag", name="m", version="1", key="k")
    delete(client, f"{VERSIONS}/delete-tag", name="m", version="1", key="k")
    assert version(client, "m", "1") == made
    of_model = model(client, "m")["last_updated_timestamp"]
    changed = change(client, "PATCH", f"{VERSIONS}/update", name="m", version="1", description="e")
    assert changed["model_version"]["description"] == "e"
    assert changed["model_version"]["last_updated_timestamp"] > made["last_updated_timestamp"]
    assert model(client, "m")["last_updated_timestamp"] == of_model
    assert client.refused(f"{VERSIONS}/set-tag", name="m", version="1", key="$", value="")[0] == 400
    long = client.refused(
        f"{VERSIONS}/set-tag", name="m", version="1", key="mlflow.prompt.text", value="x" * 100_001
    )
    assert long[2] == "Prompt text exceeds max length of 100000 characters."


def test_a_deleted_version_is_gone_with_its_aliases(client: Client, session: Session) -> None:
    make(client, "m")
    for _ in range(3):
        add(client, "m")
    for alias in ("a", "b"):
        point(client, "m", alias, "3")
    point(client, "m", "kept", "1")
    move(client, "m", "3", "Production")
    delete(client, f"{VERSIONS}/delete", name="m", version="3")
    assert model(client, "m")["aliases"] == [{"alias": "kept", "version": "1"}]
    assert latest(client, "m") == {"None": "2"}
    for path, more in (
        (f"{VERSIONS}/set-tag", {"key": "k"}),
        (f"{VERSIONS}/transition-stage", {"stage": "Staging"}),
        (f"{MODELS}/alias", {"alias": "x"}),
    ):
        assert client.refused(path, name="m", version="3", **more)[0] == 404
    entity = session.get(ByName("model", "m"))
    assert session.get(alias_ref(entity, "a")).state == "deleted"
    node = session.get(stage_ref(entity, "Production"))
    assert session.edges([node.id], ("deployed_as",), "in") == []
    assert session.get(version_ref(entity, 3)).properties["source"] == SOURCE


def test_an_alias_leads_where_it_was_moved(client: Client, session: Session) -> None:
    make(client, "m")
    for _ in range(3):
        add(client, "m")
    before = model(client, "m")["last_updated_timestamp"]
    point(client, "m", "best", "1")
    point(client, "m", "best", "3")
    point(client, "m", "Best", "1")
    point(client, "m", "best", "3")
    assert (follow(client, "m", "best"), follow(client, "m", "Best")) == ("3", "1")
    assert version(client, "m", "3")["aliases"] == ["best"]
    shown = model(client, "m")
    assert shown["aliases"] == [{"alias": "Best", "version": "1"}, {"alias": "best", "version": "3"}]
    assert shown["last_updated_timestamp"] == before
    entity = session.get(ByName("model", "m"))
    node = session.get(alias_ref(entity, "best"))
    (edge,) = session.edges([node.id], ("deployed_as",), "in")
    assert edge.source == session.get(version_ref(entity, 3)).id
    for _ in range(2):
        delete(client, f"{MODELS}/alias", name="m", alias="best")
    gone = client.send("GET", f"{MODELS}/alias", params={"name": "m", "alias": "best"})
    assert told(gone) == (400, "INVALID_PARAMETER_VALUE", "Registered model alias best not found.")
    assert session.edges([node.id], (), "in") == []
    point(client, "m", "best", "2")
    assert session.get(ById(node.id)).state == "active"


def test_aliases_moved_at_once_lead_to_one_version(client: Client, session: Session) -> None:
    from lineal.protocols.mlflow.registry.aliases import set_alias

    make(client, "m")
    for _ in range(8):
        add(client, "m")

    def put(number: int) -> None:
        body = msgspec.json.encode({"name": "m", "alias": "best", "version": str(number)})
        set_alias(Call(session, "POST", "/", headers={"content-type": "application/json"}, body=body))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(1, 9)))
    entity = session.get(ByName("model", "m"))
    node = session.get(alias_ref(entity, "best"))
    (edge,) = session.edges([node.id], ("deployed_as",), "in")
    assert edge.source == session.get(version_ref(entity, int(follow(client, "m", "best")))).id


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v1", "V22", "a b", "a.b", "", "x" * 256])
def test_aliases_that_cannot_be_are_refused(client: Client, alias: str) -> None:
    make(client, "m")
    add(client, "m")
    assert client.refused(f"{MODELS}/alias", name="m", alias=alias, version="1")[:2] == (
        400, "INVALID_PARAMETER_VALUE",
    )  # fmt: skip


def test_the_newest_version_is_known_without_an_alias(client: Client) -> None:
    make(client, "m")
    empty = client.send("GET", f"{MODELS}/alias", params={"name": "m", "alias": "latest"})
    assert no(empty) == (404, "RESOURCE_DOES_NOT_EXIST")
    for _ in range(3):
        add(client, "m")
    move(client, "m", "3", "Archived")
    assert follow(client, "m", "latest") == follow(client, "m", "Latest") == "3"


def test_stages(client: Client, session: Session) -> None:
    make(client, "m")
    for _ in range(4):
        add(client, "m")
    moved = move(client, "m", "2", "staging")
    assert moved["current_stage"] == "Staging"
    assert moved["last_updated_timestamp"] > moved["creation_timestamp"] - 1
    assert latest(client, "m") == {"None": "4", "Staging": "2"}
    move(client, "m", "1", "Staging")
    assert latest(client, "m", "Staging") == {"Staging": "2"}
    move(client, "m", "4", "Staging", archive_existing_versions=True)
    assert latest(client, "m") == {"None": "3", "Staging": "4", "Archived": "2"}
    assert version(client, "m", "1")["current_stage"] == "Archived"
    entity = session.get(ByName("model", "m"))
    node = session.get(stage_ref(entity, "Staging"))
    (edge,) = session.edges([node.id], ("deployed_as",), "in")
    assert edge.source == session.get(version_ref(entity, 4)).id
    move(client, "m", "4", "None")
    assert latest(client, "m") == {"None": "4", "Archived": "2"}
    assert session.edges([node.id], ("deployed_as",), "in") == []


def test_a_move_makes_the_model_newer(client: Client) -> None:
    make(client, "m")
    for _ in range(2):
        add(client, "m")
    move(client, "m", "2", "Staging")
    before = model(client, "m")["last_updated_timestamp"]
    move(client, "m", "1", "Staging")
    assert model(client, "m")["last_updated_timestamp"] > before - 1
    assert latest(client, "m") == {"Staging": "2"}


def test_moves_that_cannot_be_are_refused(client: Client) -> None:
    make(client, "m")
    add(client, "m")
    path = f"{VERSIONS}/transition-stage"
    unknown = client.refused(path, name="m", version="1", stage="Live")
    assert (
        unknown[2]
        == "Invalid Model Version stage: Live. Value must be one of None, Staging, Production, Archived."
    )
    assert client.refused(path, name="m", version="1", stage="None", archive_existing_versions=True)[0] == 400
    assert client.refused(path, name="m", version="2", stage="Staging")[0] == 404
    assert client.refused(f"{MODELS}/get-latest-versions", name="m", stages=["Live"])[0] == 400
