"""Workspaces: made and unmade, and the limit of every call that names one."""

from __future__ import annotations

import pytest
from tests.protocols.mlflow.conftest import Client
from tests.protocols.mlflow.people import V3, People, Person, people

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.change import Change, PutEntity

__all__ = ["people"]

DENIED = (403, "PERMISSION_DENIED")
MISSING = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
EXISTS = (400, "RESOURCE_ALREADY_EXISTS")
STATE = (500, "INVALID_STATE")


@pytest.fixture
def admin(people: People) -> Person:
    for name in ("red", "blue"):
        people.admin.post("3/workspaces", name=name)
    return people.admin


def listed(person: Person) -> list[str]:
    return [each["name"] for each in person.get("3/workspaces").get("workspaces", [])]


class TestMaking:
    def test_make_read_and_change(self, people: People) -> None:
        admin = people.admin
        answer = admin.send("POST", "3/workspaces", json={"name": "red", "description": "ours"})
        assert (answer.status_code, answer.json()) == (
            201,
            {"workspace": {"name": "red", "description": "ours"}},
        )
        assert admin.get("3/workspaces/red") == answer.json()
        archive = {"location": "s3://bucket/traces", "retention": "30d"}
        changed = admin.patch(
            "3/workspaces/red", default_artifact_root="s3://b/a", trace_archival_config=archive
        )
        expected = {
            "name": "red", "description": "ours", "default_artifact_root": "s3://b/a",
            "trace_archival_config": archive,
        }  # fmt: skip
        assert changed == {"workspace": expected}
        gone = {"description": "", "trace_archival_config": {"location": "", "retention": ""}}
        assert admin.patch("3/workspaces/red", **gone) == {
            "workspace": {"name": "red", "default_artifact_root": "s3://b/a"}
        }
        assert listed(admin) == ["default", "red"]

    def test_the_default_one_is_always_there(self, people: People) -> None:
        assert listed(people.admin) == ["default"]
        assert people.admin.get("3/workspaces/default")["workspace"]["name"] == "default"
        changed = people.admin.patch("3/workspaces/default", description="for all")["workspace"]
        assert changed == {"name": "default", "description": "for all"}
        assert listed(people.admin) == ["default"]

    @pytest.mark.parametrize(
        ("method", "path", "given", "code"),
        [
            ("POST", "3/workspaces", {"name": "red"}, EXISTS),
            ("POST", "3/workspaces", {"name": "default"}, INVALID),
            ("POST", "3/workspaces", {"name": "x"}, INVALID),
            ("POST", "3/workspaces", {"name": "x" * 64}, INVALID),
            ("POST", "3/workspaces", {"name": "Red"}, INVALID),
            ("POST", "3/workspaces", {"name": "-red"}, INVALID),
            ("POST", "3/workspaces", {"name": "red\n"}, INVALID),
            ("POST", "3/workspaces", {"name": "api"}, INVALID),
            ("POST", "3/workspaces", {"description": "x"}, INVALID),
            ("POST", "3/workspaces", {"name": "new", "default_artifact_root": "relative"}, INVALID),
            ("POST", "3/workspaces", {"name": "new", "default_artifact_root": "s3://b/#f"}, INVALID),
            (
                "POST",
                "3/workspaces",
                {"name": "new", "trace_archival_config": {"retention": "long"}},
                INVALID,
            ),
            ("PATCH", "3/workspaces/red", {}, INVALID),
            ("PATCH", "3/workspaces/none", {"description": "x"}, MISSING),
            ("PATCH", "3/workspaces/No!", {"description": "x"}, INVALID),
            ("GET", "3/workspaces/none", {}, MISSING),
            ("DELETE", "3/workspaces/default", {}, INVALID),
            ("DELETE", "3/workspaces/none", {}, MISSING),
            ("DELETE", "3/workspaces/red?mode=OTHER", {}, INVALID),
        ],
    )
    def test_what_is_refused(
        self, admin: Person, method: str, path: str, given: dict[str, object], code: tuple[int, str]
    ) -> None:
        assert admin.refused(method, path, **given) == code
        assert listed(admin) == ["blue", "default", "red"]

    def test_by_admins_only(self, people: People, admin: Person) -> None:
        bob = people.add("bob")
        assert listed(bob) == []
        assert bob.refused("POST", "3/workspaces", name="new") == DENIED
        for method in ("GET", "PATCH", "DELETE"):
            assert bob.refused(method, "3/workspaces/red", description="x") == MISSING
            assert bob.refused(method, "3/workspaces/none", description="x") == MISSING
        people.assign("bob", "red", "admin")
        assert listed(bob) == ["red"]
        assert bob.refused("PATCH", "3/workspaces/red", description="x") == DENIED
        assert bob.refused("DELETE", "3/workspaces/red") == DENIED


