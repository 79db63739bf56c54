"""Who decides about a grant: an admin of what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lineal.catalog import reading
from lineal.catalog.values import Grant, Role
from lineal.graph.errors import Denied
from lineal.graph.model import ByUuid
from lineal.store.base import Connection
from lineal.store.sql import entities

if TYPE_CHECKING:
    from lineal.catalog.session import Session


def require(session: Session, grant: Grant) -> None:
    """Refuse who does not decide about it.

    An admin of the whole store decides about every grant, except that only an owner of it makes owners. An admin of a
    namespace or an entity decides about those on just that; about its owners, and about denials, only an owner of it.

    Raises:
        NotFound: it is about an entity that the caller may not see. Denied: the caller does not decide about it.
    """
    if _decides_everywhere(session, grant):
        return
    if grant.target == "entity":
        reading.visible(session, ByUuid(grant.value), _needed(grant))
    elif grant.target != "namespace" or not session.scope.manages(_needed(grant), grant.value):
        raise Denied(f"only an {_needed(grant)} of what a grant is about may do this")


def decided(session: Session, grants: Sequence[Grant]) -> list[Grant]:
    """Those of the grants about which the caller decides."""
    wanted = {each.value for each in grants if each.target == "entity"}
    roles: tuple[Role, ...] = ("admin", "owner")
    held = {role: reading.acting(session, wanted, role) for role in roles}
    return [grant for grant in grants if _decides(session, grant, held)]


def lies_in(cx: Connection, grant: Grant, namespace: str) -> bool:
    """Whether a grant is about nothing outside of a namespace."""
    if grant.target == "entity":
        place = entities.place(cx, grant.value)
        return place is not None and place[1] == namespace
    return grant.target == "namespace" and grant.value == namespace


def _decides(session: Session, grant: Grant, held: dict[Role, set[str]]) -> bool:
    if _decides_everywhere(session, grant):
        return True
    if grant.target == "entity":
        return grant.value in held[_needed(grant)]
    return grant.target == "namespace" and session.scope.manages(_needed(grant), grant.value)


def _decides_everywhere(session: Session, grant: Grant) -> bool:
    of_all = grant.target not in ("namespace", "entity")
    return session.scope.manages("owner" if of_all and grant.role == "owner" else "admin")


def _needed(grant: Grant) -> Role:
    return "owner" if grant.deny or grant.role == "owner" else "admin"
