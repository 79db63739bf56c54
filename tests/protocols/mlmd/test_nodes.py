"""Artifacts, executions and contexts: what is written is what is read, and what is refused is not written."""

from __future__ import annotations

import math

import pytest
from tests.protocols.mlmd.conftest import MakeStore, Store, node, value

from lineal.graph.change import Change, PutEntity
from lineal.graph.mlmd.messages import message
from lineal.graph.model import ById, ByName
from lineal.graph.query import Query
from lineal.protocols.mlmd.errors import Code

INT, DOUBLE, STRING, STRUCT, PROTO, BOOLEAN = 1, 2, 3, 4, 5, 6
LIVE, COMPLETE = 2, 3


def read(store: Store, number: int):  # type: ignore[no-untyped-def]
    return store.call("GetArtifactsByID", artifact_ids=[number]).artifacts[0]


@pytest.fixture
def kind(store: Store) -> int:
    return store.artifact_type(
        "Data",
        i=INT,
        d=DOUBLE,
        s=STRING,
        b=BOOLEAN,
        struct=STRUCT,
        proto=PROTO,
        **{"mlmd.x": INT, "custom.y": INT},
    )


def test_everything_comes_back_as_it_was(store: Store, kind: int) -> None:
    asked = node(
        "Artifact",
        kind,
        name="a",
        uri="s3://bucket/a",
        external_id="ext",
        state=LIVE,
        properties={
            "i": 2**62 + 1,
            "d": 0.1 + 0.2,
            "s": "__MLMD_NULL__",
            "b": False,
            "mlmd.x": 1,
            "custom.y": 2,
        },
        custom={"i": "other", "mlmd-struct::": "mlmd-struct::x", "e": 1e-300, "": 3, "nan": math.inf},
    )
    asked.properties["proto"].proto_value.type_url = "type.googleapis.com/x"
    asked.properties["proto"].proto_value.value = b"\x00\xff"
    fields = asked.properties["struct"].struct_value.fields
    fields["list"].list_value.values.add().number_value = 1.5
    fields["none"].null_value = 0
    fields["inner"].struct_value.fields["b"].bool_value = True
    asked.custom_properties.pop("")
    asked.custom_properties["empty"].struct_value.SetInParent()
    number = store.call("PutArtifacts", artifacts=[asked]).artifact_ids[0]
    found = read(store, number)
    assert found.properties == asked.properties
    assert found.custom_properties == asked.custom_properties
    assert (found.name, found.uri, found.external_id, found.state) == ("a", "s3://bucket/a", "ext", LIVE)
    assert (found.type_id, found.type, found.id) == (kind, "Data", number)
    assert found.create_time_since_epoch == found.last_update_time_since_epoch > 1_600_000_000_000


def test_nan_is_kept(store: Store, kind: int) -> None:
    number = store.artifact(kind, properties={"d": math.nan})
    assert math.isnan(read(store, number).properties["d"].double_value)


def test_an_empty_custom_value_is_none(store: Store, kind: int) -> None:
    asked = message("Artifact")(type_id=kind)
    asked.custom_properties["empty"].SetInParent()
    number = store.call("PutArtifacts", artifacts=[asked]).artifact_ids[0]
    assert not read(store, number).custom_properties


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"properties": {"unknown": 1}}, Code.INVALID_ARGUMENT),
        ({"properties": {"i": 1.0}}, Code.INVALID_ARGUMENT),
        ({"properties": {"d": 1}}, Code.INVALID_ARGUMENT),
        ({"id": 4711}, Code.INVALID_ARGUMENT),
        ({"name": "x\0y"}, Code.INVALID_ARGUMENT),
        ({"custom": {"k": "x\0y"}}, Code.INVALID_ARGUMENT),
    ],
)
def test_what_no_artifact_can_be(store: Store, kind: int, fields: dict[str, object], code: Code) -> None:
    before = store.session.newest()
    good = node("Artifact", kind, name="good")
    assert store.refused("PutArtifacts", artifacts=[good, node("Artifact", kind, **fields)]) is code
    assert store.session.newest() == before


def test_types_must_be_given_and_known(store: Store, kind: int) -> None:
    assert store.refused("PutArtifacts", artifacts=[message("Artifact")(name="a")]) is Code.INVALID_ARGUMENT
    assert store.refused("PutArtifacts", artifacts=[node("Artifact", 4711)]) is Code.NOT_FOUND
    assert store.refused("PutArtifacts", artifacts=[node("Artifact", store.context_type())]) is Code.NOT_FOUND
    context = message("Context")(type_id=store.context_type())
    assert store.refused("PutContexts", contexts=[context]) is Code.INVALID_ARGUMENT


