"""Every operation of ML Metadata's door, asked by somebody who was granted nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pytest

from lineal.graph.mlmd.messages import message
from lineal.protocols.base import Route
from lineal.testing.protocol import ProtocolSuite, Request, Served, Stored

SERVICE = "/ml_metadata.MetadataStoreService/"
HEADERS = {"content-type": "application/grpc-web+proto"}
WORDS = {
    "zorblax",
    "vexillard",
    "quindle",
    "mizzlewort",
    "plonkery",
    "grobsnap",
    "fravity",
    "snorkbert",
    "hufflet",
}
KINDS = ("Artifact", "Execution", "Context")


def framed(name: str, fields: dict[str, Any]) -> bytes:
    body: bytes = message(f"{name}Request")(**fields).SerializeToString()
    return struct.pack(">BI", 0, len(body)) + body


class MlMetadataDoor(ProtocolSuite):
    """Filled and asked through gRPC-Web."""

    doors = ("mlmd",)
    telling = 26
    answering = 52

    def fill(self, served: Served) -> Stored:
        self.served = served
        self.kinds = {
            name: self.put(
                f"Put{name}Type", **{f"{name.lower()}_type": {"name": "zorblax", "properties": {"p": 3}}}
            ).type_id
            for name in KINDS
        }
        self.ids = {}
        for name in KINDS:
            node = message(name)(type_id=self.kinds[name], name="vexillard", external_id="quindle-mizzlewort")
            node.properties["p"].string_value = "plonkery"
            node.custom_properties["grobsnap"].string_value = "fravity"
            if name == "Artifact":
                node.uri = "s3://snorkbert/hufflet"
            self.ids[name] = getattr(
                self.put(f"Put{name}s", **{f"{name.lower()}s": [node]}), f"{name.lower()}_ids"
            )[0]
        artifact, execution, context = (self.ids[name] for name in KINDS)
        self.put(
            "PutEvents",
            events=[
                {
                    "artifact_id": artifact,
                    "execution_id": execution,
                    "type": 4,
                    "path": {"steps": [{"key": "hufflet"}]},
                }
            ],
        )
        self.put(
            "PutAttributionsAndAssociations",
            attributions=[{"artifact_id": artifact, "context_id": context}],
            associations=[{"execution_id": execution, "context_id": context}],
        )
        other = message("Context")(type_id=self.kinds["Context"], name="other-vexillard")
        self.other = self.put("PutContexts", contexts=[other]).context_ids[0]
        self.put("PutParentContexts", parent_contexts=[{"parent_id": context, "child_id": self.other}])
        return Stored(WORDS, {})

    def put(self, name: str, **fields: Any) -> Any:
        request = Request("POST", SERVICE + name, {}, framed(name, fields), HEADERS)
        answer = self.served.owner.send(request)
        (length,) = struct.unpack_from(">I", answer.body, 1)
        assert answer.body[0] == 0, answer
        return message(f"{name}Response").FromString(answer.body[5 : 5 + length])

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        name = route.path.removeprefix(SERVICE)
        described = message(f"{name}Request").DESCRIPTOR.fields_by_name
        for values in self.values(name):
            fields = {key: value for key, value in values.items() if key in described}
            yield Request("POST", route.path, {}, framed(name, fields), HEADERS)

    def values(self, name: str) -> Iterator[dict[str, Any]]:
        """What any operation may ask for; each takes what it knows."""
        artifact, execution, context = (self.ids[kind] for kind in KINDS)
        common = {
            "artifact_ids": [artifact],
            "execution_ids": [execution],
            "artifact_id": artifact,
            "execution_id": execution,
            "context_id": self.other if "Parent" in name else context,
            "context_ids": [context, self.other],
            "type_ids": list(self.kinds.values()),
            "type_name": "zorblax",
            "artifact_name": "vexillard",
            "execution_name": "vexillard",
            "context_name": "vexillard",
            "external_ids": ["quindle-mizzlewort"],
            "uris": ["s3://snorkbert/hufflet"],
            "parent_contexts": [{"parent_id": self.other, "child_id": context}],
            "events": [{"artifact_id": artifact, "execution_id": execution, "type": 3}],
            "attributions": [{"artifact_id": artifact, "context_id": self.other}],
        }
        for kind in KINDS:
            node = message(kind)(id=self.ids[kind], type_id=self.kinds[kind], name="new")
            common |= {
                f"{kind.lower()}s": [node],
                f"{kind.lower()}_type": {"name": "other", "properties": {"p": 3}},
            }
            common |= {f"{kind.lower()}_types": [{"name": "third"}]}
        common["execution"] = common["executions"][0]
        common["artifact_event_pairs"] = [{"event": {"artifact_id": artifact, "type": 3}}]
        yield common
        yield common | {"options": {"filter_query": "TRUE"}} if name.startswith("Get") else common
        query = {"starting_artifacts": {"filter_query": "TRUE"}}
        yield common | {"lineage_subgraph_query_options": query, "populate_artifact_types": True}


class TestMlMetadata(MlMetadataDoor):
    """On SQLite."""


@pytest.mark.postgres
class TestMlMetadataOnPostgres(MlMetadataDoor):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
