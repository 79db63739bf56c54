"""Tell all that is in a store, as JSON in an order of its own: `tell.py PLACE [ids]`.

Nodes are called by their type and name, or tag; with `ids` by their ids as well.
"""

import json
import sys

from google.protobuf import json_format
from reach import reach

store = reach(sys.argv[1])
with_ids = sys.argv[2:] == ["ids"]


def plain(found):
    protos = {}
    if hasattr(found, "custom_properties"):
        found, whole = type(found)(), found
        found.CopyFrom(whole)
        for name, value in whole.properties.items():
            if value.HasField("proto_value"):
                # JSON knows no message of a type that is not loaded.
                protos[name] = value.SerializeToString(deterministic=True).hex()
                del found.properties[name]
    told = json_format.MessageToDict(found, preserving_proto_field_name=True)
    for name in ("type_id", *(() if with_ids else ("id",))):
        told.pop(name, None)
    return told | {"protos": protos}


def called(node):
    tag = node.custom_properties["tag"].string_value if "tag" in node.custom_properties else ""
    return f"{node.type}/{node.name or tag}"


def types_of(found):
    told = [plain(each) for each in found]
    for each in told:
        each.pop("id", None)
        each.pop("external_id", None)  # which the library keeps, but does not tell
    return sorted(told, key=lambda each: (each["name"], each.get("version", "")))


# What Lineal makes for Kubeflow, and shows of its own, is not of the store that is compared.
MINE = ("Table", "Odd/name é", "Step", "Run", "Group")
artifacts = {each.id: each for each in store.get_artifacts() if each.type in MINE}
executions = {each.id: each for each in store.get_executions() if each.type in MINE}
contexts = {each.id: each for each in store.get_contexts() if each.type in MINE}
events = []
for each in store.get_events_by_execution_ids(list(executions)):
    told = plain(each)
    told["artifact_id"], told["execution_id"] = (
        called(artifacts[each.artifact_id]),
        called(executions[each.execution_id]),
    )
    events.append(told)
print(
    json.dumps(
        {
            "types": [
                types_of(each for each in found if each.name in MINE)
                for found in (
                    store.get_artifact_types(),
                    store.get_execution_types(),
                    store.get_context_types(),
                )
            ],
            "nodes": {
                called(each): plain(each)
                for each in [*artifacts.values(), *executions.values(), *contexts.values()]
            },
            "events": sorted(events, key=lambda each: json.dumps(each, sort_keys=True)),
            "members": {
                called(each): sorted(
                    called(node)
                    for node in [
                        *store.get_artifacts_by_context(each.id),
                        *store.get_executions_by_context(each.id),
                    ]
                )
                for each in contexts.values()
            },
            "parents": {
                called(each): [called(above) for above in store.get_parent_contexts_by_context(each.id)]
                for each in contexts.values()
            },
        },
        sort_keys=True,
    )
)