def test_names_are_unique_within_a_type_and_external_ids_within_a_category(store: Store, kind: int) -> None:
    store.artifact(kind, name="a", external_id="x")
    other = store.artifact_type("Other")
    store.artifact(other, name="a")
    store.execution(store.execution_type(), name="a", external_id="x")
    for taken in ({"name": "a"}, {"external_id": "x"}):
        assert (
            store.refused("PutArtifacts", artifacts=[node("Artifact", kind, **taken)]) is Code.ALREADY_EXISTS
        )
        twice = [node("Artifact", kind, **{key: f"{held}2" for key, held in taken.items()})] * 2
        assert store.refused("PutArtifacts", artifacts=twice) is Code.ALREADY_EXISTS
    free = store.artifact(kind, name="b")
    renamed = node("Artifact", kind, id=free, external_id="x")
    assert store.refused("PutArtifacts", artifacts=[renamed]) is Code.ALREADY_EXISTS


def test_an_update_replaces_everything(store: Store, kind: int) -> None:
    number = store.artifact(
        kind, name="a", uri="/a", external_id="x", state=LIVE, properties={"i": 1, "s": "t"}, custom={"c": 1}
    )
    store.call("PutArtifacts", artifacts=[message("Artifact")(id=number, properties={"i": value(2)})])
    found = read(store, number)
    assert {key: each.int_value for key, each in found.properties.items()} == {"i": 2}
    assert not found.custom_properties
    assert (found.name, found.uri, found.state, found.external_id) == ("a", "", 0, "")
    store.artifact(kind, external_id="x")


def test_an_update_that_alters_nothing_is_no_update(store: Store, kind: int) -> None:
    number = store.artifact(kind, name="a", properties={"i": 1})
    before = read(store, number)
    assert store.artifact(kind, id=number, properties={"i": 1}) == number
    assert read(store, number) == before


def test_a_name_stays_but_that_of_a_context(store: Store, kind: int) -> None:
    artifact, context = store.artifact(kind, name="a"), store.context(store.context_type(), "a")
    store.artifact(kind, id=artifact, name="b")
    store.context(store.context_type(), "b", id=context)
    assert read(store, artifact).name == "a"
    assert store.call("GetContextsByID", context_ids=[context]).contexts[0].name == "b"
    other = store.context(store.context_type(), "c")
    taken = node("Context", store.context_type(), name="b", id=other)
    assert store.refused("PutContexts", contexts=[taken]) is Code.ALREADY_EXISTS


def test_the_type_of_a_node_stays(store: Store, kind: int) -> None:
    number, other = store.artifact(kind), store.artifact_type("Other")
    changed = node("Artifact", other, id=number)
    assert store.refused("PutArtifacts", artifacts=[changed]) is Code.INVALID_ARGUMENT


def test_a_mask_lets_only_what_it_names_through(store: Store, kind: int) -> None:
    number = store.artifact(
        kind, uri="/a", external_id="x", properties={"i": 1, "s": "t"}, custom={"c": 1, "d": 2}
    )

    def update(*paths: str, **fields: object) -> None:
        mask = {"paths": paths}
        store.call("PutArtifacts", artifacts=[node("Artifact", kind, id=number, **fields)], update_mask=mask)  # type: ignore[arg-type]

    update(
        "properties.i",
        "custom_properties.c",
        "unknown.path",
        properties={"i": 5, "s": "not me"},
        uri="/not/me",
    )
    found = read(store, number)
    assert (found.properties["i"].int_value, found.properties["s"].string_value, found.uri) == (5, "t", "/a")
    assert list(found.custom_properties) == ["d"]
    update("properties", "uri", "external_id", "state", properties={"s": "u"}, uri="/b", state=LIVE)
    found = read(store, number)
    assert list(found.properties) == ["s"]
    assert (found.uri, found.external_id, found.state) == ("/b", "", LIVE)
    assert list(found.custom_properties) == ["d"]


def test_an_update_of_what_has_changed_is_refused_if_asked(store: Store, kind: int) -> None:
    number = store.artifact(kind)
    seen = read(store, number)
    options = {"abort_if_latest_updated_time_changed": True}
    seen.uri = "/mine"
    store.call("PutArtifacts", artifacts=[seen], options=options)
    assert read(store, number).last_update_time_since_epoch > seen.last_update_time_since_epoch
    assert store.refused("PutArtifacts", artifacts=[seen], options=options) is Code.FAILED_PRECONDITION


def test_nodes_by_what_they_are_called(store: Store, kind: int) -> None:
    first, second = store.artifact(kind, name="a", uri="/1", external_id="x"), store.artifact(kind, uri="/2")
    assert store.call("GetArtifactByTypeAndName", type_name="Data", artifact_name="a").artifact.id == first
    assert not store.call("GetArtifactByTypeAndName", type_name="Data", artifact_name="b").HasField(
        "artifact"
    )
    assert not store.call("GetArtifactByTypeAndName", type_name="No", artifact_name="a").HasField("artifact")
    assert [each.id for each in store.call("GetArtifactsByURI", uris=["/2", "/3"]).artifacts] == [second]
    assert [each.id for each in store.call("GetArtifactsByExternalIds", external_ids=["x"]).artifacts] == [
        first
    ]
    assert store.refused("GetArtifactsByExternalIds", external_ids=["y"]) is Code.NOT_FOUND
    assert [each.id for each in store.call("GetArtifactsByType", type_name="Data").artifacts] == [
        first,
        second,
    ]
    assert not store.call("GetArtifactsByType", type_name="No").artifacts
    answer = store.call("GetArtifactsByID", artifact_ids=[second, 4711, first], populate_artifact_types=True)
    assert sorted(each.id for each in answer.artifacts) == [first, second]
    assert [each.name for each in answer.artifact_types] == ["Data"]


