"""What the stages of a large change would ask the database one by one, asked at once."""

from __future__ import annotations

from collections.abc import Iterable

from lineal.catalog.work import Work
from lineal.graph.change import PutRecords
from lineal.graph.model import AnyRef
from lineal.store.sql import entities, records

FEW = 3
"""For fewer it is not worth it."""


def is_worth_it(work: Work) -> bool:
    """Whether a change is large."""
    return len(work.change.operations) >= FEW


def load_nodes(work: Work, refs: Iterable[AnyRef]) -> None:
    """Load what stands at these addresses, and note those at which nothing does."""
    types = work.state.types(work.cx)
    work.found |= work.state.nodes.load(work.cx, types, dict.fromkeys(refs))


def load_parts(work: Work) -> None:
    """Load those properties and records of stored entities that the change puts anew."""
    _load_properties(work)
    _load_records(work)


def _load_properties(work: Work) -> None:
    puts = zip(work.puts(), work.targets, strict=True)
    told = [(put, node) for put, node in puts if put.properties and not node.fresh]
    numbers = {node.id for _, node in told}
    if len(numbers) < FEW:
        return
    work.known_keys = {work.state.symbols.find(work.cx, key) for put, _ in told for key in put.properties}
    work.properties |= {number: {} for number in numbers}
    rows = entities.properties_of(work.cx, sorted(numbers), sorted(work.known_keys))
    for number, key, *value in rows:
        work.properties[number][key] = entities.unpack_value(*value)


def _load_records(work: Work) -> None:
    puts = [each for each in work.change.operations if isinstance(each, PutRecords)]
    nodes = [work.at(put.ref) for put in puts]
    numbers = {node.id for node in nodes if node is not None and not node.fresh}
    if len(numbers) < FEW:
        return
    work.records = {number: {} for number in numbers}
    keys = sorted({key for put in puts for key in put.records})
    for number, key, document in records.documents_of(work.cx, sorted(numbers), keys):
        work.records[number][key] = document
