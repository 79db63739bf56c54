"""Statements that are kept back, and many rows as one statement."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from typing import Any

import pytest

from lineal.store import bulk
from lineal.store.kept import Kept, statement

PUT_A, PUT_B, PUT_C = "INSERT INTO a VALUES (?, ?)", "INSERT INTO b VALUES (?)", "INSERT INTO c VALUES (?)"
CHANGE_A, COPY_A = "UPDATE a SET x = ? WHERE y = ?", "INSERT INTO b SELECT x FROM a WHERE x = ?"


def groups(*added: tuple[str, int]) -> list[tuple[str, list[int]]]:
    kept = Kept()
    for sql, value in added:
        kept.add(statement(sql), [(value,)])
    assert kept.size == len(added)
    return [(group.statement.text, [row[0] for row in group.rows]) for group in kept.take()]


class TestStatement:
    @pytest.mark.parametrize(
        ("sql", "target", "alone", "answers"),
        [
            (PUT_A, "a", True, False),
            (CHANGE_A, "a", True, False),
            ("DELETE FROM a WHERE x = ?", "a", True, False),
            (COPY_A, "b", False, False),
            ("UPDATE a SET x = ? RETURNING x", "", True, True),
            ("SELECT x FROM a", "", False, True),
            ("WITH c AS (SELECT 1) SELECT * FROM c", "", False, True),
            ("SAVEPOINT one", "", True, False),
        ],
    )
    def test_what_it_does_is_read_from_its_text(
        self, sql: str, target: str, alone: bool, answers: bool
    ) -> None:
        found = statement(sql)
        assert (found.target, found.alone, found.answers) == (target, alone, answers)


class TestKept:
    def test_equal_statements_join_over_other_tables(self) -> None:
        assert groups((PUT_A, 1), (PUT_B, 2), (PUT_A, 3), (PUT_B, 4)) == [(PUT_A, [1, 3]), (PUT_B, [2, 4])]

    def test_they_do_not_join_over_another_change_of_the_table(self) -> None:
        assert groups((PUT_A, 1), (CHANGE_A, 2), (PUT_A, 3)) == [(PUT_A, [1]), (CHANGE_A, [2]), (PUT_A, [3])]

    def test_nothing_overtakes_what_looks_at_other_tables(self) -> None:
        found = groups((PUT_A, 1), (COPY_A, 2), (PUT_A, 3), (COPY_A, 4))
        assert found == [(PUT_A, [1]), (COPY_A, [2]), (PUT_A, [3]), (COPY_A, [4])]

    def test_taking_leaves_nothing(self) -> None:
        kept = Kept()
        kept.add(statement(PUT_A), [(1,), (2,)])
        assert len(kept.take()) == 1
        assert (kept.take(), kept.size, kept.take_for(statement("SELECT 1 FROM a"))) == ([], 0, [])

    def test_only_what_a_question_might_see_is_taken_for_it(self) -> None:
        kept = Kept()
        for sql in (PUT_A, PUT_B, CHANGE_A, PUT_C):
            kept.add(statement(sql), [(1,)])
        assert kept.take_for(statement("SELECT 1 FROM d")) == []
        found = kept.take_for(statement("SELECT 1 FROM d JOIN a ON true"))
        assert [group.statement.text for group in found] == [PUT_A, CHANGE_A]
        kept.add(statement(PUT_C), [(2,)])
        assert [(group.statement.text, group.rows) for group in kept.take()] == [
            (PUT_B, [(1,)]),
            (PUT_C, [(1,), (2,)]),
        ]

    def test_all_is_taken_when_one_looks_at_another_table(self) -> None:
        kept = Kept()
        for sql in (PUT_A, COPY_A, PUT_C):
            kept.add(statement(sql), [(1,)])
        assert len(kept.take_for(statement("SELECT 1 FROM d"))) == 0
        assert len(kept.take_for(statement("SELECT 1 FROM b"))) == 3
        assert kept.size == 0

    def test_the_order_within_each_table_stays(self) -> None:
        pick = random.Random(3)
        for _ in range(200):
            added = [(pick.choice([PUT_A, PUT_B, CHANGE_A, COPY_A]), number) for number in range(20)]
            sent = [(sql, value) for sql, values in groups(*added) for value in values]
            for tables in ({PUT_A, CHANGE_A}, {PUT_B, COPY_A}, {PUT_A, CHANGE_A, COPY_A}):
                wanted = [each for each in added if each[0] in tables]
                found = [each for each in sent if each[0] in tables]
                if tables == {PUT_B, COPY_A} or COPY_A not in tables:
                    assert found == wanted
                else:
                    assert _seen_by_copies(found) == _seen_by_copies(wanted)


def _seen_by_copies(order: list[tuple[str, int]]) -> dict[int, list[int]]:
    """What each copy finds in the table that it copies from."""
    return {
        value: [v for s, v in order[:place] if s != COPY_A]
        for place, (sql, value) in enumerate(order)
        if sql == COPY_A
    }


COLUMNS = [bulk.Column("entity", "bigint"), bulk.Column("key", "bigint"), bulk.Column("text", "text")]


class TestBulk:
    def test_an_insert_of_whole_rows_is_known(self) -> None:
        upsert = " ON CONFLICT (entity, key) DO UPDATE SET text=excluded.text"
        found = bulk.insert_of(f"INSERT INTO t VALUES (?, ?, ?){upsert}")
        assert found is not None
        assert (found.table, found.key) == ("t", ("entity", "key"))
        arrays = "unnest(%s::bigint[], %s::bigint[], %s::text[])"
        assert bulk.many_at_once(found, COLUMNS) == f"INSERT INTO t SELECT * FROM {arrays}{upsert}"
        plain = bulk.insert_of("INSERT INTO t VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        assert plain is not None
        assert plain.key == ()

    @pytest.mark.parametrize(
        "sql",
        [
            "INSERT INTO t (a) VALUES (?)",
            "INSERT INTO t VALUES (?, 1)",
            "UPDATE t SET a = ?",
            "SELECT 1",
            COPY_A,
        ],
    )
    def test_others_are_not(self, sql: str) -> None:
        assert bulk.insert_of(sql) is None

    def test_no_part_has_a_key_twice_and_the_order_of_a_key_stays(self) -> None:
        insert = bulk.Insert("t", "", ("entity", "key"))
        pick = random.Random(5)
        rows: list[Any] = [(pick.randrange(3), pick.randrange(3), str(number)) for number in range(100)]
        parts = list(bulk.parts(insert, COLUMNS, rows))
        assert list(itertools.chain(*parts)) == rows
        assert all(len({row[:2] for row in part}) == len(part) for part in parts)
        assert list(bulk.parts(bulk.Insert("t", "", ()), COLUMNS, rows)) == [rows]
        by_key: dict[Any, list[str]] = defaultdict(list)
        for row in rows:
            by_key[row[:2]].append(row[2])
        assert max(len(values) for values in by_key.values()) <= len(parts)
