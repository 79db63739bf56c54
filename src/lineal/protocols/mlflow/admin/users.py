"""Accounts: make, read, list and delete them, passwords, and who is admin."""

from __future__ import annotations

import asyncio

from lineal.catalog.session import Session
from lineal.catalog.values import User
from lineal.graph.errors import Conflict, NotFound, Unauthenticated
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow.admin import roles, wire
from lineal.protocols.mlflow.admin.around import server
from lineal.protocols.mlflow.admin.people import find, unknown
from lineal.protocols.mlflow.errors import EXISTS, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, Parameters

_create = Body(wire.NewUser)
_get = Parameters(wire.Username)
_password = Body(wire.NewPassword)
_admin = Body(wire.NewAdmin)
_delete = Body(wire.Username)


def create(call: Call) -> Reply:
    """POST users/create. The first account owns the store, as in every protocol."""
    message = _create(call)
    accounts = call.session.catalog.accounts
    try:
        user = accounts.add_user(call.session, message.username, message.password, owner=not accounts.exist())
    except Conflict:
        raise Refused(EXISTS, f"User (username={message.username}) already exists.") from None
    _forget(call)
    return json_reply({"user": _message(call.session, user)})


def get(call: Call) -> Reply:
    """GET users/get: oneself, or anybody as admin."""
    return json_reply({"user": _message(call.session, find(call.session, _get(call).username))})


def list_(call: Call) -> Reply:
    """GET users/list: all with their roles; only oneself without the right to see others."""
    session = call.session
    users = [user for user in session.catalog.accounts.users(session) if user.category == "user"]
    admins, held = session.catalog.accounts.admins(session), roles.by_user(session)
    found = [wire.UserWithRoles(each.id, each.name, each.name in admins, held[each.name]) for each in users]
    return json_reply({"users": found})


def current(call: Call) -> Reply:
    """GET users/current: who asks."""
    session, who = call.session, call.session.principal
    user = wire.User(who.id, who.name, session.catalog.accounts.is_admin(session))
    return json_reply({"user": user, "is_basic_auth": not who.everything})


async def update_password(call: Call) -> Reply:
    """PATCH users/update-password. One's own is changed only by who knows it."""
    message = _password(call)
    if message.username == call.session.principal.name:
        await _require_current(call, message)
    accounts = call.session.catalog.accounts
    try:
        await asyncio.to_thread(accounts.set_password, call.session, message.username, message.password)
    except NotFound:
        raise unknown(message.username) from None
    _forget(call)
    return DONE


async def _require_current(call: Call, message: wire.NewPassword) -> None:
    if not message.current_password:
        raise invalid("Current password is required when changing your own password.")
    try:
        await server(call).sign_in(message.username, message.current_password, call.client)
    except Unauthenticated as error:
        raise invalid(f"Current password does not match: {error}.") from None
    if message.password == message.current_password:
        raise invalid("New password must differ from the current password.")


def update_admin(call: Call) -> Reply:
    """PATCH users/update-admin."""
    message = _admin(call)
    try:
        call.session.catalog.accounts.set_admin(call.session, message.username, admin=message.is_admin)
    except NotFound:
        raise unknown(message.username) from None
    return DONE


def delete(call: Call) -> Reply:
    """DELETE users/delete."""
    name, accounts = _delete(call).username, call.session.catalog.accounts
    if name == call.session.principal.name:
        raise Refused("BAD_REQUEST", "Users cannot delete their own account. Ask another admin to delete it.")
    accounts.require_admin(call.session)
    find(call.session, name)
    accounts.remove_user(call.session, name)
    _forget(call)
    return DONE


def _message(session: Session, user: User) -> wire.User:
    return wire.User(user.id, user.name, user.name in session.catalog.accounts.admins(session))


def _forget(call: Call) -> None:
    """Credentials that were looked up before may be others now."""
    if call.host is not None:
        call.host.forget()
