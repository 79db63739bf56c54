"""Many clients at once leave a registry that agrees with itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph.errors import LinealError
from lineal.graph.mlflow.registry import (
    ALIAS,
    LAST,
    LATEST,
    SERVING,
    STAGES,
    alias_ref,
    number_of,
    stage_of,
    stage_ref,
)
from lineal.graph.model import AnyRef, Entity
from lineal.graph.query import Query, attribute
from lineal.protocols.base import Call
from lineal.protocols.mlflow import door

ROUTES = {(route.method, route.path): route.handler for route in door.routes()}
CLIENTS, CALLS = 6, 40


def send(session: Session, method: str, path: str, **body: Any) -> None:
    """A call of which it does not matter whether it is refused; an error that nobody meant is raised."""
    headers = {"content-type": "application/json"}
    call = Call(session, method, path, headers=headers, body=msgspec.json.encode(body))
    try:
        ROUTES[method, f"/api/2.0/mlflow/{path}"](call)
    except LinealError as error:
        assert door.failure(error, call).status < 500, error


def act(session: Session, rng: random.Random) -> None:
    name, number, alias = rng.choice("ab"), str(rng.randint(1, 15)), rng.choice("xy")
    moved = {"stage": rng.choice(STAGES)}
    if rng.random() < 0.5:
        moved = {"stage": rng.choice(SERVING), "archive_existing_versions": True}
    actions: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "model-versions/create", {"source": "s3://b/k"}),
        ("POST", "model-versions/create", {"source": "s3://b/k"}),
        ("POST", "model-versions/transition-stage", {"version": number, **moved}),
        ("POST", "registered-models/alias", {"alias": alias, "version": number}),
        ("DELETE", "registered-models/alias", {"alias": alias}),
        ("DELETE", "model-versions/delete", {"version": number}),
        ("POST", "model-versions/set-tag", {"version": number, "key": "k", "value": alias}),
        ("POST", "registered-models/rename", {"new_name": f"{name}2"}),
    ]
    method, path, more = rng.choice(actions)
    send(session, method, path, name=name, **more)
    if path.endswith("rename"):
        send(session, "POST", path, name=f"{name}2", new_name=name)


def wrong(session: Session, model: Entity) -> Iterator[str]:
    """What does not agree in a model."""
    inside = Query(kinds=["model_version"], where=attribute("home", "=", model.id), state="all", limit=1000)
    every = session.find(inside).entities
    if sorted(map(number_of, every)) != list(range(1, int(str(model.properties[LAST])) + 1)):
        yield "numbers"
    if any(each.name != f"{model.name}/{number_of(each)}" for each in every):
        yield "names"
    versions = [each for each in every if each.state == "active"]
    for stage in STAGES:
        there = [each for each in versions if stage_of(each) == stage]
        newest = max(there, key=number_of, default=None)
        if model.properties.get(LATEST + stage) != (newest.uuid if newest else None):
            yield f"newest in {stage}"
        if stage in SERVING and leading(session, stage_ref(model, stage)) != {each.id for each in there}:
            yield f"edges to {stage}"
    for alias in "xy":
        target = model.properties.get(ALIAS + alias)
        meant = {each.id for each in versions if number_of(each) == target}
        if leading(session, alias_ref(model, alias)) != meant:
            yield f"edges to {alias}"


def leading(session: Session, ref: AnyRef) -> set[int]:
    """The versions that lead to an alias or a stage."""
    try:
        node = session.get(ref)
    except LinealError:
        return set()
    return {edge.source for edge in session.edges([node.id], ("deployed_as",), "in")}


def test_many_at_once_agree(session: Session) -> None:
    for name in "ab":
        send(session, "POST", "registered-models/create", name=name)

    def client(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(CALLS):
            act(session, rng)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    models = session.find(Query(kinds=["model"])).entities
    assert {model.name: list(wrong(session, model)) for model in models if list(wrong(session, model))} == {}
    assert len(models) == 2