class TestDeleting:
    def test_only_an_empty_one(self, admin: Person) -> None:
        admin.within("red").experiment("e")
        assert admin.refused("DELETE", "3/workspaces/red") == STATE
        answer = admin.send("DELETE", "3/workspaces/blue")
        assert (answer.status_code, answer.content) == (204, b"")
        assert listed(admin) == ["default", "red"]

    def test_with_all_that_it_holds(self, admin: Person) -> None:
        red = admin.within("red")
        red.post("runs/create", experiment_id=red.experiment("e"))
        assert admin.send("DELETE", "3/workspaces/red?mode=CASCADE").status_code == 204
        admin.post("3/workspaces", name="red")
        assert red.seen() == set()

    def test_and_leave_what_it_held_to_the_default_one(self, admin: Person) -> None:
        number = admin.within("red").experiment("e")
        assert admin.seen() == {"Default"}
        assert admin.send("DELETE", "3/workspaces/red?mode=SET_DEFAULT").status_code == 204
        assert admin.seen() == {"Default", "e"}
        assert (
            admin.get("experiments/get-by-name", experiment_name="e")["experiment"]["experiment_id"] == number
        )
        assert admin.refused("POST", "experiments/update", experiment_id=number) == INVALID
        made = admin.post("3/workspaces", name="red", description="again")
        assert made["workspace"] == {"name": "red", "description": "again"}
        assert (admin.seen(), admin.within("red").seen()) == ({"Default"}, {"e"})

    def test_unless_the_default_one_has_such(self, admin: Person) -> None:
        for person in (admin, admin.within("red")):
            person.experiment("e")
        assert admin.refused("DELETE", "3/workspaces/red?mode=SET_DEFAULT") == STATE
        assert listed(admin) == ["blue", "default", "red"]


