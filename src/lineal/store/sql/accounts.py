"""Principals, tokens and grants."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.store.base import Connection, Row
from lineal.store.sql.counters import take


def add_principal(cx: Connection, row: Sequence[object]) -> int:
    """A user or a group: name, category, password, created, namespace, description; answers its id."""
    number = take(cx, "principal")
    cx.execute(
        "INSERT INTO principal (id, name, category, password, active, created, namespace, description)"
        " VALUES (?, ?, ?, ?, 1, ?, ?, ?)",
        (number, *row),
    )
    return number


def principal(cx: Connection, name: str) -> Row | None:
    """(id, name, category, password, active, created, namespace)."""
    sql = "SELECT id, name, category, password, active, created, namespace FROM principal WHERE name = ?"
    rows = cx.execute(sql, (name,))
    return rows[0] if rows else None


def principals(cx: Connection) -> list[Row]:
    """(id, name, category, active, created, namespace, description) of all, by name."""
    return cx.execute(
        "SELECT id, name, category, active, created, namespace, description FROM principal ORDER BY name"
    )


def rename_principal(cx: Connection, number: int, name: str, description: str | None) -> None:
    """Give a principal another name and description."""
    cx.execute("UPDATE principal SET name = ?, description = ? WHERE id = ?", (name, description, number))


def set_password(cx: Connection, number: int, password: str) -> None:
    """Replace the hash of a user's password."""
    cx.execute("UPDATE principal SET password = ? WHERE id = ?", (password, number))


def delete_principal(cx: Connection, number: int) -> None:
    """Remove a principal with its tokens, grants and memberships."""
    cx.execute("DELETE FROM token WHERE principal = ?", (number,))
    cx.execute("DELETE FROM access_grant WHERE principal = ?", (number,))
    cx.execute("DELETE FROM membership WHERE member = ?", (number,))
    cx.execute("DELETE FROM membership WHERE principal = ?", (number,))
    cx.execute("DELETE FROM principal WHERE id = ?", (number,))


def add_member(cx: Connection, member: int, group: int) -> bool:
    """Put a user into a group; whether it was not in there."""
    sql = "INSERT INTO membership VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING member"
    return bool(cx.execute(sql, (member, group)))


def drop_member(cx: Connection, member: int, group: int) -> bool:
    """Take a user out of a group; whether it was in there."""
    sql = "DELETE FROM membership WHERE member = ? AND principal = ? RETURNING member"
    return bool(cx.execute(sql, (member, group)))


def members(cx: Connection, group: int) -> list[int]:
    """Ids of the users in a group."""
    return [row[0] for row in cx.execute("SELECT member FROM membership WHERE principal = ?", (group,))]


def memberships(cx: Connection) -> list[Row]:
    """(member id, group id, group name)."""
    return cx.execute(
        "SELECT m.member, p.id, p.name FROM membership m JOIN principal p ON p.id = m.principal"
    )


def add_token(cx: Connection, owner: int, name: str, hashed: str, at: int, expires: int | None) -> int:
    """A token by the hash of its secret; answers its id."""
    number = take(cx, "token")
    cx.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?)", (number, owner, name, hashed, at, expires))
    return number


def token_owner(cx: Connection, hashed: str, now: int) -> Row | None:
    """(id, name) of the active principal behind a token that has not expired."""
    sql = (
        "SELECT p.id, p.name FROM token t JOIN principal p ON p.id = t.principal"
        " WHERE t.hash = ? AND p.active = 1 AND (t.expires IS NULL OR t.expires > ?)"
    )
    rows = cx.execute(sql, (hashed, now))
    return rows[0] if rows else None


def tokens(cx: Connection, owner: int) -> list[Row]:
    """(id, name, created, expires) of one principal."""
    return cx.execute(
        "SELECT id, name, created, expires FROM token WHERE principal = ? ORDER BY id", (owner,)
    )


def token(cx: Connection, number: int) -> Row | None:
    """(id, principal) of a token."""
    rows = cx.execute("SELECT id, principal FROM token WHERE id = ?", (number,))
    return rows[0] if rows else None


def delete_token(cx: Connection, number: int) -> None:
    """Remove a token."""
    cx.execute("DELETE FROM token WHERE id = ?", (number,))


def delete_expired(cx: Connection, now: int) -> None:
    """Remove the tokens that have expired."""
    cx.execute("DELETE FROM token WHERE expires <= ?", (now,))


def add_grant(cx: Connection, row: Sequence[object]) -> int:
    """A grant: principal, role, target, value, kind, deny, valid_from, valid_until, note; answers its id."""
    number = take(cx, "access_grant")
    cx.execute(
        "INSERT INTO access_grant"
        " (id, principal, role, target, value, kind, deny, valid_from, valid_until, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, *row),
    )
    return number


def grants(cx: Connection) -> list[Row]:
    """(id, principal name, role, target, value, kind, deny, valid_from, valid_until, note) of all."""
    return cx.execute(
        "SELECT g.id, p.name, g.role, g.target, g.value, g.kind, g.deny, g.valid_from, g.valid_until, g.note"
        " FROM access_grant g JOIN principal p ON p.id = g.principal ORDER BY g.id"
    )


def grants_of(cx: Connection, number: int) -> list[Row]:
    """(id, role, target, value, kind, deny, valid_from, valid_until, note) of a principal and its groups."""
    return cx.execute(
        "SELECT id, role, target, value, kind, deny, valid_from, valid_until, note FROM access_grant"
        " WHERE principal = ? OR principal IN (SELECT principal FROM membership WHERE member = ?) ORDER BY id",
        (number, number),
    )


def own_grants(cx: Connection, number: int) -> list[Row]:
    """The same of a principal alone."""
    return cx.execute(
        "SELECT id, role, target, value, kind, deny, valid_from, valid_until, note FROM access_grant"
        " WHERE principal = ? ORDER BY id",
        (number,),
    )


def change_grant(cx: Connection, number: int, role: int, deny: int, note: str) -> None:
    """Let a grant allow or deny another role."""
    cx.execute(
        "UPDATE access_grant SET role = ?, deny = ?, note = ? WHERE id = ?", (role, deny, note, number)
    )


def drop_namespace(cx: Connection, namespace: str) -> None:
    """Remove the groups that belong to a namespace, and what anybody was allowed on it; denials stay."""
    groups = cx.execute("SELECT id FROM principal WHERE category = 'group' AND namespace = ?", (namespace,))
    for (number,) in groups:
        delete_principal(cx, number)
    cx.execute("DELETE FROM access_grant WHERE target = 'namespace' AND value = ? AND deny = 0", (namespace,))


def drop_grants_on(cx: Connection, entity: int) -> None:
    """Remove the grants on an entity that is about to go."""
    cx.execute(
        "DELETE FROM access_grant WHERE target = 'entity' AND value IN (SELECT uuid FROM entity WHERE id = ?)",
        (entity,),
    )


def delete_grant(cx: Connection, number: int) -> bool:
    """Remove a grant; whether there was one."""
    return bool(cx.execute("DELETE FROM access_grant WHERE id = ? RETURNING id", (number,)))
