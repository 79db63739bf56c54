"""Column lineage as facets tell it: which field of which data set each field was made of, and how. Pure.

Three shapes tell it: `columnLineage` with transformations, the same with the older pair of type and description, and
the explicit `lineage` of a data set or, for each of its targets, of a job.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lineal.graph.names import Place
from lineal.graph.openlineage import place

Way = dict[str, Any]


class Dependence(NamedTuple):
    """A field that another one, or all of them, depends on.

    Attributes:
        source, field: the field depended on; its data set.
        target: path of the field that depends; None for the whole data set.
        kind: of the edge that tells it.
        detail: of that edge.
    """

    source: Place
    field: str
    target: str | None
    kind: str
    detail: dict[str, Any]


class Flow(NamedTuple):
    """What the explicit facet tells of one target.

    Attributes:
        target: a data set or a job; None for the event's own job.
        kind: `DATASET` or `JOB`.
        run: id of the target's run.
        sources: of the same form: kind, place, run.
        fields: as `columnLineage` would tell them.
    """

    target: Place | None
    kind: str
    run: str | None
    sources: list[tuple[str, Place | None, str | None]]
    fields: list[Dependence]


def dependences(facet: Any, certain: bool = True) -> list[Dependence]:
    """What a `columnLineage` facet says; what is ill-formed is left out."""
    found: dict[tuple[Place, str, str | None, str], list[Way]] = defaultdict(list)
    for target, told in _entries(facet, "fields"):
        for given in _objects(told.get("inputFields")):
            _gather(found, target, given, _ways(given) or _legacy(told))
    for given in _objects(facet.get("dataset") if isinstance(facet, dict) else None):
        _gather(found, None, given, _ways(given))
    return [_dependence(*key, ways, certain) for key, ways in found.items()]


def flows(facet: Any, own: Place | None = None) -> list[Flow]:
    """What an explicit `lineage` facet says, of a data set (`own`) or of a job."""
    if not isinstance(facet, dict):
        return []
    entries = [{**facet, "type": "DATASET"}] if own is not None else _objects(facet.get("entries"))
    return [_flow(entry, own or _place(entry)) for entry in entries]


def _flow(entry: dict[str, Any], target: Place | None) -> Flow:
    found: dict[tuple[Place, str, str | None, str], list[Way]] = defaultdict(list)
    sources: dict[tuple[str, Place | None, str | None], None] = {}
    for field, given in _all_inputs(entry):
        sources[_kind(given), _place(given), _text(given.get("runId"))] = None
        _gather(found, field, given, _ways(given))
    kind = _kind(entry)
    fields = [_dependence(*key, ways, True) for key, ways in found.items()]
    return Flow(target, kind, _text(entry.get("runId")), [*sources], fields if kind == "DATASET" else [])


def _all_inputs(entry: dict[str, Any]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    for given in _objects(entry.get("inputs")):
        yield None, given
    for field, told in _entries(entry, "fields"):
        for given in _objects(told.get("inputs")):
            yield field, given


def _gather(
    found: dict[tuple[Place, str, str | None, str], list[Way]],
    target: str | None,
    given: Way,
    ways: list[Way],
) -> None:
    source, field = _place(given), _text(given.get("field"))
    if source is None or field is None or _kind(given) != "DATASET":
        return
    for way in ways or [{}]:
        kind = "influences" if target is None else _edge_of(way)
        known = found[source, field, target, kind]
        if way not in known:
            known.append(way)


def _edge_of(way: Way) -> str:
    if way.get("type") == "INDIRECT":
        return "influences"
    return "masked" if way.get("masking") is True else "derived"


def _dependence(
    source: Place, field: str, target: str | None, kind: str, ways: list[Way], certain: bool
) -> Dependence:
    detail: dict[str, Any] = {key: value for key, value in ways[0].items() if value not in (None, "")}
    detail["masking"] = kind == "masked" or any(way.get("masking") is True for way in ways)
    detail["certain"] = certain and all(way.get("certain", True) for way in ways)
    if len(ways) > 1:
        detail["transformations"] = ways
    return Dependence(source, field, target, kind, detail)


def _ways(given: Mapping[str, Any]) -> list[Way]:
    """Transformations with what the graph keeps of each."""
    parts = ("type", "subtype", "description", "masking", "certain")
    found = []
    for each in _objects(given.get("transformations")):
        way = {part: each[part] for part in parts if part in each}
        way["type"] = str(way.get("type") or "DIRECT").upper()
        found.append(way)
    return found


def _legacy(told: Mapping[str, Any]) -> list[Way]:
    """The older pair, which tells of the field as a whole."""
    kind, description = _text(told.get("transformationType")), _text(told.get("transformationDescription"))
    if kind is None and description is None:
        return []
    way: Way = {"type": "DIRECT", "masking": (kind or "").upper() == "MASKED"}
    if kind:
        way["subtype"] = kind.upper()
    return [way | ({"description": description} if description else {})]


def _entries(facet: Any, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    fields = facet.get(key) if isinstance(facet, dict) else None
    for name, told in fields.items() if isinstance(fields, dict) else ():
        if name and isinstance(told, dict):
            yield name, told


def _objects(values: Any) -> Iterable[dict[str, Any]]:
    return (each for each in values if isinstance(each, dict)) if isinstance(values, list) else ()


def _place(given: Mapping[str, Any]) -> Place | None:
    namespace, name = _text(given.get("namespace")), _text(given.get("name"))
    if namespace is None or name is None:
        return None
    return Place(namespace, name) if _kind(given) == "JOB" else place(namespace, name)


def _kind(given: Mapping[str, Any]) -> str:
    return "JOB" if str(given.get("type") or "").upper() == "JOB" else "DATASET"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