class TestLimit:
    def test_names_are_unique_within_one(self, admin: Person) -> None:
        numbers = {admin.within(name).experiment("e") for name in ("default", "red", "blue")}
        assert len(numbers) == 3
        assert admin.within("red").refused("POST", "experiments/create", name="e") == EXISTS
        found = admin.within("red").get("experiments/get-by-name", experiment_name="e")
        assert found["experiment"]["experiment_id"] in numbers
        assert admin.within("red").seen() == {"e"}
        assert admin.within("").seen() == admin.within("default").seen() == admin.seen() == {"Default", "e"}

    def test_the_default_experiment_is_the_default_workspaces(self, admin: Person) -> None:
        red = admin.within("red")
        assert red.refused("GET", "experiments/get", experiment_id="0") == MISSING
        assert red.refused("GET", "experiments/get-by-name", experiment_name="Default") == MISSING
        assert red.refused("POST", "runs/create") == MISSING
        assert red.experiment("Default") != "0"

    def test_nothing_of_another_is_seen_or_changed(self, admin: Person) -> None:
        red, blue = admin.within("red"), admin.within("blue")
        experiment = red.experiment("e")
        run = red.post("runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
        model = red.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]["model_id"]
        place = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/a.txt"
        assert red.send("PUT", place, content=b"hello").status_code == 200
        for other in (blue, admin):
            for method, path, given in (
                ("GET", "experiments/get", {"experiment_id": experiment}),
                ("POST", "experiments/delete", {"experiment_id": experiment}),
                ("POST", "experiments/update", {"experiment_id": experiment, "new_name": "x"}),
                ("POST", "runs/create", {"experiment_id": experiment}),
                ("GET", "runs/get", {"run_id": run}),
                ("POST", "runs/set-tag", {"run_id": run, "key": "a", "value": "b"}),
                ("POST", "runs/log-metric", {"run_id": run, "key": "a", "value": 1, "timestamp": 1}),
                ("POST", "runs/delete", {"run_id": run}),
                ("GET", f"logged-models/{model}", {}),
                ("DELETE", f"logged-models/{model}", {}),
                ("GET", "artifacts/list", {"run_id": run}),
                ("GET", place, {}),
            ):
                assert other.refused(method, path, **given) == MISSING, (method, path)
            assert other.post("runs/search", experiment_ids=[experiment]) == {}
            assert other.post("logged-models/search", experiment_ids=[experiment]) == {}
            assert other.send("PUT", place, content=b"x").status_code == 404
        assert red.send("GET", place).content == b"hello"

    def test_one_that_is_none(self, people: People, admin: Person) -> None:
        bob = people.add("bob")
        for person in (admin, bob):
            assert person.within("none").refused("POST", "experiments/search", max_results=9) == MISSING
        assert bob.within("red").refused("POST", "experiments/search", max_results=9) == MISSING
        assert admin.within("No!").refused("POST", "experiments/search", max_results=9) == INVALID
        answer = admin.within("none").send("GET", f"{V3}/server-info")
        assert answer.json()["workspaces_enabled"] is True

    def test_its_own_place_for_artifacts(self, admin: Person) -> None:
        admin.patch("3/workspaces/red", default_artifact_root="s3://bucket/red")
        red = admin.within("red")
        number = red.experiment("e")
        found = red.get("experiments/get", experiment_id=number)["experiment"]
        assert found["artifact_location"] == f"s3://bucket/red/{number}"
        own = red.post("experiments/create", name="own", artifact_location="s3://other")["experiment_id"]
        found = red.get("experiments/get", experiment_id=own)["experiment"]
        assert found["artifact_location"] == "s3://other"

    def test_data_sets_are_shared(self, admin: Person) -> None:
        data = {"name": "d", "digest": "1", "source_type": "s3", "source": '{"uri": "s3://lake/d"}'}
        for name in ("red", "blue"):
            person = admin.within(name)
            run = person.post("runs/create", experiment_id=person.experiment("e"))["run"]["info"]["run_id"]
            person.post("runs/log-inputs", run_id=run, datasets=[{"dataset": data}])
            found = person.get("runs/get", run_id=run)["run"]
            assert found["inputs"]["dataset_inputs"][0]["dataset"]["name"] == "d"
        assert admin.get("/api/v1/counts")["kinds"]["dataset"] == 1


def test_what_other_tools_made_is_in_the_default_one(client: Client, catalog: Catalog) -> None:
    local = catalog.session(LOCAL, "test")
    local.commit(Change([PutEntity(kind="experiment", name="etl", namespace="airflow", unique=True)]))

    def seen(**headers: str) -> set[str]:
        answer = client.send("POST", "experiments/search", json={"max_results": 9}, headers=headers)
        return {each["name"] for each in answer.json().get("experiments", [])}

    assert seen() == {"Default", "etl"}
    assert client.get("experiments/get-by-name", experiment_name="etl")["experiment"]["name"] == "etl"
    client.send("POST", f"{V3}/workspaces", json={"name": "red"})
    assert (seen(), seen(**{"X-MLFLOW-WORKSPACE": "red"})) == ({"Default", "etl"}, set())
    client.send("POST", f"{V3}/workspaces", json={"name": "airflow"})
    assert (seen(), seen(**{"X-MLFLOW-WORKSPACE": "airflow"})) == ({"Default"}, {"etl"})
