"""The description is true: what follows it is answered as it says, and nothing breaks the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from lineal.catalog.catalog import LOCAL
from lineal.graph.change import AppendPoints, Change, PutEdge, PutEntity, PutLabel
from lineal.graph.model import ById, Point
from lineal.protocols.native.openapi import document
from lineal.protocols.native.operations import OPERATIONS, PREFIX, Operation
from lineal.server.app import build_app, open_catalog
from lineal.server.asgi import App
from lineal.server.settings import Settings

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
# A stream without an end is tested with the server.
CALLED = [each for each in OPERATIONS if each.path != "/feed"]
WAYS = [(each, GenerationMode.POSITIVE) for each in CALLED] + [
    (each, GenerationMode.NEGATIVE) for each in CALLED if each.query or each.body
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Over a store with something at id 1, whoever asks and whatever accounts are made."""
    given = Settings(data=str(tmp_path_factory.mktemp("data")), doors=("native",))
    catalog = open_catalog(given)
    session = catalog.session(LOCAL, "native")
    session.commit(Change([PutEntity(kind="dataset", name="a"), PutEntity(kind="run", name="b")]))
    points = AppendPoints(ById(1), [Point("0", float("nan"), 1, 1), Point("x", 1.5, 1, 1)])
    session.commit(Change([PutEdge("input", ById(1), ById(2)), PutLabel(ById(1), "0"), points]))
    made = build_app(catalog, given, trusted=True)
    yield made
    made.close()
    catalog.close()


@pytest.fixture(scope="module")
def described(app: App) -> Any:
    return schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", app)


@pytest.mark.parametrize(("operation", "mode"), WAYS, ids=lambda each: getattr(each, "summary", each))
def test_every_operation(described: Any, operation: Operation, mode: GenerationMode) -> None:
    found = described[PREFIX + operation.path.replace(":path", "")][operation.method]

    @settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=found.as_strategy(generation_mode=mode))
    def call(case: schemathesis.Case) -> None:
        ref = case.path_parameters.get("ref")
        if mode is GenerationMode.POSITIVE and isinstance(ref, str) and len(ref) % 2:
            case.path_parameters["ref"] = "1"
        case.call_and_validate(checks=CHECKS)

    call()


def test_each_operation_is_described_once() -> None:
    described = document()
    names = [each["operationId"] for path in described["paths"].values() for each in path.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS)
    assert all(each["summary"] for path in described["paths"].values() for each in path.values())
    assert described["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere() -> None:
    described = document()

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert set(references(described)) <= known
