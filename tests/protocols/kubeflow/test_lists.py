"""Lists: pages, order, filters."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.kubeflow.conftest import Registry, custom


def test_pages_are_full_and_lose_nothing(registry: Registry) -> None:
    names = [f"m{number:02}" for number in range(25)]
    for name in names:
        registry.model(name)
    found, token = [], ""
    while True:
        page = registry.get("registered_models", pageSize=10, nextPageToken=token)
        assert page["pageSize"] == 10 and page["size"] == len(page["items"])
        found += [each["name"] for each in page["items"]]
        token = page["nextPageToken"]
        if not token:
            break
    assert found == names
    unasked = registry.get("registered_models")
    assert len(unasked["items"]) == unasked["size"] == 25 and not unasked["nextPageToken"]


def test_who_asks_for_no_page_gets_all(registry: Registry) -> None:
    model = registry.model()
    for number in range(101):
        registry.version(model, f"v{number}")
    for path in ("model_versions", f"registered_models/{model}/versions"):
        found = registry.get(path)
        assert len(found["items"]) == 101 and found["nextPageToken"] == ""


@pytest.mark.parametrize("by", ["ID", "CREATE_TIME", "LAST_UPDATE_TIME"])
def test_order(registry: Registry, by: str) -> None:
    numbers = [registry.model(name) for name in "abc"]
    registry.patch(f"registered_models/{numbers[0]}", owner="ann")
    expected = ["b", "c", "a"] if by == "LAST_UPDATE_TIME" else ["a", "b", "c"]
    assert registry.found("registered_models", orderBy=by) == expected
    assert registry.found("registered_models", orderBy=by, sortOrder="DESC") == expected[::-1]
    first = registry.get("registered_models", orderBy=by, sortOrder="DESC", pageSize=2)
    rest = registry.found(
        "registered_models", orderBy=by, sortOrder="DESC", nextPageToken=first["nextPageToken"]
    )
    assert rest == expected[:1]


@pytest.mark.parametrize(
    "asked",
    [
        {"orderBy": "NAME"},
        {"sortOrder": "UP"},
        {"pageSize": "0"},
        {"pageSize": "-1"},
        {"pageSize": "many"},
        {"pageSize": "²"},
        {"nextPageToken": "none of ours"},
        {"nextPageToken": "e30="},
        {"nextPageToken": "WyJpZCIsZmFsc2UsInh5eiJd"},
        {"filterQuery": "name ="},
        {"filterQuery": "name = 'a' AND"},
        {"filterQuery": "(name = 'a'"},
        {"filterQuery": "name"},
        {"filterQuery": "name = other"},
        {"filterQuery": "name = NULL"},
        {"filterQuery": "name IN ('a', NULL)"},
        {"filterQuery": "name IN ('a', other)"},
        {"filterQuery": "id = 'a'"},
        {"filterQuery": "id = '²'"},
        {"filterQuery": "id LIKE '1%'"},
        {"filterQuery": "id = 99999999999999999999999"},
        {"filterQuery": "a = 'unclosed"},
        {"filterQuery": "(" * 200 + "a = 1" + ")" * 200},
        {"filterQuery": "NOT " * 200 + "a = 1"},
    ],
)
def test_what_is_refused(registry: Registry, asked: dict[str, str]) -> None:
    registry.model()
    status, message = registry.refused("GET", "registered_models", **asked)
    assert status == 400 and message


def test_a_token_belongs_to_its_order(registry: Registry) -> None:
    for name in "abc":
        registry.model(name)
    token = registry.get("registered_models", pageSize=1)["nextPageToken"]
    assert registry.refused("GET", "registered_models", nextPageToken=token, sortOrder="DESC")[0] == 400


MODELS: dict[str, dict[str, Any]] = {
    "a": {"owner": "ann", "description": "first", "customProperties": custom(n=1, f="x", b=True)},
    "b": {"state": "ARCHIVED", "externalId": "ext", "customProperties": custom(n=2.5, f="Y")},
    "c": {"customProperties": custom(n=3, **{"a-b.c": "z"})},
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name = 'a'", "a"),
        ('name = "a"', "a"),
        ("'a' = name", "a"),
        ("name != 'a'", "bc"),
        ("name <> 'a'", "bc"),
        ("name IN ('a', 'c')", "ac"),
        ("name IN ()", ""),
        ("name LIKE '%'", "abc"),
        ("name LIKE 'A'", ""),
        ("name ILIKE 'A'", "a"),
        ("name > 'a'", "bc"),
        (r"name = 'it\'s'", ""),
        ("n = +1", "a"),
        ("n = 1e0", "a"),
        ("n = .25e1", "b"),
        ("n IN (1, 3.0)", "ac"),
        ("b != false", "a"),
        ("f.string_value IN ('x', 'Y')", "ab"),
        ("name = 'a' or name = 'b'", "ab"),
        ("externalId LIKE 'e%'", "b"),
        ("owner = 'ann'", "a"),
        ("description LIKE 'fir%'", "a"),
        ("externalId = 'ext'", "b"),
        ("state = 'ARCHIVED'", "b"),
        ("state = 'LIVE'", "ac"),
        ("state != 'ARCHIVED'", "ac"),
        ("state IN ('LIVE', 'GONE')", "ac"),
        ("n = 1", "a"),
        ("n >= 2.5", "bc"),
        ("n > 1 AND n < 3", "b"),
        ("n.int_value = 3", "c"),
        ("n.double_value = 2.5", "b"),
        ("3 > n", "ab"),
        ("f = 'x'", "a"),
        ("f.string_value ILIKE 'y'", "b"),
        ("b = true", "a"),
        ("b.bool_value = TRUE", "a"),
        ("`a-b.c` = 'z'", "c"),
        ("`a-b.c`.string_value = 'z'", "c"),
        ("a.b = 'z'", ""),
        ("name = 'a' OR name = 'b' AND n > 100", "a"),
        ("(name = 'a' OR name = 'b') AND n > 2", "b"),
        ("createTimeSinceEpoch > 0", "abc"),
        ("lastUpdateTimeSinceEpoch > '0' -- and a comment", "abc"),
        ("none = 1", ""),
        ("", "abc"),
        ("  ", "abc"),
    ],
)
def test_filters(registry: Registry, query: str, expected: str) -> None:
    for name, more in MODELS.items():
        registry.model(name, **more)
    assert "".join(registry.found("registered_models", query)) == expected


def test_versions_by_their_parents_and_names(registry: Registry) -> None:
    first, second = registry.model("a"), registry.model("b")
    registry.version(first, "1", author="ann")
    registry.version(first, "x")
    registry.version(second, "1")
    found = registry.found
    assert found("model_versions", f"registeredModelId = {first}") == ["1", "x"]
    assert found("model_versions", f"registeredModelId IN ('{second}')") == ["1"]
    assert found("model_versions", "name = '1' AND author = 'ann'") == ["1"]
    assert found("model_versions", "name = '1'") == ["1", "1"]
    assert found("model_versions", "name IN ('1', 'y')") == ["1", "1"]
    assert found("model_versions", "name != '1'") == ["x"]
    assert found("model_versions", "name LIKE 'x%'") == ["x"]
    assert found(f"registered_models/{first}/versions") == ["1", "x"]
    assert found(f"registered_models/{first}/versions", "name = 'x'") == ["x"]


def test_artifacts_by_sort_and_by_run(registry: Registry) -> None:
    experiment = registry.experiment()
    first, second = registry.run(experiment), registry.run(experiment)
    for run in (first, second):
        registry.log(run, "metric", "loss", 0.5)
        registry.log(run, "parameter", "depth", "3")
    registry.post("model_artifacts", name="loose")
    found = registry.found
    assert found("artifacts") == ["loss", "depth", "loss", "depth", "loose"]
    assert found("artifacts", artifactType="metric") == ["loss", "loss"]
    assert found("artifacts", f"experimentRunId IN ('{first}','999')") == ["loss", "depth"]
    assert found("artifacts", f"experimentId = '{experiment}'", artifactType="parameter") == [
        "depth",
        "depth",
    ]
    assert found("artifacts", "experimentId = '999999'") == []
    assert found("artifacts", "value = 0.5") == ["loss", "loss"]
    assert found("artifacts", "value = '3'") == ["depth", "depth"]
    assert found(f"experiment_runs/{second}/artifacts", artifactType="metric") == ["loss"]


def test_runs_that_lie_in_no_experiment_are_none(registry: Registry) -> None:
    change = {"operations": [{"op": "put_entity", "kind": "run", "name": "r"}]}
    number = registry.send("POST", "/api/v1/changes", json=change).json()["entities"][0]
    assert registry.found("experiment_runs") == []
    assert registry.refused("GET", f"experiment_runs/{number}")[0] == 404
