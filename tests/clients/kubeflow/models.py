"""Models with versions and artifacts, by the unmodified client of the Model Registry: `models.py PORT FOUND`.

FOUND is a filter, of which the names of models that it finds are printed with the rest.
"""

import json
import sys

from model_registry import ModelRegistry, exceptions
from mr_openapi.exceptions import BadRequestException

port, query = sys.argv[1:]
registry = ModelRegistry("http://127.0.0.1", int(port), author="ann", is_secure=False)


async def found(filter_query):
    async with registry._api.get_client() as api:
        return [each.name for each in (await api.get_registered_models(filter_query=filter_query)).items]


def refusal():
    try:
        registry.async_runner(found("name ="))
    except BadRequestException as error:
        return json.loads(error.body)["code"]


def register(name, version, **more):
    return registry.register_model(
        name, f"s3://models/{name}/{version}", model_format_name="onnx", model_format_version="1", version=version,
        **more,
    )  # fmt: skip


model = register(
    "churn", "1", description="who leaves", owner="bob", version_description="first",
    metadata={"int": 1, "float": 0.1 + 0.2, "bool": True, "text": "ü 'quoted'"},
)  # fmt: skip
register("churn", "nightly")
try:
    register("churn", "nightly")
    twice = ""
except exceptions.StoreError as error:
    twice = str(error)
for number in range(25):
    register(f"m{number:02}", "1")

model.description = "who left"
model.custom_properties = {"team": "blue"}
registry.update(model)
version = registry.get_model_version("churn", "1")
version.author = "cy"
registry.update(version)
artifact = registry.get_model_artifact("churn", "1")
artifact.uri = "s3://models/churn/moved"
registry.update(artifact)

model, version = registry.get_registered_model("churn"), registry.get_model_version("churn", "1")
print(
    json.dumps(
        {
            "id": model.id,
            "model": [model.description, model.owner, model.custom_properties],
            "version": [version.id, version.author, version.description, version.custom_properties],
            "uri": registry.get_model_artifact("churn", "1").uri,
            "twice": twice,
            "none": registry.get_registered_model("none"),
            "pages": [each.name for each in registry.get_registered_models().page_size(10).order_by_id()],
            "last": [each.name for each in registry.get_registered_models().page_size(7).descending()],
            "versions": [each.name for each in registry.get_model_versions("churn").page_size(1)],
            "found": registry.async_runner(found(query)),
            "refusal": refusal(),
        }
    )
)
