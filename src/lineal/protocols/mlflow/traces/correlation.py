"""How much two filters go together."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lineal.catalog.session import Session
from lineal.graph.model import Entity
from lineal.graph.query import And, Expr, Query
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import experiments
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.traces import wire
from lineal.protocols.mlflow.traces.search import conditions, state_in

_SMOOTHING = 0.5

_calculate = Body(wire.CalculateTraceFilterCorrelation)


def calculate(call: Call) -> Reply:
    """POST traces/calculate-filter-correlation: normalised pointwise mutual information."""
    message = _calculate(call)
    homes = experiments.find_experiments(call.session, message.experiment_ids)
    base = conditions(call.session, homes, message.base_filter or "")
    first, second = (
        conditions(call.session, homes, text) for text in (message.filter_string1, message.filter_string2)
    )
    asked = [base, [*base, *first], [*base, *second], [*base, *first, *second]]
    total, one, other, both = (_count(call.session, homes, each) for each in asked)
    scores = {
        "npmi": npmi(both, one, other, total),
        "npmi_smoothed": npmi(both, one, other, total, _SMOOTHING),
    }
    found: dict[str, object] = {
        **{name: score for name, score in scores.items() if not math.isnan(score)},
        "filter1_count": one,
        "filter2_count": other,
        "joint_count": both,
        "total_count": total,
    }
    return json_reply(found)


def _count(session: Session, homes: Mapping[int, Entity], where: list[Expr]) -> int:
    if not homes:
        return 0
    query = Query(
        kinds=["trace"], where=And(where), state=state_in(homes.values()), limit=1, parts=[], count=True
    )
    return session.find(query).total or 0


def npmi(both: float, one: float, other: float, total: float, smoothing: float = 0) -> float:
    """Between -1 (never together) and 1 (always together); NaN when there is nothing to compare.

    Args:
        both, one, other, total: how many match both filters, each of them, and at all.
        smoothing: what is added to each of the four combinations.
    """
    only_one, only_other = one - both, other - both
    apart = (only_one, only_other, total - one - only_other)
    if one == 0 or other == 0 or min(apart) < 0:
        return math.nan
    if max(apart) == 0:
        return 1.0
    joint = both + smoothing
    if joint == 0:
        return -1.0
    population = total + 4 * smoothing
    shares = math.log(joint + only_one + smoothing) + math.log(joint + only_other + smoothing)
    mutual = math.log(joint) + math.log(population) - shares
    return max(-1.0, min(1.0, mutual / (math.log(population) - math.log(joint))))
