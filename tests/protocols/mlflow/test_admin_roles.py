"""Permissions of users and roles, and what they let people do."""

from __future__ import annotations

import pytest
from tests.protocols.mlflow.people import People, Person, people

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.values import Grant
from lineal.graph.change import Change, PutEntity
from lineal.graph.model import External

__all__ = ["people"]

DENIED = (403, "PERMISSION_DENIED")
MISSING = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
EXISTS = (400, "RESOURCE_ALREADY_EXISTS")
GRANT, REVOKE = "3/users/permissions/grant", "3/users/permissions/revoke"


@pytest.fixture
def bob(people: People) -> Person:
    return people.add("bob")


@pytest.fixture
def ann(people: People) -> Person:
    return people.add("ann")


@pytest.fixture
def experiment(people: People) -> str:
    return people.admin.experiment("e")


def about(
    username: str, number: str, permission: str | None = None, kind: str = "experiment"
) -> dict[str, str]:
    asked = {"username": username, "resource_type": kind, "resource_id": number}
    return asked if permission is None else asked | {"permission": permission}


class TestPermissions:
    @pytest.mark.parametrize(
        ("permission", "reads", "edits", "manages"),
        [("READ", 1, 0, 0), ("USE", 1, 0, 0), ("EDIT", 1, 1, 0), ("MANAGE", 1, 1, 1), ("DENY", 0, 0, 0)],
    )
    def test_what_each_lets_one_do(
        self, people: People, bob: Person, ann: Person, experiment: str,
        permission: str, reads: int, edits: int, manages: int,
    ) -> None:  # fmt: skip
        people.admin.grant("bob", "experiment", experiment, permission)
        reading = bob.send("GET", "experiments/get", params={"experiment_id": experiment})
        tag = {"experiment_id": experiment, "key": "k", "value": "v"}
        editing = bob.send("POST", "experiments/set-experiment-tag", json=tag)
        managing = bob.send("POST", GRANT, json=about("ann", experiment, "READ"))
        assert reading.status_code == (200 if reads else 404)
        assert editing.status_code == (200 if edits else 403 if reads else 404)
        assert managing.status_code == (200 if manages else 403 if reads else 404)
        assert (ann.seen() == {"e"}) is bool(manages)
        asked = people.admin.get("3/users/permissions/get", **about("bob", experiment))
        assert asked == {"allowed": permission in {"USE", "EDIT", "MANAGE"}, "permission": permission}
        assert bob.get("3/users/permissions/get", **about("bob", experiment))["permission"] == (
            permission if reads else "NO_PERMISSIONS"
        )

    def test_they_cover_the_runs(self, people: People, bob: Person, experiment: str) -> None:
        run = people.admin.post("runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
        people.admin.grant("bob", "experiment", experiment, "READ")
        assert bob.get("runs/get", run_id=run)["run"]["info"]["run_id"] == run
        assert bob.refused("POST", "runs/set-tag", run_id=run, key="a", value="b") == DENIED
        assert bob.refused("POST", "runs/create", experiment_id=experiment) == DENIED

    def test_once_and_revoked(self, people: People, bob: Person, experiment: str) -> None:
        people.admin.grant("bob", "experiment", experiment, "READ")
        assert people.admin.refused("POST", GRANT, **about("bob", experiment, "EDIT")) == EXISTS
        assert people.admin.post(REVOKE, **about("bob", experiment)) == {}
        assert bob.seen() == set()
        assert people.admin.refused("POST", REVOKE, **about("bob", experiment)) == MISSING

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            (about("nobody at all", "0", "READ"), MISSING),
            (about("bob", "999", "READ"), MISSING),
            (about("bob", "abc", "READ"), INVALID),
            (about("bob", "0", "NO_PERMISSIONS"), INVALID),
            (about("bob", "0", "ALL"), INVALID),
            (about("bob", "0", "READ", "table"), INVALID),
            (about("bob", "abc", "READ", "run"), INVALID),
            (about("bob", "none", "READ", "registered_model"), MISSING),
            (about("bob", "none", "READ", "prompt"), MISSING),
            (about("bob", "none", "READ", "scorer"), INVALID),
            (about("bob", "0/none", "READ", "scorer"), MISSING),
            (about("bob", "*", "USE", "workspace"), INVALID),
            (about("bob", "*", "READ", "prompt"), INVALID),
            (about("bob", "*", "READ", "prompt_version"), INVALID),
            (about("bob", "key", "USE", "gateway_secret"), INVALID),
        ],
    )
    def test_what_cannot_be_granted(
        self, people: People, bob: Person, asked: dict[str, str], code: tuple[int, str]
    ) -> None:
        assert people.admin.refused("POST", GRANT, **asked) == code
        assert people.admin.get("3/users/permissions/list", username="bob")["permissions"] == []

    def test_all_of_a_type(self, people: People, bob: Person, experiment: str) -> None:
        run = people.admin.post("runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
        people.admin.grant("bob", "experiment", "*", "READ")
        assert bob.seen() == {"Default", "e"}
        assert bob.get("runs/get", run_id=run)
        asked = people.admin.get("3/users/permissions/get", **about("bob", "*"))
        assert asked == {"allowed": False, "permission": "READ"}
        assert (
            bob.get("3/users/permissions/get", **about("bob", "*", kind="run"))["permission"]
            == "NO_PERMISSIONS"
        )

    def test_who_may_ask(self, people: People, bob: Person, ann: Person, experiment: str) -> None:
        for number in (experiment, "999"):
            assert ann.refused("GET", "3/users/permissions/get", **about("bob", number)) == DENIED
            asked = people.admin.get("3/users/permissions/get", **about("bob", number))
            assert asked == {"allowed": False, "permission": "NO_PERMISSIONS"}
        assert ann.refused("GET", "3/users/permissions/list", username="bob") == DENIED
        asked = about("nobody at all", experiment)
        assert people.admin.refused("GET", "3/users/permissions/get", **asked) == MISSING
        people.admin.grant("ann", "experiment", experiment, "MANAGE")
        assert ann.get("3/users/permissions/get", **about("bob", experiment))["allowed"] is False

    def test_all_that_one_holds(self, people: People, bob: Person, experiment: str) -> None:
        people.admin.grant("bob", "experiment", experiment, "USE")
        people.admin.grant("bob", "logged_model", "*", "DENY")
        role = people.role("team", ("workspace", "*", "USE"))
        people.admin.post("3/roles/assign", username="bob", role_id=role)
        number = bob.get("users/current")["user"]["id"]
        own = {"role_id": number, "role_name": f"__user_{number}__", "workspace": "default"}
        held = [
            own | {"resource_type": "experiment", "resource_pattern": experiment, "permission": "USE"},
            own | {"resource_type": "logged_model", "resource_pattern": "*", "permission": "DENY"},
            {
                "role_id": role, "role_name": "team", "workspace": "default",
                "resource_type": "workspace", "resource_pattern": "*", "permission": "USE",
            },
        ]  # fmt: skip
        expected = {"is_admin": False, "permissions": held}
        assert bob.get("3/users/current/permissions") == expected
        assert people.admin.get("3/users/permissions/list", username="bob") == expected
        assert people.admin.get("3/users/current/permissions") == {"is_admin": True, "permissions": []}

    def test_of_models_and_prompts(self, people: People, bob: Person, catalog: Catalog) -> None:
        local = catalog.session(LOCAL, "test")
        for name, properties in (("m", {}), ("p", {"tag.mlflow.prompt.is_prompt": "true"})):
            put = PutEntity(kind="model", name=name, unique=True, properties=properties)
            local.commit(Change([put]))
        people.admin.grant("bob", "registered_model", "m", "READ")
        people.admin.grant("bob", "prompt", "p", "EDIT")
        held = bob.get("3/users/current/permissions")["permissions"]
        assert [(each["resource_type"], each["resource_pattern"], each["permission"]) for each in held] == [
            ("registered_model", "m", "READ"),
            ("prompt", "p", "EDIT"),
        ]
        for kind, name in (("registered_model", "p"), ("prompt", "m")):
            assert people.admin.refused("POST", GRANT, **about("bob", name, "READ", kind)) == MISSING

    def test_of_scorers(self, people: People, bob: Person, catalog: Catalog, experiment: str) -> None:
        address = External("mlflow.scorer_name", f"{experiment}/is it right?")
        put = PutEntity(kind="scorer", name="is it right?", external=[address])
        catalog.session(LOCAL, "test").commit(Change([put]))
        number = f"{experiment}/is%20it%20right%3F"
        people.admin.grant("bob", "scorer", number, "READ")
        (held,) = bob.get("3/users/current/permissions")["permissions"]
        assert (held["resource_type"], held["resource_pattern"]) == ("scorer", number)

    def test_what_mlflow_has_no_word_for_is_told_in_the_graphs(
        self, people: People, bob: Person, catalog: Catalog, experiment: str
    ) -> None:
        local = catalog.session(LOCAL, "test")
        for target, value in (("classification", "secret"), ("kind", "dataset"), ("store", "")):
            grant = Grant(0, "bob", "viewer", target, value, deny=target == "classification")  # type: ignore[arg-type]
            catalog.accounts.add_grant(local, grant)
        held = bob.get("3/users/current/permissions")["permissions"]
        assert [(each["resource_type"], each["resource_pattern"], each["permission"]) for each in held] == [
            ("classification", "secret", "DENY"),
            ("kind", "dataset", "READ"),
            ("store", "*", "READ"),
        ]

    def test_a_denied_one_is_told_no_name(self, people: People, bob: Person, experiment: str) -> None:
        people.admin.grant("bob", "experiment", "*", "READ")
        people.admin.grant("bob", "experiment", experiment, "DENY")
        text = bob.send("GET", "3/users/current/permissions").text
        assert experiment not in text


class TestMembers:
    """Who has USE on the workspace: sees all, makes things, and manages those."""

    @pytest.fixture
    def member(self, people: People, bob: Person) -> Person:
        role = people.role("members", ("workspace", "*", "USE"))
        people.admin.post("3/roles/assign", username="bob", role_id=role)
        return bob

    def test_makes_and_manages(self, people: People, member: Person, ann: Person, experiment: str) -> None:
        assert member.seen() == {"Default", "e"}
        mine = member.experiment("mine")
        run = member.post("runs/create", experiment_id=mine)["run"]["info"]["run_id"]
        member.post("runs/log-batch", run_id=run, params=[{"key": "a", "value": "1"}])
        assert member.refused("POST", "runs/create", experiment_id=experiment) == DENIED
        assert member.get("3/users/permissions/get", **about("bob", mine)) == {
            "allowed": True, "permission": "MANAGE",
        }  # fmt: skip
        member.grant("ann", "experiment", mine, "READ")
        assert ann.seen() == {"mine"}
        member.post(REVOKE, **about("ann", mine))
        assert ann.seen() == set()
        assert member.refused("POST", GRANT, **about("ann", experiment, "READ")) == DENIED


class TestRoles:
    def test_make_read_change_and_delete(self, people: People) -> None:
        made = people.admin.post("3/roles/create", name="r", workspace="default", description="d")["role"]
        expected = {
            "id": made["id"],
            "name": "r",
            "workspace": "default",
            "description": "d",
            "permissions": [],
        }
        assert made == expected
        assert people.admin.get("3/roles/get", role_id=made["id"])["role"] == expected
        assert people.admin.get("3/roles/list")["roles"] == [expected]
        changed = people.admin.patch("3/roles/update", role_id=made["id"], name="s")["role"]
        assert changed == expected | {"name": "s"}
        changed = people.admin.patch("3/roles/update", role_id=made["id"], description="")["role"]
        assert changed == expected | {"name": "s", "description": None}
        assert people.admin.delete("3/roles/delete", role_id=made["id"]) == {}
        assert people.admin.get("3/roles/list")["roles"] == []
        assert people.admin.refused("GET", "3/roles/get", role_id=made["id"]) == MISSING

    @pytest.mark.parametrize(
        ("method", "path", "given", "code"),
        [
            ("POST", "3/roles/create", {"name": "r", "workspace": "default"}, EXISTS),
            ("POST", "3/roles/create", {"name": " ", "workspace": "default"}, INVALID),
            ("POST", "3/roles/create", {"name": "x", "workspace": ""}, INVALID),
            ("POST", "3/roles/create", {"name": "x"}, INVALID),
            ("POST", "3/roles/create", {"name": "x", "workspace": "none"}, INVALID),
            ("POST", "3/roles/create", {"name": "__user_1__", "workspace": "default"}, INVALID),
            ("GET", "3/roles/get", {"role_id": "99"}, MISSING),
            ("GET", "3/roles/get", {"role_id": "x"}, INVALID),
            ("GET", "3/roles/list", {"workspace": " "}, INVALID),
            ("PATCH", "3/roles/update", {"role_id": 99, "name": "x"}, MISSING),
            ("DELETE", "3/roles/delete", {"role_id": 99}, MISSING),
            ("POST", "3/roles/assign", {"username": "bob", "role_id": 99}, MISSING),
            ("GET", "3/roles/users/list", {"role_id": "99"}, MISSING),
            ("GET", "3/roles/permissions/list", {"role_id": "99"}, MISSING),
            ("DELETE", "3/roles/permissions/remove", {"role_permission_id": 99}, MISSING),
            (
                "PATCH",
                "3/roles/permissions/update",
                {"role_permission_id": 99, "permission": "READ"},
                MISSING,
            ),
            ("GET", "3/users/roles/list", {"username": "nobody at all"}, MISSING),
        ],
    )
    def test_what_is_refused(
        self,
        people: People,
        bob: Person,
        method: str,
        path: str,
        given: dict[str, object],
        code: tuple[int, str],
    ) -> None:
        people.role("r")
        assert people.admin.refused(method, path, **given) == code

    def test_an_update_says_something(self, people: People) -> None:
        number = people.role("r")
        people.role("s")
        assert people.admin.refused("PATCH", "3/roles/update", role_id=number) == INVALID
        assert people.admin.refused("PATCH", "3/roles/update", role_id=number, name="s") == EXISTS
        assert people.admin.refused("PATCH", "3/roles/update", role_id=number, name="") == INVALID

    def test_assigned(self, people: People, bob: Person, experiment: str) -> None:
        number = people.role("readers", ("experiment", experiment, "READ"))
        made = people.admin.post("3/roles/assign", username="bob", role_id=number)["assignment"]
        user = people.admin.get("users/get", username="bob")["user"]["id"]
        assert made == {"id": made["id"], "user_id": user, "role_id": number}
        assert bob.seen() == {"e"}
        assert people.admin.get("3/roles/users/list", role_id=number)["assignments"] == [made]
        (role,) = people.admin.get("3/users/roles/list", username="bob")["roles"]
        assert (role["id"], role["name"], role["permissions"][0]["permission"]) == (number, "readers", "READ")
        assert bob.get("3/users/roles/list", username="bob")["roles"] == [role]
        again = {"username": "bob", "role_id": number}
        assert people.admin.refused("POST", "3/roles/assign", **again) == EXISTS
        assert people.admin.delete("3/roles/unassign", **again) == {}
        assert bob.seen() == set()
        assert people.admin.refused("DELETE", "3/roles/unassign", **again) == MISSING

    def test_permissions(self, people: People, bob: Person, experiment: str) -> None:
        number = people.role("r")
        people.admin.post("3/roles/assign", username="bob", role_id=number)
        add = {"role_id": number, "resource_type": "experiment", "resource_pattern": experiment}
        made = people.admin.post("3/roles/permissions/add", **add, permission="READ")["role_permission"]
        assert made == add | {"id": made["id"], "permission": "READ"}
        assert bob.seen() == {"e"}
        assert people.admin.refused("POST", "3/roles/permissions/add", **add, permission="EDIT") == EXISTS
        update = {"role_permission_id": made["id"], "permission": "DENY"}
        changed = people.admin.patch("3/roles/permissions/update", **update)["role_permission"]
        assert changed == made | {"permission": "DENY"}
        assert bob.seen() == set()
        assert people.admin.get("3/roles/permissions/list", role_id=number)["role_permissions"] == [changed]
        assert people.admin.delete("3/roles/permissions/remove", role_permission_id=made["id"]) == {}
        assert people.admin.get("3/roles/permissions/list", role_id=number)["role_permissions"] == []

    def test_what_a_workspace_does_not_know(self, people: People) -> None:
        add = {"role_id": people.role("r"), "resource_type": "workspace"}
        for pattern, permission in (("*", "READ"), ("*", "DENY"), ("default", "USE")):
            asked = add | {"resource_pattern": pattern, "permission": permission}
            assert people.admin.refused("POST", "3/roles/permissions/add", **asked) == INVALID

    def test_members_see_their_roles(self, people: People, bob: Person) -> None:
        mine, other = people.role("mine"), people.role("other")
        assert bob.refused("GET", "3/roles/list", workspace="default") == DENIED
        people.admin.post("3/roles/assign", username="bob", role_id=mine)
        assert [role["name"] for role in bob.get("3/roles/list", workspace="default")["roles"]] == ["mine"]
        assert bob.get("3/roles/get", role_id=mine)["role"]["name"] == "mine"
        for number in (other, 99):
            assert bob.refused("GET", "3/roles/get", role_id=number) == DENIED
        assert bob.refused("GET", "3/roles/list") == DENIED
        (assignment,) = bob.get("3/roles/users/list", role_id=mine)["assignments"]
        assert assignment["user_id"] == bob.get("users/current")["user"]["id"]

    def test_a_group_of_lineals_is_a_role(self, people: People, bob: Person, catalog: Catalog) -> None:
        local = catalog.session(LOCAL, "test")
        catalog.accounts.add_user(local, "analysts", None, "group")
        catalog.accounts.add_member(local, "bob", "analysts")
        (role,) = bob.get("3/users/roles/list", username="bob")["roles"]
        assert (role["name"], role["workspace"]) == ("analysts", "default")


class TestManagersOfAWorkspace:
    @pytest.fixture
    def manager(self, people: People, bob: Person) -> Person:
        people.admin.send("POST", "3/workspaces", json={"name": "red"})
        people.assign("bob", "red", "admin")
        return bob

    def test_each_workspace_has_two_roles_from_the_start(self, people: People, bob: Person) -> None:
        people.admin.send("POST", "3/workspaces", json={"name": "red"})
        people.admin.within("red").experiment("hers")
        people.assign("bob", "red", "user")
        red = bob.within("red")
        assert red.seen() == {"hers"}
        mine = red.experiment("mine")
        red.post("experiments/set-experiment-tag", experiment_id=mine, key="k", value="v")
        hers = red.get("experiments/get-by-name", experiment_name="hers")["experiment"]["experiment_id"]
        asked = {"experiment_id": hers, "key": "k", "value": "v"}
        assert red.refused("POST", "experiments/set-experiment-tag", **asked) == DENIED

    def test_they_run_its_roles(self, people: People, manager: Person, ann: Person) -> None:
        made = manager.post("3/roles/create", name="guest", workspace="red")["role"]["id"]
        add = {"role_id": made, "resource_type": "workspace", "resource_pattern": "*", "permission": "USE"}
        manager.post("3/roles/permissions/add", **add)
        manager.post("3/roles/assign", username="ann", role_id=made)
        red = ann.within("red")
        red.experiment("mine")
        assert (red.seen(), ann.seen()) == ({"mine"}, set())
        assert {role["name"] for role in manager.get("3/roles/list", workspace="red")["roles"]} == {
            "admin",
            "guest",
            "user",
        }
        assert {user["username"] for user in manager.get("users/list")["users"]} == {"admin", "ann", "bob"}
        manager.delete("3/roles/delete", role_id=made)
        assert ann.get("3/workspaces") != {}

    def test_and_no_others(self, people: People, manager: Person) -> None:
        other = people.role("other", ("workspace", "*", "MANAGE"))
        assert manager.refused("POST", "3/roles/create", name="x", workspace="default") == DENIED
        assert manager.refused("POST", "3/roles/create", name="x", workspace="blue") == DENIED
        assert manager.refused("POST", "3/roles/assign", username="bob", role_id=other) == DENIED
        assert manager.refused("GET", "3/roles/list", workspace="default") == DENIED
        mine = manager.get("3/roles/list", workspace="red")["roles"][0]["id"]
        elsewhere = people.admin.experiment("elsewhere")
        add = {"role_id": mine, "resource_type": "experiment", "permission": "MANAGE"}
        asked = add | {"resource_pattern": elsewhere}
        assert manager.refused("POST", "3/roles/permissions/add", **asked) == MISSING
        for path in ("users/create", "users/update-admin"):
            method = "POST" if path.endswith("create") else "PATCH"
            given = {"username": "bob", "password": "a long password", "is_admin": True}
            assert manager.refused(method, path, **given) == DENIED
