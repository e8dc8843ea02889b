"""What `make bench` runs: each thing beside the bare tool, in turn, in one session of the machine."""
