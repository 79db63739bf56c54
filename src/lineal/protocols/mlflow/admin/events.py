"""What happens to registered models and prompts, as MLflow tells webhooks of it.

Told is what the history of the graph says, so that a model of another tool's is told of as well. A version or alias
that MLflow sends a message for each time it is asked to set it is told of when it changes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lineal.catalog.session import Session
from lineal.catalog.telling import Listener, Message
from lineal.catalog.values import Event
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.names import TAG
from lineal.graph.mlflow.registry import ALIAS, IS_PROMPT, is_prompt, number_of
from lineal.graph.model import ById, Entity
from lineal.protocols.mlflow.workspace import DEFAULT

ACTIONS = {
    "registered_model": ("created",),
    "model_version": ("created",),
    "model_version_tag": ("deleted", "set"),
    "model_version_alias": ("created", "deleted"),
    "prompt": ("created",),
    "prompt_version": ("created",),
    "prompt_tag": ("deleted", "set"),
    "prompt_version_tag": ("deleted", "set"),
    "prompt_alias": ("created", "deleted"),
    "budget_policy": ("exceeded",),
}
"""What may happen to what. Budgets are for a gateway, which Lineal is not: nothing is ever told of them."""

_THINGS = {
    "registered_model": "registered model",
    "model_version": "model version",
    "prompt": "prompt",
    "prompt_version": "prompt version",
}
"""What may be created with tags and a description, in words."""

_TEXT, _TYPE = "mlflow.prompt.text", "_mlflow_prompt_type"
_SPACE = uuid.UUID("5b0c9a6e-0f8d-4d0c-8f0e-3a4f5f0b7d21")


class Told(NamedTuple):
    """One thing that happened."""

    entity: str
    action: str
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """As a webhook asks for it."""
        return f"{self.entity}.{self.action}"


class MlflowForm:
    """One message for each thing that happened, signed as MLflow's are."""

    kinds: Sequence[str] = ("model", "model_version")

    def messages(
        self, session: Session, listener: Listener, commit: int, events: Sequence[Event]
    ) -> list[Message]:
        """Those that the webhook asked for."""
        wanted = frozenset(listener.options["events"])
        found = [
            (event, number, told)
            for event in events
            for number, told in enumerate(happened(session, event))
            if told.name in wanted
        ]
        return [
            _message(
                listener, told, event.at, f"{listener.id}/{listener.created}/{commit}/{event.number}/{number}"
            )
            for event, number, told in found
        ]

    def example(self, listener: Listener, about: str) -> Message:
        """Something that might have happened to an example."""
        entity, _, action = (about or listener.options["events"][0]).partition(".")
        return _message(listener, example(entity, action), _now(), uuid.uuid4().hex)


def happened(session: Session, event: Event) -> Iterator[Told]:
    """What an event of the history means to MLflow; nothing when its entity is gone."""
    if event.action not in ("created", "updated"):
        return
    try:
        entity = session.as_of_event(event, ById(event.entity))
        model = entity if entity.kind == "model" else session.as_of_event(event, ById(entity.home or 0))
    except NotFound:
        return
    if event.action == "created":
        yield _created(entity, model)
    else:
        yield from _changed(entity, model, event.after.get("properties", {}))


def _created(entity: Entity, model: Entity) -> Told:
    tags = {key[len(TAG) :]: str(value) for key, value in entity.properties.items() if key.startswith(TAG)}
    description = str(entity.properties.get("description") or "")
    prompt = is_prompt(model.properties)
    text = tags.pop(_TEXT, None) if prompt else None
    if prompt:
        tags = {key: value for key, value in tags.items() if key not in (IS_PROMPT, _TYPE)}
    if entity is model:
        data = {"name": model.name, "tags": tags, "description": description}
        return Told("prompt" if prompt else "registered_model", "created", data)
    version = {"name": model.name, "version": str(number_of(entity))}
    rest = {"tags": tags, "description": description or None}
    if prompt:
        return Told("prompt_version", "created", {**version, "template": text, **rest})
    made_of = {"source": _text(entity, "source") or "", "run_id": _text(entity, "run_id")}
    return Told("model_version", "created", {**version, **made_of, **rest})


def _text(entity: Entity, key: str) -> str | None:
    value = entity.properties.get(key)
    return None if value is None else str(value)


def _changed(entity: Entity, model: Entity, after: dict[str, Any]) -> Iterator[Told]:
    """Tags and aliases that were set or taken away. MLflow tells nothing of the tags of a registered model."""
    prompt, whose = is_prompt(model.properties), {"name": model.name}
    if entity is not model:
        whose["version"] = str(number_of(entity))
    for key, value in after.items():
        if key.startswith(TAG) and (prompt or entity is not model):
            what = ("prompt" if prompt else "model") + ("_tag" if entity is model else "_version_tag")
            yield _tag(what, {**whose, "key": key[len(TAG) :]}, value)
        elif key.startswith(ALIAS) and entity is model:
            yield _alias("prompt_alias" if prompt else "model_version_alias", whose, key[len(ALIAS) :], value)


def _tag(what: str, about: dict[str, Any], value: Any) -> Told:
    if value is None:
        return Told(what, "deleted", about)
    return Told(what, "set", {**about, "value": str(value)})


def _alias(what: str, whose: dict[str, str], alias: str, value: Any) -> Told:
    if value is None:
        return Told(what, "deleted", {**whose, "alias": alias})
    return Told(what, "created", {**whose, "alias": alias, "version": str(value)})


def example(entity: str, action: str) -> Told:
    """Something that might have happened."""
    kind = "prompt" if entity.startswith("prompt") else "model"
    data: dict[str, Any] = {"name": f"example_{kind}"}
    if "version" in entity and "alias" not in entity:
        data["version"] = "1"
    if entity == "model_version":
        data |= {"source": "models:/123", "run_id": "abcd1234abcd5678"}
    if entity == "prompt_version":
        data["template"] = "Hello {{name}}!"
    if entity.endswith("tag"):
        data["key"] = "example_key"
    if entity.endswith("alias"):
        data["alias"] = "example_alias"
    match action:
        case "set":
            data["value"] = "example_value"
        case "created" if entity.endswith("alias"):
            data["version"] = "1"
        case "created":
            data |= {"tags": {"example_key": "example_value"}, "description": f"An example {_THINGS[entity]}"}
    return Told(entity, action, data)


def _message(listener: Listener, told: Told, at: int, key: str) -> Message:
    """The POST that tells it. `key` makes a repeated delivery the same as before."""
    delivery = str(uuid.uuid5(_SPACE, key))
    happened_at = datetime.fromtimestamp(at / 1000, UTC).isoformat()
    body = json.dumps(
        {
            "entity": told.entity,
            "action": told.action,
            "timestamp": happened_at,
            "data": told.data,
            "workspace": listener.namespace or DEFAULT,
        }
    ).encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Lineal-Webhook",
        "X-MLflow-Delivery-Id": delivery,
        "X-MLflow-Timestamp": stamp,
    }
    if listener.secret:
        headers["X-MLflow-Signature"] = sign(listener.secret, delivery, stamp, body)
    return Message(body, headers)


def sign(secret: str, delivery: str, stamp: str, body: bytes) -> str:
    """The signature by which a receiver knows who sent a message, when, and that it is the whole one."""
    signed = f"{delivery}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def _now() -> int:
    return time.time_ns() // 1_000_000
