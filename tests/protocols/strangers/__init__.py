"""What each part of MLflow's door adds to the store that a stranger looks at."""
