"""Between MLflow's permissions and the graph's grants.

| MLflow | the graph |
|---|---|
| READ, USE | viewer; what is called USE is noted with the grant |
| EDIT | editor |
| MANAGE | owner, who also decides about grants on it |
| DENY | a denial to view |
| one experiment, model, prompt or scorer | a grant on that entity, which covers what it contains |
| all (`*`) of a type | a grant on the workspace's namespace, limited to a kind |
| a workspace: USE, MANAGE | contributor, owner of the namespace |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import quote, unquote

import msgspec

from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Role, Standing
from lineal.graph.errors import NotFound
from lineal.graph.mlflow.evaluation import SCORER_NAME
from lineal.graph.mlflow.names import experiment_id, outside_id
from lineal.graph.mlflow.registry import is_prompt
from lineal.graph.model import ByExternal, ByName, Entity
from lineal.graph.query import Attribute, Compare, Query
from lineal.protocols.mlflow import workspace
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.experiments import find_experiment

ANY = "*"
WORKSPACE = "workspace"
PERMISSIONS = ("READ", "USE", "EDIT", "MANAGE", "NO_PERMISSIONS", "DENY")
KINDS = {
    "experiment": "experiment",
    "registered_model": "model",
    "scorer": "scorer",
    "run": "run",
    "trace": "trace",
    "assessment": "assessment",
    "logged_model": "logged_model",
    "review_queue": "review_queue",
    "registered_model_version": "model_version",
    "scorer_version": "scorer_version",
}
"""Types of resources, and the kind that all (`*`) of a type are."""
NAMED = ("experiment", "prompt", "registered_model", "scorer")
"""Types of which one can be meant alone."""
ELSEWHERE = {
    "gateway_secret", "gateway_endpoint", "gateway_model_definition", "mcp_server", "mcp_server_version", "skill",
}  # fmt: skip
"""Types of what Lineal does not keep."""
TYPES = tuple(sorted({*KINDS, "prompt", "prompt_version", *ELSEWHERE, WORKSPACE}))

_ROLES: dict[str, Role] = {
    "READ": "viewer",
    "USE": "viewer",
    "EDIT": "editor",
    "MANAGE": "owner",
    "DENY": "viewer",
}
_OF_WORKSPACE: dict[str, Role] = {"MANAGE": "owner", "USE": "contributor"}
_MOST = 1000


class Target(NamedTuple):
    """What a grant is about, in MLflow's words."""

    type: str
    pattern: str
    workspace: str


# From MLflow's words


def new_grant(session: Session, principal: str, target: Target, permission: str) -> Grant:
    """A permission as a grant.

    Raises:
        Refused: there is no such permission, type or resource, or the type knows no such permission or pattern.
    """
    check_target(target)
    role, deny, note = said(permission, target.type)
    return msgspec.structs.replace(about(session, principal, target), role=role, deny=deny, note=note)


def about(session: Session, principal: str, target: Target) -> Grant:
    """A grant on the target, whatever it allows; Refused when there is no such resource to see."""
    check_target(target)
    if target.type == WORKSPACE:
        return Grant(0, principal, "viewer", "namespace", target.workspace)
    if target.pattern == ANY:
        return Grant(0, principal, "viewer", "namespace", target.workspace, kind=KINDS[target.type])
    return Grant(0, principal, "viewer", "entity", resource(session, target).uuid)


def check_target(target: Target) -> None:
    """Refuse a type that there is not, or of which nothing can be granted so."""
    kind = target.type
    if kind not in TYPES:
        raise invalid(f"Invalid resource type '{kind}'. Valid resource types are: {TYPES}")
    if target.pattern != ANY and kind not in NAMED and kind not in ELSEWHERE:
        raise invalid(
            f"Invalid resource_pattern '{target.pattern}' for resource_type='{kind}'. This resource type supports"
            " only wildcard ('*') grants."
        )
    if kind in ELSEWHERE:
        raise invalid(
            f"Lineal keeps nothing of resource_type='{kind}', so that nothing can be granted on it."
        )
    if target.pattern == ANY and kind not in KINDS and kind != WORKSPACE:
        raise invalid(
            f"Lineal keeps prompts as registered models: resource_type='{kind}' cannot be granted as a whole."
            " Name one prompt, or grant 'registered_model' or 'registered_model_version'."
        )


