"""Lineal's own HTTP API: the graph as it is, without translation."""

from lineal.protocols.native.door import Native

door = Native()
