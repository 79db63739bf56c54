"""Evaluation data sets: create, read, search, tag, put into experiments and take out, delete."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph.change import (
    AnyOperation,
    Change,
    PutEdge,
    PutEntity,
    PutFacet,
    Remove,
    TheEdge,
    TheRecords,
)
from lineal.graph.mlflow.evaluation import DATASET, schema_of
from lineal.graph.model import ByExternal, ById, Entity, External, Local, Properties
from lineal.graph.query import (
    Attribute,
    Compare,
    Expr,
    ExternalId,
    Field,
    Order,
    Part,
    Property,
    Query,
    Related,
    all_of,
    attribute,
)
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import filters, translate, validate
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.evaluation import fields, wire
from lineal.protocols.mlflow.evaluation.homes import now_ms
from lineal.protocols.mlflow.evaluation.records import USER_TAG, read_object
from lineal.protocols.mlflow.evaluation.settle import settled, unchanged
from lineal.protocols.mlflow.experiments import DONE, find_experiments, namespace_of
from lineal.protocols.mlflow.filters import TEXT, Column
from lineal.protocols.mlflow.requests import Body, Parameters
from lineal.protocols.mlflow.translate import TAG

WHOLE: tuple[Part, ...] = ("properties", "facets", "external")
UPDATED, UPDATED_BY, DIGEST = "last_update_time", "last_updated_by", "digest"
LONGEST_NAME = LONGEST_KEY = 255
LONGEST_TAG = 5000
_MOST_EDGES = 1_000_000

_create = Body(wire.CreateDataset)
_search_body = Body(wire.SearchDatasets)
_search_query = Parameters(wire.SearchDatasets)
_tags = Body(wire.DatasetTags)
_experiments = Body(wire.DatasetExperiments)


def create(call: Call) -> Reply:
    """POST datasets/create."""
    message = _create(call)
    validate.length("name", message.name, LONGEST_NAME)
    tags = _read_tags(message.tags) if message.tags else {}
    homes = _experiments_of(call.session, message.experiment_ids)
    number, now = f"d-{uuid.uuid4().hex}", now_ms()
    put = PutEntity(
        kind="dataset",
        namespace=namespace_of(call),
        name=message.name,
        owner=tags.get(USER_TAG),
        created=now,
        properties=state_of(message.name, now, tags.get(USER_TAG)) | translate.prefixed(TAG, tags),
        external=[External(DATASET, number)],
        handle="dataset",
    )
    links = [PutEdge("member", ById(home.id), Local("dataset")) for home in homes]
    call.session.commit(Change([put, *links]))
    made = dataset_message(find_dataset(call.session, number))
    made.experiment_ids = [translate.experiment_id(home) for home in homes]
    return json_reply({"dataset": made})


def _read_tags(text: str) -> dict[str, str]:
    """Tags from JSON text; one without a value is none.

    Raises:
        Refused: the text is no JSON object, or a key or a value of it is too long.
    """
    given = read_object(text, "tags")
    found = {key: _tag_text(value) for key, value in given.items() if value is not None}
    for key, value in found.items():
        if not key:
            raise invalid("Invalid value for parameter 'tags' supplied: a key may not be empty.")
        validate.length("key", key, LONGEST_KEY)
        validate.length("value", value, LONGEST_TAG)
    return found


def _tag_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def state_of(name: str, now: int, user: str | None) -> Properties:
    """What tells a data set's state from an earlier one, when its rows have changed at a moment."""
    digest = hashlib.sha256(f"{name}:{now}".encode()).hexdigest()[:8]
    return {DIGEST: digest, UPDATED: now, UPDATED_BY: user}


def _experiments_of(session: Session, numbers: Iterable[str]) -> list[Entity]:
    """Experiments of these ids, in order; Refused when there is none to see of one."""
    found = {translate.experiment_id(each): each for each in _known(session, numbers).values()}
    for number in numbers:
        if number not in found:
            raise Refused(MISSING, f"No Experiment with id={number}")
    return [found[number] for number in dict.fromkeys(numbers)]