def said(permission: str, resource_type: str) -> tuple[Role, bool, str]:
    """The role, whether it is denied, and what is noted with it; Refused when the type knows no such permission."""
    if permission not in PERMISSIONS:
        raise invalid(f"Invalid permission '{permission}'. Valid permissions are: {PERMISSIONS}")
    known, what = (
        (_OF_WORKSPACE, "Workspace-wide") if resource_type == WORKSPACE else (_ROLES, "Resource-level")
    )
    if permission not in known:
        raise invalid(
            f"Invalid permission '{permission}' for resource_type='{resource_type}'. {what} grants accept only:"
            f" {tuple(sorted(known))}."
        )
    return known[permission], permission == "DENY", permission if permission == "USE" else ""


def resource(session: Session, target: Target) -> Entity:
    """The one resource that is meant; Refused when there is none to see."""
    return _FIND[target.type](session, target)


def _experiment(session: Session, target: Target) -> Entity:
    if not target.pattern.isdigit():
        raise invalid(f"Invalid experiment ID '{target.pattern}'. Experiment ID must be a valid integer.")
    return find_experiment(session, target.pattern)


def _registered(session: Session, target: Target) -> Entity:
    """A model or a prompt, whichever is meant."""
    found = session.look_up(ByName("model", target.pattern, target.workspace), ("properties",), active=True)
    if found is None or is_prompt(found.properties) != (target.type == "prompt"):
        what = "Prompt" if target.type == "prompt" else "Registered Model"
        raise Refused(MISSING, f"{what} with name={target.pattern} not found")
    return found


def _scorer(session: Session, target: Target) -> Entity:
    experiment, slash, name = target.pattern.partition("/")
    if not slash:
        raise invalid("Invalid scorer resource_id. Expected '<experiment_id>/<scorer_name>'.")
    try:
        return session.get(ByExternal(SCORER_NAME, f"{experiment}/{unquote(name)}"), ())
    except NotFound:
        raise Refused(
            MISSING, f"Scorer with name '{unquote(name)}' not found for experiment {experiment}."
        ) from None


_FIND: dict[str, Callable[[Session, Target], Entity]] = {
    "experiment": _experiment,
    "registered_model": _registered,
    "prompt": _registered,
    "scorer": _scorer,
}


# Into MLflow's words


def permission_of(grant: Grant) -> str:
    """What a grant allows or denies."""
    return "DENY" if grant.deny else _permission(grant.role, [grant.note])


def permission_from(standing: Standing) -> str:
    """What somebody may do."""
    if standing.role is None:
        return "DENY" if standing.denied else "NO_PERMISSIONS"
    return _permission(standing.role, standing.notes)


def _permission(role: Role, notes: Iterable[str]) -> str:
    match role:
        case "viewer":
            return "USE" if "USE" in notes else "READ"
        case "contributor":
            return "USE"
        case "editor":
            return "EDIT"
        case _:
            return "MANAGE"


def targets(session: Session, grants: Iterable[Grant]) -> dict[int, Target]:
    """What each of the grants is about, by its id.

    What MLflow has no word for is told in the graph's, and an entity that the caller may not see by its uuid.
    """
    session = session.within(None)
    found, known = list(grants), frozenset(session.workspaces())
    entities = _entities(session, sorted({each.value for each in found if each.target == "entity"}))
    return {grant.id: _target(grant, entities, known) for grant in found}


def _entities(session: Session, uuids: list[str]) -> dict[str, Entity]:
    found: dict[str, Entity] = {}
    for start in range(0, len(uuids), _MOST):
        where = Compare(Attribute("uuid"), "in", [*uuids[start : start + _MOST]])
        query = Query(where=where, state="all", limit=_MOST, parts=["properties", "external"])
        found |= {each.uuid: each for each in session.find(query).entities}
    return found


def _target(grant: Grant, entities: dict[str, Entity], workspaces: frozenset[str]) -> Target:
    if grant.target == "namespace":
        types = {kind: name for name, kind in KINDS.items()}
        return Target(types.get(grant.kind, grant.kind) or WORKSPACE, ANY, grant.value)
    if grant.target != "entity":
        return Target(grant.target, grant.value or ANY, ANY)
    entity = entities.get(grant.value)
    if entity is None:
        return Target(grant.target, grant.value, ANY)
    where = entity.namespace if entity.namespace in workspaces else workspace.DEFAULT
    return Target(*_named(entity), where)


def _named(entity: Entity) -> tuple[str, str]:
    """Type and name of an entity."""
    scorer = outside_id(entity, SCORER_NAME)
    if entity.kind == "experiment":
        return "experiment", experiment_id(entity)
    if entity.kind == "model":
        return "prompt" if is_prompt(entity.properties) else "registered_model", entity.name
    if scorer is not None:
        experiment, _, name = scorer.partition("/")
        return "scorer", f"{experiment}/{quote(name, safe='')}"
    return entity.kind, entity.uuid
