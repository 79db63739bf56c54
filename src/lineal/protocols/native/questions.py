"""The questions people ask of lineage: each operation reads what is asked and hands it on."""

from __future__ import annotations

from lineal.graph.names import parse_ref
from lineal.insight.cause import cause as find_cause
from lineal.insight.code import made_by
from lineal.insight.diff import Side
from lineal.insight.diff import diff as compare
from lineal.insight.models import Wanted
from lineal.insight.models import trained_models as find_models
from lineal.insight.origin import origin as find_origin
from lineal.insight.reach import Paging
from lineal.insight.reach import impact as find_impact
from lineal.insight.reach import upstream as find_upstream
from lineal.insight.values import (
    Cause,
    Difference,
    MadeBy,
    Origin,
    Reach,
    TrainedModels,
    UnfreshData,
    Versions,
)
from lineal.insight.versions import unfresh
from lineal.insight.versions import versions as find_versions
from lineal.protocols.native import wire
from lineal.protocols.native.asked import Asked

ANY = "*"


def upstream(asked: Asked[wire.ReachParameters, None]) -> Reach:
    """What feeds an entity, down to columns, the nearest first."""
    return find_upstream(asked.session, asked.ref, _paging(asked.query))


def impact(asked: Asked[wire.ImpactParameters, None]) -> Reach:
    """What breaks when an entity goes or changes, the worst first, and whom to tell."""
    return find_impact(asked.session, asked.ref, _paging(asked.query), production=asked.query.alias)


def _paging(wanted: wire.ReachParameters) -> Paging:
    return Paging(wanted.limit, wanted.offset, wanted.most)


def trained_models(asked: Asked[wire.TrainedParameters, None]) -> TrainedModels:
    """Models that serve, with what they were trained on, by whom, by which code and why."""
    wanted = asked.query
    data = parse_ref(wanted.data) if wanted.data is not None else None
    aliases = [] if ANY in wanted.alias else wanted.alias
    return find_models(asked.session, Wanted(wanted.label, data, aliases), wanted.most)


def diff(asked: Asked[wire.DiffParameters, None]) -> Difference:
    """What differs between two runs, models, data sets or versions of a data set, also upstream of them."""
    wanted = asked.query
    before = Side(parse_ref(wanted.before), wanted.before_version)
    after = Side(parse_ref(wanted.after) if wanted.after else before.ref, wanted.after_version)
    return compare(asked.session, before, after)


def origin(asked: Asked[wire.OriginParameters, None]) -> Origin:
    """Where a value came from: the shortest way to each source, with the runs and the code of each step."""
    wanted = asked.query
    return find_origin(asked.session, asked.ref, wanted.metric, ways=wanted.limit, most=wanted.most)


def code(asked: Asked[wire.CodeParameters, None]) -> MadeBy:
    """Which code made an entity, and who ran it."""
    return made_by(asked.session, asked.ref, asked.query.limit)


def cause(asked: Asked[wire.CauseParameters, None]) -> Cause:
    """Changes upstream that came before a failure, the likely ones first."""
    wanted = asked.query
    return find_cause(asked.session, asked.ref, at=wanted.at, limit=wanted.limit, most=wanted.most)


def versions(asked: Asked[wire.VersionsParameters, None]) -> Versions:
    """Versions of a data set, newest first, and how fresh it is."""
    return find_versions(asked.session, asked.ref, asked.query.limit)


def stale(asked: Asked[wire.VersionsParameters, None]) -> UnfreshData:
    """Data sets that are overdue, or gone while something reads them."""
    return unfresh(asked.session, asked.query.limit)
