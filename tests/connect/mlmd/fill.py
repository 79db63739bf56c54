"""Fill a store with some of everything: `fill.py PLACE [more]`; `more` adds to one and changes it."""

import sys

from ml_metadata.proto import metadata_store_pb2 as pb
from reach import reach

store = reach(sys.argv[1])
Event = pb.Event
LARGE = 10 if sys.argv[1].startswith("mysql") else 2**53
"""In MySQL the library keeps numbers of 32 bits only."""
KINDS = {"i": pb.INT, "d": pb.DOUBLE, "s": pb.STRING, "st": pb.STRUCT, "p": pb.PROTO, "b": pb.BOOLEAN}


def types():
    table = pb.ArtifactType(
        name="Table", version="v1", description="rows", external_id="t-1", properties=KINDS
    )
    table.base_type = pb.ArtifactType.DATASET
    step = pb.ExecutionType(name="Step")
    step.input_type.any.SetInParent()
    return {
        "table": store.put_artifact_type(table),
        "uri": store.put_artifact_type(pb.ArtifactType(name="Odd/name é", properties={"uri": pb.STRING})),
        "step": store.put_execution_type(step),
        "run": store.put_context_type(pb.ContextType(name="Run", properties={"day": pb.STRING})),
        "group": store.put_context_type(pb.ContextType(name="Group")),
    }


def table(kinds, number):
    """A table with a value of every kind."""
    found = pb.Artifact(
        type_id=kinds["table"], name=f"table {number}", uri=f"s3://lake/t{number}.csv", state=2
    )
    found.external_id = f"x-{number}"
    found.properties["i"].int_value = LARGE + number
    found.properties["d"].double_value = 0.5
    found.properties["s"].string_value = "mlmd é 数"
    found.properties["st"].struct_value.update({"a": [1, {"b": None}], "c": True})
    found.properties["p"].proto_value.type_url = "type/x"
    found.properties["p"].proto_value.value = b"\x00\xff"
    found.properties["b"].bool_value = False
    found.custom_properties["i"].string_value = "custom"
    found.custom_properties["mlmd.state"].int_value = -1
    return found


def event(kind, *path):
    steps = [
        Event.Path.Step(index=each) if isinstance(each, int) else Event.Path.Step(key=each) for each in path
    ]
    return Event(type=kind, path=Event.Path(steps=steps)) if path else Event(type=kind)


def fill():
    kinds = types()
    group = pb.Context(type_id=kinds["group"], name="all", external_id="g")
    for number in range(30):
        run = pb.Context(type_id=kinds["run"], name=f"run {number % 3}")
        run.properties["day"].string_value = "monday"
        execution = pb.Execution(type_id=kinds["step"], last_known_state=3 + number % 2)
        execution.custom_properties["tag"].string_value = f"step {number}"
        if number % 2:
            execution.name = f"step {number}"
        unnamed = pb.Artifact(type_id=kinds["uri"], uri=f"/data/{number}")
        unnamed.custom_properties["tag"].string_value = f"odd {number}"
        unnamed.properties["uri"].string_value = "a property"
        pairs = [
            (table(kinds, number), event(Event.OUTPUT, "out", 1)),
            (unnamed, event(Event.DECLARED_OUTPUT)),
        ]
        if number:
            (before,) = store.get_artifacts_by_external_ids([f"x-{number - 1}"])
            pairs.append((before, event(Event.INPUT, number)))
        store.put_execution(execution, pairs, [run, group], reuse_context_if_already_exist=True)
    (top,) = store.get_contexts_by_type("Group")
    store.put_parent_contexts(
        [pb.ParentContext(parent_id=top.id, child_id=each.id) for each in store.get_contexts_by_type("Run")]
    )


def more():
    """One node changes, one comes, with what relates it to others."""
    kinds = types()
    (changed,) = store.get_artifacts_by_external_ids(["x-3"])
    changed.custom_properties["new"].double_value = 1.5
    del changed.custom_properties["i"]
    execution = pb.Execution(type_id=kinds["step"], name="late")
    store.put_execution(execution, [(changed, event(Event.INPUT))], store.get_contexts_by_type("Group")[:1],
                        reuse_context_if_already_exist=True)  # fmt: skip


{"fill": fill, "more": more}[(sys.argv[2:] or ["fill"])[0]]()
