"""Evaluation data sets, scorers, label schemas, review queues and issues."""

from __future__ import annotations

from lineal.protocols.mlflow.operation import Operation

OPERATIONS: tuple[Operation, ...] = ()
