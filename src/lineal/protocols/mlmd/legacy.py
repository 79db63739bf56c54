"""Types that Kubeflow's old metadata service made beforehand, and its notebook library takes for granted."""

from __future__ import annotations

from lineal.graph.mlmd.categories import ARTIFACT, EXECUTION, Category
from lineal.graph.mlmd.types import NodeType, kind_of

_COMMON = ("id", "name", "description", "create_time", "owner", "uri", "version", "__ALL_META__")


def _type(category: Category, name: str, *more: str, without: tuple[str, ...] = ()) -> NodeType:
    full = f"kubeflow.org/alpha/{name}"
    kind = kind_of(category, full, "")
    properties = {each: "STRING" for each in (*_COMMON, *more) if each not in without}
    return NodeType(category, kind, full, properties=properties, listed=False)


TYPES = (
    _type(ARTIFACT, "data_set", "query"),
    _type(ARTIFACT, "model", "model_type"),
    _type(ARTIFACT, "metrics", "data_set_id", "model_id", "metrics_type"),
    _type(EXECUTION, "execution", "start_time", "end_time", without=("uri", "version")),
)
