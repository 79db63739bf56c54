"""When a scorer is to judge new traces by itself. It is kept for whoever runs scorers; the server runs none."""

from __future__ import annotations

import uuid

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, PutEntity
from lineal.graph.mlflow.evaluation import SCORER
from lineal.graph.model import ByExternal, ById, Entity
from lineal.graph.query import Expr
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import translate
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.evaluation import scorer_text, wire
from lineal.protocols.mlflow.evaluation.homes import number_of, usable
from lineal.protocols.mlflow.evaluation.scorers import find_scorer, latest_text
from lineal.protocols.mlflow.evaluation.settle import settled, unchanged
from lineal.protocols.mlflow.requests import Body, Parameters
from lineal.protocols.mlflow.traces import filters

_ID, _RATE, _FILTER = "online.id", "online.sample_rate", "online.filter"

_configs = Parameters(wire.ScorerIds)
_put = Body(wire.PutOnlineConfig)


def configs(call: Call) -> Reply:
    """GET scorers/online-configs: of those of the scorers that have one."""
    scorers = [_look_up(call.session, number) for number in dict.fromkeys(_configs(call).scorer_ids)]
    told = [_message(call.session, each) for each in scorers if each is not None and _ID in each.properties]
    return json_reply({"configs": told})


def _look_up(session: Session, number: str) -> Entity | None:
    return session.look_up(ByExternal(SCORER, number), ("properties", "external"))


def put(call: Call) -> Reply:
    """PUT scorers/online-config: one for the scorer, in place of the one that it had."""
    message = _put(call)
    _check(message)
    number = uuid.uuid4().hex

    def decide() -> tuple[list[AnyOperation], int]:
        experiment = usable(call.session, message.experiment_id)
        scorer = find_scorer(call.session, experiment, message.name)
        text = latest_text(call.session, scorer) if message.sample_rate else None
        if text is not None:
            scorer_text.check_automatic(message.name, text)
        properties = {_ID: number, _RATE: message.sample_rate, _FILTER: message.filter_string}
        return [unchanged(scorer), PutEntity(ById(scorer.id), properties=properties)], scorer.id

    scorer = call.session.get(ById(settled(call.session, decide)), ("properties", "external"))
    return json_reply({"config": _message(call.session, scorer)})


def _check(message: wire.PutOnlineConfig) -> None:
    if not 0 <= message.sample_rate <= 1:
        raise invalid(f"sample_rate must be between 0.0 and 1.0, got {message.sample_rate}")
    given = message.filter_string
    if given is not None and not isinstance(given, str):
        raise invalid(
            f"Invalid value {given!r:.100} for parameter 'filter_string' supplied: Value was of type"
            f" '{type(given).__name__}'. Expected type 'str' or None."
        )
    filters.parse(given or "", _Nothing())


class _Nothing:
    """Nothing is looked up for a filter that is only checked: `filters.Surroundings`."""

    def run(self, number: str) -> int | None:
        return None

    def sessions(self, judged: Expr) -> list[str]:
        return []


def _message(session: Session, scorer: Entity) -> wire.OnlineConfig:
    properties = scorer.properties
    rate, given = properties.get(_RATE), properties.get(_FILTER)
    return wire.OnlineConfig(
        translate.text(properties.get(_ID)),
        translate.outside_id(scorer, SCORER) or "",
        float(rate) if isinstance(rate, int | float) else 0.0,
        number_of(session, scorer),
        given if isinstance(given, str) else None,
    )
