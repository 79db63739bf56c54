"""Registered models, their versions, aliases and stages; prompts, which MLflow keeps as such."""

from __future__ import annotations

from lineal.protocols.mlflow.operation import Operation
from lineal.protocols.mlflow.registry import aliases, models, search, stages, versions
from lineal.protocols.mlflow.registry.files import get_artifact

__all__ = ["OPERATIONS", "get_artifact"]

OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "registered-models/create", models.create),
    Operation("GET", "registered-models/get", models.get, inline=True),
    Operation("GET", "registered-models/search", search.search_models),
    Operation("PATCH", "registered-models/update", models.update),
    Operation("POST", "registered-models/rename", models.rename),
    Operation("DELETE", "registered-models/delete", models.delete),
    Operation("POST", "registered-models/set-tag", models.set_tag),
    Operation("DELETE", "registered-models/delete-tag", models.delete_tag),
    Operation("GET", "registered-models/get-latest-versions", models.get_latest_versions),
    Operation("POST", "registered-models/get-latest-versions", models.get_latest_versions),
    Operation("POST", "registered-models/alias", aliases.set_alias),
    Operation("DELETE", "registered-models/alias", aliases.delete_alias),
    Operation("GET", "registered-models/alias", aliases.get_by_alias, inline=True),
    Operation("POST", "model-versions/create", versions.create),
    Operation("GET", "model-versions/get", versions.get, inline=True),
    Operation("GET", "model-versions/search", search.search_versions),
    Operation("GET", "model-versions/get-download-uri", versions.get_download_uri, inline=True),
    Operation("PATCH", "model-versions/update", versions.update),
    Operation("DELETE", "model-versions/delete", versions.delete),
    Operation("POST", "model-versions/set-tag", versions.set_tag),
    Operation("DELETE", "model-versions/delete-tag", versions.delete_tag),
    Operation("POST", "model-versions/transition-stage", stages.transition),
)
