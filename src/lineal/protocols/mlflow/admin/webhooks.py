"""Webhooks for the registry: create, read, list, change, delete, try out. What they are told is in `events`."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from lineal.catalog.session import Session
from lineal.catalog.telling import Listener
from lineal.catalog.webhooks import Webhooks
from lineal.graph.errors import NotFound
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import workspace
from lineal.protocols.mlflow.admin import wire
from lineal.protocols.mlflow.admin.around import server
from lineal.protocols.mlflow.admin.events import ACTIONS
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, Parameters

FORM = "mlflow"
_NAME = re.compile(r"(?=.{1,63}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)
_ENTITIES = dict(enumerate(ACTIONS, 1))
_VERBS = dict(enumerate(("created", "updated", "deleted", "set", "exceeded"), 1))
_STATUS = {1: "ACTIVE", 2: "DISABLED"}
_PAGE, _MOST = 100, 1000
_SCHEMES = ("http", "https")

_create = Body(wire.NewWebhook)
_list = Parameters(wire.ListWebhooks)
_update = Body(wire.ChangedWebhook)
_test = Body(wire.TestWebhook)


def create(call: Call) -> Reply:
    """POST webhooks."""
    message = _create(call)
    options = {
        "name": _name(message.name),
        "description": message.description,
        "events": _events(message.events),
    }
    hooks, session = _hooks(call)
    active = _status(message.status) == "ACTIVE"
    made = hooks.add_listener(session, FORM, _url(message.url), message.secret, options, active=active)
    return json_reply({"webhook": _message(made)})


def list_(call: Call) -> Reply:
    """GET webhooks, the newest first."""
    message = _list(call)
    limit = message.max_results or _PAGE
    if not 1 <= limit <= _MOST:
        raise invalid(f"max_results must be between 1 and {_MOST}.")
    hooks, session = _hooks(call)
    start = _offset(message.page_token)
    found = hooks.listeners(session, FORM)[start : start + limit + 1]
    token = _token(start + limit) if len(found) > limit else ""
    return json_reply(wire.Webhooks([_message(each) for each in found[:limit]], token))


def get(call: Call) -> Reply:
    """GET webhooks/{webhook_id}."""
    return json_reply({"webhook": _message(_find(call))})


def update(call: Call) -> Reply:
    """PATCH webhooks/{webhook_id}: what is given."""
    message, number = _update(call), _find(call).id
    given = {
        "name": _name(message.name) if message.name else None,
        "description": message.description,
        "events": _events(message.events) if message.events else None,
    }
    hooks, session = _hooks(call)
    changed = hooks.change_listener(
        session,
        FORM,
        number,
        url=_url(message.url) if message.url else None,
        secret=message.secret,
        active=None if message.status is None else _status(message.status) == "ACTIVE",
        options={key: value for key, value in given.items() if value is not None},
    )
    return json_reply({"webhook": _message(changed)})


def delete(call: Call) -> Reply:
    """DELETE webhooks/{webhook_id}."""
    number = _find(call).id
    hooks, session = _hooks(call)
    hooks.remove(session, number)
    return DONE


def test(call: Call) -> Reply:
    """POST webhooks/{webhook_id}/test: send an example of what it asked for, or of another event."""
    about, number = _test(call).event, _find(call).id
    hooks, session = _hooks(call)
    outcome = hooks.try_listener(session, FORM, number, _event(about) if about is not None else "")
    unanswered = outcome.error and not outcome.status
    error = f"Failed to test webhook: {outcome.error}" if unanswered else ""
    result = wire.TestResult(not outcome.error, outcome.status, outcome.body, error)
    return json_reply({"result": result})


def _hooks(call: Call) -> tuple[Webhooks, Session]:
    """The webhooks, and the session limited to the workspace whose they are."""
    return server(call).webhooks, call.session.within(workspace.of(call.session))


def _find(call: Call) -> Listener:
    """The webhook that the path names; Refused when there is none in this workspace."""
    number, (hooks, session) = call.path_params["webhook_id"], _hooks(call)
    try:
        return hooks.listener(session, FORM, int(number) if number.isdecimal() and len(number) < 19 else 0)
    except NotFound:
        raise Refused(MISSING, f"Webhook with ID {number} not found.") from None


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise invalid(
            f"Webhook name {name!r} is invalid. It must start and end with a letter or digit, be less than 63"
            " characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."
        )
    return name


def _url(url: str) -> str:
    """A URL that is one; where it may lead is decided where it is called."""
    if not url.strip():
        raise invalid(f"Webhook URL cannot be empty or just whitespace: {url!r}")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise invalid(f"Invalid webhook URL {url!r}: {error}") from None
    if parts.scheme not in _SCHEMES:
        raise invalid(
            f"Invalid webhook URL scheme: {parts.scheme!r}. Allowed schemes are: {', '.join(_SCHEMES)}."
        )
    return url


def _events(events: Sequence[wire.WebhookEvent]) -> list[str]:
    if not events:
        raise invalid("Webhook events must be a non-empty list of WebhookEvent objects: [].")
    return list(dict.fromkeys(map(_event, events)))


def _event(event: wire.WebhookEvent) -> str:
    entity, action = _enum(event.entity, _ENTITIES, "entity"), _enum(event.action, _VERBS, "action")
    if action not in ACTIONS[entity]:
        raise invalid(
            f"Invalid action '{action}' for entity '{entity}'. Valid actions are: {list(ACTIONS[entity])}"
        )
    return f"{entity}.{action}"


def _status(value: int | str) -> str:
    return _enum(value, {number: name.lower() for number, name in _STATUS.items()}, "status").upper()


def _enum(value: int | str, names: dict[int, str], parameter: str) -> str:
    """A name of an enumeration, which may come by number and in capitals."""
    found = names.get(int(value)) if str(value).isdecimal() else str(value).lower()
    if found not in names.values():
        raise invalid(f"Invalid value {value!r} for parameter '{parameter}' supplied.")
    return str(found)


def _message(hook: Listener) -> wire.Webhook:
    options = hook.options
    events = [
        dict(zip(("entity", "action"), each.upper().split("."), strict=True)) for each in options["events"]
    ]
    status = "ACTIVE" if hook.active else "DISABLED"
    return wire.Webhook(
        str(hook.id),
        options["name"],
        hook.url,
        events,
        status,
        hook.created,
        hook.updated,
        options["description"],
    )


def _token(offset: int) -> str:
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        return max(int(json.loads(base64.b64decode(token, validate=True))["offset"]), 0)
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError):
        raise invalid("Invalid page token, could not be decoded") from None
