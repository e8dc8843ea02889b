"""Steps as containers of a Docker engine."""
