"""Runs: create, read, search, update, delete and restore; and all that is logged to them but artifacts."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from lineal.catalog.rendered import Rendering
from lineal.catalog.session import Session
from lineal.graph.change import (
    AnyOperation,
    AppendPoints,
    AtRevision,
    Change,
    Expect,
    Present,
    PutEdge,
    PutEntity,
    PutFacet,
    UnsetOrEqual,
)
from lineal.graph.errors import Denied, ExpectationFailed, NotFound
from lineal.graph.model import (
    AnyRef,
    ByExternal,
    ById,
    ByName,
    ByUuid,
    Edge,
    Entity,
    External,
    Point,
    Properties,
)
from lineal.graph.query import Attribute, Compare, Part, Query, all_of
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import datasets, experiments, filters, translate, validate, wire
from lineal.protocols.mlflow.errors import INTERNAL, Refused, invalid, missing
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.filters import RUN_NAME_TAG
from lineal.protocols.mlflow.requests import Body, Parameters
from lineal.protocols.mlflow.translate import PARAM, RUN, TAG, experiment_ref, model_ref, run_ref

ACTIVE = Present(kind="run")
_ANY = Present(states=["active", "deleted"], kind="run")
_MODEL = Present(states=["active", "deleted"], kind="logged_model")
_UUID = re.compile(r"[0-9a-f]{32}")
_MOST_EDGES = 1_000_000
_HISTORY_TAG = "mlflow.log-model.history"
_ATTEMPTS = 20

_create = Body(wire.CreateRun)
_get = Parameters(wire.RunId)
_one = Body(wire.RunId)
_update = Body(wire.UpdateRun)
_search = Body(wire.SearchRuns)
_set_tag = Body(wire.SetTag)
_delete_tag = Body(wire.DeleteTag)
_log_param = Body(wire.SetTag)
_log_metric = Body(wire.LogMetric)
_log_batch = Body(wire.LogBatch)
_log_inputs = Body(wire.LogInputs)
_log_outputs = Body(wire.LogOutputs)
_log_model = Body(wire.LogModel)


class Home(NamedTuple):
    """What a new run takes from its experiment: address, namespace, and where artifacts are if that is special."""

    ref: AnyRef
    namespace: str
    root: str | None


_homes: dict[str, Home] = {}
_MOST_HOMES = 10_000


def home_of(session: Session, number: str) -> Home:
    """An experiment as a home.

    Remembered, since none of it ever changes and no two experiments of MLflow's have the same number. Whether the
    caller may use it, the commit decides.

    Raises:
        Refused: there is no such experiment to see.
    """
    if number in _homes:
        return _homes[number]
    experiment = experiments.find_experiment(session, number)
    given = experiment.properties.get("artifact_location")
    root = translate.text(given) if given else None
    if translate.outside_id(experiment, translate.EXPERIMENT) is None:
        return Home(ById(experiment.id), experiment.namespace, root)
    if number == "0":
        return Home(experiment_ref(number), experiment.namespace, root)
    if len(_homes) >= _MOST_HOMES:
        _homes.clear()
    return _homes.setdefault(number, Home(experiment_ref(number), experiment.namespace, root))


async def create(call: Call) -> Reply:
    """POST runs/create."""
    message = _create(call)
    experiment = validate.experiment_id(message.experiment_id or "0")
    home = home_of(call.session, experiment)
    tags = validate.tags(message.tags)
    name = _name(message.run_name, tags.pop(RUN_NAME_TAG, ""))
    number = uuid.uuid4().hex
    properties: Properties = {"status": "RUNNING", **translate.prefixed(TAG, tags)}
    if home.root is not None:
        properties["artifact_uri"] = translate.run_location(home.root, number)
    put = PutEntity(
        kind="run",
        namespace=home.namespace,
        name=name,
        home=home.ref,
        owner=message.user_id or None,
        started=message.start_time,
        properties=properties,
        external=[External(RUN, number)],
    )
    try:
        commit = await call.session.submit(Change([Expect(home.ref, experiments.ACTIVE, "experiment"), put]))
    except NotFound:
        raise missing("experiment", experiment) from None
    run = Entity(commit.entities[0], commit.uuids[0], "run", home.namespace, name, owner=put.owner)
    run.started, run.properties, run.external = message.start_time, properties, put.external
    return json_reply(
        {"run": _message(run, _Around(experiment, home.root or f"{translate.DEFAULT_ROOT}/{experiment}"))}
    )


def _name(given: str, tag: str) -> str:
    if given and tag and given != tag:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"
            f" (run_name='{given}', mlflow.runName='{tag}')."
        )
    return given or tag or translate.random_name()


def get(call: Call) -> Reply:
    """GET runs/get."""
    run = find_run(call.session, _get(call).run_id, ("external",))
    return json_reply({"run": _messages(call.session, [run])[0]})


def update(call: Call) -> Reply:
    """POST runs/update: status, end and name."""
    message = _update(call)
    ref = run_ref(message.run_id)
    properties: Properties = (
        {"status": translate.run_status(message.status)} if message.status is not None else {}
    )
    put = PutEntity(
        ref, kind="run", name=message.run_name or None, ended=message.end_time, properties=properties
    )
    with _of_run(message.run_id):
        call.session.commit(Change([Expect(ref, ACTIVE, "run"), put]))
    run = find_run(call.session, message.run_id, ("properties", "external"))
    return json_reply({"run_info": info(call.session, run)})


def info(session: Session, run: Entity) -> wire.RunInfo:
    """The head of one run."""
    home = experiments.experiments_of(session, [run]).get(run.home or 0)
    return translate.run_info(run, *_experiment(run, home))


async def delete(call: Call) -> Reply:
    """POST runs/delete, softly."""
    return await _put_state(call, "deleted")


async def restore(call: Call) -> Reply:
    """POST runs/restore."""
    return await _put_state(call, "active")


async def _put_state(call: Call, state: str) -> Reply:
    number = _one(call).run_id
    ref = run_ref(number)
    put = PutEntity(ref, kind="run", state="deleted" if state == "deleted" else "active")
    return await _done(call, number, Expect(ref, _ANY, "run"), put)


async def set_tag(call: Call) -> Reply:
    """POST runs/set-tag."""
    message = _set_tag(call)
    validate.key(message.key)
    value = message.value[: validate.LONGEST_TAG]
    ref = run_ref(message.run_id)
    put = _put_tags(ref, {message.key: value})
    return await _done(call, message.run_id, Expect(ref, ACTIVE, "run"), put)


def _put_tags(ref: AnyRef, tags: dict[str, str], params: Properties | None = None) -> PutEntity:
    """Tags and parameters as a change of the run; one of the tags is its name."""
    name = tags.pop(RUN_NAME_TAG, "") or None
    return PutEntity(ref, kind="run", name=name, properties=translate.prefixed(TAG, tags) | (params or {}))


def delete_tag(call: Call) -> Reply:
    """POST runs/delete-tag."""
    message = _delete_tag(call)
    run = find_run(call.session, message.run_id)
    known = {pair.key for pair in translate.run_data(run).tags}
    if run.state == "active" and message.key not in known:
        raise NotFound(f"No tag with name: {message.key} in run with id {message.run_id}")
    ref = run_ref(message.run_id)
    put = PutEntity(ref, kind="run", properties={TAG + message.key: None})
    call.session.commit(Change([Expect(ref, ACTIVE, "run"), put]))
    return DONE


async def log_param(call: Call) -> Reply:
    """POST runs/log-parameter. A parameter never changes."""
    message = _log_param(call)
    validate.key(message.key)
    ref = run_ref(message.run_id)
    properties: Properties = {PARAM + message.key: message.value[: validate.LONGEST_PARAM]}
    unchanged = Expect(ref, UnsetOrEqual(properties), "param")
    put = PutEntity(ref, kind="run", properties=properties)
    return await _done(call, message.run_id, Expect(ref, ACTIVE, "run"), unchanged, put)


async def log_metric(call: Call) -> Reply:
    """POST runs/log-metric."""
    message = _log_metric(call)
    validate.key(message.key, "name")
    ref = run_ref(message.run_id)
    points = AppendPoints(ref, [Point(message.key, message.value, message.timestamp, message.step)])
    if message.model_id:
        extra = _model_operations([message], message.run_id)
        return await _done(call, message.run_id, Expect(ref, ACTIVE, "run"), points, *extra)
    return await _done(call, message.run_id, Expect(ref, ACTIVE, "run"), points)


async def log_batch(call: Call) -> Reply:
    """POST runs/log-batch: all of it or nothing."""
    message = _log_batch(call)
    validate.run_id(message.run_id)
    validate.batch(message)
    ref = run_ref(message.run_id)
    operations: list[AnyOperation] = [Expect(ref, ACTIVE, "run")]
    if message.params or message.tags:
        operations += _put_pairs(ref, message)
    if message.metrics:
        operations += _append(ref, message)
    return await _done(call, message.run_id, *operations)


def _put_pairs(ref: AnyRef, message: wire.LogBatch) -> list[AnyOperation]:
    params = translate.prefixed(PARAM, validate.params(message.params))
    put = _put_tags(ref, validate.tags(message.tags), params)
    return [Expect(ref, UnsetOrEqual(params), "params"), put] if params else [put]


def _append(ref: AnyRef, message: wire.LogBatch) -> list[AnyOperation]:
    metrics = message.metrics
    validate.keys([each.key for each in metrics], "metrics", "name")
    points = [Point(each.key, each.value, each.timestamp, each.step) for each in metrics]
    of_models = [each for each in metrics if each.model_id]
    return [AppendPoints(ref, points), *_model_operations(of_models, message.run_id)]


def _model_operations(metrics: Sequence[wire.LogMetric | wire.MetricIn], run: str) -> list[AnyOperation]:
    """What metrics mean for the logged models that they were measured of."""
    by_model: dict[str, list[wire.LogMetric | wire.MetricIn]] = defaultdict(list)
    for each in metrics:
        by_model[each.model_id].append(each)
    operations: list[AnyOperation] = []
    for model, found in by_model.items():
        ref = model_ref(model)
        points = [point for each in found for point in translate.model_points(each, run)]
        operations += [Expect(ref, _MODEL, "logged_model"), AppendPoints(ref, points)]
        marks: Properties = {
            translate.evaluated_on(each.dataset_name): True for each in found if each.dataset_name
        }
        if marks:
            operations.append(PutEntity(ref, kind="logged_model", properties=marks))
    return operations


def log_inputs(call: Call) -> Reply:
    """POST runs/log-inputs: data sets and models that the run reads."""
    message = _log_inputs(call)
    validate.run_id(message.run_id)
    validate.datasets(message.datasets)
    run = find_run(call.session, message.run_id)
    ref = run_ref(message.run_id)
    operations: list[AnyOperation] = [Expect(ref, ACTIVE, "run")]
    edges = call.session.edges([run.id], ("input",), "in", _MOST_EDGES) if message.datasets else []
    known = {edge.source: edge.detail for edge in edges}
    for address, given in _by_address(call.session, message.datasets).items():
        operations += _read_operations(call.session, ref, address, given, known)
    for model in message.models:
        target = model_ref(model.model_id)
        operations.append(Expect(target, _MODEL, "logged_model"))
        operations.append(PutEdge("input", target, ref, {"model_id": model.model_id}))
    with _of_run(message.run_id):
        call.session.commit(Change(operations))
    _describe(call.session, message.datasets)
    return DONE


def _by_address(
    session: Session, inputs: Iterable[wire.DatasetInput]
) -> dict[AnyRef, list[wire.DatasetInput]]:
    found: dict[AnyRef, list[wire.DatasetInput]] = defaultdict(list)
    for each in inputs:
        found[_address(session, each.dataset)].append(each)
    return found


def _address(session: Session, dataset: wire.Dataset) -> AnyRef:
    """Where a data set is in the graph: an evaluation data set that the caller may see, or what is at its place."""
    number = datasets.evaluation_of(dataset)
    if number is not None:
        with contextlib.suppress(NotFound):
            return ById(session.get(ByExternal(datasets.EVALUATION, number), ()).id)
    place = datasets.place_of(dataset)
    return ByName("dataset", place.name, place.namespace)


def _read_operations(
    session: Session,
    run: AnyRef,
    ref: AnyRef,
    given: Sequence[wire.DatasetInput],
    known: Mapping[int, dict[str, Any]],
) -> list[AnyOperation]:
    """One edge from a data set, which is made if it is not there, to the run that reads states of it.

    Who may see a data set may log that it was read, without being allowed to change it.
    """
    operations: list[AnyOperation] = []
    detail: dict[str, Any] = {}
    try:
        detail = known.get(session.get(ref, ()).id, {})
    except NotFound:
        operations.append(PutEntity(ref, kind="dataset"))
    for each in given:
        detail = datasets.with_input(detail, each)
    return [*operations, PutEdge("input", ref, run, detail)]


def _describe(session: Session, inputs: Iterable[wire.DatasetInput]) -> None:
    """Tell the fields of data sets of which nobody told before. Who may read a data set need not be able to."""
    for each in inputs:
        place, schema = datasets.place_of(each.dataset), datasets.schema_of(each.dataset)
        ref = ByName("dataset", place.name, place.namespace)
        if schema is not None:
            with contextlib.suppress(Denied, NotFound):
                if "schema" not in session.get(ref, ("facets",)).facets:
                    session.commit(Change([PutFacet(ref, "schema", schema, "mlflow")]))


async def log_outputs(call: Call) -> Reply:
    """POST runs/outputs: models that the run made, each with the step."""
    message = _log_outputs(call)
    ref = run_ref(message.run_id)
    operations: list[AnyOperation] = [Expect(ref, ACTIVE, "run")]
    for model in message.models:
        target = model_ref(model.model_id)
        operations.append(Expect(target, _MODEL, "logged_model"))
        operations.append(PutEdge("output", ref, target, {"model_id": model.model_id, "step": model.step}))
    return await _done(call, message.run_id, *operations)


def log_model(call: Call) -> Reply:
    """POST runs/log-model, by which clients before 3.0 tell of a model among the run's artifacts."""
    message = _log_model(call)
    model = _model_info(message.model_json)
    ref = run_ref(message.run_id)
    for _ in range(_ATTEMPTS):
        run = find_run(call.session, message.run_id)
        history = json.dumps([*_logged_before(run), model])
        put = PutEntity(ref, kind="run", properties={TAG + _HISTORY_TAG: history})
        unchanged = Expect(ref, AtRevision(run.revision), "revision")
        try:
            call.session.commit(Change([Expect(ref, ACTIVE, "run"), unchanged, put]))
        except ExpectationFailed as error:
            if error.expect.code != "revision":
                raise
        else:
            return DONE
    raise Refused(INTERNAL, f"Run {message.run_id} is being changed by others all the time; try again.")


