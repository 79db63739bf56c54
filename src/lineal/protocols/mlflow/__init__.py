"""The door for MLflow's clients: tracking, logged models and artifacts."""

from lineal.protocols.mlflow.routes import Mlflow

door = Mlflow()
