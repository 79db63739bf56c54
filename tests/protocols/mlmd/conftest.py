"""ML Metadata's door without a socket, over an empty store on each database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.mlmd.messages import message
from lineal.protocols.base import RpcCall
from lineal.protocols.mlmd import door
from lineal.protocols.mlmd.errors import Code


class Store:
    """Speaks the protocol as one principal."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._handlers = {rpc.path.rpartition("/")[2]: rpc.handler for rpc in door.rpcs()}

    def call(self, name: str, **fields: Any) -> Any:
        """The answer to an operation."""
        request = message(f"{name}Request")(**fields)
        call = RpcCall(self.session, request.SerializeToString())
        return message(f"{name}Response").FromString(self._handlers[name](call))

    def refused(self, name: str, **fields: Any) -> Code:
        """The code with which an operation fails, as it must."""
        try:
            answer = self.call(name, **fields)
        except Exception as error:
            return Code(door.status(error).code)
        raise AssertionError(f"{name} answered {answer}")

    # What most tests need

    def artifact_type(self, name: str = "Data", **properties: int) -> int:
        return int(
            self.call("PutArtifactType", artifact_type=typed("ArtifactType", name, properties)).type_id
        )

    def execution_type(self, name: str = "Train", **properties: int) -> int:
        return int(
            self.call("PutExecutionType", execution_type=typed("ExecutionType", name, properties)).type_id
        )

    def context_type(self, name: str = "Pipeline", **properties: int) -> int:
        return int(self.call("PutContextType", context_type=typed("ContextType", name, properties)).type_id)

    def artifact(self, kind: int, **fields: Any) -> int:
        return int(self.call("PutArtifacts", artifacts=[node("Artifact", kind, **fields)]).artifact_ids[0])

    def execution(self, kind: int, **fields: Any) -> int:
        return int(
            self.call("PutExecutions", executions=[node("Execution", kind, **fields)]).execution_ids[0]
        )

    def context(self, kind: int, name: str, **fields: Any) -> int:
        return int(
            self.call("PutContexts", contexts=[node("Context", kind, name=name, **fields)]).context_ids[0]
        )

    def event(self, artifact: int, execution: int, kind: int, **more: Any) -> None:
        event = message("Event")(artifact_id=artifact, execution_id=execution, type=kind, **more)
        self.call("PutEvents", events=[event])

    def found(self, query: str, category: str = "Artifact", **more: Any) -> list[int]:
        """Ids of what a filter finds."""
        options = message("ListOperationOptions")(filter_query=query, max_result_size=100, **more)
        answer = self.call(f"Get{category}s", options=options)
        return sorted(each.id for each in getattr(answer, f"{category.lower()}s"))


def typed(kind: str, name: str, properties: dict[str, int], **more: Any) -> Any:
    return message(kind)(name=name, properties=properties, **more)


def value(held: Any) -> Any:
    """A value of the type that a Python value has."""
    field = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}[type(held)]
    return message("Value")(**{field: held})


def node(kind: str, type_id: int, custom: dict[str, Any] | None = None, **fields: Any) -> Any:
    """A node; `properties` and `custom` are plain values."""
    properties = {key: value(held) for key, held in fields.pop("properties", {}).items()}
    found = message(kind)(type_id=type_id, **fields)
    for key, held in properties.items():
        found.properties[key].CopyFrom(held)
    for key, held in (custom or {}).items():
        found.custom_properties[key].CopyFrom(value(held))
    return found


@pytest.fixture
def store(session: Session) -> Store:
    """Everything is allowed."""
    door.seed(session)
    return Store(session)


MakeStore = Callable[..., Store]


@pytest.fixture
def store_of(catalog: Catalog, session: Session) -> MakeStore:
    """A store as an account sees it that has these grants, each a tuple of role, target and value."""
    from lineal.catalog.values import Grant, Principal

    def make(name: str, *grants: tuple[str, str, str]) -> Store:
        user = catalog.accounts.add_user(session, name, "a long password")
        for role, target, what in grants:
            catalog.accounts.add_grant(session, Grant(0, name, role, target, what))  # type: ignore[arg-type]
        return Store(catalog.session(Principal(user.id, name), "mlmd"))

    door.seed(session)
    return make
