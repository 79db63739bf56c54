"""Reads about many entities at once: they answer no more than one by one, and not what the caller may not see."""

from __future__ import annotations

import pytest
from tests.catalog.conftest import MakeUser

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import AnyOperation, Change, PutEntity, PutLabel, PutRecords
from lineal.graph.errors import Invalid
from lineal.graph.model import ByExternal, ByName, External
from lineal.graph.query import Compare, Property

LONG = "x" * 70


@pytest.fixture
def seen(catalog: Catalog, session: Session, user: MakeUser) -> Session:
    """A session that sees one of two namespaces with the same in each."""
    for place in ("open", "shut"):
        session.commit(Change(contents(place)))
    seer = user("seer")
    catalog.accounts.add_grant(session, Grant(0, "seer", "viewer", "namespace", "open"))
    return seer


def contents(place: str) -> list[AnyOperation]:
    """A job with three runs, and two data sets with a property, tags and records."""
    job, data = ByName("job", "job", place), ByName("dataset", "data", place)
    runs = [
        PutEntity(
            ByExternal("test.run", f"{place}{number}"),
            kind="run",
            namespace=place,
            name=f"{place}{number}",
            home=job,
            started=number or None,
            external=[External("test.run", f"{place}{number}")],
        )
        for number in range(3)
    ]
    return [
        PutEntity(job, kind="job", namespace=place, name="job", unique=True),
        *runs,
        PutEntity(
            data, kind="dataset", namespace=place, name="data", unique=True, properties={"source": place}
        ),
        PutEntity(
            ByName("dataset", "more", place),
            kind="dataset",
            namespace=place,
            name="more",
            unique=True,
            properties={"source": f"{LONG}{place}"},
        ),
        PutEntity(ByName("column", "data#a", place), kind="column", namespace=place, home=data),
        PutLabel(data, f"tag of {place}", "tag"),
        PutLabel(data, f"class of {place}"),
        PutRecords(data, {str(number): {"at": f"{place}{number}", "n": number} for number in range(3)}),
    ]


def test_by_outside_ids(session: Session, seen: Session) -> None:
    ids = ["open1", "shut2", "none"]
    assert {each.name for each in session.get_external("test.run", ids)} == {"open1", "shut2"}
    assert [each.name for each in seen.get_external("test.run", ids)] == ["open1"]
    assert session.get_external("test.run", []) == session.get_external("no.such", ids) == []


def test_by_names(session: Session, seen: Session) -> None:
    refs = [ByName("dataset", "data", place) for place in ("open", "shut", "none")]
    refs += [ByName("job", "job", "open"), ByName("job", "data", "open"), ByName("asset", "more", "open")]
    names = {ref: each.name for ref, each in session.get_named(refs).items()}
    assert names == {refs[0]: "data", refs[1]: "data", refs[3]: "job", refs[5]: "more"}
    assert seen.get_named(refs).keys() == {refs[0], refs[3], refs[5]}
    assert session.get_named([]) == {}


def test_the_newest_of_each_home(session: Session, seen: Session) -> None:
    homes = [session.get(ByName("job", "job", place)).id for place in ("open", "shut")]

    def names(who: Session, limit: int) -> dict[int, list[str]]:
        found = who.newest_of(homes, "run", limit, ())
        return {home: [each.name for each in runs] for home, runs in found.items()}

    assert names(session, 2) == {homes[0]: ["open2", "open1"], homes[1]: ["shut2", "shut1"]}
    assert names(seen, 9) == {homes[0]: ["open2", "open1", "open0"]}
    with pytest.raises(Invalid):
        session.newest_of(homes, "run", 0)


def test_namespaces_values_and_labels(session: Session, seen: Session) -> None:
    assert session.distinct().namespaces("dataset").keys() == {"open", "shut"}
    assert {name: each.kind for name, each in seen.distinct().namespaces("job").items()} == {"open": "job"}
    assert session.distinct().namespaces("model") == {}
    assert [*session.distinct().values("source", 9)] == ["open", "shut", f"{LONG}open", f"{LONG}shut"]
    assert {value: each.name for value, each in seen.distinct().values("source", 9).items()} == {
        "open": "data",
        f"{LONG}open": "more",
    }
    assert [*session.distinct().values("source", 1)] == ["open"] and session.distinct().values(
        "none", 9
    ) == {}
    assert session.distinct().labels("tag") == ["tag of open", "tag of shut"]
    assert seen.distinct().labels("tag") == ["tag of open"] and seen.distinct().labels("classification") == [
        "class of open"
    ]


def test_a_page_of_a_namespace_by_name(session: Session, seen: Session) -> None:
    def names(who: Session, *places: str, limit: int = 9, offset: int = 0) -> list[str]:
        found = who.in_namespaces("dataset", places, (), limit=limit, offset=offset)
        return [each.name for each in found]

    assert names(session, "shut") == ["data", "more"] and names(seen, "shut") == []
    assert names(seen, "open", "shut") == ["data", "more"]
    assert names(session, "open", limit=1, offset=1) == ["more"]
    (found,) = session.in_namespaces("dataset", ["open"], ("properties",), limit=1)
    assert found.properties == {"source": "open"}


def test_records_of_many(session: Session, seen: Session) -> None:
    where = Compare(Property("source"), "is not null")
    every = session.recorded(["dataset"], where).rows(["at", "n"])
    assert [texts for _, texts in every][:2] == [["shut2", "2"], ["shut1", "1"]] and len(every) == 6
    assert session.recorded(["dataset"], where).count() == 6
    assert session.recorded(["run"], None).count() == 0
    own = seen.recorded(["dataset"], where).rows(["at"], limit=2, offset=1)
    assert [texts for _, texts in own] == [["open1"], ["open0"]]
    assert seen.recorded(["dataset"], where).count() == 3
    ids = [number for number, _ in every]
    assert [each.document["at"] for each in seen.recorded(["dataset"], where).some(ids)] == [
        "open2",
        "open1",
        "open0",
    ]
    [newest] = session.recorded(["dataset"], where).some(ids[:1])
    assert session.recorded(["dataset"], where).count(since=newest.created + 1) == 0
    assert session.recorded(["dataset"], where).count(since=newest.created) >= 3
