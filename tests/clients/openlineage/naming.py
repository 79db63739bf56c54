"""How openlineage-python names data on each platform that it has a naming class for: JSON, by the class."""

import inspect
import json

from openlineage.client.naming import dataset

KNOWN = {
    "path": "/warehouse/orders",
    "port": "1234",
    "namenode_port": "8020",
    "resource_type": dataset.PubSubResourceType.TOPIC,
    "object_key": "raw/orders.parquet",
    "host": "db.acme",
}
NO_SLASH = {"ABFSS": {"path": "raw/orders.parquet"}}


def named(kind: type) -> list[str]:
    given = {**{name: name.replace("_", "-") for name in inspect.signature(kind).parameters}}
    given |= {name: value for name, value in KNOWN.items() if name in given} | NO_SLASH.get(kind.__name__, {})
    made = kind(**given)
    return [made.get_namespace(), made.get_name()]


kinds = [
    each
    for each in vars(dataset).values()
    if inspect.isclass(each) and hasattr(each, "get_namespace") and each is not dataset.DatasetNaming
]
print(json.dumps({each.__name__: named(each) for each in kinds}))
