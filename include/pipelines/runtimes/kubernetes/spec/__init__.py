"""Say what a step's pod is: its fields, its name and labels, its template, its specification.

``fields`` fills the provider's operator from settings and order, ``identity`` names a step's pod and its finding
labels, ``template`` reads the deployment's pod template, ``pod`` builds the pods of a step and of a record to close.
Nothing here talks to a cluster.
"""

__all__ = ["fields", "identity", "pod", "template"]
