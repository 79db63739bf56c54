"""What the door does for each sort of request; written once for all sorts of resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lineal.graph.errors import Invalid
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Expr
from lineal.protocols.base import Call, Reply, json_reply, query_values
from lineal.protocols.kubeflow import listing, store, translate, values
from lineal.protocols.kubeflow.resources import (
    ARTIFACTS,
    BY_TYPE,
    METRIC,
    MODEL,
    RUN,
    SERVICE,
    VERSION,
    Resource,
)
from lineal.protocols.kubeflow.translate import Asked

Handler = Callable[[Call], Reply]
_EVERY = 1000


def _parameters(call: Call) -> dict[str, str]:
    return {name: found[-1] for name, found in query_values(call.query).items()}


def _body(call: Call) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, RecursionError):
        raise Invalid("the body is not valid JSON") from None
    if not isinstance(found, dict):
        raise Invalid("the body must be a JSON object")
    return found


def _number(call: Call) -> int:
    return values.number_of(call.path_params["id"], "id")


def _version(call: Call) -> str:
    return "v1" if "/v1/" in call.path else "v1alpha3"


def _shown(call: Call, found: list[Entity]) -> list[dict[str, Any]]:
    types = call.session.types()
    homes = {each.id: each for each in call.session.get_many([each.home for each in found if each.home], ())}
    shown = []
    for entity in found:
        resource = translate.resource_of(types, entity.kind)
        if resource is not None:
            shown.append(translate.shown(resource, entity, _version(call), homes.get(entity.home or 0)))
    return shown


def _one(call: Call, entity: Entity, status: int = 200) -> Reply:
    return json_reply(_shown(call, [entity])[0], status)


def _page(call: Call, page: listing.Listed) -> Reply:
    items = _shown(call, page.entities)
    return json_reply(
        {"items": items, "size": len(items), "pageSize": page.size, "nextPageToken": page.token}
    )


def _inside(number: int) -> Expr:
    return Compare(Attribute("home"), "=", number)


# Resources


def find_one(*resources: Resource) -> Handler:
    """The one with a name or an external id."""
    return lambda call: _one(call, store.find(call.session, resources, _parameters(call)))


def get_list(*resources: Resource) -> Handler:
    """A page of all."""

    def handle(call: Call) -> Reply:
        asked = _parameters(call)
        return _page(call, listing.find(call.session, _sorts(resources, asked), asked, None))

    return handle


def _sorts(resources: tuple[Resource, ...], asked: dict[str, str]) -> tuple[Resource, ...]:
    """Those of the artifacts that are asked for."""
    wanted = asked.get("artifactType", "")
    if not wanted or resources != ARTIFACTS:
        return resources
    if wanted not in BY_TYPE:
        raise Invalid(f"artifactType must be one of {', '.join(BY_TYPE)}, not {wanted!r}")
    return (BY_TYPE[wanted],)


def create(resource: Resource) -> Handler:
    """A new one, in the parent that it names."""

    def handle(call: Call) -> Reply:
        asked = Asked(resource, _body(call), new=True)
        return _created(call, resource, asked, asked.parent)

    return handle


def create_in(parent: Resource, resource: Resource) -> Handler:
    """A new one in the parent that the path names."""

    def handle(call: Call) -> Reply:
        number, body = _number(call), _body(call)
        if resource.parent_field:
            body[resource.parent_field] = str(number)
        store.get(call.session, parent, number)
        return _created(call, resource, Asked(resource, body, new=True), number)

    return handle


def _created(call: Call, resource: Resource, asked: Asked, parent: int | None) -> Reply:
    from lineal.protocols.kubeflow.resources import BY_NAME

    lies_in = None
    if resource.parent and parent is not None:
        lies_in = store.get(call.session, BY_NAME[resource.parent], parent)
    if resource is SERVICE:
        store.get(call.session, MODEL, int(str(asked.properties["kubeflow.registeredModelId"])))
    return _one(call, store.create(call.session, resource, asked, lies_in), 201)


def get_one(resource: Resource) -> Handler:
    """One by its id."""
    return lambda call: _one(call, store.get(call.session, resource, _number(call)))


def patch(resource: Resource) -> Handler:
    """Change what is given."""

    def handle(call: Call) -> Reply:
        number = _number(call)
        asked = Asked(resource, _body(call), new=False)
        return _one(call, store.update(call.session, resource, asked, number))

    return handle


def list_in(parent: Resource, *resources: Resource) -> Handler:
    """A page of those that lie in one."""

    def handle(call: Call) -> Reply:
        number, asked = _number(call), _parameters(call)
        store.get(call.session, parent, number)
        return _page(call, listing.find(call.session, _sorts(resources, asked), asked, _inside(number)))

    return handle


# Artifacts


def create_artifact(*resources: Resource) -> Handler:
    """A new artifact that lies in nothing."""

    def handle(call: Call) -> Reply:
        body = _body(call)
        resource = resources[0] if len(resources) == 1 else translate.artifact_resource(body)
        entity, _ = store.upsert_artifact(call.session, resource, body, None)
        return _one(call, entity, 201)

    return handle


def upsert_in(parent: Resource) -> Handler:
    """An artifact of a version or a run, new or changed."""

    def handle(call: Call) -> Reply:
        body = _body(call)
        resource = translate.artifact_resource(body)
        home = store.get(call.session, parent, _number(call))
        entity, is_new = store.upsert_artifact(call.session, resource, body, home)
        return _one(call, entity, 201 if is_new else 200)

    return handle


def get_artifact(call: Call) -> Reply:
    """An artifact of any sort."""
    return _one(call, store.get_artifact(call.session, _number(call)))


def patch_artifact(call: Call) -> Reply:
    """Change an artifact of any sort."""
    number, body = _number(call), _body(call)
    entity = store.get_artifact(call.session, number)
    resource = translate.artifact_resource(body)
    if translate.resource_of(call.session.types(), entity.kind) is not resource:
        raise Invalid(f"artifact with id {number} is not a {resource.title}")
    return _one(call, store.update(call.session, resource, Asked(resource, body, new=False), number))


# Serving


def served_model(call: Call) -> Reply:
    """The model that an inference service serves."""
    service = store.get(call.session, SERVICE, _number(call))
    number = service.properties.get("kubeflow.registeredModelId")
    return _one(call, store.get(call.session, MODEL, int(str(number))))


def served_version(call: Call) -> Reply:
    """The version that it serves; the newest of the model when it names none."""
    service = store.get(call.session, SERVICE, _number(call))
    number = service.properties.get("kubeflow.modelVersionId")
    if number is not None:
        return _one(call, store.get(call.session, VERSION, int(str(number))))
    model = int(str(service.properties.get("kubeflow.registeredModelId")))
    return _one(call, store.latest_version(call.session, model))


# Metrics


def history_of_run(call: Call) -> Reply:
    """Every value that was written of the metrics of a run."""
    run = store.get(call.session, RUN, _number(call))
    return _history(call, [run.id])


def history(call: Call) -> Reply:
    """The same of all runs."""
    runs = listing.find(call.session, (RUN,), {"pageSize": str(_EVERY)}, None).entities
    return _history(call, [run.id for run in runs])


def _history(call: Call, runs: list[int]) -> Reply:
    asked = _parameters(call)
    steps = _steps(asked.get("stepIds", ""))
    where: Expr | None = Compare(Attribute("home"), "in", list(runs)) if runs else None
    found = listing.find(call.session, (METRIC,), {"pageSize": str(_EVERY)}, where).entities if runs else []
    rows = [
        row
        for metric, shown in zip(found, _shown(call, found), strict=True)
        if asked.get("name", metric.name) in ("", metric.name)
        for row in _values(call, metric, shown, steps)
    ]
    return _cut(rows, asked)


def _steps(text: str) -> set[int] | None:
    if not text:
        return None
    if not all(each.strip().isdigit() for each in text.split(",")):
        raise Invalid(f"stepIds must be numbers with commas between them, not {text!r}")
    return {int(each) for each in text.split(",")}


def _values(
    call: Call, metric: Entity, shown: dict[str, Any], steps: set[int] | None
) -> list[dict[str, Any]]:
    from lineal.graph.model import ById

    points = call.session.series(ById(metric.home or 0), metric.name)
    as_text = _version(call) == "v1"
    return [
        {
            **shown,
            "value": point.value,
            "timestamp": str(point.time),
            "step": str(point.step) if as_text else point.step,
        }
        for point in points
        if steps is None or point.step in steps
    ]


def _cut(rows: list[dict[str, Any]], asked: dict[str, str]) -> Reply:
    """One page of rows; the token is the number of those that came before."""
    size, token = asked.get("pageSize", ""), asked.get("nextPageToken", "")
    if (size and not size.isdigit()) or (token and not token.isdigit()):
        raise Invalid("pageSize and nextPageToken must be numbers")
    limit, start = min(int(size or 100), _EVERY) or 100, int(token or 0)
    items = rows[start : start + limit]
    following = str(start + limit) if start + limit < len(rows) else ""
    return json_reply({"items": items, "size": len(items), "pageSize": limit, "nextPageToken": following})
