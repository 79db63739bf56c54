"""What people ask of lineage: answers made out of the graph, all of it read through a session.

Each module answers one question. An answer names entities by id and brings those that the caller may see along, each
once; what may not be seen is an id without anything.
"""
