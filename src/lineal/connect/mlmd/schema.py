"""The tables of MLMD's own databases, at the version of schema that its releases from 1.5 on write."""

from __future__ import annotations

from collections.abc import Iterator

VERSION = 10
KINDS = {"execution": 0, "artifact": 1, "context": 2}
"""What `Type.type_kind` says."""
STATES = {"artifact": "state", "execution": "last_known_state"}
STRUCT = "mlmd-struct::"
"""Begins a text value that is a struct, of whose message the rest is base64."""

_TIMES = "create_time_since_epoch INT NOT NULL DEFAULT 0, last_update_time_since_epoch INT NOT NULL DEFAULT 0"
_VALUES = "int_value INT, double_value DOUBLE, string_value TEXT, byte_value BLOB, proto_value BLOB, bool_value BOOLEAN"
_KEY = "id INTEGER PRIMARY KEY AUTOINCREMENT"
_NAMED = "name VARCHAR(255), external_id VARCHAR(255) UNIQUE"

_TABLES = {
    "Type": f"{_KEY}, name VARCHAR(255) NOT NULL, version VARCHAR(255), type_kind TINYINT(1) NOT NULL,"
    " description TEXT, input_type TEXT, output_type TEXT, external_id VARCHAR(255) UNIQUE",
    "ParentType": "type_id INT NOT NULL, parent_type_id INT NOT NULL, PRIMARY KEY (type_id, parent_type_id)",
    "TypeProperty": "type_id INT NOT NULL, name VARCHAR(255) NOT NULL, data_type INT NULL,"
    " PRIMARY KEY (type_id, name)",
    "Artifact": f"{_KEY}, type_id INT NOT NULL, uri TEXT, state INT, {_NAMED}, {_TIMES}, UNIQUE (type_id, name)",
    "Execution": f"{_KEY}, type_id INT NOT NULL, last_known_state INT, {_NAMED}, {_TIMES},"
    " UNIQUE (type_id, name)",
    "Context": f"{_KEY}, type_id INT NOT NULL, {_NAMED.replace('(255),', '(255) NOT NULL,')}, {_TIMES},"
    " UNIQUE (type_id, name)",
    "Event": f"{_KEY}, artifact_id INT NOT NULL, execution_id INT NOT NULL, type INT NOT NULL,"
    " milliseconds_since_epoch INT, UNIQUE (artifact_id, execution_id, type)",
    "EventPath": "event_id INT NOT NULL, is_index_step TINYINT(1) NOT NULL, step_index INT, step_key TEXT",
    "Association": f"{_KEY}, context_id INT NOT NULL, execution_id INT NOT NULL,"
    " UNIQUE (context_id, execution_id)",
    "Attribution": f"{_KEY}, context_id INT NOT NULL, artifact_id INT NOT NULL, UNIQUE (context_id, artifact_id)",
    "ParentContext": "context_id INT NOT NULL, parent_context_id INT NOT NULL,"
    " PRIMARY KEY (context_id, parent_context_id)",
    "MLMDEnv": "schema_version INTEGER PRIMARY KEY",
}
_INDEXES = {
    "idx_artifact_uri": "Artifact (uri)",
    "idx_event_execution_id": "Event (execution_id)",
    "idx_eventpath_event_id": "EventPath (event_id)",
    "idx_parentcontext_parent_context_id": "ParentContext (parent_context_id)",
    "idx_type_name": "Type (name)",
    "idx_type_external_id": "Type (external_id)",
}


def statements() -> Iterator[str]:
    """SQL that makes the tables in an empty SQLite database."""
    for table, columns in _TABLES.items():
        yield f"CREATE TABLE {table} ({columns})"
    indexes = dict(_INDEXES)
    for node in ("Artifact", "Execution", "Context"):
        lower = node.lower()
        yield (
            f"CREATE TABLE {node}Property ({lower}_id INT NOT NULL, name VARCHAR(255) NOT NULL,"
            f" is_custom_property TINYINT(1) NOT NULL, {_VALUES},"
            f" PRIMARY KEY ({lower}_id, name, is_custom_property))"
        )
        for column in ("create_time_since_epoch", "last_update_time_since_epoch", "external_id"):
            indexes[f"idx_{lower}_{column}"] = f"{node} ({column})"
        for kind in ("int", "double", "string"):
            value = f"{kind}_value"
            indexes[f"idx_{lower}_property_{kind}"] = (
                f"{node}Property (name, is_custom_property, {value}) WHERE {value} IS NOT NULL"
            )
    for index, where in indexes.items():
        yield f"CREATE INDEX {index} ON {where}"