def _logged_before(run: Entity) -> list[object]:
    try:
        found = json.loads(translate.text(run.properties.get(TAG + _HISTORY_TAG, "[]")))
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _model_info(text: str) -> dict[str, object]:
    try:
        model = json.loads(text)
    except (ValueError, RecursionError):
        raise invalid(f"Malformed model info. \n {text[:500]} \n is not a valid JSON.") from None
    wanted = {"artifact_path", "flavors", "utc_time_created", "run_id"}
    absent = wanted - model.keys() if isinstance(model, dict) else wanted
    if absent:
        raise invalid(f"Model json is missing mandatory fields: {sorted(absent)}")
    return {key: model[key] for key in (*sorted(wanted), "model_uuid") if key in model}


def search(call: Call) -> Reply:
    """POST runs/search."""
    message = _search(call)
    limit = validate.page(message.max_results)
    homes = list(experiments.find_experiments(call.session, message.experiment_ids))
    clauses = filters.parse(message.filter, filters.run_columns)
    query = Query(
        kinds=["run"],
        where=all_of(at_home(homes), *clauses),
        order=filters.orders(message.order_by, filters.run_columns, filters.RUN_ORDER),
        limit=limit,
        cursor=message.page_token or None,
        state=translate.view(message.run_view_type),
        parts=["external"],
    )
    if not homes:
        return json_reply(wire.Runs())
    page = call.session.find(query)
    return json_reply(wire.Runs(_messages(call.session, page.entities), page.cursor or ""))


