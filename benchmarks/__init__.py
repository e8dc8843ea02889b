"""Benchmarks of `make bench`: each measures our tool and the bare tool in turn, in one session of the machine."""
