"""Column lineage out of a job's SQL, where nobody told it. Without the extra `lineal[sql]` none is read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from lineal.graph import openlineage as names
from lineal.graph.names import parse_url
from lineal.protocols.openlineage.columns import dependences
from lineal.protocols.openlineage.lineage import derived_key, is_told, put_dependences
from lineal.protocols.openlineage.nodes import Node

if TYPE_CHECKING:
    from lineal.protocols.openlineage.facets import Telling
    from lineal.protocols.openlineage.sqltree import Answer, Origin

LONGEST = 200_000
"""Characters of a query that is read."""
PRODUCER = "lineal"
_DIALECTS = {
    "postgresql": "postgres", "mssql": "tsql", "sqlserver": "tsql", "mariadb": "mysql", "awsathena": "athena",
    "spark": "spark", "sparksql": "spark", "databricks": "databricks", "hive2": "hive", "awsglue": "spark",
    "azurecosmos": "", "ansi": "", "generic": "",
}  # fmt: skip
_PART = re.compile(r'"([^"]+)"|`([^`]+)`|\[([^\]]+)\]|([^.]+)')


class Table(NamedTuple):
    """A data set as queries see it; no columns when they are not known."""

    namespace: str
    name: str
    columns: tuple[str, ...]


@cache
def is_installed() -> bool:
    """Whether SQL can be read."""
    try:
        import sqlglot  # noqa: F401
    except ImportError:
        logging.getLogger("lineal").info(
            "column lineage is not read out of SQL; pip install 'lineal[sql]' does that"
        )
        return False
    return True


def derive(at: Telling, inputs: Sequence[Node], outputs: Sequence[Node]) -> None:
    """Give outputs whose columns nobody told of the column lineage that the job's SQL has."""
    job = at.job
    untold = [node for node in outputs if not is_told(node, at.job_key)]
    if job is None or job.sql is None or not untold or len(job.sql[0]) > LONGEST or not is_installed():
        return
    query, dialect = job.sql
    sources = list(dict.fromkeys((*inputs, *_read_before(at))))
    tables = tuple(_table(each) for each in dict.fromkeys((*sources, *outputs)))
    for node in untold:
        facet = read(query, _dialect(dialect, [*sources, node]), tables, _table(node))
        if facet is not None:
            _put(at, node, *facet)


def _read_before(at: Telling) -> Iterable[Node]:
    """What events before told that the job reads."""
    for process in filter(None, (at.job, at.run)):
        for kind, namespace, name in sorted(process.links):
            node = at.sheet.find_dataset(namespace, name) if kind == "input" else None
            if node is not None:
                yield node


def _put(at: Telling, node: Node, text: bytes, complete: bool) -> None:
    digest = (hash(text), hash(text))
    key = derived_key(at.job_key)
    if node.digests.get(key) == digest:
        return
    node.digests[key] = digest
    facet = msgspec.json.decode(text)
    found = dependences(facet)
    put_dependences(at, node, found, "sql")
    node.times[key] = at.order if complete and facet["fields"] else 0
    at.sheet.facet(node, names.DERIVED_LINEAGE, {"_producer": PRODUCER, "job": at.job_key, **facet}, PRODUCER)


def _table(node: Node) -> Table:
    schema = msgspec.json.decode(node.schema) if node.schema else {}
    return Table(
        node.namespace,
        node.name,
        tuple(each.path for each in names.fields_of(schema) if "." not in each.path),
    )


def _dialect(told: str | None, nodes: Sequence[Node]) -> str | None:
    """The name that sqlglot has for a dialect: as the facet says, or else of the place where the data is."""
    urls = (parse_url(node.namespace) for node in nodes)
    schemes = [url.scheme for url in urls if url is not None]
    plain = [node.namespace for node in nodes if ":" not in node.namespace]
    for each in (told, *schemes, *plain):
        name = _DIALECTS.get(each.lower(), each.lower()) if each else ""
        if name and _is_known(name):
            return name
    return None


@cache
def _is_known(dialect: str) -> bool:
    from sqlglot.dialects.dialect import Dialect

    return Dialect.get(dialect) is not None


@lru_cache(2000)
def read(
    query: str, dialect: str | None, tables: tuple[Table, ...], output: Table
) -> tuple[bytes, bool] | None:
    """Column lineage as a facet's JSON text, and whether every column of the output is told of.

    None when the query tells nothing of the output.

    Args:
        query: SQL.
        dialect: as sqlglot names it.
        tables: data sets that it may be about.
        output: what it writes.
    """
    from lineal.protocols.openlineage import sqltree

    known = {number: each.columns for number, each in enumerate(tables) if each.columns}
    answer = sqltree.read(query, dialect, [_parts(each.name) for each in tables], known)
    if answer is None:
        return None
    fields = {}
    for place, (name, origins) in enumerate(answer.columns):
        target = _target(answer, place, name, output)
        inputs = [_input(tables, each) for each in origins]
        if target is not None and inputs:
            fields[target] = {"inputFields": inputs}
    complete = answer.complete and all(
        _target(answer, place, name, output) is not None for place, (name, _) in enumerate(answer.columns)
    )
    facet = {"fields": fields, "dataset": [_input(tables, each) for each in answer.rows]}
    return (msgspec.json.encode(facet), complete) if fields or facet["dataset"] else None


def _target(answer: Answer, place: int, name: str | None, output: Table) -> str | None:
    """The output's column at a place: as the statement lists them, by position in a table, or by name."""
    listed = answer.names or (
        output.columns if len(output.columns) == len(answer.columns) and name is None else ()
    )
    found = listed[place] if place < len(listed) else name
    return _spelt(found, output) if found is not None else None


def _input(tables: Sequence[Table], origin: Origin) -> dict[str, Any]:
    table = tables[origin.table]
    way: dict[str, Any] = {
        "type": origin.way.type,
        "subtype": origin.way.subtype,
        "masking": origin.way.masking,
    }
    if not origin.certain:
        way["certain"] = False
    return {
        "namespace": table.namespace,
        "name": table.name,
        "field": _spelt(origin.column, table),
        "transformations": [way],
    }


def _spelt(column: str, table: Table) -> str:
    """A column as its table spells it."""
    return next((each for each in table.columns if each.lower() == column.lower()), column)


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a table's name, which dots or, in a path, slashes part."""
    found = ["".join(each) for each in _PART.findall(name)] if "/" not in name else name.split("/")
    return tuple(part.lower() for part in found if part)
