"""How OpenLineage lies in the graph: addresses, names of properties and facets, kinds of edges.

| OpenLineage | the graph |
|---|---|
| job | kind `job` by name; `openlineage.latest_run` is the id of its newest run |
| run | kind `run` by `openlineage.run`, home and edge `run_of`: its job; `status` in Marquez's words |
| data set | kind `dataset` by name, other names as `openlineage.dataset` |
| field | kind `column`, name `DATASET#PATH`, home and edge `member`: its data set |
| version | kind `dataset_version` by `openlineage.version`, home and edge `version`: its data set |
| read, written | `input`, `output` of the run and of the job; `produces` where columns tell what flows |
| column lineage | `derived`, `masked` and `influences` between columns; `influences` to a whole data set |
| event | a record of its run, or else of its job or data set, under the hash of the event |

An edge of a run has in its detail `version`, that of the data set which was read or written, and `facets`, which tell
of this one reading or writing. An edge between columns has `type`, `subtype`, `description`, `masking`, `job` (as
`NAMESPACE|NAME`) and `certain`; when several ways lead from the one to the other, all of them in `transformations`.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from lineal.graph.facets import FACETS
from lineal.graph.model import ByExternal, ByName
from lineal.graph.names import RULES, Bucket, Container, FileSystem, Place, locate, parse_url

RUN = "openlineage.run"
DATASET = "openlineage.dataset"
"""Protocol of a data set's other names."""
VERSION = "openlineage.version"

TIME = "openlineage.time"
"""Property: milliseconds of the newest event that told of the entity; up to a minute late where nothing changed."""
TIMES = "openlineage.times"
"""Property: as JSON text, of each facet the order of the event that told it; a private matter of the receiver."""
LATEST_RUN = "openlineage.latest_run"
LATEST_STATUS = "openlineage.latest_status"
"""Property of a job: the status of its newest run."""
CURRENT_VERSION = "openlineage.current_version"
"""Property of a data set: the id of its newest version."""
SCHEMA_HASH = "openlineage.schema"
"""Property of a data set and of a version: alike for equal names and types of fields."""
STATUS = "status"
NEW, RUNNING, COMPLETED, FAILED, ABORTED = "NEW", "RUNNING", "COMPLETED", "FAILED", "ABORTED"
ENDED = frozenset({COMPLETED, FAILED, ABORTED})
_END_OF = {"COMPLETE": COMPLETED, "FAIL": FAILED, "ABORT": ABORTED}
WRITES = ("output", "produces")
COLUMN_EDGES = ("derived", "masked", "influences")
DERIVED_LINEAGE = "columnLineage.derived"
"""Facet: column lineage that was not told but read out of the job's SQL, in the shape of `columnLineage`."""
_PREFIX = "openlineage."
_PLAIN_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SPACE = uuid.UUID("8d4b0b7e-6a0e-5b1c-9a54-0f2f3d1c7b11")
_IN_FOLDERS = (Bucket, Container, FileSystem)


class FieldPath(NamedTuple):
    """A field of a schema, with the names of those around it before its own."""

    path: str
    type: str | None
    description: str | None
    position: int


def job_ref(namespace: str, name: str) -> ByName:
    """The address of a job."""
    return ByName("job", name, namespace)


def job_key(namespace: str, name: str) -> str:
    """A job as the details of edges name it."""
    return f"{namespace}|{name}"


def run_ref(number: str) -> ByExternal:
    """The address of a run."""
    return ByExternal(RUN, run_id(number))


def run_id(number: str) -> str:
    """A run's id as it is kept: a UUID in its usual form, any other text as it is."""
    if _PLAIN_UUID.fullmatch(number):
        return number
    try:
        return str(uuid.UUID(number))
    except ValueError:
        return number


def place(namespace: str, name: str) -> Place:
    """The namespace and name under which a data set is kept, whatever its producer's way of writing them."""
    return _place(namespace, name) if ":" in namespace else Place(namespace, name)


@lru_cache(10_000)
def _place(namespace: str, name: str) -> Place:
    url = parse_url(namespace)
    rule = RULES.get(url.scheme) if url else None
    if url is None or rule is None or url.scheme == "arn":
        return Place(namespace, name)
    if isinstance(rule, _IN_FOLDERS) or url.scheme == "file":
        found = locate(f"{namespace.rstrip('/')}/{name.lstrip('/')}")
        return found or Place(namespace, name)
    found = None if url.path else locate(namespace, "x")
    return Place(found.namespace if found else namespace, name)


def dataset_ref(namespace: str, name: str) -> ByName:
    """The address of a data set by where it is."""
    found = place(namespace, name)
    return ByName("dataset", found.name, found.namespace)


def alias_ref(namespace: str, name: str) -> ByExternal:
    """The address of a data set by another of its names."""
    return ByExternal(DATASET, f"{namespace}|{name}")


def column_name(dataset: str, path: str) -> str:
    """The name of a column's entity, within the namespace of its data set."""
    return f"{dataset}#{path}"


def column_ref(namespace: str, dataset: str, path: str) -> ByName:
    """The address of a column."""
    found = place(namespace, dataset)
    return ByName("column", column_name(found.name, path), found.namespace)


def field_of(column: str) -> str:
    """The path of the field that a column's entity stands for."""
    return column.rpartition("#")[2]


def version_id(namespace: str, name: str, by: str) -> str:
    """The id of the version that a run wrote, or that has a content.

    Args:
        namespace, name: of the data set as it is kept.
        by: the run's id, or a hash of the content.
    """
    return str(uuid.uuid5(_SPACE, f"{namespace}|{name}|{by}"))


def version_ref(number: str) -> ByExternal:
    """The address of a version of a data set."""
    return ByExternal(VERSION, number)


def state_of(event_type: str | None) -> str:
    """The state in which an event says that its run is."""
    if event_type is None:
        return NEW
    return _END_OF.get(event_type.upper(), RUNNING)


def facet_name(name: str, document: Any) -> str:
    """The name under which a facet is kept: its own, unless the graph means something else by it."""
    shape = FACETS.get(name)
    if shape is None:
        return name
    try:
        msgspec.convert(document, shape)
    except msgspec.ValidationError:
        return _PREFIX + name
    return name


def names_of(name: str) -> list[str]:
    """The names under which a facet may be kept."""
    return [name, _PREFIX + name] if name in FACETS else [name]


def fields_of(schema: Any, prefix: str = "") -> Iterator[FieldPath]:
    """The fields of a schema facet with those within them, outer ones first; what is ill-formed is left out."""
    fields = schema.get("fields") if isinstance(schema, dict) else None
    for position, field in enumerate(fields if isinstance(fields, list) else ()):
        name = field.get("name") if isinstance(field, dict) else None
        if isinstance(name, str) and name:
            path = prefix + name
            yield FieldPath(path, _text(field.get("type")), _text(field.get("description")), position + 1)
            yield from fields_of(field, f"{path}.")


def schema_hash(schema: Any) -> str:
    """Alike for schemas whose fields have the same paths and types in the same order."""
    fields = [(each.path, each.type) for each in fields_of(schema)]
    return hashlib.blake2b(msgspec.json.encode(fields), digest_size=16).hexdigest()


def tag_name(key: str, value: str) -> str:
    """A tag with its value as one label."""
    return key if value.lower() in ("", "true") else f"{key}:{value}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
