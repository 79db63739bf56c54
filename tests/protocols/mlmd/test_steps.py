"""Events, contexts, and whole steps of a pipeline in one call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.protocols.mlmd.conftest import Store, node

from lineal.graph.mlmd.messages import message
from lineal.graph.model import ById
from lineal.graph.query import Walk
from lineal.protocols.mlmd.errors import Code

INPUT, OUTPUT, DECLARED_INPUT = 3, 4, 2


class Kinds:
    """A type of each category."""

    def __init__(self, store: Store) -> None:
        self.data, self.train, self.run = store.artifact_type(), store.execution_type(), store.context_type()


@pytest.fixture
def kinds(store: Store) -> Kinds:
    return Kinds(store)


def step(
    kinds: Kinds, *pairs: tuple[Any, Any], contexts: tuple[str, ...] = (), **options: bool
) -> dict[str, Any]:
    """A request of PutExecution; a pair is an artifact and the type of its event."""
    return {
        "execution": node("Execution", kinds.train),
        "artifact_event_pairs": [
            {"artifact": artifact, "event": message("Event")(type=event)} for artifact, event in pairs
        ],
        "contexts": [node("Context", kinds.run, name=name) for name in contexts],
        "options": options,
    }


class TestEvents:
    def test_paths_and_times_are_kept(self, store: Store, kinds: Kinds) -> None:
        artifact, execution = store.artifact(kinds.data), store.execution(kinds.train)
        path = {"steps": [{"key": "in"}, {"index": 3}]}
        store.event(artifact, execution, INPUT, path=path, milliseconds_since_epoch=17)
        store.event(artifact, execution, DECLARED_INPUT)
        for asked in ({"execution_ids": [execution]}, {"artifact_ids": [artifact]}):
            name = "GetEventsByExecutionIDs" if "execution_ids" in asked else "GetEventsByArtifactIDs"
            events = store.call(name, **asked).events
            assert {each.type for each in events} == {INPUT, DECLARED_INPUT}
            (plain,) = (each for each in events if each.type == INPUT)
            assert [each.key or each.index for each in plain.path.steps] == ["in", 3]
            assert plain.milliseconds_since_epoch == 17
        assert not store.call("GetEventsByExecutionIDs", execution_ids=[4711]).events

    def test_the_same_event_twice(self, store: Store, kinds: Kinds) -> None:
        artifact, execution = store.artifact(kinds.data), store.execution(kinds.train)
        store.event(artifact, execution, INPUT)
        event = message("Event")(artifact_id=artifact, execution_id=execution, type=INPUT)
        assert store.refused("PutEvents", events=[event]) is Code.ALREADY_EXISTS
        event.type = OUTPUT
        assert store.refused("PutEvents", events=[event, event]) is Code.ALREADY_EXISTS

    @pytest.mark.parametrize("missing", ["artifact_id", "execution_id", "type"])
    def test_what_no_event_can_be(self, store: Store, kinds: Kinds, missing: str) -> None:
        fields = {
            "artifact_id": store.artifact(kinds.data),
            "execution_id": store.execution(kinds.train),
            "type": INPUT,
        }
        event = message("Event")(**{**fields, missing: 0})
        assert store.refused("PutEvents", events=[event]) is Code.INVALID_ARGUMENT


class TestContexts:
    def test_members(self, store: Store, kinds: Kinds) -> None:
        artifact, execution = store.artifact(kinds.data), store.execution(kinds.train)
        context = store.context(kinds.run, "r")
        asked = {
            "attributions": [{"artifact_id": artifact, "context_id": context}],
            "associations": [{"execution_id": execution, "context_id": context}],
        }
        for _ in range(2):
            store.call("PutAttributionsAndAssociations", **asked)
        assert [each.id for each in store.call("GetArtifactsByContext", context_id=context).artifacts] == [
            artifact
        ]
        assert [each.id for each in store.call("GetExecutionsByContext", context_id=context).executions] == [
            execution
        ]
        assert [each.id for each in store.call("GetContextsByArtifact", artifact_id=artifact).contexts] == [
            context
        ]
        assert [
            each.id for each in store.call("GetContextsByExecution", execution_id=execution).contexts
        ] == [context]
        assert (
            store.refused("GetContextsByArtifact", artifact_id=store.artifact(kinds.data)) is Code.NOT_FOUND
        )
        wrong = {"attributions": [{"artifact_id": execution, "context_id": context}]}
        assert store.refused("PutAttributionsAndAssociations", **wrong) is Code.INVALID_ARGUMENT

    def test_families(self, store: Store, kinds: Kinds) -> None:
        first, second, third = (store.context(kinds.run, name) for name in "abc")

        def pair(parent: int, child: int) -> dict[str, Any]:
            return {"parent_contexts": [{"parent_id": parent, "child_id": child}]}

        store.call("PutParentContexts", **pair(first, second))
        store.call("PutParentContexts", **pair(second, third))
        assert store.refused("PutParentContexts", **pair(first, second)) is Code.ALREADY_EXISTS
        for wrong in (pair(third, first), pair(first, first), pair(first, 4711)):
            assert store.refused("PutParentContexts", **wrong) is Code.INVALID_ARGUMENT
        above = store.call("GetParentContextsByContext", context_id=second).contexts
        below = store.call("GetChildrenContextsByContext", context_id=second).contexts
        assert ([each.id for each in above], [each.id for each in below]) == ([first], [third])
        every = store.call("GetParentContextsByContexts", context_ids=[first, second, third]).contexts
        assert {key: [each.id for each in found.parent_contexts] for key, found in every.items()} == {
            second: [first],
            third: [second],
        }
        every = store.call("GetChildrenContextsByContexts", context_ids=[first, third]).contexts
        assert {key: [each.id for each in found.children_contexts] for key, found in every.items()} == {
            first: [second]
        }


class TestPutExecution:
    def test_all_of_it(self, store: Store, kinds: Kinds) -> None:
        stored = store.artifact(kinds.data, uri="/in")
        asked = step(
            kinds,
            (node("Artifact", kinds.data, id=stored, uri="/in"), INPUT),
            (node("Artifact", kinds.data, uri="/out"), OUTPUT),
            contexts=("r", "s"),
        )
        asked["artifact_event_pairs"].append({})
        answer = store.call("PutExecution", **asked)
        first, second, none = answer.artifact_ids
        assert (first, none) == (stored, -1)
        events = store.call("GetEventsByExecutionIDs", execution_ids=[answer.execution_id]).events
        assert [(each.artifact_id, each.type) for each in events] == [(stored, INPUT), (second, OUTPUT)]
        for context in answer.context_ids:
            found = store.call("GetArtifactsByContext", context_id=context).artifacts
            assert sorted(each.id for each in found) == sorted([stored, second])

    def test_none_of_it(self, store: Store, kinds: Kinds) -> None:
        before = store.session.newest()
        wrong = step(kinds, (node("Artifact", kinds.data, uri="/x"), INPUT), contexts=("r", ""))
        assert store.refused("PutExecution", **wrong) is Code.INVALID_ARGUMENT
        assert store.refused("PutExecution", contexts=wrong["contexts"][:1]) is Code.INVALID_ARGUMENT
        dangling = {"execution": node("Execution", kinds.train)}
        dangling["artifact_event_pairs"] = [{"event": message("Event")(type=INPUT, artifact_id=4711)}]
        assert store.refused("PutExecution", **dangling) is Code.INVALID_ARGUMENT
        assert store.session.newest() == before

    def test_contexts_are_used_again_only_if_asked(self, store: Store, kinds: Kinds) -> None:
        asked = step(kinds, contexts=("r",))
        first = store.call("PutExecution", **asked).context_ids
        assert store.refused("PutExecution", **asked) is Code.ALREADY_EXISTS
        asked["options"] = {"reuse_context_if_already_exist": True}
        asked["contexts"][0].custom_properties["new"].int_value = 1
        assert store.call("PutExecution", **asked).context_ids == first
        (context,) = store.call("GetContextsByID", context_ids=first).contexts
        assert not context.custom_properties
        asked["contexts"][0].id = first[0]
        assert store.call("PutExecution", **asked).context_ids == first
        (context,) = store.call("GetContextsByID", context_ids=first).contexts
        assert context.custom_properties["new"].int_value == 1
        asked["contexts"][0].id = 4711
        asked["options"] = {"force_reuse_context": True}
        assert store.refused("PutExecution", **asked) is Code.NOT_FOUND

    def test_artifacts_are_used_again_by_external_id(self, store: Store, kinds: Kinds) -> None:
        number = store.artifact(kinds.data, external_id="x", uri="/old")
        again = (node("Artifact", kinds.data, external_id="x", uri="/new"), OUTPUT)
        assert store.refused("PutExecution", **step(kinds, again)) is Code.ALREADY_EXISTS
        option = {"reuse_artifact_if_already_exist_by_external_id": True}
        assert list(store.call("PutExecution", **step(kinds, again, **option)).artifact_ids) == [number]
        assert store.call("GetArtifactsByID", artifact_ids=[number]).artifacts[0].uri == "/new"

    def test_the_time_moves_if_asked(self, store: Store, kinds: Kinds) -> None:
        number = store.execution(kinds.train)

        def updated() -> int:
            return int(
                store.call("GetExecutionsByID", execution_ids=[number])
                .executions[0]
                .last_update_time_since_epoch
            )

        before, again = updated(), {"execution": node("Execution", kinds.train, id=number)}
        store.call("PutExecution", **again)
        assert updated() == before
        store.call("PutExecution", **again, options={"force_update_time": True})
        assert updated() > before

    def test_steps_at_once_share_a_context_and_lose_nothing(self, store: Store, kinds: Kinds) -> None:
        reuse = {"reuse_context_if_already_exist": True}

        def put(number: int) -> Any:
            asked = step(
                kinds,
                (node("Artifact", kinds.data, uri=f"/{number % 3}"), OUTPUT),
                contexts=("r", "s"),
                **reuse,
            )
            return store.call("PutExecution", **asked)

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(put, range(40)))
        assert len({tuple(each.context_ids) for each in answers}) == 1
        context = answers[0].context_ids[0]
        found = store.call("GetExecutionsByContext", context_id=context).executions
        assert {each.id for each in found} == {each.execution_id for each in answers}


class TestPutLineageSubgraph:
    def asked(self, kinds: Kinds) -> dict[str, Any]:
        return {
            "executions": [node("Execution", kinds.train), node("Execution", kinds.train)],
            "artifacts": [node("Artifact", kinds.data, uri=f"/{number}") for number in range(2)],
            "contexts": [node("Context", kinds.run, name="r")],
            "event_edges": [
                {"execution_index": 0, "artifact_index": 0, "event": {"type": OUTPUT}},
                {"execution_index": 1, "artifact_index": 0, "event": {"type": INPUT}},
                {"execution_index": 1, "artifact_index": 1, "event": {"type": OUTPUT}},
            ],
        }

    def test_all_of_it(self, store: Store, kinds: Kinds) -> None:
        answer = store.call("PutLineageSubgraph", **self.asked(kinds))
        first, second = answer.artifact_ids
        walk = store.session.lineage(Walk(ById(second), "up"))
        assert {first, *answer.execution_ids} <= {each.id for each in walk.nodes}
        context = answer.context_ids[0]
        assert len(store.call("GetArtifactsByContext", context_id=context).artifacts) == 2

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"execution_index": 2}, Code.OUT_OF_RANGE),
            ({"artifact_index": -1}, Code.OUT_OF_RANGE),
            ({"artifact_index": None}, Code.INVALID_ARGUMENT),
            ({"event": None}, Code.INVALID_ARGUMENT),
            ({"event": {"type": INPUT, "artifact_id": 4711}}, Code.INVALID_ARGUMENT),
            ({"artifact_index": None, "event": {"type": INPUT, "artifact_id": 4711}}, Code.INVALID_ARGUMENT),
        ],
    )
    def test_none_of_it(self, store: Store, kinds: Kinds, change: dict[str, Any], code: Code) -> None:
        before, asked = store.session.newest(), self.asked(kinds)
        edge = {**asked["event_edges"][0], **change}
        asked["event_edges"].append({key: each for key, each in edge.items() if each is not None})
        assert store.refused("PutLineageSubgraph", **asked) is code
        assert store.session.newest() == before


def test_other_tools_meet_at_the_place_of_the_data(store: Store, kinds: Kinds) -> None:
    """One step writes a file through this door; what another tool made of that file is downstream of the step."""
    from lineal.graph.change import Change, PutEdge, PutEntity
    from lineal.graph.model import ByName, Local

    written = (node("Artifact", kinds.data, uri="s3://bucket/train.csv"), OUTPUT)
    answer = store.call("PutExecution", **step(kinds, written))
    place = ByName("dataset", "train.csv", "s3://bucket")
    store.session.commit(
        Change([PutEntity(kind="run", name="elsewhere", handle="r"), PutEdge("input", place, Local("r"))])
    )
    walk = store.session.lineage(Walk(ById(answer.execution_id), "down"))
    assert "elsewhere" in {each.name for each in walk.nodes}
    assert [each.uri for each in store.call("GetArtifacts").artifacts] == ["s3://bucket/train.csv"]
