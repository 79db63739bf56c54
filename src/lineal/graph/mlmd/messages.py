"""The binary messages, in a pool of their own.

A process may have ml_metadata imported as well, whose messages have the same names; and which protobuf it has is
not ours to say. So nothing here is generated code, and nothing is registered where others would find it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

Message = Any
"""A message of protobuf, whose fields are known at run time only."""

_PACKAGE = "ml_metadata"


@cache
def message(name: str) -> Any:
    """The class of a message."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


@cache
def _pool() -> Any:
    from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, field_mask_pb2, struct_pb2

    pool = descriptor_pool.DescriptorPool()
    for known in (any_pb2, field_mask_pb2, struct_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    described = resources.files(__package__).joinpath("metadata.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(described).file:
        pool.Add(file)
    return pool


def enum_name(owner: str, field: str, number: int) -> str:
    """The name of a value of an enum field."""
    return _enum_names(owner, field)[number]


@cache
def _enum_names(owner: str, field: str) -> dict[int, str]:
    return {number: name for name, number in enum_numbers(owner, field).items()}


@cache
def enum_numbers(owner: str, field: str) -> dict[str, int]:
    """Every value of an enum field by its name."""
    values = message(owner).DESCRIPTOR.fields_by_name[field].enum_type.values
    return {value.name: value.number for value in values}


@cache
def property_types() -> dict[str, int]:
    """Every type of a property by its name."""
    values = _pool().FindEnumTypeByName(f"{_PACKAGE}.PropertyType").values
    return {value.name: value.number for value in values}
