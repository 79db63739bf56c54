"""Accounts, grants and webhooks over the native API, and what a stranger gets to see."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lineal.catalog.catalog import Catalog
from lineal.protocols.native.operations import OPERATIONS

from .conftest import Api

Account = Callable[[str], Api]


def test_the_first_account_owns_the_store(api: Api, catalog: Catalog) -> None:
    assert (
        api.refused("POST", "/users", 409, json={"name": "staff", "category": "group"})["code"] == "conflict"
    )
    user = api.post("/users", {"name": "ann", "password": "correct horse"}, 201)
    assert user["name"] == "ann"
    assert api.refused("GET", "/me", 401)["code"] == "unauthenticated"
    token = api.post("/sign-in", {"name": "ann", "password": "correct horse"})["token"]
    ann = api.by(token)
    assert ann.get("/me") == {"principal": "ann", "everything": False, "accounts": True, "admin": True}
    bob = ann.post("/users", {"name": "bob", "password": "correct horse"}, 201)
    assert [grant["principal"] for grant in ann.get("/grants")["grants"]] == ["ann"]
    carol = ann.post("/users", {"name": "carol", "password": "correct horse", "admin": True}, 201)
    assert [grant["principal"] for grant in ann.get("/grants")["grants"]] == ["ann", "carol"]
    assert [user["name"] for user in ann.get("/users")["users"]] == ["ann", bob["name"], carol["name"]]


def test_groups_and_grants(account: Account) -> None:
    ann, bob = account("ann"), account("bob")
    number = ann.put("a")
    assert bob.refused("GET", f"/entities/{number}", 404)["code"] == "not_found"
    ann.post("/users", {"name": "staff", "category": "group"}, 201)
    assert ann.post("/groups/staff/members", {"user": "bob"}, 204) is None
    grant = ann.post(
        "/grants", {"principal": "staff", "role": "viewer", "target": "kind", "value": "dataset"}, 201
    )
    assert bob.get(f"/entities/{number}")["entity"]["name"] == "a"
    decision = ann.get(f"/entities/{number}/why", principal="bob")
    assert decision["allowed"] is True and decision["because"]
    assert bob.refused("POST", "/changes", 403, json={"operations": [_label(number)]})["code"] == "denied"
    ann.delete(f"/grants/{grant['id']}")
    assert bob.refused("GET", f"/entities/{number}", 404)
    ann.post("/grants", {"principal": "staff", "role": "viewer"}, 201)
    assert bob.get(f"/entities/{number}")
    ann.delete("/groups/staff/members/bob")
    assert bob.refused("GET", f"/entities/{number}", 404)


def _label(number: int) -> dict[str, Any]:
    return {"op": "put_label", "ref": {"by": "id", "id": number}, "name": "x"}


def test_tokens(account: Account) -> None:
    ann, bob = account("ann"), account("bob")
    made = bob.post("/users/bob/tokens", {"name": "laptop", "expires": 2**53}, 201)
    assert (made["principal"], made["name"], made["expires"]) == ("bob", "laptop", 2**53)
    listed = bob.get("/users/bob/tokens")["tokens"]
    assert [token["name"] for token in listed] == ["test", "laptop"]
    assert made["secret"] not in json.dumps(listed)
    assert bob.by(made["secret"]).get("/me")["principal"] == "bob"
    assert bob.refused("GET", "/users/ann/tokens", 403)
    ann.delete(f"/tokens/{made['id']}")
    assert bob.by(made["secret"]).refused("GET", "/me", 401)
    assert ann.refused("DELETE", f"/tokens/{made['id']}", 404)
    expired = bob.post("/users/bob/tokens", {"expires": 1}, 201)
    assert bob.by(expired["secret"]).refused("GET", "/me", 401)


def test_removing_an_account_shuts_it_out_at_once(account: Account) -> None:
    ann, bob = account("ann"), account("bob")
    assert bob.get("/me")["principal"] == "bob"
    ann.delete("/users/bob")
    assert bob.refused("GET", "/me", 401)
    assert ann.refused("DELETE", "/users/bob", 404)


def test_only_an_admin_manages(account: Account) -> None:
    ann, bob = account("ann"), account("bob")
    hook = ann.post("/webhooks", {"url": "https://example.com/hook", "kinds": ["dataset"]}, 201)
    before = [ann.get(path) for path in ("/users", "/grants", "/webhooks")]
    for method, path, body in (
        ("POST", "/users", {"name": "eve", "password": "correct horse", "admin": True}),
        ("DELETE", "/users/ann", None),
        ("PUT", "/users/ann/password", {"password": "correct horse"}),
        ("POST", "/users/ann/tokens", {}),
        ("POST", "/grants", {"principal": "bob", "role": "owner"}),
        ("DELETE", "/grants/1", None),
        ("POST", "/groups/staff/members", {"user": "bob"}),
        ("GET", "/webhooks", None),
        ("POST", "/webhooks", {"url": "https://example.com"}),
        ("GET", f"/webhooks/{hook['id']}/deliveries", None),
        ("POST", f"/webhooks/{hook['id']}/test", None),
        ("DELETE", f"/webhooks/{hook['id']}", None),
    ):
        assert bob.refused(method, path, 403, json=body)["code"] == "denied", path
    assert [ann.get(path) for path in ("/users", "/grants", "/webhooks")] == before


def test_webhooks(api: Api) -> None:
    made = api.post("/webhooks", {"url": "https://example.com/hook", "actions": ["created"]}, 201)
    assert len(made.pop("secret")) == 64
    assert api.get("/webhooks") == {"webhooks": [made]}
    chosen = api.post("/webhooks", {"url": "https://example.com", "secret": "mine"}, 201)
    assert chosen["secret"] == "mine"
    assert api.get(f"/webhooks/{made['id']}/deliveries") == {"deliveries": []}
    api.delete(f"/webhooks/{made['id']}")
    for method, path in (("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test")):
        assert api.refused(method, f"/webhooks/{made['id']}{path}", 404)["code"] == "not_found"


def test_changes_that_are_hidden_do_not_hide_those_behind_them(account: Account) -> None:
    ann, bob = account("ann"), account("bob")
    ann.post("/grants", {"principal": "bob", "role": "viewer", "target": "namespace", "value": "shown"}, 201)
    for number in range(5):
        ann.put(f"secret{number}", namespace="hidden")
    ann.put("open", namespace="shown")
    ann.put("secret", namespace="hidden")
    page = bob.get("/changes", limit=2)
    assert [event["name"] for event in page["events"]] == ["open"]
    rest = bob.get("/changes", since=page["last"], limit=2)
    assert (rest["events"], rest["last"] > page["last"]) == ([], True)


_SECRETS = ("secretive", "hush-hush", "confidential", "clandestine")


@pytest.fixture
def treasure(account: Account) -> dict[str, Any]:
    """A populated store that a stranger knows every address of."""
    ann = account("ann")
    number = ann.put("secretive", namespace="hush-hush", external=[{"protocol": "p", "id": "x"}])
    run = ann.put("clandestine", "run", properties={"confidential": "confidential"})
    ref = {"by": "id", "id": number}
    ends = {"source": ref, "target": {"by": "id", "id": run}}
    ann.change(
        {"op": "put_edge", "kind": "input", **ends},
        {"op": "put_label", "ref": ref, "name": "confidential"},
        {"op": "append_points", "ref": ref, "points": [["clandestine", 1.0, 1, 1]]},
    )
    ann.send("PUT", f"/entities/{number}/files/clandestine.txt", content=b"confidential")
    keys = {"key": "clandestine", "alias": "champion", "path": "clandestine.txt", "name": "ann", "id": "1"}
    return {"ref": str(number), **keys}


def test_a_stranger_learns_no_name(account: Account, treasure: dict[str, Any]) -> None:
    stranger = account("stranger")
    body = {
        "/changes": {"operations": [_label(int(treasure["ref"]))]},
        "/find": {"text": "secretive", "facets": ["kind", "namespace", "label"], "count": True},
    }
    queries = {
        "/entities": "?q=secretive",
        "/suggest": "?q=secr",
        "/entities/{ref}/why": "?label=confidential",
    }
    for operation in OPERATIONS:
        if operation.path in ("/feed", "/sign-out"):
            continue
        path = operation.path.replace(":path", "").format(**treasure, user="ann") + queries.get(
            operation.path, ""
        )
        answer = stranger.send(operation.method, path, json=body.get(operation.path, {}))
        assert answer.status_code < 500, path
        asked = f"{path} {body.get(operation.path)}"
        leaked = [secret for secret in _SECRETS if secret in answer.text and secret not in asked]
        assert not leaked, (path, leaked, answer.text)
    found = stranger.post("/find", body["/find"])
    assert (found["entities"], found.get("total", 0), found.get("facets", {}).get("kind", {})) == ([], 0, {})
    assert stranger.get("/counts") == {"kinds": {}}
    assert stranger.get("/changes")["events"] == []


def test_without_signing_in_nothing_is_answered(account: Account, treasure: dict[str, Any], api: Api) -> None:
    for operation in OPERATIONS:
        if operation.path != "/feed":
            path = operation.path.replace(":path", "").format(**treasure, user="ann")
            status = api.send(operation.method, path, json={}).status_code
            assert status == 401 or operation.public, path
