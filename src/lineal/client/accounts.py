"""Users, groups, tokens and grants: for admins, and for others what is their own or in their hands."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

import msgspec

from lineal.catalog.values import Grant, Role, Token, User
from lineal.client.connection import Connection

GrantTarget = Literal["store", "namespace", "kind", "classification", "entity"]


class NewToken(msgspec.Struct, omit_defaults=True):
    """A token just made: the only time that its secret is shown."""

    secret: str
    id: int = 0
    name: str = ""
    expires: int | None = None


class Accounts:
    """Who there is and what they may do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def users(self) -> list[User]:
        """Every user and group."""
        return self._connection.get("/users", dict[str, list[User]])["users"]

    def add_user(
        self,
        name: str,
        password: str | None = None,
        category: Literal["user", "group"] = "user",
        *,
        admin: bool = False,
    ) -> User:
        """Make an account, or a group of accounts; an `admin` may do everything.

        Raises:
            Conflict: the name is taken, or the first account would be a group.
        """
        body = _given(name=name, password=password, category=category, admin=admin)
        return self._connection.post("/users", User, body)

    def remove_user(self, name: str) -> None:
        """Remove an account or group with its tokens and grants."""
        self._connection.send("DELETE", f"/users/{_quoted(name)}")

    def set_password(self, name: str, password: str) -> None:
        """Give an account a new password."""
        body = msgspec.json.encode({"password": password})
        self._connection.send("PUT", f"/users/{_quoted(name)}/password", body=body)

    def add_member(self, group: str, user: str) -> None:
        """Put a user into a group."""
        body = msgspec.json.encode({"user": user})
        self._connection.send("POST", f"/groups/{_quoted(group)}/members", body=body)

    def remove_member(self, group: str, user: str) -> None:
        """Take a user out of a group."""
        self._connection.send("DELETE", f"/groups/{_quoted(group)}/members/{_quoted(user)}")

    def tokens(self, user: str) -> list[Token]:
        """A user's tokens, without their secrets."""
        return self._connection.get(f"/users/{_quoted(user)}/tokens", dict[str, list[Token]])["tokens"]

    def create_token(self, user: str, name: str = "", expires: int | None = None) -> NewToken:
        """Make a token; its secret is never shown again. `expires`: milliseconds since the epoch."""
        body = _given(name=name, expires=expires)
        return self._connection.post(f"/users/{_quoted(user)}/tokens", NewToken, body)

    def revoke_token(self, token: int) -> None:
        """Make a token, by its id, worthless at once."""
        self._connection.send("DELETE", f"/tokens/{token}")

    def grants(self) -> list[Grant]:
        """Every grant."""
        return self._connection.get("/grants", dict[str, list[Grant]])["grants"]

    def grant(
        self,
        principal: str,
        role: Role,
        target: GrantTarget = "store",
        value: str = "",
        *,
        kind: str = "",
        deny: bool = False,
        valid_until: int | None = None,
    ) -> Grant:
        """Allow, or with `deny` forbid, a user or group to act in a role.

        Args:
            principal: name of the user or group.
            role: viewer, contributor, editor, admin or owner.
            target: what it is about: the whole store, a namespace, a kind, a classification or one entity.
            value: the name of that, an entity's uuid, or nothing for the store.
            kind: of a namespace, only entities of this kind and what they contain.
            deny: forbid, which wins over every permission.
            valid_until: milliseconds since the epoch.
        """
        about = {"principal": principal, "role": role, "target": target, "value": value, "deny": deny}
        more = _given(kind=kind or None, valid_until=valid_until)
        return self._connection.post("/grants", Grant, about | more)

    def revoke(self, grant: int) -> None:
        """Remove a grant by its id."""
        self._connection.send("DELETE", f"/grants/{grant}")


def _given(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _quoted(name: str) -> str:
    return quote(name, safe="")
