"""What MLflow cannot say of the example's data: columns, owners, descriptions, and what is sensitive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lineal.client import Client
from lineal.graph.change import AnyOperation, Change, PutEdge, PutEntity, PutFacet, PutLabel, PutType
from lineal.graph.model import ByName
from lineal.graph.names import locate
from lineal.graph.openlineage import column_ref
from lineal.graph.types import LabelDef

HEALTH = "health data"
PERSONAL = "personal data"


class Source(NamedTuple):
    """A file that scikit-learn brings, as the training script told of it.

    Attributes:
        columns: name and type of each.
    """

    name: str
    path: str
    rows: int
    columns: list[dict[str, str]]


class Known(NamedTuple):
    """What people know of a data set.

    Attributes:
        classification: of the whole.
        personal, measured: columns that tell something about a person, or about a person's health.
    """

    description: str
    owner: str
    classification: str = ""
    personal: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()


KNOWN: dict[str, Known] = {
    "iris": Known("Sepals and petals of 150 irises of three species, published in 1936.", "R. A. Fisher"),
    "wine": Known("Chemical analyses of 178 wines from three growers of one Italian region.", "M. Forina"),
    "breast_cancer": Known(
        "Cell nuclei in images of 569 breast masses, each with its diagnosis.", "W. H. Wolberg", HEALTH
    ),
    "diabetes": Known(
        "Ten baseline measurements of 442 patients and how far their diabetes had progressed a year later.",
        "B. Efron",
        HEALTH,
        ("age", "sex"),
        ("bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "target"),
    ),
    "digits": Known("Images of 1,797 handwritten digits, 8 by 8 pixels in 17 shades.", "E. Alpaydin"),
}


def describe(client: Client, sources: list[Source]) -> None:
    """Describe each source in one change. Doing it again alters nothing."""
    client.commit(Change(_definitions()))
    for source in sources:
        client.commit(Change(list(_about(source, KNOWN[source.name])), note="what people know of it"))


def _definitions() -> list[AnyOperation]:
    return [
        PutType(LabelDef(PERSONAL, "tells something about a person")),
        PutType(LabelDef(HEALTH, "tells something about a person's health", supertypes=[PERSONAL])),
    ]


def _about(source: Source, known: Known) -> Iterator[AnyOperation]:
    place = locate(source.path)
    if place is None:
        return
    dataset = ByName("dataset", place.name, place.namespace)
    yield PutEntity(
        dataset,
        kind="dataset",
        owner=known.owner,
        properties={"description": known.description, "rows": source.rows},
    )
    yield PutFacet(dataset, "schema", {"fields": source.columns}, producer="lineal example")
    yield from _owner(known.owner, dataset)
    if known.classification:
        yield PutLabel(dataset, known.classification)
    for column in source.columns:
        yield from _column(dataset, column, _label(known, column["name"]))


def _label(known: Known, column: str) -> str:
    return PERSONAL if column in known.personal else HEALTH if column in known.measured else ""


def _owner(name: str, dataset: ByName) -> Iterator[AnyOperation]:
    person = ByName("person", name)
    yield PutEntity(person, kind="person")
    yield PutEdge("owns", person, dataset)


def _column(dataset: ByName, column: dict[str, str], label: str) -> Iterator[AnyOperation]:
    ref = column_ref(dataset.namespace, dataset.name, column["name"])
    yield PutEntity(ref, kind="column", home=dataset, properties={"type": column["type"]})
    yield PutEdge("member", dataset, ref)
    if label:
        yield PutLabel(ref, label)
