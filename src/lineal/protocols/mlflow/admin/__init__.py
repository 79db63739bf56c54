"""Users, roles and permissions, workspaces and webhooks."""

from __future__ import annotations

from lineal.protocols.mlflow.admin import grants, roles, users, webhooks, workspaces
from lineal.protocols.mlflow.operation import Operation

_V3 = "/3.0/mlflow"

OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "users/create", users.create),
    Operation("GET", "users/get", users.get),
    Operation("GET", "users/list", users.list_),
    Operation("GET", "users/current", users.current),
    Operation("PATCH", "users/update-password", users.update_password),
    Operation("PATCH", "users/update-admin", users.update_admin),
    Operation("DELETE", "users/delete", users.delete),
    Operation("POST", f"{_V3}/users/permissions/grant", grants.grant),
    Operation("POST", f"{_V3}/users/permissions/revoke", grants.revoke),
    Operation("GET", f"{_V3}/users/permissions/get", grants.get),
    Operation("GET", f"{_V3}/users/permissions/list", grants.list_),
    Operation("GET", f"{_V3}/users/current/permissions", grants.list_own),
    Operation("GET", f"{_V3}/users/roles/list", roles.list_of_user),
    Operation("POST", f"{_V3}/roles/create", roles.create),
    Operation("GET", f"{_V3}/roles/get", roles.get),
    Operation("GET", f"{_V3}/roles/list", roles.list_),
    Operation("PATCH", f"{_V3}/roles/update", roles.update),
    Operation("DELETE", f"{_V3}/roles/delete", roles.delete),
    Operation("POST", f"{_V3}/roles/assign", roles.assign),
    Operation("DELETE", f"{_V3}/roles/unassign", roles.unassign),
    Operation("GET", f"{_V3}/roles/users/list", roles.list_users),
    Operation("POST", f"{_V3}/roles/permissions/add", roles.add_permission),
    Operation("DELETE", f"{_V3}/roles/permissions/remove", roles.remove_permission),
    Operation("GET", f"{_V3}/roles/permissions/list", roles.list_permissions),
    Operation("PATCH", f"{_V3}/roles/permissions/update", roles.update_permission),
    Operation("GET", f"{_V3}/workspaces", workspaces.list_),
    Operation("POST", f"{_V3}/workspaces", workspaces.create),
    Operation("GET", f"{_V3}/workspaces/{{workspace_name}}", workspaces.get),
    Operation("PATCH", f"{_V3}/workspaces/{{workspace_name}}", workspaces.update),
    Operation("DELETE", f"{_V3}/workspaces/{{workspace_name}}", workspaces.delete),
    Operation("POST", "webhooks", webhooks.create),
    Operation("GET", "webhooks", webhooks.list_),
    Operation("GET", "webhooks/{webhook_id}", webhooks.get),
    Operation("PATCH", "webhooks/{webhook_id}", webhooks.update),
    Operation("DELETE", "webhooks/{webhook_id}", webhooks.delete),
    Operation("POST", "webhooks/{webhook_id}/test", webhooks.test),
)
