"""What traces belong to: runs, and the prompts that they were made with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, Change, Expect, PutEdge, PutEntity
from lineal.graph.errors import ExpectationFailed, NotFound
from lineal.graph.mlflow.registry import version_ref
from lineal.graph.mlflow.traces import PROMPT, trace_ref
from lineal.graph.model import ByExternal, ById, ByName, Entity
from lineal.protocols.base import Call, Reply
from lineal.protocols.mlflow.errors import Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.runs import find_run
from lineal.protocols.mlflow.traces import lookup, wire
from lineal.protocols.mlflow.traces.ingest import ATTEMPTS, NEW
from lineal.protocols.mlflow.traces.translate import check_id

MOST_TRACES = 100
_LONGEST_VERSION = 18

_link = Body(wire.LinkTracesToRun)
_prompts = Body(wire.LinkPromptsToTrace)


def link_to_run(call: Call) -> Reply:
    """POST traces/link-to-run: each of the traces was made in the run."""
    message = _link(call)
    if len(message.trace_ids) > MOST_TRACES:
        raise invalid(
            f"Cannot link more than {MOST_TRACES} traces to a run in a single request."
            f" Provided {len(message.trace_ids)} traces."
        )
    for number in message.trace_ids:
        check_id(number)
    run = find_run(call.session, message.run_id, ())
    for _ in range(ATTEMPTS):
        operations = list(_operations(call.session, run, message.trace_ids))
        try:
            call.session.commit(Change(operations))
        except ExpectationFailed:
            continue
        return DONE
    raise Refused(
        "TEMPORARILY_UNAVAILABLE", "These traces are being changed by others all the time; try again."
    )


def _operations(session: Session, run: Entity, numbers: Sequence[str]) -> Iterator[AnyOperation]:
    """Edges from the run; a trace that is still on its way gets a place to which its edge can lead."""
    for number in dict.fromkeys(numbers):
        ref = trace_ref(number)
        trace = lookup.known_trace(session, number)
        if trace is None:
            yield Expect(ref, Absent(), NEW)
            yield _expected(ref, run)
        yield PutEdge("output", ById(run.id), ref if trace is None else lookup.address(trace))


def _expected(ref: ByExternal, run: Entity) -> PutEntity:
    home = None if run.home is None else ById(run.home)
    return PutEntity(ref, kind="trace", namespace=run.namespace, name=ref.id, home=home, state="deleted")


def link_prompts(call: Call) -> Reply:
    """POST traces/link-prompts: the trace was made with versions of prompts."""
    message = _prompts(call)
    trace = lookup.find_trace(call.session, message.trace_id)
    at = lookup.address(trace)
    names = [f"{each.name}/{_whole(each.version)}" for each in message.prompt_versions]
    operations: list[AnyOperation] = [PutEntity(at, properties={PROMPT + name: True for name in names})]
    for each in message.prompt_versions:
        version = _version(call.session, trace.namespace, each)
        operations += [PutEdge("derived", version, at)] if version is not None else []
    try:
        call.session.commit(Change(operations))
    except NotFound:
        raise lookup.missing(message.trace_id) from None
    return DONE


def _whole(version: str) -> int:
    if not version.isdecimal() or len(version) > _LONGEST_VERSION:
        raise invalid(
            f"Invalid value '{version[:100]}' for parameter 'prompt_versions' supplied: a version is a number."
        )
    return int(version)


def _version(session: Session, namespace: str, given: wire.PromptVersionRef) -> ByExternal | None:
    """The address of a prompt's version, if it is there."""
    with contextlib.suppress(NotFound):
        prompt = session.get(ByName("model", given.name, namespace), ())
        ref = version_ref(prompt, _whole(given.version))
        session.get(ref, ())
        return ref
    return None
