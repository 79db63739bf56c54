"""The data sets at the places of artifacts, by which ML Metadata's lineage and that of other tools are one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from lineal.client import Client
from lineal.connect.lookup import find_all
from lineal.connect.mlmd.store import in_batches
from lineal.graph.change import Change, PutEntity
from lineal.graph.mlmd.nodes import LOCATION
from lineal.graph.model import ByName
from lineal.graph.names import Place, locate
from lineal.graph.query import Attribute, Compare


class Placing:
    """Where artifacts are."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._places: dict[int, Place] = {}
        self._made: set[Place] = set()

    def note(self, uris: Mapping[int, str]) -> None:
        """Remember where artifacts are."""
        located = {number: locate(uri) for number, uri in uris.items() if uri}
        self._places |= {number: place for number, place in located.items() if place}

    def ref(self, artifact: int) -> ByName | None:
        """The data set at an artifact's place."""
        place = self._places.get(artifact)
        return ByName("dataset", place.name, place.namespace) if place else None

    def make(self, artifacts: Iterable[int]) -> None:
        """Make the data sets at the places of these artifacts that are not there."""
        wanted = {self._places[each] for each in artifacts if each in self._places} - self._made
        for some in in_batches(sorted(wanted)):
            missing = sorted({*some} - self._there(some))
            marked = [PutEntity(_ref(each), kind="dataset", properties={LOCATION: True}) for each in missing]
            if marked:
                self._client.commit(Change([*marked]))
        self._made |= wanted

    def _there(self, places: Iterable[Place]) -> set[Place]:
        names = defaultdict[str, list[str]](list)
        for each in places:
            names[each.namespace].append(each.name)
        wanted = [name for some in names.values() for name in some]
        where = Compare(Attribute("name"), "in", [*wanted])
        found = find_all(self._client, "dataset", where, ())
        return {Place(each.namespace, each.name) for each in found}


def _ref(place: Place) -> ByName:
    return ByName("dataset", place.name, place.namespace)
