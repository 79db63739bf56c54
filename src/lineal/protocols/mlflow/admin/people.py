"""Users by name, for whom others are asked about."""

from __future__ import annotations

from lineal.catalog.session import Session
from lineal.catalog.values import User
from lineal.graph.errors import Denied
from lineal.protocols.mlflow.errors import MISSING, Refused


def find(session: Session, name: str) -> User:
    """A user whom the caller may see.

    Raises:
        Denied: somebody else, without the right to see others, whether there is one or not.
        Refused: there is none.
    """
    for user in session.catalog.accounts.users(session):
        if user.name == name and user.category == "user":
            return user
    if name != session.principal.name and not session.catalog.accounts.is_admin(session):
        raise Denied(f"{session.principal.name} may see no other user")
    raise unknown(name)


def unknown(name: str) -> Refused:
    """There is no such user."""
    return Refused(MISSING, f"User with username={name} not found")
