"""A database with the tables that MLflow had at different times, and a few things in them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from lineal.connect import sql

FIRST = {
    "experiments": "experiment_id INTEGER PRIMARY KEY, name VARCHAR(256), artifact_location VARCHAR(256),"
    " lifecycle_stage VARCHAR(32)",
    "runs": "run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20),"
    " source_name VARCHAR(500), entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(9),"
    " start_time BIGINT, end_time BIGINT, source_version VARCHAR(50), lifecycle_stage VARCHAR(20),"
    " artifact_uri VARCHAR(200), experiment_id INTEGER",
    "params": '"key" VARCHAR(250), value VARCHAR(250), run_uuid VARCHAR(32), PRIMARY KEY ("key", run_uuid)',
    "tags": '"key" VARCHAR(250), value VARCHAR(5000), run_uuid VARCHAR(32), PRIMARY KEY ("key", run_uuid)',
    "metrics": '"key" VARCHAR(250), value DOUBLE PRECISION, timestamp BIGINT, run_uuid VARCHAR(32),'
    ' PRIMARY KEY ("key", timestamp, run_uuid, value)',
}
"""As the first version had them."""

LATER = FIRST | {
    "metrics": '"key" VARCHAR(250), value DOUBLE PRECISION, timestamp BIGINT, run_uuid VARCHAR(32),'
    ' step BIGINT, is_nan BOOLEAN, PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan)',
    "latest_metrics": '"key" VARCHAR(250), value DOUBLE PRECISION, timestamp BIGINT, step BIGINT,'
    ' is_nan BOOLEAN, run_uuid VARCHAR(32), PRIMARY KEY ("key", run_uuid)',
    "experiment_tags": '"key" VARCHAR(250), value VARCHAR(5000), experiment_id INTEGER,'
    ' PRIMARY KEY ("key", experiment_id)',
    "registered_models": "name VARCHAR(256) PRIMARY KEY, creation_time BIGINT, last_updated_time BIGINT,"
    " description VARCHAR(5000)",
    "model_versions": "name VARCHAR(256), version INTEGER, creation_time BIGINT, last_updated_time BIGINT,"
    " description VARCHAR(5000), user_id VARCHAR(256), current_stage VARCHAR(20), source VARCHAR(500),"
    " run_id VARCHAR(32), status VARCHAR(20), status_message VARCHAR(500), PRIMARY KEY (name, version)",
    "model_version_tags": '"key" VARCHAR(250), value VARCHAR(5000), name VARCHAR(256), version INTEGER,'
    ' PRIMARY KEY ("key", name, version)',
}
"""As they were before data sets, logged models, traces and aliases."""

RUN = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32
INFINITY = 1.7976931348623157e308

ROWS: dict[str, list[dict[str, Any]]] = {
    "experiments": [
        {"experiment_id": 0, "name": "Default", "artifact_location": "./mlruns/0", "lifecycle_stage": "active"},
        {"experiment_id": 7, "name": "old", "artifact_location": "s3://b/7", "lifecycle_stage": "deleted"},
    ],
    "runs": [
        {
            "run_uuid": RUN, "name": "", "user_id": "ada", "status": "FINISHED", "start_time": 1000,
            "end_time": 2000, "lifecycle_stage": "active", "artifact_uri": "./mlruns/0/a", "experiment_id": 0,
        },
        {
            "run_uuid": OTHER, "name": "other", "user_id": "", "status": "RUNNING", "start_time": 3000,
            "end_time": None, "lifecycle_stage": "deleted", "artifact_uri": "s3://b/7/f/artifacts",
            "experiment_id": 7,
        },
    ],
    "params": [{"key": "rate", "value": "0.1", "run_uuid": RUN}],
    "tags": [
        {"key": "mlflow.runName", "value": "first", "run_uuid": RUN},
        {"key": "why", "value": "ünïcode 'quoted' \"twice\" \\ %s ?", "run_uuid": RUN},
    ],
    "metrics": [
        {"key": "loss", "value": 0.5, "timestamp": 10, "run_uuid": RUN, "step": 0, "is_nan": False},
        {"key": "loss", "value": 0.25, "timestamp": 20, "run_uuid": RUN, "step": 1, "is_nan": False},
        {"key": "odd", "value": -INFINITY, "timestamp": 10, "run_uuid": RUN, "step": -5, "is_nan": False},
        {"key": "odd", "value": 0.0, "timestamp": 30, "run_uuid": RUN, "step": 9, "is_nan": True},
    ],
    "latest_metrics": [
        {"key": "loss", "value": 0.25, "timestamp": 20, "run_uuid": RUN, "step": 1, "is_nan": False},
        {"key": "odd", "value": 0.0, "timestamp": 30, "run_uuid": RUN, "step": 9, "is_nan": True},
    ],
    "experiment_tags": [{"key": "team", "value": "growth", "experiment_id": 0}],
    "registered_models": [
        {"name": "churn", "creation_time": 5, "last_updated_time": 6, "description": "who leaves"}
    ],
    "model_versions": [
        {
            "name": "churn", "version": 2, "creation_time": 5, "last_updated_time": 6, "current_stage": "Production",
            "source": "s3://b/7/f/artifacts/model", "run_id": OTHER, "status": "READY",
        },
        {
            "name": "churn", "version": 3, "creation_time": 5, "last_updated_time": 6,
            "current_stage": "Deleted_Internal", "source": "REDACTED", "run_id": "REDACTED", "status": "READY",
        },
    ],
    "model_version_tags": [{"key": "n", "value": "2", "name": "churn", "version": 2}],
}  # fmt: skip


def make(where: str, tables: dict[str, str]) -> None:
    """Make the tables in an empty database, and fill them as far as they are there."""
    if where.startswith("sqlite:///"):
        sqlite3.connect(where.removeprefix("sqlite:///")).close()
    db = sql.connect(where, write=True)
    for table, columns in tables.items():
        db.many(f'CREATE TABLE "{table}" ({columns})', [()])
    db.commit()
    db.close()
    fill(where, ROWS)


def fill(where: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Add rows, without the columns and tables that are not there."""
    db = sql.connect(where, write=True)
    for table, found in rows.items():
        for row in found:
            known = [name for name in row if name in db.columns.get(table, {})]
            if known:
                db.many(db.insertion(table, known, ()), [[row[name] for name in known]])
    db.commit()
    db.close()


def execute(where: str, statement: str) -> None:
    """Do something to the database."""
    db = sql.connect(where, write=True)
    db.many(statement, [()])
    db.commit()
    db.close()


def sqlite_url(folder: Path, name: str = "mlflow.db") -> str:
    return f"sqlite:///{folder}/{name}"
