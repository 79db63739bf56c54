"""ML Metadata's protocol as a door of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutType
from lineal.graph.mlmd.types import SIMPLE, NodeType, kind_of
from lineal.protocols import grpc_web, tenants
from lineal.protocols.base import Call, Reply, Route, Rpc, Status
from lineal.protocols.mlmd import errors, legacy, nodes, service


class MlMetadata:
    """The service of ML Metadata. Over HTTP it speaks gRPC-Web, as browsers need it."""

    name = "mlmd"

    def rpcs(self) -> Sequence[Rpc]:
        """Every operation."""
        return service.rpcs()

    def routes(self) -> Sequence[Route]:
        """The same for gRPC-Web."""
        return grpc_web.routes(self)

    def status(self, error: Exception) -> Status:
        """An error as a status of gRPC."""
        return errors.status(error)

    def failure(self, error: Exception, call: Call | None) -> Reply:
        """The same over gRPC-Web."""
        return grpc_web.failed(self.status(error), call)

    def narrow(self, session: Session, headers: Mapping[str, str]) -> Session:
        """The session as far as the tenant by whose name the server was called."""
        return tenants.narrow(session, headers.get("host", ""))

    def seed(self, session: Session) -> None:
        """Make the types that every store has; to be called once when a server starts."""
        table = nodes.table(session)
        wanted = [*_simple(), *legacy.TYPES]
        missing = [each.definition() for each in wanted if each.kind not in table.by_kind]
        if missing:
            session.commit(Change([PutType(each) for each in missing]))


def _simple() -> list[NodeType]:
    found = []
    for name, (_, category, base) in SIMPLE.items():
        kind = kind_of(category, name, "")
        found.append(NodeType(category, kind, name, base=base, listed=False))
    return found
