"""Accounts, roles, workspaces and webhooks under MLflow's own clients, as its documentation shows them."""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server.auth.client import AuthServiceClient
from mlflow.store.model_registry.rest_store import RestStore
from mlflow.utils.credentials import get_default_host_creds
from mlflow.webhooks.delivery import _generate_hmac_signature
from mlflow.webhooks.types import get_example_payload_for_event

PASSWORD = "correct horse battery"
uri = os.environ["MLFLOW_TRACKING_URI"]
auth, client = AuthServiceClient(uri), MlflowClient()


def sign_in(name: str, password: str = PASSWORD) -> None:
    os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = name, password


def refused(code: str, call, *arguments, **named) -> None:
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused")


def names() -> set[str]:
    return {each.name for each in client.search_experiments()}


# Users

ada = auth.create_user("ada", PASSWORD)
sign_in("ada")
assert auth.get_user("ada").is_admin
bob = auth.create_user("bob", PASSWORD)
assert (bob.username, bob.is_admin, bob.id > ada.id) == ("bob", False, True)
refused("RESOURCE_ALREADY_EXISTS", auth.create_user, "bob", PASSWORD)
refused("RESOURCE_DOES_NOT_EXIST", auth.get_user, "nobody")
auth.update_user_admin("bob", True)
assert auth.get_user("bob").is_admin
auth.update_user_admin("bob", False)
auth.create_user("short-lived", PASSWORD)
auth.delete_user("short-lived")
refused("RESOURCE_DOES_NOT_EXIST", auth.get_user, "short-lived")
sign_in("bob")
refused("PERMISSION_DENIED", auth.get_user, "ada")
refused("PERMISSION_DENIED", auth.create_user, "eve", PASSWORD)
refused("PERMISSION_DENIED", auth.update_user_admin, "bob", True)
refused("INVALID_PARAMETER_VALUE", auth.update_user_password, "bob", "another password")
auth.update_user_password("bob", "another password", current_password=PASSWORD)
refused("UNAUTHENTICATED", client.search_experiments)
sign_in("bob", "another password")
assert names() == set()
sign_in("ada")
auth.update_user_password("bob", PASSWORD)

# Permissions

experiment = client.create_experiment("shared")
run = client.create_run(experiment).info.run_id
auth.grant_user_permission("bob", "experiment", experiment, "READ")
refused("RESOURCE_ALREADY_EXISTS", auth.grant_user_permission, "bob", "experiment", experiment, "EDIT")
found = auth.get_user_permission("bob", "experiment", experiment)
assert (found.allowed, found.permission) == (False, "READ")
sign_in("bob")
assert names() == {"shared"}
assert client.get_run(run).info.run_id == run
refused("PERMISSION_DENIED", client.log_param, run, "a", "b")
refused("PERMISSION_DENIED", auth.grant_user_permission, "bob", "experiment", experiment, "MANAGE")
sign_in("ada")
auth.revoke_user_permission("bob", "experiment", experiment)
auth.grant_user_permission("bob", "experiment", experiment, "EDIT")
sign_in("bob")
client.log_param(run, "a", "b")
sign_in("ada")
auth.revoke_user_permission("bob", "experiment", experiment)
refused("RESOURCE_DOES_NOT_EXIST", auth.revoke_user_permission, "bob", "experiment", experiment)

# Roles

role = auth.create_role("default", "makers", "who make things")
assert (role.name, role.workspace, role.description, role.permissions) == (
    "makers",
    "default",
    "who make things",
    [],
)
granted = auth.add_role_permission(role.id, "workspace", "*", "USE")
auth.add_role_permission(role.id, "experiment", experiment, "DENY")
assert {each.permission for each in auth.list_role_permissions(role.id)} == {"USE", "DENY"}
assigned = auth.assign_role("bob", role.id)
assert (assigned.user_id, assigned.role_id) == (bob.id, role.id)
assert [each.user_id for each in auth.list_role_users(role.id)] == [bob.id]
assert [each.name for each in auth.list_user_roles("bob")] == ["makers"]
assert (
    [each.name for each in auth.list_roles("default")]
    == ["makers"]
    == [each.name for each in auth.list_all_roles()]
)
sign_in("bob")
assert names() == {"Default"}
mine = client.create_experiment("mine")
assert auth.get_user_permission("bob", "experiment", mine).permission == "MANAGE"
with mlflow.start_run(experiment_id=mine):
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "a.txt")
refused("PERMISSION_DENIED", client.delete_experiment, "0")
sign_in("ada")
assert auth.update_role_permission(granted.id, "MANAGE").permission == "MANAGE"
auth.remove_role_permission(granted.id)
assert auth.update_role(role.id, name="former makers").name == "former makers"
assert auth.get_role(role.id).name == "former makers"
auth.unassign_role("bob", role.id)
auth.delete_role(role.id)
refused("RESOURCE_DOES_NOT_EXIST", auth.get_role, role.id)
sign_in("bob")
assert names() == {"mine"}
sign_in("ada")

# Workspaces

assert [each.name for each in mlflow.list_workspaces()] == ["default"]
made = mlflow.create_workspace("team-red", description="the red team")
assert (made.name, made.description) == ("team-red", "the red team")
refused("RESOURCE_ALREADY_EXISTS", mlflow.create_workspace, "team-red")
assert mlflow.update_workspace("team-red", description="red").description == "red"
assert mlflow.get_workspace("team-red").description == "red"
mlflow.set_workspace("team-red")
assert os.environ["MLFLOW_WORKSPACE"] == "team-red"
assert names() == set()
red = mlflow.set_experiment("shared")
assert red.experiment_id != experiment
assert red.workspace == "team-red"
with mlflow.start_run() as active:
    mlflow.log_param("a", "b")
    mlflow.log_text("hello", "a.txt")
