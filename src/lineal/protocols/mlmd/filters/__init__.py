"""The filter language of ML Metadata: a boolean expression of SQL over a node and what it is related to.

`lineal.protocols.expressions` reads it, `paths` knows what may be named, `translate` makes the graph's query of as
much as it can, and `evaluate` decides about the rest, node by node. All of it is meant to agree with what ML Metadata
1.17 answers, where that is not one of its published defects; a later ML Metadata has no filters at all.
"""
