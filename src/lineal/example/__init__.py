"""A real example: models trained with MLflow on scikit-learn's data sets, then described with Lineal's client."""
