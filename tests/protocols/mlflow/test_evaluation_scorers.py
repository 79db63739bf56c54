"""Scorers over MLflow's protocol."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from tests.protocols.mlflow.conftest import Client, told

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.graph.model import ByExternal, ById
from lineal.graph.query import Query
from lineal.protocols.base import Call
from lineal.protocols.mlflow.evaluation import scorers

HERE = "/api/3.0/mlflow/scorers"
JUDGE = {
    "name": "s",
    "description": "whether it is polite",
    "instructions_judge_pydantic_data": {"instructions": "judge {{ inputs }}", "model": "openai:/gpt"},
}


def answer(client: Client, method: str, path: str, /, **given: Any) -> Any:
    found = client.send(method, f"{HERE}/{path}", **{"params" if method == "GET" else "json": given})
    assert found.status_code == 200, found.text
    return found.json()


def refused(client: Client, method: str, path: str, /, **given: Any) -> tuple[int, str]:
    return told(client.send(method, f"{HERE}/{path}", **{"params" if method == "GET" else "json": given}))[:2]


def register(client: Client, experiment: str, name: str = "s", scorer: Any = JUDGE, /) -> Any:
    text = scorer if isinstance(scorer, str) else json.dumps(scorer)
    return answer(client, "POST", "register", experiment_id=experiment, name=name, serialized_scorer=text)


def listed(client: Client, /, **given: Any) -> list[tuple[str, int]]:
    found = answer(client, "GET", "list", **given).get("scorers", [])
    return [(each["scorer_name"], each["scorer_version"]) for each in found]


def versions(client: Client, experiment: str, name: str = "s") -> list[int]:
    found = answer(client, "GET", "versions", experiment_id=experiment, name=name)["scorers"]
    return [each["scorer_version"] for each in found]


def test_every_registration_is_a_version(client: Client) -> None:
    experiment = client.experiment("e")
    made = register(client, experiment)
    assert (made["version"], made["name"], made["experiment_id"]) == (1, "s", experiment)
    assert json.loads(made["serialized_scorer"]) == JUDGE
    again = register(client, experiment, "s", '{"a":1,  "b": 2}')
    assert (again["version"], again["scorer_id"]) == (2, made["scorer_id"])
    assert versions(client, experiment) == [1, 2]
    newest = answer(client, "GET", "get", experiment_id=experiment, name="s")["scorer"]
    assert newest == {
        "experiment_id": int(experiment),
        "scorer_name": "s",
        "scorer_version": 2,
        "serialized_scorer": '{"a":1,  "b": 2}',
        "creation_time": again["creation_time"],
        "scorer_id": made["scorer_id"],
    }
    first = answer(client, "GET", "get", experiment_id=experiment, name="s", version=1)["scorer"]
    assert (first["scorer_version"], json.loads(first["serialized_scorer"])) == (1, JUDGE)


def test_the_newest_of_each_is_listed(client: Client) -> None:
    first, second = sorted((client.experiment("a"), client.experiment("b")), key=int)
    for experiment, name in ((second, "s"), (first, "s"), (first, "B"), (first, "s")):
        register(client, experiment, name)
    assert listed(client, experiment_id=first) == [("B", 1), ("s", 2)]
    assert listed(client, experiment_ids=[second, first]) == [("B", 1), ("s", 2), ("s", 1)]
    assert listed(client) == listed(client, experiment_ids=[first, second, "999999"])
    client.post("experiments/delete", experiment_id=second)
    assert listed(client, experiment_ids=[first, second]) == listed(client) == [("B", 1), ("s", 2)]
    for given, status in (
        ({"experiment_id": "999999"}, 404),
        ({"experiment_id": second}, 400),
        ({"experiment_ids": ["x"]}, 400),
        ({"experiment_ids": [first], "experiment_id": first}, 400),
    ):
        assert refused(client, "GET", "list", **given)[0] == status


def test_versions_are_deleted_one_by_one_or_together(client: Client) -> None:
    experiment = client.experiment("e")
    number = register(client, experiment)["scorer_id"]
    register(client, experiment)
    about = {"experiment_id": experiment, "name": "s"}
    assert refused(client, "DELETE", "delete", **about, version=9) == (404, "RESOURCE_DOES_NOT_EXIST")
    answer(client, "DELETE", "delete", **about, version=2)
    assert versions(client, experiment) == [1]
    again = register(client, experiment)
    assert (again["version"], again["scorer_id"]) == (2, number)
    answer(client, "DELETE", "delete", **about)
    assert refused(client, "DELETE", "delete", **about)[0] == 404
    assert listed(client, experiment_id=experiment) == []
    new = register(client, experiment)
    assert new["version"] == 1 and new["scorer_id"] != number
    answer(client, "DELETE", "delete", **about, version=1)
    for path in ("get", "versions"):
        assert refused(client, "GET", path, **about) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert listed(client, experiment_id=experiment) == []


def test_a_deleted_experiment_takes_its_scorers_along_and_back(client: Client) -> None:
    experiment = client.experiment("e")
    register(client, experiment)
    client.post("experiments/delete", experiment_id=experiment)
    about = {"experiment_id": experiment, "name": "s"}
    for method, path in (("GET", "get"), ("GET", "versions"), ("DELETE", "delete")):
        assert refused(client, method, path, **about) == (400, "INVALID_PARAMETER_VALUE")
    client.post("experiments/restore", experiment_id=experiment)
    assert versions(client, experiment) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "nope", "[]", "5", "[" * 5000 + "]" * 5000, json.dumps({"call_source": "x"}), json.dumps({"a\ud800": 1}),
        json.dumps({"ensemble_scorer_data": {"scorers": [{"call_source": ""}]}}),
        json.dumps({"third_party_scorer_data": {"kwargs": {"x": {"api_base": 1}}}}),
        json.dumps({"x": [{"third_party_scorer_data": {"kwargs": {"x": [["base_url", "y"]]}}}]}),
        json.dumps({"third_party_scorer_data": {"kwargs": []}}),
        json.dumps({"instructions_judge_pydantic_data": {"model": 5}}),
        json.dumps({"memory_augmented_judge_data": {"base_judge": {"builtin_scorer_pydantic_data": {"model": " "}}}}),
    ],
)  # fmt: skip
def test_what_would_run_or_lead_astray_is_refused(client: Client, text: str) -> None:
    experiment = client.experiment("e")
    given = {"experiment_id": experiment, "name": "s", "serialized_scorer": text}
    if "\\ud800" in text:
        assert register(client, experiment, "s", text)["version"] == 1
        return
    assert refused(client, "POST", "register", **given) == (400, "INVALID_PARAMETER_VALUE")
    assert listed(client, experiment_id=experiment) == []


def test_what_is_no_registration_is_refused(client: Client) -> None:
    experiment, text = client.experiment("e"), json.dumps(JUDGE)
    for given, status in (
        ({}, 400),
        ({"experiment_id": experiment, "name": "s"}, 400),
        ({"experiment_id": experiment, "name": " ", "serialized_scorer": text}, 400),
        ({"experiment_id": experiment, "name": "s" * 257, "serialized_scorer": text}, 400),
        ({"experiment_id": "999999", "name": "s", "serialized_scorer": text}, 404),
        ({"experiment_id": "abc", "name": "s", "serialized_scorer": text}, 400),
    ):
        assert refused(client, "POST", "register", **given)[0] == status
    about = {"experiment_id": experiment, "name": "none"}
    for method, path in (("GET", "get"), ("GET", "versions"), ("DELETE", "delete")):
        assert refused(client, method, path, **about) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert refused(client, method, path, experiment_id=experiment)[0] == 400
    assert refused(client, "GET", "get", **about, version="x")[0] == 400


def test_scorers_and_versions_are_entities(client: Client, session: Session) -> None:
    experiment = client.experiment("e")
    number = register(client, experiment, "a/b")["scorer_id"]
    scorer = session.get(ByExternal("mlflow.scorer", number))
    home = session.get(ByExternal("mlflow.experiment", experiment))
    assert (scorer.kind, scorer.name, scorer.home) == ("scorer", "a/b", home.id)
    assert session.get(ByExternal("mlflow.scorer_name", f"{experiment}/a/b")).id == scorer.id
    version = session.get(ByExternal("mlflow.scorer_version", f"{number}/1"), ("properties", "facets"))
    assert (version.kind, version.home) == ("scorer_version", scorer.id)
    assert version.properties == {"version": 1, "description": "whether it is polite"}
    assert json.loads(version.facets["mlflow"]["serialized_scorer"]) == JUDGE
    assert [edge.kind for edge in session.edges([scorer.id], direction="out")] == ["version"]
    assert session.find(Query(text="polite")).entities[0].id == version.id


def test_scorers_registered_at_once_get_numbers_of_their_own(client: Client, catalog: Catalog) -> None:
    experiment = client.experiment("e")
    body = {"experiment_id": experiment, "name": "s", "serialized_scorer": json.dumps(JUDGE)}
    barrier, got, count = threading.Barrier(4), [], 5

    def one() -> None:
        session = catalog.session(LOCAL, "mlflow")
        barrier.wait()
        for _ in range(count):
            headers = {"content-type": "application/json"}
            reply = scorers.register(
                Call(session, "POST", "", headers=headers, body=json.dumps(body).encode())
            )
            got.append(json.loads(reply.body)["version"])

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == versions(client, experiment) == list(range(1, 4 * count + 1))


# Online scoring


def config(client: Client, experiment: str, /, **given: Any) -> Any:
    return answer(client, "PUT", "online-config", experiment_id=experiment, **given)["config"]


def test_when_a_scorer_judges_by_itself_is_kept(client: Client) -> None:
    experiment = client.experiment("e")
    scorer = {"instructions_judge_pydantic_data": {"instructions": "{{ trace }}", "model": "gateway:/g"}}
    number = register(client, experiment, "s", scorer)["scorer_id"]
    assert answer(client, "GET", "online-configs", scorer_ids=[number, "none"]) == {"configs": []}
    made = config(client, experiment, name="s", sample_rate=0.5, filter_string="status = 'OK'")
    told_of = {
        "scorer_id": number,
        "sample_rate": 0.5,
        "experiment_id": experiment,
        "filter_string": "status = 'OK'",
    }
    assert made == told_of | {"online_scoring_config_id": made["online_scoring_config_id"]}
    assert answer(client, "GET", "online-configs", scorer_ids=[number, number])["configs"] == [made]
    again = config(client, experiment, name="s", sample_rate=0, filter_string=None)
    assert "filter_string" not in again and again["sample_rate"] == 0
    assert answer(client, "GET", "online-configs", scorer_ids=[number])["configs"] == [again]


def test_a_scorer_that_cannot_judge_by_itself_is_refused(client: Client) -> None:
    experiment = client.experiment("e")
    register(client, experiment)
    needy = {
        "instructions_judge_pydantic_data": {"instructions": "{{ expectations }}", "model": "gateway:/g"}
    }
    register(client, experiment, "needy", needy)
    for given, status in (
        ({"name": "s", "sample_rate": 0.5}, 400),
        ({"name": "needy", "sample_rate": 0.5}, 400),
        ({"name": "s", "sample_rate": 2}, 400),
        ({"name": "s", "sample_rate": "NaN"}, 400),
        ({"name": "s", "sample_rate": "x"}, 400),
        ({"name": "s", "sample_rate": 0, "filter_string": 5}, 400),
        ({"name": "s", "sample_rate": 0, "filter_string": "bad bad"}, 400),
        ({"name": "s", "sample_rate": 0, "filter_string": "nosuch = 'a'"}, 400),
        ({"name": "none", "sample_rate": 0}, 404),
        ({"name": "s"}, 400),
        ({}, 400),
    ):
        assert refused(client, "PUT", "online-config", experiment_id=experiment, **given)[0] == status
    assert refused(client, "GET", "online-configs") == (400, "INVALID_PARAMETER_VALUE")


def test_the_filter_of_an_online_config_is_one_of_traces(client: Client) -> None:
    experiment = client.experiment("e")
    register(client, experiment)
    kept = "tags.a RLIKE 'x' AND span.name LIKE 'a%' AND trace.run_id = 'r' AND feedback.q = 'yes'"
    given = {"experiment_id": experiment, "name": "s", "sample_rate": 0, "filter_string": kept}
    assert answer(client, "PUT", "online-config", **given)["config"]["filter_string"] == kept


def test_an_experiment_whose_number_is_too_large_is_left_out(client: Client, session: Session) -> None:
    from lineal.graph.change import Change, PutEntity
    from lineal.graph.model import External

    put = PutEntity(kind="experiment", name="old", external=[External("mlflow.experiment", "9" * 18)])
    session.commit(Change([put]))
    register(client, "9" * 18)
    found = answer(client, "GET", "get", experiment_id="9" * 18, name="s")["scorer"]
    assert "experiment_id" not in found
    assert (
        session.get(ById(session.get(ByExternal("mlflow.scorer", found["scorer_id"])).home or 0)).name
        == "old"
    )
