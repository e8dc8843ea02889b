"""A stand-in for a Kubernetes cluster, for tests only: an API server on loopback and a node that runs processes.

It answers the core/v1 calls that the kubernetes runtime and the provider's trigger make, and no other: a call that it
does not know is an error and is remembered, so that drift shows. Each pod's container runs for real, as a process.
What a real cluster alone can show (cgroup limits, admission, RBAC, the network) is tested by `make test-kubernetes`.
"""
