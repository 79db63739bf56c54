"""Entities as the registry's messages. Where they lie in the graph is told in `graph.mlflow.registry`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lineal.graph.mlflow.names import TAG
from lineal.graph.mlflow.registry import aliases_of, is_foreign, number_of, stage_of
from lineal.graph.model import Entity
from lineal.protocols.mlflow.registry import wire
from lineal.protocols.mlflow.translate import pairs

_READY = "READY"


def model_message(model: Entity, latest: Iterable[Entity] = ()) -> wire.RegisteredModel:
    """A model as MLflow shows it, with the newest version in each stage."""
    return wire.RegisteredModel(
        model.name,
        model.created,
        model.updated,
        model.owner or "",
        str(model.properties.get("description") or ""),
        [version_message(each, model.name) for each in latest],
        pairs(TAG, model.properties),
        [wire.ModelAlias(alias, str(number)) for alias, number in aliases_of(model).items()],
    )


def version_message(version: Entity, model: str, aliases: Sequence[str] = ()) -> wire.ModelVersion:
    """A version as MLflow shows it; its aliases only where MLflow tells them."""
    told = version.properties.get
    return wire.ModelVersion(
        model,
        str(number_of(version)),
        version.created,
        version.updated,
        stage_of(version),
        str(told("description") or ""),
        str(told("source") or ""),
        str(told("run_id") or ""),
        _READY,
        str(told("run_link") or ""),
        pairs(TAG, version.properties),
        list(aliases),
        version.owner or "",
    )


def with_aliases(version: Entity, model: Entity) -> wire.ModelVersion:
    """A version as MLflow shows it, with its aliases."""
    number = number_of(version)
    return version_message(
        version, model.name, [alias for alias, target in aliases_of(model).items() if target == number]
    )


def model_name_of(version: Entity, home: str) -> str:
    """The name of a version's model: part of its own name unless another tool made it; `home` is empty if unseen."""
    return home or version.name if is_foreign(version) else version.name.rpartition("/")[0]


def download_uri(version: Entity) -> str:
    """Where the artifacts of a version are."""
    return str(version.properties.get("storage_location") or version.properties.get("source") or "")
