"""The workspace that a request is about, and what that limits: a workspace of MLflow's is a namespace of the graph."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lineal.catalog.session import Session
from lineal.graph.errors import NotFound
from lineal.graph.model import DEFAULT_NAMESPACE, ByName
from lineal.graph.types import WORKSPACE
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid

HEADER = "x-mlflow-workspace"
DEFAULT = DEFAULT_NAMESPACE
"""Holds what no other workspace does, so that a client that names none sees what other tools made."""
ARTIFACT_ROOT = "artifact_root"

_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_SHORTEST, _LONGEST = 2, 63
_RESERVED = frozenset({"workspaces", "api", "ajax-api", "static-files"})


def narrow(session: Session, headers: Mapping[str, str]) -> Session:
    """The session as far as the workspace that the headers name; Refused when there is none of that name to see."""
    name = headers.get(HEADER, "").strip()
    if not name or name == DEFAULT:
        return session.within(DEFAULT) if session.catalog.workspaces() else session
    check_name(name)
    if not session.enters(name):
        raise missing(name)
    return session.within(name)


def of(session: Session) -> str:
    """The workspace that a session is limited to, which is the namespace of what it makes."""
    return session.namespace or DEFAULT


def ref(name: str) -> ByName:
    """The address of a workspace."""
    return ByName(WORKSPACE, name, name)


def artifact_root(session: Session) -> str:
    """Where the workspace wants the artifacts of its experiments; empty for the server's own place."""
    name = of(session)
    try:
        found = session.get(ref(name), ("properties",))
    except NotFound:
        return ""
    return str(found.properties.get(ARTIFACT_ROOT) or "")


def check_name(name: str) -> None:
    """Refuse what MLflow does not take for the name of a workspace."""
    if not _SHORTEST <= len(name) <= _LONGEST:
        raise invalid(f"Workspace name '{name}' must be between {_SHORTEST} and {_LONGEST} characters.")
    if not re.fullmatch(_PATTERN.strip("^$"), name):
        raise invalid(
            f"Workspace name '{name}' must match the pattern {_PATTERN}"
            " (lowercase alphanumeric with optional internal hyphens)."
        )
    if name in _RESERVED:
        raise invalid(f"Workspace name '{name}' is reserved and cannot be used.")


def missing(name: str) -> Refused:
    """There is no such workspace, or not for the caller."""
    return Refused(MISSING, f"Workspace '{name}' not found")
