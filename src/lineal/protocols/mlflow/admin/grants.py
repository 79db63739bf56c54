"""What single users may do: grant, revoke, ask and list."""

from __future__ import annotations

from lineal.catalog.session import Session
from lineal.catalog.values import Standing
from lineal.graph.errors import Conflict, Denied, NotFound
from lineal.graph.model import ByUuid
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import workspace
from lineal.protocols.mlflow.admin import people, permissions, roles, wire
from lineal.protocols.mlflow.admin.permissions import ANY, KINDS, Target
from lineal.protocols.mlflow.errors import EXISTS, MISSING, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, Parameters

_grant = Body(wire.NewPermission)
_revoke = Body(wire.Resource)
_get = Parameters(wire.Resource)
_list = Parameters(wire.Username)
_ALLOWED = ("USE", "EDIT", "MANAGE")


def grant(call: Call) -> Reply:
    """POST users/permissions/grant: by an admin, or by who manages the resource."""
    message = _grant(call)
    target = _target(call.session, message)
    wanted = permissions.new_grant(call.session, message.username, target, message.permission)
    accounts = call.session.catalog.accounts
    try:
        accounts.add_grant(call.session, wanted, alone=True)
    except Conflict:
        raise Refused(EXISTS, f"{_about(message)} already exists.") from None
    except NotFound:
        raise people.unknown(message.username) from None
    return DONE


def revoke(call: Call) -> Reply:
    """POST users/permissions/revoke: by the same."""
    message = _revoke(call)
    wanted = permissions.about(call.session, message.username, _target(call.session, message))
    accounts = call.session.catalog.accounts
    try:
        found = accounts.grants_on(call.session, wanted)
    except NotFound:
        raise people.unknown(message.username) from None
    if not found:
        raise Refused(MISSING, f"{_about(message)} not found.")
    for each in found:
        accounts.remove_grant(call.session, each.id)
    return DONE


def get(call: Call) -> Reply:
    """GET users/permissions/get: what a user may do, by whichever grant."""
    message = _get(call)
    permission = permissions.permission_from(_standing(call.session, message))
    return json_reply({"allowed": permission in _ALLOWED, "permission": permission})


def _standing(session: Session, message: wire.Resource) -> Standing:
    target = _target(session, message)
    permissions.check_target(target)
    own = message.username == session.principal.name
    if not own and session.catalog.accounts.is_admin(session):
        people.find(session, message.username)
    try:
        if target.pattern == ANY:
            return session.standing_in(target.workspace, KINDS[target.type], message.username)
        found = permissions.resource(session, target)
        return session.standing(ByUuid(found.uuid), message.username)
    except (NotFound, Refused):
        if own or session.catalog.accounts.is_admin(session):
            return Standing(None)
        raise Denied(f"{session.principal.name} may ask about no other user") from None


def list_(call: Call) -> Reply:
    """GET users/permissions/list: all that a user holds, by itself and by roles."""
    return _held(call.session, people.find(call.session, _list(call).username).name)


def list_own(call: Call) -> Reply:
    """GET users/current/permissions."""
    return _held(call.session, call.session.principal.name)


def _held(session: Session, name: str) -> Reply:
    accounts = session.catalog.accounts
    is_own = name == session.principal.name
    is_admin = accounts.is_admin(session) if is_own else name in accounts.admins(session)
    found = [
        wire.HeldPermission(
            role.id, role.name, role.workspace, each.resource_type, each.resource_pattern, each.permission
        )
        for role in roles.by_user(session).get(name, [])
        for each in role.permissions
    ]
    return json_reply({"is_admin": is_admin, "permissions": found})


def _target(session: Session, message: wire.Resource) -> Target:
    if message.resource_type == permissions.WORKSPACE:
        raise invalid(
            "resource_type 'workspace' is granted to roles, not to single users: add it to a role of the workspace"
            " and assign that."
        )
    return Target(message.resource_type, message.resource_id, workspace.of(session))


def _about(message: wire.Resource) -> str:
    return (
        f"Permission for user={message.username} on resource_type={message.resource_type},"
        f" resource_id={message.resource_id}"
    )
