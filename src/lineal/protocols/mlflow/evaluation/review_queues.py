"""Review queues, in which traces wait for reviewers: create, read, list, change, delete."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, Change, Expect, PutEntity, Remove
from lineal.graph.mlflow.traces import TRACE
from lineal.graph.model import ByExternal, ById, Entity, External, Properties
from lineal.graph.query import Attribute, Compare, Expr, ExternalId, Order, Property, Query, Related, all_of
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import translate
from lineal.protocols.mlflow.errors import EXISTS, MISSING, Refused, invalid
from lineal.protocols.mlflow.evaluation import label_schemas, wire
from lineal.protocols.mlflow.evaluation.addresses import (
    REVIEW_QUEUE,
    REVIEW_QUEUE_NAME,
)
from lineal.protocols.mlflow.evaluation.homes import (
    active,
    at_home,
    home_of,
    moved_name,
    named,
    number_of,
    page_size,
    still_active,
    user_of,
)
from lineal.protocols.mlflow.evaluation.settle import TAKEN, settled, unchanged
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, Parameters

LONGEST_USER = 250
_LONGEST_NAME = 250
_LONGEST_ID = 36
_MOST_USERS = 10
_RESERVED = "default"
_USER = "user."
_TYPES = {1: "USER", 2: "CUSTOM"}
_ORDER = [Order(Attribute("created"), descending=True), Order(ExternalId(REVIEW_QUEUE))]

_create = Body(wire.CreateReviewQueue)
_user_queue = Body(wire.UserQueue)
_get = Parameters(wire.QueueId)
_by_name = Parameters(wire.ExperimentAndName)
_list = Parameters(wire.ListReviewQueues)
_update = Body(wire.UpdateReviewQueue)
_delete = Body(wire.QueueId)


# What a queue may be


def plain_user(text: str) -> str:
    """A user's name as it is compared."""
    return text.strip().lower()


def checked(field: str, value: str, longest: int) -> str:
    """The text, which may be neither empty nor too long."""
    if not value:
        raise invalid(f"`{field}` must be a non-empty string; got ''.")
    if len(value) > longest:
        raise invalid(f"`{field}` must be at most {longest} characters; got {len(value)}.")
    return value


def _users_of(given: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(checked("user", plain_user(each), LONGEST_USER) for each in given))
    if len(found) > _MOST_USERS:
        raise invalid(f"A review queue can have at most {_MOST_USERS} assigned users; got {len(found)}.")
    return found


def _schemas_of(given: Iterable[str]) -> list[str]:
    return sorted({checked("schema_id", each.strip(), _LONGEST_ID) for each in given})


def _custom_name(given: str) -> str:
    name = checked("name", given.strip(), _LONGEST_NAME)
    if name.lower() == _RESERVED:
        raise invalid(f"`{name}` is a reserved queue name and cannot be used for a custom queue.")
    return name


def _check_user_queue(name: str, users: Sequence[str], schemas: Sequence[str]) -> None:
    """A user's own queue is for them alone, and asks every question of the experiment."""
    if users and list(users) != [name]:
        raise invalid(
            f"A user queue must have exactly one assigned user equal to its name; got name={name!r} and"
            f" users={list(users)!r}."
        )
    if schemas:
        raise invalid("A user queue cannot have label schemas of its own; it has all of the experiment's.")


def _type_of(given: int | str) -> str:
    number = int(given) if str(given).isdigit() else None
    found = _TYPES.get(number) if number is not None else next(filter(given.__eq__, _TYPES.values()), None)
    if found is None:
        raise invalid("`queue_type` must be one of USER or CUSTOM.")
    return found


def _check_schemas(session: Session, experiment: Entity, schemas: Iterable[str]) -> None:
    """Refuse label schemas that are not there, or those of another experiment."""
    found = {number: label_schemas.look_up(session, number) for number in schemas}
    unknown = [number for number, each in found.items() if each is None or each.home != experiment.id]
    if unknown:
        number = translate.experiment_id(experiment)
        raise invalid(f"Label schema id(s) {unknown} not found for experiment '{number}'.")


