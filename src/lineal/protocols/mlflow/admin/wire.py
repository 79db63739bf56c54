"""The shapes of what is asked and answered about accounts, roles, workspaces and webhooks."""

# ruff: noqa: D101 (a message without a docstring is that of the same name in MLflow's definitions)

from __future__ import annotations

from typing import Any

import msgspec

from lineal.protocols.mlflow.wire import Answer, Int64, Message, Text

# Users


class NewUser(Message):
    username: Text
    password: Text


class Username(Message):
    """Of what is asked about one user."""

    username: Text


class NewPassword(Message):
    username: Text
    password: Text
    current_password: str = ""


class NewAdmin(Message):
    username: Text
    is_admin: bool


class User(msgspec.Struct):
    id: int
    username: str
    is_admin: bool


class RolePermission(msgspec.Struct):
    id: int
    role_id: int
    resource_type: str
    resource_pattern: str
    permission: str


class Role(msgspec.Struct):
    id: int
    name: str
    workspace: str
    description: str | None
    permissions: list[RolePermission] = []


class UserWithRoles(User):
    roles: list[Role]


class HeldPermission(msgspec.Struct):
    """A permission that a user has, with the role that it comes from."""

    role_id: int
    role_name: str
    workspace: str
    resource_type: str
    resource_pattern: str
    permission: str


# Permissions


class Resource(Message):
    """What a permission of a user is about."""

    username: Text
    resource_type: Text
    resource_id: Text


class NewPermission(Resource):
    permission: Text


# Roles


class NewRole(Message):
    name: str
    workspace: str
    description: str | None = None


class RoleId(Message):
    role_id: Int64


class ChangedRole(Message):
    role_id: Int64
    name: str | None = None
    description: str | None = None


class NewRolePermission(Message):
    role_id: Int64
    resource_type: Text
    resource_pattern: Text
    permission: Text


class RolePermissionId(Message):
    role_permission_id: Int64


class ChangedRolePermission(Message):
    role_permission_id: Int64
    permission: Text


class RoleOfUser(Message):
    username: Text
    role_id: Int64


class Assignment(msgspec.Struct):
    id: int
    user_id: int
    role_id: int


# Workspaces


class TraceArchival(Message, omit_defaults=True):
    location: str | None = None
    retention: str | None = None


class NewWorkspace(Message):
    name: Text
    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: TraceArchival | None = None


class ChangedWorkspace(Message):
    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: TraceArchival | None = None


class Workspace(Answer):
    name: str
    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: TraceArchival | None = None


# Webhooks


class WebhookEvent(Message):
    """Both by name or by number."""

    entity: int | str = 0
    action: int | str = 0


class NewWebhook(Message):
    name: Text
    url: Text
    events: list[WebhookEvent] = msgspec.field(default_factory=list)
    description: str = ""
    secret: str = ""
    status: int | str = "ACTIVE"


class ChangedWebhook(Message):
    name: str = ""
    url: str = ""
    events: list[WebhookEvent] = msgspec.field(default_factory=list)
    description: str | None = None
    secret: str | None = None
    status: int | str | None = None


class ListWebhooks(Message):
    max_results: Int64 = 0
    page_token: str = ""


class TestWebhook(Message):
    event: WebhookEvent | None = None


class Webhook(Answer):
    webhook_id: str
    name: str
    url: str
    events: list[dict[str, str]]
    status: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""


class TestResult(Answer):
    success: bool
    response_status: int = 0
    response_body: str = ""
    error_message: str = ""


class Webhooks(Answer):
    webhooks: list[Webhook] = msgspec.field(default_factory=list)
    next_page_token: str = ""


Payload = dict[str, Any]
"""What is told of one event."""
