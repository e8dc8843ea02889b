"""Run steps as pods of a Kubernetes cluster; ``runtime`` is its door."""
