"""Eight clients that write into the same contexts at once; prints what is there afterwards."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from ml_metadata import metadata_store, proto

WRITERS, STEPS = 8, 15


def store():
    return metadata_store.MetadataStore(
        proto.MetadataStoreClientConfig(host="localhost", port=int(sys.argv[1]))
    )


def write(number):
    """Steps of one client, each in three contexts that all others use as well."""
    client = store()
    kind = client.put_artifact_type(proto.ArtifactType(name="Data"))
    step = client.put_execution_type(proto.ExecutionType(name="Step"))
    group = client.put_context_type(proto.ContextType(name="Group"))
    done = []
    for index in range(STEPS):
        contexts = [proto.Context(type_id=group, name=f"g{(index + each) % 5}") for each in range(3)]
        artifact = proto.Artifact(type_id=kind, name=f"a{number}-{index}", uri=f"s3://b/{index}")
        event = proto.Event(type=proto.Event.OUTPUT)
        execution = proto.Execution(type_id=step, name=f"e{number}-{index}")
        done.append(
            client.put_execution(
                execution, [(artifact, event)], contexts, reuse_context_if_already_exist=True
            )
        )
    return done


with ThreadPoolExecutor(WRITERS) as pool:
    written = [each for found in pool.map(write, range(WRITERS)) for each in found]
reader = store()
members = {}
for context in reader.get_contexts_by_type("Group"):
    inside = (reader.get_executions_by_context(context.id), reader.get_artifacts_by_context(context.id))
    members[context.name] = [len(each) for each in inside]
print(
    json.dumps(
        {
            "written": len({execution for execution, _, _ in written}),
            "executions": len(reader.get_executions()),
            "artifacts": len(reader.get_artifacts()),
            "events": len(reader.get_events_by_execution_ids([execution for execution, _, _ in written])),
            "members": members,
            "types": len(reader.get_artifact_types()),
        }
    )
)
