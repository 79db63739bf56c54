"""Workspaces: list, create, read, change and delete. What one limits is told in `lineal.protocols.mlflow.workspace`."""

from __future__ import annotations

import contextlib
import re
from urllib.parse import urlsplit

from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Role
from lineal.graph.change import Absent, AnyOperation, Change, Expect, Present, PutEntity, Remove
from lineal.graph.errors import Conflict, ExpectationFailed, Invalid
from lineal.graph.model import Entity, Properties
from lineal.graph.query import Attribute, Compare, Query, all_of, attribute
from lineal.graph.types import WORKSPACE
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.admin import wire
from lineal.protocols.mlflow.errors import EXISTS, INVALID_STATE, Refused, invalid
from lineal.protocols.mlflow.requests import Body, query_of
from lineal.protocols.mlflow.validate import own_host
from lineal.protocols.mlflow.workspace import ARTIFACT_ROOT, DEFAULT, check_name, missing, ref

DESCRIPTION, LOCATION, RETENTION = "description", "trace_archive_location", "trace_archive_retention"
MODES = ("SET_DEFAULT", "CASCADE", "RESTRICT")
ROLES: dict[str, tuple[Role, str]] = {
    "admin": ("owner", "Manages the workspace, its roles and all that is in it."),
    "user": ("contributor", "Sees all of the workspace, makes things there and manages those."),
}

_RETENTION = re.compile(r"[1-9]\d*[mhd]")
_ABOUT_DEFAULT = "What no other workspace holds"
_MOST = 1000
_ACTIVE = Present(kind=WORKSPACE)

_create = Body(wire.NewWorkspace)
_update = Body(wire.ChangedWorkspace)


def list_(call: Call) -> Reply:
    """GET workspaces: those in which the caller may see anything."""
    session = call.session.within(None)
    entities = {each.name: each for each in _entities(session)}
    found = [_message(name, entities.get(name)) for name in session.workspaces()]
    return json_reply({"workspaces": found} if found else {})


def create(call: Call) -> Reply:
    """POST workspaces. One that was deleted with its content left takes that up again."""
    message = _create(call)
    if message.name == DEFAULT:
        raise invalid(f"The '{DEFAULT}' workspace is reserved and cannot be created")
    check_name(message.name)
    session, properties = call.session.within(None), _properties(message)
    put = _put(
        message.name, {DESCRIPTION: None, ARTIFACT_ROOT: None, LOCATION: None, RETENTION: None} | properties
    )
    try:
        session.commit(Change([Expect(ref(message.name), Absent(), "workspace"), put]))
    except ExpectationFailed as error:
        if error.actual != "deleted":
            raise Refused(EXISTS, f"Workspace '{message.name}' already exists.") from None
        session.commit(Change([Expect(ref(message.name), Present(states=["deleted"])), put]))
    _add_roles(session, message.name)
    return json_reply({"workspace": _message(message.name, session.get(ref(message.name)))}, 201)


def _add_roles(session: Session, name: str) -> None:
    """The two roles that MLflow gives each new workspace, for an admin to hand out."""
    accounts = session.catalog.accounts
    for role, (acts_as, description) in ROLES.items():
        group = f"{name}/{role}"
        with contextlib.suppress(Conflict):
            accounts.add_user(session, group, None, "group", namespace=name, description=description)
            accounts.add_grant(session, Grant(0, group, acts_as, "namespace", name))


def get(call: Call) -> Reply:
    """GET workspaces/{workspace_name}."""
    name, session = _name(call), call.session.within(None)
    if not session.enters(name):
        raise missing(name)
    return json_reply({"workspace": _message(name, _entity(session, name))})


def update(call: Call) -> Reply:
    """PATCH workspaces/{workspace_name}."""
    name, session = _name(call), call.session.within(None)
    properties = _properties(_update(call))
    if not properties:
        raise invalid("Workspace update must have at least one key")
    if not session.enters(name):
        raise missing(name)
    # Of the default workspace there is no entity until something is said about it.
    there: list[AnyOperation] = [] if name == DEFAULT else [Expect(ref(name), _ACTIVE, "workspace")]
    session.commit(Change([*there, _put(name, properties)]))
    return json_reply({"workspace": _message(name, session.get(ref(name)))})