def _known(session: Session, numbers: Iterable[str]) -> dict[int, Entity]:
    """Those of the experiments that there are, by the graph's numbers."""
    return find_experiments(session, [each for each in numbers if each.isascii() and each.isdigit()])


def find_dataset(session: Session, number: str, parts: tuple[Part, ...] = WHOLE) -> Entity:
    """An evaluation data set; Refused when there is none to see."""
    found = look_up(session, number, parts)
    if found is None:
        raise Refused(MISSING, f"Evaluation dataset with id '{number}' not found")
    return found


def look_up(session: Session, number: str, parts: tuple[Part, ...] = ("external",)) -> Entity | None:
    """The same, or None."""
    return session.look_up(ByExternal(DATASET, number), parts, active=True)


def dataset_message(dataset: Entity) -> wire.Dataset:
    """A data set as MLflow shows it."""
    properties = dataset.properties
    tags = {pair.key: pair.value for pair in translate.pairs(TAG, properties)}
    schema = schema_of(dataset.facets.get("schema"))
    user = properties.get(UPDATED_BY)
    return wire.Dataset(
        translate.outside_id(dataset, DATASET) or "",
        dataset.name,
        json.dumps(tags),
        translate.text(properties.get(DIGEST) or ""),
        dataset.created,
        _whole(properties.get(UPDATED), dataset.updated),
        fields.schema_text(schema) if schema is not None else None,
        _profile(dataset.facets.get("statistics")),
        dataset.owner,
        translate.text(user) if user is not None else None,
    )


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _profile(statistics: Any) -> str | None:
    """JSON text of how many rows there are; `null` when there were some once."""
    count = statistics.get("row_count") if isinstance(statistics, Mapping) else None
    if count is None:
        return None
    return json.dumps({"num_records": count} if count else None)


def get(call: Call) -> Reply:
    """GET datasets/{dataset_id}."""
    return json_reply(
        {"dataset": dataset_message(find_dataset(call.session, call.path_params["dataset_id"]))}
    )


def delete(call: Call) -> Reply:
    """DELETE datasets/{dataset_id} with its records; what was made with it still leads to it."""
    dataset = look_up(call.session, call.path_params["dataset_id"])
    if dataset is not None:
        ref = ById(dataset.id)
        without = PutFacet(ref, "statistics", {"row_count": 0}, "mlflow")
        call.session.commit(
            Change([Remove(ref, TheRecords()), without, PutEntity(ref, kind="dataset", state="deleted")])
        )
    return DONE


def search(call: Call) -> Reply:
    """POST or GET datasets/search."""
    message = _search_query(call) if call.method == "GET" else _search_body(call)
    query = Query(
        kinds=["dataset"],
        where=all_of(*_scope(call), *filters.parse(message.filter_string, columns)),
        order=_order(message.order_by),
        limit=validate.page(message.max_results),
        cursor=message.page_token or None,
        parts=list(WHOLE),
    )
    if message.experiment_ids:
        homes = list(_known(call.session, message.experiment_ids))
        of_them = Related("member", "in", attribute("id", "in", homes))
        query = msgspec.structs.replace(query, where=all_of(of_them, query.where))
    page = call.session.find(query)
    return json_reply(wire.Datasets([dataset_message(each) for each in page.entities], page.cursor or ""))


def _scope(call: Call) -> list[Expr]:
    """Only evaluation data sets, and of a client that names a workspace only those of that."""
    name = call.headers.get("x-mlflow-workspace")
    known: list[Expr] = [Compare(ExternalId(DATASET), "is not null")]
    return [*known, attribute("namespace", "=", name)] if name else known


_IN_ORDER = {
    "name": Column(Attribute("name"), TEXT | {"in"}),
    "created_time": Column(Attribute("created"), filters.NUMBER, numeric=True),
    "last_update_time": Column(Property(UPDATED), filters.NUMBER, numeric=True),
}
_COLUMNS = _IN_ORDER | {
    "created_by": Column(Attribute("owner"), TEXT),
    "last_updated_by": Column(Property(UPDATED_BY), TEXT),
}
_TIE = (Order(ExternalId(DATASET), descending=True),)
_ORDER = (Order(Attribute("created"), descending=True), *_TIE)


