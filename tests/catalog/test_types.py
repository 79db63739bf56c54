"""Definitions at work: what a commit checks, and what follows when they change."""

from __future__ import annotations

from typing import Any

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEdge, PutEntity, PutLabel, PutType, Remove, TheEdge
from lineal.graph.errors import Conflict, Invalid, LinealError
from lineal.graph.model import AnyRef, ByName
from lineal.graph.query import Query
from lineal.graph.types import AnyDef, AttributeDef, EdgeDef, EnumDef, Flow, KindDef, LabelDef, StructDef


def put(session: Session, kind: str, name: str, **properties: Any) -> ByName:
    session.commit(Change([PutEntity(kind=kind, name=name, unique=True, properties=properties)]))
    return ByName(kind, name)


def define(session: Session, *definitions: AnyDef) -> None:
    for definition in definitions:
        session.commit(Change([PutType(definition)]))


def bearers(session: Session, label: str) -> set[str]:
    entities = session.find(Query(parts=["labels"])).entities
    return {entity.name for entity in entities if any(each.name == label for each in entity.labels)}


def link(session: Session, kind: str, source: AnyRef, target: AnyRef, **detail: Any) -> None:
    session.commit(Change([PutEdge(kind, source, target, detail)]))


class TestValues:
    def test_a_nested_value_comes_back_as_it_was_put(self, session: Session) -> None:
        define(
            session,
            EnumDef("tier", values=["hot", "cold"]),
            StructDef(
                "place", attributes=[AttributeDef("host", required=True), AttributeDef("tier", "tier")]
            ),
            KindDef(
                "table",
                supertypes=["dataset"],
                attributes=[AttributeDef("places", "map<string,array<place>>")],
            ),
        )
        places = {"eu": [{"host": "a", "tier": "hot"}, {"host": "b"}], "us": []}
        ref = put(session, "table", "t", places=places)
        assert session.get(ref).properties == {"places": places}
        with pytest.raises(Invalid, match=r"table\.places\[\]\[\]\.tier must be one of hot, cold"):
            put(session, "table", "u", places={"eu": [{"host": "a", "tier": "warm"}]})

    def test_an_update_through_a_superkind_is_held_against_the_kind_itself(self, session: Session) -> None:
        define(
            session,
            KindDef("strict", supertypes=["dataset"], attributes=[AttributeDef("rows", "int")], closed=True),
        )
        ref = put(session, "strict", "t", rows=1)
        for kind in (None, "dataset", "artifact", "strict"):
            for key, value in (("rows", "many"), ("other", 1)):
                with pytest.raises(Invalid):
                    session.commit(Change([PutEntity(ref, kind=kind, properties={key: value})]))
        assert session.get(ref).properties == {"rows": 1}

    def test_an_abstract_kind_has_no_entities_of_its_own(self, session: Session) -> None:
        define(
            session,
            KindDef("shape", supertypes=["asset"], abstract=True),
            KindDef("disc", supertypes=["shape"]),
        )
        with pytest.raises(Invalid, match="shape is abstract"):
            put(session, "shape", "s")
        put(session, "disc", "d")
        assert [entity.kind for entity in session.find(Query(kinds=["shape"])).entities] == ["disc"]

    def test_an_entity_becomes_more_special_and_never_something_else(self, session: Session) -> None:
        define(session, KindDef("table", supertypes=["dataset"]))
        ref = put(session, "dataset", "t")
        put(session, "artifact", "t")
        assert session.get(ref).kind == "dataset"
        put(session, "table", "t")
        assert session.get(ref).kind == "table"
        put(session, "dataset", "t")
        assert session.get(ref).kind == "table"
        with pytest.raises(Invalid, match="is a table and cannot become a run"):
            session.commit(Change([PutEntity(ref, kind="run")]))

    @pytest.mark.parametrize("value", ["q", "q" * 70, 7, 2.5, True])
    def test_a_unique_attribute_belongs_to_one_entity(self, session: Session, value: Any) -> None:
        define(
            session,
            KindDef("thing", supertypes=["asset"], attributes=[AttributeDef("code", "json", unique=True)]),
            KindDef("special", supertypes=["thing"]),
        )
        first = put(session, "thing", "a", code=value)
        put(session, "thing", "a", code=value)
        for kind in ("thing", "special"):
            with pytest.raises(Conflict, match="exists already"):
                put(session, kind, "b", code=value)
        second = put(session, "special", "b", code="other" if value != "q" else "q2")
        with pytest.raises(Conflict):
            session.commit(Change([PutEntity(second, properties={"code": value})]))
        with pytest.raises(Conflict):
            session.commit(
                Change([PutEntity(kind="thing", name=name, properties={"code": 99}) for name in ("c", "d")])
            )
        put(session, "dataset", "free", code=value)
        session.commit(Change([Remove(first, hard=True)]))
        session.commit(Change([PutEntity(second, properties={"code": value})]))


