"""Definitions: what they inherit, what values they accept, how they may change."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import pytest

from lineal.graph.errors import Conflict, Invalid
from lineal.graph.types import (
    BUILT_IN,
    AnyDef,
    AttributeDef,
    EdgeDef,
    EnumDef,
    KindDef,
    LabelDef,
    StructDef,
    Types,
)


def types_with(*definitions: AnyDef) -> Types:
    return reduce(lambda types, definition: types.with_(definition), definitions, Types())


def attribute(name: str, type: str = "string", **more: Any) -> AttributeDef:
    return AttributeDef(name, type, **more)


CATALOG = (
    EnumDef("tier", values=["hot", "cold"], default="hot"),
    StructDef("place", attributes=[attribute("host", required=True), attribute("port", "int")]),
    StructDef("replica", attributes=[attribute("at", "place", required=True), attribute("tier", "tier")]),
    KindDef("referenceable", supertypes=["asset"], attributes=[attribute("qualified_name", required=True)]),
    KindDef("owned", supertypes=["asset"], attributes=[attribute("owners", "array<string>")]),
    KindDef(
        "hive_table",
        supertypes=["referenceable", "dataset", "owned"],
        attributes=[
            attribute("tier", "tier"),
            attribute("replicas", "array<replica>"),
            attribute("sizes", "map<string,array<int>>"),
            attribute("parent", "hive_table"),
            attribute("rows", "int"),
            attribute("ratio", "double"),
            attribute("external", "boolean"),
            attribute("since", "time"),
            attribute("anything", "json"),
        ],
    ),
)


class TestInheritance:
    def test_a_kind_has_everything_that_any_of_its_supertypes_has(self) -> None:
        types = types_with(*CATALOG)
        assert types.ancestors("hive_table") == {
            "hive_table", "referenceable", "dataset", "owned", "asset", "entity",
        }  # fmt: skip
        assert {"qualified_name", "owners", "tier"} <= types.attributes("hive_table").keys()
        assert types.is_a("hive_table", "owned")
        assert not types.is_a("owned", "hive_table")

    def test_subkinds_are_found_below_every_supertype(self) -> None:
        types = types_with(*CATALOG)
        assert types.subkinds("owned") == {"owned", "hive_table"}
        assert "hive_table" in types.subkinds("dataset")
        assert types.subkinds("hive_table") == {"hive_table"}

    def test_identity_is_inherited_unless_a_kind_has_its_own(self) -> None:
        types = types_with(*CATALOG, KindDef("notebook", supertypes=["dataset"], identity="notebook"))
        assert types.identity("hive_table") == "asset"
        assert types.identity("notebook") == "notebook"
        assert types.identity("run") == "run"

    def test_a_diamond_is_no_contradiction(self) -> None:
        left = KindDef("left", supertypes=["referenceable"])
        right = KindDef("right", supertypes=["referenceable"])
        types = types_with(*CATALOG, left, right, KindDef("below", supertypes=["left", "right"]))
        assert types.attributes("below").keys() == {"qualified_name"}

    def test_refining_keeps_the_more_special_kind(self) -> None:
        types = types_with(*CATALOG)
        assert types.refine("dataset", "hive_table") == "hive_table"
        assert types.refine("hive_table", "dataset") == "hive_table"
        assert types.refine("artifact", "dataset") == "artifact"

    def test_a_classification_counts_as_what_it_inherits_from(self) -> None:
        types = types_with(
            LabelDef("pii", attributes=[attribute("level", "int", required=True)], kinds=["dataset"]),
            LabelDef("contact", supertypes=["pii"]),
            LabelDef("email", supertypes=["contact"], attributes=[attribute("domain")]),
        )
        assert types.sublabels("pii") == {"pii", "contact", "email"}
        assert types.label_attributes("email").keys() == {"level", "domain"}
        assert types.label_kinds("email") == ["dataset"]
        assert types.label_kinds("unheard of") == []


class TestValues:
    @pytest.mark.parametrize(
        "properties",
        [
            {"tier": "cold"},
            {"tier": None},
            {"replicas": [{"at": {"host": "a", "port": 1}, "tier": "hot"}, {"at": {"host": "b"}}]},
            {"replicas": []},
            {"sizes": {"2026": [1, 2], "2027": []}},
            {"parent": "0123456789abcdef"},
            {"rows": 5, "ratio": 2, "external": False, "since": 10},
            {"ratio": math.nan},
            {"anything": {"a": [1, None]}},
            {"owners": ["ann"]},
            {"undeclared": object()},
        ],
    )
    def test_what_fits_is_accepted(self, properties: dict[str, Any]) -> None:
        types_with(*CATALOG).check_properties("hive_table", properties, whole=False)

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            ({"tier": "warm"}, "hive_table.tier must be one of hot, cold, not 'warm'"),
            ({"tier": ["hot"]}, "hive_table.tier must be one of"),
            ({"replicas": {"at": {}}}, r"hive_table.replicas must be array<replica>, not dict"),
            ({"replicas": [{"tier": "hot"}]}, r"hive_table.replicas\[\] requires at"),
            ({"replicas": [{"at": {"host": 5}}]}, r"hive_table.replicas\[\].at.host must be string, not int"),
            ({"replicas": [{"at": {"host": "a"}, "x": 1}]}, "replica has no attribute 'x'"),
            ({"replicas": ["a"]}, r"hive_table.replicas\[\] must be a replica, not str"),
            ({"sizes": {"2026": ["many"]}}, r"must be int, not str"),
            ({"sizes": [1]}, "must be map<string,array<int>>, not list"),
            ({"rows": True}, "hive_table.rows must be int, not bool"),
            ({"rows": 1.5}, "hive_table.rows must be int, not float"),
            ({"ratio": "high"}, "hive_table.ratio must be double, not str"),
            ({"external": 1}, "hive_table.external must be boolean, not int"),
            ({"owners": [1]}, r"hive_table.owners\[\] must be string, not int"),
            ({"qualified_name": None}, "hive_table requires qualified_name"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_name(self, properties: dict[str, Any], message: str) -> None:
        with pytest.raises(Invalid, match=message):
            types_with(*CATALOG).check_properties("hive_table", properties, whole=False)

    def test_a_new_entity_needs_what_is_required_and_an_update_does_not(self) -> None:
        types = types_with(*CATALOG)
        types.check_properties("hive_table", {"rows": 1}, whole=False)
        with pytest.raises(Invalid, match="hive_table requires qualified_name"):
            types.check_properties("hive_table", {"rows": 1}, whole=True)

    def test_a_closed_kind_refuses_what_it_does_not_know(self) -> None:
        types = types_with(KindDef("strict", supertypes=["asset"], attributes=[attribute("a")], closed=True))
        types.check_properties("strict", {"a": "x"}, whole=True)
        with pytest.raises(Invalid, match="strict has no attribute 'b'"):
            types.check_properties("strict", {"a": "x", "b": "y"}, whole=True)

    def test_attributes_of_an_edge_are_checked(self) -> None:
        types = types_with(
            EdgeDef(
                "joins", attributes=[attribute("on", "array<string>", required=True), attribute("n", "int")]
            )
        )
        types.check_detail("joins", {"on": ["id"], "note": "free"}, whole=True)
        with pytest.raises(Invalid, match="joins requires on"):
            types.check_detail("joins", {"n": 1}, whole=True)
        with pytest.raises(Invalid, match=r"joins\.n must be int"):
            types.check_detail("joins", {"n": "one"}, whole=False)


class TestIllFormed:
    @pytest.mark.parametrize(
        ("definition", "message"),
        [
            (KindDef(" "), "a type needs a name"),
            (KindDef("a", supertypes=["nowhere"]), "a: unknown supertype 'nowhere'"),
            (KindDef("a", supertypes=["a"]), "a cannot be below 'a'"),
            (KindDef("a", supertypes=["asset"], identity="nowhere"), "unknown kind 'nowhere'"),
            (KindDef("a", attributes=[attribute("x", "nothing")]), "a: unknown type 'nothing'"),
            (KindDef("a", attributes=[attribute("x", "array<nothing>")]), "a: unknown type 'nothing'"),
            (
                KindDef("a", attributes=[attribute("x", "map<string,map<string,nothing>>")]),
                "unknown type 'nothing'",
            ),
            (KindDef("a", attributes=[attribute("x", "array<" * 900 + "int" + ">" * 900)]), "characters"),
            (
                KindDef("a", attributes=[attribute("x"), attribute("x")]),
                "each attribute needs a name of its own",
            ),
            (KindDef("a", attributes=[attribute("")]), "each attribute needs a name of its own"),
            (
                KindDef("a", attributes=[attribute("x", "int", default="one")]),
                "the default of a.x must be int",
            ),
            (
                KindDef("a", supertypes=["owned"], attributes=[attribute("owners", "int")]),
                "a.owners cannot be both",
            ),
            (EdgeDef("a", source="nowhere"), "unknown kind 'nowhere'"),
            (EdgeDef("a", target="nowhere"), "unknown kind 'nowhere'"),
            (EnumDef("a", values=["x"], default="y"), "the default 'y' is none of its values"),
            (LabelDef("a", supertypes=["nowhere"]), "a: unknown supertype 'nowhere'"),
            (LabelDef("a", supertypes=["asset"]), "a: unknown supertype 'asset'"),
            (LabelDef("a", kinds=["nowhere"]), "unknown kind 'nowhere'"),
            (StructDef("a", attributes=[attribute("x", "nothing")]), "a: unknown type 'nothing'"),
        ],
    )
    def test_it_is_refused(self, definition: AnyDef, message: str) -> None:
        with pytest.raises(Invalid, match=message):
            types_with(*CATALOG).with_(definition)

    def test_two_supertypes_that_contradict_each_other_are_refused(self) -> None:
        types = types_with(
            KindDef("one", supertypes=["asset"], attributes=[attribute("size", "int")]),
            KindDef("two", supertypes=["asset"], attributes=[attribute("size", "string")]),
        )
        with pytest.raises(Invalid, match=r"both\.size cannot be both int and string"):
            types.with_(KindDef("both", supertypes=["one", "two"]))

    def test_a_struct_may_hold_itself(self) -> None:
        types = types_with(StructDef("tree", attributes=[attribute("children", "array<tree>")]))
        types.check_value("root", "tree", {"children": [{"children": []}, {}]})
        with pytest.raises(Invalid, match="must be array<tree>"):
            types.check_value("root", "tree", {"children": [{"children": "none"}]})

    @pytest.mark.parametrize("category", [KindDef, LabelDef])
    def test_a_circle_of_supertypes_is_refused(self, category: type[KindDef | LabelDef]) -> None:
        types = types_with(category("a"), category("b", supertypes=["a"]), category("c", supertypes=["b"]))
        with pytest.raises(Invalid, match="a cannot be below 'c'"):
            types.with_(category("a", supertypes=["c"]))

    def test_what_is_unknown_is_said_to_be(self) -> None:
        types = Types()
        with pytest.raises(Invalid, match="unknown kind 'nowhere'"):
            types.kind("nowhere")
        with pytest.raises(Invalid, match="unknown edge 'nowhere'"):
            types.edge("nowhere")
        assert types.label("nowhere") is None
        with pytest.raises(Invalid, match="x has the unknown type 'nothing'"):
            types.check_value("x", "nothing", 1)


class TestEvolution:
    @pytest.mark.parametrize(
        "definition",
        [
            KindDef(
                "owned",
                supertypes=["asset"],
                attributes=[attribute("owners", "array<string>"), attribute("x")],
            ),
            KindDef(
                "owned",
                "whose it is",
                supertypes=["asset"],
                attributes=[attribute("owners", "array<string>")],
            ),
            KindDef(
                "owned", supertypes=["asset", "dataset"], attributes=[attribute("owners", "array<string>")]
            ),
            KindDef("referenceable", supertypes=["asset"], attributes=[attribute("qualified_name")]),
            EnumDef("tier", values=["hot", "cold", "gone"]),
            StructDef("place", attributes=[attribute("host"), attribute("port", "int"), attribute("rack")]),
        ],
    )
    def test_what_harms_nothing_stored_is_allowed(self, definition: AnyDef) -> None:
        changed = types_with(*CATALOG).with_(definition)
        assert definition in changed.all()
        assert len(changed.all()) == len(BUILT_IN) + len(CATALOG)

    @pytest.mark.parametrize(
        ("definition", "message"),
        [
            (
                KindDef("owned", supertypes=["asset"], attributes=[attribute("owners", "string")]),
                "owned.owners is array<string> and cannot become string",
            ),
            (KindDef("owned", supertypes=["asset"]), "owned cannot lose owners"),
            (
                KindDef(
                    "owned",
                    supertypes=["asset"],
                    attributes=[attribute("owners", "array<string>"), attribute("x", required=True)],
                ),
                "owned.x was not there or optional, and cannot be required",
            ),
            (
                KindDef(
                    "owned",
                    supertypes=["asset"],
                    attributes=[attribute("owners", "array<string>", required=True)],
                ),
                "owned.owners was not there or optional, and cannot be required",
            ),
            (
                KindDef("owned", attributes=[attribute("owners", "array<string>")]),
                "owned cannot lose asset, entity",
            ),
            (
                KindDef(
                    "owned",
                    supertypes=["asset", "referenceable"],
                    attributes=[attribute("owners", "array<string>")],
                ),
                "owned.qualified_name was not there or optional",
            ),
            (
                KindDef(
                    "owned",
                    supertypes=["asset"],
                    attributes=[attribute("owners", "array<string>")],
                    identity="run",
                ),
                "names of .* are unique within asset, which cannot change",
            ),
            (
                KindDef(
                    "owned",
                    supertypes=["asset"],
                    attributes=[attribute("owners", "array<string>")],
                    closed=True,
                ),
                "owned is open, and cannot be closed",
            ),
            (
                KindDef(
                    "owned",
                    supertypes=["asset"],
                    attributes=[attribute("owners", "array<string>")],
                    abstract=True,
                ),
                "owned may have entities of its own",
            ),
            (EnumDef("tier", values=["hot"]), "tier cannot lose cold"),
            (StructDef("place", attributes=[attribute("host", required=True)]), "place cannot lose port"),
            (KindDef("dataset", supertypes=["asset"], closed=True), "dataset is built in and cannot change"),
            (EdgeDef("input", source="entity", target="process"), "input is built in and cannot change"),
        ],
    )
    def test_what_would_make_something_stored_wrong_is_refused(
        self, definition: AnyDef, message: str
    ) -> None:
        with pytest.raises(Conflict, match=message):
            types_with(*CATALOG).with_(definition)

    def test_an_attribute_that_a_subkind_has_otherwise_is_refused(self) -> None:
        types = types_with(
            KindDef("above", supertypes=["asset"]),
            KindDef("below", supertypes=["above"], attributes=[attribute("x", "int")]),
        )
        with pytest.raises(Conflict, match=r"below\.x is int, and string would be inherited"):
            types.with_(KindDef("above", supertypes=["asset"], attributes=[attribute("x", "string")]))

    def test_an_edge_kind_goes_on_allowing_its_ends(self) -> None:
        types = types_with(EdgeDef("feeds", source="dataset", target="asset", flow="forward"))
        wider = types.with_(EdgeDef("feeds", source="asset", target="entity", flow=None, lineage=True))
        assert wider.edge("feeds").lineage
        for narrower in (
            EdgeDef("feeds", source="model", target="asset"),
            EdgeDef("feeds", target="dataset"),
        ):
            with pytest.raises(Conflict, match="cannot be confined"):
                types.with_(narrower)
        with pytest.raises(Conflict, match="cannot be confined to one"):
            types.with_(EdgeDef("feeds", source="dataset", target="asset", cardinality="one"))

    def test_a_classification_goes_on_counting_as_what_it_is(self) -> None:
        types = types_with(LabelDef("pii"), LabelDef("email", supertypes=["pii"]))
        assert not types.with_(LabelDef("pii", propagates=False)).travels("pii")
        with pytest.raises(Conflict, match="email cannot lose pii"):
            types.with_(LabelDef("email"))
        with pytest.raises(Conflict, match="cannot be required"):
            types.with_(LabelDef("pii", attributes=[attribute("level", required=True)]))

    def test_the_same_again_changes_nothing(self) -> None:
        types = types_with(*CATALOG)
        for definition in (*CATALOG, *BUILT_IN):
            assert types.with_(definition).all() == types.all()


def test_every_built_in_definition_is_well_formed() -> None:
    types = Types()
    for definition in BUILT_IN:
        assert types.with_(definition).all() == list(BUILT_IN)
        assert definition.description