assert client.download_artifacts(active.info.run_id, "a.txt")
assert names() == {"shared"}
refused("RESOURCE_DOES_NOT_EXIST", client.get_run, run)
mlflow.set_workspace(None)
assert names() == {"Default", "shared", "mine"}
refused("RESOURCE_DOES_NOT_EXIST", client.get_run, active.info.run_id)
refused("RESOURCE_DOES_NOT_EXIST", client.list_artifacts, active.info.run_id)
os.environ["MLFLOW_WORKSPACE"] = "team-red"
assert client.get_run(active.info.run_id).data.params == {"a": "b"}
os.environ["MLFLOW_WORKSPACE"] = "nowhere"
refused("RESOURCE_DOES_NOT_EXIST", client.search_experiments)
mlflow.set_workspace(None)
refused("INVALID_STATE", mlflow.delete_workspace, "team-red")
roles = {each.name: each for each in auth.list_roles("team-red")}
assert roles.keys() == {"admin", "user"}
refused("RESOURCE_ALREADY_EXISTS", auth.create_role, "team-red", "admin")
auth.assign_role("bob", roles["admin"].id)
sign_in("bob")
assert [each.name for each in mlflow.list_workspaces()] == ["default", "team-red"]
refused("PERMISSION_DENIED", mlflow.create_workspace, "team-blue")
mlflow.set_workspace("team-red")
assert names() == {"shared"}
members = auth.create_role("team-red", "members")
auth.add_role_permission(members.id, "workspace", "*", "USE")
mlflow.set_workspace(None)
sign_in("ada")

# Webhooks

received: list[tuple[dict, bytes]] = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        received.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"thank you")

    def log_message(self, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
events = [
    "registered_model.created", "model_version.created", "model_version_tag.set", "model_version_tag.deleted",
    "model_version_alias.created", "model_version_alias.deleted", "prompt.created", "prompt_version.created",
    "prompt_tag.set", "prompt_tag.deleted", "prompt_version_tag.set", "prompt_version_tag.deleted",
    "prompt_alias.created", "prompt_alias.deleted",
]  # fmt: skip
hook = client.create_webhook(
    "ci", f"http://127.0.0.1:{server.server_port}/", events, secret="s3cret", description="d"
)
assert (hook.name, hook.description, str(hook.status), len(hook.events)) == ("ci", "d", "ACTIVE", 14)
assert client.get_webhook(hook.webhook_id).url == hook.url
assert [each.webhook_id for each in client.list_webhooks()] == [hook.webhook_id]
refused("INVALID_PARAMETER_VALUE", client.create_webhook, "!", hook.url, events)
tried = client.test_webhook(hook.webhook_id)
assert (tried.success, tried.response_status, tried.response_body) == (True, 200, "thank you")
for event in hook.events:
    assert client.test_webhook(hook.webhook_id, event).success
    sent = json.loads(received[-1][1])["data"]
    assert sent.keys() == get_example_payload_for_event(event).keys(), event
received.clear()

client.create_registered_model("classifier", tags={"team": "red"}, description="which one")
client.create_model_version("classifier", source=f"runs:/{run}/model", run_id=run, tags={"a": "b"})
client.set_model_version_tag("classifier", "1", "stage", "test")
client.delete_model_version_tag("classifier", "1", "stage")
client.set_registered_model_alias("classifier", "champion", 1)
client.delete_registered_model_alias("classifier", "champion")
client.register_prompt("greeting", "Hello {{name}}!", tags={"lang": "en"})
client.set_prompt_tag("greeting", "team", "red")
client.delete_prompt_tag("greeting", "team")
client.set_prompt_version_tag("greeting", 1, "ok", "yes")
client.delete_prompt_version_tag("greeting", 1, "ok")
client.set_prompt_alias("greeting", "live", 1)
client.delete_prompt_alias("greeting", "live")


def told() -> list[str]:
    found = [json.loads(body) for _, body in received]
    return [f"{each['entity']}.{each['action']}" for each in found]


deadline = time.monotonic() + 30
while set(told()) < set(events) and time.monotonic() < deadline:
    time.sleep(0.1)
assert set(told()) == set(events), sorted(set(events) - set(told()))
for headers, body in received:
    signature = _generate_hmac_signature(
        "s3cret", headers["X-MLflow-Delivery-Id"], headers["X-MLflow-Timestamp"], body.decode()
    )
    assert headers["X-MLflow-Signature"] == signature
    assert abs(time.time() - int(headers["X-MLflow-Timestamp"])) < 300
version = next(
    json.loads(body)["data"] for _, body in received if b'"model_version", "action": "created"' in body
)
assert version == {
    "name": "classifier", "version": "1", "source": f"runs:/{run}/model", "run_id": run, "tags": {"a": "b"},
    "description": None,
}  # fmt: skip
updated = client.update_webhook(hook.webhook_id, name="new", status="DISABLED", events=["prompt.created"])
assert (updated.name, str(updated.status), len(updated.events), updated.description) == (
    "new",
    "DISABLED",
    1,
    "d",
)
client.delete_webhook(hook.webhook_id)
refused("RESOURCE_DOES_NOT_EXIST", client.get_webhook, hook.webhook_id)
server.shutdown()

store = RestStore(lambda: get_default_host_creds(uri))
assert store.supports_workspaces
print(json.dumps({"experiment": experiment, "red": red.experiment_id, "told": sorted(told())}))
