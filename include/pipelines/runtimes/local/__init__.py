"""Steps as processes of the worker's own machine."""
