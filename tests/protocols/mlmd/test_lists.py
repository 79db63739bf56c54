"""Lists: pages, orders, filters, and the lineage around what a filter finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.protocols.mlmd.conftest import Store, node

from lineal.graph.mlmd.messages import message
from lineal.protocols.mlmd.errors import Code

INT, DOUBLE, STRING, BOOLEAN = 1, 2, 3, 6
DECLARED_OUTPUT, DECLARED_INPUT, INPUT, OUTPUT = 1, 2, 3, 4
PENDING, LIVE = 1, 2
CREATE_TIME, LAST_UPDATE_TIME, ID = 1, 2, 3


def pages(store: Store, size: int, name: str = "GetArtifacts", **options: Any) -> Iterator[list[int]]:
    token = ""
    while True:
        asked = message("ListOperationOptions")(max_result_size=size, next_page_token=token, **options)
        answer = store.call(name, options=asked)
        yield [each.id for each in answer.artifacts]
        token = answer.next_page_token
        if not token:
            return


class TestPages:
    @pytest.fixture
    def ids(self, store: Store) -> list[int]:
        kind = store.artifact_type("Data", n=INT)
        asked = [node("Artifact", kind, properties={"n": number}) for number in range(230)]
        return list(store.call("PutArtifacts", artifacts=asked).artifact_ids)

    @pytest.mark.parametrize("field", [ID, CREATE_TIME, LAST_UPDATE_TIME])
    @pytest.mark.parametrize("ascending", [True, False])
    def test_every_one_once(self, store: Store, ids: list[int], field: int, ascending: bool) -> None:
        """All were made in one moment, so that times alone do not order them."""
        order = {"field": field, "is_asc": ascending}
        found = [number for page in pages(store, 7, order_by_field=order) for number in page]
        assert found == (ids if ascending else ids[::-1])

    def test_pages_have_at_most_a_hundred(self, store: Store, ids: list[int]) -> None:
        assert [len(page) for page in pages(store, 1000)] == [100, 100, 30]
        assert len(next(pages(store, 20))) == 20
        assert [each.id for each in store.call("GetArtifacts").artifacts] == ids

    def test_a_filter_that_only_python_knows_pages_alike(self, store: Store, ids: list[int]) -> None:
        query = "properties.n.int_value - 2 * CAST(properties.n.int_value / 2 AS INT64) = 1"
        found = [number for page in pages(store, 9, filter_query=query) for number in page]
        assert found == ids[1::2]

    @pytest.mark.parametrize(
        "options",
        [
            {"max_result_size": 0},
            {"max_result_size": -1},
            {"order_by_field": {"field": 0}},
            {"next_page_token": "nonsense"},
            {"next_page_token": "bm9uc2Vuc2U="},
        ],
    )
    def test_what_is_no_page(self, store: Store, ids: list[int], options: dict[str, Any]) -> None:
        assert store.refused("GetArtifacts", options=options) is Code.INVALID_ARGUMENT

    def test_a_token_belongs_to_its_order(self, store: Store, ids: list[int]) -> None:
        token = store.call("GetArtifacts", options={"max_result_size": 5}).next_page_token
        for order in ({"field": CREATE_TIME}, {"is_asc": False}):
            options = {"next_page_token": token, "order_by_field": order}
            assert store.refused("GetArtifacts", options=options) is Code.INVALID_ARGUMENT


class Sample:
    """Artifacts a0 … a5 in a chain of executions e0, e1, in contexts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.data = store.artifact_type("Data", n=INT, d=DOUBLE, s=STRING, b=BOOLEAN)
        self.other = store.artifact_type("Other", n=DOUBLE)
        train, run = store.execution_type("Train"), store.context_type("Run", k=STRING)
        self.a = [self._artifact(number) for number in range(6)]
        self.e = [
            store.execution(train, name=f"e{number}", last_known_state=3 + number) for number in range(2)
        ]
        self.c = [store.context(run, f"c{number}", properties={"k": "v"}) for number in range(3)]
        for artifact, execution, kind in (
            (0, 0, INPUT),
            (1, 0, OUTPUT),
            (1, 1, INPUT),
            (2, 1, OUTPUT),
            (0, 0, DECLARED_INPUT),
        ):
            store.event(self.a[artifact], self.e[execution], kind, milliseconds_since_epoch=1000 + artifact)
        inside = [{"artifact_id": self.a[number], "context_id": self.c[number % 2]} for number in range(4)]
        inside.append({"artifact_id": self.a[0], "context_id": self.c[1]})
        associated = [{"execution_id": number, "context_id": self.c[0]} for number in self.e]
        store.call("PutAttributionsAndAssociations", attributions=inside, associations=associated)
        store.call("PutParentContexts", parent_contexts=[{"parent_id": self.c[0], "child_id": self.c[1]}])

    def _artifact(self, number: int) -> int:
        fields: dict[str, Any] = {"uri": f"/{number}", "state": LIVE if number % 2 else PENDING}
        if number == 5:
            return self.store.artifact(self.other, properties={"n": 5.0}, **fields)
        if number:
            fields |= {"name": f"a{number}", "external_id": f"x{number}"}
        properties = {"n": number, "d": number / 2, "s": "it's", "b": number > 2}
        return self.store.artifact(self.data, properties=properties, custom={"a key": number * 10}, **fields)

    def names(self, query: str, category: str = "Artifact") -> str:
        """What a filter finds, by position; `{a1}` and the like stand for ids."""
        ids = {f"{kind}{at}": number for kind in "aec" for at, number in enumerate(getattr(self, kind))}
        query = query.format(**ids, data=self.data) if "{" in query else query
        places = {number: name for name, number in ids.items()}
        return " ".join(places[number] for number in self.store.found(query, category))


