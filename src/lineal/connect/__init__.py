"""Connectors: they pull from other tools, or push to them, and speak to Lineal through `lineal.Client` alone."""
