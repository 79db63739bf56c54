"""OpenLineage: events in, and Marquez's API to read what came of them."""

from lineal.protocols.openlineage.door import OpenLineage

door = OpenLineage()
