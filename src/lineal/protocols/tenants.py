"""For whom a client works that can say so by nothing but the name it calls the server by.

`team-a.lineal.example` means the workspace `team-a`, when there is one. Any other name means the default workspace,
which holds all that no other one does.
"""

from __future__ import annotations

import ipaddress

from lineal.catalog.session import Session
from lineal.graph.errors import NotFound
from lineal.graph.model import DEFAULT_NAMESPACE


def narrow(session: Session, host: str) -> Session:
    """The session as far as the workspace that a host name means; NotFound when the caller sees nothing there."""
    workspaces = session.catalog.workspaces()
    if not workspaces:
        return session
    name = label(host)
    if name not in workspaces:
        return session.within(DEFAULT_NAMESPACE)
    if not session.enters(name):
        raise NotFound(f"there is no workspace {name!r}")
    return session.within(name)


def namespace_of(session: Session) -> str:
    """The namespace of what is made."""
    return session.namespace or DEFAULT_NAMESPACE


def label(host: str) -> str:
    """The first part of a host name that has several, as in `team-a.localhost:8080`; else empty."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        first, dot, _ = name.partition(".")
        return first if dot else ""
    return ""
