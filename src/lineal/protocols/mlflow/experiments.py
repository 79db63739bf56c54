"""Experiments: create, read, search, rename, delete and restore, tag."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, Change, Expect, Present, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.model import ByName, Edge, Entity, External
from lineal.graph.query import And, Attribute, Compare, Query, Related, all_of, attribute
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import filters, translate, validate, wire, workspace
from lineal.protocols.mlflow.datasets import states_of
from lineal.protocols.mlflow.errors import invalid, missing
from lineal.protocols.mlflow.requests import Body, Parameters, own_url
from lineal.protocols.mlflow.translate import EXPERIMENT, TAG, experiment_ref

DONE = Reply(200, b"{}")
ACTIVE = Present(kind="experiment")
DELETED = Present(states=["deleted"], kind="experiment")
_ANY = Present(states=["active", "deleted"], kind="experiment")
_MOST_EXPERIMENTS = 20
_MOST_SUMMARIES = 1000

_create = Body(wire.CreateExperiment)
_get = Parameters(wire.ExperimentId)
_by_name = Parameters(wire.ExperimentName)
_search_body = Body(wire.SearchExperiments)
_search_query = Parameters(wire.SearchExperiments)
_update = Body(wire.UpdateExperiment)
_one = Body(wire.ExperimentId)
_set_tag = Body(wire.SetExperimentTag)
_delete_tag = Body(wire.DeleteExperimentTag)
_datasets = Body(wire.SearchDatasets)


def seed(session: Session) -> None:
    """See that the experiment `0`, called Default, is there; a client that names none logs to it."""
    try:
        session.get(experiment_ref("0"), ())
    except NotFound:
        put = PutEntity(kind="experiment", name="Default", unique=True, external=[External(EXPERIMENT, "0")])
        session.commit(Change([put]))


async def create(call: Call) -> Reply:
    """POST experiments/create."""
    message = _create(call)
    validate.experiment_name(message.name)
    validate.artifact_location(message.artifact_location, own_url(call))
    tags = validate.experiment_tags(message.tags)
    number, namespace = await asyncio.to_thread(_new_number, call.session), namespace_of(call)
    properties = translate.prefixed(TAG, tags)
    root = await asyncio.to_thread(workspace.artifact_root, call.session)
    if message.artifact_location:
        properties["artifact_location"] = translate.absolute(message.artifact_location)
    elif root:
        properties["artifact_location"] = translate.joined(root, number)
    put = PutEntity(
        kind="experiment",
        namespace=namespace,
        name=message.name,
        unique=True,
        properties=properties,
        external=[External(EXPERIMENT, number)],
    )
    free = Expect(ByName("experiment", message.name, namespace), Absent(), "experiment_name")
    await call.session.submit(Change([free, put]))
    return json_reply({"experiment_id": number})


def _new_number(session: Session) -> str:
    """A number that no experiment has yet."""
    while True:
        number = translate.new_experiment_id()
        try:
            session.get(experiment_ref(number), ())
        except NotFound:
            return number


def get(call: Call) -> Reply:
    """GET experiments/get."""
    experiment = find_experiment(call.session, _get(call).experiment_id)
    return json_reply({"experiment": translate.experiment_message(experiment, namespace_of(call))})


def get_by_name(call: Call) -> Reply:
    """GET experiments/get-by-name."""
    name = _by_name(call).experiment_name
    try:
        experiment = call.session.get(
            ByName("experiment", name, namespace_of(call)), ("properties", "external")
        )
    except NotFound:
        experiment = _of_other_tools(call.session, name)
    return json_reply({"experiment": translate.experiment_message(experiment, namespace_of(call))})


def _of_other_tools(session: Session, name: str) -> Entity:
    """An experiment that is called so in a namespace that is no workspace."""
    query = Query(
        kinds=["experiment"],
        where=attribute("name", "=", name),
        limit=1,
        state="all",
        parts=["properties", "external"],
    )
    found = session.find(query).entities
    if not found:
        raise NotFound(f"Could not find experiment with name '{name}'")
    return found[0]


def search(call: Call) -> Reply:
    """POST or GET experiments/search."""
    message = _search_query(call) if call.method == "GET" else _search_body(call)
    default = filters.EXPERIMENT_TIE if message.order_by else filters.EXPERIMENT_ORDER
    query = Query(
        kinds=["experiment"],
        where=all_of(*filters.parse(message.filter, filters.experiment_columns)),
        order=filters.orders(message.order_by, filters.experiment_columns, default),
        limit=validate.page(message.max_results),
        cursor=message.page_token or None,
        state=translate.view(message.view_type),
        parts=["properties", "external"],
    )
    page = call.session.find(query)
    found = [translate.experiment_message(each, namespace_of(call)) for each in page.entities]
    return json_reply(wire.Experiments(found, page.cursor or ""))


async def update(call: Call) -> Reply:
    """POST experiments/update: a new name."""
    message = _update(call)
    validate.experiment_name(message.new_name)
    ref = experiment_ref(validate.experiment_id(message.experiment_id))
    there, active = Expect(ref, _ANY, "experiment"), Expect(ref, ACTIVE, "experiment_rename")
    rename = PutEntity(ref, kind="experiment", name=message.new_name, unique=True)
    return await _done(call, message.experiment_id, there, active, rename)


async def delete(call: Call) -> Reply:
    """POST experiments/delete: the experiment and all its runs, softly."""
    number = _one(call).experiment_id
    ref = experiment_ref(validate.experiment_id(number))
    put = PutEntity(ref, kind="experiment", state="deleted", cascade=True)
    return await _done(call, number, Expect(ref, ACTIVE, "experiment_state"), put)


async def restore(call: Call) -> Reply:
    """POST experiments/restore: the experiment and all its runs, also those deleted before."""
    number = _one(call).experiment_id
    ref = experiment_ref(validate.experiment_id(number))
    put = PutEntity(ref, kind="experiment", state="active", cascade=True)
    return await _done(call, number, Expect(ref, DELETED, "experiment_state"), put)


async def set_tag(call: Call) -> Reply:
    """POST experiments/set-experiment-tag."""
    message = _set_tag(call)
    tags = validate.experiment_tags([wire.Pair(message.key, message.value)])
    ref = experiment_ref(validate.experiment_id(message.experiment_id))
    put = PutEntity(ref, kind="experiment", properties=translate.prefixed(TAG, tags))
    return await _done(call, message.experiment_id, Expect(ref, ACTIVE, "experiment"), put)


def delete_tag(call: Call) -> Reply:
    """POST experiments/delete-experiment-tag."""
    message = _delete_tag(call)
    experiment = find_experiment(call.session, message.experiment_id)
    ref = experiment_ref(validate.experiment_id(message.experiment_id))
    if experiment.state == "active" and TAG + message.key not in experiment.properties:
        raise NotFound(f"No tag with name: {message.key} in experiment with id {message.experiment_id}")
    put = PutEntity(ref, kind="experiment", properties={TAG + message.key: None})
    call.session.commit(Change([Expect(ref, ACTIVE, "experiment"), put]))
    return DONE


def search_datasets(call: Call) -> Reply:
    """POST experiments/search-datasets: what the runs of some experiments read."""
    numbers = _datasets(call).experiment_ids
    if not numbers:
        raise invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(numbers) > _MOST_EXPERIMENTS:
        raise invalid(
            f"SearchDatasets request cannot specify more than {_MOST_EXPERIMENTS} experiment_ids."
            f" Received {len(numbers)} experiment_ids."
        )
    homes = find_experiments(call.session, numbers)
    summaries: dict[wire.DatasetSummary, None] = {}
    for runs, edges in _runs_with_inputs(call.session, homes):
        owner = {run.id: translate.experiment_id(homes[run.home or 0]) for run in runs}
        summaries |= dict.fromkeys(
            _summary(owner[edge.target], state) for edge in edges for state in states_of(edge.detail)
        )
    return json_reply({"dataset_summaries": list(summaries)[:_MOST_SUMMARIES]})


def _runs_with_inputs(
    session: Session, homes: dict[int, Entity]
) -> Iterable[tuple[list[Entity], list[Edge]]]:
    """The runs at home in these experiments that read data, page by page, with their incoming edges."""
    where = And([Compare(Attribute("home"), "in", list(homes)), Related("input", "in")])
    query: Query | None = Query(kinds=["run"], where=where, limit=1000, parts=[]) if homes else None
    while query is not None:
        page = session.find(query)
        yield page.entities, session.edges([run.id for run in page.entities], ("input",), "in", 100_000)
        query = (
            Query(kinds=["run"], where=where, limit=1000, parts=[], cursor=page.cursor)
            if page.cursor
            else None
        )


def _summary(experiment: str, state: dict[str, str]) -> wire.DatasetSummary:
    return wire.DatasetSummary(experiment, state["name"], state["digest"], state.get("context", ""))


async def _done(call: Call, number: str, *operations: AnyOperation) -> Reply:
    """Commit a change of an experiment."""
    try:
        await call.session.submit(Change(list(operations)))
    except NotFound:
        raise missing("experiment", number) from None
    return DONE


def namespace_of(call: Call) -> str:
    """The namespace of what a client creates: its workspace. That it sees no other one, the session sees to."""
    return workspace.of(call.session)


def find_experiment(session: Session, number: str) -> Entity:
    """An experiment by MLflow's id, or by the graph's own number when another tool made it.

    Raises:
        Refused: there is none to see, or the id is not a number.
    """
    number = validate.experiment_id(number)
    found = find_experiments(session, [number])
    if not found:
        raise missing("experiment", number)
    return next(iter(found.values()))


def find_experiments(session: Session, numbers: Iterable[str]) -> dict[int, Entity]:
    """The experiments of these ids that the caller may see, by the graph's numbers."""
    found, unknown = {}, []
    for number in dict.fromkeys(map(validate.experiment_id, numbers)):
        try:
            entity = session.get(experiment_ref(number), ("properties", "external"))
            found[entity.id] = entity
        except NotFound:
            unknown.append(int(number))
    foreign = session.get_many(unknown, ("properties", "external")) if unknown else []
    found |= {each.id: each for each in foreign if _is_foreign_experiment(session, each)}
    return found


def _is_foreign_experiment(session: Session, entity: Entity) -> bool:
    is_experiment = session.types().is_a(entity.kind, "experiment")
    return is_experiment and translate.outside_id(entity, EXPERIMENT) is None


def experiments_of(session: Session, entities: Iterable[Entity]) -> dict[int, Entity]:
    """The experiments in which these are at home, by the graph's numbers."""
    homes = {entity.home for entity in entities if entity.home is not None}
    return {each.id: each for each in session.get_many(sorted(homes), ("properties", "external"))}
