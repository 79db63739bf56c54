"""The shapes of the registry's messages.

Fields without a default are required. Output structs leave out what has its default, but for what MLflow always sends.
"""

# ruff: noqa: D101, RUF012 (a message without a docstring is that of the same name in MLflow's definitions; defaults
# of structs are copied)

from __future__ import annotations

from typing import Annotated

import msgspec

from lineal.protocols.mlflow.wire import Answer, Message, Pair, Text

MOST_MODELS, MOST_VERSIONS = 1000, 200_000


class Tag(Message):
    key: str = ""
    value: str = ""


# Registered models


class CreateModel(Message):
    name: Text
    tags: list[Tag] = []
    description: str = ""


class ModelName(Message):
    """Of get and delete."""

    name: Text


class UpdateModel(Message):
    name: Text
    description: str = ""


class RenameModel(Message):
    name: Text
    new_name: Text


class SetModelTag(Message):
    name: Text
    key: Text
    value: str = ""


class DeleteModelTag(Message):
    name: Text
    key: Text


class LatestVersions(Message):
    name: Text
    stages: list[str] = []


class SearchModels(Message):
    filter: str = ""
    max_results: Annotated[int, msgspec.Meta(ge=-(2**63), le=MOST_MODELS)] = 100
    order_by: list[str] = []
    page_token: str = ""


# Versions


class CreateVersion(Message):
    name: Text
    source: Text
    run_id: str | None = None
    tags: list[Tag] = []
    run_link: str = ""
    description: str = ""
    model_id: str | None = None


class Version(Message):
    """Of get and delete."""

    name: Text
    version: Text


class DownloadUri(Message):
    name: str = ""
    version: str = ""


class UpdateVersion(Message):
    name: Text
    version: Text
    description: str | None = None


class TransitionStage(Message):
    name: Text
    version: Text
    stage: Text
    archive_existing_versions: bool = False


class SetVersionTag(Message):
    name: Text
    version: Text
    key: Text
    value: str = ""


class DeleteVersionTag(Message):
    name: Text
    version: Text
    key: Text


class SearchVersions(Message):
    filter: str = ""
    max_results: Annotated[int, msgspec.Meta(ge=-(2**63), le=MOST_VERSIONS)] = MOST_VERSIONS
    order_by: list[str] = []
    page_token: str = ""


# Aliases


class SetAlias(Message):
    name: Text
    alias: Text
    version: Text


class Alias(Message):
    """Of get and delete."""

    name: Text
    alias: Text


# Answers


class ModelVersion(Answer, gc=False):
    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    description: str
    source: str
    run_id: str
    status: str
    run_link: str
    tags: list[Pair] = []
    aliases: list[str] = []
    user_id: str = ""


class ModelAlias(Answer):
    alias: str
    version: str


class RegisteredModel(Answer):
    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str = ""
    description: str = ""
    latest_versions: list[ModelVersion] = []
    tags: list[Pair] = []
    aliases: list[ModelAlias] = []


class RegisteredModels(Answer):
    registered_models: list[RegisteredModel] = []
    next_page_token: str = ""


class ModelVersions(Answer):
    model_versions: list[ModelVersion] | list[msgspec.Raw] = []
    next_page_token: str = ""
