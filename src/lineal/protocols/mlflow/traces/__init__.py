"""Traces, spans and assessments."""

from __future__ import annotations

from lineal.protocols.mlflow.operation import Operation

OPERATIONS: tuple[Operation, ...] = ()
