"""Where registered models, their versions, aliases and stages lie.

| MLflow | the graph |
|---|---|
| registered model, prompt | `model` with a unique name |
| version | `model_version` at home in its model, with an edge `version` from it; its number is the property `version` |
| newest version in a stage | the model's property `latest.STAGE`, the uuid of the version |
| alias | the model's property `alias.NAME`, the number of a version; and a node `alias` downstream of it |
| stage | the version's property `stage`, none for `None`; where versions serve, a node `alias` as well |
| tag, description | properties `tag.KEY`, `description` |

The number that the last version got is the model's property `last_version`; a number is never given twice. A version
that another tool made has none and is known by the graph's own number, which grows as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from lineal.graph.change import AnyOperation, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.model import ByExternal, ById, Edge, Entity, Properties

VERSION = "mlflow.model_version"
POINTER = "mlflow.alias"
NUMBER, LAST, STAGE = "version", "last_version", "stage"
ALIAS, LATEST = "alias.", "latest."
STAGE_NONE, STAGE_ARCHIVED = "None", "Archived"
SERVING = ("Staging", "Production")
STAGES = (STAGE_NONE, *SERVING, STAGE_ARCHIVED)
IS_PROMPT = "mlflow.prompt.is_prompt"

_LONGEST_KEPT = 200


def version_ref(model: Entity, number: int) -> ByExternal:
    """The address of a version, which stays when the model is renamed."""
    return ByExternal(VERSION, f"{model.uuid}/{number}")


def alias_ref(model: Entity, alias: str) -> ByExternal:
    """The address of an alias's node."""
    return ByExternal(POINTER, f"{model.uuid}@{alias}")


def stage_ref(model: Entity, stage: str) -> ByExternal:
    """The address of a stage's node."""
    return ByExternal(POINTER, f"{model.uuid}/{stage}")


def number_of(version: Entity) -> int:
    """A version's number; the graph's own for one that another tool made."""
    number = version.properties.get(NUMBER)
    return number if isinstance(number, int) else version.id


def is_foreign(version: Entity) -> bool:
    """Whether another tool made the version."""
    return NUMBER not in version.properties


def stage_of(version: Entity) -> str:
    """The stage that a version is in."""
    stage = version.properties.get(STAGE)
    return stage if isinstance(stage, str) and stage in STAGES else STAGE_NONE


def aliases_of(model: Entity) -> dict[str, int]:
    """The aliases of a model, each with the number of its version, in order."""
    found = {
        key.removeprefix(ALIAS): value for key, value in model.properties.items() if key.startswith(ALIAS)
    }
    return {alias: number for alias, number in sorted(found.items()) if isinstance(number, int)}


def version_name(model: str, number: int) -> str:
    """What a version is called where it stands alone."""
    return f"{model}/{number}"


def put_alias(model: Entity, alias: str) -> PutEntity:
    """An alias's node, which may be there already."""
    return _put_pointer(model, alias_ref(model, alias), f"{model.name}@{alias}")


def move_alias(
    model: Entity, alias: str, version: Entity | None, number: int | None, before: Iterable[Edge]
) -> list[AnyOperation]:
    """What lets an alias lead to a version, or to none.

    Args:
        model, version: as they were read; that they are so still is for the caller to expect.
        number: of the version.
        before: edges that lead to the alias's node now.
    """
    ref = alias_ref(model, alias)
    moved: list[AnyOperation] = [
        # MLflow does not call a model newer for an alias.
        PutEntity(ById(model.id), kind="model", properties={ALIAS + alias: number}, updated=model.updated),
        put_alias(model, alias),
    ]
    others = [edge for edge in before if version is None or edge.source != version.id]
    moved += [Remove(ById(edge.source), TheEdge("deployed_as", ref)) for edge in others]
    if version is None:
        return [*moved, PutEntity(ref, kind="alias", state="deleted")]
    return [*moved, PutEdge("deployed_as", ById(version.id), ref)]


def put_stage(model: Entity, stage: str) -> PutEntity:
    """A stage's node, which may be there already."""
    return _put_pointer(model, stage_ref(model, stage), f"{model.name}/{stage}")


def _put_pointer(model: Entity, ref: ByExternal, name: str) -> PutEntity:
    return PutEntity(
        ref, kind="alias", namespace=model.namespace, name=name, home=ById(model.id), state="active"
    )


def renamed(child: Entity, old: str, new: str) -> str | None:
    """What a version or an alias is called once its model has another name; None when it is not called after it."""
    return new + child.name[len(old) :] if child.name.startswith((f"{old}/", f"{old}@")) else None


def name_of_deleted(model: Entity) -> str:
    """What a model is called that was deleted, so that its name is free."""
    return f"{model.name[:_LONGEST_KEPT]} (deleted {model.uuid})"


def is_prompt(properties: Properties) -> bool:
    """Whether a model or a version says that it is a prompt."""
    return str(properties.get(f"tag.{IS_PROMPT}", "")).lower() == "true"
