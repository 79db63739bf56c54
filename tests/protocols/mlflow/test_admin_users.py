"""Accounts, through MLflow's door."""

from __future__ import annotations

import pytest
from tests.protocols.mlflow.conftest import Client
from tests.protocols.mlflow.people import PASSWORD, People, Person, people

from lineal.catalog.catalog import Catalog

__all__ = ["people"]

DENIED = (403, "PERMISSION_DENIED")
MISSING = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
EXISTS = (400, "RESOURCE_ALREADY_EXISTS")


@pytest.fixture
def bob(people: People) -> Person:
    return people.add("bob")


def test_make_and_read(people: People) -> None:
    made = people.admin.post("users/create", username="bob", password=PASSWORD)["user"]
    assert made == {"id": made["id"], "username": "bob", "is_admin": False}
    assert people.admin.get("users/get", username="bob")["user"] == made
    listed = people.admin.get("users/list")["users"]
    assert [(user["username"], user["is_admin"], user["roles"]) for user in listed] == [
        ("admin", True, []),
        ("bob", False, []),
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"username": "bob", "password": PASSWORD}, EXISTS),
        ({"username": "new", "password": "short"}, INVALID),
        ({"username": "", "password": PASSWORD}, INVALID),
        ({"username": "new"}, INVALID),
        ({"username": "a:b", "password": PASSWORD}, INVALID),
    ],
)
def test_who_cannot_be_made(
    people: People, bob: Person, given: dict[str, str], code: tuple[int, str]
) -> None:
    assert people.admin.refused("POST", "users/create", **given) == code
    assert len(people.admin.get("users/list")["users"]) == 2


def test_others_see_themselves(people: People, bob: Person) -> None:
    own = bob.get("users/get", username="bob")["user"]
    assert bob.get("users/current") == {"user": own, "is_basic_auth": True}
    assert [user["username"] for user in bob.get("users/list")["users"]] == ["bob"]
    for name in ("admin", "nobody at all"):
        assert bob.refused("GET", "users/get", username=name) == DENIED
    assert people.admin.refused("GET", "users/get", username="nobody at all") == MISSING


def test_a_group_is_no_user(people: People) -> None:
    people.role("team")
    assert people.admin.refused("GET", "users/get", username="team") == MISSING
    assert people.admin.refused("DELETE", "users/delete", username="team") == MISSING
    assert people.admin.refused("PATCH", "users/update-admin", username="team", is_admin=True) == MISSING
    assert "team" not in {user["username"] for user in people.admin.get("users/list")["users"]}
    given = {"username": "team", "password": PASSWORD}
    assert people.admin.refused("POST", "users/create", **given) == EXISTS


class TestPasswords:
    def test_ones_own_only_with_the_old_one(self, bob: Person) -> None:
        new = "another password"
        for more in ({}, {"current_password": "wrong"}, {"current_password": PASSWORD, "password": PASSWORD}):
            asked = {"username": "bob", "password": new, **more}
            assert bob.refused("PATCH", "users/update-password", **asked) == INVALID
        assert (
            bob.patch("users/update-password", username="bob", password=new, current_password=PASSWORD) == {}
        )
        assert bob.send("GET", "users/current").status_code == 401
        bob.password = new
        assert bob.get("users/current")["user"]["username"] == "bob"

    def test_anothers_as_admin(self, people: People, bob: Person) -> None:
        assert people.admin.patch("users/update-password", username="bob", password="another password") == {}
        assert bob.send("GET", "users/current").status_code == 401
        given = {"username": "nobody at all", "password": "another password"}
        assert people.admin.refused("PATCH", "users/update-password", **given) == MISSING

    def test_guessing_the_old_one_is_slowed(self, bob: Person) -> None:
        guess = {"username": "bob", "password": "another password", "current_password": "guess"}
        for _ in range(4):
            bob.send("PATCH", "users/update-password", json=guess)
        answer = bob.send("PATCH", "users/update-password", json={**guess, "current_password": PASSWORD})
        assert answer.status_code == 400
        assert "try again in" in answer.json()["message"]


class TestAdmins:
    def test_made_and_unmade(self, people: People, bob: Person) -> None:
        people.admin.patch("users/update-admin", username="bob", is_admin=True)
        assert bob.get("users/current")["user"]["is_admin"] is True
        assert len(bob.get("users/list")["users"]) == 2
        people.admin.patch("users/update-admin", username="bob", is_admin=False)
        assert len(bob.get("users/list")["users"]) == 1
        given = {"username": "nobody at all", "is_admin": True}
        assert people.admin.refused("PATCH", "users/update-admin", **given) == MISSING

    def test_an_owner_stays_one_to_admins(self, people: People, bob: Person) -> None:
        people.admin.patch("users/update-admin", username="bob", is_admin=True)
        assert bob.refused("PATCH", "users/update-admin", username="admin", is_admin=False) == DENIED
        assert bob.refused("DELETE", "users/delete", username="admin") == DENIED
        given = {"username": "admin", "password": "another password"}
        assert bob.refused("PATCH", "users/update-password", **given) == DENIED


def test_delete(people: People, bob: Person) -> None:
    assert people.admin.refused("DELETE", "users/delete", username="admin") == (400, "BAD_REQUEST")
    assert bob.refused("DELETE", "users/delete", username="bob") == (400, "BAD_REQUEST")
    assert people.admin.delete("users/delete", username="bob") == {}
    assert bob.send("GET", "users/current").status_code == 401
    assert people.admin.refused("DELETE", "users/delete", username="bob") == MISSING


def test_nobody_is_told_to_sign_in(people: People) -> None:
    answer = people.admin.send("GET", "users/current", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Basic realm="mlflow"')


def test_the_first_account_owns_the_store(client: Client, catalog: Catalog) -> None:
    assert client.get("users/current") == {
        "user": {"id": -1, "username": "local", "is_admin": True},
        "is_basic_auth": False,
    }
    client.post("users/create", username="ada", password=PASSWORD)
    ada = Person(client._app, client._runner, "ada")
    assert client.send("GET", "users/list").status_code == 401
    assert ada.get("users/current")["user"]["is_admin"] is True
    ada.post("users/create", username="bob", password=PASSWORD)
    assert Person(client._app, client._runner, "bob").get("users/current")["user"]["is_admin"] is False
