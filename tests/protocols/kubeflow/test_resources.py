"""Resources of every sort: made, read, found, changed; what is unique; what is refused."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from tests.protocols.kubeflow.conftest import Registry, custom

BOTH = pytest.mark.parametrize("generation", ["v1alpha3", "v1"])


def parents(registry: Registry) -> dict[str, Any]:
    """For each sort of resource, by the name of its list, what a new one needs."""
    model, environment = registry.model("parent"), registry.environment("parent")
    version = registry.version(model, "parent")
    service = registry.post(
        "inference_services", name="parent", registeredModelId=model, servingEnvironmentId=environment
    )
    found = {
        "registered_models": {"name": "n"},
        "model_versions": {"name": "n", "registeredModelId": model},
        "serving_environments": {"name": "n"},
        "inference_services": {
            "name": "n", "registeredModelId": model, "servingEnvironmentId": environment, "modelVersionId": version,
        },
        "model_artifacts": {"name": "n"},
        "artifacts": {"name": "n", "artifactType": "doc-artifact"},
        f"inference_services/{service['id']}/serves": {"name": "n", "modelVersionId": version},
        f"model_versions/{version}/artifacts": {"name": "n", "artifactType": "dataset-artifact"},
    }  # fmt: skip
    return found


@BOTH
def test_what_is_written_is_read(registry: Registry, generation: str) -> None:
    registry = registry.of(generation)
    for path, needed in parents(registry).items():
        answer = registry.send(
            "POST",
            path,
            json={**needed, "description": "d", "externalId": f"x-{path}", "customProperties": custom(a="b")},
        )
        assert answer.status_code == 201, answer.text
        made = answer.json()
        for name, value in {**needed, "description": "d", "externalId": f"x-{path}"}.items():
            assert made[name] == value, path
        assert made["customProperties"] == custom(a="b")
        assert made["id"].isdigit() and made["createTimeSinceEpoch"] == made["lastUpdateTimeSinceEpoch"]
        listed = registry.get(path)["items"]
        assert made in listed, path
        if "/" not in path:
            assert registry.get(f"{path}/{made['id']}") == made


@BOTH
def test_a_resource_is_found_by_name_and_by_external_id(registry: Registry, generation: str) -> None:
    registry = registry.of(generation)
    for path, needed in parents(registry).items():
        if "/" in path:
            continue
        one = path.removesuffix("s")
        made = registry.post(path, **{**needed, "externalId": f"x-{path}"})
        assert registry.get(one, externalId=f"x-{path}") == made
        home = (
            needed.get("registeredModelId")
            if path == "model_versions"
            else needed.get("servingEnvironmentId")
        )
        if path in ("registered_models", "serving_environments"):
            assert registry.get(one, name="n") == made
        elif home is not None:
            assert registry.get(one, name="n", parentResourceId=home) == made
            assert registry.refused("GET", one, name="n", parentResourceId="999999")[0] == 404
            assert registry.refused("GET", one, name="n")[0] == 400
        assert registry.refused("GET", one)[0] == 400
        assert registry.refused("GET", one, externalId="y")[0] == 404


def test_an_update_changes_what_is_given(registry: Registry) -> None:
    number = registry.model("m", description="d", owner="ann", customProperties=custom(a="b", c=1))
    path = f"registered_models/{number}"
    changed = registry.patch(path, state="ARCHIVED", language=["en", "de"])
    assert (changed["state"], changed["language"]) == ("ARCHIVED", ["en", "de"])
    assert (changed["description"], changed["owner"]) == ("d", "ann")
    assert changed["customProperties"] == custom(a="b", c=1)
    assert int(changed["lastUpdateTimeSinceEpoch"]) > int(changed["createTimeSinceEpoch"])
    replaced = registry.patch(path, customProperties=custom(c="text"), description=None)
    assert replaced["customProperties"] == custom(c="text") and replaced["description"] == "d"
    assert "description" not in registry.patch(path, description="")
    assert registry.get(path)["state"] == "ARCHIVED"


def test_custom_properties_of_every_type(registry: Registry) -> None:
    given = custom(text="a", whole=-12, half=0.1 + 0.2, tiny=1e-300, yes=True, no=False, empty="")
    given["struct"] = {"struct_value": b64encode(b'{"a": 1}').decode(), "metadataType": "MetadataStructValue"}
    held = {"type": "type.googleapis.com/a.B", "proto_value": b64encode(b"\0\1").decode()}
    given["proto"] = {**held, "metadataType": "MetadataProtoValue"}
    given["a.name with `signs`"] = {"string_value": "struct::", "metadataType": "MetadataStringValue"}
    number = registry.model("m", customProperties=given)
    assert registry.get(f"registered_models/{number}")["customProperties"] == given


@pytest.mark.parametrize(
    "value",
    [
        {"metadataType": "MetadataIntValue", "int_value": 1},
        {"metadataType": "MetadataIntValue", "int_value": "1.5"},
        {"metadataType": "MetadataIntValue", "int_value": "12345678901"},
        {"metadataType": "MetadataIntValue", "string_value": "1"},
        {"metadataType": "MetadataDoubleValue", "double_value": "1"},
        {"metadataType": "MetadataDoubleValue", "double_value": True},
        {"metadataType": "MetadataDoubleValue", "double_value": 10**400},
        {"metadataType": "MetadataBoolValue", "bool_value": 1},
        {"metadataType": "MetadataStringValue", "string_value": "a", "more": 1},
        {"metadataType": "MetadataStructValue", "struct_value": "no base64!"},
        {"metadataType": "MetadataProtoValue", "proto_value": ""},
        {"metadataType": "Unknown", "string_value": "a"},
        {"string_value": "a"},
        "a",
        None,
    ],
)
def test_a_custom_property_is_of_the_type_that_it_says(registry: Registry, value: Any) -> None:
    assert registry.refused("POST", "registered_models", name="m", customProperties={"p": value})[0] == 400
    assert registry.get("registered_models")["items"] == []


def test_names_are_unique_within_their_parent(registry: Registry) -> None:
    first, second = registry.model("a"), registry.model("b")
    assert registry.refused("POST", "registered_models", name="a")[0] == 409
    registry.version(first, "v")
    registry.version(second, "v")
    assert registry.refused("POST", "model_versions", name="v", registeredModelId=first)[0] == 409
    assert registry.refused("POST", f"registered_models/{first}/versions", name="v")[0] == 409
    version = registry.version(first, "other")
    body = {"name": "art", "artifactType": "model-artifact"}
    registry.post(f"model_versions/{version}/artifacts", **body)
    assert registry.refused("POST", f"model_versions/{version}/artifacts", **body)[0] == 409
    # The other sorts of artifacts have names of their own, and what lies in nothing need not be unique.
    registry.post(f"model_versions/{version}/artifacts", name="art", artifactType="doc-artifact")
    assert (
        registry.post("model_artifacts", name="art")["id"]
        != registry.post("model_artifacts", name="art")["id"]
    )


def test_external_ids_are_unique(registry: Registry) -> None:
    first = registry.model("a", externalId="x")
    assert registry.refused("POST", "registered_models", name="b", externalId="x")[0] == 409
    second = registry.model("b", externalId="y")
    assert registry.refused("PATCH", f"registered_models/{second}", externalId="x")[0] == 409
    assert registry.patch(f"registered_models/{first}", externalId="z")["externalId"] == "z"
    assert registry.patch(f"registered_models/{second}", externalId="x")["externalId"] == "x"
    assert registry.get("registered_model", externalId="x")["id"] == second


def test_an_artifact_is_made_or_changed_in_its_version(registry: Registry) -> None:
    version = registry.version(registry.model())
    path = f"model_versions/{version}/artifacts"
    made = registry.send(
        "POST", path, json={"artifactType": "model-artifact", "name": "a", "uri": "s3://b/k"}
    )
    assert made.status_code == 201
    body = {**made.json(), "uri": "s3://b/other", "state": "LIVE"}
    changed = registry.send("POST", path, json=body)
    assert (changed.status_code, changed.json()["id"]) == (200, body["id"])
    assert (changed.json()["uri"], changed.json()["state"]) == ("s3://b/other", "LIVE")
    assert len(registry.get(path)["items"]) == 1
    # What lay in nothing comes to lie in it, and in nothing else.
    loose = registry.post("model_artifacts", name="loose")
    assert registry.post(path, id=loose["id"], artifactType="model-artifact")["id"] == loose["id"]
    assert {each["id"] for each in registry.get(path)["items"]} == {body["id"], loose["id"]}
    other = registry.version(registry.model("other"))
    moved = registry.refused(
        "POST", f"model_versions/{other}/artifacts", id=loose["id"], artifactType="model-artifact"
    )
    assert moved[0] == 400


def test_an_artifact_keeps_its_sort(registry: Registry) -> None:
    number = registry.post("artifacts", artifactType="doc-artifact", name="d")["id"]
    assert registry.refused("PATCH", f"artifacts/{number}", artifactType="model-artifact")[0] == 400
    assert registry.refused("POST", "artifacts", id=number, artifactType="model-artifact")[0] == 400
    assert registry.refused("GET", f"model_artifacts/{number}")[0] == 404
    assert registry.patch(f"artifacts/{number}", artifactType="doc-artifact", uri="u")["uri"] == "u"
    assert registry.refused("POST", "artifacts", name="d", artifactType="poem")[0] == 400
    assert registry.refused("POST", "artifacts", name="d")[0] == 400
    assert registry.refused("GET", "artifacts", artifactType="poem")[0] == 400


def test_an_artifact_without_a_name_gets_one(registry: Registry) -> None:
    made = registry.post("model_artifacts")
    assert len(made["name"]) == 36 and registry.get(f"artifacts/{made['id']}") == made


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("registered_models", {}, 422, "required field 'name' is zero value."),
        ("registered_models", {"name": ""}, 422, "required field 'name' is zero value."),
        ("registered_models", {"name": 3}, 400, "name must be text"),
        ("registered_models", {"name": "n" * 251}, 400, "250 characters"),
        ("registered_models", {"name": "n", "ext_id": 1}, 400, 'json: unknown field "ext_id"'),
        ("registered_models", {"name": "n", "id": "1"}, 400, 'json: unknown field "id"'),
        ("registered_models", {"name": "n", "state": "GONE"}, 400, "LIVE or ARCHIVED"),
        ("registered_models", {"name": "n", "language": "en"}, 400, "language"),
        ("registered_models", {"name": "n", "language": [1]}, 400, "language"),
        ("registered_models", {"name": "n", "customProperties": []}, 400, "customProperties"),
        ("registered_models", {"name": "a\0b"}, 400, "NUL"),
        ("model_versions", {"name": "v"}, 422, "registeredModelId"),
        ("model_versions", {"name": "v", "registeredModelId": "999999"}, 404, "999999"),
        ("model_versions", {"name": "v", "registeredModelId": "x"}, 400, "registeredModelId"),
        ("model_versions", {"name": "v", "registeredModelId": 1}, 400, "registeredModelId"),
        ("experiment_runs", {"experimentId": "1", "startTimeSinceEpoch": "soon"}, 400, "startTimeSinceEpoch"),
        ("inference_services", {"servingEnvironmentId": "1"}, 422, "registeredModelId"),
        ("artifacts", {"artifactType": "metric", "name": "m"}, 400, "metric value is required"),
        ("artifacts", {"artifactType": "metric", "value": 10**400}, 400, "too large"),
        ("artifacts", {"artifactType": "metric", "value": 1, "step": 10**30}, 400, "step"),
        ("artifacts", {"artifactType": "parameter", "value": 1}, 400, "value"),
        ("artifacts", {"artifactType": "parameter", "value": "1", "parameterType": "list"}, 400, "parameterType"),
        ("artifacts", {"artifactType": "model-artifact", "state": "LIVING"}, 400, "state"),
    ],
)  # fmt: skip
def test_what_is_refused(
    registry: Registry, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    found, message = registry.refused("POST", path, **body)
    assert (found, words in message) == (status, True), message


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.5", "9" * 30, "²", "%20"])
@pytest.mark.parametrize("path", ["registered_models/{}", "artifacts/{}", "registered_models/{}/versions"])
def test_an_id_that_is_none(registry: Registry, number: str, path: str) -> None:
    assert registry.refused("GET", path.format(number))[0] == 400
    assert registry.refused("PATCH", path.format(number))[0] in (400, 405)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'"x"', b"null", b"[" * 100_000, b'{"name": "\\ud800"}', b"\xff"]
)
def test_a_body_that_is_no_object(registry: Registry, body: bytes) -> None:
    answer = registry.send("POST", "registered_models", content=body)
    assert answer.status_code == 400 and answer.json()["code"] == "Bad Request"


def test_other_paths_and_methods_fail_in_the_same_shape(registry: Registry) -> None:
    assert registry.refused("GET", "nothing/here")[0] == 404
    answer = registry.send("DELETE", f"registered_models/{registry.model()}")
    assert (answer.status_code, answer.json()["code"]) == (405, "Method Not Allowed")
    assert "PATCH" in answer.headers["allow"] and "DELETE" not in answer.headers["allow"]


def test_what_cannot_be_changed(registry: Registry) -> None:
    model = registry.model()
    version = registry.version(model)
    for body in ({"name": "other"}, {"registeredModelId": model}, {"id": version}):
        assert registry.refused("PATCH", f"model_versions/{version}", **body)[0] == 400
    assert registry.refused("PATCH", "model_versions/999999", author="a")[0] == 404
    assert registry.refused("PATCH", f"registered_models/{version}", state="LIVE")[0] == 404


def test_artifacts_share_their_external_ids(registry: Registry) -> None:
    made = registry.post("artifacts", artifactType="doc-artifact", externalId="x")
    assert registry.refused("POST", "model_artifacts", externalId="x")[0] == 409
    assert registry.get("artifact", externalId="x") == made
    assert registry.refused("GET", "model_artifact", externalId="x")[0] == 404


def test_what_was_deleted_through_lineal_is_not_there(registry: Registry) -> None:
    model = registry.model("m", externalId="x")
    version = registry.version(model, "1")
    for number in (version, model):
        put = {"op": "put_entity", "ref": {"by": "id", "id": int(number)}, "state": "deleted"}
        registry.send("POST", "/api/v1/changes", json={"operations": [put]})
        if number == version:
            assert registry.found("model_versions") == []
            assert registry.version(model, "1") != version
    assert registry.found("registered_models") == []
    assert registry.refused("GET", f"registered_models/{model}")[0] == 404
    assert registry.model("m", externalId="x") != model