# Operations


def create(call: Call) -> Reply:
    """POST review-queues/create."""
    message = _create(call)
    kind = _type_of(message.queue_type)
    users, schemas = _users_of(message.users), _schemas_of(message.schema_ids)
    if kind == "USER":
        name = checked("name", plain_user(message.name), _LONGEST_NAME)
        _check_user_queue(name, users, schemas)
        users = [name]
    else:
        name = _custom_name(message.name)
    experiment = active(call.session, message.experiment_id)
    _check_schemas(call.session, experiment, schemas)
    properties: Properties = {"type": kind, "schema_ids": list(schemas), **_as_properties(users)}
    return _reply(call.session, _put(call.session, experiment, name, properties, user_of(call)))


def _as_properties(users: Iterable[str]) -> Properties:
    return {_USER + user: True for user in users}


def _put(session: Session, experiment: Entity, name: str, properties: Properties, owner: str | None) -> str:
    """Make a queue and answer its id; Refused when the name is taken in the experiment, whatever its case."""
    number, by_name = f"rq-{uuid.uuid4().hex}", named(REVIEW_QUEUE_NAME, experiment, name.lower())
    put = PutEntity(
        kind="review_queue",
        namespace=experiment.namespace,
        name=name,
        home=ById(experiment.id),
        owner=owner,
        properties=properties,
        external=[External(REVIEW_QUEUE, number), External(by_name.protocol, by_name.id)],
    )
    operations: list[AnyOperation] = [still_active(experiment), Expect(by_name, Absent(), TAKEN), put]
    settled(session, lambda: (operations, None), _taken(name))
    return number


def _taken(name: str) -> str:
    return f"Review queue with name '{name}' already exists (names are case-insensitive)."


def get_or_create_user(call: Call) -> Reply:
    """POST review-queues/get-or-create-user: a user's own queue in an experiment."""
    message = _user_queue(call)
    name = checked("name", plain_user(message.user), _LONGEST_NAME)
    experiment = active(call.session, message.experiment_id)
    properties: Properties = {"type": "USER", "schema_ids": [], **_as_properties([name])}
    try:
        return _reply(call.session, _put(call.session, experiment, name, properties, name))
    except Refused as error:
        found = _look_up_by_name(call.session, experiment, name)
        if error.code != EXISTS or found is None:
            raise
    if _kind(found) != "USER":
        raise Refused(
            EXISTS, f"A non-user queue named '{name}' already exists; a user queue cannot have that name."
        )
    return json_reply({"review_queue": _message(found, translate.experiment_id(experiment))})


def find_queue(session: Session, number: str) -> Entity:
    """A review queue; Refused when there is none to see."""
    found = look_up(session, number)
    if found is None:
        raise Refused(MISSING, f"Review queue with id '{number}' not found.")
    return found


def look_up(session: Session, number: str) -> Entity | None:
    """The same, or None."""
    return session.look_up(ByExternal(REVIEW_QUEUE, number), ("properties", "external"))


def _look_up_by_name(session: Session, experiment: Entity, name: str) -> Entity | None:
    return session.look_up(named(REVIEW_QUEUE_NAME, experiment, name.lower()), ("properties", "external"))


def _kind(queue: Entity) -> str:
    return translate.text(queue.properties.get("type") or "CUSTOM")


def _reply(session: Session, number: str) -> Reply:
    queue = find_queue(session, number)
    return json_reply({"review_queue": _message(queue, number_of(session, queue))})


def _message(queue: Entity, experiment: str) -> wire.ReviewQueue:
    properties, schemas = queue.properties, queue.properties.get("schema_ids")
    return wire.ReviewQueue(
        translate.outside_id(queue, REVIEW_QUEUE) or "",
        experiment,
        queue.name,
        _kind(queue),
        queue.created,
        queue.updated,
        queue.owner,
        sorted(key.removeprefix(_USER) for key in properties if key.startswith(_USER)),
        [str(each) for each in schemas] if isinstance(schemas, list) else [],
    )


