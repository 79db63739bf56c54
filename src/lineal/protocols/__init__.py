"""The doors, one line each: name → module that has a `door` of type `lineal.protocols.base.Door`."""

DOORS: dict[str, str] = {
    "native": "lineal.protocols.native",
    "mlflow": "lineal.protocols.mlflow",
    "mlmd": "lineal.protocols.mlmd",
    "kubeflow": "lineal.protocols.kubeflow",
    "openlineage": "lineal.protocols.openlineage",
}
