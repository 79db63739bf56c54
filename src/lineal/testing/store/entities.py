"""Entities, their properties, facets and addresses."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.change import (
    Absent,
    AtRevision,
    Change,
    Expect,
    PutEntity,
    PutFacet,
    Remove,
    TheExternal,
    UnsetOrEqual,
)
from lineal.graph.errors import Conflict, ExpectationFailed, Invalid, NotFound
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid, External, Local
from lineal.testing.store.base import Suite, commit, properties_of, put

VALUES: list[Any] = [
    0, 1, -1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63),
    0.0, -0.0, 0.1, 1e308, 5e-324, -1.5, 1e22, math.inf, -math.inf, math.nan, float(2**60),
    True, False,
    "", "text", "0", "true", "null", "NaN", "größe 数据 🦊",
    "quote's \"double\" \\back %_ ?", "line\nbreak\ttab",
    "\U0010ffff", "e\u0301", "x" * 100_000,
    [], {}, [1, 2.5, "x", None, True, []], {"a": {"b": [1]}, "ü": None, "": 0}, {"n": 2**53 + 1, "f": 0.1},
]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and equal; doubles to the bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


class Entities(Suite):
    @pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
    def test_a_property_comes_back_exactly(self, session: Session, value: Any) -> None:
        number = put(session, "e", key=value)
        assert same(properties_of(session, ById(number))["key"], value)

    def test_all_values_together(self, catalog: Catalog, session: Session) -> None:
        values = {f"k{number}": value for number, value in enumerate(VALUES)}
        number = put(session, "e", **values)
        found = properties_of(session, ById(number))
        assert found.keys() == values.keys()
        assert [key for key, value in values.items() if not same(found[key], value)] == []

    def test_a_value_takes_the_place_of_another_type(self, session: Session) -> None:
        number = put(session, "e", key=VALUES[0])
        for value in VALUES[1:]:
            commit(session, PutEntity(ById(number), properties={"key": value}))
            assert same(properties_of(session, ById(number))["key"], value)

    def test_properties_are_merged_and_removed(self, session: Session) -> None:
        number = put(session, "e", a=1, b=2)
        commit(session, PutEntity(ById(number), properties={"b": None, "c": 3, "nothing": None}))
        assert properties_of(session, ById(number)) == {"a": 1, "c": 3}

    @pytest.mark.parametrize(
        "value", [2**63, -(2**63) - 1, "nul \x00", "half \ud800", ["nul \x00"], {"a\x00": 1}]
    )
    def test_what_cannot_be_stored_is_refused(self, session: Session, value: Any) -> None:
        with pytest.raises(Invalid):
            put(session, "e", key=value)
        assert session.counts() == {}

    def test_names_may_be_any_text(self, session: Session) -> None:
        texts = ["", " ", "a" * 10_000, "größe", "🦊", "'; DROP TABLE entity; --", "%", "\\", "e\u0301"]
        numbers = [put(session, text) for text in texts]
        assert [session.get(ById(number)).name for number in numbers] == texts

    def test_identity_tells_case_accents_and_spaces_apart(self, session: Session) -> None:
        texts = ["a", "A", "á", "a\u0301", " a", "a ", "ａ"]  # noqa: RUF001
        numbers = [commit(session, PutEntity(kind="dataset", name=text, unique=True))[0] for text in texts]
        assert len(set(numbers)) == len(texts)
        assert [session.get(ByName("dataset", text)).id for text in texts] == numbers

    def test_every_address_leads_to_the_entity(self, session: Session) -> None:
        made = session.commit(
            Change(
                [
                    PutEntity(
                        kind="dataset",
                        name="d",
                        unique=True,
                        external=[External("p", "1"), External("q", "1")],
                    )
                ]
            )
        )
        number, uuid = made.entities[0], made.uuids[0]
        refs: list[AnyRef] = [
            ById(number),
            ByUuid(uuid),
            ByName("dataset", "d"),
            ByExternal("p", "1"),
            ByExternal("q", "1"),
        ]
        assert [session.get(ref).id for ref in refs] == [number] * 5
        others: list[AnyRef] = [
            ById(number + 1),
            ByUuid("0" * 32),
            ByName("dataset", "D"),
            ByExternal("p", "2"),
        ]
        others.append(ByExternal("never seen", "1"))
        for ref in others:
            with pytest.raises(NotFound):
                session.get(ref)

    def test_identity_holds_within_namespace_and_scope(self, session: Session) -> None:
        def unique(kind: str, namespace: str) -> int:
            return commit(session, PutEntity(kind=kind, name="x", namespace=namespace, unique=True))[0]

        first = unique("dataset", "default")
        assert unique("dataset", "default") == first
        assert unique("artifact", "default") == first, "data sets and artifacts are assets of one scope"
        others = {unique("dataset", "other"), unique("experiment", "default"), unique("model", "default")}
        assert len(others | {first}) == 4

    def test_an_outside_id_is_of_one_entity(self, session: Session) -> None:
        first = commit(session, PutEntity(kind="run", name="a", external=[External("p", "1")]))[0]
        assert commit(session, PutEntity(ByExternal("p", "1"), properties={"n": 1}))[0] == first
        with pytest.raises(Conflict):
            commit(session, PutEntity(kind="run", name="b", external=[External("p", "1")]))
        commit(session, Remove(ById(first), TheExternal("p", "1")))
        with pytest.raises(NotFound):
            session.get(ByExternal("p", "1"))
        second = commit(session, PutEntity(kind="run", name="b", external=[External("p", "1")]))[0]
        assert session.get(ByExternal("p", "1")).id == second

    def test_ids_are_never_given_twice(self, session: Session) -> None:
        seen: set[int] = set()
        for _ in range(3):
            number = put(session, "e")
            assert number not in seen
            seen.add(number)
            commit(session, Remove(ById(number), hard=True))
            with pytest.raises(NotFound):
                session.get(ById(number))

    def test_a_text_has_one_number(self, session: Session, catalog: Catalog) -> None:
        symbols = catalog.writing.symbols
        texts = ["new", "NEW", "new ", "größe", "x" * 1000]
        first = catalog.store.write(lambda cx: [symbols.intern(cx, text) for text in texts])
        symbols.forget()
        assert catalog.store.write(lambda cx: [symbols.intern(cx, text) for text in texts]) == first
        assert len(set(first)) == len(texts)
        reader = catalog.store.reader()
        assert [catalog.symbols.text(reader, number) for number in first] == texts
        assert catalog.symbols.find(reader, "never seen") == -1

    def test_revisions_count_changes_only(self, session: Session) -> None:
        number = put(session, "e", a=1)
        for value, revision in ((1, 1), (2, 2), (2, 2), (3, 3)):
            commit(session, PutEntity(ById(number), properties={"a": value}))
            assert session.get(ById(number)).revision == revision

    def test_a_replay_alters_nothing(self, session: Session) -> None:
        change = Change([
            PutEntity(kind="run", name="r", unique=True, handle="r", properties={"f": math.nan, "z": -0.0, "j": [1]}),
            PutFacet(Local("r"), "facet", {"b": 1, "a": [2]}),
        ])  # fmt: skip
        first = session.commit(change)
        again = session.commit(change)
        assert (again.id, again.entities, again.created) == (0, first.entities, [False])

    def test_facets_are_kept_whole(self, session: Session) -> None:
        number = put(session, "e")
        document = {"z": 1, "a": {"list": [1, 2.5, None, "ü"], "big": 2**53 + 1}, "": ""}
        commit(session, PutFacet(ById(number), "mine", document), PutFacet(ById(number), "other", [1]))
        assert session.get(ById(number), ("facets",)).facets == {"mine": document, "other": [1]}
        commit(session, PutFacet(ById(number), "other", None))
        assert session.get(ById(number), ("facets",)).facets == {"mine": document}

    def test_soft_removal_keeps_and_hard_removal_does_not(self, session: Session) -> None:
        home = commit(session, PutEntity(kind="experiment", name="e", unique=True))[0]
        inside = commit(session, PutEntity(kind="run", name="r", home=ById(home), properties={"a": 1}))[0]
        commit(session, Remove(ById(home), cascade=True))
        assert [session.get(ById(number)).state for number in (home, inside)] == ["deleted", "deleted"]
        commit(session, PutEntity(ById(home), state="active", cascade=True))
        assert session.get(ById(inside)).state == "active"
        with pytest.raises(Invalid):
            commit(session, Remove(ById(home), hard=True))
        commit(session, Remove(ById(home), hard=True, cascade=True))
        for number in (home, inside):
            with pytest.raises(NotFound):
                session.get(ById(number))
        assert commit(session, PutEntity(kind="experiment", name="e", unique=True))[0] not in (home, inside)

    def test_expectations_are_checked_inside_the_transaction(self, session: Session) -> None:
        number = put(session, "e", p="1", f=math.nan, z=0.0)
        commit(session, Expect(ById(number), UnsetOrEqual({"p": "1", "new": 1})))
        commit(session, Expect(ById(number), AtRevision(1)), Expect(ByName("run", "none"), Absent()))
        for failing in (UnsetOrEqual({"p": "2"}), UnsetOrEqual({"p": 1}), AtRevision(2), Absent()):
            with pytest.raises(ExpectationFailed):
                commit(session, PutEntity(ById(number), properties={"p": "3"}), Expect(ById(number), failing))
        assert properties_of(session, ById(number))["p"] == "1"