@pytest.fixture
def sample(store: Store) -> Sample:
    return Sample(store)


# Each was compared with what ml-metadata 1.17.1 answers.
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name = 'a1'", "a1"),
        ("name != 'a1'", "a2 a3 a4"),
        ("name LIKE 'a%' AND NOT name LIKE '%2'", "a1 a3 a4"),
        ("name IS NULL", "a0 a5"),
        ("name IS NOT NULL AND id > {a2}", "a3 a4"),
        ("external_id IN ('x1', 'x2', 'y')", "a1 a2"),
        ("uri LIKE '/_'", "a0 a1 a2 a3 a4 a5"),
        ("type = 'Other'", "a5"),
        ("type_id = {data} AND id NOT IN ({a0}, {a1})", "a2 a3 a4"),
        ("state = LIVE", "a1 a3 a5"),
        ("state != LIVE", "a0 a2 a4"),
        ("state IN (PENDING, DELETED)", "a0 a2 a4"),
        ("properties.n.int_value BETWEEN 2 AND 3", "a2 a3"),
        ("properties.n.int_value NOT BETWEEN 2 AND 3", "a0 a1 a4"),
        ("properties.n.double_value = 5", "a5"),
        ("properties.s.string_value = 'it''s' AND 1 > properties.d.double_value", "a0 a1"),
        ('properties.s.string_value = "it\'s" AND properties.b.bool_value', "a3 a4"),
        ("properties.b.bool_value = FALSE", "a0 a1 a2"),
        ("custom_properties.`a key`.int_value >= 30", "a3 a4"),
        ("custom_properties.`a key`.string_value = '30'", ""),
        ("contexts_x.name = 'c0'", "a0 a2"),
        ("contexts_x.name = 'c0' AND contexts_x.name = 'c1'", ""),
        ("contexts_x.name = 'c0' AND contexts_y.name = 'c1'", "a0"),
        ("contexts_x.type = 'Run' AND contexts_x.id = {c1}", "a0 a1 a3"),
        ("(contexts_x.name = 'c0' OR contexts_x.name = 'c1') AND state = LIVE", "a1 a3"),
        ("events_0.type = INPUT", "a0 a1"),
        ("events_0.type = INPUT AND events_0.execution_id = {e1}", "a1"),
        ("events_0.type = INPUT AND events_1.type = OUTPUT", "a1"),
        ("events_0.type IN (DECLARED_INPUT, OUTPUT)", "a0 a1 a2"),
        ("events_0.milliseconds_since_epoch > 1001", "a2"),
        ("properties.n.int_value * 2 + 1 = 7", "a3"),
        ("CASE WHEN properties.n.int_value > 3 THEN TRUE ELSE name = 'a1' END", "a1 a4"),
        ("CAST(properties.n.int_value AS STRING) = '3'", "a3"),
        ("COALESCE(name, 'none') = 'none'", "a0 a5"),
        ("LENGTH(name) = 2 AND UPPER(name) < 'A3'", "a1 a2"),
        ("ABS(properties.n.int_value - 3) <= 1", "a2 a3 a4"),
        ("NOT (state = LIVE AND type = 'Data')", "a0 a2 a4 a5"),
        ("name = 'state = LIVE' OR name = 'a1' -- a comment", "a1"),
        ("/* state = LIVE */ TRUE", "a0 a1 a2 a3 a4 a5"),
        ("create_time_since_epoch > 0 AND last_update_time_since_epoch < 10", ""),
    ],
)
def test_filters_of_artifacts(sample: Sample, query: str, found: str) -> None:
    assert sample.names(query) == found


@pytest.mark.parametrize(
    ("category", "query", "found"),
    [
        ("Execution", "last_known_state = COMPLETE", "e0"),
        ("Execution", "events_0.artifact_id = {a1} AND events_0.type = INPUT", "e1"),
        ("Execution", "events_0.artifact_id = {a1}", "e0 e1"),
        ("Execution", "contexts_0.name = 'c0' AND name LIKE 'e%'", "e0 e1"),
        ("Context", "parent_contexts_a.name = 'c0'", "c1"),
        ("Context", "child_contexts_a.name = 'c1' AND child_contexts_a.create_time_since_epoch > 1", "c0"),
        ("Context", "artifacts_a.uri = '/1'", "c1"),
        ("Context", "artifacts_a.external_id = 'x2'", "c0"),
        ("Context", "executions_a.last_known_state = FAILED", "c0"),
        ("Context", "properties.k.string_value = 'v' AND name != 'c1'", "c0 c2"),
    ],
)
def test_filters_of_others(sample: Sample, category: str, query: str, found: str) -> None:
    assert sample.names(query, category) == found