class TestEdges:
    def test_ends_are_of_the_right_kind(self, session: Session) -> None:
        data, run = put(session, "dataset", "d"), put(session, "run", "r")
        link(session, "input", data, run)
        with pytest.raises(Invalid, match="input leads from entity to process, not from run to dataset"):
            link(session, "input", run, data)
        with pytest.raises(Invalid, match="unknown edge 'nowhere'"):
            link(session, "nowhere", run, data)
        with pytest.raises(Invalid, match="cannot be related to itself"):
            link(session, "derived", data, data)

    def test_attributes_are_checked_and_merged(self, session: Session) -> None:
        define(
            session,
            EdgeDef(
                "joins", attributes=[AttributeDef("on", required=True), AttributeDef("weight", "double")]
            ),
        )
        a, b = put(session, "dataset", "a"), put(session, "dataset", "b")
        with pytest.raises(Invalid, match="joins requires on"):
            link(session, "joins", a, b, weight=1)
        link(session, "joins", a, b, on="id")
        link(session, "joins", a, b, weight=0.5)
        with pytest.raises(Invalid, match=r"joins\.weight must be double"):
            link(session, "joins", a, b, weight="heavy")
        [edge] = session.edges([session.get(a).id])
        assert edge.detail == {"on": "id", "weight": 0.5}

    def test_a_source_of_cardinality_one_leads_to_one_target(self, session: Session) -> None:
        define(session, EdgeDef("kept_in", cardinality="one"))
        a, b, c = (put(session, "dataset", name) for name in "abc")
        link(session, "kept_in", a, b)
        link(session, "kept_in", a, b, since="today")
        link(session, "kept_in", c, b)
        with pytest.raises(Conflict, match="'a' has an edge of kind kept_in already"):
            link(session, "kept_in", a, c)
        session.commit(Change([Remove(a, TheEdge("kept_in", b)), PutEdge("kept_in", a, c)]))
        assert {edge.target for edge in session.edges([session.get(a).id])} == {session.get(c).id}


class TestClassifications:
    def test_only_the_kinds_meant_may_bear_it(self, session: Session) -> None:
        define(session, LabelDef("pii", kinds=["dataset", "column"]), LabelDef("email", supertypes=["pii"]))
        run, data = put(session, "run", "r"), put(session, "dataset", "d")
        for name in ("pii", "email"):
            with pytest.raises(Invalid, match=f"{name} is for dataset, column, not for run"):
                session.commit(Change([PutLabel(run, name)]))
        session.commit(Change([PutLabel(run, "pii", "tag"), PutLabel(data, "email")]))

    def test_attributes_are_checked_inherited_ones_included(self, session: Session) -> None:
        define(
            session,
            LabelDef("pii", attributes=[AttributeDef("level", "int", required=True)]),
            LabelDef("email", supertypes=["pii"], attributes=[AttributeDef("domain")]),
        )
        ref = put(session, "dataset", "d")
        for attributes in ({}, {"level": "high"}, {"level": 1, "domain": 5}):
            with pytest.raises(Invalid):
                session.commit(Change([PutLabel(ref, "email", attributes=attributes)]))
        session.commit(Change([PutLabel(ref, "email", attributes={"level": 1, "domain": "x.org"})]))
        assert session.get(ref, ("labels",)).labels[0].attributes == {"level": 1, "domain": "x.org"}

    def test_declaring_one_that_does_not_propagate_takes_it_back_from_its_heirs(
        self, session: Session
    ) -> None:
        a, b = put(session, "dataset", "a"), put(session, "dataset", "b")
        link(session, "derived", a, b)
        session.commit(Change([PutLabel(a, "draft"), PutLabel(a, "pii")]))
        assert bearers(session, "draft") == {"a", "b"}
        define(session, LabelDef("draft", propagates=False))
        assert bearers(session, "draft") == {"a"}
        assert bearers(session, "pii") == {"a", "b"}
        define(session, LabelDef("draft", propagates=True))
        assert bearers(session, "draft") == {"a", "b"}

    def test_a_changed_flow_is_followed(self, session: Session) -> None:
        define(session, EdgeDef("feeds"))
        a, b, c = (put(session, "dataset", name) for name in "abc")
        link(session, "feeds", a, b)
        link(session, "feeds", b, c)
        session.commit(Change([PutLabel(b, "pii")]))
        ways: list[tuple[Flow | None, set[str]]] = [
            (None, {"b"}),
            ("forward", {"b", "c"}),
            ("backward", {"a", "b"}),
            (None, {"b"}),
        ]
        for flow, expected in ways:
            define(session, EdgeDef("feeds", flow=flow))
            assert bearers(session, "pii") == expected


class TestStored:
    def test_definitions_are_there_after_opening_the_store_again(self, store_url: str, tmp_path: Any) -> None:
        definition = KindDef("table", supertypes=["dataset"], attributes=[AttributeDef("rows", "int")])
        for number in range(2):
            catalog = Catalog.open(store_url, blobs=str(tmp_path / "files"))
            session = catalog.session(LOCAL, "test")
            assert bool(session.commit(Change([PutType(definition)])).id) == (number == 0)
            assert session.types().kind("table") == definition
            catalog.close()

    def test_one_that_is_refused_leaves_nothing_behind(self, session: Session) -> None:
        define(session, EnumDef("tier", values=["hot", "cold"]))
        before = session.newest()
        refused: list[AnyDef] = [
            EnumDef("tier", values=["hot"]),
            KindDef("a", supertypes=["nowhere"]),
            KindDef("k" * 3000),
            KindDef("nul\x00"),
        ]
        for definition in refused:
            with pytest.raises(LinealError):
                session.commit(Change([PutType(KindDef("fine")), PutType(definition)]))
        assert session.newest() == before
        assert EnumDef("tier", values=["hot", "cold"]) in session.types().all()
        assert not session.types().has(KindDef, "fine")
        with pytest.raises(Invalid, match="unknown kind 'fine'"):
            put(session, "fine", "f")

    def test_what_a_change_defines_serves_the_changes_after_it(self, session: Session) -> None:
        define(session, KindDef("table", supertypes=["dataset"]))
        put(session, "table", "t")
        assert session.find(Query(kinds=["table"])).entities[0].name == "t"
        assert session.history(ByName("table", "t"))[0].action == "created"
