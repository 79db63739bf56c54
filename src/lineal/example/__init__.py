"""A real example: models that MLflow trained on scikit-learn's data sets, described with Lineal's client."""
