"""Roles, which are groups with grants: make, read, change and delete them, what they may do, and who has them.

A role of the default workspace is the group of its name; one of another workspace the group `WORKSPACE/NAME`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lineal.catalog.session import Session
from lineal.catalog.values import Grant, User
from lineal.graph.errors import Conflict, Denied, NotFound
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.admin import permissions, wire
from lineal.protocols.mlflow.admin.people import find as find_user
from lineal.protocols.mlflow.admin.permissions import Target
from lineal.protocols.mlflow.errors import EXISTS, MISSING, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, Parameters, query_of
from lineal.protocols.mlflow.workspace import DEFAULT

_RESERVED = "__user_"

_create = Body(wire.NewRole)
_get = Parameters(wire.RoleId)
_update = Body(wire.ChangedRole)
_delete = Body(wire.RoleId)
_add = Body(wire.NewRolePermission)
_remove = Body(wire.RolePermissionId)
_change = Body(wire.ChangedRolePermission)
_assign = Body(wire.RoleOfUser)
_of_user = Parameters(wire.Username)


def create(call: Call) -> Reply:
    """POST roles/create."""
    message = _create(call)
    name, where = _checked(message.name), message.workspace
    if not where.strip():
        raise invalid("Workspace cannot be empty.")
    if not call.session.within(None).enters(where):
        call.session.catalog.accounts.require_admin(call.session)
        raise invalid(f"Workspace '{where}' does not exist.")
    try:
        group = call.session.catalog.accounts.add_user(
            call.session,
            _group(name, where),
            None,
            "group",
            namespace=where,
            description=message.description or "",
        )
    except Conflict:
        raise Refused(EXISTS, f"Role (name={name}, workspace={where}) already exists.") from None
    return json_reply({"role": _message(group, [])})


def get(call: Call) -> Reply:
    """GET roles/get."""
    return json_reply({"role": _whole(call.session, find(call.session, _get(call).role_id))})


def list_(call: Call) -> Reply:
    """GET roles/list: of the workspaces that are named, or as admin all."""
    wanted = query_of(call).get("workspace", [])
    if not all(each.strip() for each in wanted):
        raise invalid("Parameter 'workspace' must be a non-empty string when provided.")
    accounts = call.session.catalog.accounts
    groups = [each for each in accounts.users(call.session) if each.category == "group"]
    if not set(wanted) <= {_workspace(each) for each in groups} or not wanted:
        accounts.require_admin(call.session)
    shown = [each for each in groups if not wanted or _workspace(each) in wanted]
    return json_reply({"roles": _messages(call.session, shown)})


def update(call: Call) -> Reply:
    """PATCH roles/update: another name or description."""
    message = _update(call)
    if message.name is None and message.description is None:
        raise invalid("At least one of 'name' or 'description' must be provided to update a role.")
    group = find(call.session, message.role_id)
    where = _workspace(group)
    name = _name(group) if message.name is None else _checked(message.name)
    described = group.description if message.description is None else message.description
    new_name = group.name if message.name is None else _group(name, where)
    try:
        call.session.catalog.accounts.describe_group(call.session, group.name, new_name, described)
    except Conflict:
        raise Refused(EXISTS, f"Role with name={name} already exists in workspace={where}") from None
    return json_reply({"role": _whole(call.session, find(call.session, group.id))})


def delete(call: Call) -> Reply:
    """DELETE roles/delete."""
    group = find(call.session, _delete(call).role_id)
    call.session.catalog.accounts.remove_user(call.session, group.name)
    return DONE


# What a role may do


def add_permission(call: Call) -> Reply:
    """POST roles/permissions/add."""
    message = _add(call)
    group = find(call.session, message.role_id)
    target = Target(message.resource_type, message.resource_pattern, _workspace(group))
    grant = permissions.new_grant(
        call.session.within(target.workspace), group.name, target, message.permission
    )
    try:
        made = call.session.catalog.accounts.add_grant(call.session, grant, alone=True)
    except Conflict:
        what = f"role_id={group.id}, resource_type={target.type}, resource_pattern={target.pattern}"
        raise Refused(EXISTS, f"Role permission ({what}) already exists.") from None
    return json_reply({"role_permission": _permission(made, group.id, target)})


def remove_permission(call: Call) -> Reply:
    """DELETE roles/permissions/remove."""
    number = _remove(call).role_permission_id
    try:
        call.session.catalog.accounts.remove_grant(call.session, number)
    except NotFound:
        raise _no_permission(number) from None
    return DONE


def list_permissions(call: Call) -> Reply:
    """GET roles/permissions/list."""
    group = find(call.session, _get(call).role_id)
    return json_reply({"role_permissions": _whole(call.session, group).permissions})


def update_permission(call: Call) -> Reply:
    """PATCH roles/permissions/update: another permission on the same."""
    message = _change(call)
    accounts = call.session.catalog.accounts
    before = next(
        (each for each in accounts.grants(call.session) if each.id == message.role_permission_id), None
    )
    if before is None:
        accounts.require_admin(call.session)
        raise _no_permission(message.role_permission_id)
    target = permissions.targets(call.session, [before])[before.id]
    role, deny, note = permissions.said(message.permission, target.type)
    after = accounts.change_grant(call.session, before.id, role, deny=deny, note=note)
    holder = next(each.id for each in accounts.users(call.session) if each.name == before.principal)
    return json_reply({"role_permission": _permission(after, holder, target)})


# Who has a role


def assign(call: Call) -> Reply:
    """POST roles/assign."""
    message = _assign(call)
    group = find(call.session, message.role_id)
    user = find_user(call.session, message.username)
    if not call.session.catalog.accounts.add_member(call.session, user.name, group.name):
        what = f"user_id={user.id}, role_id={group.id}"
        raise Refused(EXISTS, f"User role assignment ({what}) already exists")
    return json_reply({"assignment": _assignment(user, group)})


def unassign(call: Call) -> Reply:
    """DELETE roles/unassign."""
    message = _assign(call)
    group = find(call.session, message.role_id)
    user = find_user(call.session, message.username)
    if not call.session.catalog.accounts.remove_member(call.session, user.name, group.name):
        what = f"user_id={user.id}, role_id={group.id}"
        raise Refused(MISSING, f"User role assignment ({what}) not found")
    return DONE


def list_of_user(call: Call) -> Reply:
    """GET users/roles/list."""
    user = find_user(call.session, _of_user(call).username)
    return json_reply({"roles": by_user(call.session)[user.name]})


def list_users(call: Call) -> Reply:
    """GET roles/users/list: those who have a role, as far as the caller may see them."""
    group = find(call.session, _get(call).role_id)
    users = call.session.catalog.accounts.users(call.session)
    found = [_assignment(user, group) for user in users if group.name in user.groups]
    return json_reply({"assignments": found})


def find(session: Session, number: int) -> User:
    """A role whom the caller may see.

    Raises:
        Denied: to others it is not told whether there is one.
        Refused: there is none.
    """
    for group in session.catalog.accounts.users(session):
        if group.id == number and group.category == "group":
            return group
    if not session.catalog.accounts.is_admin(session):
        raise Denied(f"{session.principal.name} may see no other role")
    raise Refused(MISSING, f"Role with id={number} not found")


def by_user(session: Session) -> dict[str, list[wire.Role]]:
    """The roles of each user whom the caller may see, with what was granted to the user alone as one more.

    MLflow calls that one `__user_ID__`, and so it is called here.
    """
    everybody = session.catalog.accounts.users(session)
    roles = {
        each.id: each for each in _messages(session, [each for each in everybody if each.category == "group"])
    }
    groups = {each.name: each.id for each in everybody if each.category == "group"}
    users = [each for each in everybody if each.category == "user"]
    own = _own_roles(session, users)
    return {
        user.name: [*own[user.name], *(roles[groups[name]] for name in user.groups if name in groups)]
        for user in users
    }


def _own_roles(session: Session, users: Iterable[User]) -> dict[str, list[wire.Role]]:
    """What was granted to each user alone, by workspace."""
    numbers = {user.name: user.id for user in users}
    grants = [each for each in _sayable(session) if each.principal in numbers]
    targets = permissions.targets(session, grants)
    found: dict[str, dict[str, wire.Role]] = defaultdict(dict)
    for grant in grants:
        number, target = numbers[grant.principal], targets[grant.id]
        empty = wire.Role(number, f"{_RESERVED}{number}__", target.workspace, None, [])
        role = found[grant.principal].setdefault(target.workspace, empty)
        role.permissions.append(_permission(grant, number, target))
    return defaultdict(list, {name: list(roles.values()) for name, roles in found.items()})


def _messages(session: Session, groups: Iterable[User]) -> list[wire.Role]:
    by_name = {group.name: group for group in groups}
    grants = [each for each in _sayable(session) if each.principal in by_name]
    targets = permissions.targets(session, grants)
    held: dict[str, list[wire.RolePermission]] = defaultdict(list)
    for grant in grants:
        held[grant.principal].append(_permission(grant, by_name[grant.principal].id, targets[grant.id]))
    return [_message(group, held[name]) for name, group in by_name.items()]


def _sayable(session: Session) -> list[Grant]:
    """Grants but those that make an admin, which MLflow tells of the user."""
    found = session.catalog.accounts.grants(session)
    return [
        each for each in found if each.target != "store" or each.deny or each.role not in ("admin", "owner")
    ]


def _whole(session: Session, group: User) -> wire.Role:
    return _messages(session, [group])[0]


def _message(group: User, held: list[wire.RolePermission]) -> wire.Role:
    return wire.Role(group.id, _name(group), _workspace(group), group.description or None, held)


def _permission(grant: Grant, role: int, target: Target) -> wire.RolePermission:
    return wire.RolePermission(grant.id, role, target.type, target.pattern, permissions.permission_of(grant))


def _assignment(user: User, group: User) -> wire.Assignment:
    """With a number of its own, made of both."""
    total = user.id + group.id
    return wire.Assignment(total * (total + 1) // 2 + group.id, user.id, group.id)


def _no_permission(number: int) -> Refused:
    return Refused(MISSING, f"Role permission with id={number} not found")


def _checked(name: str) -> str:
    if not name.strip():
        raise invalid("Role name cannot be empty.")
    if name.startswith(_RESERVED):
        raise invalid(f"Role name {name!r} uses the reserved '{_RESERVED}' prefix. Choose a different name.")
    return name


def _group(name: str, where: str) -> str:
    return name if where == DEFAULT else f"{where}/{name}"


def _name(group: User) -> str:
    return group.name.removeprefix(f"{group.namespace}/") if group.namespace else group.name


def _workspace(group: User) -> str:
    return group.namespace or DEFAULT
