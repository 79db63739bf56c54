"""Names of MLflow's things in the graph, for the door that serves them and the connector that moves them."""
