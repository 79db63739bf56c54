"""Accounts, roles, workspaces and webhooks in the test of who may see nothing."""

from __future__ import annotations

from typing import Any

from lineal.protocols.base import Route
from lineal.testing.protocol import Served

WORDS = {"quibblenix", "trundlekin", "ploverdust", "grimblefort", "snazzlewick", "mumblefrost", "drabblewing"}
"""Each stands for one place in which text is kept."""

_V2, _V3 = "/api/2.0/mlflow", "/api/3.0/mlflow"
_EVENT = {"entity": "PROMPT", "action": "CREATED"}


def fill(served: Served, made: dict[str, str]) -> dict[str, list[str]]:
    """Put one of everything there, and answer what may stand in the variables of paths."""
    owner = served.owner
    owner.json("POST", f"{_V2}/users/create", body={"username": "quibblenix", "password": "a long password"})
    owner.json("POST", f"{_V3}/workspaces", body={"name": "grimblefort", "description": "snazzlewick"})
    role = {"name": "trundlekin", "workspace": "default", "description": "ploverdust"}
    number = owner.json("POST", f"{_V3}/roles/create", body=role)["role"]["id"]
    permission = {"resource_type": "experiment", "resource_pattern": made["experiment"], "permission": "READ"}
    granted = owner.json("POST", f"{_V3}/roles/permissions/add", body={"role_id": number, **permission})
    hook = {"name": "mumblefrost", "url": "http://127.0.0.1:1/drabblewing", "events": [_EVENT]}
    webhook = owner.json("POST", f"{_V2}/webhooks", body=hook)["webhook"]["webhook_id"]
    made["role"], made["permission"] = number, granted["role_permission"]["id"]
    return {"workspace_name": ["grimblefort"], "webhook_id": [webhook]}


def arguments(made: dict[str, Any], route: Route) -> dict[str, Any]:
    """What the operation may ask for, as parameters and as a body alike, over what every operation is asked."""
    path = route.path.partition("/mlflow/")[2]
    if path.startswith("webhooks"):
        return {"name": "other", "url": "http://127.0.0.1:1/", "events": [_EVENT], "status": 1}
    if path.startswith("workspaces"):
        return {"name": "newspace", "description": "new", "mode": "CASCADE"}
    if path.startswith(("users", "roles")):
        new = route.path.split("/")[1]
        name = {"roles/create": new, "roles/update": "trundlekin"}.get(path, "other")
        return _about_accounts(made, path) | {"name": name}
    return {}


def _about_accounts(made: dict[str, Any], path: str) -> dict[str, Any]:
    number = made["experiment"]
    return {
        "username": "newcomer" if path.endswith("create") else "quibblenix", "password": "another password",
        "is_admin": False, "role_id": made["role"], "role_permission_id": made["permission"], "workspace": "default",
        "description": "new", "resource_type": "experiment", "resource_id": number,
        "resource_pattern": "*" if path.startswith("roles") else number, "permission": "READ",
    }  # fmt: skip
