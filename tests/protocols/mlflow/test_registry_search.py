"""Searches of models and versions: filters, order, pages, prompts, and the words for what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told
from tests.protocols.mlflow.registry import (
    MODELS,
    PROMPT,
    VERSIONS,
    add,
    change,
    make,
    models_found,
    move,
    point,
    tags_of,
    versions_found,
)


def pair(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


@pytest.fixture
def filled(client: Client) -> Client:
    """Four models and a prompt; `a` has three versions, `a-b` two."""
    make(client, "a", tags=[pair("team", "Red"), pair("odd key", "1")])
    make(client, "a-b", tags=[pair("team", "blue")])
    make(client, "C_1")
    make(client, "it's")
    make(client, "prompt", tags=[PROMPT])
    add(client, "a", "s3://b/one", run_id="run1", tags=[pair("n", "1"), pair("team", "Red")])
    add(client, "a", "s3://b/two", run_id="run2", tags=[pair("n", "2"), pair("team", "Red")])
    add(client, "a", "s3://b/three")
    add(client, "a-b", "s3://b/one", run_id="run1", tags=[pair("n", "1")])
    add(client, "a-b", "s3://c/two")
    add(client, "prompt", "dummy-source", tags=[PROMPT, pair("mlflow.prompt.text", "x")])
    return client


def wrong(client: Client, path: str, **query: Any) -> str:
    status, code, message = told(client.send("GET", f"{path}/search", params=query))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE"), query
    return message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["C_1", "a", "a-b", "it's"]),
        ("name = 'a'", ["a"]),
        ('name = "it\'s"', ["it's"]),
        ("attribute.name != 'a'", ["C_1", "a-b", "it's"]),
        ("name LIKE 'a%'", ["a", "a-b"]),
        ("name like 'c%'", []),
        ("name ILIKE 'c%'", ["C_1"]),
        ("name IN ('a', \"C_1\", 'none')", ["C_1", "a"]),
        ("name NOT IN ('a', 'C_1')", ["a-b", "it's"]),
        ("tags.team = 'Red'", ["a"]),
        ("tag.team != 'Red'", ["a-b"]),
        ("tags.team ILIKE 'r%' AND name LIKE 'a%'", ["a"]),
        ("tags.`odd key` = '1'", ["a"]),
        ("tags.'odd key' = '1'", ["a"]),
        ("tags.none = 'x'", []),
        ("name = 'a' and name = 'a-b'", []),
        ("name = 'prompt'", []),
        ("tags.`mlflow.prompt.is_prompt` = 'true'", ["prompt"]),
        ("tags.`mlflow.prompt.is_prompt` != 'false'", ["prompt"]),
        ("tags.`mlflow.prompt.is_prompt` != 'true'", ["C_1", "a", "a-b", "it's"]),
        ("name LIKE 'p%' AND tag.`mlflow.prompt.is_prompt` = 'true'", ["prompt"]),
    ],
)
def test_models_are_found(filled: Client, query: str, expected: list[str]) -> None:
    assert models_found(filled, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "a-b/2 a-b/1 a/3 a/2 a/1"),
        ("name = 'a'", "a/3 a/2 a/1"),
        ("name = 'none'", ""),
        ("name != 'a'", "a-b/2 a-b/1"),
        ("name LIKE 'a%'", "a-b/2 a-b/1 a/3 a/2 a/1"),
        ("name ILIKE 'A'", "a/3 a/2 a/1"),
        ("name IN ('a', 'none')", "a/3 a/2 a/1"),
        ("name NOT IN ('a')", "a-b/2 a-b/1"),
        ("run_id = 'run1'", "a-b/1 a/1"),
        ("run_id IN ('run1', 'run2')", "a-b/1 a/2 a/1"),
        ("run_id != 'run1'", "a-b/2 a/3 a/2"),
        ("run_id NOT IN ('run1')", "a-b/2 a/3 a/2"),
        ("run_id = ''", "a-b/2 a/3"),
        ("run_id IN ('', 'run2')", "a-b/2 a/3 a/2"),
        ("run_id LIKE '%'", "a-b/2 a-b/1 a/3 a/2 a/1"),
        ("run_id LIKE 'run%'", "a-b/1 a/2 a/1"),
        ("source_path = 's3://b/one'", "a-b/1 a/1"),
        ("source_path LIKE 's3://c/%'", "a-b/2"),
        ("version_number = 2", "a-b/2 a/2"),
        ("version_number = '2'", "a-b/2 a/2"),
        ("version_number > 1 AND name = 'a'", "a/3 a/2"),
        ("version_number <= 1", "a-b/1 a/1"),
        ("tags.n = '1'", "a-b/1 a/1"),
        ("tags.n != '1'", "a/2"),
        ("tags.team = 'Red' AND tags.n = '2'", "a/2"),
        ("name = 'prompt'", ""),
        ("tags.`mlflow.prompt.is_prompt` = 'true'", "prompt/1"),
    ],
)
def test_versions_are_found(filled: Client, query: str, expected: str) -> None:
    assert " ".join(versions_found(filled, query)) == expected


def test_models_come_in_the_order_asked_for(filled: Client) -> None:
    assert models_found(filled, order_by="name DESC") == ["it's", "a-b", "a", "C_1"]
    newest = models_found(filled, order_by="last_updated_timestamp DESC")
    assert newest[:2] == ["a-b", "a"]
    assert models_found(filled, order_by=["timestamp", "name DESC"]) == list(reversed(newest))


def test_versions_come_in_the_order_asked_for(filled: Client) -> None:
    assert versions_found(filled, order_by="name ASC") == ["a/3", "a/2", "a/1", "a-b/2", "a-b/1"]
    by_both = ["name DESC", "version_number ASC"]
    assert versions_found(filled, order_by=by_both) == ["a-b/1", "a-b/2", "a/1", "a/2", "a/3"]
    assert versions_found(filled, order_by="version_number")[:2] == ["a/1", "a-b/1"]
    assert versions_found(filled, order_by="attribute.creation_timestamp") == [
        "a/1",
        "a/2",
        "a/3",
        "a-b/1",
        "a-b/2",
    ]
    move(filled, "a", "1", "Staging")
    assert versions_found(filled)[0] == "a/1"


@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_are_full_and_miss_nothing(filled: Client, size: int) -> None:
    for path, part, count in ((MODELS, "registered_models", 4), (VERSIONS, "model_versions", 5)):
        found: list[str] = []
        answer: dict[str, Any] = {"next_page_token": ""}
        while "next_page_token" in answer:
            token = answer["next_page_token"]
            answer = filled.get(f"{path}/search", max_results=size, page_token=token)
            found += [f"{each['name']}/{each.get('version')}" for each in answer[part]]
            assert len(answer[part]) == size or "next_page_token" not in answer
        assert len(found) == len(set(found)) == count


def test_models_bring_their_newest_versions_and_aliases(filled: Client) -> None:
    move(filled, "a", "1", "Production")
    point(filled, "a", "best", "2")
    (found,) = filled.get(f"{MODELS}/search", filter="name = 'a'")["registered_models"]
    assert [(each["version"], each["current_stage"]) for each in found["latest_versions"]] == [
        ("1", "Production"),
        ("3", "None"),
    ]
    assert found["aliases"] == [{"alias": "best", "version": "2"}]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("nam = 'a'", "Invalid attribute key 'nam' specified. Valid keys are '{'name'}'"),
        ("attributes.name = 'a'", "Invalid entity type 'attributes'. Valid entity types are"),
        ("name > 'a'", "Invalid comparator for attribute: >"),
        ("tags.team > 'a'", "Invalid comparator for tag: >"),
        ("tags.team IN ('a')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('a')"),
        (
            "name = 3",
            "Expected a quoted string value or a list of quoted string values for attributes. Got value 3",
        ),
        (
            "name = a",
            "Parameter value is either not quoted or unidentified quote types used for string value a.",
        ),
        ("name IN ()", "While parsing a list in the query, expected a non-empty list of string values"),
        (
            "name IN (1)",
            "While parsing a list in the query, expected string value, punctuation, or whitespace",
        ),
        ("name IN 'a'", "Invalid clause(s) in filter string: name, IN, 'a'"),
        ("name = ('a')", "Invalid clause(s) in filter string: name, =, ('a',)"),
        ("tags.team IS NULL", "IS NULL / IS NOT NULL is not supported for registered model search."),
        ("name = 'a' OR name = 'b'", "Invalid clause(s) in filter string"),
        ("(name = 'a')", "Invalid clause(s) in filter string"),
    ],
)
def test_what_is_wrong_with_a_filter_of_models_is_told(client: Client, query: str, message: str) -> None:
    assert wrong(client, MODELS, filter=query).startswith(message)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("source = 'a'", "Invalid attribute key 'source' specified. Valid keys are"),
        ("version_number LIKE '1'", "Invalid comparator for attribute version_number: LIKE"),
        ("version_number = 3.0", "Invalid value for numeric attribute 'version_number': 3.0"),
        ("version_number = 'x'", "Invalid value for numeric attribute 'version_number': 'x'"),
        ("version_number = 99999999999999999999", "99999999999999999999 does not fit in 64 bits"),
        (
            "run_id = 1",
            "Only the '{'creation_timestamp', 'last_updated_timestamp', 'version_number'}' attributes",
        ),
        ("source_path IN ('a')", "Only ['name', 'run_id'] attributes support comparison with a list"),
        ("run_id IS NULL", "IS NULL / IS NOT NULL is not supported for model version search."),
    ],
)
def test_what_is_wrong_with_a_filter_of_versions_is_told(client: Client, query: str, message: str) -> None:
    assert wrong(client, VERSIONS, filter=query).startswith(message)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("nope", "Invalid order by key 'nope' specified. Valid keys are '{'name', 'timestamp'}'"),
        ("name foo", "Invalid ordering key in order_by clause 'name foo'."),
        ("name ASC DESC", "Invalid order_by clause 'name ASC DESC'. Could not be parsed."),
        ("", "Invalid order_by clause ''. Could not be parsed."),
        (["name", "name"], "`order_by` contains duplicate fields: ['name', 'name']"),
        (["timestamp", "last_updated_timestamp"], "`order_by` contains duplicate fields"),
    ],
)
def test_what_is_wrong_with_an_order_of_models_is_told(client: Client, order: Any, message: str) -> None:
    assert wrong(client, MODELS, order_by=order).startswith(message)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("run_id", "Invalid attribute key 'run_id' specified."),
        ("tags.n", "Invalid order by key 'n' specified."),
        ("params.n", "Invalid entity type 'params'. Valid entity types are"),
        (["name", "attribute.name"], "`order_by` contains duplicate fields"),
    ],
)
def test_what_is_wrong_with_an_order_of_versions_is_told(client: Client, order: Any, message: str) -> None:
    assert wrong(client, VERSIONS, order_by=order).startswith(message)


def test_limits_are_kept(client: Client) -> None:
    for path, most in ((MODELS, 1000), (VERSIONS, 200_000)):
        assert client.get(f"{path}/search", max_results=most) == {}
        assert wrong(client, path, max_results=most + 1).startswith(
            f'Invalid value "{most + 1}" for parameter'
        )
        for size in (0, -1):
            assert wrong(client, path, max_results=size).endswith(
                f"must be a positive integer, but got {size}"
            )
        for size in ("x", "1.5", ""):
            assert wrong(client, path, max_results=size).startswith("Invalid value")
        assert wrong(client, path, page_token="nonsense")


def test_a_search_shows_what_has_changed_since_the_last(client: Client) -> None:
    make(client, "m")
    add(client, "m")

    def found() -> dict[str, Any]:
        [version] = client.get(f"{VERSIONS}/search", filter="version_number = 1")["model_versions"]
        return dict(version)

    assert (found()["description"], tags_of(found())) == ("", {})
    client.post(f"{VERSIONS}/set-tag", name="m", version="1", key="k", value="v")
    assert tags_of(found()) == {"k": "v"}
    change(client, "PATCH", f"{VERSIONS}/update", name="m", version="1", description="told")
    assert found()["description"] == "told"
    move(client, "m", "1", "Production")
    assert found()["current_stage"] == "Production"
    client.post(f"{MODELS}/rename", name="m", new_name="n")
    assert found()["name"] == "n"