def at_home(homes: list[int]) -> Compare:
    """In one of these experiments."""
    return (
        Compare(Attribute("home"), "=", homes[0])
        if len(homes) == 1
        else Compare(Attribute("home"), "in", list(homes))
    )


# Runs as messages


class _Links(msgspec.Struct):
    """What a run reads and makes."""

    inputs: wire.RunInputs = msgspec.field(default_factory=lambda: wire.RunInputs([], []))
    outputs: wire.RunOutputs = msgspec.field(default_factory=lambda: wire.RunOutputs([]))


class _Around(msgspec.Struct):
    """What the message of a run tells that is not the run's own: of its experiment, its addresses, its links."""

    experiment: str
    root: str
    external: list[External] = []
    links: _Links = msgspec.field(default_factory=_Links)


def _messages(session: Session, runs: Sequence[Entity]) -> list[msgspec.Raw]:
    homes = experiments.experiments_of(session, runs)
    links = _links(session, runs)
    found = [
        (run, _Around(*_experiment(run, homes.get(run.home or 0)), run.external, links[run.id]))
        for run in runs
    ]
    return [msgspec.Raw(each) for each in session.render(_shown, found)]


def _experiment(run: Entity, home: Entity | None) -> tuple[str, str]:
    """Id and artifact location of a run's experiment, as far as the caller may see it."""
    if home is None:
        return str(run.home or 0), f"{translate.DEFAULT_ROOT}/{run.home or 0}"
    return translate.experiment_id(home), translate.location(home)


