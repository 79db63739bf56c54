"""Who may see and change what in the registry: it follows from grants on models, runs and kinds."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from tests.protocols.mlflow.registry import MODELS, VERSIONS

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.mlflow.registry import alias_ref, version_ref
from lineal.graph.model import AnyRef, ByExternal, ByName
from lineal.graph.query import Walk
from lineal.protocols.base import Call, Reply
from lineal.protocols.mlflow import door

ROUTES = {(route.method, route.path): route for route in door.routes()}


class Person:
    """Speaks to the door's handlers as one account."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, method: str, path: str, **given: Any) -> Any:
        """The JSON of the answer, or the error's code."""
        route = ROUTES[method, f"/api/2.0/mlflow/{path}"]
        query = urlencode(given) if method == "GET" else ""
        headers = {"content-type": "application/json"}
        call = Call(self.session, method, path, query=query, headers=headers, body=msgspec.json.encode(given))

        async def handled() -> Reply:
            answer = route.handler(call)
            reply: Reply = await answer if inspect.isawaitable(answer) else answer
            return reply

        try:
            return msgspec.json.decode(asyncio.run(handled()).body)
        except Exception as error:
            return msgspec.json.decode(door.failure(error, call).body)["error_code"]


class Accounts:
    """Two models with a version each, made by who may do everything; accounts are granted what a test says."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.local = catalog.session(LOCAL, "mlflow")
        self.owner = Person(self.local)
        door.seed(self.local)
        self.run = self.owner("POST", "runs/create", run_name="training")["run"]["info"]["run_id"]
        for name in ("m", "hidden"):
            self.owner("POST", f"{MODELS}/create", name=name)
            self.owner("POST", f"{VERSIONS}/create", name=name, source=f"runs:/{self.run}/m", run_id=self.run)
            self.owner("POST", f"{MODELS}/alias", name=name, alias="best", version="1")

    def person(self, name: str, *grants: tuple[str, str, AnyRef | str]) -> Person:
        """An account with grants of (role, target, what)."""
        self.catalog.accounts.add_user(self.local, name, "correct horse battery")
        for role, target, what in grants:
            value = what if isinstance(what, str) else self.local.get(what).uuid
            self.catalog.accounts.add_grant(self.local, Grant(0, name, role, target, value))  # type: ignore[arg-type]
        found = self.catalog.accounts.verify_password(name, "correct horse battery")
        assert found is not None
        return Person(self.catalog.session(found, "mlflow"))


@pytest.fixture
def accounts(catalog: Catalog) -> Accounts:
    return Accounts(catalog)


M, HIDDEN = ByName("model", "m"), ByName("model", "hidden")


def test_who_may_see_a_model_sees_its_versions_and_no_other(accounts: Accounts) -> None:
    ann = accounts.person("ann", ("viewer", "entity", M))
    assert [each["name"] for each in ann("GET", f"{MODELS}/search")["registered_models"]] == ["m"]
    assert [each["name"] for each in ann("GET", f"{VERSIONS}/search")["model_versions"]] == ["m"]
    assert ann("GET", f"{MODELS}/alias", name="m", alias="best")["model_version"]["version"] == "1"
    assert ann("GET", f"{MODELS}/get", name="hidden") == "RESOURCE_DOES_NOT_EXIST"
    assert ann("GET", f"{VERSIONS}/get", name="hidden", version="1") == "RESOURCE_DOES_NOT_EXIST"
    assert ann("GET", f"{VERSIONS}/search", filter="name LIKE 'h%'") == {}
    assert ann("GET", f"{MODELS}/search", filter="name = 'hidden'") == {}


def test_who_may_only_see_changes_nothing(accounts: Accounts) -> None:
    ann = accounts.person("ann", ("viewer", "store", ""))
    before = accounts.local.newest()
    for method, path, more in (
        ("POST", f"{MODELS}/create", {"name": "new"}), ("PATCH", f"{MODELS}/update", {"description": "x"}),
        ("POST", f"{MODELS}/rename", {"new_name": "x"}), ("DELETE", f"{MODELS}/delete", {}),
        ("POST", f"{MODELS}/set-tag", {"key": "k"}), ("POST", f"{MODELS}/alias", {"alias": "a", "version": "1"}),
        ("DELETE", f"{MODELS}/alias", {"alias": "best"}), ("POST", f"{VERSIONS}/create", {"source": "s3://b/k"}),
        ("PATCH", f"{VERSIONS}/update", {"version": "1", "description": "x"}),
        ("POST", f"{VERSIONS}/transition-stage", {"version": "1", "stage": "Staging"}),
        ("DELETE", f"{VERSIONS}/delete", {"version": "1"}),
        ("POST", f"{VERSIONS}/set-tag", {"version": "1", "key": "k", "value": "v"}),
    ):  # fmt: skip
        assert ann(method, path, **{"name": "m", **more}) == "PERMISSION_DENIED", path
    assert accounts.local.newest() == before


def test_who_may_edit_a_model_does_all_with_it(accounts: Accounts) -> None:
    ann = accounts.person("ann", ("editor", "entity", M))
    assert ann("POST", f"{VERSIONS}/create", name="m", source="s3://b/k")["model_version"]["version"] == "2"
    assert ann("POST", f"{MODELS}/alias", name="m", alias="best", version="2") == {}
    moved = ann("POST", f"{VERSIONS}/transition-stage", name="m", version="2", stage="Production")
    assert moved["model_version"]["current_stage"] == "Production"
    assert ann("POST", f"{MODELS}/rename", name="m", new_name="n")["registered_model"]["name"] == "n"
    assert ann("DELETE", f"{VERSIONS}/delete", name="n", version="1") == {}
    assert ann("DELETE", f"{MODELS}/delete", name="n") == {}
    assert ann("POST", f"{MODELS}/create", name="n") == "PERMISSION_DENIED"


def test_a_run_that_one_may_not_see_is_no_part_of_the_lineage(accounts: Accounts) -> None:
    ann = accounts.person("ann", ("editor", "entity", M))
    source = f"runs:/{accounts.run}/m"
    made = ann("POST", f"{VERSIONS}/create", name="m", source=source, run_id=accounts.run)
    assert made["model_version"]["run_id"] == accounts.run
    model = accounts.local.get(M)
    above = accounts.local.lineage(Walk(version_ref(model, 2), direction="up"))
    assert {node.name for node in above.nodes} == {"m", "m/2"}
    seen = ann.session.lineage(Walk(version_ref(model, 1), direction="up"))
    assert {node.name for node in seen.nodes} == {"m", "m/1"} and len(seen.hidden) == 1


def test_who_may_see_a_run_registers_it_below_that(accounts: Accounts) -> None:
    run = ByExternal("mlflow.run", accounts.run)
    ann = accounts.person("ann", ("editor", "entity", M), ("viewer", "entity", run))
    ann("POST", f"{VERSIONS}/create", name="m", source=f"runs:/{accounts.run}/m", run_id=accounts.run)
    above = accounts.local.lineage(Walk(version_ref(accounts.local.get(M), 2), direction="up"))
    assert {node.name for node in above.nodes} == {"training", "m", "m/2"}


def test_a_logged_model_that_one_may_only_see_is_registered_and_not_changed(accounts: Accounts) -> None:
    made = accounts.owner("POST", "logged-models", experiment_id="0", name="lm")["model"]["info"]
    logged = ByExternal("mlflow.logged_model", made["model_id"])
    ann = accounts.person("ann", ("editor", "entity", M), ("viewer", "entity", logged))
    source = f"models:/{made['model_id']}"
    created = ann("POST", f"{VERSIONS}/create", name="m", source=source, model_id=made["model_id"])
    assert created["model_version"]["source"] == source
    assert "tag.mlflow.modelVersions" not in accounts.local.get(logged).properties
    bob = accounts.person("bob", ("editor", "entity", M))
    again = bob("POST", f"{VERSIONS}/create", name="m", source=source, model_id=made["model_id"])
    assert again == "RESOURCE_DOES_NOT_EXIST"


def test_a_copy_needs_the_right_to_see_what_is_copied(accounts: Accounts) -> None:
    ann = accounts.person("ann", ("editor", "entity", M))
    made = ann("POST", f"{VERSIONS}/create", name="m", source="models:/hidden/1")
    assert made == "RESOURCE_DOES_NOT_EXIST"


def test_a_name_that_one_may_not_see_is_taken_all_the_same(accounts: Accounts) -> None:
    ann = accounts.person("ann", ("editor", "kind", "model"), ("viewer", "entity", M))
    deny = Grant(0, "ann", "viewer", "entity", accounts.local.get(HIDDEN).uuid, deny=True)
    accounts.catalog.accounts.add_grant(accounts.local, deny)
    assert ann("GET", f"{MODELS}/get", name="hidden") == "RESOURCE_DOES_NOT_EXIST"
    assert ann("POST", f"{MODELS}/create", name="hidden") == "RESOURCE_ALREADY_EXISTS"
    assert ann("POST", f"{MODELS}/create", name="new")["registered_model"]["name"] == "new"


def test_what_stands_for_an_alias_is_seen_with_its_model(accounts: Accounts) -> None:
    ann = accounts.person("ann", ("viewer", "entity", M))
    assert ann.session.get(alias_ref(accounts.local.get(M), "best")).name == "m@best"
