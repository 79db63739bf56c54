"""The door for clients of Kubeflow's Model Registry."""

from lineal.protocols.kubeflow.door import Kubeflow

door = Kubeflow()
