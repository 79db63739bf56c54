"""Which data sets are probably one under two names, and what people decided about it.

Data sets are put under fingerprints, and only those under the same one are held against each other, each against the
first: no pair is looked at that has nothing in common. A decision is an edge: `same_as` both ways, so that lineage and
classifications cross it either way, or `differs`. Taking it away undoes it.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, Change, Commit, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.errors import Invalid
from lineal.graph.model import AnyRef, ById, Edge, Entity
from lineal.graph.names import locate
from lineal.graph.query import Query
from lineal.insight.values import Evidence, Likeness, SameAs, SameAsState

SAME, DIFFERENT = "same_as", "differs"
_KINDS = ["dataset", "artifact"]
_PAGE = 500
_FEWEST_FIELDS = 3
_MOST_EDGES = 10_000
_STRENGTH = ("uri", "content", "schema")
_HASH = re.compile(r"[0-9A-Fa-f]{8,}")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_NUMBERED = "mlflow"
"""Namespace of data that MLflow knows by `NAME@DIGEST` alone."""

Pair = tuple[int, int]


class _Data(NamedTuple):
    """What is known of a data set: itself, and digests of its content."""

    entity: Entity
    digests: frozenset[str]


def proposals(
    session: Session, state: SameAsState = "proposed", *, limit: int = 100, most: int = 5000
) -> SameAs:
    """Pairs that may be one, those with the best evidence first; or pairs about which somebody has decided.

    Only what the caller may see is looked at, so that nothing else is named.

    Args:
        session: of who asks.
        state: `proposed`, `accepted` or `refused`.
        limit: pairs at most.
        most: data sets that are looked at, those changed last first.
    """
    if limit < 1 or most < 1:
        raise Invalid("a limit is at least 1")
    entities, truncated = _data_sets(session, most)
    decided = _decided(session, entities)
    pairs = _proposed(session, entities, decided) if state == "proposed" else _in_state(decided, state)
    shown = pairs[:limit]
    ids = {number for each in shown for number in (each.first, each.second)}
    return SameAs(shown, [each for each in entities if each.id in ids], truncated or len(pairs) > limit)


def accept(session: Session, first: AnyRef, second: AnyRef) -> Commit:
    """Say that two entities are one. Only who may edit both may do so.

    Raises:
        Invalid: they are one already.
        NotFound: one cannot be seen; Denied: one may not be edited.
    """
    one, other = _two(session, first, second)
    detail = {"by": session.principal.name, "evidence": _words(session, one, other)}
    ways = [(ById(one.id), ById(other.id)), (ById(other.id), ById(one.id))]
    operations: list[AnyOperation] = [Remove(a, TheEdge(DIFFERENT, b)) for a, b in ways]
    operations += [PutEdge(SAME, a, b, detail) for a, b in ways]
    return _decide(session, (one, other), operations, "same as")


def refuse(session: Session, first: AnyRef, second: AnyRef) -> Commit:
    """Say that two entities are not one, whatever they have in common; they are no longer proposed."""
    one, other = _two(session, first, second)
    operations: list[AnyOperation] = [
        Remove(ById(a.id), TheEdge(SAME, ById(b.id))) for a, b in ((one, other), (other, one))
    ]
    detail = {"by": session.principal.name, "evidence": _words(session, one, other)}
    operations.append(PutEdge(DIFFERENT, ById(one.id), ById(other.id), detail))
    return _decide(session, (one, other), operations, "not same as")


def undo(session: Session, first: AnyRef, second: AnyRef) -> Commit:
    """Take back what was decided about two entities; they may be proposed again."""
    one, other = _two(session, first, second)
    operations: list[AnyOperation] = [
        Remove(ById(a.id), TheEdge(kind, ById(b.id)))
        for a, b in ((one, other), (other, one))
        for kind in (SAME, DIFFERENT)
    ]
    return _decide(session, (one, other), operations, "undo same as")


def _two(session: Session, first: AnyRef, second: AnyRef) -> tuple[Entity, Entity]:
    one, other = session.get(first, ()), session.get(second, ())
    if one.id == other.id:
        raise Invalid("both addresses are of one entity")
    return (one, other) if one.id < other.id else (other, one)


def _decide(
    session: Session, pair: tuple[Entity, Entity], operations: list[AnyOperation], note: str
) -> Commit:
    # An entity that is put has to be one that the caller may edit.
    both: list[AnyOperation] = [PutEntity(ById(each.id)) for each in pair]
    return session.commit(Change([*both, *operations], note=note))


# What is known


def _data_sets(session: Session, most: int) -> tuple[list[Entity], bool]:
    found: list[Entity] = []
    cursor: str | None = None
    while len(found) < most:
        size = min(_PAGE, most - len(found))
        page = session.find(Query(kinds=_KINDS, limit=size, cursor=cursor, parts=["properties", "facets"]))
        found += page.entities
        cursor = page.cursor
        if cursor is None:
            return found, False
    return found, True


def _decided(session: Session, entities: Iterable[Entity]) -> list[Edge]:
    edges = session.edges([each.id for each in entities], [SAME, DIFFERENT], "out", _MOST_EDGES)
    return [each for each in edges if each.source < each.target or each.kind == DIFFERENT]


def _in_state(decided: list[Edge], state: SameAsState) -> list[Likeness]:
    kind = SAME if state == "accepted" else DIFFERENT
    return [
        Likeness(*_pair(each.source, each.target), _told(each), str(each.detail.get("by", "")))
        for each in decided
        if each.kind == kind
    ]


def _told(edge: Edge) -> list[Evidence]:
    told = edge.detail.get("evidence")
    pairs = told if isinstance(told, list) else []
    return [Evidence(str(each[0]), str(each[1])) for each in pairs if len(each) == 2]


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)


# What is alike


def _proposed(session: Session, entities: list[Entity], decided: list[Edge]) -> list[Likeness]:
    known = {_pair(each.source, each.target): each.kind for each in decided}
    found: dict[Pair, list[Evidence]] = defaultdict(list)
    for evidence, members in _alike(_with_digests(session, entities)):
        for pair in _pairs(sorted(members), known):
            found[pair].append(evidence)
    pairs = [Likeness(*pair, evidence) for pair, evidence in found.items()]
    return sorted(pairs, key=lambda each: (_weakness(each), each.first, each.second))


def _pairs(members: list[int], known: dict[Pair, str]) -> Iterator[Pair]:
    """Each with the first from which nobody said that it differs, unless that they are one is known."""
    for place, other in enumerate(members):
        first = next((each for each in members[:place] if known.get((each, other)) != DIFFERENT), None)
        if first is not None and (first, other) not in known:
            yield first, other


def _weakness(pair: Likeness) -> tuple[int, int]:
    return -len(pair.evidence), min(_STRENGTH.index(each.kind) for each in pair.evidence)


def _alike(data: Iterable[_Data]) -> Iterator[tuple[Evidence, set[int]]]:
    """Groups of data sets that have a fingerprint in common."""
    groups: dict[tuple[str, str], set[int]] = defaultdict(set)
    for each in data:
        for kind, value in fingerprints(each.entity, each.digests):
            groups[kind, value].add(each.entity.id)
    return ((Evidence(*key), members) for key, members in groups.items() if len(members) > 1)


def _words(session: Session, one: Entity, other: Entity) -> list[list[str]]:
    """What two have in common, for those who read the decision later."""
    both = session.get_many([one.id, other.id], ("properties", "facets"))
    return [[evidence.kind, evidence.value] for evidence, _ in _alike(_with_digests(session, both))]


def _with_digests(session: Session, entities: list[Entity]) -> Iterator[_Data]:
    digests: dict[int, set[str]] = defaultdict(set)
    for edge in session.edges([each.id for each in entities], ["input"], "out", _MOST_EDGES):
        if isinstance(edge.detail.get("digest"), str):
            digests[edge.source].add(edge.detail["digest"])
    return (_Data(each, frozenset(digests[each.id])) for each in entities)


def fingerprints(entity: Entity, digests: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """What an entity that is the same would have in common with this one: kind of evidence, and value.

    Args:
        entity: with its properties and facets.
        digests: of its content, as runs told them.
    """
    yield "uri", _spelling(entity)
    told = [*digests, entity.properties.get("version"), entity.properties.get("digest")]
    if entity.namespace == _NUMBERED:
        told.append(entity.name.rpartition("@")[2])
    for digest in {each.lower() for each in told if isinstance(each, str) and _HASH.fullmatch(each)}:
        yield "content", digest
    fields = _fields(entity.facets.get("schema"))
    if len(fields) >= _FEWEST_FIELDS:
        shape = hashlib.blake2b("\n".join(fields).encode(), digest_size=8).hexdigest()
        yield "schema", f"{_stem(entity.name)} {shape}"


def _spelling(entity: Entity) -> str:
    """Where it is, in one spelling: capitals, escapes, doubled slashes and a URL kept whole as a name do not matter."""
    uri = entity.properties.get("uri")
    places = (locate(each) for each in (uri, entity.name) if isinstance(each, str) and ":" in each)
    namespace, name = next(filter(None, places), (entity.namespace, entity.name))
    path = posixpath.normpath("/" + unquote(name).strip("/"))
    return f"{namespace}{path}".lower()


def _fields(schema: Any) -> list[str]:
    told = schema.get("fields") if isinstance(schema, dict) else None
    names = (each.get("name") for each in (told if isinstance(told, list) else ()) if isinstance(each, dict))
    return sorted({each.lower() for each in names if isinstance(each, str)})


def _stem(name: str) -> str:
    """The last part of a name, whatever its case and separators: `raw/Daily-Sales.csv` is alike `db.daily_sales`."""
    last = name.partition("@")[0].rstrip("/").rpartition("/")[2]
    parts = last.split(".")
    plain = parts[0] if len(parts) == 2 and "/" in name else parts[-1]
    return _NO_WORD.sub("", plain.lower())
