"""Registered models, their versions, aliases and stages; prompts, which MLflow keeps as such."""

from __future__ import annotations

from lineal.protocols.mlflow.operation import Operation

OPERATIONS: tuple[Operation, ...] = ()
