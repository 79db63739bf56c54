"""Full text."""

from __future__ import annotations

import pytest

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity, PutFacet, PutLabel, Remove, TheLabel
from lineal.graph.model import ById, Local
from lineal.graph.query import Order, Query, attribute
from lineal.testing.store.base import Suite, commit, names, put

STRANGE = [
    "'", '"', "a' OR 1=1", "(", ")", "a & b | !c", ":*", "*", "a:*B", "NEAR(a b)", "name : a", "\\", "a\\'b", "-", "^a",
    "AND", "not", "\u0000", "🦊", "%", "a" * 5000, "a " * 5000, "\u202e", "'a':1A", "\ud800",
]  # fmt: skip


def search(session: Session, text: str) -> list[str]:
    """Names of what is found, the best first."""
    return names(session, Query(text=text))


class Texts(Suite):
    def test_words_and_the_beginning_of_the_last(self, session: Session) -> None:
        put(session, "customer_orders")
        put(session, "customerReturns")
        put(session, "Customer-Orders-2024")
        assert sorted(search(session, "customer")) == [
            "Customer-Orders-2024",
            "customerReturns",
            "customer_orders",
        ]
        assert search(session, "customer ret") == ["customerReturns"]
        assert search(session, "ret") == ["customerReturns"]
        assert sorted(search(session, "ORDERS customer")) == ["Customer-Orders-2024", "customer_orders"]
        assert search(session, "orders 2024") == ["Customer-Orders-2024"]
        assert search(session, "returns orders") == []

    def test_every_part_is_searched_and_the_name_counts_most(self, session: Session) -> None:
        commit(
            session,
            PutEntity(kind="dataset", name="with columns", handle="c"),
            PutFacet(Local("c"), "schema", {"fields": [{"name": "churnRate"}]}),
        )
        put(session, "described", description="all about churn")
        put(session, "tagged", **{"tag.topic": "churn"})
        commit(
            session,
            PutEntity(kind="dataset", name="labelled", handle="l"),
            PutLabel(Local("l"), "churn", "term"),
        )
        put(session, "churn")
        found = search(session, "churn")
        assert found[0] == "churn"
        assert sorted(found) == ["churn", "described", "labelled", "tagged", "with columns"]

    def test_what_is_misspelt_is_corrected(self, session: Session) -> None:
        put(session, "transactions")
        put(session, "customers")
        for typed in ("transactons", "trasnactions", "transactionss", "tranzactions"):
            page = session.find(Query(text=typed))
            assert [entity.name for entity in page.entities] == ["transactions"]
            assert page.corrected == "transactions"
        assert session.find(Query(text="transact")).corrected is None
        assert search(session, "elephants") == []

    def test_changes_are_found_and_what_was_is_not(self, session: Session) -> None:
        number = put(session, "alpha", description="first")
        commit(session, PutEntity(ById(number), name="beta", properties={"description": "second"}))
        commit(session, PutLabel(ById(number), "gamma", "tag"))
        assert [search(session, word) for word in ("beta", "second", "gamma")] == [["beta"]] * 3
        assert [search(session, word) for word in ("alpha", "first")] == [[], []]
        commit(
            session,
            Remove(ById(number), TheLabel("gamma")),
            PutEntity(ById(number), properties={"description": None}),
        )
        assert [search(session, word) for word in ("second", "gamma")] == [[], []]
        commit(session, Remove(ById(number)))
        assert search(session, "beta") == []
        assert names(session, Query(text="beta", state="deleted")) == ["beta"]
        commit(session, Remove(ById(number), hard=True))
        assert names(session, Query(text="beta", state="all")) == []
        put(session, "delta")
        assert search(session, "delta") == ["delta"]

    def test_accents_and_other_scripts(self, session: Session) -> None:
        for name in ("café größe", "数据 表", "дом", "naïve-bayes"):
            put(session, name)
        found = {
            "cafe": "café größe",
            "CAFÉ": "café größe",
            "größe": "café größe",
            "grosse": "",
            "数据": "数据 表",
        }
        found |= {"数": "数据 表", "Дом": "дом", "naive": "naïve-bayes"}
        for typed, name in found.items():
            assert search(session, typed) == ([name] if name else []), typed

    @pytest.mark.parametrize("typed", STRANGE)
    def test_nothing_typed_is_taken_for_syntax(self, session: Session, typed: str) -> None:
        put(session, "something else")
        assert search(session, typed) in ([], ["something else"])
        assert session.suggest(typed) == []

    def test_text_that_is_long_or_strange_is_kept(self, session: Session) -> None:
        words = " ".join(f"word{number}" for number in range(50_000))
        put(session, "long", description=words)
        put(session, "blob", description="x" * 1_000_000)
        put(session, "dense", description="数据" * 100_000)
        put(session, "marks", description="' \\ : * & | ! ( ) < > \u2028 \ufeff")
        assert search(session, "word7") == ["long"]
        assert search(session, "blob") == ["blob"]
        assert search(session, "marks") == ["marks"]

    def test_text_goes_with_conditions_and_orders(self, session: Session) -> None:
        commit(
            session, *(PutEntity(kind="dataset", name=f"sales {n}", properties={"n": n}) for n in range(30))
        )
        commit(session, PutEntity(kind="run", name="sales run"))
        where = attribute("name", "in", ["sales 3", "sales 7", "sales run"])
        assert names(
            session,
            Query(
                text="sales",
                kinds=["dataset"],
                where=where,
                order=[Order(attribute("id", "=", 0).field, True)],
            ),
        ) == ["sales 7", "sales 3"]
        first = session.find(Query(text="sales", limit=20, count=True, facets=["kind"]))
        second = session.find(Query(text="sales", limit=20, cursor=first.cursor))
        assert (first.total, first.facets["kind"], second.cursor) == (31, {"dataset": 30, "run": 1}, None)
        assert len({entity.id for entity in first.entities + second.entities}) == 31

    def test_names_are_suggested_as_one_types(self, session: Session) -> None:
        put(session, "revenue by region")
        put(session, "other", description="revenue")
        assert [entity.name for entity in session.suggest("rev")] == ["revenue by region"]
        assert [entity.name for entity in session.suggest("revenue reg")] == ["revenue by region"]
        assert session.suggest("") == []

    def test_many_at_once(self, session: Session) -> None:
        session.commit(
            Change([PutEntity(kind="dataset", name=f"bulk {number % 10}") for number in range(300)])
        )
        assert len(search(session, "bulk 7")) == 30
