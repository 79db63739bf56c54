"""Types: identity, growth, what must not change, and what is there from the start."""

from __future__ import annotations

import pytest
from tests.protocols.mlmd.conftest import Store, typed

from lineal.graph.mlmd.messages import message
from lineal.protocols.mlmd.errors import Code

INT, DOUBLE, STRING = 1, 2, 3


def test_a_type_is_put_once(store: Store) -> None:
    first = store.artifact_type("Data", size=INT)
    assert store.artifact_type("Data", size=INT) == first
    assert store.execution_type("Data") != first
    found = store.call("GetArtifactType", type_name="Data").artifact_type
    assert (found.id, found.name, dict(found.properties)) == (first, "Data", {"size": INT})


def test_later_types_have_larger_ids(store: Store) -> None:
    ids = [
        store.artifact_type("b"),
        store.execution_type("a"),
        store.context_type("c"),
        store.artifact_type("a"),
    ]
    assert ids == sorted(ids)


def test_versions_are_types_of_their_own(store: Store) -> None:
    plain = store.artifact_type("Data")
    second = message("ArtifactType")(name="Data", version="2")
    number = store.call("PutArtifactType", artifact_type=second).type_id
    assert number != plain
    assert store.call("GetArtifactType", type_name="Data", type_version="2").artifact_type.id == number
    assert store.call("GetArtifactType", type_name="Data").artifact_type.id == plain


@pytest.mark.parametrize("name", ["a b", "a/b", "system.Dataset", "a@1", "ü", "run", "a%40b"])
def test_names_of_any_kind(store: Store, name: str) -> None:
    number = store.artifact_type(name)
    assert store.call("GetArtifactType", type_name=name).artifact_type.id == number
    artifact = store.artifact(number, name="x")
    assert store.call("GetArtifactsByID", artifact_ids=[artifact]).artifacts[0].type == name


def test_a_type_grows_when_it_may(store: Store) -> None:
    store.artifact_type("Data", size=INT)
    larger = typed("ArtifactType", "Data", {"size": INT, "owner": STRING})
    smaller = typed("ArtifactType", "Data", {})
    other = typed("ArtifactType", "Data", {"size": STRING})
    assert store.refused("PutArtifactType", artifact_type=larger) is Code.ALREADY_EXISTS
    store.call("PutArtifactType", artifact_type=larger, can_add_fields=True)
    assert store.refused("PutArtifactType", artifact_type=smaller) is Code.ALREADY_EXISTS
    store.call("PutArtifactType", artifact_type=smaller, can_omit_fields=True)
    every = {"can_add_fields": True, "can_omit_fields": True}
    assert store.refused("PutArtifactType", artifact_type=other, **every) is Code.ALREADY_EXISTS
    found = store.call("GetArtifactType", type_name="Data").artifact_type
    assert dict(found.properties) == {"size": INT, "owner": STRING}


def test_what_no_type_can_be(store: Store) -> None:
    for wrong in (message("ArtifactType")(), typed("ArtifactType", "Data", {"size": 0})):
        assert store.refused("PutArtifactType", artifact_type=wrong) is Code.INVALID_ARGUMENT
    right = typed("ArtifactType", "Data", {})
    refused = store.refused("PutArtifactType", artifact_type=right, all_fields_match=False)
    assert refused is Code.UNIMPLEMENTED
    assert store.refused("GetArtifactType", type_name="Data") is Code.NOT_FOUND


def test_the_base_type_is_set_once(store: Store) -> None:
    store.artifact_type("Data")
    based = [message("ArtifactType")(name="Data", base_type=number) for number in (0, 1, 2)]
    store.call("PutArtifactType", artifact_type=based[1])
    for other in (based[0], based[2]):
        assert store.refused("PutArtifactType", artifact_type=other) is Code.UNIMPLEMENTED
    assert store.call("GetArtifactType", type_name="Data").artifact_type.base_type == 1
    artifact = store.artifact(store.artifact_type("Data"), name="x")
    assert [each.id for each in store.session.find(_kind("dataset")).entities] == [artifact]


def _kind(name: str):  # type: ignore[no-untyped-def]
    from lineal.graph.query import Query

    return Query(kinds=[name])


def test_external_ids_of_types(store: Store) -> None:
    first = message("ArtifactType")(name="Data", external_id="x")
    store.call("PutArtifactType", artifact_type=first)
    other = message("ArtifactType")(name="Other", external_id="x")
    assert store.refused("PutArtifactType", artifact_type=other) is Code.ALREADY_EXISTS
    assert store.call("GetArtifactTypesByExternalIds", external_ids=["x"]).artifact_types[0].name == "Data"
    assert not store.call("GetArtifactTypesByExternalIds").artifact_types
    assert store.refused("GetArtifactTypesByExternalIds", external_ids=["y"]) is Code.NOT_FOUND
    assert store.refused("GetArtifactTypesByExternalIds", external_ids=[""]) is Code.INVALID_ARGUMENT


def test_execution_types_keep_their_structures(store: Store) -> None:
    kind = message("ExecutionType")(name="Train")
    kind.input_type.dict.properties["data"].simple.name = "Data"
    kind.output_type.any.SetInParent()
    store.call("PutExecutionType", execution_type=kind)
    found = store.call("GetExecutionType", type_name="Train").execution_type
    assert (found.input_type, found.output_type) == (kind.input_type, kind.output_type)


def test_several_at_once_or_none(store: Store) -> None:
    asked = {
        "artifact_types": [typed("ArtifactType", "b", {}), typed("ArtifactType", "a", {})],
        "context_types": [typed("ContextType", "a", {})],
    }
    answer = store.call("PutTypes", **asked)
    assert list(answer.artifact_type_ids) == [
        store.call("GetArtifactType", type_name=name).artifact_type.id for name in ("b", "a")
    ]
    assert len(answer.context_type_ids) == 1
    wrong = {
        "artifact_types": [typed("ArtifactType", "new", {})],
        "context_types": [message("ContextType")()],
    }
    assert store.refused("PutTypes", **wrong) is Code.INVALID_ARGUMENT
    assert store.refused("GetArtifactType", type_name="new") is Code.NOT_FOUND


def test_types_of_the_system_are_found_but_not_listed(store: Store) -> None:
    assert not store.call("GetArtifactTypes").artifact_types
    assert store.call("GetArtifactType", type_name="mlmd.Dataset").artifact_type.id == 1
    assert store.call("GetExecutionType", type_name="mlmd.Deploy").execution_type.id == 9
    assert (
        store.call("GetArtifactType", type_name="kubeflow.org/alpha/data_set").artifact_type.properties["uri"]
        == 3
    )
    store.artifact_type("Data")
    assert [each.name for each in store.call("GetArtifactTypes").artifact_types] == ["Data"]


def test_by_id_only_those_of_the_category(store: Store) -> None:
    artifact, execution = store.artifact_type("a"), store.execution_type("e")
    answer = store.call("GetArtifactTypesByID", type_ids=[execution, artifact, 12345])
    assert [each.name for each in answer.artifact_types] == ["a"]
