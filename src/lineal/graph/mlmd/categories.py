"""Artifacts, executions and contexts: in what they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lineal.graph.addresses import scoped


@dataclass(frozen=True)
class Category:
    """One of the three sorts of nodes.

    Attributes:
        name: as part of kinds and external ids.
        message: name of the node's message; that of its type ends in `Type`.
        parent: kind under which new types come.
        state: field of the node that holds its state.
        bases: further kinds under which types come that say what they mean, by the name of the base type.
        others: kinds of other tools that are shown as types of this category.
    """

    name: str
    message: str
    parent: str
    state: str | None
    bases: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...]

    @property
    def external(self) -> str:
        """The protocol under which external ids are addresses."""
        return f"mlmd.{self.name}"

    def external_in(self, namespace: str) -> str:
        """The same within a tenant's namespace."""
        return scoped(self.external, namespace)

    @property
    def type_message(self) -> str:
        """Name of the message of a type."""
        return f"{self.message}Type"


ARTIFACT = Category(
    "artifact",
    "Artifact",
    "artifact",
    "state",
    MappingProxyType({"DATASET": ("dataset",)}),
    ("dataset", "artifact", "model", "model_version", "logged_model", "metric_set", "feature_group"),
)
EXECUTION = Category(
    "execution", "Execution", "run", "last_known_state", MappingProxyType({}), ("run", "job")
)
CONTEXT = Category(
    "context",
    "Context",
    "context",
    None,
    MappingProxyType({}),
    ("context", "experiment", "pipeline", "project"),
)
CATEGORIES = (ARTIFACT, EXECUTION, CONTEXT)