def test_an_execution_begins_and_ends(store: Store) -> None:
    kind = store.execution_type()
    number = store.execution(kind, last_known_state=2)
    assert store.session.get_many([number])[0].ended is None
    store.execution(kind, id=number, last_known_state=COMPLETE)
    entity = store.session.get_many([number])[0]
    assert entity.started is not None
    assert entity.ended is not None
    assert [each.id for each in store.session.find(Query(kinds=["run"])).entities] == [number]


def test_tenants_have_names_of_their_own(store: Store, kind: int) -> None:
    store.session.commit(Change([PutEntity(ByName("workspace", "team-a", "team-a"), kind="workspace")]))
    tenant = Store(store.session.within("team-a"))
    fields = {"name": "a", "external_id": "x"}
    first, second = store.artifact(kind, **fields), tenant.artifact(kind, **fields)
    assert first != second
    asked = {"type_name": "Data", "artifact_name": "a"}
    assert tenant.call("GetArtifactByTypeAndName", **asked).artifact.id == second
    by_external = tenant.call("GetArtifactsByExternalIds", external_ids=["x"]).artifacts
    assert [(each.id, each.external_id) for each in by_external] == [(second, "x")]
    assert tenant.found("external_id = 'x'") == [second]
    tenant.artifact(kind, id=second, name="a", external_id="y")
    assert tenant.refused("GetArtifactsByExternalIds", external_ids=["x"]) is Code.NOT_FOUND


def test_who_may_not_see_is_told_nothing(store_of: MakeStore) -> None:
    owner = store_of("owner", ("owner", "store", ""))
    stranger, viewer = store_of("stranger"), store_of("viewer", ("viewer", "store", ""))
    kind = owner.artifact_type("Data")
    number = owner.artifact(kind, name="a", external_id="x")
    assert not stranger.call("GetArtifacts").artifacts
    assert not stranger.call("GetArtifactsByID", artifact_ids=[number]).artifacts
    assert (
        stranger.refused("PutArtifacts", artifacts=[node("Artifact", kind, id=number)])
        is Code.INVALID_ARGUMENT
    )
    assert viewer.call("GetArtifacts").artifacts[0].name == "a"
    assert viewer.refused("PutArtifacts", artifacts=[node("Artifact", kind)]) is Code.PERMISSION_DENIED
    assert (
        viewer.refused("PutArtifacts", artifacts=[node("Artifact", kind, id=number, uri="/b")])
        is Code.PERMISSION_DENIED
    )


def delete(store: Store, number: int) -> None:
    store.session.commit(Change([PutEntity(ById(number), state="deleted")]))


def test_what_was_deleted_through_lineal_is_not_there(store: Store, kind: int) -> None:
    number = store.artifact(kind, name="a", external_id="x", uri="u")
    execution = store.execution(store.execution_type())
    context = store.context(store.context_type(), "c")
    store.event(number, execution, 4)
    store.call(
        "PutAttributionsAndAssociations", attributions=[{"artifact_id": number, "context_id": context}]
    )
    delete(store, number)
    assert store.call("GetArtifactsByID", artifact_ids=[number]).artifacts == []
    assert store.call("GetArtifacts").artifacts == store.call("GetArtifactsByURI", uris=["u"]).artifacts == []
    assert not store.call("GetArtifactByTypeAndName", type_name="Data", artifact_name="a").HasField(
        "artifact"
    )
    assert store.refused("GetArtifactsByExternalIds", external_ids=["x"]) is Code.NOT_FOUND
    assert store.call("GetEventsByExecutionIDs", execution_ids=[execution]).events == []
    assert store.call("GetArtifactsByContext", context_id=context).artifacts == []
    gone = node("Artifact", kind, id=number)
    assert store.refused("PutArtifacts", artifacts=[gone]) is Code.INVALID_ARGUMENT
    delete(store, context)
    assert store.refused("GetContextsByArtifact", artifact_id=number) is Code.NOT_FOUND


def test_the_name_of_what_was_deleted_is_free(store: Store, kind: int) -> None:
    first = store.artifact(kind, name="a", external_id="x")
    contexts = store.context_type()
    old = store.context(contexts, "c")
    for number in (first, old):
        delete(store, number)
    second = store.artifact(kind, name="a", external_id="x")
    assert second != first
    options = {"reuse_context_if_already_exist": True}
    execution = node("Execution", store.execution_type())
    asked = {"execution": execution, "contexts": [node("Context", contexts, name="c")], "options": options}
    new = store.call("PutExecution", **asked).context_ids[0]
    assert new not in (old, first)
    assert store.call("PutExecution", **asked).context_ids == [new]
    assert [each.name for each in store.session.get_many([first, old])] != ["a", "c"]
