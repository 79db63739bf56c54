"""How ML Metadata's things lie in the graph, for the door that serves them and the connector that moves them."""
