"""What feeds something, and what breaks when it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.insight.conftest import COPY, CUSTOMERS, FEATURES, REPORT, Story, schema

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Principal
from lineal.graph.change import Change, PutEdge, PutEntity
from lineal.graph.model import ById, ByName
from lineal.insight.compare import schemas
from lineal.insight.reach import Paging, impact, upstream

Ties = dict[str, tuple[str, bool, int]]


def ties(story: Story, answer: Any) -> Ties:
    """How, whether certain, and how far, by name."""
    return {
        story.name(each["id"]): (
            each.get("how", "direct"),
            each.get("certain", True),
            each.get("distance", 0),
        )
        for each in answer["ties"]
    }


def test_a_column_that_goes_takes_what_is_made_of_it_along(story: Story) -> None:
    answer = story.about(story.id(f"{CUSTOMERS}#city"), "impact")
    found = ties(story, answer)
    assert found == {
        "churn@champion": ("direct", True, 7),
        "churn/1": ("direct", True, 6),
        "churn-model": ("direct", True, 5),
        f"{COPY}#city": ("direct", True, 1),
        f"{FEATURES}#city_code": ("direct", True, 2),
        CUSTOMERS: ("direct", True, 1),
        COPY: ("direct", True, 2),
        FEATURES: ("direct", True, 3),
        REPORT: ("direct", False, 4),  # nobody told which columns it is made of
        "load": ("direct", True, 2),
        "features": ("direct", True, 3),
        "report": ("direct", False, 3),
        "first try": ("direct", True, 4),
    }
    assert next(iter(found)) == "churn@champion"
    worst = answer["ties"][0]
    assert worst["group"] == "production aliases"
    assert story.names(worst["path"])[:3] == [f"{CUSTOMERS}#city", f"{COPY}#city", f"{FEATURES}#city_code"]
    assert worst["edges"][:3] == ["derived", "derived", "member"]
    owners = [(each["name"], each["count"]) for each in answer["owners"]]
    assert owners == [("data team", 1), ("ada", 1), ("bob", 1)]


def test_masked_and_indirect_columns_are_told_apart(story: Story) -> None:
    by_mail = ties(story, story.about(story.id(f"{CUSTOMERS}#mail"), "impact"))
    assert by_mail[f"{COPY}#mail_hash"] == ("masked", True, 1)
    assert by_mail[COPY] == ("masked", True, 2)
    assert by_mail["features"] == (
        "masked",
        False,
        3,
    )  # it reads the copy, and nobody knows which columns else
    assert FEATURES not in by_mail
    assert "churn@champion" not in by_mail
    by_id = ties(story, story.about(story.id(f"{CUSTOMERS}#id"), "impact"))
    assert by_id[f"{COPY}#id"] == ("direct", True, 1)
    assert by_id[f"{FEATURES}#city_code"] == ("indirect", True, 2)
    assert by_id["churn@champion"][:2] == ("indirect", True)


def test_a_table_that_goes_takes_everything_along(story: Story) -> None:
    answer = story.about(story.id(CUSTOMERS), "impact")
    found = ties(story, answer)
    assert all(certain for _, certain, _ in found.values())
    assert {"churn@champion", REPORT, "report", f"{COPY}#mail_hash", "first try"} <= found.keys()
    assert f"{CUSTOMERS}#mail" not in found  # it is a part of what is asked about
    counts = {each["group"]: each["count"] for each in answer["groups"]}
    assert counts["columns"] == 4
    assert counts["jobs"] == 3
    assert next(iter(counts)) == "production aliases"


def test_pages_and_other_names_of_production(story: Story) -> None:
    column = story.id(f"{CUSTOMERS}#city")
    whole = story.about(column, "impact")["ties"]
    first = story.about(column, "impact", limit=5)
    rest = story.about(column, "impact", limit=50, offset=5)
    assert [*first["ties"], *rest["ties"]] == whole
    assert (first["more"], rest.get("more", False)) == (True, False)
    answer = story.about(column, "impact", alias="live")
    assert answer["ties"][0]["group"] == "aliases"
    cut = story.about(column, "impact", most=1)
    assert cut["truncated"]
    assert cut["total"] >= len(cut["ties"])


def test_what_feeds_a_model_down_to_columns(story: Story) -> None:
    answer = story.about(story.id("churn/1"), "upstream")
    found = ties(story, answer)
    assert found.keys() == {
        "churn-model", "first try", FEATURES, "features", COPY, "load", CUSTOMERS,
        f"{FEATURES}#city_code", f"{COPY}#city", f"{COPY}#id", f"{CUSTOMERS}#city", f"{CUSTOMERS}#id",
    }  # fmt: skip
    assert (found[f"{CUSTOMERS}#city"][0], found[f"{CUSTOMERS}#id"][0]) == ("direct", "indirect")
    groups = {(each["group"], each["tool"]): each["count"] for each in answer["groups"]}
    assert groups[("data sets", "s3")] == 2
    assert groups[("data sets", "postgres")] == 1
    assert groups[("runs", "mlflow")] == 1
    assert next(iter(found)) == "churn-model"


def test_what_feeds_a_column_and_a_table(story: Story) -> None:
    found = ties(story, story.about(story.id(f"{FEATURES}#city_code"), "upstream"))
    assert found[f"{COPY}#city"] == ("direct", True, 1)
    assert found[f"{COPY}#id"] == ("indirect", True, 1)
    assert found[f"{CUSTOMERS}#city"] == ("direct", True, 2)
    assert f"{CUSTOMERS}#mail" not in found
    assert f"{COPY}#mail_hash" not in found
    table = ties(story, story.about(story.id(COPY), "upstream"))
    assert table[f"{CUSTOMERS}#mail"] == ("masked", True, 1)
    assert table[f"{CUSTOMERS}#age"] == ("indirect", True, 1)
    report = ties(story, story.about(story.id(REPORT), "upstream"))
    assert {"report", COPY, "load", CUSTOMERS, f"{CUSTOMERS}#mail"} <= report.keys()


def test_models_and_versions_of_data_may_be_asked_about_as_well(story: Story) -> None:
    model = story.id("churn")
    above = ties(story, story.about(model, "upstream"))
    assert {"churn-model", FEATURES, f"{CUSTOMERS}#city"} <= above.keys()
    assert "churn/1" not in above
    below = ties(story, story.about(model, "impact"))
    assert list(below) == ["churn@champion"]
    [version] = story.about(story.id(COPY), "versions")["versions"]
    assert "churn@champion" in ties(story, story.about(version["id"], "impact"))
    assert CUSTOMERS in ties(story, story.about(version["id"], "upstream"))
    assert story.about(version["id"], "code")["code"][0]["commit"] == "aaa111"
    assert story.name(story.about(version["id"], "origin")["ways"][0][-1]["id"]) == CUSTOMERS
    assert story.about(model, "code")["code"][0]["by"] == "grace"


def test_names_alike_may_be_a_column_that_was_renamed() -> None:
    def told(before: list[str], after: list[str]) -> set[tuple[str, Any, Any]]:
        old, new = (schema(*names) for names in (before, after))
        return {(each.how, each.before, each.after) for each in schemas(old, new)}

    assert told(["mail text", "age int"], ["email text", "age int"]) == {("renamed", "mail", "email")}
    assert told(["a int"], ["a text"]) == {("retyped", "int", "text")}
    assert told(["x text", "id int"], ["name text", "id int"]) == {("renamed", "x", "name")}  # the same place
    assert told(["x text", "id int"], ["id int", "name text"]) == {
        ("dropped", "text", None),
        ("added", None, "text"),
    }
    assert told(["mail text"], ["email int"]) == {("dropped", "text", None), ("added", None, "int")}


@pytest.fixture
def ann(catalog: Catalog, session: Session) -> Callable[..., Session]:
    """Someone who may see some entities and nothing else."""

    def allow(*ids: int) -> Session:
        user = catalog.accounts.add_user(session, "ann", "a long password")
        for each in ids:
            uuid = session.get(ById(each), ()).uuid
            catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "entity", uuid))
        return catalog.session(Principal(user.id, user.name), "test")

    return allow


def test_what_may_not_be_seen_is_counted_and_not_named(story: Story, ann: Callable[..., Session]) -> None:
    column, alias = story.id(f"{CUSTOMERS}#city"), story.id("churn@champion")
    asking = ann(column, alias, story.id(CUSTOMERS))
    found = impact(asking, ById(column), Paging())
    assert [tie.id for tie in found.ties if tie.group == "production aliases"] == [alias]
    assert {node.id for node in found.nodes} == {column, alias, story.id(CUSTOMERS)}
    assert found.hidden == sum(tie.group == "hidden" for tie in found.ties) > 5
    assert all(not tie.tool for tie in found.ties if tie.group == "hidden")
    assert found.owners == []
    up = upstream(asking, ById(alias), Paging())
    assert {tie.id for tie in up.ties if tie.group != "hidden"} <= {node.id for node in up.nodes}


def test_a_hub_is_counted_and_shown_in_pages(session: Session) -> None:
    hub = ByName("column", "wide#a", "db")
    made = [PutEntity(hub, kind="column")]
    made += [PutEntity(ByName("column", f"t{number}#a", "db"), kind="column") for number in range(300)]
    links = [PutEdge("derived", hub, ByName("column", f"t{number}#a", "db")) for number in range(300)]
    start = session.commit(Change([*made, *links])).entities[0]
    found = impact(session, ById(start), Paging(limit=10, most=50))
    assert (len(found.ties), found.more) == (10, True)
    assert [(each.group, each.count) for each in found.groups] == [("columns", 300)]
