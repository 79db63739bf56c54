"""Which models that serve were trained on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.model import AnyRef, ById, Entity, Label
from lineal.graph.query import And, Labelled, Or, Query, attribute
from lineal.insight.code import codes, makers
from lineal.insight.nodes import named
from lineal.insight.reach import is_production, pointer
from lineal.insight.spread import MEMBER, Spread
from lineal.insight.training import Past, columns_read
from lineal.insight.values import PRODUCTION, Code, Trained, TrainedModels, Way

_MOST = 1000
_MOST_READ = 100
_MOST_PAST = 100
CLASSIFICATION = "classification"


class Wanted(NamedTuple):
    """Which models are asked for.

    Attributes:
        label: that bear this classification, one below it included; any model when it is empty.
        data: that were trained on this data set or column.
        aliases: by which versions serve; all aliases and stages when empty.
    """

    label: str = ""
    data: AnyRef | None = None
    aliases: Sequence[str] = PRODUCTION


def trained_models(session: Session, wanted: Wanted, most: int = 2000) -> TrainedModels:
    """Versions that serve, with what they were trained on.

    Raises:
        NotFound: the data asked about cannot be seen.
    """
    serving, truncated = _serving(session, wanted)
    from_data = Spread(session, session.get(wanted.data, ()), up=False, limit=most) if wanted.data else None
    if from_data is not None:
        reached = {*from_data.others()}
        serving = {version: aliases for version, aliases in serving.items() if version in reached}
        truncated = truncated or from_data.truncated
    versions = session.get_many(list(serving), ("properties", "labels"))
    bearing = _bearing(session, list(serving), wanted.label)
    found = [
        _trained(session, each, serving[each.id], wanted, from_data)
        for each in versions
        if bearing is None or each.id in bearing
    ]
    if bearing is not None and from_data is None:
        others = [each for each in versions if each.id not in bearing]
        truncated = truncated or len(others) > _MOST_PAST
        found += _that_bore(session, others[:_MOST_PAST], serving, wanted)
    return TrainedModels(found, _nodes(session, found), truncated)


def _that_bore(
    session: Session, versions: Sequence[Entity], serving: dict[int, list[str]], wanted: Wanted
) -> list[Trained]:
    """Those that do not bear the classification themselves, but were trained on what does."""
    found = []
    for version in versions:
        ways, labels = _ways_from_tables(session, version, wanted.label)
        if not ways:
            ways, labels = _past_ways(session, version, wanted.label)
        if ways:
            told = _trained(session, version, serving[version.id], wanted, None)
            columns = _columns(session, ways)
            found.append(msgspec.structs.replace(told, ways=ways, labels=labels, columns=columns))
    return found


def _ways_from_tables(session: Session, version: Entity, label: str) -> tuple[list[Way], list[Label]]:
    """How columns of classified tables went into a version.

    What is put on a whole table stays there where columns tell what flows, since not each of them need be meant; but
    a model has been trained on data of that table.
    """
    spread = Spread(session, version, up=True, limit=_MOST)
    tables = [
        node
        for node in spread.others()
        if session.types().is_a(spread.kind(node), "dataset") and spread.best(node)[0].is_plain
    ]
    ways, found = [], []
    for table in session.get_many(tables, ("labels",)):
        for each in _classifications(session, table, label):
            if each.root == table.id:
                path, edges = spread.path(table.id)
                ways.append(Way(each.name, table.id, path[::-1], edges[::-1]))
                found.append(each)
    return ways, found


def _past_ways(session: Session, version: Entity, label: str) -> tuple[list[Way], list[Label]]:
    """How classified columns went into a version by what was told when its run read the data."""
    runs = [each for each in makers(session, version, 1) if session.types().is_a(each.kind, "run")]
    past = {each.column: each for run in runs for each in columns_read(session, run)}
    bearing = {
        column.id: _classifications(session, column, label)
        for column in session.get_many(list(past), ("labels",))
    }
    ways = [
        Way(each.name, column, [*past[column].path, runs[0].id, version.id], _kinds(past[column]), past=True)
        for column, labels in bearing.items()
        for each in labels
        if each.root == column
    ]
    return ways, [each for labels in bearing.values() for each in labels if each.via is None]


def _kinds(past: Past) -> list[str]:
    """Kinds of edges from a column through others and a data set to a run and what it made."""
    return [*("derived" for _ in past.path[2:]), MEMBER, "input", "output"]


def _serving(session: Session, wanted: Wanted) -> tuple[dict[int, list[str]], bool]:
    """Ids of versions with the aliases that lead to them, by name of the alias; and whether there are more."""
    named = [attribute("name", "ilike", f"%{sign}{alias}") for alias in wanted.aliases for sign in "@/"]
    query = Query(kinds=["alias"], where=Or([*named]) if named else None, limit=_MOST, parts=[])
    page = session.find(query)
    aliases = {
        each.id: pointer(each.name)
        for each in page.entities
        if not wanted.aliases or is_production(each.name, wanted.aliases)
    }
    edges = session.edges(list(aliases), ("deployed_as",), "in", _MOST) if aliases else []
    found: dict[int, list[str]] = defaultdict(list)
    for edge in edges:
        found[edge.source].append(aliases[edge.target])
    return found, page.cursor is not None


def _bearing(session: Session, versions: list[int], label: str) -> set[int] | None:
    """Those of the versions that bear a classification or one below it; None when none is asked for."""
    if not label or not versions:
        return None
    ids = attribute("id", "in", versions)
    page = session.find(Query(where=And([ids, Labelled(label)]), limit=_MOST, parts=[]))
    return {each.id for each in page.entities}


def _trained(
    session: Session, version: Entity, aliases: list[str], wanted: Wanted, from_data: Spread | None
) -> Trained:
    made = makers(session, version, 1)
    run = made[0].id if made else None
    code: Code | None = next(iter(codes(session, made)), None)
    labels = _classifications(session, version, wanted.label)
    ways = [_way_of_data(from_data, version.id)] if from_data is not None else _ways(session, version, labels)
    return Trained(
        version.id,
        version.home,
        sorted(aliases),
        run,
        code,
        [edge.source for edge in session.edges([run], ("input",), "in", _MOST_READ)] if run else [],
        _columns(session, ways),
        labels,
        ways,
    )


def _classifications(session: Session, version: Entity, label: str) -> list[Label]:
    """The classifications that it bears: that which is asked for and those below it, or all."""
    wanted = session.types().sublabels(label) if label else None
    found = [each for each in version.labels if each.category == CLASSIFICATION]
    return [each for each in found if wanted is None or each.name in wanted]


def _ways(session: Session, version: Entity, labels: Sequence[Label]) -> list[Way]:
    """How each classification came, from each place where it was put."""
    names = dict.fromkeys(each.name for each in labels)
    paths = [path for name in names for path in session.why_label(ById(version.id), name)]
    return [Way(each.label, each.root, each.path, each.edges, each.put_by) for each in paths]


def _way_of_data(spread: Spread, version: int) -> Way:
    path, edges = spread.path(version)
    return Way("", spread.start.id, path, edges)


def _columns(session: Session, ways: Sequence[Way]) -> list[int]:
    on_the_way = dict.fromkeys(node for way in ways for node in way.path)
    found = session.get_many(list(on_the_way), ())
    return [each.id for each in found if session.types().is_a(each.kind, "column")]


def _nodes(session: Session, found: Sequence[Trained]) -> list[Entity]:
    ids: list[int | None] = []
    for each in found:
        ids += [each.version, each.model, each.run, *each.datasets]
        ids += [each.code.job] if each.code else []
        ids += [node for way in each.ways for node in way.path]
    return named(session, ids)