def _message(run: Entity, around: _Around) -> wire.Run:
    return wire.Run(
        translate.run_info(run, around.experiment, around.root),
        translate.run_data(run),
        around.links.inputs,
        around.links.outputs,
    )


def _encoded(run: Entity, around: _Around) -> bytes:
    return msgspec.json.encode(_message(run, around))


_shown = Rendering(("properties", "metrics"), _encoded)


def _links(session: Session, runs: Sequence[Entity]) -> dict[int, _Links]:
    found = {run.id: _Links() for run in runs}
    foreign: list[Edge] = []
    for edge in session.edges(list(found), ("input", "output"), "both", _MOST_EDGES):
        if edge.kind == "output" and edge.source in found and "step" in edge.detail:
            output = wire.ModelOutput(edge.detail["model_id"], edge.detail["step"])
            found[edge.source].outputs.model_outputs.append(output)
        elif edge.kind == "input" and "model_id" in edge.detail:
            found[edge.target].inputs.model_inputs.append(wire.ModelInput(edge.detail["model_id"]))
        elif edge.kind == "input" and (inputs := datasets.inputs_of(edge.detail)):
            found[edge.target].inputs.dataset_inputs += inputs
        elif edge.kind == "input":
            foreign.append(edge)
    if foreign:
        _add_foreign(session, found, foreign)
    return found