def delete(call: Call) -> Reply:
    """DELETE workspaces/{workspace_name}: an empty one, one with all it holds, or just the limit around that."""
    name, session = call.path_params["workspace_name"], call.session.within(None)
    if name == DEFAULT:
        raise invalid(f"The '{DEFAULT}' workspace is reserved and cannot be deleted")
    check_name(name)
    mode = query_of(call).get("mode", ["RESTRICT"])[0]
    if mode not in MODES:
        raise invalid(f"Invalid deletion mode '{mode}'. Must be one of: {', '.join(MODES)}")
    if not session.enters(name):
        raise missing(name)
    if mode == "SET_DEFAULT":
        _refuse_conflicts(session, name)
    remove = Remove(ref(name), hard=mode != "SET_DEFAULT", cascade=mode == "CASCADE")
    try:
        session.commit(Change([Expect(ref(name), _ACTIVE, "workspace"), remove]))
    except Invalid as error:
        raise Refused(INVALID_STATE, f"Cannot delete workspace '{name}': {error}.") from None
    return Reply(204)


def _refuse_conflicts(session: Session, name: str) -> None:
    """What would then be there twice of one name."""
    conflicts = []
    for kind in ("experiment", "model"):
        held = _names(session, kind, attribute("namespace", "=", name))
        default = session.within(DEFAULT)
        taken = _names(default, kind, Compare(Attribute("name"), "in", [*sorted(held)])) if held else set()
        conflicts += [f"{kind} {each!r}" for each in sorted(taken)]
    if conflicts:
        raise Refused(
            INVALID_STATE,
            f"Cannot reassign resources from workspace '{name}' to '{DEFAULT}', where there are already:"
            f" {', '.join(conflicts)}. Rename or remove them before retrying.",
        )


def _names(session: Session, kind: str, condition: Compare) -> set[str]:
    query = Query(kinds=[kind], where=all_of(condition), state="all", limit=_MOST, parts=[])
    return {each.name for each in session.find(query).entities}


def _name(call: Call) -> str:
    name = call.path_params["workspace_name"]
    if name != DEFAULT:
        check_name(name)
    return name


def _put(name: str, properties: Properties) -> PutEntity:
    return PutEntity(ref(name), kind=WORKSPACE, name=name, unique=True, state="active", properties=properties)


def _entities(session: Session) -> list[Entity]:
    return session.find(Query(kinds=[WORKSPACE], limit=_MOST, parts=["properties"])).entities


def _entity(session: Session, name: str) -> Entity | None:
    return session.look_up(ref(name), ("properties",))


def _properties(message: wire.NewWorkspace | wire.ChangedWorkspace) -> Properties:
    """What a message says about a workspace; an empty text takes away what was said before."""
    archive = message.trace_archival_config or wire.TraceArchival()
    given = {
        DESCRIPTION: message.description,
        ARTIFACT_ROOT: _root(message.default_artifact_root),
        LOCATION: archive.location and archive.location.strip(),
        RETENTION: _retention(archive.retention),
    }
    return {key: value or None for key, value in given.items() if value is not None}


def _root(given: str | None) -> str | None:
    root = given.strip() if given is not None else None
    if root and not urlsplit(root).scheme and not root.startswith("/"):
        raise invalid(
            "Invalid value for 'default_artifact_root'. Expected a URI (for example 's3://bucket/prefix')"
            f" or an absolute path, got '{root}'."
        )
    own_host(root or "", "", "default_artifact_root")
    if root and urlsplit(root).fragment:
        raise invalid("'default_artifact_root' URL can't include fragments or params.")
    return root


def _retention(given: str | None) -> str | None:
    retention = given.strip() if given is not None else None
    if retention and not _RETENTION.fullmatch(retention):
        raise invalid(
            f"Invalid trace_archival_config.retention '{retention}': expected a duration such as '30d'."
        )
    return retention


def _message(name: str, entity: Entity | None) -> wire.Workspace:
    said = {key: str(value) for key, value in (entity.properties if entity else {}).items()}
    archive = wire.TraceArchival(said.get(LOCATION), said.get(RETENTION))
    return wire.Workspace(
        name,
        said.get(DESCRIPTION) or (_ABOUT_DEFAULT if name == DEFAULT else None),
        said.get(ARTIFACT_ROOT),
        archive if archive != wire.TraceArchival() else None,
    )