def columns(group: str, key: str) -> Column:
    """Names in the filter of a search of evaluation data sets."""
    if group == "tags":
        return Column(Property(f"{TAG}{key}"), TEXT)
    return _attribute(group, key, _COLUMNS)


def order_columns(group: str, key: str) -> Column:
    """Names that a search of evaluation data sets may be ordered by."""
    if group == "tags":
        raise invalid("Invalid order_by entity: tag")
    return _attribute(group, key, _IN_ORDER)


def _attribute(group: str, key: str, known: Mapping[str, Column]) -> Column:
    if group != "attribute":
        raise invalid(f"Invalid identifier token '{group}' specified")
    if key not in known:
        raise invalid(f"Invalid attribute key '{key}' specified. Valid keys are: {sorted(known)}")
    return known[key]


def _order(asked: Iterable[str]) -> list[Order]:
    """The order asked for, else the newest first; of a name that comes twice the first counts."""
    found: dict[Field, Order] = {}
    for each in asked:
        order = filters.order(each, order_columns)
        found.setdefault(order.field, order)
    return [*found.values(), *_TIE] if found else list(_ORDER)


def set_tags(call: Call) -> Reply:
    """PATCH datasets/{dataset_id}/tags: some more, or with new values."""
    tags = _read_tags(_tags(call).tags)
    dataset = find_dataset(call.session, call.path_params["dataset_id"], ("external",))
    return _put(call.session, dataset, translate.prefixed(TAG, tags))


def delete_tag(call: Call) -> Reply:
    """DELETE datasets/{dataset_id}/tags/{key}, whether or not it is there."""
    dataset = look_up(call.session, call.path_params["dataset_id"])
    return _put(call.session, dataset, {TAG + call.path_params["key"]: None}) if dataset else DONE


def _put(session: Session, dataset: Entity, properties: Properties) -> Reply:
    session.commit(Change([PutEntity(ById(dataset.id), kind="dataset", properties=properties)]))
    return DONE


def experiment_ids(call: Call) -> Reply:
    """GET datasets/{dataset_id}/experiment-ids."""
    dataset = look_up(call.session, call.path_params["dataset_id"])
    found = [translate.experiment_id(each) for each in _homes(call.session, dataset)] if dataset else []
    return json_reply({"experiment_ids": found} if found else {})


def _homes(session: Session, dataset: Entity) -> list[Entity]:
    """The experiments that a data set was put into, in that order."""
    edges = session.edges([dataset.id], ("member",), "in", _MOST_EDGES)
    types = session.types()
    found = session.get_many([edge.source for edge in edges], ("external",))
    return [each for each in found if types.is_a(each.kind, "experiment")]


def add_experiments(call: Call) -> Reply:
    """POST datasets/{dataset_id}/add-experiments."""
    numbers = _experiments(call).experiment_ids

    def decide() -> tuple[list[AnyOperation], None]:
        dataset = find_dataset(call.session, call.path_params["dataset_id"])
        homes = _experiments_of(call.session, numbers)
        links = [PutEdge("member", ById(home.id), ById(dataset.id)) for home in homes]
        return [*_changed(dataset), *links], None

    settled(call.session, decide)
    return get(call)


def remove_experiments(call: Call) -> Reply:
    """POST datasets/{dataset_id}/remove-experiments; in which it is not, it need not be taken out of."""
    numbers = _experiments(call).experiment_ids

    def decide() -> tuple[list[AnyOperation], None]:
        dataset = find_dataset(call.session, call.path_params["dataset_id"])
        there = [
            home for home in _homes(call.session, dataset) if translate.experiment_id(home) in set(numbers)
        ]
        links = [Remove(ById(home.id), TheEdge("member", ById(dataset.id))) for home in there]
        return [*_changed(dataset), *links] if links else [], None

    settled(call.session, decide)
    return get(call)


def _changed(dataset: Entity) -> list[AnyOperation]:
    """That a data set, as it was read, has changed in something but its rows."""
    put = PutEntity(ById(dataset.id), kind="dataset", properties={UPDATED: now_ms()})
    return [unchanged(dataset), put]