def _add_foreign(session: Session, links: dict[int, _Links], edges: Sequence[Edge]) -> None:
    """Data sets that other tools said the runs read."""
    entities = session.get_many(list({edge.source for edge in edges}), ())
    known = {each.id: each for each in entities if session.types().is_a(each.kind, "dataset")}
    for edge in edges:
        if edge.source in known:
            links[edge.target].inputs.dataset_inputs.append(datasets.foreign_input(known[edge.source]))


# Finding and changing one run


def find_run(session: Session, number: str, parts: Sequence[Part] = ("properties", "external")) -> Entity:
    """A run by MLflow's id, or by its uuid when another tool made it; Refused when there is none to see."""
    with contextlib.suppress(NotFound):
        return session.get(run_ref(number), parts)
    if _UUID.fullmatch(number):
        with contextlib.suppress(NotFound):
            run = session.get(ByUuid(number), parts)
            if session.types().is_a(run.kind, "run") and translate.outside_id(run, RUN) is None:
                return run
    raise missing("run", number)


async def _done(call: Call, number: str, *operations: AnyOperation) -> Reply:
    """Commit a change of a run; an address in it that leads nowhere is the run's."""
    try:
        await call.session.submit(Change(list(operations)))
    except NotFound:
        raise missing("run", number) from None
    return DONE


@contextlib.contextmanager
def _of_run(number: str) -> Iterator[None]:
    """The same for a change that blocks."""
    try:
        yield
    except NotFound:
        raise missing("run", number) from None