def get(call: Call) -> Reply:
    """GET review-queues/get."""
    return _reply(call.session, _get(call).queue_id)


def get_by_name(call: Call) -> Reply:
    """GET review-queues/get-by-name."""
    message = _by_name(call)
    experiment = active(call.session, message.experiment_id)
    number = translate.experiment_id(experiment)
    found = _look_up_by_name(call.session, experiment, message.name)
    if found is None:
        raise Refused(
            MISSING, f"Review queue with name '{message.name}' not found for experiment '{number}'."
        )
    return json_reply({"review_queue": _message(found, number)})


def list_all(call: Call) -> Reply:
    """GET review-queues/list: of one experiment, the newest first."""
    message = _list(call)
    limit = page_size(message.max_results)
    experiment = active(call.session, message.experiment_id)
    query = Query(
        kinds=["review_queue"],
        where=all_of(at_home(experiment), *_narrowed(message)),
        order=_ORDER,
        limit=limit,
        cursor=message.page_token or None,
        parts=["properties", "external"],
    )
    page = call.session.find(query)
    number = translate.experiment_id(experiment)
    found = [_message(each, number) for each in page.entities]
    return json_reply(wire.ReviewQueues(page.cursor or "", found or wire.UNSET))


def _narrowed(message: wire.ListReviewQueues) -> list[Expr]:
    """Only the queues of one user, or those in which a trace waits."""
    found: list[Expr] = []
    if message.user is not None:
        found.append(Compare(Property(_USER + plain_user(message.user)), "is not null"))
    if message.item_id is not None:
        found.append(Related("member", "out", Compare(ExternalId(TRACE), "=", message.item_id)))
    return found


def update(call: Call) -> Reply:
    """POST review-queues/update: what is given. A user's own queue stays as it is."""
    message = _update(call)

    def decide() -> tuple[list[AnyOperation], None]:
        queue = find_queue(call.session, message.queue_id)
        if _kind(queue) == "USER":
            raise invalid("A user queue's name, assigned user, schemas and owner are fixed.")
        return _update_operations(call.session, queue, message), None

    settled(call.session, decide, _taken((message.name or "").strip()))
    return _reply(call.session, message.queue_id)


def _update_operations(
    session: Session, queue: Entity, message: wire.UpdateReviewQueue
) -> list[AnyOperation]:
    owner = message.new_owner
    put = PutEntity(
        ById(queue.id),
        name=_custom_name(message.name) if message.name is not None else None,
        owner=checked("new_owner", owner.strip(), LONGEST_USER) if owner is not None else None,
        properties=_users_update(queue, message) | _schemas_update(session, queue, message),
    )
    moved: list[AnyOperation] = []
    if put.name is not None:
        names = queue.name.lower(), put.name.lower()
        moved = moved_name(REVIEW_QUEUE_NAME, queue, home_of(session, queue), names)
    return [unchanged(queue), *moved, put]


def _users_update(queue: Entity, message: wire.UpdateReviewQueue) -> Properties:
    if not message.update_users:
        return {}
    before: Properties = {key: None for key in queue.properties if key.startswith(_USER)}
    return before | _as_properties(_users_of(message.users))


def _schemas_update(session: Session, queue: Entity, message: wire.UpdateReviewQueue) -> Properties:
    if not message.update_schema_ids:
        return {}
    if session.edges([queue.id], ("member",), "out", 1):
        raise invalid(
            "A review queue's questions are locked once items are assigned to it. Remove the items before changing"
            " its questions."
        )
    schemas = _schemas_of(message.schema_ids)
    _check_schemas(session, home_of(session, queue), schemas)
    return {"schema_ids": list(schemas)}


def delete(call: Call) -> Reply:
    """POST review-queues/delete, whether or not it is there; the traces stay."""
    queue = look_up(call.session, _delete(call).queue_id)
    if queue is not None:
        call.session.commit(Change([Remove(ById(queue.id), hard=True)]))
    return DONE