def test_data_at_the_place_of_an_artifact_is_no_event(store: Store) -> None:
    wrote = store.execution(store.execution_type("Train"))
    artifact = store.artifact(store.artifact_type("Data"), uri="s3://bucket/a")
    store.event(artifact, wrote, DECLARED_OUTPUT)
    assert store.found("events_0.type = DECLARED_OUTPUT", "Execution") == [wrote]
    assert store.found(f"events_0.artifact_id = {artifact}", "Execution") == [wrote]
    assert store.found("events_0.type = OUTPUT", "Execution") == []


@pytest.mark.parametrize(
    "query",
    [
        "name =", "name == 'a'", "(name = 'a'", "name = 'a", "name", "1", "foo = 1", "name = 3", "state = TRUE",
        "properties.n = 3", "properties.n.float_value = 3", "executions_a.name = 'x'", "events_0.artifact_id = 1",
        "events_0 = 1", "MOD(id, 2) = 1", "name IN ()", "CAST(name AS DATE) = 1", "name = 'a' AND", "NOT", "CASE END",
        "(" * 100 + "TRUE" + ")" * 100, "NOT " * 1000 + "TRUE", "name = 'a'; DROP TABLE entity", "name LIKE 1",
    ],
)  # fmt: skip
def test_what_is_no_filter(sample: Sample, query: str) -> None:
    assert sample.store.refused("GetArtifacts", options={"filter_query": query}) is Code.INVALID_ARGUMENT


class TestLineage:
    UP, DOWN, BOTH = 1, 2, 3

    def walked(self, sample: Sample, start: str, **options: Any) -> str:
        number = getattr(sample, start[0])[int(start[1:])]
        asked = "starting_artifacts" if start[0] == "a" else "starting_executions"
        query = {asked: {"filter_query": f"id = {number}"}, **options}
        graph = sample.store.call("GetLineageSubgraph", lineage_subgraph_query_options=query).lineage_subgraph
        found = {each.id for each in (*graph.artifacts, *graph.executions)}
        return " ".join(
            f"{kind}{at}" for kind in "ae" for at, each in enumerate(getattr(sample, kind)) if each in found
        )

    @pytest.mark.parametrize(
        ("start", "direction", "hops", "found"),
        [
            ("a1", UP, None, "a0 a1 e0"),
            ("a1", DOWN, None, "a1 a2 e1"),
            ("a1", BOTH, None, "a0 a1 a2 e0 e1"),
            ("a1", None, 1, "a1 e0 e1"),
            ("e1", UP, 2, "a1 e0 e1"),
            ("e1", DOWN, 0, "e1"),
            ("a3", None, None, "a3"),
        ],
    )
    def test_directions(
        self, sample: Sample, start: str, direction: int | None, hops: int | None, found: str
    ) -> None:
        options = {"direction": direction, "max_num_hops": hops}
        given = {key: each for key, each in options.items() if each is not None}
        assert self.walked(sample, start, **given) == found

    def test_ends(self, sample: Sample) -> None:
        end = {"filter_query": "name = 'a1'"}
        assert self.walked(sample, "a0", ending_artifacts=end) == "a0 e0"
        assert self.walked(sample, "a0", ending_artifacts={**end, "include_ending_nodes": True}) == "a0 a1 e0"
        last = {"filter_query": "name = 'e1'", "include_ending_nodes": True}
        assert self.walked(sample, "a0", ending_executions=last) == "a0 a1 e0 e1"

    def test_what_comes_along(self, sample: Sample) -> None:
        query = {"starting_executions": {"filter_query": "name = 'e0'"}, "max_num_hops": 1}
        graph = sample.store.call("GetLineageSubgraph", lineage_subgraph_query_options=query).lineage_subgraph
        assert len(graph.events) == 3
        assert [each.name for each in graph.artifact_types] == ["Data"]
        assert {each.id for each in graph.contexts} == {sample.c[0], sample.c[1]}
        assert len(graph.attributions) == 3
        assert len(graph.associations) == 1
        mask = {"paths": ["events"]}
        graph = sample.store.call(
            "GetLineageSubgraph", lineage_subgraph_query_options=query, read_mask=mask
        ).lineage_subgraph
        assert (len(graph.events), len(graph.artifacts), len(graph.contexts)) == (3, 0, 0)

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({}, Code.INVALID_ARGUMENT),
            ({"starting_artifacts": {}}, Code.INVALID_ARGUMENT),
            ({"starting_artifacts": {"filter_query": "name = 'none'"}}, Code.NOT_FOUND),
            ({"starting_artifacts": {"filter_query": "TRUE"}, "max_num_hops": -1}, Code.INVALID_ARGUMENT),
        ],
    )
    def test_what_is_no_lineage(self, sample: Sample, query: dict[str, Any], code: Code) -> None:
        assert sample.store.refused("GetLineageSubgraph", lineage_subgraph_query_options=query) is code
        assert sample.store.refused("GetLineageGraph") is Code.UNIMPLEMENTED
